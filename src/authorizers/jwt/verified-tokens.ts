import { hash } from 'node:crypto'

/**
 * A memory of tokens that were verified, by their hashes: those that were used last, up to a number of tokens and a
 * number of their characters.
 */
export interface VerifiedTokens<Known> {
  get(token: string): Known | null
  set(token: string, known: Known): void
  delete(token: string): void
}

export interface VerifiedTokensOptions {
  readonly maxTokens: number
  readonly maxCharacters: number
}

/** Creates an empty table. Tokens themselves are not kept: a dump of memory or a debugger would show them. */
export function createVerifiedTokens<Known>(options: VerifiedTokensOptions): VerifiedTokens<Known> {
  const { maxTokens, maxCharacters } = options
  const entries = new Map<string, { readonly known: Known; readonly size: number }>()
  let characters = 0

  function remove(key: string): void {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    characters -= entry.size
  }

  return {
    get(token) {
      const key = keyOf(token)
      const entry = entries.get(key)
      if (entry === undefined) return null
      // The order of a Map is that of insertion: what was used last stands last.
      entries.delete(key)
      entries.set(key, entry)
      return entry.known
    },
    set(token, known) {
      const key = keyOf(token)
      remove(key)
      entries.set(key, { known, size: token.length })
      characters += token.length
      while (entries.size > maxTokens || characters > maxCharacters) {
        remove(entries.keys().next().value as string)
      }
    },
    delete: (token) => remove(keyOf(token)),
  }
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64')
}
