import type { Settings } from '../config/settings.ts'
import type { ClientCertificates } from '../gateway/client-certificates.ts'
import type { Connection } from '../gateway/connection.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { DescriptorBudget } from '../limits/descriptor-budget.ts'
import type { WaitingBytes } from '../limits/waiting-bytes.ts'
import type { CreateTransport, Transport } from '../transport/contract.ts'
import { createHttpHandler, type HttpOptions } from './http.ts'
import { guardPort, refuseMissing, refuseSources, type SourceGuard } from './source-guard.ts'
import { transportOptions } from './transport-options.ts'

export interface ClientPortParts extends HttpOptions {
  readonly settings: Settings
  readonly createTransport: CreateTransport
  readonly descriptors: DescriptorBudget | null
  /** Whether no other worker listens on the port. */
  readonly isAlone: boolean
  readonly gateway: Gateway
  /** The bytes that wait for clients which read too slowly. */
  readonly waiting: WaitingBytes
  /** The networks from which anybody may come. */
  readonly sources: SourceGuard
  /** The certificates that clients show; null where nobody is asked for one. */
  readonly certificates: ClientCertificates | null
}

/** Creates the port of clients and of `@connections`, not yet listening. */
export function createClientPort(parts: ClientPortParts): Transport {
  const {
    waiting,
    settings,
    createTransport,
    descriptors,
    isAlone,
    gateway,
    refusals,
    sourceIp,
    sources,
    certificates,
  } = parts
  return createTransport<Connection>(
    { ...transportOptions(settings, descriptors, isAlone), waiting },
    guardPort(
      {
        upgrade: gateway.upgrade,
        message: gateway.message,
        pinged: gateway.pinged,
        drained: gateway.drained,
        close: gateway.close,
        request: createHttpHandler(parts),
        refused: refusals.noteRequest,
      },
      {
        refusals: [refuseSources(sources, sourceIp), ...(certificates === null ? [] : [refuseMissing(certificates)])],
        note: refusals.noteRequest,
      },
    ),
  )
}
