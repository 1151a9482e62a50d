import type { IntegrationType } from '../../src/integrations/contract.ts'

/** Backends that write down when they are opened and closed; `faulty` is refused, and `broken` can't be opened. */
export function recordingIntegrations() {
  const opened: string[] = []
  const closed: string[] = []
  const type: IntegrationType = {
    types: ['HTTP_PROXY'],
    compile({ integrationUri = '' }, { stage, stageVariables }) {
      const host = new URL(integrationUri.replace('${stageVariables.host}', stageVariables.host ?? '')).host
      const name = `${host} of ${stage}`
      if (host === 'faulty') return { faults: [{ path: ['integrationUri'], message: 'not this one' }] }
      return {
        faults: null,
        open() {
          if (host === 'broken') throw new Error(`${name} can't be opened`)
          opened.push(name)
          return {
            constant: null,
            invoke: () => ({ status: 200, headers: [], body: '' }),
            close: () => void closed.push(name),
          }
        },
      }
    },
  }
  return { type, opened, closed }
}

/** An integration of that kind in a definition. */
export const to = (host: string) => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  integrationUri: `http://${host}/`,
})
