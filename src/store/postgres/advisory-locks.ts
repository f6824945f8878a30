/** Advisory locks that presence takes in the host's database; any numbers, as long as they differ. */
export const ADVISORY_LOCKS = { migrate: 7_040_101, process: 7_040_102, life: 7_040_103 } as const
