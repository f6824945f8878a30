import { WebSocket } from 'ws'
import { jsonOf } from './answer.ts'
import { PATIENCE_MS } from './wire.ts'

/** A connection of somebody who is signed in, by hand: garbage is sent over it as it is. */
export interface Line {
  isOpen(): boolean
  send(packet: string | Buffer): void
  /** An acknowledgement's number that was not used before. */
  number(): number
  /** @returns the acknowledgement with this number, `ended` when the connection did instead, `silent` when nothing came in time */
  answer(number: number): Promise<{ readonly reply: unknown } | 'ended' | 'silent'>
  /** The first event of this name that fits, heard or yet to come; null when there is none in time. */
  hears(event: string, fits: (payload: Record<string, unknown>) => boolean): Promise<Record<string, unknown> | null>
  close(): void
}

/** @returns null when the server did not let this one in */
export async function openLine(url: string, token: string): Promise<Line | null> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const looks = new Set<() => void>()
  const replies = new Map<number, unknown>()
  const heard: [event: string, payload: Record<string, unknown>][] = []
  let isIn = false
  let isOver = false
  let given = 0
  const tell = (): void => {
    for (const look of looks) look()
  }
  const end = (): void => {
    isOver = true
    tell()
  }
  ws.on('error', end)
  ws.on('close', end)
  ws.on('message', (data: Buffer) => {
    const frame = data.toString()
    if (frame === '2') return ws.send('3')
    if (frame.startsWith('0')) return ws.send(`40${JSON.stringify({ token })}`)
    if (frame.startsWith('40')) isIn = true
    if (frame.startsWith('44') && !isIn) return ws.close()
    const [, number, reply] = /^43(\d+)(.*)$/s.exec(frame) ?? []
    if (number !== undefined && reply !== undefined) replies.set(Number(number), jsonOf(reply)?.[0])
    if (frame.startsWith('42')) remember(frame.slice(2))
    tell()
  })

  function remember(json: string): void {
    const [event, payload] = JSON.parse(json) as [string, Record<string, unknown>]
    heard.push([event, payload])
    // Only what was told lately is ever asked for.
    if (heard.length > 100) heard.shift()
  }

  const until = <Found>(find: () => Found | undefined): Promise<Found | null> =>
    new Promise((resolve) => {
      const finish = (found: Found | null): void => {
        clearTimeout(late)
        looks.delete(look)
        resolve(found)
      }
      const late = setTimeout(() => finish(null), PATIENCE_MS)
      const look = (): void => {
        const found = find()
        if (found !== undefined) finish(found)
      }
      looks.add(look)
      look()
    })

  const line: Line = {
    isOpen: () => isIn && !isOver,
    send(packet) {
      if (ws.readyState === WebSocket.OPEN) ws.send(packet)
    },
    number: () => (given += 1),
    async answer(number) {
      const found = await until(() => {
        if (replies.has(number)) return { reply: replies.get(number) }
        return isOver ? ('ended' as const) : undefined
      })
      replies.delete(number)
      return found ?? 'silent'
    },
    hears: async (event, fits) => {
      const found = await until(() => heard.find(([name, payload]) => name === event && fits(payload)) ?? over())
      return found?.[1] ?? null
    },
    close: () => ws.terminate(),
  }
  const over = (): [string, Record<string, unknown>] | undefined => (isOver ? ['', {}] : undefined)
  await until(() => (isIn || isOver ? true : undefined))
  if (line.isOpen()) return line
  ws.terminate()
  return null
}
