import type { Log } from '../observability/contract.ts'
import type { Fleet } from '../registry/contract.ts'
import type { HttpExchange } from '../transport/contract.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { ownerOfConnectionId } from '../vocabulary/ids.ts'
import { refuse } from './reply.ts'

export interface RegistryFailuresOptions {
  readonly registry: Fleet
  readonly log: Log
}

/** Answers for what the registry can't do now: status 503 and the name of what does not answer. */
export interface RegistryFailures {
  /**
   * Answers for the error that a call of the registry was rejected with; an error that is not known stays in the log.
   */
  refuse(exchange: HttpExchange, error: unknown): void
  /** Answers for the worker that holds a connection and did not answer. */
  refuseFor(exchange: HttpExchange, connectionId: string): Promise<void>
}

export function createRegistryFailures({ registry, log }: RegistryFailuresOptions): RegistryFailures {
  function refuseInTrouble(exchange: HttpExchange): boolean {
    const trouble = registry.trouble()
    if (trouble !== null) refuse(exchange, 503, `Other workers can't be reached: ${trouble}`)
    return trouble !== null
  }

  /** A worker as a person reads it, with its name as far as that can be learned now. */
  async function workerText(connectionId: string): Promise<string> {
    const owner = ownerOfConnectionId(connectionId)
    const known = await registry.workers().catch(() => null)
    const name = known?.workers.find((each) => each.owner === owner)?.name
    return name === undefined ? `Worker ${owner}` : `Worker ${name} (${owner})`
  }

  return {
    refuse(exchange, error) {
      if (error instanceof RangeError) return refuse(exchange, 400, error.message)
      const isKnown = error instanceof GatewayError && error.code === 'WORKER_UNREACHABLE'
      if (!isKnown) log.error({ err: error }, 'a request to the management port failed')
      if (refuseInTrouble(exchange)) return
      refuse(exchange, 503, isKnown ? error.message : 'The registry did not answer; the log says why')
    },
    async refuseFor(exchange, connectionId) {
      if (refuseInTrouble(exchange)) return
      refuse(exchange, 503, `${await workerText(connectionId)}, which holds the connection, did not answer; try again`)
    },
  }
}
