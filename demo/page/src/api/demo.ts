import type { Http } from './http.ts'

export interface DemoPerson {
  readonly id: string
  readonly name: string
  readonly role: 'client' | 'provider' | 'staff'
}

export interface DemoPeoplePage {
  readonly users: readonly DemoPerson[]
  readonly next_cursor: string | null
}

export const fetchPeople = async (
  http: Http,
  role: DemoPerson['role'],
  { limit, cursor }: { limit: number; cursor?: string | null },
): Promise<DemoPeoplePage> => {
  const query = new URLSearchParams({ role, limit: String(limit), ...(cursor ? { cursor } : {}) })
  return await http<DemoPeoplePage>(`/api/demo/users?${query}`)
}

export interface DemoLogin {
  readonly token: string
  readonly user: DemoPerson
}

/** Signs in as somebody of the demo, without a password. */
export const demoLogin = async (http: Http, userId: string): Promise<DemoLogin> =>
  await http<DemoLogin>('/api/demo/login', { method: 'POST', body: { user_id: userId } })
