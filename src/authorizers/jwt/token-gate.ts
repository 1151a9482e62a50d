import type { ErrorCode } from '../../vocabulary/errors.ts'
import type { Refused } from '../contract.ts'
import { challenge } from './challenge.ts'
import { TokenFault, type TokenFaultName } from './token-fault.ts'
import { findToken, type TokenCarrier, type TokenPlace } from './token-places.ts'
import type { TokenVerifier, VerifiedToken } from './verify-token.ts'

export interface TokenGateOptions<Result> {
  readonly places: readonly TokenPlace[]
  /** The scopes of which a token needs one; empty for any token. */
  readonly scopes: readonly string[]
  readonly verifier: TokenVerifier
  /** The code of a refusal; its answer has a challenge, whatever the code. */
  readonly codeOf: (fault: TokenFaultName) => ErrorCode
  /** Makes the result for a token that is good. `protocol` is the subprotocol that stood before it, null for none. */
  readonly admit: (token: VerifiedToken, protocol: string | null) => Result
}

/** The judgement of requests by the tokens that they carry. Never throws, never rejects. */
export interface TokenGate<Result> {
  /** Judges a request; a plain value when its token was verified before. */
  authorize(request: TokenCarrier): Result | Refused | Promise<Result | Refused>
  /** Judges a token by itself. */
  judge(token: string): Result | Refused | Promise<Result | Refused>
}

/** Creates the gate of one route. */
export function createTokenGate<Result>(options: TokenGateOptions<Result>): TokenGate<Result> {
  const { places, scopes, verifier, codeOf, admit } = options

  function admitted(token: VerifiedToken, protocol: string | null): Result | Refused {
    if (scopes.length > 0 && !scopes.some((scope) => token.scopes.includes(scope)))
      return refuse(new TokenFault('scope'))
    return admit(token, protocol)
  }

  function refuse(error: unknown): Refused {
    // A verifier throws nothing else; whatever it may be, nobody comes in by it.
    const fault = error instanceof TokenFault ? error : new TokenFault('malformed')
    return {
      allowed: false,
      code: codeOf(fault.fault),
      cause: fault.message,
      headers: [['WWW-Authenticate', challenge(fault.fault, scopes)]],
    }
  }

  function judge(token: string, protocol: string | null): Result | Refused | Promise<Result | Refused> {
    try {
      const verified = verifier.verify(token)
      if (!(verified instanceof Promise)) return admitted(verified, protocol)
      return verified.then((late) => admitted(late, protocol)).catch(refuse)
    } catch (error) {
      return refuse(error)
    }
  }

  return {
    authorize(request) {
      try {
        const found = findToken(request, places)
        return found === null ? missing : judge(found.token, found.protocol)
      } catch (error) {
        return refuse(error)
      }
    },
    judge: (token) => judge(token, null),
  }
}

const missing: Refused = {
  allowed: false,
  code: 'UNAUTHORIZED',
  cause: 'there is no token',
  headers: [['WWW-Authenticate', challenge(null, [])]],
}
