import { useEffect } from 'react'
import type { Status } from '../presence/wire.ts'

/** Shows a status mark in the browser's tab. The marks are files, because the content policy refuses data: images. */
export function useTabMark(status: Status, stale: boolean): void {
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    if (link) link.href = `/marks/${status}${stale ? '-stale' : ''}.svg`
  }, [status, stale])
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title
  }, [title])
}
