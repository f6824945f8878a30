import type { DeviceSession } from 'porchlight/protocol'
import { usePresenceClient, useTimeAgo } from 'porchlight/react'
import { useState } from 'react'
import { deviceName, placeInTime } from './device-words.ts'
import { useDevices } from './use-devices.ts'

/** Where the person is signed in, and the way to end it there. */
export function Devices() {
  const { devices, problem, signOut, signOutAll } = useDevices()
  const [sure, setSure] = useState(false)

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
          <Device key={device.id} device={device} onSignOut={() => signOut(device)} />
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

interface DeviceProps {
  readonly device: DeviceSession
  readonly onSignOut: () => void
}

function Device({ device, onSignOut }: DeviceProps) {
  const here = usePresenceClient().deviceId()
  const name = deviceName(device)
  const place = placeInTime(device, here, useTimeAgo(device.last_active_at))
  return (
    <li className="device" data-testid="device-row" data-session-id={device.id}>
      <span className="device-name">{name}</span>
      <span className="device-time">{place}</span>
      <button type="button" className="text-button" aria-label={`Sign out ${name}, ${place}`} onClick={onSignOut}>
        Sign out
      </button>
    </li>
  )
}
