import type { ClientAddress } from '../vocabulary/client-address.ts'
import { type HeaderList, readAs } from '../vocabulary/headers.ts'

/** Headers that the gateway writes itself. */
const own: ReadonlySet<string> = new Set(['x-amzn-trace-id', 'x-forwarded-port', 'x-forwarded-proto'])

/** The beginning of names that are AWS's: by them a gateway, or a load balancer before it, tells who a client is. */
const reserved = 'x-amzn-'

/**
 * The headers of a request as backends and functions may see them: those of the client without `left`, in lower case, and
 * the gateway's own. Reserved names are left out, since backends would take them for the gateway's, unless a trusted
 * proxy brings them.
 */
export function shownHeaders(
  sent: HeaderList,
  client: ClientAddress,
  traceId: string,
  left: ReadonlySet<string>,
): HeaderList {
  const headers: [string, string][] = []
  let forwardedFor = ''
  for (const [name, value] of sent) {
    const known = readAs(name)
    if (known === 'x-forwarded-for') {
      if (!name.includes('_')) forwardedFor = forwardedFor === '' ? value : `${forwardedFor}, ${value}`
    } else if (!left.has(known) && !own.has(known) && (client.isProxied === true || !known.startsWith(reserved)))
      headers.push([name, value])
  }
  headers.push(
    ['X-Amzn-Trace-Id', traceId],
    ['X-Forwarded-For', forwardedFor === '' ? client.peer : `${forwardedFor}, ${client.peer}`],
    ['X-Forwarded-Port', client.port],
    ['X-Forwarded-Proto', client.proto],
  )
  return headers
}
