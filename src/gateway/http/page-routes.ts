import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import compression from 'compression'
import express, { Router } from 'express'

/** Where a page lies that was built: beside the compiled server, or in `dist` when this runs from source. Undefined: it was not. */
export const builtPage = (name: string): string | undefined =>
  [`../../../${name}`, `../../../dist/${name}`]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(join(path, 'index.html')))

/** The page of the reference marketplace: its files carry a hash in their names, its addresses all answer the same document. */
export function pageRoutes(root: string): Router {
  const router = Router()
  router.use(compression())
  router.use('/assets', express.static(join(root, 'assets'), { immutable: true, maxAge: '1y' }))
  router.use(express.static(root, { index: false }))
  router.get(['/', '/providers/:id', '/reports'], (_req, res) => {
    res.sendFile('index.html', { root, headers: { 'Cache-Control': 'no-cache' } })
  })
  return router
}

/**
 * The operator page. It is told where it lies by its own address, so that a host may mount it anywhere: that has to end with a slash,
 * or what it asks for would lie beside it.
 */
export function operatorPage(root: string): Router {
  const router = Router()
  router.use(compression())
  router.use('/assets', express.static(join(root, 'assets'), { immutable: true, maxAge: '1y' }))
  router.get('/', (req, res) => {
    const [path = '', query] = req.originalUrl.split('?')
    if (!path.endsWith('/')) return res.redirect(308, `${path}/${query === undefined ? '' : `?${query}`}`)
    res.sendFile('index.html', { root, headers: { 'Cache-Control': 'no-cache' } })
  })
  return router
}
