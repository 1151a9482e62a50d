import { parseRouteKey, type RouteKey } from './route-key.ts'
import { type PathWalk, SegmentTree } from './segment-tree.ts'

/** A route that a request was found to be for. */
export interface RouteMatch<Route> {
  readonly route: Route
  /** The segments that fill the variables of its path, as they came; null where it has none. */
  readonly pathParameters: Readonly<Record<string, string>> | null
}

/** The routes of an HTTP API, compiled at load: what a search costs does not depend on how many there are. */
export interface RouteTable<Route> {
  /**
   * The route of a request by its method, in upper case, and its path below the stage as it is on the wire; null for
   * none. Never throws.
   */
  find(method: string, path: string): RouteMatch<Route> | null
}

/**
 * Compiles routes by their keys, which `parseRouteKey` has let pass; of two that are the same the later one is found.
 *
 * A route whose path fits as a whole goes before a greedy one, and that before `$default`; a literal segment before a
 * variable, an explicit method before `ANY` ("Create routes for HTTP APIs in API Gateway"). Places without a route for the
 * method are passed over. A variable takes one segment that is not empty; a greedy one takes all that is left, slashes
 * inside and at its end included, where that has more than slashes. HEAD is never derived from GET. Literals are compared
 * as `comparablePath` has them.
 *
 * AWS does not say whether `/pets/` reaches `GET /pets`, and is seen to answer 404. Here it does where no other route, not
 * even `$default`, is for `/pets/`: then AWS's answer would have been that 404.
 */
export function createRouteTable<Route>(routes: ReadonlyMap<string, Route>): RouteTable<Route> {
  const tree = new SegmentTree<Entry<Route>>()
  /** The matches of paths without variables, by method: those are found without a look at their segments. */
  const literals = new Map<string, Map<string, RouteMatch<Route>>>([['ANY', new Map()]])
  let fallback: RouteMatch<Route> | null = null
  for (const [text, route] of routes) {
    const routeKey = partsOf(text)
    if (routeKey === '$default') fallback = { route, pathParameters: null }
    else {
      const entry = entryOf(routeKey, route)
      tree.place(routeKey.segments).set(routeKey.method, entry)
      if (entry.match !== null) {
        const ofMethod = literals.get(routeKey.method) ?? new Map<string, RouteMatch<Route>>()
        literals.set(routeKey.method, ofMethod.set(pathOf(routeKey), entry.match))
      }
    }
  }
  const ofAny = literals.get('ANY')

  const search = (method: string, path: string): RouteMatch<Route> | null => {
    const literal = literals.get(method)?.get(path) ?? ofAny?.get(path)
    if (literal !== undefined) return literal
    const walk = tree.walk(path)
    const entry = walk.find(method)
    return entry === null ? null : (entry.match ?? { route: entry.route, pathParameters: parametersOf(entry, walk) })
  }
  return {
    find(method, path) {
      // `*` of OPTIONS is no path.
      if (path.charCodeAt(0) !== 0x2f) return path === '' ? (search(method, '/') ?? fallback) : fallback
      const found = search(method, path) ?? fallback
      if (found !== null || path.length === 1 || !path.endsWith('/')) return found
      return search(method, path.slice(0, -1))
    },
  }
}

interface Entry<Route> {
  readonly route: Route
  /** The names of the variables of the path and their levels. */
  readonly variables: readonly (readonly [string, number])[]
  readonly greedy: readonly [string, number] | null
  /** The whole result, where the path has no variable. */
  readonly match: RouteMatch<Route> | null
}

function partsOf(text: string): RouteKey | '$default' {
  const parsed = parseRouteKey(text)
  if (parsed.fault !== null) throw new Error(`the route key ${JSON.stringify(text)} is wrong: ${parsed.fault}`)
  return parsed.routeKey
}

function pathOf({ segments }: RouteKey): string {
  return `/${segments.map(({ text }) => text).join('/')}`
}

function entryOf<Route>(routeKey: RouteKey, route: Route): Entry<Route> {
  const levels = routeKey.segments.map(({ kind, text }, level) => ({ kind, at: [text, level] as const }))
  return {
    route,
    variables: levels.flatMap(({ kind, at }) => (kind === 'variable' ? [at] : [])),
    greedy: levels.find(({ kind }) => kind === 'greedy')?.at ?? null,
    match: routeKey.segments.every(({ kind }) => kind === 'literal') ? { route, pathParameters: null } : null,
  }
}

function parametersOf<Route>({ variables, greedy }: Entry<Route>, walk: PathWalk<Entry<Route>>) {
  const parameters: Record<string, string> = {}
  for (const [name, level] of variables) put(parameters, name, walk.segment(level))
  if (greedy !== null) put(parameters, greedy[0], walk.rest(greedy[1]))
  return parameters
}

/** Sets a member of any name: `__proto__` would set none. */
function put(parameters: Record<string, string>, name: string, value: string): void {
  if (name !== '__proto__') parameters[name] = value
  else Object.defineProperty(parameters, name, { value, enumerable: true, configurable: true, writable: true })
}
