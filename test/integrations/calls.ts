import { ConnectEvent, type ConnectRequest } from '../../src/events/connect-event.ts'
import { DisconnectEvent } from '../../src/events/disconnect-event.ts'
import type { ConnectionEvent } from '../../src/events/event.ts'
import { MessageEvent } from '../../src/events/message-event.ts'
import type {
  Integration,
  IntegrationDefinition,
  IntegrationFault,
  IntegrationResult,
  IntegrationScope,
  IntegrationType,
  ReportFault,
} from '../../src/integrations/contract.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'

export const connection: ConnectionRecord = {
  connectionId: 'L0SM9cOFvHcCIhw=',
  apiId: 'chat',
  stage: 'dev',
  connectedAt: 1_759_651_750_119,
  sourceIp: '203.0.113.9',
  userAgent: 'demo/1.0',
  domainName: 'chat.example',
  authorizer: null,
  identity: null,
}

export function scopeWith(part: Partial<IntegrationScope> = {}): IntegrationScope {
  return {
    apiId: 'chat',
    stage: 'dev',
    stageVariables: {},
    directory: '.',
    functions: {},
    nullFunctionResult: 'ERROR',
    forwardWebSocketHeaders: true,
    ...part,
  }
}

/** A definition after defaults. */
export function definitionOf(
  part: Partial<IntegrationDefinition> & Pick<IntegrationDefinition, 'integrationType'>,
): IntegrationDefinition {
  return { timeoutInMillis: 29_000, passthroughBehavior: 'WHEN_NO_MATCH', ...part }
}

/** Every fault of a definition; none when it compiles. */
export function faultsOf(
  type: IntegrationType,
  definition: IntegrationDefinition,
  scope: IntegrationScope,
): readonly IntegrationFault[] {
  return type.compile(definition, scope).faults ?? []
}

/** The integration of a definition without a fault. */
export function openIntegration(
  type: IntegrationType,
  definition: IntegrationDefinition,
  scope: IntegrationScope,
): Integration {
  const compiled = type.compile(definition, scope)
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.open()
}

/** For what has to compile without a fault. */
export const noFault: ReportFault = (path, message) => {
  throw new Error(`${path.join('.')}: ${message}`)
}

/** A message on a connection of its own, whose templates have used up no time yet. */
export function messageEvent(body: string): MessageEvent {
  return new MessageEvent({ ...connection }, 'join', body, 1_759_651_753_377)
}

export function connectEvent(request: Partial<ConnectRequest> = {}): ConnectEvent {
  const event = new ConnectEvent({ ...connection }, 1_759_651_750_120, 'Root=1-client')
  event.request = { headers: [], query: [], ...request }
  return event
}

export function disconnectEvent(): DisconnectEvent {
  return new DisconnectEvent(connection, 1001, 'Going away', 1)
}

/** Body as text, so that a test need not care how it came. */
export function textOf({ body }: IntegrationResult): string {
  return Buffer.from(body).toString()
}

/** The code with which a call fails. */
export async function failureOf(integration: Integration, event: ConnectionEvent): Promise<GatewayError> {
  try {
    await integration.invoke(event)
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('the call succeeded')
}
