import { useCallback, useEffect, useState } from 'react'
import { explain } from '../api/http.ts'
import { fetchDevices, signOutDevice, signOutEverywhere } from '../api/own.ts'
import { usePageServices } from '../page-services.ts'
import type { DeviceSession } from '../presence/wire.ts'
import { useNow } from '../status/use-now.ts'
import { deviceName, nearness, placeInTime } from './device-words.ts'

/** Milliseconds between two looks at the list while it is open. */
const LOOK_MS = 10_000

/** Where the person is signed in, and the way to end it there. */
export function Devices() {
  const { devices, problem, signOut, signOutAll } = useDevices()
  const [sure, setSure] = useState(false)
  const now = useNow()

  return (
    <section className="devices" aria-label="Devices">
      <h2>Devices</h2>
      {problem && (
        <p className="menu-refused" role="status">
          {problem.message} <span className="error-code">Code {problem.code}</span>
        </p>
      )}
      {!devices && !problem && <p className="menu-hint">Looking…</p>}
      <ul>
        {devices?.map((device) => (
          <li key={device.id} className="device" data-testid="device-row" data-session-id={device.id}>
            <span className="device-name">{deviceName(device)}</span>
            <span className="device-time">{placeInTime(device, now)}</span>
            <button
              type="button"
              className="text-button"
              aria-label={`Sign out ${deviceName(device)}, ${placeInTime(device, now)}`}
              onClick={() => signOut(device)}
            >
              Sign out
            </button>
          </li>
        ))}
      </ul>
      {devices && devices.length > 1 && (
        <div className="devices-all">
          {sure ? (
            <>
              <span>{`Sign out all ${devices.length}, this one too?`}</span>
              <button type="button" className="text-button text-button-strong" onClick={signOutAll}>
                Sign out all
              </button>
              <button type="button" className="text-button" onClick={() => setSure(false)}>
                Keep
              </button>
            </>
          ) : (
            <button type="button" className="text-button" onClick={() => setSure(true)}>
              Sign out everywhere
            </button>
          )}
        </div>
      )}
    </section>
  )
}

interface DevicesState {
  readonly devices: readonly DeviceSession[] | null
  readonly problem: { readonly message: string; readonly code: string } | null
  readonly signOut: (device: DeviceSession) => void
  readonly signOutAll: () => void
}

/** The list, kept fresh; a signed-out device goes at once and comes back with the reason if that was refused. */
function useDevices(): DevicesState {
  const { http } = usePageServices()
  const [devices, setDevices] = useState<readonly DeviceSession[] | null>(null)
  const [problem, setProblem] = useState<DevicesState['problem']>(null)

  const look = useCallback(async () => {
    try {
      setDevices(inOrder(await fetchDevices(http)))
      setProblem(null)
    } catch (error) {
      setProblem(explain(error))
    }
  }, [http])

  useEffect(() => {
    void look()
    const timer = setInterval(() => void look(), LOOK_MS)
    return () => clearInterval(timer)
  }, [look])

  const attempt = async (kept: readonly DeviceSession[], ask: () => Promise<void>): Promise<void> => {
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
    signOut: (device) =>
      void attempt(
        devices?.filter(({ id }) => id !== device.id) ?? [],
        async () => await signOutDevice(http, device.id),
      ),
    signOutAll: () => void attempt([], async () => await signOutEverywhere(http)),
  }
}

/** This tab first, then whoever was used last. */
const inOrder = (devices: readonly DeviceSession[]): DeviceSession[] =>
  devices.toSorted(
    (a, b) =>
      Number(nearness(b) === 'this-tab') - Number(nearness(a) === 'this-tab') ||
      b.last_active_at.localeCompare(a.last_active_at),
  )
