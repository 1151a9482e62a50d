/**
 * A path, or a part of one, in the one form in which paths are compared: what is percent-encoded without need is decoded,
 * the digits of the rest are upper-case (RFC 3986 §6.2.2.1 and §6.2.2.2). So no spelling of a path gets past the route or
 * the policy for it, and an encoded slash stays one.
 */
export function comparablePath(path: string): string {
  if (!path.includes('%')) return path
  return path.replace(/%[0-9A-Fa-f]{2}/g, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : encoded.toUpperCase()
  })
}
