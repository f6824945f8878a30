// The combining diacritical marks: what a letter with an accent consists of besides the letter.
const ACCENTS = /[\u0300-\u036f]/g

/** A name as it is compared: whoever types "jose" finds José. Both the name and what is looked for in it are folded. */
export const foldName = (name: string): string => name.normalize('NFD').replace(ACCENTS, '').toLowerCase().trim()
