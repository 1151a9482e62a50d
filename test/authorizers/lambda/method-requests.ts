import type { AuthorizerScope, MethodAuthorizer, MethodRequest } from '../../../src/authorizers/contract.ts'
import type {
  CompiledMethodAuthorizer,
  MethodAuthorizerOptions,
} from '../../../src/authorizers/lambda/method-authorizer.ts'
import type { BackendPools } from '../../../src/backends/pools.ts'
import type { InvocationResult } from '../../../src/functions/contract.ts'

/** The ARN of a method of the stage that the tests ask for. */
export const methodArn = (method: string) => `arn:aws:execute-api:eu-west-1:123456789012:pets/dev/${method}`

export const scope: AuthorizerScope = {
  ...{ apiId: 'pets', stage: 'dev', stageVariables: {}, directory: '', functions: {} },
}

/** A request for `GET /pets/7` with these differences. */
export function request(differences: Partial<MethodRequest> = {}): MethodRequest {
  return {
    ...{ requestId: 'id', traceId: 'Root=1', method: 'GET', path: '/pets/7', resource: '/pets/{id}' },
    ...{ headers: [], query: [], rawQuery: '', pathParameters: {}, stageVariables: {}, requestContext: {} },
    client: { sourceIp: '203.0.113.9', proto: 'https', prefix: '' },
    contextVariable: () => null,
    authorization: null,
    ...differences,
  }
}

/** A request with this token. */
export const withToken = (token: string, differences: Partial<MethodRequest> = {}) =>
  request({ headers: [['Authorization', token]], ...differences })

/** The answer of a function with one statement. */
export function policyAnswer(
  principalId: string,
  Resource: string | string[] = '*',
  more: object = {},
  Effect = 'Allow',
) {
  const Statement = [{ Action: 'execute-api:Invoke', Effect, Resource }]
  return { principalId, policyDocument: { Version: '2012-10-17', Statement }, ...more }
}

/** A function that answers what `answer` makes of an event, and writes down the events; an Error is what it throws. */
export function recordingFunction(answer: (event: Record<string, unknown>) => unknown) {
  const events: Record<string, unknown>[] = []
  const clock = { now: 0 }
  const options: MethodAuthorizerOptions = {
    ...{ region: 'eu-west-1', accountId: '123456789012', now: () => 0, clock: () => clock.now },
    pools: {} as BackendPools,
    functions: {
      find: (uri) =>
        uri === 'function:none'
          ? 'there is no function none'
          : {
              open: () => ({
                async invoke({ payload }): Promise<InvocationResult> {
                  const event = JSON.parse(payload) as Record<string, unknown>
                  events.push(event)
                  const made = await answer(event)
                  if (!(made instanceof Error)) {
                    return { payload: JSON.stringify(made), functionError: false, requestId: 'call' }
                  }
                  const error = { errorMessage: made.message, errorType: 'Error' }
                  return { payload: JSON.stringify(error), functionError: true, requestId: 'call' }
                },
                close() {},
              }),
            },
    },
  }
  return { events, clock, options }
}

/** Opens what was compiled without a fault. */
export function opened(compiled: CompiledMethodAuthorizer): MethodAuthorizer {
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.open()
}
