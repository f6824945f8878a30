import type { Presence } from 'porchlight/client'
import { useEffect } from 'react'

/** Shows a status mark in the browser's tab. The marks are files, because the content policy refuses data: images. */
export function useTabMark(status: Presence['status'], stale: boolean): void {
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    const dashed = stale && status !== 'unknown'
    if (link) link.href = `/marks/${status}${dashed ? '-stale' : ''}.svg`
  }, [status, stale])
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title
  }, [title])
}
