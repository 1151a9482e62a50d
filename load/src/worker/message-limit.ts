/**
 * Makes the gate that every message and request passes: it answers true until `limit` have passed and false from then
 * on. The first that may not pass calls `onReached`, once.
 */
export function createMessageLimit(limit: number, onReached: () => void): () => boolean {
  let asked = 0
  return () => {
    if (asked++ < limit) return true
    if (asked === limit + 1) onReached()
    return false
  }
}
