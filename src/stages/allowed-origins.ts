/**
 * Compiles an API's `allowedOrigins` for browsers. Unset means that only pages of the API's own host, and those of
 * `trusted` (the playground), may connect: WebSocket handshakes are not bound by the same-origin policy, so without
 * this any page could use its visitor's network position (RFC 6455 §10.2).
 */
export function compileAllowedOrigins(
  allowed: readonly string[] | undefined,
  trusted: (origin: string) => boolean,
): (origin: string, host: string) => boolean {
  if (allowed?.includes('*')) return () => true
  const exact = new Set<string>()
  const suffixes: { scheme: string; suffix: string }[] = []
  for (const each of allowed ?? []) {
    const origin = each.toLowerCase()
    const star = origin.indexOf('://*.')
    if (star < 0) exact.add(origin)
    else suffixes.push({ scheme: origin.slice(0, star + 3), suffix: origin.slice(star + 4) })
  }
  return (header, host) => {
    const origin = header.toLowerCase()
    if (exact.has(origin) || trusted(origin)) return true
    if (allowed === undefined) return isSameHost(origin, host.toLowerCase())
    return suffixes.some(({ scheme, suffix }) => origin.startsWith(scheme) && origin.endsWith(suffix))
  }
}

function isSameHost(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`
}
