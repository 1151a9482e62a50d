import type { AuthorizerFault, AuthorizerScope } from '../contract.ts'
import { readRestAnswer } from './method-answers.ts'
import {
  type CompiledMethodAuthorizer,
  compileMethodAuthorizer,
  type MethodAuthorizerMembers,
  type MethodAuthorizerOptions,
} from './method-authorizer.ts'
import { requestEvent } from './method-events.ts'
import { compileMethodSources } from './method-sources.ts'

/** A REQUEST authorizer of a REST API as the definition spells it (`Authorizer` of apigateway). */
export interface RequestAuthorizerDefinition extends MethodAuthorizerMembers {
  readonly type: 'REQUEST'
  /** Sources such as `method.request.header.Authorization`. */
  readonly identitySource: readonly string[]
}

const defaultTtlInSeconds = 300

/**
 * Compiles a REQUEST authorizer of one stage of a REST API ("Use API Gateway Lambda authorizers"). Where answers are
 * remembered, each source has to be there, else nobody is asked; where they are not, the function sees to it itself.
 */
export function compileRequestAuthorizer(
  definition: RequestAuthorizerDefinition,
  scope: AuthorizerScope,
  options: MethodAuthorizerOptions,
): CompiledMethodAuthorizer {
  const { identitySource, authorizerResultTtlInSeconds: ttlInSeconds = defaultTtlInSeconds } = definition
  const sources = compileMethodSources(identitySource, 'rest')
  const faults: AuthorizerFault[] = (sources.faults ?? []).map(({ index, message }) => ({
    ...{ path: ['identitySource', index], message },
  }))
  if (identitySource.length === 0 && ttlInSeconds > 0) {
    const message = 'is empty; allowed: at least one source, or an authorizerResultTtlInSeconds of 0'
    faults.push({ path: ['identitySource'], message })
  }
  return compileMethodAuthorizer(
    definition,
    {
      ...{ defaultTtlInSeconds, defaultTimeoutInMillis: 29_000, isCacheable: identitySource.length > 0 },
      identify: sources.faults === null && ttlInSeconds > 0 ? sources.read : () => [],
      eventText: requestEvent,
      readAnswer: readRestAnswer,
    },
    faults,
    scope,
    options,
  )
}
