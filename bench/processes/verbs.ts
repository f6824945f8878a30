/** What a process of a bench can be asked to do. Arguments and results travel as structured clones. */
export type Verbs = Record<string, (...args: never[]) => unknown>

export interface Question {
  readonly id: number
  readonly verb: string
  readonly args: never[]
}

export type Answer =
  | { readonly ready: true }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }

/** Kilobytes after a collection of garbage. */
export interface MemoryReport {
  readonly rssKb: number
  readonly heapKb: number
  readonly externalKb: number
}
