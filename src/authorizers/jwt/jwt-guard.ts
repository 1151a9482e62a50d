import type { AuthorizerFault } from '../contract.ts'
import type { GuardDefinition, GuardType, GuardVerdict, JwtGuardDefinition } from '../guard-contract.ts'
import { compileTokenKeys } from './compile-keys.ts'
import type { JwtAuthorizerOptions } from './jwt-authorizer.ts'
import { createTokenGate } from './token-gate.ts'
import { readTokenPlace } from './token-places.ts'
import { createTokenVerifier, type VerifiedToken } from './verify-token.ts'

export type JwtGuardOptions = Pick<JwtAuthorizerOptions, 'sources' | 'rules' | 'now'>

/**
 * Creates the guards of tokens ("Control access to HTTP APIs with JWT authorizers in API Gateway"). All routes of an
 * authorizer share what is known of tokens; which scopes they ask for is looked at after that.
 */
export function createJwtGuardType(options: JwtGuardOptions): GuardType {
  return {
    type: 'JWT',
    compile(definition, { directory }) {
      const { identitySource, jwtConfiguration } = tokenDefinition(definition)
      const faults: AuthorizerFault[] = []
      const report = (path: AuthorizerFault['path'], message: string) => void faults.push({ path, message })
      const places = identitySource.flatMap((source) => readTokenPlace(source) ?? [])
      const keys = compileTokenKeys({ authorizerType: 'JWT', jwtConfiguration }, directory, options, report)
      if (faults.length > 0) return { faults }
      return {
        faults: null,
        open() {
          const opened = keys.open()
          const { issuer, audience, clockToleranceInSeconds } = jwtConfiguration
          const verifier = createTokenVerifier({
            ...{ issuers: new Map([[issuer, opened.source(issuer)]]), algorithms: keys.algorithms, now: options.now },
            rules: { audience, clockToleranceInMillis: clockToleranceInSeconds * 1_000 },
          })
          return {
            forRoute({ authorizationScopes: scopes }) {
              const gate = createTokenGate<GuardVerdict>({
                ...{ places, scopes, verifier },
                codeOf: (fault) => (fault === 'scope' ? 'SCOPE_MISSING' : 'UNAUTHORIZED'),
                admit: (token) => admissionOf(token, scopes.length > 0),
              })
              return { readsBody: false, authorize: (_, request) => gate.authorize(request) }
            },
            // A token is known until it ends or its key is gone: nobody was asked who could answer otherwise now.
            flush() {},
            close: opened.close,
          }
        },
      }
    },
  }
}

/** The scopes of a token are told only where the route asks for some, and then all of them. */
function admissionOf({ claims, scopes }: VerifiedToken, tellsScopes: boolean): GuardVerdict {
  const caller = { kind: 'jwt', context: claims, nestedContext: null, scopes: tellsScopes ? scopes : null } as const
  return { allowed: true, caller: { ...caller, identity: null } }
}

/** The stage hands a type only definitions of its own. */
function tokenDefinition(definition: GuardDefinition): JwtGuardDefinition {
  if (definition.authorizerType !== 'JWT') throw new Error(`${definition.authorizerType} is no authorizer of tokens`)
  return definition
}
