import type { Status } from '../presence/wire.ts'

/**
 * The marks as SVG paths in a 16 × 16 box. They differ by outline, so that they are told apart without colour and at
 * 8 pixels: disc, crescent, disc with a bar left open, ring. `public/marks` holds the same for the browser's tab.
 */
export const SHAPES: Record<Status, string> = {
  online: 'M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13z',
  away: 'M7.2 1.6a6.5 6.5 0 1 0 7.2 8.3a5.6 5.6 0 0 1-7.2-8.3z',
  dnd: 'M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13zM4.6 6.7a.6.6 0 0 0-.6.6v1.4a.6.6 0 0 0 .6.6h6.8a.6.6 0 0 0 .6-.6V7.3a.6.6 0 0 0-.6-.6z',
  offline: 'M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13zM8 4.1a3.9 3.9 0 1 0 0 7.8a3.9 3.9 0 1 0 0-7.8z',
}

/** The same outlines as lines, for when we lost contact: dashed around a pale filling, so that a disc stays a disc. */
export const OUTLINES: Record<Status, string> = {
  online: 'M8 2.25a5.75 5.75 0 1 1 0 11.5a5.75 5.75 0 1 1 0-11.5z',
  away: 'M6.6 2.5a5.75 5.75 0 1 0 6.9 7.9a5.6 5.6 0 0 1-6.9-7.9z',
  dnd: 'M8 2.25a5.75 5.75 0 1 1 0 11.5a5.75 5.75 0 1 1 0-11.5z',
  offline: 'M8 2.25a5.75 5.75 0 1 1 0 11.5a5.75 5.75 0 1 1 0-11.5z',
}

/** The bar of "do not disturb", which stays whole when the disc is dashed. */
export const BAR = 'M5 8h6'
