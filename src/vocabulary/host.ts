import { isIP } from 'node:net'

/** The host of a Host header in lower case, without its port; null when the header is no host. */
export function hostOf(header: string): string | null {
  const [, host] = /^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.exec(header) ?? []
  return host?.toLowerCase() ?? null
}

/**
 * Whether a host, as `hostOf` gives it, is this machine's name or an address, which nobody else can have resolve to
 * here. Any other name may be that of a web page which does so to reach what its visitor reaches (DNS rebinding).
 */
export function cannotBeRebound(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0
}
