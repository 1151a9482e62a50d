import type { ConnectionEvent } from '../events/event.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import type { IntegrationResult, IntegrationType } from './contract.ts'
import { createFaultList } from './fault-list.ts'
import { compileResponseMapping } from './integration-response.ts'
import { readMockStatus } from './mock-status.ts'
import { compileRequestTemplate } from './request-template.ts'

/**
 * MOCK answers by itself: the request template renders `{"statusCode": 200}`, that status picks an integration
 * response, and its template is the answer. When nothing in it depends on the call, the answer is made at load.
 */
export const mockIntegrationType: IntegrationType = {
  types: ['MOCK'],
  compile(definition, scope) {
    const { report, outcome } = createFaultList()
    const request = compileRequestTemplate(definition, scope, report)
    const responses = compileResponseMapping(definition.integrationResponses, scope, report)
    const constantStatus = request.constant === null ? null : readMockStatus(request.constant)

    function answer(event: ConnectionEvent): IntegrationResult {
      const status = constantStatus ?? readMockStatus(request.render(event) ?? '')
      if (status === null) {
        throw new GatewayError('API_CONFIGURATION_ERROR', 'the request template of a MOCK gave no integer statusCode')
      }
      return responses.map(event, { selectionValue: String(status), status, headers: [], body: '' })
    }

    return outcome(responses, () => ({
      constant: constantStatus === null ? null : responses.constantFor(constantStatus),
      invoke: answer,
      close() {},
    }))
  },
}
