import type { Settings } from '../config/settings.ts'
import { createDescriptorBudget, type DescriptorBudget } from '../limits/descriptor-budget.ts'
import { countOpenDescriptors, descriptorShortage, readDescriptorLimit } from '../limits/descriptor-limit.ts'
import type { Log, Metrics } from '../observability/contract.ts'

/**
 * Holds the limit on open files against `maxConnections`, says so where it is too low, and gives the budget of the
 * clients; null where there is no limit, or none that this system tells.
 */
export function openDescriptorBudget(
  { maxConnections }: Pick<Settings, 'maxConnections'>,
  { log, metrics }: { log: Log; metrics: Metrics },
): DescriptorBudget | null {
  const limit = readDescriptorLimit()?.soft ?? Number.POSITIVE_INFINITY
  if (limit === Number.POSITIVE_INFINITY) return null
  const shortage = descriptorShortage(limit, maxConnections)
  if (shortage !== null) log.warn({ limit, maxConnections }, shortage)
  const refused = metrics.counter('postern_sockets_refused_total', { cause: 'descriptors' })
  return createDescriptorBudget({ limit, open: countOpenDescriptors, now: () => performance.now(), refused, log })
}
