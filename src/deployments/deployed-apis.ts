import type { Fault } from 'postern-documents/faults'
import type { Log } from '../observability/contract.ts'
import type { Catalog } from '../stages/catalog.ts'
import type { CompileOptions, OpenOptions } from '../stages/compile-stage.ts'
import type { StageSlot } from '../stages/stage-slot.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import { compileDefinitions } from './compile-definitions.ts'
import type { DefinitionSource } from './contract.ts'

export interface DeployedApisOptions extends CompileOptions, OpenOptions {
  readonly source: Pick<DefinitionSource, 'read'>
  readonly catalog: Catalog<WebSocketStage>
  /** Ends the connections of a stage that is not served any more. */
  readonly endSlot: (slot: StageSlot<WebSocketStage>) => void
  readonly log: Log
}

/** The definitions of a source as they are served. */
export interface DeployedApis {
  /**
   * Reads every definition anew and puts those without a fault in place; an API whose definition has a fault keeps
   * running as it was. Resolves with the faults, which have been logged. Never rejects.
   */
  reload(): Promise<readonly Fault[]>
  /** The route selection expression of an API that is served; null for others. */
  routeSelectionExpression(apiId: string): string | null
  /** Closes every stage that is served. */
  close(): void
}

interface Served {
  readonly fingerprint: string
  readonly routeSelectionExpression: string
}

/** Serves nothing before the first `reload`. */
export function createDeployedApis(options: DeployedApisOptions): DeployedApis {
  const { source, catalog, endSlot, log, metrics } = options
  const applied = metrics.counter('postern_definition_reloads_total', { outcome: 'applied' })
  const rejected = metrics.counter('postern_definition_reloads_total', { outcome: 'rejected' })
  const served = new Map<string, Served>()
  let running: Promise<readonly Fault[]> = Promise.resolve([])

  async function load(): Promise<readonly Fault[]> {
    const { deployable, faults } = compileDefinitions(await source.read(), options)
    for (const { apiId, fingerprint, routeSelectionExpression, compiled } of deployable) {
      if (served.get(apiId)?.fingerprint === fingerprint) continue
      replace(apiId, compiled.open(options))
      served.set(apiId, { fingerprint, routeSelectionExpression })
    }
    // With a fault anywhere, a missing API may be one that can't be read: it keeps running.
    const present = new Set(deployable.map(({ apiId }) => apiId))
    if (faults.length === 0) for (const apiId of served.keys()) if (!present.has(apiId)) remove(apiId)
    for (const { file, line, column, path, message } of faults) {
      log.error({ file, line, column, field: path }, message)
    }
    const outcome = faults.length === 0 ? applied : rejected
    outcome.value++
    return faults
  }

  function replace(apiId: string, stages: readonly WebSocketStage[]): void {
    const replaced = catalog
      .slots()
      .filter((slot) => slot.apiId === apiId)
      .map(({ newest }) => newest)
    for (const ended of catalog.replace(apiId, stages)) endSlot(ended)
    for (const stage of replaced) stage.close()
    if (stages.length > 0) log.info({ api: apiId, stages: stages.map(({ name }) => name) }, 'API deployed')
  }

  function remove(apiId: string): void {
    served.delete(apiId)
    replace(apiId, [])
    log.info({ api: apiId }, 'API removed')
  }

  return {
    reload() {
      // One at a time: two signals must not interleave their swaps.
      running = running.then(load).catch((error) => {
        log.error({ err: error }, 'the definitions could not be reloaded')
        return []
      })
      return running
    },
    routeSelectionExpression: (apiId) => served.get(apiId)?.routeSelectionExpression ?? null,
    close() {
      for (const { newest } of catalog.slots()) newest.close()
    },
  }
}
