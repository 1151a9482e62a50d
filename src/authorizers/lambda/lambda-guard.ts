import { contextVariable } from '../../events/context-variables.ts'
import type { IntegrationReport } from '../../events/integration-report.ts'
import type { MethodEvent } from '../../events/method-event.ts'
import { requestContextV1, requestContextV2 } from '../../events/method-text.ts'
import type { FunctionScope } from '../../functions/contract.ts'
import type { HeaderList } from '../../vocabulary/headers.ts'
import type { AuthorizerResult, MethodAuthorizer, MethodRequest, RequestClient } from '../contract.ts'
import type {
  CalledRequest,
  GuardDefinition,
  GuardType,
  GuardVerdict,
  LambdaGuardDefinition,
  RouteGuard,
} from '../guard-contract.ts'
import { compileHttpRouteAuthorizer } from './http-route-authorizer.ts'
import type { MethodAuthorizerOptions } from './method-authorizer.ts'

/**
 * Creates the guards that are functions ("Control access to HTTP APIs with AWS Lambda authorizers"). All routes of an
 * authorizer share what it remembers.
 */
export function createLambdaGuardType(options: MethodAuthorizerOptions): GuardType {
  return {
    type: 'REQUEST',
    compile(definition, scope) {
      const members = lambdaDefinition(definition)
      const compiled = compileHttpRouteAuthorizer(members, scope, options)
      if (compiled.faults !== null) return compiled
      const contextText = members.authorizerPayloadFormatVersion === '1.0' ? requestContextV1 : requestContextV2
      const requestContext = (event: MethodEvent) => JSON.parse(contextText(event, options.accountId))
      return {
        faults: null,
        open() {
          const authorizer = compiled.open()
          const guard = createGuard(authorizer, scope.stageVariables, requestContext)
          return { forRoute: () => guard, flush: authorizer.flush, close: authorizer.close }
        },
      }
    },
  }
}

function createGuard(
  authorizer: MethodAuthorizer,
  stageVariables: FunctionScope['stageVariables'],
  requestContext: RequestContext,
): RouteGuard {
  return {
    readsBody: false,
    authorize(event, { client }) {
      const result = authorizer.authorize(new RequestOfEvent(event, client, stageVariables, requestContext))
      return result instanceof Promise ? result.then(verdictOf) : verdictOf(result)
    },
  }
}

function verdictOf(result: AuthorizerResult): GuardVerdict {
  if (!result.allowed) return result
  const { context, nestedContext } = result
  // A context that is none is empty: `principalId`, which is among the texts, is no member of it.
  const caller = { kind: 'lambda', context, nestedContext: nestedContext ?? {}, scopes: null, identity: null } as const
  return { allowed: true, caller }
}

type RequestContext = (event: MethodEvent) => Readonly<Record<string, unknown>>

/** An event as authorizers of methods see it; what they do not ask for is not made. */
class RequestOfEvent implements MethodRequest {
  readonly client: RequestClient
  readonly stageVariables: MethodRequest['stageVariables']
  readonly #event: MethodEvent
  readonly #requestContext: RequestContext

  constructor(
    event: MethodEvent,
    client: CalledRequest['client'],
    stageVariables: MethodRequest['stageVariables'],
    requestContext: RequestContext,
  ) {
    this.#event = event
    this.client = client
    this.stageVariables = stageVariables
    this.#requestContext = requestContext
  }

  get requestId(): string {
    return this.#event.requestId
  }

  get traceId(): string {
    return this.#event.traceId
  }

  get method(): string {
    return this.#event.arrival.method
  }

  get path(): string {
    return this.#event.arrival.path
  }

  get resource(): string {
    return this.#event.routeKey
  }

  get headers(): HeaderList {
    return this.#event.arrival.headers
  }

  get query(): HeaderList {
    return this.#event.query
  }

  get rawQuery(): string {
    return this.#event.arrival.rawQuery
  }

  get pathParameters(): Readonly<Record<string, string>> {
    return this.#event.pathParameters ?? {}
  }

  get requestContext(): Readonly<Record<string, unknown>> {
    return this.#requestContext(this.#event)
  }

  contextVariable(name: string): string | null {
    const value = contextVariable(name)?.(this.#event) ?? null
    return value === null ? null : String(value)
  }

  get authorization(): IntegrationReport | null {
    return this.#event.authorization
  }

  set authorization(report: IntegrationReport | null) {
    this.#event.authorization = report
  }
}

/** The stage hands a type only definitions of its own. */
function lambdaDefinition(definition: GuardDefinition): LambdaGuardDefinition {
  if (definition.authorizerType !== 'REQUEST')
    throw new Error(`no definition of a function: ${definition.authorizerType}`)
  return definition
}
