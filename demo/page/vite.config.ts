import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = 'http://localhost:3000'

/** The page is written as a host's page would be: it knows the package by its public names alone. */
const entry = (name: string): string => join(import.meta.dirname, '../../src', name, 'index.ts')

export default defineConfig({
  root: import.meta.dirname,
  resolve: {
    alias: {
      'porchlight/client': entry('client'),
      'porchlight/protocol': entry('protocol'),
      'porchlight/react': entry('react'),
    },
  },
  plugins: [react()],
  build: {
    outDir: '../../dist/page',
    emptyOutDir: true,
    // The server's content policy allows only files of its own: nothing may become a data: address.
    assetsInlineLimit: 0,
    target: 'es2023',
  },
  server: {
    proxy: { '/api': server, '/socket.io': { target: server, ws: true } },
  },
})
