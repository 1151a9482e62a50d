import type { BucketLimits, TokenBucket } from './contract.ts'

/** Milliseconds by which times may come late: a handshake is counted by its beginning, after an authorizer has answered. */
const longestDelay = 60_000

/**
 * A token bucket as API Gateway's throttling describes it ("Throttle requests to your APIs"). It counts in thousandths
 * of tokens: a whole rate gives whole numbers for each millisecond, so that nothing is rounded.
 */
export class FillingBucket implements TokenBucket {
  protected rate: number
  protected capacity: number
  protected level: number
  protected filledAt = 0

  constructor({ rateLimit, burstLimit }: BucketLimits) {
    this.rate = rateLimit
    this.capacity = burstLimit * 1000
    this.level = this.capacity
  }

  take(now: number): boolean {
    if (now !== this.filledAt) this.fill(now)
    if (this.level < 1000) return false
    this.level -= 1000
    return true
  }

  retryAfter(now: number): number | null {
    this.fill(now)
    if (this.level >= 1000) return 1
    if (this.rate <= 0 || this.capacity < 1000) return null
    return Math.max(1, Math.ceil((1000 - this.level) / this.rate / 1000))
  }

  isFull(now: number): boolean {
    this.fill(now)
    return this.level >= this.capacity
  }

  /** Puts other limits in place; what was taken stays taken. */
  useLimits({ rateLimit, burstLimit }: BucketLimits): void {
    this.rate = rateLimit
    this.capacity = burstLimit * 1000
    this.level = Math.min(this.level, this.capacity)
  }

  protected fill(now: number): void {
    if (now > this.filledAt) {
      this.level = Math.min(this.capacity, this.level + (now - this.filledAt) * this.rate)
      this.filledAt = now
    } else if (this.filledAt - now > longestDelay) {
      // The clock was set back: nothing would flow in until it is where it was.
      this.filledAt = now
    }
  }
}

/** A full bucket. */
export function createTokenBucket(rateLimit: number, burstLimit: number): TokenBucket {
  return new FillingBucket({ rateLimit, burstLimit })
}
