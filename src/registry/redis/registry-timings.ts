/** The times that a fleet lives by, in milliseconds where nothing else is said. */
export interface RegistryTimings {
  /** The lease: how long a worker counts as alive after its last sign of life. */
  readonly lease: number
  /** Milliseconds between two signs of life. */
  readonly renewal: number
  /**
   * The time that Redis must have been undisturbed before a missing lease proves a death: after an outage the living
   * need time to come back.
   */
  readonly settling: number
  /** Milliseconds between two searches for dead workers. */
  readonly sweep: number
  /** The time that another worker may take to answer. */
  readonly answer: number
  /** The time that Redis may take to answer a command. */
  readonly command: number
  /** Longest pause between two tries to reach Redis; pauses are spread at random below it. */
  readonly retry: number
  /** The time for which the owner id of a dead worker is not used again. */
  readonly grave: number
  /** The time that an undertaker may be silent before another one takes over. */
  readonly undertaker: number
  /** The time after which a backend that is silent about the `$disconnect` of a dead worker's connection counts as told. */
  readonly burial: number
  /** `$disconnect`s of dead workers that one worker runs in a second, however many workers have died. */
  readonly burialsPerSecond: number
}

const day = 86_400_000

/**
 * The share of a grave's time for which a death is kept in mind, and after which a worker that has been silent all the
 * time does not come back under its owner id: so it comes back to a grave, or while somebody can dig it anew.
 */
export const memoryShare = 0.5

/** Derives all timings from the length of a lease, in seconds. */
export function timingsOf(leaseSeconds: number): RegistryTimings {
  const lease = leaseSeconds * 1000
  return {
    lease,
    renewal: lease / 3,
    settling: lease,
    sweep: lease / 3,
    answer: 3_000,
    command: Math.min(2_000, lease / 5),
    retry: Math.min(2_000, lease / 5),
    grave: 7 * day,
    undertaker: lease,
    burial: 10_000,
    burialsPerSecond: 500,
  }
}
