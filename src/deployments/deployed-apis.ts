import type { Fault } from 'postern-documents/faults'
import type { NamedApis } from '../config/api-names.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import { type ApiMetrics, createApiMetrics } from '../stages/api-metrics.ts'
import type { Catalog } from '../stages/catalog.ts'
import type { CompiledApi } from '../stages/compile-api.ts'
import type { CompileOptions, OpenOptions } from '../stages/compile-stage.ts'
import type { StageSlot } from '../stages/stage-slot.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import { compileDefinitions } from './compile-definitions.ts'
import type { DefinitionSource } from './contract.ts'

export interface DeployedApisOptions extends CompileOptions, Omit<OpenOptions, 'metrics'> {
  readonly source: Pick<DefinitionSource, 'read'>
  readonly catalog: Catalog<WebSocketStage>
  /** Ends the connections of a stage that is not served any more. */
  readonly endSlot: (slot: StageSlot<WebSocketStage>) => void
  /** Finds the settings that name an API or a stage which is not there. */
  readonly checkNames?: (names: NamedApis) => readonly Fault[]
  readonly metrics: Metrics
  readonly log: Log
}

/** The definitions of a source as they are served. */
export interface DeployedApis {
  /**
   * Reads every definition anew and puts those without a fault in place; an API whose definition has a fault keeps
   * running as it was. Resolves with the faults, which have been logged. Never rejects.
   */
  reload(): Promise<readonly Fault[]>
  /** The settings that name an API or a stage which was not there at the last `reload`; these have been logged too. */
  nameFaults(): readonly Fault[]
  /** The route selection expression of an API that is served; null for others. */
  routeSelectionExpression(apiId: string): string | null
  /** Closes every stage that is served. */
  close(): void
}

/** An API that is served, as it is now. */
interface Served {
  readonly fingerprint: string
  readonly routeSelectionExpression: string
  readonly metrics: ApiMetrics
}

/** Serves nothing before the first `reload`. */
export function createDeployedApis(options: DeployedApisOptions): DeployedApis {
  const { source, catalog, endSlot, log, metrics } = options
  const applied = metrics.counter('postern_definition_reloads_total', { outcome: 'applied' })
  const rejected = metrics.counter('postern_definition_reloads_total', { outcome: 'rejected' })
  const served = new Map<string, Served>()
  let running: Promise<readonly Fault[]> = Promise.resolve([])
  let nameFaults: readonly Fault[] = []

  async function load(): Promise<readonly Fault[]> {
    const { deployable, faults, warnings, names } = compileDefinitions(await source.read(), options)
    for (const { apiId, fingerprint, routeSelectionExpression, compiled } of deployable) {
      if (served.get(apiId)?.fingerprint === fingerprint) continue
      const series = served.get(apiId)?.metrics ?? createApiMetrics(metrics, apiId)
      replace(apiId, open(apiId, compiled, series), series)
      served.set(apiId, { fingerprint, routeSelectionExpression, metrics: series })
    }
    // With a fault anywhere, a missing API may be one that can't be read: it keeps running.
    const present = new Set(deployable.map(({ apiId }) => apiId))
    if (faults.length === 0) for (const apiId of served.keys()) if (!present.has(apiId)) remove(apiId)
    nameFaults = options.checkNames?.(names) ?? []
    for (const { file, line, column, path, message } of [...faults, ...nameFaults]) {
      log.error({ file, line, column, field: path }, message)
    }
    for (const { file, line, column, path, message } of warnings) {
      log.warn({ file, line, column, field: path }, message)
    }
    const outcome = faults.length === 0 ? applied : rejected
    outcome.value++
    return faults
  }

  /** The stages of a definition. When they can't be opened, what they would have counted in is gone again. */
  function open(apiId: string, compiled: CompiledApi, series: ApiMetrics): WebSocketStage[] {
    try {
      return compiled.open({ ...options, metrics: series })
    } catch (error) {
      const kept = new Set(slotsOf(apiId).map(({ stageName }) => stageName))
      for (const name of series.names()) if (!kept.has(name)) series.take(name)?.close()
      if (!served.has(apiId)) series.close()
      throw error
    }
  }

  function slotsOf(apiId: string): StageSlot<WebSocketStage>[] {
    return catalog.slots().filter((slot) => slot.apiId === apiId)
  }

  function replace(apiId: string, stages: readonly WebSocketStage[], series: ApiMetrics): void {
    const replaced = slotsOf(apiId).map(({ newest }) => newest)
    for (const ended of catalog.replace(apiId, stages)) {
      endSlot(ended)
      const group = series.take(ended.stageName)
      // Not before its last connection has ended and the backend knows, which is counted too.
      if (group !== null) ended.whenLeft(group.close)
    }
    for (const slot of slotsOf(apiId)) {
      const labels = { api: apiId, stage: slot.stageName }
      series.stage(slot.stageName).gauge('postern_connections', labels, () => slot.connections)
    }
    for (const stage of replaced) stage.close()
    if (stages.length > 0) log.info({ api: apiId, stages: stages.map(({ name }) => name) }, 'API deployed')
  }

  function remove(apiId: string): void {
    const series = served.get(apiId)?.metrics
    served.delete(apiId)
    if (series === undefined) return
    replace(apiId, [], series)
    series.close()
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
    nameFaults: () => nameFaults,
    routeSelectionExpression: (apiId) => served.get(apiId)?.routeSelectionExpression ?? null,
    close() {
      for (const { newest } of catalog.slots()) newest.close()
    },
  }
}
