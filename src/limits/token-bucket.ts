/** A limit on how often something may be done. */
export interface TokenBucket {
  /** Takes one token; false when none is left. */
  take(now: number): boolean
}

/**
 * A token bucket as API Gateway's throttling describes it ("Throttle requests to your APIs"): `rate` tokens a second
 * flow in, at most `burst` are kept. `now` is in milliseconds and may stand still or step back.
 */
export function createTokenBucket(rate: number, burst: number): TokenBucket {
  let tokens = burst
  let filledAt = 0
  return {
    take(now) {
      if (now > filledAt) {
        tokens = filledAt === 0 ? burst : Math.min(burst, tokens + ((now - filledAt) * rate) / 1000)
        filledAt = now
      }
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
