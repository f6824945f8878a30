import { expect, test } from 'vitest'
import { createPresenceClient } from '../../src/client/index.ts'
import { startTestPresence } from '../../src/testing/index.ts'

test('the browser SDK runs against a test presence as it is, a user id being the token', async () => {
  const system = await startTestPresence()
  const [ana, ben] = [system.addUser(), system.addUser()]
  const page = createPresenceClient({ url: system.url, token: () => ana, share: 'tab', activity: false })
  try {
    const live = new Promise<void>((resolve) => {
      page.connection.subscribe(() => page.connection.get().state === 'live' && resolve())
    })
    page.connect()
    page.watch([ben])
    await live
    const phone = await system.connect(ben)
    // The SDK gathers what a page wants to watch before it asks for it.
    await expect.poll(() => page.get(ben).status).toBe('online')
    expect(await page.own.setStatus({ status: 'away', message: 'Lunch' })).toMatchObject({ online_status: 'away' })
    await phone.cut()
    await system.clock.advance(30_000)
    expect(page.get(ben)).toMatchObject({ status: 'offline' })
  } finally {
    page.close()
    await system.stop()
  }
})
