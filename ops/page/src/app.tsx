import { useRef, useState } from 'react'
import { ExplainPanel } from './explain/explain-panel.tsx'
import { createApi } from './api.ts'
import { OverviewPanel } from './overview/overview-panel.tsx'
import { Header } from './shell/header.tsx'
import { SignIn } from './shell/sign-in.tsx'
import { forgetToken, keepToken, keptToken } from './shell/token.ts'

/** The whole page: a way in, then how the system is and why somebody is shown as they are. */
export function App() {
  const [token, setToken] = useState(keptToken)
  const [refused, setRefused] = useState<string | null>(null)
  const main = useRef<HTMLElement>(null)

  const enter = (given: string): void => {
    // The field that has the focus is about to go.
    main.current?.focus()
    keepToken(given)
    setRefused(null)
    setToken(given)
  }
  const leave = (why: string | null): void => {
    forgetToken()
    setRefused(why)
    setToken(null)
  }
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the overview
      </a>
      <Header onLeave={token === null ? null : () => leave(null)} />
      <main id="main" ref={main} tabIndex={-1}>
        {token === null ? (
          <SignIn refused={refused} onEnter={enter} />
        ) : (
          <Desk key={token} token={token} onRefused={leave} />
        )}
      </main>
    </>
  )
}

function Desk({ token, onRefused }: { readonly token: string; readonly onRefused: (why: string) => void }) {
  const [api] = useState(() => createApi(token))
  return (
    <div className="desk">
      <OverviewPanel api={api} onRefused={onRefused} />
      <ExplainPanel api={api} onRefused={onRefused} />
    </div>
  )
}
