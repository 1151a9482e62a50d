import type { ThrottleCause } from '../vocabulary/throttle-causes.ts'

/** The limits of a token bucket, named as in `ThrottleSettings` of API Gateway. */
export interface BucketLimits {
  /** Tokens a second that flow in. */
  readonly rateLimit: number
  /** Tokens that are kept at most, hence how many can be taken at once. */
  readonly burstLimit: number
}

/** A limit on how often something may be done. Times are in milliseconds; they may stand still or step back. */
export interface TokenBucket {
  /** Takes one token; false when none is left. */
  take(now: number): boolean
  /** Whole seconds, at least one, after which there is a token if nobody takes it before; null where there never will be. */
  retryAfter(now: number): number | null
  /** Whether it has all the tokens that it keeps. */
  isFull(now: number): boolean
}

/** The token buckets that have a name, whoever else may know it. */
export interface Buckets {
  /**
   * Opens the bucket of a name: full, or the one that is open already, as it is, with these limits from now on. A reload
   * opens what it needs before it closes what it had, so that nobody gets a burst anew.
   */
  open(name: string, limits: BucketLimits): TokenBucket
  /** Closes a bucket; closed as often as it was opened, it is forgotten. */
  close(bucket: TokenBucket): void
}

/** The limits on what one connection sends. */
export interface ConnectionLimits {
  /** Messages; null for no limit. */
  readonly messages: BucketLimits | null
  /** Bytes of messages; null for no limit. One message above `burstLimit` is always refused. */
  readonly bytes: BucketLimits | null
}

/** The place that a handshake, and then its connection, has among those of its source. */
export interface SourcePlace {
  /** The handshake has been answered, one way or the other; called once. */
  answered(): void
  /** Gives the place back; called once. */
  leave(): void
}

/** The reason why a source may not connect now. */
export interface SourceRefusal {
  readonly cause: Extract<ThrottleCause, 'sourceRate' | 'sourceConnections' | 'sourceHandshakes'>
  /** Whole seconds after which to try again; null where it never helps. */
  readonly retryAfter: number | null
}

/** The limits on what comes from one address, or from one IPv6 network. */
export interface SourceLimits {
  /** Counts a handshake from an address, and takes a place for its connection. */
  enter(address: string, now: number): SourcePlace | SourceRefusal
}

/** The limits that all APIs of a process have in common; null for each that is switched off. */
export interface CommonLimits {
  /** Requests: handshakes, messages, calls of `@connections`. */
  readonly requests: TokenBucket | null
  readonly newConnections: TokenBucket | null
  readonly sources: SourceLimits | null
}

/** The tokens that one worker has taken of a bucket since it last said so. */
export interface Taking {
  readonly name: string
  readonly limits: BucketLimits
  readonly taken: number
}

/** The state of the buckets of a fleet after an exchange. */
export interface Exchange {
  /** The number of workers that share the buckets, this one among them. */
  readonly workers: number
  /** The tokens left in each bucket, in the order of the takings; below 0 where more were taken than there were. */
  readonly levels: readonly number[]
}

/** The buckets that the workers of a fleet have in common. One that nobody knows is full. */
export interface BucketStore {
  /**
   * Takes tokens out of buckets, and says what is left. Rejects when that is not certain; the takings are then not to be
   * handed over again: they may have been taken.
   */
  exchange(takings: readonly Taking[]): Promise<Exchange>
  /** Counts this worker no more. */
  leave(): Promise<void>
}

/** The connections that one worker has of a source, handshakes under way among them. */
export interface SourceCount {
  readonly name: string
  readonly connections: number
}

/** The state of sources after a worker has told of its own. */
export interface ToldSources {
  /** The number of workers, this one among them. */
  readonly workers: number
  /** Whether what this worker told before is still known; if not, it has to tell all of it again. */
  readonly isKnown: boolean
  /** The connections that the other workers have, in the order of the counts. */
  readonly others: readonly number[]
}

/** The connections of sources that the workers of a fleet tell each other of. Those of a worker that is gone go with it. */
export interface SourceCountStore {
  /**
   * Puts counts in place of what this worker told of these sources before, or, `anew`, of all sources. Rejects when that is
   * not certain.
   */
  tell(counts: readonly SourceCount[], anew: boolean): Promise<ToldSources>
}

/** All that workers tell each other of limits. */
export interface LimitStore extends BucketStore, SourceCountStore {}

/** A source as it is counted. */
export interface CountedSource extends SourceCount {
  /** The connections that other workers have, as far as is known. */
  others: number
}

/** The connections of sources at other workers. */
export interface SourceCounts {
  /** The part of so many connections that a source may have, here and, as far as they are known, elsewhere. */
  most(maxConnections: number): number
  /** Tells the others soon how many there are, and learns how many they have. */
  changed(source: CountedSource): void
}
