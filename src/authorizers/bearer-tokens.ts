import { timingSafeEqual } from 'node:crypto'
import type { TransportRequest } from '../transport/contract.ts'
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
    credentials: (request) => {
      const first = request.header('authorization')
      return first === '' ? first : wholeHeader(request, first)
    },
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

/**
 * The value of an Authorization header that may stand there several times: all of them as one (RFC 9110 §5.3), which is no
 * token. Whoever looks at another one than we do would see another caller.
 */
function wholeHeader(request: TransportRequest, first: string): string {
  const all = request.headers().filter(([name]) => name.toLowerCase() === 'authorization')
  return all.length > 1 ? all.map(([, value]) => value).join(', ') : first
}
