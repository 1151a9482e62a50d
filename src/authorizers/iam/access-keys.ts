import { timingSafeEqual } from 'node:crypto'
import type { Policy, Principal } from '../../policies/policy.ts'
import { createKeyedDigest } from '../../vocabulary/keyed-digest.ts'
import { deriveSigningKey, type SigningScope } from '../../vocabulary/sigv4.ts'
import type { ClientKey } from '../contract.ts'

/** A user who signs, with the policies that say what he may do. */
export interface IamUser {
  readonly principal: Principal
  readonly policies: readonly Policy[]
}

/** An access key that may sign. */
export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** The session token that comes with the key where it is a temporary one; absent for none. */
  readonly sessionToken?: string
  readonly user: IamUser
}

/** The access keys that are in force. */
export interface AccessKeys {
  /** The key of an id; null for none, or one that is switched off. */
  find(accessKeyId: string): UsableKey | null
  /**
   * Puts other keys in place of all; takes effect with the next call. Gives the ids of keys that are gone: removed,
   * switched off, of another user, or with another secret now.
   */
  replace(keys: readonly AccessKey[]): readonly string[]
}

/** An access key with what was derived from its secret. */
export interface UsableKey {
  readonly accessKeyId: string
  readonly user: IamUser
  /** The key as the connections that it opened know it, the same for as long as it is good. */
  readonly client: ClientKey
  /** Whether the session token of a request, null for none, is the one that belongs to this key. */
  isSession(token: string | null): boolean
  /** The signing key of a scope; it is derived once a day. */
  signingKey(scope: SigningScope): Buffer
}

/** Days whose signing keys are kept: those of presigned URLs, which last a week, and today's. */
const maxDays = 9

const digest = createKeyedDigest()

interface KnownKey {
  readonly key: AccessKey
  readonly usable: UsableKey & { readonly client: { isRevoked: boolean } }
}

/** Creates the keys. What is derived of a secret is forgotten with it. */
export function createAccessKeys(keys: readonly AccessKey[]): AccessKeys {
  let known: ReadonlyMap<string, KnownKey> = new Map()

  function replace(others: readonly AccessKey[]): readonly string[] {
    const before = known
    known = new Map(others.map((key) => [key.accessKeyId, knownKey(key, before.get(key.accessKeyId))]))
    const gone = [...before].filter(([id, { usable }]) => known.get(id)?.usable.client !== usable.client)
    for (const [, { usable }] of gone) usable.client.isRevoked = true
    return gone.map(([id]) => id)
  }

  replace(keys)
  return { find: (accessKeyId) => known.get(accessKeyId)?.usable ?? null, replace }
}

function knownKey(key: AccessKey, before: KnownKey | undefined): KnownKey {
  const isSame =
    before?.key.secretAccessKey === key.secretAccessKey &&
    before.key.sessionToken === key.sessionToken &&
    before.key.user.principal.arn === key.user.principal.arn
  return { key, usable: usableKey(key, isSame ? before.usable.client : { isRevoked: false }) }
}

function usableKey({ accessKeyId, secretAccessKey, sessionToken, user }: AccessKey, client: { isRevoked: boolean }) {
  const derived = new Map<string, Buffer>()
  const expectedToken = sessionToken === undefined ? null : digest(sessionToken)
  return {
    accessKeyId,
    user,
    client,
    isSession(token: string | null) {
      if (token === null || expectedToken === null) return token === null && expectedToken === null
      return timingSafeEqual(digest(token), expectedToken)
    },
    signingKey(scope: SigningScope): Buffer {
      const name = `${scope.day}/${scope.region}/${scope.service}`
      let key = derived.get(name)
      if (key === undefined) {
        if (derived.size >= maxDays) derived.clear()
        key = deriveSigningKey(secretAccessKey, scope)
        derived.set(name, key)
      }
      return key
    },
  }
}
