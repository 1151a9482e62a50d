import type { Log } from '../../observability/contract.ts'
import type { FetchRules } from './fetch-document.ts'
import type { KeySource } from './key-source.ts'
import { createRemoteKeys, type RemoteKeysTimings } from './remote-keys.ts'

/** The keys of issuers that are fetched, shared by all authorizers that ask for the same. */
export interface KeySources {
  /**
   * Opens the keys of an issuer, and begins to fetch them. What is shared is kept while anybody holds it: a definition
   * that is deployed anew finds the last keys, also while the issuer is down.
   */
  retain(issuer: string, jwksUri: string | null): KeySource
  /** Drops everything. Safe to call twice. */
  close(): void
}

export interface KeySourcesOptions {
  readonly rules: FetchRules
  readonly log: Log
  readonly timings?: Partial<RemoteKeysTimings>
}

export function createKeySources({ rules, log, timings = {} }: KeySourcesOptions): KeySources {
  const sources = new Map<string, { readonly keys: KeySource; holders: number }>()

  function create(issuer: string, jwksUri: string | null): KeySource {
    let failing = false
    const keys = createRemoteKeys({
      ...{ issuer, jwksUri, rules, timings, now: () => performance.now() },
      fetched(problem) {
        if (problem !== null) log.warn({ issuer, problem }, 'the keys of an issuer could not be fetched')
        else if (failing) log.info({ issuer }, 'the keys of an issuer are fetched again')
        failing = problem !== null
      },
    })
    keys.warm()
    return keys
  }

  return {
    retain(issuer, jwksUri) {
      const name = JSON.stringify([issuer, jwksUri])
      const entry = sources.get(name) ?? { keys: create(issuer, jwksUri), holders: 0 }
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
    },
    close() {
      for (const { keys } of sources.values()) keys.close()
      sources.clear()
    },
  }
}
