import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Claim, IdempotencyKeys } from '../idempotency/contract.ts'
import type { TransportRequest } from '../transport/contract.ts'
import type { ArrivedCall, CallbackEnd, EntranceStep, OnceCall } from './callback-steps.ts'

/** Bytes that an Idempotency-Key may have. */
const maxKeyBytes = 255
/** Looks at a first call that has no answer yet, and the milliseconds between them. */
const looks = 10
const betweenLooks = 100

/** Reads the Idempotency-Key of a call that sends something, within the synchronous part of its handler; null for none. */
export function onceOf(request: TransportRequest, rest: string): OnceCall | null {
  const key = request.header('idempotency-key')
  return key === '' ? null : { key, request: `${request.method} ${rest}?${request.query}` }
}

/**
 * Has a call with an Idempotency-Key made once: one that comes again gets the first answer, another one under the same key
 * 422. Where it can't be known whether there was a first one, or how it ended, the call is not made (503).
 */
export function claimKey(keys: IdempotencyKeys): EntranceStep {
  return (carrier) => (carrier.once === null ? null : claim(carrier, carrier.once))

  async function claim(carrier: ArrivedCall, once: OnceCall): Promise<CallbackEnd | null> {
    const { call } = carrier
    if (once.key.length > maxKeyBytes) return { code: 'INVALID_CALL_PARAMETERS', detail: keyRule }
    const name = `${call.stage.apiId}/${call.stage.name}/${once.key}`
    const fingerprint = createHash('sha256').update(once.request).update('\n')
    if (carrier.body !== null) fingerprint.update(carrier.body)
    const standing = await settledClaim(name, fingerprint.digest('base64url'))
    switch (standing.kind) {
      case 'first':
        call.keepUnder(standing)
        return null
      case 'answered':
        call.repeat(standing.answer)
        return 'answered'
      case 'other':
        return { code: 'IDEMPOTENCY_KEY_REUSED' }
      case 'underway':
        return { code: 'FIRST_CALL_UNKNOWN', retryAfter: 1 }
    }
  }

  /** Waits for a moment where the first call may be about to be answered. */
  async function settledClaim(name: string, fingerprint: string): Promise<Claim> {
    let standing: Claim = { kind: 'underway' }
    for (let left = looks; left > 0 && standing.kind === 'underway'; left--) {
      if (left < looks) await pause(betweenLooks)
      standing = await keys.claim(name, fingerprint).catch(() => unknown)
      if (standing === unknown) return standing
    }
    return standing
  }
}

const keyRule = `: the Idempotency-Key has at most ${maxKeyBytes} bytes`
/** The standing of a call whose key can't be looked up. */
const unknown: Claim = { kind: 'underway' }
