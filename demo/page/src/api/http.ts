/** A request that failed, in a person's words, with the server's code for whoever has to look for the cause. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed'
  readonly code: string
  readonly status: number
  readonly retryable: boolean

  constructor(code: string, message: string, { status, retryable }: { status: number; retryable: boolean }) {
    super(message)
    this.code = code
    this.status = status
    this.retryable = retryable
  }
}

interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** Sends no token: the answer is the same for everybody, so it may come from a cache. */
  readonly anonymous?: boolean
}

export type Http = <T>(path: string, request?: HttpRequest) => Promise<T>

/** Milliseconds after which a request counts as lost. */
const TIMEOUT_MS = 10_000

/**
 * Requests to our own server, signed with whatever token is current at that moment. A refused token is renewed once.
 *
 * @param renew gets another token; resolves to whether there is one
 */
export function createHttp(token: () => string | null, renew: () => Promise<boolean>): Http {
  const send = createSender(token)
  return async <T>(path: string, request: HttpRequest = {}): Promise<T> => {
    try {
      return await send<T>(path, request)
    } catch (error) {
      const refused = error instanceof RequestFailed && error.status === 401 && !request.anonymous
      if (refused && (await renew())) return await send<T>(path, request)
      throw error
    }
  }
}

function createSender(token: () => string | null): Http {
  return async <T>(path: string, { method = 'GET', body, signal, anonymous = false }: HttpRequest = {}): Promise<T> => {
    const current = anonymous ? null : token()
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    let response: Response
    try {
      response = await fetch(path, {
        method,
        headers: {
          accept: 'application/json',
          ...(current ? { authorization: `Bearer ${current}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      })
    } catch (error) {
      if (signal?.aborted) throw error
      throw new RequestFailed('UNREACHABLE', 'We cannot reach Porchlight right now.', { status: 0, retryable: true })
    }
    if (!response.ok) throw await failure(response)
    if (response.status === 204) return undefined as T
    return (await response.json()) as T
  }
}

/** Reads a problem+json answer (RFC 9457); anything else, such as a proxy's page, becomes a plain sentence. */
async function failure(response: Response): Promise<RequestFailed> {
  const problem: unknown = await response.json().catch(() => null)
  const { code, detail, title, retryable } = (typeof problem === 'object' && problem !== null ? problem : {}) as Record<
    string,
    unknown
  >
  return new RequestFailed(
    typeof code === 'string' ? code : `HTTP_${response.status}`,
    [detail, title].find((text) => typeof text === 'string') ?? 'The server could not answer that.',
    { status: response.status, retryable: typeof retryable === 'boolean' ? retryable : response.status >= 500 },
  )
}

/** The sentence and code to show for anything that was thrown. */
export const explain = (error: unknown): { message: string; code: string } =>
  error instanceof RequestFailed
    ? { message: error.message, code: error.code }
    : { message: 'Something went wrong on this page.', code: 'UNEXPECTED' }
