import { bodyOf } from '../../../src/events/event.ts'
import type { IntegrationType } from '../../../src/integrations/contract.ts'

/** Answers every message with its own text. */
export const echoIntegrationType: IntegrationType = {
  types: ['MOCK'],
  compile: ({ requestTemplates }) => {
    if (requestTemplates !== undefined)
      return { faults: [{ path: ['requestTemplates'], message: 'nothing is mapped' }] }
    return {
      faults: null,
      open: () => ({
        constant: null,
        invoke: (event) => ({ status: 200, headers: [], body: bodyOf(event) ?? '' }),
        close() {},
      }),
    }
  },
}
