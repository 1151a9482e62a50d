import { hash } from 'node:crypto'

/** The values of identity sources, each with all of its values, in the order of the sources. */
export type IdentityValues = readonly (readonly string[])[]

/** An answer that was asked for. */
export interface Asked<Answer> {
  readonly answer: Answer
  /** The size of what is to be remembered; null for an answer that is for those who wait for it, and nobody later. */
  readonly bytes: number | null
}

/** A memory of the answers of one authorizer of one stage, by what clients show of themselves. */
export interface AnswerCache<Answer> {
  /**
   * Gives what is remembered of an identity, or has it asked for, once for all who come meanwhile. Whatever `ask`
   * rejects with, all of those get, and nothing is remembered.
   */
  find(values: IdentityValues, ask: () => Promise<Asked<Answer>>): Answer | Promise<Answer>
  /** Forgets everything; answers on their way are not remembered either. */
  flush(): void
}

export interface AnswerCacheOptions {
  /** Above 0. */
  readonly ttlInSeconds: number
  readonly maxEntries: number
  /** The limit of the sizes of all answers together, as `Asked` tells them, each with `entryBytes` on top. */
  readonly maxBytes: number
  /** A monotonic clock, in milliseconds. */
  readonly clock: () => number
}

/** Bytes that an entry takes beside its answer: key and bookkeeping, about. */
export const entryBytes = 256

interface Entry<Answer> {
  readonly answer: Answer
  readonly size: number
  readonly expiresAt: number
}

/** Creates an empty memory. What was used least lately goes first, and an answer's time begins when it has come. */
export function createAnswerCache<Answer>(options: AnswerCacheOptions): AnswerCache<Answer> {
  const { ttlInSeconds, maxEntries, maxBytes, clock } = options
  const entries = new Map<string, Entry<Answer>>()
  let bytes = 0
  let asking = new Map<string, Promise<Answer>>()

  function remove(key: string, { size }: Entry<Answer>): void {
    entries.delete(key)
    bytes -= size
  }

  function keep(key: string, answer: Answer, answerBytes: number): void {
    const former = entries.get(key)
    if (former !== undefined) remove(key, former)
    const size = answerBytes + entryBytes
    entries.set(key, { answer, size, expiresAt: clock() + ttlInSeconds * 1000 })
    bytes += size
    // The order of a Map is that of insertion: what was used last stands last.
    for (const [oldest, entry] of entries) {
      if (entries.size <= maxEntries && bytes <= maxBytes) return
      remove(oldest, entry)
    }
  }

  async function askAndKeep(key: string, ask: () => Promise<Asked<Answer>>, round: typeof asking): Promise<Answer> {
    try {
      // Not before this promise is among those to join: what fails at once would else stay there for good.
      const asked = await Promise.resolve().then(ask)
      if (asked.bytes !== null && round === asking) keep(key, asked.answer, asked.bytes)
      return asked.answer
    } finally {
      round.delete(key)
    }
  }

  return {
    find(values, ask) {
      const key = keyOf(values)
      const entry = entries.get(key)
      if (entry !== undefined) {
        if (clock() < entry.expiresAt) {
          entries.delete(key)
          entries.set(key, entry)
          return entry.answer
        }
        remove(key, entry)
      }
      const joined = asking.get(key)
      if (joined !== undefined) return joined
      const asked = askAndKeep(key, ask, asking)
      asking.set(key, asked)
      return asked
    },
    flush() {
      entries.clear()
      bytes = 0
      asking = new Map()
    },
  }
}

/**
 * The key of an identity. JSON keeps apart what a separator would not (`a,b` and `c`, `a` and `b,c`), lone surrogates
 * too; credentials themselves are not kept, since a dump of memory would show them.
 */
function keyOf(values: IdentityValues): string {
  return hash('sha256', JSON.stringify(values), 'base64')
}
