import { createHash } from 'node:crypto'
import { keyspaceOf, type RedisClient } from '../store/contract.ts'
import type { Claim, FirstCall, IdempotencyKeys, KeptAnswer } from './contract.ts'

export interface RedisKeysOptions {
  readonly redis: Pick<RedisClient, 'run' | 'database'>
  readonly keyPrefix: string
  /** Milliseconds for which a key counts. */
  readonly windowInMillis: number
}

/**
 * The keys of a fleet: a string in Redis for each, with the fingerprint of the call, and its answer once there is one. The
 * names of its keys are hashes of what callers choose.
 */
export function createRedisKeys({ redis, keyPrefix, windowInMillis }: RedisKeysOptions): IdempotencyKeys {
  const { key } = keyspaceOf(keyPrefix, 'idempotency', redis.database)

  function first(redisKey: string, fingerprint: string): FirstCall {
    return {
      kind: 'first',
      async keep(answer) {
        // Kept for as long as the key would have been: XX writes nothing where that has ended.
        await redis.run('SET', redisKey, textOf(fingerprint, answer), 'XX', 'KEEPTTL').catch(() => {})
      },
      async forget() {
        await redis.run('DEL', redisKey).catch(() => {})
      },
    }
  }

  return {
    async claim(name, fingerprint) {
      const redisKey = key(createHash('sha256').update(name).digest('base64url'))
      const claimed = textOf(fingerprint, null)
      const before = await redis.run('SET', redisKey, claimed, 'NX', 'GET', 'PX', windowInMillis)
      return before === null ? first(redisKey, fingerprint) : standing(String(before), fingerprint)
    },
  }
}

function textOf(fingerprint: string, answer: KeptAnswer | null): string {
  return JSON.stringify(answer === null ? [fingerprint] : [fingerprint, answer.status, answer.body])
}

/** The standing of a call behind an earlier one; what is none of ours is treated as one without an answer. */
function standing(text: string, fingerprint: string): Claim {
  const [known, status, body] = readText(text)
  if (known !== fingerprint) return typeof known === 'string' ? { kind: 'other' } : { kind: 'underway' }
  if (typeof status !== 'number' || !(body === null || typeof body === 'string')) return { kind: 'underway' }
  return { kind: 'answered', answer: { status, body } }
}

function readText(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as unknown[]) : []
  } catch {
    return []
  }
}
