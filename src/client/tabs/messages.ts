import type { SearchWish } from '../search/searches.ts'
import type { Told } from '../upstream.ts'
import type { View } from '../view.ts'

/**
 * What the tabs of one browser tell each other. A BroadcastChannel reaches all of them: what the leading tab says is for
 * all unless it names one, what others say is for the leading tab. `from` and `to` are names of tabs.
 */
export type TabMessage =
  /**
   * Another tab leads from now on: everybody introduces themself to it. `since`: epoch milliseconds of the last moment at
   * which the one before was surely there.
   */
  | { readonly kind: 'lead'; readonly from: string; readonly since: number }
  | { readonly kind: 'told'; readonly from: string; readonly told: Told; readonly to: string | null }
  /** Is there anybody who leads? */
  | { readonly kind: 'ask' }
  | { readonly kind: 'here'; readonly from: string }
  | {
      readonly kind: 'join'
      readonly from: string
      readonly users: readonly string[]
      readonly held: readonly View[]
      readonly searches: readonly SearchWish[]
    }
  | { readonly kind: 'want'; readonly from: string; readonly users: readonly string[] }
  | { readonly kind: 'search'; readonly from: string; readonly searches: readonly SearchWish[] }
  | { readonly kind: 'part'; readonly from: string }
  | { readonly kind: 'activity' | 'nudge' | 'network-lost' }
