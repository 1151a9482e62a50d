import type { AccessKeys } from '../authorizers/iam/access-keys.ts'
import type { DeciderParts } from '../authorizers/lambda/deciders.ts'
import type { Settings } from '../config/settings.ts'
import { certificateIdentity } from '../gateway/certificate-identity.ts'
import type { ClientCertificates } from '../gateway/client-certificates.ts'
import type { ShownCertificate } from '../rest/arrival.ts'
import type { HttpOptions } from '../stages/compile-stage.ts'
import type { TransportRequest } from '../transport/contract.ts'
import { createMethodIntegrationTypes } from './method-integration-types.ts'
import { policyTerms } from './policy-terms.ts'
import { createRouteGuards } from './route-guards.ts'
import type { TokenAuthorizers } from './token-authorizers.ts'

export interface HttpApiParts {
  readonly settings: Pick<Settings, 'credentials' | 'lambda'>
  readonly accessKeys: AccessKeys
  /** The functions and backends that can be called. */
  readonly callees: DeciderParts
  readonly tokens: Pick<TokenAuthorizers, 'guardType'>
  readonly now: () => number
}

/** The box of what definitions of HTTP APIs are compiled with. */
export function httpOptions(parts: HttpApiParts): HttpOptions {
  const { settings, callees, tokens, now } = parts
  return {
    integrationTypes: createMethodIntegrationTypes(callees),
    guardTypes: createRouteGuards({ ...parts, clock: () => performance.now(), tokenGuard: tokens.guardType }),
    accountId: policyTerms(settings, now).accountId,
  }
}

const noCertificate: ShownCertificate = { certificate: null, hiddenHeader: null }

/** The certificate of a client of an HTTP API; `certificates` is null where nobody is asked for one. */
export function shownCertificate(certificates: ClientCertificates | null, request: TransportRequest): ShownCertificate {
  if (certificates === null) return noCertificate
  const certificate = certificates.of(request)
  return {
    certificate: certificate === null ? null : certificateIdentity(certificate),
    hiddenHeader: certificates.hiddenHeader(request),
  }
}
