import { WebSocket } from 'ws'

/** One connection, by hand: what lies below socket.io-client, so that every frame is seen as it came. */
export interface RawClient {
  /** Socket.IO's name for it; null until the namespace let it in. */
  sid(): string | null
  isOpen(): boolean
  /** Sends an event. Resolves with the payload of its acknowledgement, or null when the connection ended before. */
  ask(event: string, ...payload: unknown[]): Promise<Record<string, unknown> | null>
  /** Sends an event that nobody answers. */
  say(event: string, ...payload: unknown[]): void
  /** A goodbye. */
  leave(): void
  /** The network is gone. */
  cut(): void
}

/** Who is let in, and what is to be done with every frame; pings are the machine's and no frame for anybody. */
export interface RawClientParts {
  readonly url: string
  readonly auth: Readonly<Record<string, unknown>>
  onFrame(frame: string): void
}

/** Connects with Engine.IO 4 over a WebSocket. Resolves with the server's first event, or when it turned the connection away. */
export function openRawClient({ url, auth, onFrame }: RawClientParts): Promise<RawClient> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const answers = new Map<number, (answer: Record<string, unknown> | null) => void>()
  let sid: string | null = null
  let asked = 0
  let isOpen = true

  function end(how: string): void {
    if (!isOpen) return
    isOpen = false
    onFrame(how)
    for (const answer of answers.values()) answer(null)
    answers.clear()
  }

  const client: RawClient = {
    sid: () => sid,
    isOpen: () => isOpen,
    ask: (event, ...payload) =>
      new Promise((resolve) => {
        if (!isOpen) return resolve(null)
        answers.set(asked, resolve)
        ws.send(`42${asked}${JSON.stringify([event, ...payload])}`)
        asked += 1
      }),
    say: (event, ...payload) => ws.send(`42${JSON.stringify([event, ...payload])}`),
    leave() {
      // Nothing that comes after one's own goodbye is news.
      isOpen = false
      ws.send('41')
      ws.close()
    },
    cut() {
      isOpen = false
      ws.terminate()
    },
  }

  return new Promise((resolve) => {
    ws.on('error', () => end('error'))
    ws.on('close', (code) => {
      end(`closed ${code}`)
      resolve(client)
    })
    ws.on('message', (data: Buffer) => {
      const frame = data.toString()
      if (frame === '2') return ws.send('3')
      if (!isOpen) return
      onFrame(frame)
      if (frame.startsWith('0')) ws.send(`40${JSON.stringify(auth)}`)
      if (frame.startsWith('40')) sid = (JSON.parse(frame.slice(2)) as { sid: string }).sid
      if (frame.startsWith('42') || frame.startsWith('44')) resolve(client)
      const [, id, answer] = /^43(\d+)(.*)$/s.exec(frame) ?? []
      if (id === undefined || answer === undefined) return
      answers.get(Number(id))?.((JSON.parse(answer) as [Record<string, unknown>])[0])
      answers.delete(Number(id))
    })
  })
}
