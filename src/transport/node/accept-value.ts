import * as crypto from 'node:crypto'

/** RFC 6455 §1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

type Hash = (algorithm: string, data: string, encoding: 'base64') => string

/** The hash in one call, which costs half of an object for it; Node has it from 20.12 on. */
const { hash } = crypto as { hash?: Hash }

/** The value of Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455 §4.2.2). */
export const acceptValue: (key: string) => string =
  hash === undefined
    ? (key) =>
        crypto
          .createHash('sha1')
          .update(key + guid)
          .digest('base64')
    : (key) => hash('sha1', key + guid, 'base64')
