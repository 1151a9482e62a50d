import { comparablePath } from '../vocabulary/comparable-path.ts'

/** The methods of routes; `ANY` stands for every method that has no route of its own. */
export const routeMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'ANY'] as const

/** Characters of a route key. */
export const maxRouteKey = 512

/** A segment of a route's path: text, or a variable; a greedy one takes all that is left of the path. */
export interface RouteSegment {
  readonly kind: 'literal' | 'variable' | 'greedy'
  /** The text as `comparablePath` has it, or the variable's name. */
  readonly text: string
}

/** A route key of an HTTP API by its parts. */
export interface RouteKey {
  readonly method: (typeof routeMethods)[number]
  readonly segments: readonly RouteSegment[]
}

/** The parts of a route key, `$default` for that one; or what is allowed in the place of its first fault. */
export type ParsedRouteKey = { readonly fault: null; readonly routeKey: RouteKey | '$default' } | { fault: string }

/**
 * Reads a route key of an HTTP API ("Create routes for HTTP APIs in API Gateway"): `$default`, or a method, one space and
 * a path whose segments are literals or variables, `{name}`, the last one perhaps greedy, `{name+}`.
 */
export function parseRouteKey(text: string): ParsedRouteKey {
  if (text === '$default') return { fault: null, routeKey: '$default' }
  if (text.length > maxRouteKey) return { fault: `a route key of at most ${maxRouteKey} characters` }
  const space = text.indexOf(' ')
  if (space < 1)
    return { fault: '$default, or a method and a path with a space between them, such as GET /pets or ANY /{proxy+}' }
  const method = methodOf(text.slice(0, space))
  if (method === null) return { fault: methodFault(text.slice(0, space)) }
  const path = text.slice(space + 1)
  const fault = pathFault(path)
  if (fault !== null) return { fault }
  const segments = path === '/' ? [] : path.slice(1).split('/').map(segmentOf)
  const segmentFault = firstFault(segments)
  if (segmentFault !== null) return { fault: segmentFault }
  return { fault: null, routeKey: { method, segments: segments as RouteSegment[] } }
}

/** A text that two route keys share when the same requests are theirs: names of variables are not in it. */
export function canonicalRouteKey(routeKey: RouteKey | '$default'): string {
  if (routeKey === '$default') return routeKey
  const path = routeKey.segments.map(({ kind, text }) => (kind === 'literal' ? text : kind === 'greedy' ? '{+}' : '{}'))
  return `${routeKey.method} /${path.join('/')}`
}

function methodOf(text: string): RouteKey['method'] | null {
  return routeMethods.find((method) => method === text) ?? null
}

function methodFault(text: string): string {
  const upper = methodOf(text.toUpperCase())
  if (upper !== null) return `the method in upper case, ${upper} instead of ${text}`
  return `one of the methods ${routeMethods.join(', ')} instead of ${text}`
}

function pathFault(path: string): string | null {
  if (!path.startsWith('/')) return `a path that starts with a slash, such as /${path || 'pets'}`
  if (path.includes('//')) return 'a path with one slash between its segments instead of //'
  if (path !== '/' && path.endsWith('/'))
    return `a path that does not end with a slash, ${path.slice(0, -1)} instead of ${path}`
  return null
}

/** A segment, or what is allowed in its place. */
function segmentOf(segment: string): RouteSegment | string {
  if (!/[{}]/.test(segment)) return literalFault(segment) ?? { kind: 'literal', text: comparablePath(segment) }
  const name = /^\{([^{}]*)\}$/.exec(segment)?.[1]
  if (name === undefined) return `a variable that is a whole segment, such as {name}, instead of ${segment}`
  const [plain, kind] = name.endsWith('+') ? [name.slice(0, -1), 'greedy' as const] : [name, 'variable' as const]
  if (!/^[\w.:-]+$/.test(plain))
    return `a variable whose name has letters, digits and . _ : - only, instead of ${segment}`
  return { kind, text: plain }
}

function literalFault(segment: string): string | null {
  if (!/^(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+$/.test(segment))
    return `a path of letters, digits and -._~!$&'()*+,;=:@ with all else percent-encoded, instead of ${JSON.stringify(segment)}`
  if (/^\.\.?$/.test(comparablePath(segment))) return 'a path without the segments . and .., which clients resolve'
  return null
}

function firstFault(segments: readonly (RouteSegment | string)[]): string | null {
  const names = new Set<string>()
  for (const [at, segment] of segments.entries()) {
    if (typeof segment === 'string') return segment
    const { kind, text } = segment
    if (kind === 'greedy' && at < segments.length - 1) return `{${text}+} as the last segment of the path`
    if (kind !== 'literal' && names.has(text)) return `variables of different names instead of {${text}} twice`
    if (kind !== 'literal') names.add(text)
  }
  return null
}
