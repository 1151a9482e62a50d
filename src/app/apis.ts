import type { Fault } from 'postern-documents/faults'
import type { Gateway } from '../gateway/gateway.ts'
import type { Log } from '../observability/contract.ts'
import type { Catalog } from '../stages/catalog.ts'
import type { CompileOptions, OpenOptions } from '../stages/compile-stage.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import { readApis } from './read-apis.ts'

export interface ApisOptions extends CompileOptions, OpenOptions {
  readonly dir: string
  readonly catalog: Catalog<WebSocketStage>
  readonly gateway: Pick<Gateway, 'endSlot'>
  readonly log: Log
}

/** The definitions of a folder as they are served. */
export interface Apis {
  /**
   * Reads every definition anew and puts those without a fault in place; an API whose definition has a fault keeps
   * running as it was. Resolves with the faults, which have been logged. Never rejects.
   */
  reload(): Promise<readonly Fault[]>
  /** The route selection expression of an API that is served; null for others. */
  routeSelectionExpression(apiId: string): string | null
  /** Lets go of every integration. */
  close(): void
}

interface Served {
  readonly fingerprint: string
  readonly routeSelectionExpression: string
}

export function createApis(options: ApisOptions): Apis {
  const { dir, catalog, gateway, log, metrics } = options
  const applied = metrics.counter('postern_definition_reloads_total', { outcome: 'applied' })
  const rejected = metrics.counter('postern_definition_reloads_total', { outcome: 'rejected' })
  const served = new Map<string, Served>()
  let running: Promise<readonly Fault[]> = Promise.resolve([])

  async function load(): Promise<readonly Fault[]> {
    const { sources, faults } = await readApis(dir, options)
    for (const source of sources) {
      const { apiId, routeSelectionExpression } = source.definition
      if (served.get(apiId)?.fingerprint === source.fingerprint) continue
      replace(apiId, source.compiled.open(options))
      served.set(apiId, { fingerprint: source.fingerprint, routeSelectionExpression })
    }
    // With a fault anywhere, a missing API may be one that can't be read: it keeps running.
    const present = new Set(sources.map(({ definition }) => definition.apiId))
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
    for (const ended of catalog.replace(apiId, stages)) gateway.endSlot(ended)
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
