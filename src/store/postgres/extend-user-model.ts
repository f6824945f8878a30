import { DataTypes, type Model, type ModelAttributeColumnOptions, type ModelStatic } from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import { type PresenceInfo, presenceInfo } from '../../domain/info.ts'
import { lastSeenText } from '../../domain/last-seen.ts'
import { isPresent, STATUSES, type Status } from '../../domain/status.ts'
import { UNSEEN } from '../../domain/view.ts'

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

const extended = new WeakSet<ModelStatic<Model>>()

/**
 * Adds the four attributes and the {@link PresenceMethods} to the host's own model; once, however often it is called.
 * An attribute that the host declared itself, with the same type, stays as it is.
 *
 * @throws {PresenceError} SCHEMA_CONFLICT the model has something else under one of these names
 */
export function extendUserModel<M extends Model>(User: ModelStatic<M>): ModelStatic<M & PresenceMethods> {
  const model = User as unknown as ModelStatic<M & PresenceMethods>
  if (extended.has(User)) return model
  for (const name of Object.keys(METHODS)) {
    if (name in User.prototype) throw conflict(User, `a method ${name}`)
  }
  const added = Object.entries(attributes()).filter(([name, attribute]) => {
    const own = User.rawAttributes[name]
    if (own && typeName(own) !== typeName(attribute)) throw conflict(User, `another attribute ${name}`)
    return !own
  })
  for (const [name, attribute] of added) User.rawAttributes[name] = { ...attribute, field: name }
  // Not in Sequelize's types, and how it takes in attributes itself (Model.init, associations).
  const { refreshAttributes } = User as unknown as { refreshAttributes(): void }
  refreshAttributes.call(User)
  for (const [name, value] of Object.entries(METHODS)) {
    Object.defineProperty(User.prototype, name, { value, writable: true, configurable: true })
  }
  extended.add(User)
  return model
}

const conflict = (User: ModelStatic<Model>, what: string): PresenceError =>
  new PresenceError(
    'SCHEMA_CONFLICT',
    `The model ${User.name} has ${what} already; rename it, presence needs the name.`,
  )

/** A type as PostgreSQL would be told: `BOOLEAN`, `VARCHAR(100)`; enums with their values, in any order. */
function typeName({ type, values }: ModelAttributeColumnOptions): string {
  const known = typeof type === 'string' ? type : typeof type === 'function' ? new (type as new () => object)() : type
  const listed = values ?? (known as { values?: readonly string[] }).values
  return listed ? `ENUM(${[...listed].sort().join()})` : String((known as { toSql?(): string }).toSql?.() ?? known)
}

interface ShownPresence {
  readonly status: Status
  readonly lastSeenAt: number | null
  readonly message: string | null
}

/** What strangers may know of a loaded row; without its `show_online_status`, nothing. */
function shownOf(user: Model): ShownPresence {
  const read = (name: string): unknown => user.getDataValue(name as never)
  if (read('show_online_status') !== true) return UNSEEN
  const status = (read('online_status') as Status | undefined) ?? 'offline'
  const activity = read('last_activity') as Date | string | null | undefined
  return {
    status,
    lastSeenAt: activity ? new Date(activity).getTime() : null,
    message: isPresent(status) ? ((read('custom_status_message') as string | null | undefined) ?? null) : null,
  }
}

function idOf(user: Model): string {
  const { primaryKeyAttribute } = user.constructor as ModelStatic<Model>
  return String(user.get(primaryKeyAttribute))
}

const METHODS: PresenceMethods & ThisType<Model> = {
  getPresenceInfo() {
    return presenceInfo(idOf(this), shownOf(this), true)
  },
  isOnline() {
    return shownOf(this).status === 'online'
  },
  getLastSeenText(locale = 'en') {
    const { status, lastSeenAt } = shownOf(this)
    return lastSeenText(status, lastSeenAt, Date.now(), locale)
  },
  canShowPresence() {
    return this.getDataValue('show_online_status' as never) === true
  },
}
