/** An answer of HTTP, as it came. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const HEAD_END = '\r\n\r\n'

/** Reads the first final answer in these bytes; null when there is none. */
export function readAnswer(received: Buffer): Answer | null {
  const whole = received.toString('latin1')
  const end = whole.indexOf(HEAD_END)
  const [line = '', ...lines] = whole.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1])
  if (end === -1 || Number.isNaN(status)) return null
  const rest = received.subarray(end + HEAD_END.length)
  if (status < 200 && status !== 101) return readAnswer(rest)
  const headers = Object.fromEntries(
    lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]),
  )
  return { status, headers, body: bodyOf(headers, rest) }
}

function bodyOf(headers: Readonly<Record<string, string>>, rest: Buffer): string {
  if (headers['transfer-encoding'] === 'chunked') return unchunk(rest.toString('latin1'))
  const length = headers['content-length']
  return rest.subarray(0, length === undefined ? undefined : Number(length)).toString()
}

function unchunk(chunked: string): string {
  const end = chunked.indexOf('\r\n')
  const size = Number.parseInt(chunked.slice(0, end), 16)
  if (end === -1 || !(size > 0)) return ''
  return chunked.slice(end + 2, end + 2 + size) + unchunk(chunked.slice(end + 2 + size + 2))
}

/**
 * What is wrong with an answer to garbage, or null (R52): a failure of ours, or a refusal that does not say which, why, and whether a
 * retry can help.
 *
 * @param asked the beginning of the request; an answer to HEAD has no body, and Engine.IO words its own refusals
 */
export function faultOf({ status, headers, body }: Answer, asked: string): string | null {
  if (status >= 500) return `answered ${status}: ${body.slice(0, 500)}`
  if (status < 400 || asked.startsWith('HEAD ')) return null
  const refusal = jsonOf(body)
  if (/^\S+ \/socket\.io\//.test(asked) && isEngineRefusal(status, body, refusal)) return null
  const isWhole = isText(refusal?.['code']) && isText(refusal['detail']) && typeof refusal['retryable'] === 'boolean'
  if (isWhole && headers['content-type']?.includes('json') === true) return null
  return `refused with ${status} and without code, sentence and retryable: ${JSON.stringify(body.slice(0, 500))}`
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/**
 * Engine.IO says which by a number that its clients know, https://socket.io/docs/v4/server-api/#connection_error; to whoever asks for an upgrade
 * it, or the WebSocket below it, says a sentence; of what is too large both say nothing but that.
 */
const isEngineRefusal = (status: number, body: string, refusal: Record<string, unknown> | null): boolean =>
  refusal === null ? body !== '' || status === 413 : typeof refusal['code'] === 'number' && isText(refusal['message'])

/** An object out of JSON, or null. */
export function jsonOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

const OURS = new Set(['INTERNAL', 'STORE_UNAVAILABLE', 'NOT_DURABLE', 'INVALID_OPTION', 'SCHEMA_CONFLICT'])

/** The same for the answer to an event. */
export function replyFault(reply: unknown): string | null {
  const { ok, error } = (typeof reply === 'object' && reply !== null ? reply : {}) as Record<string, unknown>
  if (ok === true) return null
  const { code, message, retryable } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    string,
    unknown
  >
  if (ok !== false || !isText(code) || !isText(message) || typeof retryable !== 'boolean') {
    return `acknowledged without ok, or code, sentence and retryable: ${JSON.stringify(reply)}`
  }
  return OURS.has(code) ? `acknowledged ${code}: ${message}` : null
}
