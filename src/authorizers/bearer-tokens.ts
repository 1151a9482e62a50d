import { timingSafeEqual } from 'node:crypto'
import { createKeyedDigest } from '../vocabulary/keyed-digest.ts'
import type { TokenVerifier } from './contract.ts'

const scheme = 'bearer '

/**
 * A verifier of the given tokens; with none, every token is refused. The time that a comparison takes tells nothing
 * of the tokens: both sides are hashed behind a key of this process, and every token is compared every time.
 * The tokens themselves are not kept.
 */
export function createTokenVerifier(tokens: readonly string[]): TokenVerifier {
  const digest = createKeyedDigest()
  const digests = (all: readonly string[]) => all.filter((token) => token !== '').map(digest)
  let valid = digests(tokens)

  return {
    readsBody: false,
    credentials: (request) => request.header('authorization'),
    judge(authorization) {
      if (authorization.length <= scheme.length) return 'missing'
      if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return 'missing'
      const given = digest(authorization.slice(scheme.length).trim())
      let matches = 0
      for (let i = 0; i < valid.length; i++) matches += timingSafeEqual(given, valid[i] as Buffer) ? 1 : 0
      return matches > 0 ? 'allowed' : 'refused'
    },
    replace(others) {
      valid = digests(others)
    },
  }
}
