import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { cachedLookup } from './cached-lookup.ts'

/** One buffer for all sockets of the process: what is in it is read before the next read. */
const sharedBuffer = Buffer.allocUnsafe(65_536)

/** Takes what has come: the buffer and how many bytes of it count. The bytes are good until the call returns. */
export type OnBytes = (bytes: Buffer, length: number) => void

/** The address that a connection goes to, and whether TLS is spoken there. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** Options of TLS; null for plain TCP. */
  readonly tls: TlsOptions | null
  /** The address that it comes from; the system's choice when left out. */
  readonly localAddress?: string | undefined
}

export interface TlsOptions {
  /** Whether the certificate has to be one that this machine, or `ca`, trusts. */
  readonly verify: boolean
  readonly ca?: string | undefined
}

/** A TCP or TLS connection to the server under load, without the cost of streams on the reading side. */
export class RawConnection {
  onBytes: OnBytes = () => {}
  readonly socket: Socket
  /** Rejects when there is no connection; a later error is on the socket alone. */
  readonly opened: Promise<void>

  constructor(endpoint: Endpoint) {
    this.socket = openSocket(endpoint, (length, buffer) => {
      this.onBytes(buffer as Buffer, length)
      return true
    })
    this.opened = new Promise((resolve, reject) => {
      this.socket.once(endpoint.tls === null ? 'connect' : 'secureConnect', resolve)
      this.socket.once('error', reject)
    })
  }
}

/** `onRead` returns false to read no more until `socket.resume()`. */
export function openSocket(
  { host, port, tls, localAddress }: Endpoint,
  onRead: (length: number, buffer: Uint8Array) => boolean,
): Socket {
  const onread: OnReadOpts = { buffer: sharedBuffer, callback: onRead }
  const address = {
    host,
    port,
    noDelay: true,
    lookup: cachedLookup,
    onread,
    ...(localAddress === undefined ? {} : { localAddress }),
  }
  if (tls === null) return connect(address)
  return connectTls({
    ...address,
    rejectUnauthorized: tls.verify,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  })
}
