import { join } from 'node:path'
import compression from 'compression'
import express, { Router } from 'express'

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
