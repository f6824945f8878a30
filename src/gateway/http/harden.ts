import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RequestHandler } from 'express'
import helmet from 'helmet'
import { PresenceError } from '../../domain/errors.ts'
import { addressKey } from '../address.ts'
import type { Limits } from '../limits.ts'
import type { Log } from '../log.ts'
import { tooMuch } from '../rate-limit.ts'
import { problemOf } from './problem.ts'

export interface SlowClientOptions {
  /** Longest time until the headers of a request are there, in milliseconds. */
  readonly handshakeTimeoutMs: number
  /** Longest time until all of it is there, in milliseconds. */
  readonly requestTimeoutMs: number
  readonly maxHeaderBytes: number
}

/** Milliseconds between two looks at connections that take too long. */
const LOOK_EVERY_MS = 1_000

/** What an HTTP server of our own is made with, so that it waits for nobody for ever (R53). */
export const serverOptions = ({ handshakeTimeoutMs, requestTimeoutMs, maxHeaderBytes }: SlowClientOptions) => ({
  headersTimeout: handshakeTimeoutMs,
  requestTimeout: requestTimeoutMs,
  connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, handshakeTimeoutMs),
  maxHeaderSize: maxHeaderBytes,
})

/** Answers what never became a request: as a problem, like everything else that is refused (R52). */
export function answerClientErrors(http: Server): void {
  http.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const [status, refusal] = wordClientError(error)
    const { headers, body } = lastWord(status, refusal)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`
    socket.end(head + body, () => socket.destroy())
  })
  // Node itself answers without a word.
  http.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const refusal = new PresenceError('INVALID_PAYLOAD', 'Of expectations only 100-continue can be met.')
    const { headers, body } = lastWord(417, refusal)
    response.writeHead(417, headers).end(body)
  })
}

/** What is said before the connection ends. */
function lastWord(status: number, { code, message, retryable }: PresenceError) {
  const body = JSON.stringify({ ...problemOf({ code, message, retryable }), status })
  const headers = {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  }
  return { headers, body }
}

/** The status is HTTP's own word for it; the code says what became of the request. */
function wordClientError({ code }: NodeJS.ErrnoException): readonly [status: number, PresenceError] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return [408, new PresenceError('TOO_SLOW', 'The request did not arrive in time.', { retryable: true })]
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return [431, new PresenceError('PAYLOAD_TOO_LARGE', 'The address and the headers are too large together.')]
  }
  return [400, new PresenceError('INVALID_PAYLOAD', 'This is not HTTP that can be read.')]
}

/** Only what this server gives out itself: no inline script or style, nobody's frame, no address elsewhere. */
export const securityHeaders = (): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        manifestSrc: ["'self'"],
        // Socket.IO of the page's own server: browsers count its WebSocket as theirs.
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Whether there is HTTPS is known to what stands in front.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  })

export interface RequestLimitNeeds {
  readonly limits: Pick<Limits, 'requests'>
  /** Whether proxies are believed; where none is, one that speaks up is told of once. */
  readonly trustsProxies: boolean
  readonly log: Log
}

/** Refuses an address that asks too often, before anything is done for it (R53). */
export function limitRequests({ limits, trustsProxies, log }: RequestLimitNeeds): RequestHandler {
  let hasWarned = trustsProxies
  return (request, _response, next) => {
    if (!hasWarned && request.headers['x-forwarded-for'] !== undefined) {
      hasWarned = true
      log.warn({}, 'requests come through a proxy: without TRUST_PROXY all its clients count as one address')
    }
    if (limits.requests.take(addressKey(request.ip ?? ''))) next()
    else next(tooMuch())
  }
}
