import type { ThrottleCause } from '../vocabulary/throttle-causes.ts'
import type { BucketLimits, ConnectionLimits } from './contract.ts'

/** The limits of connections in thousandths of tokens, as they are compared with each message; Infinity for none. */
export interface CompiledConnectionLimits {
  readonly messageRate: number
  readonly messageCapacity: number
  readonly byteRate: number
  readonly byteCapacity: number
}

/** Compiles limits; null where there are none. */
export function compileConnectionLimits(limits: ConnectionLimits): CompiledConnectionLimits | null {
  const { messages, bytes } = limits
  if (messages === null && bytes === null) return null
  const rateOf = (each: BucketLimits | null) => each?.rateLimit ?? Number.POSITIVE_INFINITY
  const capacityOf = (each: BucketLimits | null) => (each?.burstLimit ?? Number.POSITIVE_INFINITY) * 1000
  return {
    messageRate: rateOf(messages),
    messageCapacity: capacityOf(messages),
    byteRate: rateOf(bytes),
    byteCapacity: capacityOf(bytes),
  }
}

type ConnectionCause = Extract<ThrottleCause, 'connectionMessages' | 'connectionBytes'>

/** The tokens of one connection, for its messages and their bytes; full at first. The limits may change meanwhile. */
export class ConnectionTokens {
  #messages = Number.POSITIVE_INFINITY
  #bytes = Number.POSITIVE_INFINITY
  #filledAt = 0

  /** Takes the tokens of a message, or says which of them are missing: it then takes none. */
  take(limits: CompiledConnectionLimits, bytes: number, now: number): ConnectionCause | null {
    if (now > this.#filledAt) {
      const passed = now - this.#filledAt
      this.#messages = Math.min(limits.messageCapacity, this.#messages + passed * limits.messageRate)
      this.#bytes = Math.min(limits.byteCapacity, this.#bytes + passed * limits.byteRate)
    }
    // A clock that steps back gives nothing, and goes on from there.
    this.#filledAt = now
    if (this.#messages < 1000) return 'connectionMessages'
    if (this.#bytes < bytes * 1000) return 'connectionBytes'
    this.#messages -= 1000
    this.#bytes -= bytes * 1000
    return null
  }
}
