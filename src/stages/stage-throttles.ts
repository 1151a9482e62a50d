import type { StageDefinition } from '../config/api-definition.ts'
import type { HttpStageDefinition } from '../config/http-definition.ts'
import type { RouteSettings } from '../config/shared-definition.ts'
import { type CompiledConnectionLimits, compileConnectionLimits } from '../limits/connection-tokens.ts'
import type { BucketLimits, Buckets, TokenBucket } from '../limits/contract.ts'

/** The limits that AWS gives a stage when it is created; they fill what a definition leaves out of two. */
const usualLimits: BucketLimits = { rateLimit: 10_000, burstLimit: 5_000 }

/** The throttles of one stage, opened. */
export interface StageThrottles {
  /** The bucket of a route; null for no limit. Asked once for each route. */
  ofRoute(routeKey: string): TokenBucket | null
  /** The bucket of the stage's handshakes; null for no limit. */
  readonly newConnections: TokenBucket | null
  /** The limits of each connection; null for none. */
  readonly connectionLimits: CompiledConnectionLimits | null
  /** Closes the buckets. */
  close(): void
}

/** Opens the throttles of a stage. */
export function openStageThrottles(
  settings: HttpStageDefinition & Partial<StageDefinition>,
  { api, stage }: { readonly api: string; readonly stage: string },
  buckets: Buckets,
): StageThrottles {
  const opened: TokenBucket[] = []

  function open(name: readonly string[], limits: BucketLimits | null | undefined): TokenBucket | null {
    if (limits === null || limits === undefined) return null
    const bucket = buckets.open(JSON.stringify(name), limits)
    opened.push(bucket)
    return bucket
  }

  const { newConnectionThrottle, connectionThrottle } = settings
  return {
    ofRoute: (routeKey) => open(['route', api, stage, routeKey], routeLimits(settings, routeKey)),
    newConnections: open(['connect', api, stage], newConnectionThrottle),
    connectionLimits: compileConnectionLimits({
      messages: connectionThrottle?.messages ?? null,
      bytes: connectionThrottle?.bytes ?? null,
    }),
    close() {
      for (const bucket of opened.splice(0)) buckets.close(bucket)
    },
  }
}

/** Route settings win over the stage's defaults, member by member; AWS's defaults at stage creation fill the rest. */
function routeLimits(
  { routeSettings, defaultRouteSettings }: HttpStageDefinition,
  routeKey: string,
): BucketLimits | null {
  const own: RouteSettings = Object.hasOwn(routeSettings ?? {}, routeKey) ? (routeSettings?.[routeKey] ?? {}) : {}
  const rateLimit = own.throttlingRateLimit ?? defaultRouteSettings?.throttlingRateLimit
  const burstLimit = own.throttlingBurstLimit ?? defaultRouteSettings?.throttlingBurstLimit
  if (rateLimit === undefined && burstLimit === undefined) return null
  return { rateLimit: rateLimit ?? usualLimits.rateLimit, burstLimit: burstLimit ?? usualLimits.burstLimit }
}
