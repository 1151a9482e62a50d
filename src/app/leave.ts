import type { Gateway } from '../gateway/gateway.ts'
import type { SharedFleet } from '../registry/contract.ts'
import type { Transport } from '../transport/contract.ts'

export interface Leaving {
  readonly gateway: Gateway
  readonly transport: Transport
  readonly shared: SharedFleet | null
}

/** The longest wait for the last answers: longer than a question to another worker may take. */
const lastAnswersInMillis = 6_000

/**
 * Takes a worker away without anybody losing something. First it only says that it goes, for `delaySeconds`: `/readyz`
 * to the load balancer, and each answer to the callers of `@connections`, who come back elsewhere once the balancer
 * knows. Then its connections end over `seconds`. When the last `$disconnect` has been answered nobody new is let in,
 * who is waiting is answered, and the port is closed. The registry is left after this returns.
 */
export async function leave({ gateway, transport, shared }: Leaving, seconds: number, delaySeconds: number) {
  const retired = shared?.retire()
  transport.sendAway()
  await gateway.announceDrain(delaySeconds)
  await Promise.all([retired, gateway.drain(seconds)])
  transport.stopListening()
  // What was asked of other workers before `sendAway` is known to the registry only.
  await Promise.all([transport.answered(lastAnswersInMillis), shared?.settled()])
  transport.close()
}
