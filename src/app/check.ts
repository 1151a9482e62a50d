import { type Fault, sortFaults } from 'postern-documents/faults'
import { compileDefinitions } from '../deployments/compile-definitions.ts'
import { createFolderSource } from '../deployments/folder.ts'
import { createAccessLog } from '../observability/access-log.ts'
import type { Log } from '../observability/contract.ts'
import { createIntegrations, type IntegrationSettings } from './integration-types.ts'

/**
 * Finds every fault of every definition in a folder, as `postern start` would find them, and every warning, in the order
 * of files and lines; nothing is run or connected to.
 */
export async function checkDefinitions(dir: string, settings: IntegrationSettings): Promise<readonly Fault[]> {
  const { types, close } = createIntegrations({ settings, log: silent })
  try {
    const unwritten = { write: () => {} }
    const { faults, warnings } = compileDefinitions(await createFolderSource({ dir, log: silent }).read(), {
      integrationTypes: types,
      createAccessLog: (format) => createAccessLog(format, unwritten),
    })
    return sortFaults([...faults, ...warnings])
  } finally {
    close()
  }
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
