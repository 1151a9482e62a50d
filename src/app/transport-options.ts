import type { Settings } from '../config/settings.ts'
import { compileSourceNetworks } from '../config/source-networks.ts'
import type { DescriptorBudget } from '../limits/descriptor-budget.ts'
import type { TransportOptions } from '../transport/contract.ts'
import { maxMessageBytes } from '../vocabulary/frames.ts'
import { tlsOptions } from './tls-options.ts'

/**
 * Bytes of the largest message that is read, so that one which is too large is told so with 1009; what is larger still
 * is cut off underneath.
 */
const largestMessageSeen = 4 * maxMessageBytes

/** The options of the transport that clients reach; `exclusivePort` where no other worker listens on the port. */
export function transportOptions(
  settings: Settings,
  descriptors: DescriptorBudget | null,
  exclusivePort: boolean,
): TransportOptions {
  const { host, port, maxBufferedBytes, pingIntervalInSeconds, proxyProtocol, trustedProxies } = settings
  const isProxy = compileSourceNetworks({ allowedNetworks: trustedProxies, deniedNetworks: [] })
  return {
    ...{ host, port, maxBufferedBytes, pingIntervalInSeconds },
    tls: tlsOptions(settings),
    exclusivePort,
    proxyProtocol: proxyProtocol ? isProxy : null,
    maxMessageBytes: largestMessageSeen,
    // Agreed on by connection, and only where the API says so.
    compression: true,
    ...(descriptors !== null && { takesSocket: descriptors.takesSocket }),
  }
}
