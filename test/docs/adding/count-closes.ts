import type { Metrics } from '../../../src/observability/contract.ts'

/** Makes the series of one reason. */
export const countIdle = (metrics: Metrics) =>
  metrics.counter('postern_closes_total', { api: 'chat', stage: 'dev', reason: 'idleTimeout' })
