import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const entry = (name: string): string => join(import.meta.dirname, '../../src', name, 'index.ts')

export default defineConfig({
  root: import.meta.dirname,
  // Hosts mount it where they like.
  base: './',
  resolve: {
    alias: { 'porchlight/protocol': entry('protocol'), 'porchlight/react': entry('react') },
  },
  plugins: [react()],
  build: {
    outDir: '../../dist/ops-page',
    emptyOutDir: true,
    // The content policy allows only files of its own: nothing may become a data: address.
    assetsInlineLimit: 0,
    target: 'es2023',
  },
})
