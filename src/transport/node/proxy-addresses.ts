import type { Socket } from 'node:net'
import { plainAddress } from '../../vocabulary/ip-address.ts'
import { takeProxyHeader } from './proxy-header.ts'

/** The addresses of clients behind a proxy that sends PROXY protocol headers. */
export interface ProxyAddresses {
  /** Takes the header off a new connection of a trusted peer, then calls back; at once for all others. */
  take(socket: Socket, done: () => void): void
  /** The address that the header of a connection has told; undefined for none. Knows a TLS socket by what is under it. */
  of(socket: Socket): string | undefined
}

/** Creates them; `isTrusted` says of a peer whether its header is believed, `isTls` whether TLS follows it. */
export function createProxyAddresses(isTrusted: (peer: string) => boolean, isTls: boolean): ProxyAddresses {
  /** Addresses by the proxy's address and port: TLS puts another socket over the one that the header came from. */
  const addresses = new Map<string, string>()
  const keyOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`
  return {
    take(socket, done) {
      // Of others it is the beginning of a request, which is then malformed.
      if (!isTrusted(plainAddress(socket.remoteAddress ?? '') ?? '')) return done()
      const key = keyOf(socket)
      takeProxyHeader(socket, isTls, (address) => {
        if (address !== null) {
          addresses.set(key, address)
          socket.once('close', () => addresses.delete(key))
        }
        done()
      })
    },
    of: (socket) => addresses.get(keyOf(socket)),
  }
}
