import { type Fault, type Finding, sortFaults } from 'postern-documents/faults'
import { checkApiNames } from '../config/api-names.ts'
import type { Settings } from '../config/settings.ts'
import { compileDefinitions } from '../deployments/compile-definitions.ts'
import { createFolderSource } from '../deployments/folder.ts'
import { createAccessLog } from '../observability/access-log.ts'
import type { Log } from '../observability/contract.ts'
import { createIntegrations, type IntegrationSettings } from './integration-types.ts'

type CheckSettings = IntegrationSettings & Pick<Settings, 'dir' | 'defaultApi' | 'domains'>

/**
 * Finds every fault of every definition in the folder of the settings, and the settings that name what no definition
 * has, as `postern start` would find them, and every warning, in the order of files and lines; nothing is run or
 * connected to. `locate` puts what is wrong in a setting in its place.
 */
export async function checkDefinitions(
  settings: CheckSettings,
  locate: (finding: Finding) => Fault,
): Promise<readonly Fault[]> {
  const { dir } = settings
  const { types, close } = createIntegrations({ settings, log: silent })
  try {
    const unwritten = { write: () => {} }
    const { faults, warnings, names } = compileDefinitions(await createFolderSource({ dir, log: silent }).read(), {
      integrationTypes: types,
      createAccessLog: (format) => createAccessLog(format, unwritten),
    })
    return sortFaults([...faults, ...warnings, ...checkApiNames(settings, names).map(locate)])
  } finally {
    close()
  }
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
