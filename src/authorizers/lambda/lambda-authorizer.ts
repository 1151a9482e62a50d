import type { ConnectEvent } from '../../events/connect-event.ts'
import { evaluatePolicies, type Policy } from '../../policies/policy.ts'
import { executeApiArn } from '../../vocabulary/arns.ts'
import type {
  AuthorizerDefinition,
  AuthorizerFault,
  AuthorizerResult,
  AuthorizerType,
  CallerAccess,
  HandshakeRequest,
  LambdaAuthorizerDefinition,
  RouteAuthorizer,
} from '../contract.ts'
import { accessRequest, type PolicyTerms, policyFacts, policyRefusal, refusedClient } from '../policy-access.ts'
import { routeAccess } from '../policy-clients.ts'
import { askDecider, unauthorized } from './ask-decider.ts'
import { createAuthorizerEvent } from './authorizer-event.ts'
import { judgeResult } from './authorizer-result.ts'
import { type Decider, type DeciderParts, findDecider } from './deciders.ts'
import { compileIdentitySources } from './identity-sources.ts'

export interface LambdaAuthorizerOptions extends DeciderParts, PolicyTerms {}

/**
 * Creates the type of REQUEST authorizers ("Creating an authorizer for WebSocket APIs"): a function, local or behind
 * the Lambda API, or an HTTP endpoint, that answers an event with a policy. Nothing is kept of its answers: a
 * connection is asked for once, as on AWS.
 */
export function createLambdaAuthorizerType(options: LambdaAuthorizerOptions): AuthorizerType {
  return {
    type: 'REQUEST',
    compile(definition, scope) {
      const { authorizerUri, identitySource, timeoutInMillis } = lambdaDefinition(definition)
      const faults: AuthorizerFault[] = []
      const open = findDecider(authorizerUri, timeoutInMillis, scope, options)
      if (typeof open === 'string') faults.push({ path: ['authorizerUri'], message: open })
      const sources = compileIdentitySources(identitySource, scope)
      for (const { index, message } of sources.faults ?? []) faults.push({ path: ['identitySource', index], message })
      if (typeof open === 'string' || sources.faults !== null) return { faults }

      const { region, accountId } = options
      return {
        faults: null,
        open() {
          const decider = open()
          return {
            forRoute: ({ routeKey }) => {
              const access = routeAccess(scope, routeKey)
              const eventText = createAuthorizerEvent(
                scope.stageVariables,
                executeApiArn(region, accountId, access.resource),
              )
              const ask = createAsk({ ...options, decider, eventText, access })
              const authorize = (event: ConnectEvent, request: HandshakeRequest) =>
                sources.areThere(event, request) ? ask(event, request) : unauthorized
              return { authorize: scope.policy ? unlessDenied(authorize, options, access) : authorize }
            },
            close: () => decider.close(),
          }
        },
      }
    },
  }
}

interface AskOptions extends LambdaAuthorizerOptions {
  readonly decider: Decider
  readonly eventText: ReturnType<typeof createAuthorizerEvent>
  /** The access that the answer's policy has to allow. */
  readonly access: CallerAccess
}

/**
 * Refuses whom the policy of the API denies, before the function is asked ("How API Gateway resource policies affect
 * authorization workflow").
 */
function unlessDenied(authorize: RouteAuthorizer['authorize'], terms: PolicyTerms, access: CallerAccess) {
  const policies = access.policy ? [access.policy] : []
  return (event: ConnectEvent, request: HandshakeRequest) => {
    const decision = evaluatePolicies(
      policies,
      accessRequest(terms, policyFacts(request, request.client), access, null),
    )
    if (decision === 'explicitDeny') return refusedClient(policyRefusal(decision, terms, access, null))
    return authorize(event, request)
  }
}

function createAsk({ decider, eventText, access, ...terms }: AskOptions) {
  const policies: readonly Policy[] = access.policy ? [access.policy] : []
  return async function ask(event: ConnectEvent, request: HandshakeRequest): Promise<AuthorizerResult> {
    const facts = policyFacts(request, request.client)
    const copy = request.connectRequest()
    const answer = await askDecider(decider, eventText(event, copy), event)
    if (typeof answer !== 'string') return answer
    return judgeResult(answer, accessRequest(terms, facts, access, null), policies)
  }
}

/** The stage hands a type only definitions of its own. */
function lambdaDefinition(definition: AuthorizerDefinition): LambdaAuthorizerDefinition {
  if (definition.authorizerType !== 'REQUEST')
    throw new Error(`no definition of a function: ${definition.authorizerType}`)
  return definition
}
