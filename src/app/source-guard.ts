import type { Settings } from '../config/settings.ts'
import { type AdmitsSource, compileSourceNetworks } from '../config/source-networks.ts'
import { shortAnswer } from '../responses/short-answer.ts'
import type { TransportHandlers, TransportRequest } from '../transport/contract.ts'

/** The networks from which anybody may come to a port, and may be replaced while it is served. */
export interface SourceGuard {
  /** The test of an address; null where anybody may come from anywhere. */
  readonly admits: AdmitsSource | null
  /** Takes over the networks of settings that were read anew; takes effect with the next request. */
  replace(settings: Settings): void
}

/** Creates the guard of the port that clients reach. */
export function createSourceGuard(settings: Settings): SourceGuard {
  return guardOf(settings, (each) => each)
}

/** Creates the guard of the management port. */
export function createManagementSourceGuard(settings: Settings): SourceGuard {
  return guardOf(settings, ({ managementAllowedNetworks, managementDeniedNetworks }) => ({
    allowedNetworks: managementAllowedNetworks,
    deniedNetworks: managementDeniedNetworks,
  }))
}

function guardOf(
  settings: Settings,
  networksOf: (settings: Settings) => Parameters<typeof compileSourceNetworks>[0],
): SourceGuard {
  let admits = compileSourceNetworks(networksOf(settings))
  return {
    get admits() {
      return admits
    },
    replace(fresh) {
      admits = compileSourceNetworks(networksOf(fresh))
    },
  }
}

export interface GuardedPort {
  readonly guard: SourceGuard
  /** The address of a client, as trusted proxies tell of it. */
  readonly sourceIp: (request: TransportRequest) => string
  /** Notes a request that is refused. */
  readonly note: (request: TransportRequest) => void
}

/** Has handshakes and requests answered 403 that come from elsewhere, before anything else is looked at. */
export function guardSources<Data>(
  handlers: TransportHandlers<Data>,
  { guard, sourceIp, note }: GuardedPort,
): TransportHandlers<Data> {
  function isRefused(request: TransportRequest): boolean {
    const { admits } = guard
    if (admits === null || admits(sourceIp(request))) return false
    note(request)
    return true
  }

  return {
    ...handlers,
    upgrade(upgrade) {
      if (!isRefused(upgrade.request)) return handlers.upgrade(upgrade)
      const { status, headers, body } = shortAnswer('SOURCE_REFUSED')
      upgrade.refuse(status, headers, body)
    },
    request(exchange) {
      if (!isRefused(exchange.request)) return handlers.request(exchange)
      const { status, headers, body } = shortAnswer('SOURCE_REFUSED')
      exchange.respond(status, headers, body)
    },
  }
}
