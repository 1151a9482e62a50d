import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { HeaderList } from '../../vocabulary/headers.ts'
import type { TransportRequest } from '../contract.ts'
import type { RequestHead } from '../request-head.ts'
import type { TlsContexts } from './tls-contexts.ts'

/** A request as node:http hands it over; it may be read at any time. */
export class NodeRequest implements TransportRequest, RequestHead {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly #message: IncomingMessage
  readonly #proxied: string | undefined
  readonly #tls: TlsContexts | null

  /** Takes the client's address where a trusted PROXY protocol header has told it; `tls` is null over plain TCP. */
  constructor(message: IncomingMessage, proxied: string | undefined, tls: TlsContexts | null) {
    const url = message.url as string
    const mark = url.indexOf('?')
    this.method = message.method as string
    this.path = mark < 0 ? url : url.slice(0, mark)
    this.query = mark < 0 ? '' : url.slice(mark + 1)
    this.#message = message
    this.#proxied = proxied
    this.#tls = tls
  }

  header(lowerCaseName: string): string {
    const at = this.#indexOf(lowerCaseName)
    return at < 0 ? '' : fromWire(this.#message.rawHeaders[at + 1] as string)
  }

  /** Whether there is such a header, an empty one too. */
  has(lowerCaseName: string): boolean {
    return this.#indexOf(lowerCaseName) >= 0
  }

  headers(): HeaderList {
    const { rawHeaders } = this.#message
    const headers: [string, string][] = []
    for (let i = 0; i < rawHeaders.length; i += 2) {
      headers.push([rawHeaders[i] as string, fromWire(rawHeaders[i + 1] as string)])
    }
    return headers
  }

  eachHeader(see: (lowerCaseName: string, value: string) => void): void {
    const { rawHeaders } = this.#message
    for (let i = 0; i < rawHeaders.length; i += 2) {
      see((rawHeaders[i] as string).toLowerCase(), rawHeaders[i + 1] as string)
    }
  }

  remoteAddress(): string {
    return this.#proxied ?? plainAddress(this.#message.socket.remoteAddress ?? '')
  }

  clientCertificate(): string | null {
    return this.#tls?.clientCertificate(this.#message.socket as Partial<TLSSocket>, this.header('host')) ?? null
  }

  /**
   * The place of the first header of a name among names and values; -1 for none. Node's own object of headers, which
   * joins repeated ones, is made when first asked for and costs more than all that is looked up in it.
   */
  #indexOf(lowerCaseName: string): number {
    const { rawHeaders } = this.#message
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string
      if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) return i
    }
    return -1
  }
}

/** Reads a header's bytes, which node:http gives as Latin-1, as the UTF-8 that clients write. */
function fromWire(value: string): string {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7f) return Buffer.from(value, 'latin1').toString('utf8')
  }
  return value
}

/** An IPv4-mapped address as plain IPv4, and no zone. */
function plainAddress(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
