// A user's first own row starts from what the host's columns tell of them, exactly as `load` reads them without a row.

export const FIRST_ROW_COLUMNS = `user_id, version, last_seen, last_activity, own_last_seen,
  kept_last_seen, kept_activity, public_last_seen, public_activity`

/** @param showsNow whether strangers may know when they were here from now on @param version, asTold SQL expressions */
export const firstRow = (
  id: string,
  showsNow: string,
  version: string,
  asTold: (moment: string) => string = (moment) => moment,
): string => {
  const open = 'case when u.show_online_status then u.last_activity end'
  const shown = `case when u.show_online_status and ${showsNow} then ${asTold('u.last_activity')} end`
  return `u.${id}, ${version}, u.last_activity, u.last_activity, u.last_activity, ${open}, ${open}, ${shown}, ${shown}`
}
