import { type BackendPools, createBackendPools } from '../backends/pools.ts'
import type { Settings } from '../config/settings.ts'
import type { FunctionFinder } from '../functions/contract.ts'
import { createFunctionFinder } from '../functions/finder.ts'
import { createLambdaApi } from '../functions/lambda-api.ts'
import { createFunctionPools, type FunctionPools } from '../functions/pools.ts'
import type { IntegrationType } from '../integrations/contract.ts'
import { createGroupType } from '../integrations/group.ts'
import { createHttpIntegrationType } from '../integrations/http.ts'
import { createLambdaType } from '../integrations/lambda.ts'
import { mockIntegrationType } from '../integrations/mock.ts'
import type { Log } from '../observability/contract.ts'
import type { Groups } from '../registry/group-contract.ts'

/**
 * Calls that may wait for each connection of a backend: more than its connections, few enough that none waits in vain.
 */
const waitingPerConnection = 16

/** The integrations that are in the box: every kind, with what it needs to run. */
export interface Integrations {
  readonly types: readonly IntegrationType[]
  readonly functions: FunctionPools
  /** The functions and backends that integrations call: authorizers call the same ones. */
  readonly callees: { readonly functions: FunctionFinder; readonly pools: BackendPools }
  close(): void
}

export interface IntegrationOptions {
  readonly settings: IntegrationSettings
  readonly log: Log
  /** The way to groups; null where nothing is opened. */
  readonly groups: Groups | null
}

export function createIntegrations({ settings, log, groups }: IntegrationOptions): Integrations {
  const pools = createBackendPools({
    connectTimeoutInMillis: settings.connectTimeoutInMillis,
    maxConnectionsPerOrigin: settings.maxBackendConnections,
    maxWaitingPerOrigin: settings.maxBackendConnections * waitingPerConnection,
    maxResponseBytes: settings.maxIntegrationResponseBytes,
  })
  const functions = createFunctionPools({ log, region: settings.lambda.region })
  const { endpoint, region, credentials } = settings.lambda
  // Without credentials only an endpoint of the operator's own can be meant: a misspelt local function shows at load.
  const lambdaEndpoint = endpoint ?? (credentials === null ? null : `https://lambda.${region}.amazonaws.com`)
  const lambdaApi = lambdaEndpoint === null ? null : createLambdaApi({ endpoint: lambdaEndpoint, region, credentials })
  const finder = createFunctionFinder({ pools: functions, lambdaApi })
  return {
    types: [
      mockIntegrationType,
      createGroupType(groups),
      createHttpIntegrationType({ pools }),
      createLambdaType(finder),
    ],
    functions,
    callees: { functions: finder, pools },
    close() {
      functions.close()
      lambdaApi?.close()
      pools.close()
    },
  }
}

export type IntegrationSettings = Pick<
  Settings,
  'connectTimeoutInMillis' | 'maxBackendConnections' | 'maxIntegrationResponseBytes' | 'lambda'
>
