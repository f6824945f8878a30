import { RequestError } from 'porchlight/client'

interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: unknown
  /** In whose name; without one it is a stranger who asks. */
  readonly token?: string
  readonly signal?: AbortSignal
}

export type Http = <T>(path: string, request?: HttpRequest) => Promise<T>

/** Milliseconds after which a request counts as lost. */
const TIMEOUT_MS = 10_000

/** Requests of the marketplace itself. What somebody decides about their own presence goes through the client. */
export function createHttp(): Http {
  return async <T>(path: string, { method = 'GET', body, token, signal }: HttpRequest = {}): Promise<T> => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    let response: Response
    try {
      response = await fetch(path, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      })
    } catch (error) {
      if (signal?.aborted) throw error
      throw new RequestError('NOT_CONNECTED', 'We cannot reach Porchlight right now.', { retryable: true })
    }
    if (!response.ok) throw await failure(response)
    return (response.status === 204 ? undefined : await response.json()) as T
  }
}

/** Reads a problem+json answer (RFC 9457); anything else, such as a proxy's page, becomes a plain sentence. */
async function failure(response: Response): Promise<RequestError> {
  const problem: unknown = await response.json().catch(() => null)
  const { code, detail, title, retryable } = (typeof problem === 'object' && problem !== null ? problem : {}) as Record<
    string,
    unknown
  >
  return new RequestError(
    typeof code === 'string' ? code : `HTTP_${response.status}`,
    [detail, title].find((text) => typeof text === 'string') ?? 'The server could not answer that.',
    { status: response.status, retryable: typeof retryable === 'boolean' ? retryable : response.status >= 500 },
  )
}

/** Anything that was thrown, as a refusal. */
export const refusalOf = (error: unknown): RequestError =>
  error instanceof RequestError
    ? error
    : new RequestError('UNEXPECTED', 'Something went wrong on this page.', { retryable: false })

/** The sentence and code to show for anything that was thrown. */
export const explain = (error: unknown): { message: string; code: string } => {
  const { message, code } = refusalOf(error)
  return { message, code }
}
