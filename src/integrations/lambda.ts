import type { ConnectionEvent } from '../events/event.ts'
import type { FunctionFinder, FunctionInvoker } from '../functions/contract.ts'
import { compileParameterMapping, type ParameterSource } from '../mapping/parameter-mapping.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { errorSentence } from '../vocabulary/function-error.ts'
import { exactJson, exactJsonText } from '../vocabulary/json-text.ts'
import type {
  Integration,
  IntegrationDefinition,
  IntegrationResult,
  IntegrationScope,
  IntegrationType,
  ReportFault,
} from './contract.ts'
import { createFaultList } from './fault-list.ts'
import { findTarget, notedFailure, noteFailure, timedCall } from './function-call.ts'
import { compileResponseMapping } from './integration-response.ts'
import { createProxyEvent } from './lambda-event.ts'
import { readProxyResult } from './proxy-result.ts'
import { compileRequestTemplate } from './request-template.ts'

/** The status that a call which the function failed has for a handshake, as when a proxy's function fails. */
const functionFailureStatus = 502
const invocationType = 'x-amz-invocation-type'

/**
 * Creates the type of functions behind a route: `AWS_PROXY`, which hands over the event as it is, and `AWS`, which
 * maps.
 */
export function createLambdaType(functions: FunctionFinder): IntegrationType {
  return {
    types: ['AWS_PROXY', 'AWS'],
    compile(definition, scope) {
      const { report, outcome } = createFaultList()
      const target = findTarget(functions, definition.integrationUri ?? '', scope, report)
      if (definition.contentHandlingStrategy === 'CONVERT_TO_BINARY') {
        const message = 'allowed for a function: CONVERT_TO_TEXT or nothing; events are JSON text'
        report(['contentHandlingStrategy'], message)
      }
      const isEvent = compileInvocationType(definition, scope, report)
      const createInvoke =
        definition.integrationType === 'AWS'
          ? compileMappedInvoke(definition, scope, isEvent, report)
          : compileProxyInvoke(definition, scope)
      return outcome(target, (found) => {
        const invoker = found.open()
        return { constant: null, invoke: createInvoke(invoker), close: () => invoker.close() }
      })
    },
  }
}

type CreateInvoke = (invoker: FunctionInvoker) => Integration['invoke']

/**
 * Whether a call does not wait for its result. A function gets an event and no HTTP request: the one header that says
 * something, `X-Amz-Invocation-Type`, says it to the Lambda API.
 */
function compileInvocationType(
  { integrationType, requestParameters }: IntegrationDefinition,
  { stageVariables }: IntegrationScope,
  report: ReportFault,
): (event: ConnectionEvent) => boolean {
  const { parameters, faults } = compileParameterMapping(requestParameters, stageVariables)
  for (const { path, message } of faults) report(['requestParameters', ...path], message)
  const message =
    integrationType === 'AWS'
      ? 'allowed for a function: integration.request.header.X-Amz-Invocation-Type'
      : 'a function behind AWS_PROXY gets its event as it is; integrationType AWS maps'
  let source: ParameterSource<ConnectionEvent> | null = null
  for (const each of parameters) {
    const isAllowed = integrationType === 'AWS' && each.place === 'header'
    if (!isAllowed || each.name.toLowerCase() !== invocationType) {
      report(['requestParameters', `integration.request.${each.place}.${each.name}`], message)
    } else source ??= each.source
  }
  const type = source
  return type === null ? () => false : (event) => type.read(event) === 'Event'
}

// --- AWS_PROXY ---

function compileProxyInvoke(
  { timeoutInMillis }: IntegrationDefinition,
  { stageVariables, nullFunctionResult, attributesInEvents }: IntegrationScope,
): CreateInvoke {
  const proxyEvent = createProxyEvent(stageVariables, attributesInEvents)
  return (invoker) =>
    async function invokeProxy(event) {
      const result = await timedCall(event, () =>
        invoker.invoke({
          payload: proxyEvent(event),
          requestId: event.requestId,
          traceId: event.traceId,
          asynchronous: false,
          timeoutInMillis,
        }),
      )
      try {
        if (result.functionError) throw new GatewayError('FUNCTION_FAILURE', errorSentence(result.payload))
        return readProxyResult(result.payload, nullFunctionResult)
      } catch (error) {
        throw notedFailure(event, error)
      }
    }
}

// --- AWS ---

function compileMappedInvoke(
  definition: IntegrationDefinition,
  scope: IntegrationScope,
  isEvent: (event: ConnectionEvent) => boolean,
  report: ReportFault,
): CreateInvoke {
  const { timeoutInMillis, integrationResponses } = definition
  const request = compileRequestTemplate(definition, scope, report)
  const responses = compileResponseMapping(integrationResponses, scope, report)
  const mapsErrors = Object.keys(integrationResponses ?? {}).length > 0

  return (invoker) =>
    async function invokeMapped(event) {
      const result = await timedCall(event, () =>
        invoker.invoke({
          // What Lambda makes of an empty payload.
          payload: request.render(event) || '{}',
          requestId: event.requestId,
          traceId: event.traceId,
          asynchronous: isEvent(event),
          timeoutInMillis,
        }),
      )
      try {
        if (!result.functionError) return responses.map(event, { ...success, body: result.payload })
        if (!mapsErrors) throw new GatewayError('FUNCTION_FAILURE', errorSentence(result.payload))
        noteFailure(event, errorSentence(result.payload))
        const selectionValue = readErrorMessage(result.payload)
        const mapped = responses.map(event, { ...success, selectionValue, body: result.payload })
        return { ...mapped, status: functionFailureStatus } satisfies IntegrationResult
      } catch (error) {
        throw notedFailure(event, error)
      }
    }
}

/** The Lambda API answers 200 for every call that it carried out; only an error has something to select by. */
const success = { selectionValue: null, status: 200, headers: [] } as const

function readErrorMessage(payload: string): string {
  try {
    const error: unknown = JSON.parse(payload)
    if (typeof error === 'object' && error !== null && 'errorMessage' in error) {
      const { errorMessage } = error
      return typeof errorMessage === 'number' ? numberText(payload) : String(errorMessage)
    }
  } catch {
    // Not Lambda's form: the whole text is the message.
  }
  return payload
}

/** The `errorMessage` of an error, which is a number, with all its digits. */
function numberText(payload: string): string {
  return exactJsonText((exactJson(payload) as { errorMessage: unknown }).errorMessage)
}
