// One abusive client, in a process of its own and at an address of its own.
import { request } from 'node:http'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { WebSocket } from 'ws'
import { serveVerbs } from '../processes/serve-verbs.ts'
import type { Abuse, AbuseDone, AbusePlan, AbuserVerbs } from './verbs.ts'

// It would have a machine of its own: what it computes must not take from the server and the others.
setPriority(19)

const ADDRESS = '127.0.0.66'
/** Connections, or requests under way, that it keeps at once. */
const AT_ONCE = 20
/** Milliseconds between two bursts, and after which it comes back when it was turned away. */
const BREATH_MS = 5
const AGAIN_MS = 50
const FRAMES_AT_ONCE = 500
const MIB = 1_048_576

interface Attack {
  readonly plan: AbusePlan
  readonly token: string
  readonly until: number
  sent: number
  turnedAway: number
}

const goesOn = ({ until }: Attack): boolean => performance.now() < until

/** Joins, and answers the connection once it is in; null when it was turned away. */
function join(attack: Attack): Promise<WebSocket | null> {
  const { plan, token } = attack
  const url = `ws://127.0.0.1:${plan.port}/socket.io/?EIO=4&transport=websocket`
  const socket = new WebSocket(url, { localAddress: ADDRESS })
  return new Promise((resolve) => {
    socket.on('error', () => {})
    socket.once('close', () => {
      attack.turnedAway += 1
      resolve(null)
    })
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      if (text.startsWith('0')) socket.send(`40${JSON.stringify({ token })}`)
      else if (text === '2') socket.send('3')
      else if (text.startsWith('40')) resolve(socket)
      else if (text.startsWith('44')) socket.terminate()
    })
  })
}

/** Sends as much as the connection takes, and comes back when it is thrown out. */
async function flood(
  attack: Attack,
  frame: string,
  atOnce: number,
  prepare = (_socket: WebSocket) => {},
): Promise<void> {
  while (goesOn(attack)) {
    const socket = await join(attack)
    if (socket) prepare(socket)
    while (socket?.readyState === WebSocket.OPEN && goesOn(attack)) {
      // What the server does not read would only pile up here.
      if (socket.bufferedAmount < 4 * MIB) {
        for (let n = 0; n < atOnce; n += 1) socket.send(frame)
        attack.sent += atOnce
      }
      await sleep(BREATH_MS)
    }
    socket?.terminate()
    await sleep(AGAIN_MS)
  }
}

async function connectInLoops(attack: Attack): Promise<void> {
  const loop = async (): Promise<void> => {
    while (goesOn(attack)) {
      attack.sent += 1
      const socket = await join(attack)
      socket?.terminate()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, loop))
}

async function search(attack: Attack): Promise<void> {
  const { port } = attack.plan
  const ask = (query: string): Promise<number> =>
    new Promise((resolve) => {
      const asked = request({ host: '127.0.0.1', port, path: `/api/providers?${query}`, localAddress: ADDRESS })
      asked.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
      asked.on('error', () => resolve(0))
      asked.end()
    })
  const loop = async (): Promise<void> => {
    while (goesOn(attack)) {
      attack.sent += 1
      const status = await ask(`sort=rating&limit=100&city_id=${attack.sent % 50}`)
      if (status !== 200) attack.turnedAway += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, loop))
}

const idsOf = ({ plan }: Attack, count: number): string =>
  JSON.stringify(Array.from({ length: count }, (_, n) => plan.users[n % plan.users.length]))

const ATTACKS: Record<Abuse, (attack: Attack) => Promise<void>> = {
  events: (attack) => flood(attack, '42["setStatus",{"status":"away"}]', FRAMES_AT_ONCE),
  async watches(attack) {
    const tooMany = `42["watch",{"users":${idsOf(attack, 10_000)}}]`
    const allowed = `42["watch",{"users":${idsOf(attack, 2_000)}}]`
    await Promise.all([flood(attack, tooMany, 1), flood(attack, allowed, 1)])
  },
  connects: connectInLoops,
  async frames(attack) {
    const large = `42["nonsense","${'x'.repeat(MIB - 100)}"]`
    await Promise.all([flood(attack, large, 1), flood(attack, 'x'.repeat(4 * MIB), 1)])
  },
  deaf: (attack) => flood(attack, `420["watch",{"users":${idsOf(attack, 500)}}]`, 1, (socket) => socket.pause()),
  searches: search,
}

const verbs: AbuserVerbs = {
  async abuse(plan): Promise<AbuseDone> {
    const claims = new SignJWT().setProtectedHeader({ alg: 'HS256' }).setSubject(plan.userId).setIssuedAt()
    const token = await claims.setExpirationTime('1h').sign(new TextEncoder().encode(plan.secret))
    const attack: Attack = { plan, token, until: performance.now() + plan.forMs, sent: 0, turnedAway: 0 }
    // Whoever waits for an answer that does not come stops with everybody else.
    await Promise.race([ATTACKS[plan.abuse](attack), sleep(plan.forMs)])
    return { sent: attack.sent, turnedAway: attack.turnedAway }
  },
}

serveVerbs(verbs)
