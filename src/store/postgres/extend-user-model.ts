import { DataTypes, type Model, type ModelAttributeColumnOptions, type ModelStatic } from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import { type PresenceInfo, presenceInfo } from '../../domain/info.ts'
import { lastSeenText } from '../../domain/last-seen.ts'
import { isPresent, STATUSES } from '../../domain/status.ts'
import { UNSEEN, type View } from '../../domain/view.ts'

/** What the host's own users can say of their presence, from the row that was loaded. All of it is fit for strangers. */
export interface PresenceMethods {
  /** What everybody may know: a hidden user looks exactly like one who was never here (R30). */
  getPresenceInfo(): PresenceInfo
  /** Online, and not hidden. */
  isOnline(): boolean
  /** "online now", "last seen 5 minutes ago", "offline". @default locale 'en' */
  getLastSeenText(locale?: string): string
  /** Whether the user lets others know. A row loaded without `show_online_status` does not. */
  canShowPresence(): boolean
}

/** The attributes of the host's four columns (4.1). A new object each time: Sequelize writes into it. */
const attributes = (): Record<string, ModelAttributeColumnOptions> => ({
  online_status: {
    type: DataTypes.ENUM(...STATUSES),
    values: [...STATUSES],
    allowNull: false,
    defaultValue: 'offline',
  },
  last_activity: { type: DataTypes.DATE, allowNull: true },
  show_online_status: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: true },
  custom_status_message: { type: DataTypes.STRING(100), allowNull: true },
})

const extended = new WeakSet<object>()
const isExtended = <M extends Model>(User: ModelStatic<M>): User is ModelStatic<M & PresenceMethods> =>
  extended.has(User)

/**
 * Adds the four attributes and the {@link PresenceMethods} to the host's own model; once, however often it is called.
 * An attribute that the host declared itself, with the same type, stays as it is. The others are read by name; a row that is read as a
 * whole (`toJSON()`, `get()`) is what it was before, so that no answer of the host's tells strangers what only views may (R34).
 *
 * @throws {PresenceError} SCHEMA_CONFLICT the model has something else under one of these names
 */
export function extendUserModel<M extends Model>(User: ModelStatic<M>): ModelStatic<M & PresenceMethods> {
  if (isExtended(User)) return User
  const methods = methodsFor(User)
  for (const name of Object.keys(methods)) {
    if (name in User.prototype) throw conflict(User, `a method ${name}`)
  }
  leaveOutOfWholeRows(User, addAttributes(User))
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(User.prototype, name, { value, writable: true, configurable: true })
  }
  extended.add(User)
  return extendUserModel(User)
}

/** @returns the names of those that the host did not have */
function addAttributes(User: ModelStatic<Model>): string[] {
  const added = Object.entries(attributes()).filter(([name, attribute]) => {
    const own = User.rawAttributes[name]
    if (own && typeName(own) !== typeName(attribute)) throw conflict(User, `another attribute ${name}`)
    return !own
  })
  for (const [name, attribute] of added) User.rawAttributes[name] = { ...attribute, field: name }
  if (refreshes(User)) User.refreshAttributes()
  return added.map(([name]) => name)
}

/** `get` is what everything reads by that reads a whole row: `toJSON`, the host's own `toJSON`, and the rows that include this one. */
function leaveOutOfWholeRows({ prototype }: ModelStatic<Model>, names: readonly string[]): void {
  const read = prototype.get
  const value = function (this: Model, ...args: unknown[]): unknown {
    const found: unknown = Reflect.apply(read, this, args)
    if (typeof args[0] === 'string' || typeof found !== 'object' || found === null) return found
    return Object.fromEntries(Object.entries(found).filter(([name]) => !names.includes(name)))
  }
  Object.defineProperty(prototype, 'get', { value, writable: true, configurable: true })
}

/** Not in Sequelize's types, and how it takes in attributes itself (`Model.init`, associations). */
const refreshes = (model: object): model is { refreshAttributes(): void } => 'refreshAttributes' in model

const conflict = (User: ModelStatic<Model>, what: string): PresenceError =>
  new PresenceError(
    'SCHEMA_CONFLICT',
    `The model ${User.name} has ${what} already; rename it, presence needs the name.`,
  )

/** A type as PostgreSQL would be told: `BOOLEAN`, `VARCHAR(100)`; enums with their values, in any order. */
function typeName({ type, values }: ModelAttributeColumnOptions): string {
  const instance: unknown = typeof type === 'function' ? Reflect.construct(type, []) : type
  if (typeof instance === 'string') return instance
  const listed = values ?? valuesOf(instance)
  if (listed) return `ENUM(${listed.toSorted().join()})`
  return instance instanceof DataTypes.ABSTRACT ? instance.toSql() : ''
}

// An enum that was declared by its type alone keeps its values there.
const valuesOf = (type: unknown): readonly string[] | undefined =>
  type instanceof DataTypes.ENUM && 'values' in type && Array.isArray(type.values) ? type.values.map(String) : undefined

/** What strangers may know of a loaded row; without its `show_online_status`, nothing. */
function shownOf(user: Model): Omit<View, 'version'> {
  if (!shows(user)) return UNSEEN
  const stored: unknown = user.getDataValue('online_status')
  const activity: unknown = user.getDataValue('last_activity')
  const message: unknown = user.getDataValue('custom_status_message')
  const status = STATUSES.find((word) => word === stored) ?? 'offline'
  return {
    status,
    lastSeenAt: activity instanceof Date || typeof activity === 'string' ? new Date(activity).getTime() : null,
    message: isPresent(status) && typeof message === 'string' ? message : null,
  }
}

const shows = (user: Model): boolean => user.getDataValue('show_online_status') === true

const methodsFor = ({ primaryKeyAttribute }: ModelStatic<Model>): PresenceMethods & ThisType<Model> => ({
  getPresenceInfo() {
    return presenceInfo(String(this.getDataValue(primaryKeyAttribute)), shownOf(this), true)
  },
  isOnline() {
    return shownOf(this).status === 'online'
  },
  getLastSeenText(locale = 'en') {
    const { status, lastSeenAt } = shownOf(this)
    return lastSeenText(status, lastSeenAt, Date.now(), locale)
  },
  canShowPresence() {
    return shows(this)
  },
})
