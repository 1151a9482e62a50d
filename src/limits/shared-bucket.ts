import type { BucketLimits } from './contract.ts'
import { FillingBucket } from './token-bucket.ts'

/**
 * One worker's view of a bucket that a fleet has in common: what was left of it when the worker last heard of it, less
 * what the worker has taken since, and filled at the whole rate. It never holds less than the bucket itself.
 */
export class SharedBucket extends FillingBucket {
  readonly name: string
  readonly #noteTaken: (bucket: SharedBucket) => void
  #limits: BucketLimits
  #workers: number
  /** The tokens taken since they were last handed over. */
  #taken = 0

  /** `workers` is among how many the limits are divided: 1 while they are shared. */
  constructor(name: string, limits: BucketLimits, workers: number, noteTaken: (bucket: SharedBucket) => void) {
    super(limits)
    this.name = name
    this.#noteTaken = noteTaken
    this.#limits = limits
    this.#workers = workers
    this.#divide()
  }

  get limits(): BucketLimits {
    return this.#limits
  }

  override take(now: number): boolean {
    if (!super.take(now)) return false
    if (this.#taken++ === 0) this.#noteTaken(this)
    return true
  }

  override useLimits(limits: BucketLimits): void {
    this.#limits = limits
    this.#divide()
  }

  /** Gives the tokens that were taken since it was last asked. */
  handOver(): number {
    const taken = this.#taken
    this.#taken = 0
    return taken
  }

  /** Learns how many tokens the fleet had left when it was asked at `askedAt`; those taken since are not off them yet. */
  learn(tokens: number, askedAt: number): void {
    this.level = Math.min(this.capacity, (tokens - this.#taken) * 1000)
    this.filledAt = askedAt
  }

  /** Keeps to one share of so many from now on; what was taken before is nobody's debt. */
  divideBy(workers: number): void {
    this.#workers = workers
    this.#taken = 0
    this.#divide()
  }

  #divide(): void {
    const { rateLimit, burstLimit } = this.#limits
    // A share below one token would let nothing pass, ever.
    const burst = Math.max(Math.min(1, burstLimit), burstLimit / this.#workers)
    super.useLimits({ rateLimit: rateLimit / this.#workers, burstLimit: burst })
  }
}
