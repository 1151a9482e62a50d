import type { Algorithm } from './algorithms.ts'
import type { KeySet } from './key-set.ts'
import type { FoundKeys, KeySource } from './key-source.ts'
import { TokenFault } from './token-fault.ts'

/** The loading of keys; `before` are those that were loaded last. It rejects with one sentence. */
export type LoadKeys = (before: KeySet | null) => Promise<KeySet>

export interface RefreshedKeysOptions {
  readonly load: LoadKeys
  /** Milliseconds on a clock that only goes on. */
  readonly now: () => number
  /** Called after every load: with null when it went well, else why not. */
  readonly loaded: (problem: string | null) => void
  readonly timings?: Partial<RefreshTimings>
}

/** All in milliseconds. */
export interface RefreshTimings {
  /** Age at which keys are loaded anew, beside the answers that they still give. */
  readonly freshFor: number
  /** Age at which they are only used further when they can't be loaded. AWS says two hours. */
  readonly waitAfter: number
  /** Time between two loads because of key ids that nobody knows. */
  readonly unknownKeyPause: number
  /** Time until the next try after one that failed; doubles up to `maxRetryPause`. */
  readonly retryPause: number
  readonly maxRetryPause: number
}

const usualTimings: RefreshTimings = {
  freshFor: 600_000,
  waitAfter: 7_200_000,
  unknownKeyPause: 10_000,
  retryPause: 1_000,
  maxRetryPause: 30_000,
}

/**
 * A source of keys that change where they come from. Loads are shared by all who wait, and never more than one runs; the
 * last keys stay while they can't be loaded. A key id that nobody knows has them loaded at most once in
 * `unknownKeyPause`, so that made-up ids cost the issuer next to nothing.
 */
export function createRefreshedKeys(options: RefreshedKeysOptions): KeySource & { warm(): void } {
  const { load, now, loaded } = options
  const timings = { ...usualTimings, ...options.timings }
  let keys: KeySet | null = null
  let loading: Promise<void> | null = null
  let loadedAt = 0
  let unknownAskedAt = Number.NEGATIVE_INFINITY
  let retryAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let closed = false

  /** Resolves when the keys are loaded, or can't be. Never rejects. */
  function refresh(): Promise<void> {
    loading ??= load(keys)
      .then(take, failed)
      .finally(() => {
        loading = null
      })
    return loading
  }

  function take(set: KeySet): void {
    if (closed) return
    for (const key of keys?.keys.values() ?? []) key.current = set.keys.has(key.identity)
    keys = set
    loadedAt = now()
    retryAt = Number.NEGATIVE_INFINITY
    failures = 0
    loaded(null)
  }

  function failed(error: Error): void {
    if (closed) return
    retryAt = now() + Math.min(timings.retryPause * 2 ** failures, timings.maxRetryPause)
    failures++
    // It has told nothing of the key that was asked for: the pause above is enough.
    unknownAskedAt = Number.NEGATIVE_INFINITY
    loaded(error.message)
  }

  function findNow(alg: Algorithm, kid: string | null): FoundKeys {
    if (keys === null) throw new TokenFault('keysUnavailable')
    return keys.find(alg, kid)
  }

  async function findLater(alg: Algorithm, kid: string | null, load: Promise<void>): Promise<FoundKeys> {
    await load
    const found = findNow(alg, kid)
    // It may have begun before the key was there.
    if (found.length > 0 || !mayAskForUnknown(now())) return found
    await refresh()
    return findNow(alg, kid)
  }

  /** Whether keys may be loaded because of an unknown key id; to be called only where they then are. */
  function mayAskForUnknown(time: number): boolean {
    if (time < retryAt || time - unknownAskedAt < timings.unknownKeyPause) return false
    unknownAskedAt = time
    return true
  }

  return {
    isPublic: true,
    find(alg, kid) {
      const time = now()
      const mayLoad = loading !== null || time >= retryAt
      if (keys === null) return mayLoad ? findLater(alg, kid, refresh()) : findNow(alg, kid)
      const age = time - loadedAt
      if (age > timings.waitAfter && mayLoad) return findLater(alg, kid, refresh())
      if (age > timings.freshFor && mayLoad) void refresh()
      const found = keys.find(alg, kid)
      if (found.length > 0) return found
      // Whoever comes while a load is under way takes part in it: its key may just be coming.
      if (loading !== null) return findLater(alg, kid, loading)
      return mayAskForUnknown(time) ? findLater(alg, kid, refresh()) : found
    },
    /** Loads the keys before the first token comes. */
    warm: () => void refresh(),
    close() {
      closed = true
    },
  }
}
