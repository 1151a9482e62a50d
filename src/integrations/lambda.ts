import type { RequestContext } from '../events/request-context.ts'
import type { FunctionFinder, FunctionInvoker, InvocationResult } from '../functions/contract.ts'
import { compileParameterMapping, type ParameterInput, type ParameterSource } from '../mapping/parameter-mapping.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { errorSentence } from '../vocabulary/function-error.ts'
import type {
  Integration,
  IntegrationCall,
  IntegrationDefinition,
  IntegrationFault,
  IntegrationResult,
  IntegrationScope,
  IntegrationType,
} from './contract.ts'
import { checkIntegrationResponses, compileResponseMapping } from './integration-response.ts'
import { createProxyEvent } from './lambda-event.ts'
import { readProxyResult } from './proxy-result.ts'
import { checkRequestTemplate, compileRequestTemplate } from './request-template.ts'

/** How a call that the function failed counts for a handshake, as when a proxy's function fails. */
const functionFailureStatus = 502
const invocationType = 'x-amz-invocation-type'

/** Functions behind a route: `AWS_PROXY`, which hands over the event as it is, and `AWS`, which maps. */
export function createLambdaType(functions: FunctionFinder): IntegrationType {
  return {
    types: ['AWS_PROXY', 'AWS'],
    check: (definition, scope) => check(definition, scope, functions),
    create(definition, scope) {
      const target = functions.find(definition.integrationUri ?? '', scope)
      if (typeof target === 'string') throw new GatewayError('API_CONFIGURATION_ERROR', target)
      const invoker = target.open()
      const invoke =
        definition.integrationType === 'AWS'
          ? createMappedInvoke(definition, scope, invoker)
          : createProxyInvoke(definition, scope, invoker)
      return { constant: null, invoke, close: () => invoker.close() }
    },
  }
}

// --- check ---

function check(
  definition: IntegrationDefinition,
  scope: IntegrationScope,
  functions: FunctionFinder,
): readonly IntegrationFault[] {
  const faults: IntegrationFault[] = []
  const target = functions.find(definition.integrationUri ?? '', scope)
  if (typeof target === 'string') faults.push({ path: ['integrationUri'], message: target })
  if (definition.contentHandlingStrategy === 'CONVERT_TO_BINARY') {
    const message = 'allowed for a function: CONVERT_TO_TEXT or nothing; events are JSON text'
    faults.push({ path: ['contentHandlingStrategy'], message })
  }
  faults.push(...checkParameters(definition, scope))
  if (definition.integrationType === 'AWS') {
    faults.push(
      ...checkRequestTemplate(definition),
      ...checkIntegrationResponses(definition.integrationResponses, scope),
    )
  }
  return faults
}

/** A function gets an event and no HTTP request: the one header that says something says it to the Lambda API. */
function checkParameters(
  { integrationType, requestParameters }: IntegrationDefinition,
  { stageVariables }: IntegrationScope,
): readonly IntegrationFault[] {
  const { parameters, faults } = compileParameterMapping(requestParameters, stageVariables)
  const message =
    integrationType === 'AWS'
      ? 'allowed for a function: integration.request.header.X-Amz-Invocation-Type'
      : 'a function behind AWS_PROXY gets its event as it is; integrationType AWS maps'
  return [
    ...faults.map((fault) => ({ ...fault, path: ['requestParameters', ...fault.path] })),
    ...parameters
      .filter(
        (each) => integrationType !== 'AWS' || each.place !== 'header' || each.name.toLowerCase() !== invocationType,
      )
      .map(({ place, name }) => ({ path: ['requestParameters', `integration.request.${place}.${name}`], message })),
  ]
}

// --- AWS_PROXY ---

function createProxyInvoke(
  { timeoutInMillis }: IntegrationDefinition,
  { stageVariables, nullFunctionResult }: IntegrationScope,
  invoker: FunctionInvoker,
): Integration['invoke'] {
  const proxyEvent = createProxyEvent(stageVariables)
  return async function invokeProxy(call) {
    const { context } = call
    const result = await timed(context, () =>
      invoker.invoke({
        payload: proxyEvent(call),
        requestId: context.requestId,
        traceId: context.traceId,
        asynchronous: false,
        timeoutInMillis,
      }),
    )
    try {
      if (result.functionError) throw new GatewayError('FUNCTION_FAILURE', errorSentence(result.payload))
      return readProxyResult(result.payload, nullFunctionResult)
    } catch (error) {
      throw noted(context, error)
    }
  }
}

// --- AWS ---

function createMappedInvoke(
  definition: IntegrationDefinition,
  scope: IntegrationScope,
  invoker: FunctionInvoker,
): Integration['invoke'] {
  const { timeoutInMillis, integrationResponses } = definition
  const request = compileRequestTemplate(definition, scope)
  const responses = compileResponseMapping(integrationResponses, scope)
  const mapsErrors = Object.keys(integrationResponses ?? {}).length > 0
  const isEvent = compileInvocationType(definition, scope)

  return async function invokeMapped(call) {
    const { context } = call
    const result = await timed(context, () =>
      invoker.invoke({
        // What Lambda makes of an empty payload.
        payload: request.render(call) || '{}',
        requestId: context.requestId,
        traceId: context.traceId,
        asynchronous: isEvent(call),
        timeoutInMillis,
      }),
    )
    try {
      if (!result.functionError) return responses.map(call, { ...success, body: result.payload })
      if (!mapsErrors) throw new GatewayError('FUNCTION_FAILURE', errorSentence(result.payload))
      context.integrationErrorMessage = errorSentence(result.payload)
      const selectionValue = readErrorMessage(result.payload)
      const mapped = responses.map(call, { ...success, selectionValue, body: result.payload })
      return { ...mapped, status: functionFailureStatus } satisfies IntegrationResult
    } catch (error) {
      throw noted(context, error)
    }
  }
}

/** The Lambda API answers 200 for every call that it carried out; only an error has something to select by. */
const success = { selectionValue: null, status: 200, headers: [] } as const

function compileInvocationType(
  { requestParameters }: IntegrationDefinition,
  { stageVariables }: IntegrationScope,
): (call: IntegrationCall) => boolean {
  const { parameters } = compileParameterMapping(requestParameters, stageVariables)
  const source: ParameterSource<ParameterInput> | undefined = parameters.find(
    ({ place, name }) => place === 'header' && name.toLowerCase() === invocationType,
  )?.source
  return source === undefined ? () => false : (call) => source.read(call) === 'Event'
}

function readErrorMessage(payload: string): string {
  try {
    const error: unknown = JSON.parse(payload)
    if (typeof error === 'object' && error !== null && 'errorMessage' in error) return String(error.errorMessage)
  } catch {
    // Not Lambda's form: the whole text is the message.
  }
  return payload
}

// --- both ---

async function timed(context: RequestContext, invoke: () => Promise<InvocationResult>): Promise<InvocationResult> {
  const startedAt = performance.now()
  try {
    const result = await invoke()
    context.integrationStatus = 200
    context.integrationRequestId = result.requestId
    return result
  } catch (error) {
    throw noted(context, error)
  } finally {
    context.integrationLatency = performance.now() - startedAt
  }
}

function noted(context: RequestContext, error: unknown): GatewayError {
  const known = error instanceof GatewayError ? error : new GatewayError('INTERNAL_ERROR', undefined, { cause: error })
  context.integrationErrorMessage = known.message
  return known
}
