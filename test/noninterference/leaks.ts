import fc from 'fast-check'
import { raiseFloors } from '../../src/domain/pairs.ts'
import type { UserRecord } from '../../src/domain/user-record.ts'
import { versionTime } from '../../src/domain/version.ts'
import type { DurableStore, HotStore, ProviderPage, ProviderSearch, RecordStep } from '../../src/store/contract.ts'
import { BLOCK_HIDINGS, type Hiding, LEVEL_HIDINGS } from './hiding.ts'
import { PROVIDERS, SECRET } from './people.ts'
import type { Plant, Stores } from './world.ts'

/** Something planted, and how somebody hides for whom it would tell. */
export interface Leak {
  readonly hiding: fc.Arbitrary<Hiding>
  readonly plant: Plant
}

const SWITCH = fc.constant<Hiding>({ by: 'switch' })

/**
 * Leaks that are planted on purpose, each as something put between the system and its stores: the harness is worth what it finds. Nothing
 * of this is in the product.
 */
export const LEAKS: Readonly<Record<string, Leak>> = {
  'counts include who is hidden': {
    hiding: SWITCH,
    plant: (stores) =>
      withSearch(stores, (page, search, truth) => {
        const status = truth?.own.status ?? 'offline'
        if (status === 'offline' || !isListedIn(search)) return page
        return { ...page, counts: { ...page.counts, [status]: page.counts[status] + 1 } }
      }),
  },

  'the order goes by when somebody was really seen': {
    hiding: SWITCH,
    plant: (stores) =>
      withSearch(stores, (page, { sort }, truth) => {
        const seenAt = truth?.own.lastSeenAt ?? null
        if (seenAt === null || sort === 'rating' || sort === 'price') return page
        const rows = page.rows.map((row) =>
          row.userId === SECRET && row.position.keys[0] === 0
            ? { ...row, position: { ...row.position, keys: [0, seenAt] as const } }
            : row,
        )
        const order = rows.toSorted(
          (a, b) => b.position.keys[0] - a.position.keys[0] || b.position.keys[1] - a.position.keys[1],
        )
        return { ...page, rows: order }
      }),
  },

  'the version moves with the truth': {
    hiding: SWITCH,
    plant: (stores) =>
      withSteps(stores, (record) =>
        record.visibility.visible ? record : { ...record, stranger: { ...record.stranger, version: record.version } },
      ),
  },

  'what strangers read moves with what only contacts are told': {
    hiding: LEVEL_HIDINGS,
    plant: (stores) =>
      withSteps(stores, (record) =>
        isNarrowed(record) ? { ...record, stranger: { ...record.stranger, version: record.contact.version } } : record,
      ),
  },

  'what the blocked read moves with what others are told': {
    hiding: BLOCK_HIDINGS,
    plant: (stores) =>
      withSteps(stores, (record) =>
        record.pairs.some(({ blocked }) => blocked)
          ? { ...record, pairs: raiseFloors(record.pairs, record.stranger.version) }
          : record,
      ),
  },

  'watchers are told of what they cannot see': {
    hiding: SWITCH,
    plant: (stores, world) => {
      stores.hot.onChange(({ before, after }) => {
        if (!after.visibility.visible && before.own.version !== after.own.version) world.repeat(after.userId)
      })
      return stores
    },
  },

  'as_of, and so the ETag, goes by the truth': {
    hiding: SWITCH,
    plant: (stores) =>
      withSearch(stores, (page, search, truth) => {
        const at = truth && isListedIn(search) ? versionTime(truth.own.version) : 0
        return { ...page, asOf: at === 0 ? page.asOf : Math.max(page.asOf ?? 0, at) }
      }),
  },
}

const isNarrowed = ({ visibility, contact, stranger }: UserRecord): boolean =>
  visibility.visible && contact !== stranger

/** The secret user is in both services of the first city. */
function isListedIn({ cityId }: ProviderSearch): boolean {
  return cityId === null || PROVIDERS.some(({ id, city_id }) => id === SECRET && city_id === cityId)
}

/** Changes what a search finds, knowing the truth about the secret user. */
function withSearch(
  stores: Stores,
  change: (page: ProviderPage, search: ProviderSearch, truth: UserRecord | undefined) => ProviderPage,
): Stores {
  const findProviders: DurableStore['findProviders'] = async (search) => {
    const truth = (await stores.hot.read([SECRET])).get(SECRET)
    return change(await stores.durable.findProviders(search), search, truth)
  }
  return { ...stores, durable: { ...stores.durable, findProviders } }
}

/** Changes what becomes of every record. */
function withSteps(stores: Stores, change: (record: UserRecord) => UserRecord): Stores {
  const changing =
    (step: RecordStep): RecordStep =>
    (record, now) => {
      const made = step(record, now)
      return { ...made, record: change(made.record) }
    }
  const hot: HotStore = {
    ...stores.hot,
    change: (userId, step, cold) => stores.hot.change(userId, changing(step), cold),
  }
  return { ...stores, hot }
}
