import type { DeviceSession } from 'porchlight/protocol'
import { usePresenceClient } from 'porchlight/react'
import { useCallback, useEffect, useState } from 'react'
import { explain } from '../api/http.ts'
import { nearness } from './device-words.ts'

/** Milliseconds between two looks at the list while it is open. */
const LOOK_MS = 10_000

export interface DevicesState {
  readonly devices: readonly DeviceSession[] | null
  readonly problem: { readonly message: string; readonly code: string } | null
  readonly signOut: (device: DeviceSession) => void
  readonly signOutAll: () => void
}

/** The list, kept fresh; a signed-out device goes at once and comes back with the reason if that was refused. */
export function useDevices(): DevicesState {
  const client = usePresenceClient()
  const [devices, setDevices] = useState<readonly DeviceSession[] | null>(null)
  const [problem, setProblem] = useState<DevicesState['problem']>(null)

  const look = useCallback(async () => {
    try {
      setDevices(inOrder(await client.own.sessions(), client.deviceId()))
      setProblem(null)
    } catch (error) {
      setProblem(explain(error))
    }
  }, [client])

  useEffect(() => {
    void look()
    const timer = setInterval(() => void look(), LOOK_MS)
    return () => clearInterval(timer)
  }, [look])

  const attempt = async (kept: readonly DeviceSession[], ask: () => Promise<unknown>): Promise<void> => {
    const before = devices
    setDevices(kept)
    try {
      await ask()
    } catch (error) {
      setDevices(before)
      setProblem(explain(error))
    }
  }

  return {
    devices,
    problem,
    signOut: ({ id }) =>
      void attempt(devices?.filter((device) => device.id !== id) ?? [], () => client.own.signOut(id)),
    signOutAll: () => void attempt([], () => client.own.signOutEverywhere()),
  }
}

/** This device first, then whichever was used last. */
const inOrder = (devices: readonly DeviceSession[], here: string): DeviceSession[] =>
  devices
    .filter(({ is_active }) => is_active)
    .toSorted(
      (a, b) =>
        Number(nearness(b, here) === 'here') - Number(nearness(a, here) === 'here') ||
        b.last_active_at.localeCompare(a.last_active_at),
    )
