import { createHash, randomBytes } from 'node:crypto'

/** One key for all connections of a process: what a server does with a key does not depend on the key. */
const key = randomBytes(16).toString('base64')
/** RFC 6455 section 4.2.2. */
const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

export interface HandshakeRequest {
  /** Path of the request, with its query. */
  readonly path: string
  /** The authority, with its port where it is not the scheme's own. */
  readonly host: string
  readonly headers: Readonly<Record<string, string>>
  readonly subprotocols: readonly string[]
}

const own = new Set(['host', 'connection', 'upgrade', 'sec-websocket-key', 'sec-websocket-version'])

/** The request's bytes. Fields that make it a handshake stay what they are; a Host may be given. */
export function handshakeBytes({ path, host, headers, subprotocols }: HandshakeRequest): Buffer {
  const given = Object.entries(headers)
  const hostGiven = given.find(([name]) => name.toLowerCase() === 'host')?.[1]
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${hostGiven ?? host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    ...(subprotocols.length > 0 ? [`Sec-WebSocket-Protocol: ${subprotocols.join(', ')}`] : []),
    ...given.filter(([name]) => !own.has(name.toLowerCase())).map(([name, value]) => `${name}: ${value}`),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}

/** The server's answer to a handshake. */
export interface HandshakeAnswer {
  readonly status: number
  /**
   * The reason why the connection is not open although the status is 101; null when it is open, and with any other
   * status.
   */
  readonly fault: string | null
}

/** Reads the head of an answer, without the empty line at its end (RFC 6455 section 4.1). */
export function readHandshake(head: string, subprotocols: readonly string[]): HandshakeAnswer {
  const [first = '', ...lines] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1] ?? Number.NaN)
  if (Number.isNaN(status)) return { status: 0, fault: 'the answer is not HTTP/1.1' }
  if (status !== 101) return { status, fault: null }
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    const before = fields.get(name)
    const value = line.slice(colon + 1).trim()
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return { status, fault: faultOf(fields, subprotocols) }
}

function faultOf(fields: ReadonlyMap<string, string>, subprotocols: readonly string[]): string | null {
  if (fields.get('upgrade')?.toLowerCase() !== 'websocket') return 'the 101 has no Upgrade: websocket'
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(fields.get('connection') ?? '')) return 'the 101 has no Connection: Upgrade'
  if (fields.get('sec-websocket-accept') !== accept) return 'the 101 has a wrong Sec-WebSocket-Accept'
  if (fields.has('sec-websocket-extensions')) return 'the 101 has an extension that was not asked for'
  const chosen = fields.get('sec-websocket-protocol')
  if (chosen !== undefined && !subprotocols.includes(chosen)) {
    return 'the 101 has a subprotocol that was not asked for'
  }
  return null
}
