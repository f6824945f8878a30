import type { Request, RequestHandler } from 'express'
import { callerIn } from '../identify.ts'
import type { HttpDoor } from './door.ts'

type Asker = Pick<HttpDoor, 'identify' | 'codec' | 'verbs'>

/**
 * For whom presence is switched off our routes are not there: whatever else the host has at their paths answers, as it did before (R72).
 *
 * @param byCaller false for a route that answers everybody the same: it is there once presence is on for somebody who is not known
 */
export function passOn(door: Asker, byCaller: boolean): RequestHandler {
  return async (request, _response, next) => {
    const on = byCaller ? await isOnFor(door, request) : await door.verbs.isOn(null)
    next(on ? undefined : 'router')
  }
}

/** Whether presence is on for whoever asks. A token that is not accepted is nobody's: the route itself refuses it. */
export async function isOnFor(door: Asker, request: Request): Promise<boolean> {
  const userId = await callerIdOf(door, request)
  return door.verbs.isOn(userId)
}

async function callerIdOf({ identify, codec }: Asker, request: Request): Promise<string | null> {
  try {
    return callerIn(await identify(request), codec)?.userId ?? null
  } catch {
    return null
  }
}
