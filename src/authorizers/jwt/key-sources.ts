import { readFile } from 'node:fs/promises'
import type { Log } from '../../observability/contract.ts'
import type { FetchRules } from './fetch-document.ts'
import { createIssuerKeys, parseKeys } from './issuer-keys.ts'
import { createSecretKeys, type FoundKeys, type KeySource } from './key-source.ts'
import { createRefreshedKeys, type LoadKeys, type RefreshTimings } from './refreshed-keys.ts'
import { secretKey } from './verification-key.ts'

/** The keys of issuers that are fetched, shared by all authorizers that ask for the same. */
export interface KeySources {
  /**
   * Opens the keys of an issuer, and begins to fetch them. What is shared is kept while anybody holds it: a definition
   * that is deployed anew finds the last keys, also while the issuer is down.
   */
  ofIssuer(issuer: string, jwksUri: string | null): KeySource
  /** Opens the keys of a file, which may change at any time. */
  ofFile(issuer: string, file: string): KeySource
  /** The secrets of a name, as they are at any time; none where the name has none. */
  secrets(name: string): KeySource
  /** Whether there are secrets of a name. */
  hasSecrets(name: string): boolean
  /** Puts other secrets in place of all; what those that are gone have verified stands no longer. */
  useSecrets(secrets: readonly NamedSecret[]): void
  /** Drops everything. Safe to call twice. */
  close(): void
}

/** A secret of the operator's; several of one name are valid at once, so that they can be rotated. */
export interface NamedSecret {
  readonly name: string
  readonly secret: string
}

export interface KeySourcesOptions {
  readonly secrets: readonly NamedSecret[]
  readonly rules: FetchRules
  readonly log: Log
  readonly timings?: Partial<RefreshTimings>
}

/** Milliseconds for keys of a file: looking there costs little. */
const fileTimings = { freshFor: 5_000, unknownKeyPause: 1_000 }

export function createKeySources({ secrets, rules, log, timings = {} }: KeySourcesOptions): KeySources {
  const sources = new Map<string, { readonly keys: KeySource; holders: number }>()
  const now = () => performance.now()
  let secretKeys = keysOf(secrets)

  function create(issuer: string, load: LoadKeys, own: Partial<RefreshTimings>): KeySource {
    let failing = false
    const keys = createRefreshedKeys({
      ...{ load, now, timings: { ...own, ...timings } },
      loaded(problem) {
        if (problem !== null) log.warn({ issuer, problem }, 'the keys of an issuer could not be loaded')
        else if (failing) log.info({ issuer }, 'the keys of an issuer are loaded again')
        failing = problem !== null
      },
    })
    keys.warm()
    return keys
  }

  function retain(name: string, make: () => KeySource): KeySource {
    const entry = sources.get(name) ?? { keys: make(), holders: 0 }
    sources.set(name, entry)
    entry.holders++
    let held = true
    return {
      isPublic: true,
      find: (alg, kid) => entry.keys.find(alg, kid),
      close() {
        if (!held) return
        held = false
        if (--entry.holders > 0) return
        entry.keys.close()
        sources.delete(name)
      },
    }
  }

  return {
    ofIssuer: (issuer, jwksUri) =>
      retain(JSON.stringify([issuer, jwksUri]), () =>
        create(issuer, createIssuerKeys({ issuer, jwksUri, rules, now }), {}),
      ),
    ofFile: (issuer, file) =>
      retain(JSON.stringify([file]), () =>
        create(issuer, async (before) => parseKeys(file, await readFile(file, 'utf8'), before), fileTimings),
      ),
    secrets: (name) => createSecretKeys(() => secretKeys.get(name) ?? []),
    hasSecrets: (name) => secretKeys.has(name),
    useSecrets(others) {
      const before = secretKeys
      secretKeys = keysOf(others)
      for (const key of [...before.values()].flat()) key.current = false
    },
    close() {
      for (const { keys } of sources.values()) keys.close()
      sources.clear()
    },
  }
}

function keysOf(secrets: readonly NamedSecret[]): Map<string, FoundKeys> {
  const keys = new Map<string, FoundKeys>()
  for (const { name, secret } of secrets) keys.set(name, [...(keys.get(name) ?? []), secretKey(Buffer.from(secret))])
  return keys
}
