import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import 'uplot/dist/uPlot.min.css'
import '../../../demo/page/src/styles/tokens.css'
import '../../../demo/page/src/styles/base.css'
import '../../../demo/page/src/styles/controls.css'
import './styles/shell.css'
import './styles/overview.css'
import './styles/explain.css'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no root element.')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
