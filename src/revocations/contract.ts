import type { ConnectionRecord } from '../vocabulary/connection.ts'

/**
 * The kinds of what can be revoked: a token by its id (`jti`), a user by the `principalId` that an authorizer gives, and an
 * API key by its id.
 */
export const revokedKinds = ['tokenId', 'principalId', 'apiKeyId'] as const

export type RevokedKind = (typeof revokedKinds)[number]

/** The name of a revocation: there is one at most for each. */
export interface RevocationName {
  readonly kind: RevokedKind
  readonly value: string
  /** The only API in which it holds; null for all. */
  readonly apiId: string | null
}

/** A credential that is not to be let in any more, although it is good otherwise. */
export interface Revocation extends RevocationName {
  /** Milliseconds since 1970. */
  readonly revokedAt: number
  /** The time from which it is forgotten, since what it revokes has ended by itself; milliseconds since 1970. */
  readonly expiresAt: number
  /** The reason for people; null for none. No client is told. */
  readonly reason: string | null
}

/** The facts about a connection by which a revocation finds it. */
export type RevocableFacts = Pick<ConnectionRecord, 'apiId' | 'authorizer' | 'identity'>

/** The revocations in force, as those who let clients in ask for them: what was added anywhere counts within seconds. */
export interface RevocationCheck {
  /**
   * Gives the revocation that a connection falls under, `unknown` while the list could not be read since the start of
   * this process (whoever shows something revocable must not be let in then), or null. Costs next to nothing while the
   * list is empty.
   */
  find(facts: RevocableFacts): Revocation | 'unknown' | null
}

/** The outcome of adding a revocation; `full` when there are as many as there may be. */
export type RevocationOutcome = 'added' | 'full'

/** The list of revocations, as operators see it. Every method rejects when the store can't be reached: nothing was done, or it is not known. */
export interface Revocations extends RevocationCheck {
  /** Adds a revocation, in place of an earlier one of its name; it counts here when this resolves. */
  add(revocation: Revocation): Promise<RevocationOutcome>
  /** Takes a revocation back; false when there is none. */
  remove(name: RevocationName): Promise<boolean>
  /** Gives all that have not expired, oldest first. */
  list(): Promise<readonly Revocation[]>
}

/** Changes of the list since it was last read. */
export interface RevocationChanges {
  readonly added: readonly Revocation[]
  readonly removed: readonly RevocationName[]
  /** Whether the store has lost its data since: what is known here has to be stored anew. */
  readonly isLost: boolean
}

/** The place that keeps revocations, for one process or a fleet. Every method rejects when it can't be reached. */
export interface RevocationStore {
  /** Whether others change what is kept, so that it has to be read again and again. */
  readonly isShared: boolean
  /** Adds revocations, each in place of an earlier one of its name; `full` when none was added. */
  add(revocations: readonly Revocation[]): Promise<RevocationOutcome>
  /** Takes a revocation back; false when there is none. */
  remove(name: RevocationName): Promise<boolean>
  /** Gives what has changed since the last call; the first gives all. */
  read(): Promise<RevocationChanges>
}

/** Revocations that there may be: each takes about 200 bytes in every worker. */
export const maxRevocations = 100_000
