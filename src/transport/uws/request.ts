import type { HttpRequest, HttpResponse } from 'uWebSockets.js'
import type { HeaderList } from '../../vocabulary/headers.ts'
import type { TransportRequest } from '../contract.ts'
import { addressText } from '../ip-address.ts'

/**
 * A request as uWebSockets.js hands it over. Method and path are copied at once; the rest is read from the native
 * request when first asked for, which throws after the synchronous part of the handler.
 */
export class UwsRequest implements TransportRequest {
  readonly method: string
  readonly path: string
  readonly #request: HttpRequest
  readonly #response: HttpResponse
  readonly #proxied: boolean
  #query: string | null = null

  /** Takes the method where the route has told it, which saves a call into the native request; null to ask for it. */
  constructor(request: HttpRequest, response: HttpResponse, proxied: boolean, method: string | null) {
    this.method = method ?? request.getCaseSensitiveMethod().toUpperCase()
    this.path = request.getUrl()
    this.#request = request
    this.#response = response
    this.#proxied = proxied
  }

  get query(): string {
    // Undefined where there is no question mark, whatever its type says.
    this.#query ??= this.#request.getQuery() ?? ''
    return this.#query
  }

  header(lowerCaseName: string): string {
    return this.#request.getHeader(lowerCaseName)
  }

  headers(): HeaderList {
    const headers: [string, string][] = []
    this.eachHeader((name, value) => void headers.push([name, value]))
    return headers
  }

  /** Calls back for every header in order, without the copy that `headers` makes. */
  eachHeader(see: (name: string, value: string) => void): void {
    this.#request.forEach(see)
  }

  remoteAddress(): string {
    const proxied = this.#proxied ? this.#response.getProxiedRemoteAddress() : null
    return addressText(proxied?.byteLength ? proxied : this.#response.getRemoteAddress())
  }
}
