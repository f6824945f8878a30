import { createHash, randomBytes } from 'node:crypto'

const RECEIPT_BYTES = 32

/**
 * A receipt for whoever asked, and what is kept of it. The proof is a digest of the receipt and the user: with the receipt anybody can check
 * whose data it was, without it nobody can find out, not even by trying all users there are.
 */
export function newReceipt(userId: string): { receipt: string; proof: string } {
  const receipt = randomBytes(RECEIPT_BYTES).toString('base64url')
  return { receipt, proof: proofOf(receipt, userId) }
}

/** The same as `printf '%s:%s' <receipt> <user id> | sha256sum`. */
const proofOf = (receipt: string, userId: string): string =>
  createHash('sha256').update(`${receipt}:${userId}`).digest('hex')
