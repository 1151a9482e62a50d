import type { HttpRequest, HttpResponse } from 'uWebSockets.js'
import type { HeaderList } from '../../vocabulary/headers.ts'
import type { TransportRequest } from '../contract.ts'
import { addressText } from '../ip-address.ts'
import type { RequestHead } from '../request-head.ts'
import { usualSpelling } from './usual-spelling.ts'

/**
 * A request as uWebSockets.js hands it over. Method, path and headers are copied at once; the rest is read from the
 * native request when first asked for, which throws after the synchronous part of the handler.
 */
export class UwsRequest implements TransportRequest, RequestHead {
  readonly method: string
  readonly path: string
  /** Names, in lower case, and values of the headers by turns, in their order. */
  readonly lines: readonly string[]
  readonly #request: HttpRequest
  readonly #response: HttpResponse
  #query: string | null = null

  /** Takes the method where the route has told it, which saves a call into the native request; null to ask for it. */
  constructor(request: HttpRequest, response: HttpResponse, method: string | null) {
    this.method = method ?? request.getCaseSensitiveMethod().toUpperCase()
    this.path = request.getUrl()
    this.lines = linesOf(request)
    this.#request = request
    this.#response = response
  }

  get query(): string {
    // Undefined where there is no question mark, whatever its type says.
    this.#query ??= this.#request.getQuery() ?? ''
    return this.#query
  }

  header(lowerCaseName: string): string {
    const { lines } = this
    for (let i = 0; i < lines.length; i += 2) if (lines[i] === lowerCaseName) return lines[i + 1] as string
    return ''
  }

  headers(): HeaderList {
    const headers: [string, string][] = []
    this.eachHeader((name, value) => void headers.push([usualSpelling.get(name) ?? name, value]))
    return headers
  }

  /** Calls back for every header in order, without the copy that `headers` makes. */
  eachHeader(see: (name: string, value: string) => void): void {
    const { lines } = this
    for (let i = 0; i < lines.length; i += 2) see(lines[i] as string, lines[i + 1] as string)
  }

  clientCertificate(): null {
    return null
  }

  remoteAddress(): string {
    return addressText(this.#response.getRemoteAddress())
  }
}

// One walk over the headers costs as much as asking for one of them by name for each that there is; only the walk finds
// repeated ones. What is asked by name afterwards comes from the copy, which costs half a call into the native code.
let copied: string[] = []
const copyLine = (name: string, value: string) => void copied.push(name, value)

function linesOf(request: HttpRequest): readonly string[] {
  copied = []
  request.forEach(copyLine)
  return copied
}
