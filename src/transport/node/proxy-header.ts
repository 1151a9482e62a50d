import type { Socket } from 'node:net'
import { addressText } from '../ip-address.ts'

/** The first bytes of a PROXY protocol header of version 2 ("The PROXY protocol", §2.2). */
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const headBytes = 16
/** Bytes of addresses and what follows them that are read; those who send more are cut off. */
const maxRest = 2048
const timeoutInMillis = 10_000

/**
 * Takes a PROXY protocol v2 header off a new connection. Calls back once it is off, or it shows that there is none,
 * with the client's address as the header has it: null for none, and for the proxy's own checks (LOCAL). Connections
 * whose header is malformed, or does not come to an end in ten seconds, are dropped.
 */
export function takeProxyHeader(socket: Socket, done: (address: string | null) => void): void {
  let bytes = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), timeoutInMillis)

  const leave = () => {
    clearTimeout(timer)
    socket.off('data', read)
    socket.off('error', leave)
    socket.off('close', leave)
    socket.off('end', drop)
  }
  const drop = () => {
    leave()
    socket.destroy()
  }
  const read = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    const header = readProxyHeader(bytes)
    if (header === 'incomplete') return
    if (header === 'malformed') return drop()
    leave()
    socket.pause()
    if (header.length < bytes.length) socket.unshift(bytes.subarray(header.length))
    done(header.address)
    socket.resume()
  }
  socket.on('data', read)
  socket.on('error', leave)
  socket.on('close', leave)
  socket.on('end', drop)
}

/** Reads the header at the start of what has come so far; a length of 0 for bytes that begin with none. */
export function readProxyHeader(
  bytes: Buffer,
): { readonly length: number; readonly address: string | null } | 'incomplete' | 'malformed' {
  const seen = Math.min(bytes.length, signature.length)
  if (!bytes.subarray(0, seen).equals(signature.subarray(0, seen))) return { length: 0, address: null }
  if (bytes.length < headBytes) return 'incomplete'
  const [version, command] = [(bytes[12] as number) >> 4, (bytes[12] as number) & 0x0f]
  const rest = bytes.readUInt16BE(14)
  if (version !== 2 || command > 1 || rest > maxRest) return 'malformed'
  if (bytes.length < headBytes + rest) return 'incomplete'
  const size = addressSizes[(bytes[13] as number) >> 4] ?? 0
  if (size * 2 > rest) return 'malformed'
  const address = bytes.subarray(headBytes, headBytes + size)
  return {
    length: headBytes + rest,
    address: command === 0 || size === 0 ? null : addressText(Uint8Array.from(address).buffer),
  }
}

/** Bytes of an address by the family: AF_INET, AF_INET6. */
const addressSizes: Readonly<Record<number, number>> = { 1: 4, 2: 16 }
