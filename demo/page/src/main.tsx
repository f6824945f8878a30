import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { createPageServices, PageServicesContext } from './page-services.ts'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/status.css'
import './styles/shell.css'
import './styles/directory.css'
import './styles/card.css'
import './styles/provider.css'
import './styles/menu.css'
import './styles/reports.css'

const services = createPageServices()
void services.session.start()

const root = document.getElementById('root')
if (!root) throw new Error('The page has no root element.')
createRoot(root).render(
  <StrictMode>
    <PageServicesContext value={services}>
      <App />
    </PageServicesContext>
  </StrictMode>,
)
