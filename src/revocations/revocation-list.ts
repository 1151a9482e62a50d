import type { Log } from '../observability/contract.ts'
import type { Revocation, RevocationStore, Revocations, RevokedKind } from './contract.ts'
import { nameText } from './revocation-name.ts'

/** Milliseconds between two looks at what others have revoked: what a fleet may lag. */
const intervalInMillis = 1_000
/** Looks between two in which what has expired is forgotten. */
const looksPerCleaning = 60

export interface RevocationListOptions {
  readonly store: RevocationStore
  /** Called after revocations were added, here or by others: what they revoke may be open. */
  readonly added: (revocations: readonly Revocation[]) => void
  readonly log: Log
  readonly now: () => number
}

/** The list of one process, with its clock. */
export interface RevocationList extends Revocations {
  /** Reads the list for the first time. Never rejects: while it can't be read, `find` says `unknown`, and it is tried again. */
  start(): Promise<void>
  /** Stops the clock. Safe to call twice. */
  stop(): void
}

/** A list over a store. What was read stays in force while the store is away. */
export function createRevocationList({ store, added, log, now }: RevocationListOptions): RevocationList {
  const known = new Map<string, Revocation>()
  /** The number of each kind, so that nobody looks for what can't be there. */
  const counts: Record<RevokedKind, number> = { tokenId: 0, principalId: 0, apiKeyId: 0 }
  let isKnown = false
  let isTroubled = false
  /** Whether the store has lost its data, and has not got it back. */
  let isOwed = false
  let looks = 0
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null

  function put(revocation: Revocation): void {
    const name = nameText(revocation)
    if (!known.has(name)) counts[revocation.kind]++
    known.set(name, revocation)
  }

  function drop(name: string): void {
    const revocation = known.get(name)
    if (revocation !== undefined) counts[revocation.kind]--
    known.delete(name)
  }

  async function read(): Promise<void> {
    const changes = await store.read()
    const fresh = changes.added.filter(({ expiresAt }) => expiresAt > now())
    for (const each of fresh) put(each)
    for (const each of changes.removed) drop(nameText(each))
    isKnown = true
    if (fresh.length > 0) added(fresh)
    // What a store has lost is still revoked: every worker that knows of it stores it anew.
    isOwed ||= changes.isLost
    if (isOwed && known.size > 0) await store.add([...known.values()])
    isOwed = false
  }

  /** One look at a time: whoever asks while one is under way waits for it. */
  function look(): Promise<void> {
    running ??= read().finally(() => {
      running = null
    })
    return running
  }

  async function tick(): Promise<void> {
    if (++looks % looksPerCleaning === 0) {
      for (const [name, { expiresAt }] of known) if (expiresAt <= now()) drop(name)
    }
    if (!store.isShared && isKnown) return
    try {
      await look()
      if (isTroubled) log.info({}, 'revocations can be read again')
      isTroubled = false
    } catch (error) {
      const { message: cause } = error as Error
      if (!isTroubled) log.warn({ cause, known: isKnown }, isKnown ? knownTrouble : unknownTrouble)
      isTroubled = true
    }
  }

  function find(kind: RevokedKind, value: string | undefined, apiId: string): Revocation | null {
    if (value === undefined || counts[kind] === 0) return null
    const found = known.get(nameText({ kind, value, apiId })) ?? known.get(nameText({ kind, value, apiId: null }))
    return found === undefined || found.expiresAt <= now() ? null : found
  }

  return {
    find({ apiId, authorizer, identity }) {
      const [tokenId, principalId] = [member(authorizer, 'jti'), member(authorizer, 'principalId')]
      const apiKeyId = member(identity, 'apiKeyId')
      if (!isKnown) return (tokenId ?? principalId ?? apiKeyId) === undefined ? null : 'unknown'
      if (known.size === 0) return null
      return (
        find('tokenId', tokenId, apiId) ?? find('principalId', principalId, apiId) ?? find('apiKeyId', apiKeyId, apiId)
      )
    },
    async add(revocation) {
      const outcome = await store.add([revocation])
      if (outcome === 'full') return outcome
      put(revocation)
      added([revocation])
      return outcome
    },
    async remove(name) {
      const isRemoved = await store.remove(name)
      drop(nameText(name))
      return isRemoved
    },
    async list() {
      await look()
      const listed = [...known.values()].filter(({ expiresAt }) => expiresAt > now())
      return listed.sort((one, other) => one.revokedAt - other.revokedAt)
    },
    async start() {
      timer ??= setInterval(() => void tick(), intervalInMillis).unref()
      await tick()
    },
    stop() {
      if (timer !== null) clearInterval(timer)
    },
  }
}

const knownTrouble = 'revocations can not be read now: those that are known here stay in force'
const unknownTrouble = 'revocations can not be read: who shows a token, a user or an API key is refused until they can'

function member(texts: Readonly<Record<string, string>> | null, name: string): string | undefined {
  return texts !== null && Object.hasOwn(texts, name) ? texts[name] : undefined
}
