import type { MetricGroup, Metrics, SeriesMaker } from '../observability/contract.ts'

/** The makers of series of an API and of its stages. */
export interface ApiSeries {
  /** Makes series of the API as a whole. */
  readonly api: SeriesMaker
  /** Makes series of one stage; they are the same for every version of the stage. */
  stage(name: string): SeriesMaker
}

/**
 * The groups of series of one API: its own and one for each stage, each made when it is first asked for. An API that
 * is removed and comes back has new ones; series of the same labels are shared while both count.
 */
export interface ApiMetrics extends ApiSeries {
  /**
   * Takes a stage's group away, for whoever closes it: from now on a stage of this name has another. Null when none was
   * asked for.
   */
  take(name: string): MetricGroup | null
  /** The names of the stages that have a group. */
  names(): readonly string[]
  /** Gives up the API's own series, once the groups of all its stages are closed too. */
  close(): void
}

/** The groups of an API that is not served yet. */
export function createApiMetrics(metrics: Metrics, apiId: string): ApiMetrics {
  const api = metrics.group(apiId)
  const stages = new Map<string, MetricGroup>()
  return {
    api,
    stage(name) {
      const group = stages.get(name) ?? api.group(`${apiId}/${name}`)
      stages.set(name, group)
      return group
    },
    take(name) {
      const group = stages.get(name) ?? null
      stages.delete(name)
      return group
    },
    names: () => [...stages.keys()],
    close: api.close,
  }
}
