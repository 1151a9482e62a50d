import { createFault, type Fault, sortFaults } from 'postern-documents/faults'
import type { NamedApis } from '../config/api-names.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import { type AnyStage, holdsWebSockets } from '../stages/any-stage.ts'
import { type ApiMetrics, createApiMetrics } from '../stages/api-metrics.ts'
import type { Catalog } from '../stages/catalog.ts'
import type { CompiledApi } from '../stages/compile-api.ts'
import type { OpenOptions } from '../stages/compile-stage.ts'
import type { Stage } from '../stages/stage.ts'
import type { StageSlot } from '../stages/stage-slot.ts'
import type { ApiKeys } from '../usage/contract.ts'
import { compileDefinitions, type DefinitionOptions, type DeployableApi } from './compile-definitions.ts'
import type { DefinitionSource } from './contract.ts'

export interface DeployedApisOptions extends DefinitionOptions, Omit<OpenOptions, 'metrics' | 'apiKeys'> {
  readonly apiKeys: ApiKeys
  readonly source: Pick<DefinitionSource, 'read'>
  readonly catalog: Catalog<AnyStage>
  /** Ends the connections of a stage that is not served any more. */
  readonly endSlot: (slot: StageSlot<AnyStage>) => void
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
  readonly protocolType: Stage['protocolType']
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
    const { deployable, faults: known, warnings, names } = compileDefinitions(await source.read(), options)
    const unopened = deployable.map(serve).filter((fault) => fault !== null)
    const faults = unopened.length === 0 ? known : sortFaults([...known, ...unopened])
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

  /** Puts a definition in place; one that can't be opened is a fault, and what is served goes on. */
  function serve(api: DeployableApi): Fault | null {
    const { apiId, protocolType, fingerprint, routeSelectionExpression, compiled, locate } = api
    const known = served.get(apiId)
    if (known?.fingerprint === fingerprint) return null
    // Nothing of an API outlives its protocol: connections must never meet a stage that has no messages.
    const before = known?.protocolType === protocolType ? known : undefined
    const series = before?.metrics ?? createApiMetrics(metrics, apiId)
    try {
      const stages = open(compiled, series, before === undefined ? [] : slotsOf(apiId))
      if (before === undefined) remove(apiId)
      replace(apiId, stages, series)
    } catch (error) {
      const { message } = error as Error
      log.error({ api: apiId, err: error }, 'a definition could not be opened')
      return locate({ path: [], message: `can't be opened: ${message}` })
    }
    served.set(apiId, { fingerprint, protocolType, routeSelectionExpression, metrics: series })
    return null
  }

  /** The stages of a definition. When they can't be opened, what they would have counted in is gone again. */
  function open(compiled: CompiledApi, series: ApiMetrics, slots: readonly StageSlot<AnyStage>[]): AnyStage[] {
    try {
      return compiled.open({ ...options, metrics: series })
    } catch (error) {
      const kept = new Set(slots.map(({ stageName }) => stageName))
      for (const name of series.names()) if (!kept.has(name)) series.take(name)?.close()
      if (slots.length === 0) series.close()
      throw error
    }
  }

  function slotsOf(apiId: string): StageSlot<AnyStage>[] {
    return catalog.slots().filter((slot) => slot.apiId === apiId)
  }

  function replace(apiId: string, stages: readonly AnyStage[], series: ApiMetrics): void {
    const replaced = new Map(slotsOf(apiId).map((slot) => [slot, slot.newest]))
    const gone = catalog.replace(apiId, stages)
    for (const [slot, stage] of replaced) if (!gone.includes(slot)) stage.close()
    for (const ended of gone) {
      endSlot(ended)
      const group = series.take(ended.stageName)
      // Not before its last connection has ended, one that is in `$connect` now included, and the backend knows, which
      // needs its integrations and is counted too.
      ended.whenLeft(() => {
        ended.newest.close()
        group?.close()
      })
    }
    for (const slot of slotsOf(apiId).filter(holdsWebSockets)) {
      const labels = { api: apiId, stage: slot.stageName }
      series.stage(slot.stageName).gauge('postern_connections', labels, () => slot.connections)
    }
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
      running = running.then(load).catch((error: Error) => {
        log.error({ err: error }, 'the definitions could not be reloaded')
        rejected.value++
        return [createFault({ file: 'definitions' }, { path: [], problem: `can't be reloaded: ${error.message}` })]
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
