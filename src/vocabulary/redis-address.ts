/** The address of a Redis, as one URL or several say it. Passwords stand beside it, not in it. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** Hosts and ports of the server, of the Sentinels, or of some nodes of the Cluster; never empty. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly tls: boolean
  /** The name that the Sentinels know the master by; null without Sentinels. */
  readonly master: string | null
  readonly database: number
  readonly username: string | null
}

const form =
  'redis://host:6379, rediss://host:6379 for TLS, redis+sentinel://host:26379,host:26379/master, or several redis:// URLs (commas between them) or redis+cluster://host:6379 for a Cluster'

/** The forms that a Redis address may have, for the fault of a setting that has none of them. */
export const redisAddressForm = form

const schemes: Readonly<Record<string, { kind: RedisAddress['kind']; tls: boolean; port: number }>> = {
  redis: { kind: 'single', tls: false, port: 6379 },
  rediss: { kind: 'single', tls: true, port: 6379 },
  'redis+sentinel': { kind: 'sentinel', tls: false, port: 26_379 },
  'rediss+sentinel': { kind: 'sentinel', tls: true, port: 26_379 },
  'redis+cluster': { kind: 'cluster', tls: false, port: 6379 },
  'rediss+cluster': { kind: 'cluster', tls: true, port: 6379 },
}

/**
 * Reads one URL, or several with commas between them; a password in it is given back apart. Null when the text is no
 * address.
 */
export function parseRedisAddress(text: string): { address: RedisAddress; password: string | null } | null {
  const urls = text.split(/,(?=\s*[a-z+]+:\/\/)/).map(parseUrl)
  const [first] = urls
  if (first === undefined || first === null) return null
  if (urls.length === 1) return first
  const nodes = []
  for (const url of urls) {
    if (url === null || url.address.kind !== 'single' || url.address.tls !== first.address.tls) return null
    nodes.push(...url.address.nodes)
  }
  if (first.address.kind !== 'single' || first.address.database !== 0) return null
  return { address: { ...first.address, kind: 'cluster', nodes }, password: first.password }
}

function parseUrl(text: string): { address: RedisAddress; password: string | null } | null {
  const [, scheme = '', credentials, hosts = '', path = ''] =
    /^([a-z+]+):\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?$/.exec(text.trim()) ?? []
  const row = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined
  if (row === undefined) return null
  const nodes = hosts.split(',').map((host) => parseHost(host, row.port))
  if (nodes.some((node) => node === null) || (row.kind === 'single' && nodes.length !== 1)) return null
  const [name, number, ...rest] = row.kind === 'sentinel' ? path.split('/') : [null, path]
  const database = number === undefined || number === '' ? 0 : /^\d{1,5}$/.test(number) ? Number(number) : -1
  if (database < 0 || rest.length > 0 || (row.kind === 'cluster' && database !== 0)) return null
  if (row.kind === 'sentinel' && !/^[\w.-]{1,100}$/.test(name ?? '')) return null
  const [user = '', ...secret] = (credentials ?? '').split(':')
  try {
    return {
      address: {
        kind: row.kind,
        nodes: nodes as { host: string; port: number }[],
        tls: row.tls,
        master: name ?? null,
        database,
        username: decodeURIComponent(user) || null,
      },
      password: decodeURIComponent(secret.join(':')) || null,
    }
  } catch {
    return null // a % that is no escape
  }
}

function parseHost(text: string, usual: number): { host: string; port: number } | null {
  const [, bracketed, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text.trim()) ?? []
  const host = bracketed ?? name
  const port = digits === undefined ? usual : Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port }
}

/** An address as messages show it, `127.0.0.1:6379`. */
export function redisAddressText({ nodes, kind, master }: RedisAddress): string {
  const hosts = nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(', ')
  return kind === 'sentinel' ? `${master} of the Sentinels ${hosts}` : hosts
}
