import type { Policy, Principal } from '../../policies/policy.ts'
import { deriveSigningKey, type SigningScope } from '../../vocabulary/sigv4.ts'

/** A user who signs, with the policies that say what he may do. */
export interface IamUser {
  readonly principal: Principal
  readonly policies: readonly Policy[]
}

/** An access key that may sign. */
export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly user: IamUser
}

/** The access keys that are in force. */
export interface AccessKeys {
  /** The key of an id; null for none, or one that is switched off. */
  find(accessKeyId: string): UsableKey | null
  /** Puts other keys in place of all; takes effect with the next call. */
  replace(keys: readonly AccessKey[]): void
}

/** An access key with what was derived from its secret. */
export interface UsableKey {
  readonly accessKeyId: string
  readonly user: IamUser
  /** The signing key of a scope; it is derived once a day. */
  signingKey(scope: SigningScope): Buffer
}

/** Days whose signing keys are kept: those of presigned URLs, which last a week, and today's. */
const maxDays = 9

/** Creates the keys. What is derived of a secret is forgotten with it. */
export function createAccessKeys(keys: readonly AccessKey[]): AccessKeys {
  let usable = usableKeys(keys)
  return {
    find: (accessKeyId) => usable.get(accessKeyId) ?? null,
    replace(others) {
      usable = usableKeys(others)
    },
  }
}

function usableKeys(keys: readonly AccessKey[]): ReadonlyMap<string, UsableKey> {
  return new Map(keys.map((key) => [key.accessKeyId, usableKey(key)]))
}

function usableKey({ accessKeyId, secretAccessKey, user }: AccessKey): UsableKey {
  const derived = new Map<string, Buffer>()
  return {
    accessKeyId,
    user,
    signingKey(scope) {
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
