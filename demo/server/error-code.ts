/** The code that Node or PostgreSQL gave an error (`EEXIST`, `42P04`), if any. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
