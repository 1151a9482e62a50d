import type { Metrics } from '../observability/contract.ts'
import type { TransportHandlers } from '../transport/contract.ts'
import { createManagementApi, type ManagementApiOptions } from './api.ts'
import { createManagementDoor } from './door.ts'
import type { GuardOptions } from './guard.ts'

export interface ManagementOptions extends ManagementApiOptions, GuardOptions {
  readonly metrics: Metrics
  /** Reasons why no client should be sent here, besides the registry's: `draining`, `definitions are being read`. */
  readonly unready: () => readonly string[]
  /** Whether the playground is served. */
  readonly playground?: boolean
}

/** Creates the handlers of the management port of one process, which answers for itself alone. */
export function createManagementHandlers(options: ManagementOptions): TransportHandlers<never> {
  const { registry, metrics, gateway, unready } = options
  return createManagementDoor({
    ...options,
    readiness() {
      const trouble = registry.trouble()
      const reasons = [
        ...(gateway() === null ? ['not listening'] : []),
        ...unready(),
        ...(trouble === null ? [] : [trouble]),
      ]
      return { ready: reasons.length === 0, reasons }
    },
    scrape: metrics.scrape,
    api: createManagementApi(options),
  })
}
