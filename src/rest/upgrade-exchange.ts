import type { HttpExchange, Upgrade } from '../transport/contract.ts'
import type { HeaderList, OwnHeaders } from '../vocabulary/headers.ts'

/**
 * A request for an upgrade as the plain GET that it is where there are no WebSockets: a server may ignore the wish
 * (RFC 9110 §7.8). It has no body (RFC 6455 §4.1).
 */
export function upgradeAsExchange(upgrade: Upgrade<unknown>): HttpExchange {
  return {
    request: upgrade.request,
    get aborted() {
      return upgrade.aborted
    },
    readBody: (_, done) => done(Buffer.alloc(0)),
    onAborted: (listener) => upgrade.onAborted(listener),
    respond: (status, headers, body) => upgrade.refuse(status, listOf(headers), body),
  }
}

function listOf(headers: HeaderList | OwnHeaders): HeaderList {
  return 'own' in headers ? headers.own : headers
}
