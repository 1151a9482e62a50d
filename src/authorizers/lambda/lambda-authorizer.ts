import type { ConnectEvent } from '../../events/connect-event.ts'
import { requestKeys } from '../../policies/request-keys.ts'
import { executeApiArn } from '../../vocabulary/arns.ts'
import { GatewayError } from '../../vocabulary/errors.ts'
import type {
  AuthorizerDefinition,
  AuthorizerFault,
  AuthorizerResult,
  AuthorizerType,
  HandshakeRequest,
  LambdaAuthorizerDefinition,
} from '../contract.ts'
import { createAuthorizerEvent } from './authorizer-event.ts'
import { judgeResult } from './authorizer-result.ts'
import { type Decider, type DeciderAnswer, type DeciderParts, findDecider } from './deciders.ts'
import { compileIdentitySources } from './identity-sources.ts'

export interface LambdaAuthorizerOptions extends DeciderParts {
  /** The region and account of ARNs, which functions compare and policies name. */
  readonly region: string
  readonly accountId: string
  readonly now: () => number
}

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
              const resource = executeApiArn(region, accountId, `${scope.apiId}/${scope.stage}/${routeKey}`)
              const eventText = createAuthorizerEvent(scope.stageVariables, resource)
              const ask = createAsk({ ...options, decider, eventText, resource })
              return {
                authorize: (event, request) =>
                  sources.areThere(event, request) ? ask(event, request) : { allowed: false, code: 'UNAUTHORIZED' },
              }
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
  /** The ARN that the answer's policy has to allow. */
  readonly resource: string
}

function createAsk({ decider, eventText, resource, region, now }: AskOptions) {
  return async function ask(event: ConnectEvent, request: HandshakeRequest): Promise<AuthorizerResult> {
    const { sourceIp, userAgent } = event.record
    const referer = request.header('referer')
    const copy = request.connectRequest()
    const secureTransport = request.client.proto === 'https'
    const { requestId, traceId } = event
    const answer = await reported(event, () => decider.ask({ payload: eventText(event, copy), requestId, traceId }))
    switch (answer.kind) {
      case 'unauthorized':
        return { allowed: false, code: 'UNAUTHORIZED' }
      case 'denied':
        return { allowed: false, code: 'NOT_ALLOWED' }
      case 'failed':
        throw new GatewayError('AUTHORIZER_FAILURE', answer.text)
      case 'result':
        break
    }
    const keys = requestKeys({
      ...{ sourceIp, userAgent: userAgent ?? '', referer, secureTransport, region },
      ...{ now: now(), principal: null },
    })
    return judgeResult(answer.text, { action: 'execute-api:Invoke', resource, principal: null, keys })
  }
}

/** Asks, and sets the report of the event. */
async function reported(event: ConnectEvent, ask: () => Promise<DeciderAnswer>): Promise<DeciderAnswer> {
  const startedAt = performance.now()
  const report = (status: number | null, errorMessage: string | null, requestId: string | null) => {
    event.authorization = { latencyInMillis: performance.now() - startedAt, status, errorMessage, requestId }
  }
  try {
    const answer = await ask()
    report(answer.status, answer.kind === 'result' ? null : answer.text, answer.requestId)
    return answer
  } catch (error) {
    report(null, (error as Error).message, null)
    throw error
  }
}

/** The stage hands a type only definitions of its own. */
function lambdaDefinition(definition: AuthorizerDefinition): LambdaAuthorizerDefinition {
  if (definition.authorizerType !== 'REQUEST')
    throw new Error(`no definition of a function: ${definition.authorizerType}`)
  return definition
}
