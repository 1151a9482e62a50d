import type { CallerAuthorizer } from '../authorizers/contract.ts'
import { createPolicyCallers } from '../authorizers/policy-callers.ts'
import type { Settings } from '../config/settings.ts'
import { createConnectionsHandler } from '../connections/callback.ts'
import type { CallbackTarget } from '../connections/callback-call.ts'
import { createEntrance } from '../connections/entrance.ts'
import { createBatchHandler } from '../groups/batch.ts'
import { createGroupsHandler } from '../groups/groups.ts'
import type { IdempotencyKeys } from '../idempotency/contract.ts'
import { createMemoryKeys } from '../idempotency/memory-keys.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type { Log } from '../observability/contract.ts'
import type { Registry } from '../registry/contract.ts'
import type { RedisClient } from '../store/contract.ts'
import type { StreamedExchange, TransportRequest } from '../transport/contract.ts'
import type { ClientAddress } from '../vocabulary/client-address.ts'
import { policyTerms } from './policy-terms.ts'

export interface BackendCallsOptions {
  readonly settings: Settings
  readonly registry: Registry
  readonly redis: RedisClient | null
  readonly authorizer: CallerAuthorizer | null
  readonly requests: TokenBucket | null
  readonly clientAddress: (request: TransportRequest) => ClientAddress
  readonly log: Log
  readonly now: () => number
}

/** Opens what backends call under the URL of a stage: `@connections`, `@groups`, `@users`, `@batch`, and 404 for all else. */
export async function openBackendCalls(
  options: BackendCallsOptions,
): Promise<(exchange: StreamedExchange, target: CallbackTarget) => void> {
  const { settings, registry, authorizer, requests, clientAddress, log, now } = options
  const entrance = createEntrance({
    ...{ authorizer, requests, now },
    policy: createPolicyCallers({ ...policyTerms(settings, now), clientAddress }),
    idempotency: await openIdempotencyKeys(options),
    sourceIp: (request) => clientAddress(request).sourceIp,
  })
  const connections = createConnectionsHandler({ ...settings, registry, entrance, log })
  const batch = createBatchHandler({ registry, entrance, log })
  const groups = createGroupsHandler({ groups: registry, entrance, batch, log })
  return (exchange, target) => {
    if (!groups(exchange, target)) connections(exchange, target)
  }
}

async function openIdempotencyKeys({ settings, redis, now }: BackendCallsOptions): Promise<IdempotencyKeys> {
  const windowInMillis = settings.idempotencyWindowInSeconds * 1000
  if (redis === null || settings.redis === null) return createMemoryKeys({ windowInMillis, now })
  const { createRedisKeys } = await import('../idempotency/redis-keys.ts')
  return createRedisKeys({ redis, keyPrefix: settings.redis.keyPrefix, windowInMillis })
}
