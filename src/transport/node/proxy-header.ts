import { isIP, type Socket } from 'node:net'
import { plainAddress } from '../../vocabulary/ip-address.ts'
import { addressText } from '../ip-address.ts'

/** The first bytes of a PROXY protocol header of version 2 ("The PROXY protocol", §2.2). */
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const headBytes = 16
/** The first bytes of a header of version 1, which is a line (§2.1). */
const lineStart = Buffer.from('PROXY ', 'latin1')
/** Bytes of the longest such line, with its end. */
const maxLine = 107
/** Bytes of addresses and what follows them that are read; those who send more are cut off. */
const maxRest = 2048
const timeoutInMillis = 10_000

/**
 * Takes a PROXY protocol header, of version 1 or 2, off a new connection. Calls back once it is off, or it shows that there is none,
 * with the client's address as the header has it: null for none, and for the proxy's own checks (LOCAL). Connections
 * whose header is malformed, or does not come to an end in ten seconds, are dropped. Where TLS follows (`isTls`), that
 * takes what has come behind the header by itself, and would miss it if it flowed on.
 */
export function takeProxyHeader(socket: Socket, isTls: boolean, done: (address: string | null) => void): void {
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
    if (!isTls) socket.resume()
  }
  socket.on('data', read)
  socket.on('error', leave)
  socket.on('close', leave)
  socket.on('end', drop)
}

type ProxyHeader = { readonly length: number; readonly address: string | null } | 'incomplete' | 'malformed'

/** Reads the header at the start of what has come so far; a length of 0 for bytes that begin with none. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsLike(bytes, lineStart)) return readLine(bytes)
  if (!beginsLike(bytes, signature)) return { length: 0, address: null }
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

/** Whether bytes begin with others, as far as they have come. */
function beginsLike(bytes: Buffer, start: Buffer): boolean {
  const seen = Math.min(bytes.length, start.length)
  return bytes.subarray(0, seen).equals(start.subarray(0, seen))
}

/** Reads `PROXY TCP4 <client> <gateway> <port> <port>`, or `PROXY UNKNOWN …`, which has no address that counts. */
function readLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, maxLine).indexOf('\r\n')
  if (end < 0) return bytes.length < maxLine ? 'incomplete' : 'malformed'
  const [, protocol, client = '', ...others] = bytes.toString('latin1', 0, end).split(' ')
  const length = end + 2
  if (protocol === 'UNKNOWN') return { length, address: null }
  const family = families[protocol ?? '']
  if (family === undefined || others.length !== 3 || isIP(client) !== family) return 'malformed'
  return { length, address: plainAddress(client) }
}

const families: Readonly<Record<string, number>> = { TCP4: 4, TCP6: 6 }

/** Bytes of an address by the family: AF_INET, AF_INET6. */
const addressSizes: Readonly<Record<number, number>> = { 1: 4, 2: 16 }
