import type { CallerAccess, CallerVerdict, PromptCallerAuthorizer } from '../authorizers/contract.ts'
import type { TransportRequest } from '../transport/contract.ts'
import { errorTable } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { cannotBeRebound, hostOf } from '../vocabulary/host.ts'

export interface GuardOptions {
  /** The judge of callers; null when nobody has to show anything. */
  readonly callers: PromptCallerAuthorizer | null
  /** Names under which the port may be reached, besides addresses and localhost. */
  readonly hosts: readonly string[]
}

export interface GuardRefusal {
  readonly status: number
  readonly message: string
  readonly headers: HeaderList
}

/**
 * Judges a request: null when it may see or change what is behind the port. `body` is null for a request whose body is
 * not read; one that covers it with a signature has to bring it along.
 */
export type Guard = (request: TransportRequest, body: Uint8Array | null) => GuardRefusal | null

/**
 * The port is made for people at this machine, so a web page that they look at must not reach it through their
 * browser:
 * - a name in `Host` that is none of ours is a page that had its own name resolve to this address (DNS rebinding). An
 *   address can't be rebound, and with tokens it does not matter, since the page has none;
 * - browsers say where a request comes from (`Origin`, `Sec-Fetch-Site`): only our own pages and the address bar may.
 */
export function createGuard({ callers, hosts }: GuardOptions): Guard {
  const names = new Set(hosts.map((host) => host.toLowerCase()))
  return (request, body) => {
    const host = request.header('host')
    const origin = request.header('origin')
    if (callers === null && !isOurs(hostOf(host), names)) return forbidden('This Host is not served here')
    if (origin !== '' && origin !== `http://${host}` && origin !== `https://${host}`) return otherPage
    if (!mayComeFrom(request.header('sec-fetch-site'))) return otherPage
    if (callers === null) return null
    const verdict = callers.judge(callers.credentials(request), body, accessOf(request))
    return verdict === 'allowed' ? null : refusalOf(verdict)
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

/** `apigateway:GET` and so on, as AWS has it for its own management API; on the path as the port understands it. */
function accessOf({ method, path }: TransportRequest): CallerAccess {
  return { service: 'apigateway', permission: method === 'HEAD' ? 'GET' : method, resource: decodedOrSame(path) }
}

function decodedOrSame(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function refusalOf(verdict: Exclude<CallerVerdict, 'allowed'>): GuardRefusal {
  if (typeof verdict === 'string') {
    return { status: 401, message: tokenMessages[verdict], headers: [['WWW-Authenticate', 'Bearer']] }
  }
  const { status, message, errorType } = errorTable[verdict.code]
  return { status, message: message + (verdict.detail ?? ''), headers: [['x-amzn-ErrorType', errorType]] }
}

function forbidden(message: string): GuardRefusal {
  return { status: 403, message, headers: [] }
}

const otherPage = forbidden('Pages of other origins may not use the management port')

const tokenMessages: Readonly<Record<'missing' | 'refused', string>> = {
  missing: 'A token is needed: Authorization: Bearer <token>',
  refused: 'The token is not valid',
}
