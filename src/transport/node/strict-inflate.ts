import { inflateRaw } from 'node:zlib'
import type { WebSocket } from 'ws'

type Inflated = (error: Error | null, data?: Buffer) => void

/** The part of ws's permessage-deflate that is replaced here. */
interface Deflate {
  decompress(data: Buffer, isLast: boolean, done: Inflated): void
  cleanup(): void
}

/**
 * The end that RFC 7692 §7.2.1 has the sender take off a message, and an empty last block after it: only what is whole
 * comes to the end of such a stream.
 */
const end = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff])
const empty = Buffer.alloc(0)

/**
 * Has a socket that agreed on compression refuse messages that are cut short, with 1007. ws hands on what it could
 * inflate of them. Every message stands for itself, since `client_no_context_takeover` is always agreed on.
 */
export function inflateStrictly(socket: WebSocket, maxMessageBytes: number): void {
  const deflate = (socket as unknown as { _extensions: Record<string, Deflate | undefined> })._extensions[
    'permessage-deflate'
  ]
  if (deflate === undefined) return
  let parts: Buffer[] = []
  let isClosed = false
  const { cleanup } = deflate
  deflate.decompress = (data, isLast, done) => {
    parts.push(data)
    if (isLast) parts.push(end)
    // Never at once: ws waits for it.
    if (!isLast) return process.nextTick(done, null, empty)
    const whole = Buffer.concat(parts)
    parts = []
    inflateRaw(whole, { maxOutputLength: maxMessageBytes }, (error, inflated) => {
      if (isClosed) return
      if (error === null) return done(null, inflated)
      const fault = faultOf(error)
      // The code of the close frame: ws takes it from a member of its own errors that nobody else can set.
      socket.close(fault.closeCode)
      done(fault)
    })
  }
  deflate.cleanup = () => {
    isClosed = true
    cleanup.call(deflate)
  }
}

function faultOf(error: NodeJS.ErrnoException): Error & { code: string; closeCode: number } {
  return error.code === 'ERR_BUFFER_TOO_LARGE'
    ? Object.assign(error, { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', closeCode: 1009 })
    : Object.assign(error, { code: 'WS_ERR_INVALID_UTF8', closeCode: 1007 })
}
