import { claimsContext } from '../../vocabulary/claims-context.ts'
import type { ErrorCode } from '../../vocabulary/errors.ts'
import type {
  Admitted,
  AuthorizedRoute,
  AuthorizerDefinition,
  AuthorizerFault,
  AuthorizerResult,
  AuthorizerType,
  CognitoAuthorizerDefinition,
  JwtAuthorizerDefinition,
  RouteAuthorizer,
} from '../contract.ts'
import { cognitoCheck, issuerOfUserPool } from './cognito.ts'
import { compileTokenKeys, type TokenKeys } from './compile-keys.ts'
import type { FetchRules } from './fetch-document.ts'
import type { KeySource } from './key-source.ts'
import type { KeySources } from './key-sources.ts'
import type { TokenFaultName } from './token-fault.ts'
import { createTokenGate } from './token-gate.ts'
import { readTokenPlace, type TokenPlace, withoutTokens } from './token-places.ts'
import { createTokenVerifier, type TokenVerifier, type VerifiedToken } from './verify-token.ts'

export interface JwtAuthorizerOptions {
  readonly sources: KeySources
  readonly rules: FetchRules
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
  /** Compiles a regular expression that has to fit a whole text. */
  readonly compilePattern: (pattern: string) => (text: string) => boolean
}

type TokenDefinition = JwtAuthorizerDefinition | CognitoAuthorizerDefinition

/** Creates the authorizers of tokens (`JWT`) and of Cognito user pools, which are the former with rules of their own. */
export function createJwtAuthorizerTypes(options: JwtAuthorizerOptions): readonly AuthorizerType[] {
  return (['JWT', 'COGNITO_USER_POOLS'] as const).map((type) => ({
    type,
    compile: (definition, { directory }) => compile(definition, directory, options),
  }))
}

function compile(
  definition: AuthorizerDefinition,
  directory: string,
  options: JwtAuthorizerOptions,
): ReturnType<AuthorizerType['compile']> {
  if (definition.authorizerType !== 'JWT' && definition.authorizerType !== 'COGNITO_USER_POOLS') {
    throw new Error(`${definition.authorizerType} is no authorizer of tokens`)
  }
  const faults: AuthorizerFault[] = []
  const report = (path: AuthorizerFault['path'], message: string) => void faults.push({ path, message })
  const places = definition.identitySource.flatMap((source) => readTokenPlace(source) ?? [])
  if (definition.tokenExpiryWarningInSeconds > 0 && definition.tokenExpiry !== 'CLOSE') {
    report(['tokenExpiryWarningInSeconds'], 'there is nothing to warn of: tokenExpiry CLOSE ends connections')
  }
  const keys = compileTokenKeys(definition, directory, options, report)
  const matchesAudience = compileAudience(definition, options, report)
  if (faults.length > 0) return { faults }
  return {
    faults: null,
    open() {
      const opened = keys.open()
      return {
        forRoute: (route) =>
          createRouteAuthorizer({
            ...{ definition, places, route },
            verifier: createTokenVerifier({
              ...{ issuers: issuersOf(definition, opened.source), algorithms: keys.algorithms, now: options.now },
              rules: rulesOf(definition),
              check:
                definition.authorizerType === 'JWT'
                  ? null
                  : cognitoCheck({ asksForScopes: route.authorizationScopes.length > 0, matchesAudience }),
            }),
          }),
        close: opened.close,
      }
    },
  }
}

function compileAudience(
  definition: TokenDefinition,
  { compilePattern }: JwtAuthorizerOptions,
  report: (path: AuthorizerFault['path'], message: string) => void,
): ((audience: string) => boolean) | null {
  if (definition.authorizerType === 'JWT' || definition.identityValidationExpression === undefined) return null
  try {
    return compilePattern(definition.identityValidationExpression)
  } catch (error) {
    report(['identityValidationExpression'], (error as Error).message)
    return null
  }
}

/** The keys of each issuer whose tokens are taken. */
function issuersOf(
  definition: TokenDefinition,
  source: ReturnType<TokenKeys['open']>['source'],
): ReadonlyMap<string, KeySource> {
  return new Map(issuerNames(definition).map((issuer) => [issuer, source(issuer)]))
}

/** The values of `iss` that a definition takes; ARNs that are none are left out, and a fault elsewhere. */
export function issuerNames(definition: TokenDefinition): readonly string[] {
  if (definition.authorizerType === 'JWT') return [definition.jwtConfiguration.issuer]
  return definition.providerARNs.flatMap((arn) => issuerOfUserPool(arn) ?? [])
}

/** Cognito judges audiences by the expression; its clocks are Amazon's. */
function rulesOf(definition: TokenDefinition) {
  if (definition.authorizerType !== 'JWT') return { audience: [], clockToleranceInMillis: 5_000 }
  const { audience, clockToleranceInSeconds } = definition.jwtConfiguration
  return { audience, clockToleranceInMillis: clockToleranceInSeconds * 1_000 }
}

interface RouteParts {
  readonly definition: TokenDefinition
  readonly places: readonly TokenPlace[]
  readonly route: AuthorizedRoute
  readonly verifier: TokenVerifier
}

function createRouteAuthorizer({ definition, places, route, verifier }: RouteParts): RouteAuthorizer {
  const isCognito = definition.authorizerType === 'COGNITO_USER_POOLS'
  const gate = createTokenGate<AuthorizerResult>({
    ...{ places, scopes: route.authorizationScopes, verifier },
    codeOf: (fault) => codeOf(fault, isCognito),
    admit: (token, protocol) => ({ ...admissionOf(token), protocol }),
  })
  return {
    authorize: (_, request) => gate.authorize(request),
    conceal: (request) => withoutTokens(request, places),
    tokens: {
      closesAtExpiry: definition.tokenExpiry === 'CLOSE',
      warningInMillis: definition.tokenExpiryWarningInSeconds * 1_000,
      refreshRouteKey: definition.tokenRefreshRouteKey ?? null,
      judge: gate.judge,
    },
  }
}

/** The same object for the same token: a client that comes again costs nothing. */
const admissions = new WeakMap<VerifiedToken, Admitted>()

function admissionOf(token: VerifiedToken): Admitted {
  const known = admissions.get(token)
  if (known !== undefined) return known
  const { issuer, subject, id, expiresAt, scopes, claims } = token
  const admitted: Admitted = {
    allowed: true,
    context: claimsContext(claims, subject),
    token: { subject: subject === null ? null : JSON.stringify([issuer, subject]), id, expiresAt, scopes },
  }
  admissions.set(token, admitted)
  return admitted
}

function codeOf(fault: TokenFaultName, isCognito: boolean): ErrorCode {
  if (fault === 'scope') return 'SCOPE_MISSING'
  if (fault === 'several') return 'SEVERAL_TOKENS'
  return fault === 'expired' && isCognito ? 'EXPIRED_TOKEN' : 'UNAUTHORIZED'
}
