import { type MethodArrival, MethodEvent } from '../../src/events/method-event.ts'
import type {
  MethodIntegration,
  MethodIntegrationDefinition,
  MethodIntegrationType,
  MethodScope,
} from '../../src/integrations/method-contract.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'

export const arrival: MethodArrival = {
  apiId: 'pets',
  stage: '$default',
  domainName: 'pets.example',
  method: 'GET',
  path: '/pets/7',
  rawQuery: '',
  headers: [
    ['Host', 'pets.example'],
    ['User-Agent', 'demo/1.0'],
    ['X-Amzn-Trace-Id', 'Root=1-6700aa00-00112233445566778899aabb'],
    ['X-Forwarded-For', '203.0.113.9'],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'],
  ],
  sourceIp: '203.0.113.9',
  userAgent: 'demo/1.0',
  requestTimeEpoch: 1_759_651_750_120,
  traceId: 'Root=1-6700aa00-00112233445566778899aabb',
}

export interface MethodCall extends Partial<MethodArrival> {
  readonly routeKey?: string
  readonly pathParameters?: Readonly<Record<string, string>> | null
  readonly body?: string | Uint8Array
  /** Headers that come on top of the arrival's own. */
  readonly more?: MethodArrival['headers']
}

/** A request for `GET /pets/{id}`, unless the call says otherwise. */
export function methodEvent(call: MethodCall = {}): MethodEvent {
  const { routeKey = 'GET /pets/{id}', pathParameters = { id: '7' }, body, more = [], ...part } = call
  const event = new MethodEvent(
    { ...arrival, ...part, headers: [...(part.headers ?? arrival.headers), ...more] },
    { routeKey, pathParameters },
  )
  if (body !== undefined) event.body = Buffer.from(body)
  return event
}

export function methodScope(part: Partial<MethodScope> = {}): MethodScope {
  return {
    ...{ apiId: 'pets', stage: '$default', stageVariables: {}, directory: '.', functions: {} },
    accountId: '123456789012',
    ...part,
  }
}

/** The integration of a definition without a fault. */
export function openMethod(
  type: MethodIntegrationType,
  definition: MethodIntegrationDefinition,
  scope: MethodScope = methodScope(),
): MethodIntegration {
  const compiled = type.compile(definition, scope)
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.open()
}

/** The error with which a call fails. */
export async function methodFailure(integration: MethodIntegration, event: MethodEvent): Promise<GatewayError> {
  try {
    await integration.invoke(event)
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('the call succeeded')
}
