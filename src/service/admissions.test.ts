import { afterEach, expect, test, vi } from 'vitest'
import { type Access, OPEN_ACCESS } from '../domain/access.ts'
import { PresenceError } from '../domain/errors.ts'
import { newRecord, type UserRecord } from '../domain/user-record.ts'
import { admitUser, createAdmissions } from './admissions.ts'
import type { ServiceDeps } from './deps.ts'

afterEach(() => void vi.useRealTimers())

const banned: Access = { ...OPEN_ACCESS, bar: 'BANNED', version: 5 }
const away = () => Promise.reject(new PresenceError('STORE_UNAVAILABLE', 'away', { retryable: true }))
const recordWith = (access: Access): UserRecord => ({ ...newRecord('ada'), access })

/** Both stores, as the test has them answer. */
function setUp() {
  vi.useFakeTimers({ toFake: ['performance'] })
  const stores = {
    hot: vi.fn(async (): Promise<Map<string, UserRecord>> => new Map()),
    cold: vi.fn(async (): Promise<UserRecord | null> => recordWith(OPEN_ACCESS)),
  }
  const admissions = createAdmissions()
  const deps = { admissions, hot: { read: stores.hot }, cold: { load: stores.cold } } as unknown as ServiceDeps
  return { ...stores, admissions, admit: (issuedAt?: number | null) => admitUser(deps, 'ada', issuedAt) }
}
const refused = (code: string) => expect.objectContaining({ code })

test('R61 asks once a second, and again as soon as something was said', async () => {
  const { cold, admissions, admit } = setUp()
  for (let i = 0; i < 10; i += 1) await admit()
  expect(cold).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1_000)
  await admit()
  expect(cold).toHaveBeenCalledTimes(2)
  cold.mockResolvedValue(recordWith(banned))
  admissions.forget('ada')
  await expect(admit()).rejects.toEqual(refused('BANNED'))
})

test('R61 either store may know more; somebody in neither, or deleted, is let in no more', async () => {
  const { hot, cold, admissions, admit } = setUp()
  hot.mockResolvedValue(new Map([['ada', recordWith(banned)]]))
  await expect(admit()).rejects.toEqual(refused('BANNED'))
  hot.mockResolvedValue(new Map([['ada', recordWith(OPEN_ACCESS)]]))
  cold.mockResolvedValue(recordWith({ ...OPEN_ACCESS, tokensSince: 100 }))
  admissions.forget('ada')
  await expect(admit(99)).rejects.toEqual(refused('UNAUTHENTICATED'))
  await admit(100)
  cold.mockResolvedValue(null)
  admissions.forget('ada')
  await expect(admit(100)).rejects.toEqual(refused('UNAUTHENTICATED'))
})

test('R61 while neither store answers, the last word holds for five minutes, unless something was heard since', async () => {
  const { hot, cold, admissions, admit } = setUp()
  await admit()
  hot.mockImplementation(away)
  cold.mockImplementation(away)
  vi.advanceTimersByTime(299_000)
  await admit()
  vi.advanceTimersByTime(1_001)
  await expect(admit()).rejects.toEqual(refused('STORE_UNAVAILABLE'))
  cold.mockResolvedValue(recordWith(OPEN_ACCESS))
  await admit()
  cold.mockImplementation(away)
  admissions.forget('ada')
  await expect(admit()).rejects.toEqual(refused('STORE_UNAVAILABLE'))
})

test('R50 R61 a PostgreSQL that hangs keeps nobody waiting whom the store knows, and tells the others in time', async () => {
  const { hot, cold, admissions, admit } = setUp()
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  cold.mockReturnValue(new Promise(() => {}))
  hot.mockResolvedValue(new Map([['ada', recordWith(OPEN_ACCESS)]]))
  const known = admit()
  await vi.advanceTimersByTimeAsync(2_000)
  await known
  admissions.forget('ada')
  hot.mockResolvedValue(new Map())
  const unknown = expect(admit()).rejects.toEqual(refused('STORE_UNAVAILABLE'))
  await vi.advanceTimersByTimeAsync(5_000)
  await unknown
})

test('R61 what is said while it is being looked up is not overheard', async () => {
  const { cold, admissions, admit } = setUp()
  cold.mockImplementationOnce(async () => {
    admissions.forget('ada')
    return recordWith(OPEN_ACCESS)
  })
  await admit()
  cold.mockResolvedValue(recordWith(banned))
  await expect(admit()).rejects.toEqual(refused('BANNED'))
})
