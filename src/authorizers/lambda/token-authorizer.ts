import type { AuthorizerFault, AuthorizerScope } from '../contract.ts'
import { readRestAnswer } from './method-answers.ts'
import {
  type CompiledMethodAuthorizer,
  compileMethodAuthorizer,
  type MethodAuthorizerMembers,
  type MethodAuthorizerOptions,
} from './method-authorizer.ts'
import { tokenEvent } from './method-events.ts'
import { compileMethodSources } from './method-sources.ts'
import { compileValidationExpression } from './validation-expression.ts'

/** A TOKEN authorizer of a REST API as the definition spells it (`Authorizer` of apigateway). */
export interface TokenAuthorizerDefinition extends MethodAuthorizerMembers {
  readonly type: 'TOKEN'
  /** The header that has the token, `method.request.header.<name>`; absent for `Authorization`. */
  readonly identitySource?: string | undefined
  /** The form of tokens that the function is asked about. */
  readonly identityValidationExpression?: string | undefined
}

/**
 * Compiles a TOKEN authorizer of one stage ("Use API Gateway Lambda authorizers"). A request without a token, with
 * several, or with one that is not as the expression wants it, is refused without a call.
 */
export function compileTokenAuthorizer(
  definition: TokenAuthorizerDefinition,
  scope: AuthorizerScope,
  options: MethodAuthorizerOptions,
): CompiledMethodAuthorizer {
  const { identitySource = 'method.request.header.Authorization', identityValidationExpression } = definition
  const faults: AuthorizerFault[] = []
  const sources = compileMethodSources([identitySource], 'rest')
  if (sources.faults !== null || !identitySource.startsWith('method.request.header.')) {
    faults.push({ path: ['identitySource'], message: 'allowed: method.request.header.<name>' })
  }
  let isValid = (_token: string) => true
  try {
    if (identityValidationExpression !== undefined) isValid = compileValidationExpression(identityValidationExpression)
  } catch (error) {
    faults.push({ path: ['identityValidationExpression'], message: (error as Error).message })
  }
  return compileMethodAuthorizer(
    definition,
    {
      ...{ defaultTtlInSeconds: 300, defaultTimeoutInMillis: 29_000, isCacheable: true },
      identify(request) {
        const [token, ...others] = (sources.faults === null && sources.read(request)?.[0]) || []
        // Of several, the backend might believe another one than the function was asked about.
        return token !== undefined && others.length === 0 && isValid(token) ? [[token]] : null
      },
      eventText: (methodArn, _request, identity) => tokenEvent(methodArn, identity[0]?.[0] ?? ''),
      readAnswer: readRestAnswer,
    },
    faults,
    scope,
    options,
  )
}
