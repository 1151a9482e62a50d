import type { AuthorizerFault, AuthorizerScope } from '../contract.ts'
import { readRouteAnswer, readSimpleAnswer } from './method-answers.ts'
import {
  type CompiledMethodAuthorizer,
  compileMethodAuthorizer,
  type MethodAuthorizerMembers,
  type MethodAuthorizerOptions,
} from './method-authorizer.ts'
import { routeEvent, routeEventV1 } from './method-events.ts'
import { compileMethodSources } from './method-sources.ts'

/** A REQUEST authorizer of an HTTP API as the definition spells it (`Authorizer` of apigatewayv2). */
export interface HttpRouteAuthorizerDefinition extends MethodAuthorizerMembers {
  readonly authorizerType: 'REQUEST'
  readonly authorizerPayloadFormatVersion: '1.0' | '2.0'
  /** Whether the function answers `isAuthorized` rather than a policy; format 2.0 only. */
  readonly enableSimpleResponses: boolean
  /** Sources such as `$request.header.Authorization`; each must be there and not empty. */
  readonly identitySource: readonly string[]
}

/**
 * Compiles a REQUEST authorizer of one stage of an HTTP API ("Control access to HTTP APIs with AWS Lambda
 * authorizers"). Answers are remembered only where that is asked for and there is a source; a simple one is then good
 * for every route of the stage, unless `$context.routeKey` is among the sources.
 */
export function compileHttpRouteAuthorizer(
  definition: HttpRouteAuthorizerDefinition,
  scope: AuthorizerScope,
  options: MethodAuthorizerOptions,
): CompiledMethodAuthorizer {
  const { identitySource, enableSimpleResponses, authorizerPayloadFormatVersion: format } = definition
  const { stage } = scope
  const sources = compileMethodSources(identitySource, 'http')
  const faults: AuthorizerFault[] = (sources.faults ?? []).map(({ index, message }) => ({
    ...{ path: ['identitySource', index], message },
  }))
  if (enableSimpleResponses && format === '1.0') {
    const message = "simple responses are of authorizerPayloadFormatVersion '2.0' only"
    faults.push({ path: ['enableSimpleResponses'], message })
  }
  const eventOf = format === '1.0' ? routeEventV1 : routeEvent
  return compileMethodAuthorizer(
    definition,
    {
      ...{ defaultTtlInSeconds: 0, defaultTimeoutInMillis: 10_000, isCacheable: identitySource.length > 0 },
      identify: (request) => (sources.faults === null ? sources.read(request) : null),
      eventText: (routeArn, request, identity) => eventOf({ routeArn, stage, identity }, request),
      readAnswer: enableSimpleResponses ? readSimpleAnswer : readRouteAnswer,
    },
    faults,
    scope,
    options,
  )
}
