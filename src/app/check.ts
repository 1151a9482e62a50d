import { type Fault, type Finding, sortFaults } from 'postern-documents/faults'
import { createAccessKeys } from '../authorizers/iam/access-keys.ts'
import { checkApiNames } from '../config/api-names.ts'
import type { Settings } from '../config/settings.ts'
import { compileDefinitions } from '../deployments/compile-definitions.ts'
import { createFolderSource } from '../deployments/folder.ts'
import { createAccessLog } from '../observability/access-log.ts'
import type { Log } from '../observability/contract.ts'
import { createAuthorizerTypes } from './authorizer-types.ts'
import { checkCertificates } from './check-certificates.ts'
import { checkFunctions } from './check-functions.ts'
import { httpOptions } from './http-apis.ts'
import { createIntegrations, type IntegrationSettings } from './integration-types.ts'
import { createTokenAuthorizers, type TokenSettings } from './token-authorizers.ts'
import { uncountedKeys } from './usage.ts'

type CheckSettings = IntegrationSettings &
  TokenSettings &
  Pick<Settings, 'dir' | 'defaultApi' | 'domains' | 'credentials' | 'usage' | 'tls'>

/**
 * Finds every fault of every definition in the folder of the settings, and the settings that name what no definition
 * has, as `postern start` would find them, and every warning, in the order of files and lines; nothing is connected to.
 * `locate` puts what is wrong in a setting in its place. With `loadsFunctions` the handlers of functions are loaded too,
 * each in a process of its own, and not called.
 */
export async function checkDefinitions(
  settings: CheckSettings,
  locate: (finding: Finding) => Fault,
  { loadsFunctions = false }: { loadsFunctions?: boolean } = {},
): Promise<readonly Fault[]> {
  const { dir } = settings
  const { types, callees, close } = createIntegrations({ settings, log: silent, groups: null })
  const tokens = createTokenAuthorizers({ settings, log: silent })
  try {
    const unwritten = { write: () => {} }
    const definitions = await createFolderSource({ dir, log: silent }).read()
    const { faults, warnings, names } = compileDefinitions(definitions, {
      integrationTypes: types,
      // Nobody comes whose key would be looked for.
      authorizerTypes: createAuthorizerTypes({
        ...{ settings, accessKeys: createAccessKeys([]), callees, now: Date.now, tokenTypes: tokens.types },
      }),
      http: httpOptions({ settings, accessKeys: createAccessKeys([]), callees, tokens, now: Date.now }),
      apiKeys: uncountedKeys(settings),
      createAccessLog: (format) => createAccessLog(format, unwritten),
    })
    const { region } = settings.lambda
    const ofFunctions = loadsFunctions ? await checkFunctions(definitions.apis, { region, known: faults }) : []
    return sortFaults([
      ...faults,
      ...ofFunctions,
      ...warnings,
      ...(await checkCertificates(settings, locate)),
      ...checkApiNames({ ...settings, ...settings.usage }, names).map(locate),
    ])
  } finally {
    tokens.close()
    close()
  }
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
