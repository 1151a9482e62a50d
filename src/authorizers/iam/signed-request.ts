import type { HeaderList } from '../../vocabulary/headers.ts'

/** A request as it is verified, copied from one that ends with its handler. */
export interface SignedRequest {
  readonly method: string
  /** The path as the client sent it: not decoded, with the prefix under which a trusted proxy serves the gateway. */
  readonly path: string
  /** The query as on the wire, without the question mark. */
  readonly query: string
  readonly headers: HeaderList
}

/** The headers of a request by their names in lower case: the value, or all of them in their order. */
export type HeaderValues = ReadonlyMap<string, string | readonly string[]>

/** Gathers headers by their names, whatever their case. */
export function headerValues(headers: HeaderList): HeaderValues {
  const gathered = new Map<string, string | string[]>()
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    const known = gathered.get(lower)
    if (known === undefined) gathered.set(lower, value)
    else if (typeof known === 'string') gathered.set(lower, [known, value])
    else known.push(value)
  }
  return gathered
}
