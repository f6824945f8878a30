import type { OperatorOverview, PresenceExplanation } from 'porchlight/protocol'

/** What the server refused, or that it could not be reached. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly isForbidden: boolean

  constructor(code: string, message: string, isForbidden = false) {
    super(message)
    this.code = code
    this.isForbidden = isForbidden
  }
}

/** What the page asks for. All of it throws {@link Refusal}. */
export interface Api {
  /** @param known samples that are had already: node to epoch milliseconds */
  overview(known: ReadonlyMap<string, number>, signal: AbortSignal): Promise<OperatorOverview>
  explain(userId: string, viewerId: string, signal: AbortSignal): Promise<PresenceExplanation>
}

/** Milliseconds after which a request counts as lost. */
const TIMEOUT_MS = 10_000

/** @param token '' goes without one: the browser's own session is to do */
export function createApi(token: string): Api {
  // Beside this page, wherever that is mounted.
  const ask = async <Answer>(path: string, signal: AbortSignal): Promise<Answer> => {
    let response: Response
    try {
      response = await fetch(path, {
        headers: { accept: 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) },
        cache: 'no-store',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      })
    } catch (error) {
      if (signal.aborted) throw error
      throw new Refusal('NOT_CONNECTED', 'This node cannot be reached right now.')
    }
    if (!response.ok) throw await refusalIn(response)
    return (await response.json()) as Answer
  }
  return {
    overview: (known, signal) => {
      const words = [...known].map(([node, at]) => `${node}@${at}`).join(',')
      return ask(`data${words === '' ? '' : `?known=${encodeURIComponent(words)}`}`, signal)
    },
    explain: (userId, viewerId, signal) => {
      const viewer = viewerId === '' ? '' : `?viewer=${encodeURIComponent(viewerId)}`
      return ask(`users/${encodeURIComponent(userId)}${viewer}`, signal)
    },
  }
}

/** Reads a problem+json answer (RFC 9457); anything else, such as a proxy's page, becomes a plain sentence. */
async function refusalIn(response: Response): Promise<Refusal> {
  const problem: unknown = await response.json().catch(() => null)
  const { code, detail } = (typeof problem === 'object' && problem !== null ? problem : {}) as Record<string, unknown>
  return new Refusal(
    typeof code === 'string' ? code : `HTTP_${response.status}`,
    typeof detail === 'string' ? detail : 'The server could not answer that.',
    response.status === 401 || response.status === 403,
  )
}

/** Anything that was thrown, as a refusal. */
export const refusalOf = (error: unknown): Refusal =>
  error instanceof Refusal ? error : new Refusal('UNEXPECTED', 'Something went wrong on this page.')
