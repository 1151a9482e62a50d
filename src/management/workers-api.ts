import type { Fleet, WorkerDescription } from '../registry/contract.ts'
import type { HttpExchange } from '../transport/contract.ts'
import type { RegistryFailures } from './registry-failures.ts'
import { isoTime, replyJson } from './reply.ts'

export interface WorkersApiOptions {
  readonly registry: Fleet
  readonly failures: RegistryFailures
  readonly now: () => number
}

/** Creates the handler of `/api/workers`: the workers of the fleet, and which of them answers here. */
export function createWorkersApi({ registry, failures, now }: WorkersApiOptions) {
  return function workers(exchange: HttpExchange): void {
    registry.workers().then(
      ({ workers, incomplete }) =>
        replyJson(exchange, 200, { workers: workers.map(readable), incomplete, now: isoTime(now()) }),
      (error: unknown) => failures.refuse(exchange, error),
    )
  }

  function readable({ owner, name, state, version, startedAt, connections, leaseUntil }: WorkerDescription) {
    const times = { startedAt: timeOrNull(startedAt), leaseUntil: timeOrNull(leaseUntil) }
    return { owner, name, self: owner === registry.owner, state, version, connections, ...times }
  }
}

function timeOrNull(epoch: number | null): string | null {
  return epoch === null ? null : isoTime(epoch)
}
