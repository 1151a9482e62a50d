import type { CallerVerdict, TokenVerifier } from '../authorizers/contract.ts'
import type { TransportRequest } from '../transport/contract.ts'
import { cannotBeRebound, hostOf } from '../vocabulary/host.ts'

export interface GuardOptions {
  /** The judge of tokens; null when nobody has to show one. */
  readonly callers: TokenVerifier | null
  /** Names under which the port may be reached, besides addresses and localhost. */
  readonly hosts: readonly string[]
}

export interface GuardRefusal {
  readonly status: 401 | 403
  readonly message: string
}

/** Judges a request: null when it may see or change what is behind the port. */
export type Guard = (request: TransportRequest) => GuardRefusal | null

/**
 * The port is made for people at this machine, so a web page that they look at must not reach it through their
 * browser:
 * - a name in `Host` that is none of ours is a page that had its own name resolve to this address (DNS rebinding). An
 *   address can't be rebound, and with tokens it does not matter, since the page has none;
 * - browsers say where a request comes from (`Origin`, `Sec-Fetch-Site`): only our own pages and the address bar may.
 */
export function createGuard({ callers, hosts }: GuardOptions): Guard {
  const names = new Set(hosts.map((host) => host.toLowerCase()))
  return (request) => {
    const host = request.header('host')
    const origin = request.header('origin')
    if (callers === null && !isOurs(hostOf(host), names)) return forbidden('This Host is not served here')
    if (origin !== '' && origin !== `http://${host}` && origin !== `https://${host}`) return otherPage
    if (!mayComeFrom(request.header('sec-fetch-site'))) return otherPage
    const verdict = callers?.judge(callers.credentials(request)) ?? 'allowed'
    return verdict === 'allowed' ? null : { status: 401, message: tokenMessages[verdict] }
  }
}

function isOurs(host: string | null, names: ReadonlySet<string>): boolean {
  return host !== null && (names.has(host) || cannotBeRebound(host))
}

/**
 * Whether a request may come from there, by its `Sec-Fetch-Site`, which anything that is no browser leaves out. Another
 * port of this machine is `same-site`: also not us.
 */
function mayComeFrom(fetchSite: string): boolean {
  return fetchSite === '' || fetchSite === 'same-origin' || fetchSite === 'none'
}

function forbidden(message: string): GuardRefusal {
  return { status: 403, message }
}

const otherPage = forbidden('Pages of other origins may not use the management port')

const tokenMessages: Readonly<Record<Exclude<CallerVerdict, 'allowed'>, string>> = {
  missing: 'A token is needed: Authorization: Bearer <token>',
  refused: 'The token is not valid',
}
