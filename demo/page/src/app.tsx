import { PresenceProvider } from 'porchlight/react'
import { Activity, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { DirectoryPage } from './directory/directory-page.tsx'
import { DemoStrip } from './identity/demo-strip.tsx'
import { Link } from './navigation/link.tsx'
import { rememberedScroll, useAddress } from './navigation/location.ts'
import { OwnStatus } from './own-status/own-status.tsx'
import { usePageServices } from './page-services.ts'
import { ProviderPage } from './provider/provider-page.tsx'
import { ConnectionBar } from './shell/connection-bar.tsx'
import { Lamp } from './shell/lamp.tsx'
import { NothingHere } from './shell/nothing-here.tsx'
import { useSignal } from './state/use-signal.ts'
import { ReportsPage } from './staff/reports-page.tsx'
import { StaffLink } from './staff/staff-link.tsx'
import { Announcer } from './status/announcer.tsx'

/** The whole page: the demo's strip, which can be cut off, the header, and the place the address names. */
export function App() {
  const { session, presence } = usePageServices()
  const signedIn = useSignal(session.identity).phase === 'in'
  const address = useAddress()
  const path = address.split('?')[0] ?? '/'
  const main = useRef<HTMLElement>(null)
  useArrival(path, main)

  return (
    <PresenceProvider client={useSignal(presence)} connect={signedIn}>
      <a className="skip-link" href="#main">
        Skip to the people
      </a>
      <DemoStrip />
      <header className="header">
        <Link to="/" className="brand" aria-label="Porchlight, to the directory">
          <Lamp />
          <span>Porchlight</span>
        </Link>
        <StaffLink />
        <OwnStatus />
      </header>
      <ConnectionBar />
      <main id="main" ref={main} tabIndex={-1}>
        <Place path={path} address={address} />
      </main>
      <footer className="footer">A demonstration of Porchlight, live presence for marketplaces.</footer>
      <Announcer />
    </PresenceProvider>
  )
}

/** The list is put away, not thrown away, while a person's page is open: coming back finds it as it was. */
function Place({ path, address }: { readonly path: string; readonly address: string }) {
  const isStreet = path === '/'
  const [street, setStreet] = useState<string | null>(null)
  if (isStreet && street !== address) setStreet(address)
  const providerId = /^\/providers\/([^/]+)$/.exec(path)?.[1]
  return (
    <>
      {street !== null && (
        <Activity mode={isStreet ? 'visible' : 'hidden'}>
          <DirectoryPage address={street} />
        </Activity>
      )}
      {providerId && <ProviderPage key={providerId} id={decodeURIComponent(providerId)} street={street ?? '/'} />}
      {path === '/reports' && <ReportsPage />}
      {!isStreet && !providerId && path !== '/reports' && <NothingHere />}
    </>
  )
}

/** After a step to another place: the scroll position it had, and the focus for who does not see the change. */
function useArrival(path: string, main: React.RefObject<HTMLElement | null>): void {
  const arrivedAt = useRef(path)
  useEffect(() => {
    window.history.scrollRestoration = 'manual'
  }, [])
  useLayoutEffect(() => {
    if (arrivedAt.current === path) return
    arrivedAt.current = path
    main.current?.focus({ preventScroll: true })
    window.scrollTo(0, rememberedScroll())
  }, [path, main])
}
