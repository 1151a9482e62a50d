import type { Algorithm } from './algorithms.ts'
import { type FetchRules, fetchDocument, urlFault } from './fetch-document.ts'
import { readJsonObject } from './json-object.ts'
import { type KeySet, readKeySet } from './key-set.ts'
import type { FoundKeys, KeySource } from './key-source.ts'
import { TokenFault } from './token-fault.ts'

export interface RemoteKeysOptions {
  readonly issuer: string
  /** The URL of the JWK set; null to ask the issuer for it (OpenID Connect Discovery 1.0 §4). */
  readonly jwksUri: string | null
  readonly rules: FetchRules
  /** Milliseconds on a clock that only goes on. */
  readonly now: () => number
  /** Called after every fetch: with null when it went well, else why not. */
  readonly fetched: (problem: string | null) => void
  readonly timings?: Partial<RemoteKeysTimings>
}

/** All in milliseconds. */
export interface RemoteKeysTimings {
  /** Age at which keys are fetched anew, beside the answers that they still give. */
  readonly freshFor: number
  /** Age at which they are only used further when they can't be fetched. AWS says two hours. */
  readonly waitAfter: number
  /** Time between two fetches because of key ids that nobody knows. */
  readonly unknownKeyPause: number
  /** Time until the next try after one that failed; doubles up to `maxRetryPause`. */
  readonly retryPause: number
  readonly maxRetryPause: number
  /** Age at which the issuer is asked again where its keys are. */
  readonly discoveryFor: number
}

const usualTimings: RemoteKeysTimings = {
  freshFor: 600_000,
  waitAfter: 7_200_000,
  unknownKeyPause: 10_000,
  retryPause: 1_000,
  maxRetryPause: 30_000,
  discoveryFor: 3_600_000,
}

/**
 * A source of keys that are fetched from their issuer. Fetches are shared by all who wait, and never more than one runs;
 * the last keys stay while the issuer is away. A key id that nobody knows has the keys fetched at most once in
 * `unknownKeyPause`, so that made-up ids cost the issuer next to nothing.
 */
export function createRemoteKeys(options: RemoteKeysOptions): KeySource & { warm(): void } {
  const { issuer, rules, now, fetched } = options
  const timings = { ...usualTimings, ...options.timings }
  let keys: KeySet | null = null
  let fetching: Promise<void> | null = null
  let fetchedAt = 0
  let unknownAskedAt = Number.NEGATIVE_INFINITY
  let retryAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let located: { readonly uri: string; readonly at: number } | null = null
  let closed = false

  /** Resolves when the keys are fetched, or can't be. Never rejects. */
  function refresh(): Promise<void> {
    fetching ??= fetchKeys()
      .then(take, failed)
      .finally(() => {
        fetching = null
      })
    return fetching
  }

  async function fetchKeys(): Promise<KeySet> {
    const uri = options.jwksUri ?? (await locate())
    const set = readKeySet(await fetchDocument(uri, rules), keys)
    if (set === null) throw new Error(`${uri}: it is no JWK set`)
    if (set.size === 0) throw new Error(`${uri}: none of its keys verifies signatures`)
    return set
  }

  function take(set: KeySet): void {
    if (closed) return
    for (const key of keys?.keys.values() ?? []) key.current = set.keys.has(key.identity)
    keys = set
    fetchedAt = now()
    retryAt = Number.NEGATIVE_INFINITY
    failures = 0
    fetched(null)
  }

  function failed(error: Error): void {
    if (closed) return
    located = null
    retryAt = now() + Math.min(timings.retryPause * 2 ** failures, timings.maxRetryPause)
    failures++
    fetched(error.message)
  }

  async function locate(): Promise<string> {
    if (located !== null && now() - located.at < timings.discoveryFor) return located.uri
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const document = readJsonObject(await fetchDocument(url, rules))
    if (document === null) throw new Error(`${url}: it is no JSON object`)
    if (document.issuer !== issuer) throw new Error(`${url}: it is of another issuer`)
    const { jwks_uri: uri } = document
    if (typeof uri !== 'string') throw new Error(`${url}: it has no jwks_uri`)
    const fault = urlFault(uri, rules) ?? foreignOrigin(uri)
    if (fault !== null) throw new Error(`${url}: its jwks_uri ${fault}`)
    located = { uri, at: now() }
    return uri
  }

  function foreignOrigin(uri: string): string | null {
    const { origin } = new URL(uri)
    if (origin === new URL(issuer).origin || rules.trustedOrigins.includes(origin)) return null
    return `is of another origin (set jwksUri in the definition, or list ${origin} in the setting jwtTrustedOrigins)`
  }

  function findNow(alg: Algorithm, kid: string | null): FoundKeys {
    if (keys === null) throw new TokenFault('keysUnavailable')
    return keys.find(alg, kid)
  }

  async function findLater(alg: Algorithm, kid: string | null, fetch: Promise<void>): Promise<FoundKeys> {
    await fetch
    return findNow(alg, kid)
  }

  return {
    isPublic: true,
    find(alg, kid) {
      const time = now()
      const mayFetch = fetching !== null || time >= retryAt
      if (keys === null) return mayFetch ? findLater(alg, kid, refresh()) : findNow(alg, kid)
      const age = time - fetchedAt
      if (age > timings.waitAfter && mayFetch) return findLater(alg, kid, refresh())
      if (age > timings.freshFor && mayFetch) void refresh()
      const found = keys.find(alg, kid)
      if (found.length > 0) return found
      // Whoever comes while a fetch is under way takes part in it: its key may just be coming.
      if (fetching !== null) return findLater(alg, kid, fetching)
      if (time < retryAt || time - unknownAskedAt < timings.unknownKeyPause) return found
      unknownAskedAt = time
      return findLater(alg, kid, refresh())
    },
    /** Fetches the keys before the first token comes. */
    warm: () => void refresh(),
    close() {
      closed = true
    },
  }
}
