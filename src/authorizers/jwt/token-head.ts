import { isDeeperThan, type JsonObject, readJsonObject } from './json-object.ts'
import { TokenFault } from './token-fault.ts'

/** Bytes of the largest token that is looked at: more than the headers of most servers take. */
export const maxTokenBytes = 8_192
/** Levels of objects and arrays in a token's claims. */
const maxClaimLevels = 16
/** Characters of a key id, which is only ever looked up. */
const maxKidLength = 512

/** The header and the claims of a token, before anything of it is verified. */
export interface TokenHead {
  readonly alg: string
  /** The id of the key; null when the token names none. */
  readonly kid: string | null
  /** The claims, of which nothing may be believed yet. */
  readonly claims: JsonObject
}

const base64url = /^[A-Za-z0-9_-]+$/

/**
 * Reads the header and the claims of a signed token in its compact form (RFC 7515 §7.1). Of the header only `alg` and
 * `kid` are used: `jku`, `jwk`, `x5u` and `x5c` would let the token choose what it is verified with. Throws a
 * `TokenFault`.
 */
export function readTokenHead(token: string): TokenHead {
  if (token.length > maxTokenBytes) throw new TokenFault('tooLarge')
  const parts = token.split('.', 6)
  if (parts.length === 5) throw new TokenFault('encrypted')
  if (parts.length !== 3) throw new TokenFault('malformed')
  const [head, payload, signature] = parts as [string, string, string]
  if (!base64url.test(head) || !base64url.test(payload)) throw new TokenFault('malformed')
  const header = decode(head)
  const { alg, kid = null } = header
  if (typeof alg !== 'string') throw new TokenFault('malformed')
  if (alg.toLowerCase() === 'none') throw new TokenFault('algorithm')
  if (!base64url.test(signature)) throw new TokenFault('malformed')
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) throw new TokenFault('critical')
  if (Object.hasOwn(header, 'enc')) throw new TokenFault('encrypted')
  // A token within a token (RFC 7519 §5.2): the inner one would be what says who the client is.
  if (Object.hasOwn(header, 'cty')) throw new TokenFault('nested')
  if (kid !== null && (typeof kid !== 'string' || kid.length > maxKidLength)) throw new TokenFault('malformed')
  const claims = decode(payload)
  if (isDeeperThan(claims, maxClaimLevels)) throw new TokenFault('nested')
  return { alg, kid, claims }
}

function decode(part: string): JsonObject {
  const value = readJsonObject(Buffer.from(part, 'base64url').toString('utf8'))
  if (value === null) throw new TokenFault('malformed')
  return value
}
