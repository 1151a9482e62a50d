/** A package that holds a build of uWebSockets.js. */
interface UwsPackage {
  readonly name: string
  readonly version: string
}

/** A release that is known to read request lines in pieces right. */
const rightRelease = '20.57'

/**
 * Says of a build that is known to answer 505 to a request whose line comes in two TCP segments, cut behind the method
 * or inside of ` HTTP/1.1` (uWebSockets issue 1776), what it does and the remedy; null for any other. Packages that
 * repack builds have numbers of their own: of those only `uws-pack` is known.
 */
export function cutRequestLineFault({ name, version }: UwsPackage): string | null {
  if (name !== 'uws-pack') return null
  return (
    `${name} ${version} answers 505 where a request line comes in two TCP segments, cut behind the method or in its end: ` +
    `install uWebSockets.js ${rightRelease} or later and name it in uwsModule, or choose transport: node`
  )
}
