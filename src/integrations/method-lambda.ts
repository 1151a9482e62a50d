import type { MethodEvent } from '../events/method-event.ts'
import type { FunctionFinder } from '../functions/contract.ts'
import { compileRequestChanges, type RequestChanges } from '../mapping/method-parameters.ts'
import { compileResponseChanges } from '../mapping/method-response-parameters.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { errorSentence } from '../vocabulary/function-error.ts'
import { decodedQuery } from '../vocabulary/query-pairs.ts'
import { createFaultList } from './fault-list.ts'
import { findTarget, notedFailure, timedCall } from './function-call.ts'
import type { MethodIntegration, MethodIntegrationType } from './method-contract.ts'
import { createMethodEventText, requestAsItCame, type ShownRequest } from './method-event-text.ts'
import { readResultV1, readResultV2 } from './method-result.ts'

/**
 * Creates the type of functions behind routes of HTTP APIs ("Create AWS Lambda proxy integrations for HTTP APIs in API
 * Gateway"), with events and results of format 1.0 or 2.0. What parameter mapping changes, the event shows changed.
 */
export function createMethodLambdaType(functions: FunctionFinder): MethodIntegrationType {
  return {
    type: 'AWS_PROXY',
    compile(definition, scope) {
      const { report, outcome } = createFaultList<MethodIntegration>()
      const { integrationUri, integrationMethod = 'POST', payloadFormatVersion, timeoutInMillis } = definition
      if (integrationMethod !== 'POST') report(['integrationMethod'], 'allowed for a function: POST or nothing')
      const request = compileRequestChanges(definition.requestParameters, scope.stageVariables)
      for (const { path, message } of request.faults) report(['requestParameters', ...path], message)
      const response = compileResponseChanges(definition.responseParameters, scope.stageVariables)
      for (const { path, message } of response.faults) report(['responseParameters', ...path], message)
      const { changes } = response
      const eventText = createMethodEventText(payloadFormatVersion, scope)
      const readResult = payloadFormatVersion === '2.0' ? readResultV2 : readResultV1
      const shown = compileShownRequest(request.changes)
      return outcome(findTarget(functions, integrationUri, scope, report), (target) => {
        const invoker = target.open()
        return {
          async invoke(event) {
            const result = await timedCall(event, () =>
              invoker.invoke({
                payload: eventText(event, shown(event)),
                requestId: event.requestId,
                traceId: event.traceId,
                asynchronous: false,
                timeoutInMillis,
              }),
            )
            try {
              if (result.functionError) throw new GatewayError('FUNCTION_FAILURE', errorSentence(result.payload))
              const answer = readResult(result.payload)
              return changes === null ? answer : changes.apply(event, answer)
            } catch (error) {
              throw notedFailure(event, error)
            }
          },
          close: () => invoker.close(),
        }
      })
    },
  }
}

/** The request that a function is to see. */
function compileShownRequest({ headers, query, path }: RequestChanges): (event: MethodEvent) => ShownRequest {
  if (headers === null && query === null && path === null) return requestAsItCame
  return (event) => {
    const { arrival } = event
    const rawQuery = query === null ? arrival.rawQuery : query(event, arrival.rawQuery)
    return {
      headers: headers === null ? arrival.headers : headers(event, arrival.headers),
      rawQuery,
      query: query === null ? event.query : decodedQuery(rawQuery),
      rawPath: path?.(event) ?? event.rawPath,
    }
  }
}
