import { RequestError } from './request-error.ts'
import type { Surroundings } from './surroundings.ts'
import type { Tokens } from './token.ts'

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly body?: unknown
}

/** @throws {RequestError} */
export type Request = <Answer>(path: string, options?: RequestOptions) => Promise<Answer>

/** Milliseconds after which a request counts as not answered. */
const TIMEOUT_MS = 10_000

/** Requests in the name of whoever the tokens name. A refused token is renewed, once. */
export function createRequest(base: string, tokens: Tokens, { fetch, timers }: Surroundings): Request {
  async function send<Answer>(path: string, token: string, { method = 'GET', body }: RequestOptions): Promise<Answer> {
    const controller = new AbortController()
    const stop = timers.after(TIMEOUT_MS, () => controller.abort())
    try {
      const response = await fetch(base + path, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: controller.signal,
      })
      if (!response.ok) throw await refusal(response)
      return (response.status === 204 ? undefined : await response.json()) as Answer
    } catch (error) {
      throw asFailure(error, controller.signal.aborted)
    } finally {
      stop()
    }
  }

  return async (path, options = {}) => {
    const token = await tokenFor(tokens)
    try {
      return await send(path, token, options)
    } catch (error) {
      if (!(error instanceof RequestError) || error.status !== 401) throw error
      tokens.refused(token)
      return await send(path, await tokenFor(tokens), options)
    }
  }
}

async function tokenFor(tokens: Tokens): Promise<string> {
  try {
    return await tokens.get()
  } catch (cause) {
    throw new RequestError('NOT_CONNECTED', 'There is no token to ask the server with.', { retryable: true, cause })
  }
}

function asFailure(error: unknown, timedOut: boolean): RequestError {
  if (error instanceof RequestError) return error
  return timedOut
    ? new RequestError('NO_ANSWER', 'The server did not answer in time.', { retryable: true, cause: error })
    : new RequestError('NOT_CONNECTED', 'The server cannot be reached.', { retryable: true, cause: error })
}

/** Reads a problem document (RFC 9457). Anything else, such as a proxy's page, becomes a plain sentence. */
async function refusal(response: Response): Promise<RequestError> {
  const problem: unknown = await response.json().catch(() => null)
  const read = (typeof problem === 'object' && problem !== null ? problem : {}) as Record<string, unknown>
  const { code, detail, title, retryable } = read
  return new RequestError(
    typeof code === 'string' ? code : `HTTP_${response.status}`,
    [detail, title].find((text): text is string => typeof text === 'string') ?? 'The server did not accept this.',
    { status: response.status, retryable: typeof retryable === 'boolean' ? retryable : response.status >= 500 },
  )
}
