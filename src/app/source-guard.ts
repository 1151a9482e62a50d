import type { Settings } from '../config/settings.ts'
import { type AdmitsSource, compileSourceNetworks } from '../config/source-networks.ts'
import type { ClientCertificates } from '../gateway/client-certificates.ts'
import type { HttpAnswer } from '../responses/http-answer.ts'
import { shortAnswer } from '../responses/short-answer.ts'
import type { TransportHandlers, TransportRequest } from '../transport/contract.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'

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

/** Gives the code with which a request is refused before anything else is looked at; null for none. */
export type RefusesRequest = (request: TransportRequest) => 'SOURCE_REFUSED' | 'CLIENT_CERTIFICATE_MISSING' | null

/** Makes the refusal of what comes from elsewhere than a guard admits; `sourceIp` tells the address of a client. */
export function refuseSources(guard: SourceGuard, sourceIp: (request: TransportRequest) => string): RefusesRequest {
  return (request) => {
    const { admits } = guard
    return admits === null || admits(sourceIp(request)) ? null : 'SOURCE_REFUSED'
  }
}

/** Makes the refusal of who comes to a domain without the certificate that it asks for. */
export function refuseMissing(certificates: ClientCertificates): RefusesRequest {
  return (request) => (certificates.isMissing(request) ? 'CLIENT_CERTIFICATE_MISSING' : null)
}

export interface GuardedPort {
  /** The refusals, of which the first counts. */
  readonly refusals: readonly RefusesRequest[]
  /** Notes a request that is refused. */
  readonly note: (request: TransportRequest, code: ErrorCode) => void
}

/** Has handshakes and requests that are refused answered so, and everything else handled. */
export function guardPort<Data>(
  handlers: TransportHandlers<Data>,
  { refusals, note }: GuardedPort,
): TransportHandlers<Data> {
  function refusalOf(request: TransportRequest): HttpAnswer | null {
    for (const refuses of refusals) {
      const code = refuses(request)
      if (code === null) continue
      note(request, code)
      return shortAnswer(code)
    }
    return null
  }

  return {
    ...handlers,
    upgrade(upgrade) {
      const refusal = refusalOf(upgrade.request)
      if (refusal === null) handlers.upgrade(upgrade)
      else upgrade.refuse(refusal.status, refusal.headers, refusal.body)
    },
    request(exchange) {
      const refusal = refusalOf(exchange.request)
      if (refusal === null) handlers.request(exchange)
      else exchange.respond(refusal.status, refusal.headers, refusal.body)
    },
  }
}
