/**
 * The place of this worker in the fleet, under the owner id that it has now; `confirmedAt` is when the last confirmed
 * renewal was asked for.
 */
export type Place =
  /** Has not held a lease under this owner id yet. */
  | { readonly kind: 'joining'; readonly trouble: string }
  /** Holds a lease; `intact` unless records may have been lost in Redis since then. */
  | { readonly kind: 'member'; readonly confirmedAt: number; readonly intact: boolean }
  /** Has held a lease, and could not renew it the last time. */
  | { readonly kind: 'doubtful'; readonly confirmedAt: number; readonly trouble: string }
  /**
   * Holds a lease again since `since`, after one that had run out, in a Redis that has lost its data: the grave of this
   * worker may have been lost too, and whoever knows of it has the time to dig it anew.
   */
  | { readonly kind: 'returning'; readonly confirmedAt: number; readonly since: number; readonly trouble: string }

/** The reason why a lease is not held and renewed; null while it is. */
export function troubleOf(place: Place): string | null {
  return place.kind === 'member' ? null : place.trouble
}

/** The time of the last confirmed renewal; long ago for a worker that had none. */
export function confirmedAtOf(place: Place): number {
  return place.kind === 'joining' ? Number.NEGATIVE_INFINITY : place.confirmedAt
}
