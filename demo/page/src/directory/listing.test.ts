import type { Presence } from 'porchlight/client'
import { describe, expect, test } from 'vitest'
import type { Provider, ProviderPage } from '../api/directory.ts'
import { append, bringIn, firstListing, refresh } from './listing.ts'
import { liveCounts } from './live-counts.ts'

const ids = (providers: readonly { id: string }[]): string[] => providers.map(({ id }) => id)

describe('a listing', () => {
  test('keeps every card in its place when a fresh page arrives, and lets who is new wait', () => {
    const listing = refresh(firstListing(page('a', 'b', 'c')), page('new', 'c', 'a'))
    expect(ids(listing.shown)).toEqual(['a', 'b', 'c'])
    expect(ids(listing.entering)).toEqual(['new'])
  })

  test('brings in the fresh page on top and drops who no longer belongs', () => {
    const listing = bringIn(refresh(firstListing(page('a', 'b', 'c')), page('new', 'a')), ({ id }) => id !== 'c')
    expect(ids(listing.shown)).toEqual(['new', 'a', 'b'])
    expect(listing.entering).toEqual([])
  })

  test('shows who arrives at once when nobody is there to be moved', () => {
    expect(ids(refresh(firstListing(page()), page('first')).shown)).toEqual(['first'])
  })

  test('shows nobody twice when somebody moved between two pages', () => {
    expect(ids(append(firstListing(page('a', 'b')), page('b', 'c')).shown)).toEqual(['a', 'b', 'c'])
  })
})

test('counts turn with live changes, before the next answer settles them', () => {
  const listing = firstListing({ ...page('a', 'b'), counts: { online: 5, away: 1, dnd: 0 } })
  const live = [presence('a', 'away'), presence('b', 'offline')]
  expect(liveCounts(listing, live)).toEqual({ online: 3, away: 2, dnd: 0 })
})

test('R45 counts do not turn for people of whom we lost sight', () => {
  const listing = firstListing({ ...page('a', 'b'), counts: { online: 5, away: 1, dnd: 0 } })
  expect(liveCounts(listing, [presence('a', 'unknown')])).toEqual({ online: 5, away: 1, dnd: 0 })
})

function presence(userId: string, status: Presence['status']): Presence {
  return { userId, status, lastSeen: null, message: null, stale: false }
}

/** A page of people who are online, unless told otherwise. */
function page(...people: string[]): ProviderPage {
  return {
    providers: people.map(person),
    next_cursor: null,
    counts: { online: people.length, away: 0, dnd: 0 },
    as_of: null,
    stale: false,
  }
}

function person(id: string): Provider {
  return {
    id,
    name: id,
    city_id: 'lyon',
    city: 'Lyon',
    country: 'France',
    service_id: 'plumber',
    service: 'Plumber',
    services: ['Plumber'],
    rating: 4.5,
    reviews: 3,
    price: 40,
    about: '',
    simulated: true,
    presence: { userId: id, online_status: 'online', last_seen: null, show_status: true },
  }
}
