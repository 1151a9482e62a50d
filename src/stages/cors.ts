import type { CorsDefinition } from '../config/http-definition.ts'
import type { HeaderList } from '../vocabulary/headers.ts'

/** The `corsConfiguration` of an HTTP API, compiled ("Configuring CORS for an HTTP API"). */
export interface Cors {
  /** The headers of the answer to a preflight, for an origin that may send what follows; none for another. */
  preflight(origin: string): HeaderList
  /** The headers of every other answer to a page of this origin; none where it may not read it. */
  answer(origin: string): HeaderList
}

/**
 * Compiles what pages of other origins may do. A list of origins is answered with the one that asks, and with
 * `Vary: Origin`, so that no cache between gives the answer of one to another (Fetch Standard, "CORS protocol and HTTP
 * caches").
 */
export function compileCors(definition: CorsDefinition): Cors {
  const { allowOrigins = [], allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials } = definition
  const allows = compileOrigins(allowOrigins)
  const isForAll = allowOrigins.includes('*')
  const credentials = allowCredentials === true ? [['access-control-allow-credentials', 'true'] as const] : []
  const exposed = listed('access-control-expose-headers', exposeHeaders)
  const ofPreflight = [
    ...listed('access-control-allow-methods', allowMethods),
    ...listed('access-control-allow-headers', allowHeaders),
    ...(maxAge === undefined ? [] : [['access-control-max-age', String(maxAge)] as const]),
  ]
  const named = (origin: string): HeaderList =>
    isForAll
      ? [['access-control-allow-origin', '*']]
      : [
          ['access-control-allow-origin', origin],
          ['vary', 'Origin'],
        ]
  const refused: HeaderList = isForAll ? [] : [['vary', 'Origin']]
  return {
    preflight: (origin) => (allows(origin) ? [...named(origin), ...ofPreflight, ...credentials] : refused),
    answer: (origin) => (allows(origin) ? [...named(origin), ...exposed, ...credentials] : refused),
  }
}

function compileOrigins(origins: readonly string[]): (origin: string) => boolean {
  if (origins.includes('*')) return () => true
  const exact = new Set(origins)
  return (origin) =>
    exact.has(origin) ||
    (exact.has('https://*') && origin.startsWith('https://')) ||
    (exact.has('http://*') && origin.startsWith('http://'))
}

function listed(name: string, values: readonly string[] | undefined): HeaderList {
  return values === undefined || values.length === 0 ? [] : [[name, values.join(',')]]
}
