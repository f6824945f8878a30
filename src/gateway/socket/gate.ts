import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import { type AddressOf, addressKey } from '../address.ts'
import { explainError, retryAfterMs } from '../explain-error.ts'
import type { Failures } from '../failures.ts'
import { problemOf } from '../http/problem.ts'
import { defaultIdentifySocket } from '../identify.ts'
import type { Limits } from '../limits.ts'
import type { DoorMetrics, Log } from '../log.ts'
import type { OriginCheck } from '../origin.ts'
import { tooMuch } from '../rate-limit.ts'
import { endEngine, endOnceTold } from './close-with-reason.ts'
import { closeFlood } from './flood.ts'

/** What stands in front of Socket.IO in the standalone server, which owns it. */
export interface Gate {
  readonly io: Server
  readonly limits: Limits
  readonly failures: Failures
  readonly addressOf: AddressOf
  readonly isAllowedOrigin: OriginCheck
  /** `handshakeTimeoutMs`: longest time that a connection stands without a user. */
  readonly options: {
    readonly addressConnections: number
    readonly handshakeTimeoutMs: number
    readonly floodPenaltyMs: number
  }
  readonly log: Log
  readonly metrics: DoorMetrics
}

type Engine = Socket['conn']

/**
 * Guards what is below Socket.IO's events: who may open an engine connection at all, how much may come over it, and for how long it
 * stands when nobody signs in (R53).
 */
export function guardEngine(gate: Gate): void {
  const { io, addressOf } = gate
  const open = countOpen()
  const onPacket = packetCounter(gate)
  async function admit(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
    try {
      await check(gate, request, open)
    } catch (error) {
      turnAway(gate, request, response, error)
      return
    }
    next()
  }
  io.engine.use(
    (request: IncomingMessage, response: ServerResponse, next: () => void) => void admit(request, response, next),
  )
  io.engine.on('connection', (engine: Engine) => {
    const address = addressOf(engine.request)
    // Where a session is told to come from is read here by Socket.IO.
    Object.assign(engine, { remoteAddress: address })
    open.add(addressKey(address), engine)
    engine.on('packet', onPacket)
    engine.on('close', onEngineClose)
  })
  io.on('connection', (socket) => {
    socket.on('disconnect', () => endUnlessJoined(socket, gate.options.handshakeTimeoutMs))
  })
}

/** @throws {PresenceError} FORBIDDEN, RATE_LIMITED, LIMIT_EXCEEDED */
async function check(gate: Gate, request: IncomingMessage, open: ReturnType<typeof countOpen>): Promise<void> {
  const { limits, options, failures } = gate
  if (!gate.isAllowedOrigin(request)) {
    throw new PresenceError('FORBIDDEN', 'Pages of this origin may not connect here.')
  }
  const sid = sidOf(request)
  if (sid !== null) {
    // The next request of a connection that polls.
    if (!limits.packets.take(sid)) throw tooMuch()
    return
  }
  const address = addressKey(gate.addressOf(request))
  failures.check(address)
  if (!limits.arrivals.take(address)) throw tooMuch()
  if (open.of(address) >= options.addressConnections) {
    const sentence = `One address has at most ${options.addressConnections} connections.`
    throw new PresenceError('LIMIT_EXCEEDED', sentence, { retryable: true })
  }
  await limits.spend('addressConnects', address)
}

/** The connection that a request belongs to, or null: it begins one. */
const sidOf = ({ url = '' }: IncomingMessage): string | null =>
  new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('sid')

/** Answers before there is a connection: as any HTTP request, also to who asked for a WebSocket. */
function turnAway({ log, metrics }: Gate, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const explanation = explainError(error, log)
  metrics.refused('socket', explanation.code)
  const { status, ...problem } = problemOf(explanation)
  const body = JSON.stringify({ ...problem, status })
  const waitMs = retryAfterMs(error)
  const headers = {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...(waitMs !== null && { 'Retry-After': String(Math.ceil(waitMs / 1_000)) }),
  }
  if (request.headers.upgrade === undefined) {
    response.writeHead(status, headers).end(body)
    return
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const { socket } = request
  socket.end(`HTTP/1.1 ${status} ${problem.title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/** How many connections stand, by address. */
function countOpen() {
  const counts = new Map<string, number>()
  return {
    of: (address: string): number => counts.get(address) ?? 0,
    add(address: string, engine: Engine): void {
      counts.set(address, (counts.get(address) ?? 0) + 1)
      engine.once('close', () => {
        const left = (counts.get(address) ?? 1) - 1
        if (left === 0) counts.delete(address)
        else counts.set(address, left)
      })
    },
  }
}

/** Reasons of Engine.IO for giving a connection up that stands: what came was too large, or no packet. */
const UNREADABLE: ReadonlySet<string> = new Set(['transport error', 'parse error'])

/** One listener for all connections. */
function onEngineClose(this: Engine, reason: string): void {
  if (UNREADABLE.has(reason)) endOnceTold(this)
}

const KIB = 1_024

/** One listener for all connections: counts whatever arrives, whether it means anything or not, by its number and its size. */
function packetCounter(gate: Gate): (this: Engine, packet: { readonly data?: unknown }) => void {
  const { limits } = gate
  return function count({ data }) {
    const size = typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0
    if (limits.packets.take((this as unknown as { id: string }).id, 1 + Math.floor(size / KIB))) return
    endFlood(gate, this)
  }
}

function endFlood({ io, ...gate }: Gate, engine: Engine): void {
  const sockets = [...io.of('/').sockets.values()].filter(({ conn }) => conn === engine)
  // Nobody is behind it yet, to whom a word could be said.
  if (sockets.length === 0) endEngine(engine)
  for (const socket of sockets) {
    const identity = defaultIdentifySocket(socket)
    closeFlood(gate, socket, typeof identity === 'string' ? identity : null)
  }
}

/** When to look at connections on which nobody was left. One for each, however often somebody joins and leaves it. */
const looks = new WeakMap<Engine, NodeJS.Timeout>()

/** Ends a connection below which no socket is left after a while: whoever was refused, or left, and stays on the line. */
export function endUnlessJoined({ client, conn }: Socket, ms: number): void {
  if (conn.readyState !== 'open') return
  const planned = looks.get(conn)
  if (planned === undefined) conn.once('close', () => clearTimeout(looks.get(conn)))
  clearTimeout(planned)
  const look = setTimeout(() => {
    const { sockets } = client as unknown as { sockets: ReadonlyMap<string, Socket> }
    if (sockets.size === 0) endEngine(conn)
  }, ms)
  look.unref()
  looks.set(conn, look)
}
