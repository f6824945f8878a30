import type { Presence } from '../client/contract.ts'

type Shown = Presence['status']

/**
 * The marks as SVG paths in a 16 × 16 box. They differ by outline, so that they are told apart without colour and at 8
 * pixels: disc, crescent, disc with a bar left open, ring, and a dash for what nobody knows.
 */
export const SHAPES: Record<Shown, string> = {
  online: 'M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13z',
  away: 'M7.2 1.6a6.5 6.5 0 1 0 7.2 8.3a5.6 5.6 0 0 1-7.2-8.3z',
  dnd: 'M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13zM4.6 6.7a.6.6 0 0 0-.6.6v1.4a.6.6 0 0 0 .6.6h6.8a.6.6 0 0 0 .6-.6V7.3a.6.6 0 0 0-.6-.6z',
  offline: 'M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13zM8 4.1a3.9 3.9 0 1 0 0 7.8a3.9 3.9 0 1 0 0-7.8z',
  unknown: 'M4.5 6.75h7a1.25 1.25 0 0 1 0 2.5h-7a1.25 1.25 0 0 1 0-2.5z',
}

/** The same outlines as lines, for when we lost contact: dashed around a pale filling, so that a disc stays a disc. */
export const OUTLINES: Record<Exclude<Shown, 'unknown'>, string> = {
  online: 'M8 2.25a5.75 5.75 0 1 1 0 11.5a5.75 5.75 0 1 1 0-11.5z',
  away: 'M6.6 2.5a5.75 5.75 0 1 0 6.9 7.9a5.6 5.6 0 0 1-6.9-7.9z',
  dnd: 'M8 2.25a5.75 5.75 0 1 1 0 11.5a5.75 5.75 0 1 1 0-11.5z',
  offline: 'M8 2.25a5.75 5.75 0 1 1 0 11.5a5.75 5.75 0 1 1 0-11.5z',
}

/** The bar of "do not disturb", which stays whole when the disc is dashed. */
export const BAR = 'M5 8h6'

/** Colours that stand out against a white and against a nearly black page alike: at least 3 to 1 on both. */
export const COLOURS: Record<Shown, string> = {
  online: '#1b9a4b',
  away: '#b57a08',
  dnd: '#dc4040',
  offline: '#7b8088',
  unknown: '#7b8088',
}
