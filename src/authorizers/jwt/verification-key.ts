import type { CryptoKey, JWK } from 'jose'
import { type Algorithm, keyKinds, minSecretBytes, type PublicAlgorithm, type SecretAlgorithm } from './algorithms.ts'
import { loadJose } from './jose.ts'
import type { JsonObject } from './json-object.ts'

/** A key that verifies tokens. */
export interface VerificationKey {
  /** The id by which tokens name it; null for none. */
  readonly kid: string | null
  /** Says which key it is: two keys of one identity verify the same tokens. */
  readonly identity: string
  /** Whether the source of the key has it still: what it has verified stands only as long. */
  current: boolean
  fits(alg: Algorithm): boolean
  /** Gives the key as jose takes it. Rejects for a key that `fits` but is none. */
  open(alg: Algorithm): Promise<CryptoKey | Uint8Array>
}

/** The members of a public key (RFC 7518 §6.2.1, §6.3.1, RFC 8037 §2); private ones are never read. */
const publicMembers = ['kty', 'crv', 'n', 'e', 'x', 'y'] as const

/** Base64url characters of an RSA modulus of 2,048 and 8,192 bits: below it breaks, above it only takes time. */
const modulusLength = { min: 341, max: 1_366 }
/** Base64url characters of an exponent of 32 bits. */
const maxExponentLength = 6

/**
 * Makes a key of a JWK (RFC 7517 §4); null for one that verifies no signature: a secret, a key for encryption, one of a
 * kind or a size that is not allowed.
 */
export function publicKey(jwk: JsonObject): VerificationKey | null {
  const { kty, crv, use, key_ops: operations, alg, kid } = jwk
  if (use !== undefined && use !== 'sig') return null
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return null
  if (kid !== undefined && typeof kid !== 'string') return null
  if (kty === 'RSA' && !isUsableRsa(jwk)) return null
  const algorithms = (Object.keys(keyKinds) as PublicAlgorithm[]).filter((each) => {
    const kind = keyKinds[each]
    return kind.kty === kty && (kind.crv === null || kind.crv === crv) && (alg === undefined || isSame(each, alg))
  })
  if (algorithms.length === 0) return null
  const members = Object.fromEntries(publicMembers.flatMap((name) => (name in jwk ? [[name, jwk[name]]] : [])))
  return createKey({
    kid: kid ?? null,
    identity: JSON.stringify([kid ?? null, alg ?? null, members]),
    algorithms,
    async import(chosen) {
      const { importJWK } = await loadJose()
      return importJWK(members as JWK, chosen)
    },
  })
}

/** Makes a key of a secret, for the algorithms for which it is long enough. */
export function secretKey(secret: Uint8Array): VerificationKey {
  const algorithms = (Object.keys(minSecretBytes) as SecretAlgorithm[]).filter(
    (alg) => secret.byteLength >= minSecretBytes[alg],
  )
  return createKey({ kid: null, identity: 'secret', algorithms, import: async () => secret })
}

interface KeyParts {
  readonly kid: string | null
  readonly identity: string
  readonly algorithms: readonly Algorithm[]
  import(alg: Algorithm): Promise<CryptoKey | Uint8Array>
}

function createKey({ kid, identity, algorithms, import: importKey }: KeyParts): VerificationKey {
  const opened = new Map<Algorithm, Promise<CryptoKey | Uint8Array>>()
  return {
    kid,
    identity,
    current: true,
    fits: (alg) => algorithms.includes(alg),
    open(alg) {
      const opening = opened.get(alg) ?? importKey(alg)
      opened.set(alg, opening)
      return opening
    },
  }
}

/** RFC 9864 gave `EdDSA` of Ed25519 a name of its own; keys and tokens may spell either. */
function isSame(algorithm: PublicAlgorithm, alg: unknown): boolean {
  if (algorithm === alg) return true
  return (algorithm === 'EdDSA' || algorithm === 'Ed25519') && (alg === 'EdDSA' || alg === 'Ed25519')
}

function isUsableRsa({ n, e }: JsonObject): boolean {
  if (typeof n !== 'string' || typeof e !== 'string') return false
  return n.length >= modulusLength.min && n.length <= modulusLength.max && e.length <= maxExponentLength
}
