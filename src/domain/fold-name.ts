// The combining diacritical marks: what a letter with an accent consists of besides the letter.
const ACCENTS = /[\u0300-\u036f]/g

/** A name as it is compared: whoever types "jose" finds José. Both the name and what is looked for in it are folded. */
export const foldName = (name: string): string => name.normalize('NFD').replace(ACCENTS, '').toLowerCase().trim()

/** Shorter texts have no trigram of their own: an index could not find them, and hardly anybody is meant by them. */
const ANYWHERE_LENGTH = 3

/** Whether a folded text is looked for anywhere in a name. Shorter ones are at the beginning of a word. */
export const isFoundAnywhere = (sought: string): boolean => Array.from(sought).length >= ANYWHERE_LENGTH

/** Whether somebody of that name is meant by what is looked for; both are folded. */
export const isNamed = (name: string, sought: string): boolean =>
  isFoundAnywhere(sought) ? name.includes(sought) : ` ${name}`.includes(` ${sought}`)

/** Whether a folded text has anything of a name in it. */
export const isPartOfName = (sought: string): boolean => /[\p{L}\p{N}]/u.test(sought)
