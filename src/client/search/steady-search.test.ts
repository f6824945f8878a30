import { expect, test } from 'vitest'
import type { ProviderSearchState } from '../contract.ts'
import { createSignal } from '../signal.ts'
import { UNANSWERED_SEARCH } from './unanswered.ts'
import { createSteadySearch } from './steady-search.ts'
import { idOf } from './window.ts'

test('a held search moves nobody until the last one lets go, and tells it once', () => {
  const { steady, find, shown, changes } = setUp()
  find('abc')
  const [first, second] = [steady.hold(), steady.hold()]
  find('xca')
  expect(shown()).toEqual({ shown: 'abc', entering: 'x', leaving: 'b' })
  first()
  first()
  expect(shown()).toEqual({ shown: 'abc', entering: 'x', leaving: 'b' })
  const before = changes()
  second()
  expect(shown()).toEqual({ shown: 'xca', entering: '', leaving: '' })
  expect(changes()).toBe(before + 1)
  find('ax')
  expect(shown()).toEqual({ shown: 'ax', entering: '', leaving: '' })
})

test('a held search brings in who waits when it is asked to, and is held on', () => {
  const { steady, find, shown } = setUp()
  find('ab')
  const letGo = steady.hold()
  find('xb')
  steady.bringIn()
  expect(shown()).toEqual({ shown: 'xb', entering: '', leaving: '' })
  find('by')
  expect(shown()).toEqual({ shown: 'xb', entering: 'y', leaving: 'x' })
  letGo()
  expect(shown().shown).toBe('by')
})

test('a search is held as it is, although nobody looked at it for a while', () => {
  const { steady, find, shown } = setUp()
  find('ab')
  find('cd')
  steady.hold()
  find('dc')
  expect(shown().shown).toBe('cd')
})

test('a hold that changed nothing tells nobody, and answers the same object', () => {
  const { steady, find, changes } = setUp()
  find('ab')
  const state = steady.get()
  const before = changes()
  steady.hold()()
  steady.bringIn()
  expect(steady.get()).toBe(state)
  expect(changes()).toBe(before)
})

test('cards that only changed places go there when nobody holds them any more', () => {
  const { steady, find, shown } = setUp()
  find('ab')
  const letGo = steady.hold()
  find('ba')
  expect(shown()).toEqual({ shown: 'ab', entering: '', leaving: '' })
  letGo()
  expect(shown().shown).toBe('ba')
})

function setUp() {
  const search = createSignal<ProviderSearchState<{ readonly presence: Presence }>>(UNANSWERED_SEARCH)
  const steady = createSteadySearch(search)
  let changes = 0
  steady.subscribe(() => {
    changes += 1
  })
  const text = (cards: readonly { readonly presence: Presence }[]): string => cards.map(idOf).join('')
  return {
    steady,
    changes: () => changes,
    find(userIds: string) {
      const providers = userIds.split('').map(card)
      search.set({
        ...UNANSWERED_SEARCH,
        status: 'live',
        providers,
        counts: { online: providers.length, away: 0, dnd: 0 },
      })
    },
    shown() {
      const { providers, entering, leaving } = steady.get()
      return { shown: text(providers), entering: text(entering), leaving: [...leaving].join('') }
    },
  }
}

type Presence = ReturnType<typeof card>['presence']

const card = (userId: string) => ({
  presence: { userId, online_status: 'online' as const, last_seen: null, show_status: true },
})
