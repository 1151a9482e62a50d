import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { BenchConnection } from '../../../load/bench/client/bench-connection.ts'
import { FrameReader, maskedTextFrame, ProtocolFault } from '../../../load/src/client/frame-codec.ts'

async function startWs(onConnection: (server: WebSocketServer) => void = () => {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await new Promise<void>((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  onConnection(server)
  return { server, port: (server.address() as { port: number }).port }
}

test.each([0, 1, 90, 125, 126, 127, 1000, 65_535, 65_536, 1_000_001])(
  'ws reads a pre-encoded message of %i bytes',
  async (length) => {
    const received: Promise<string>[] = []
    const { port } = await startWs((server) =>
      server.on('connection', (socket) => {
        received.push(new Promise((resolve) => socket.on('message', (data) => resolve(data.toString()))))
      }),
    )
    const connection = new BenchConnection(port)
    await connection.opened
    await connection.upgrade('/dev')
    connection.socket.write(maskedTextFrame('ä'.repeat(length / 2) + 'x'.repeat(length % 2)))
    expect(Buffer.byteLength((await received[0]) ?? '')).toBe(length)
    connection.socket.destroy()
  },
)

test('every message that ws sends is counted once with its length, pings and fragments included', async () => {
  const lengths = [0, 1, 15, 125, 126, 65_535, 65_536, 200_000]
  const { port } = await startWs((server) =>
    server.on('connection', (socket) => {
      socket.once('message', () => {
        for (const length of lengths) {
          socket.ping('p')
          socket.send(Buffer.alloc(length), { fin: false })
          socket.send(Buffer.alloc(length), { fin: true })
        }
      })
    }),
  )
  const counted: number[] = []
  const connection = new BenchConnection(port)
  await connection.opened
  await connection.upgrade('/dev')
  await new Promise<void>((resolve) => {
    const reader = new FrameReader((bytes) => {
      counted.push(bytes)
      if (counted.length === lengths.length) resolve()
    })
    connection.onBytes = (bytes, length) => reader.read(bytes, length)
    connection.socket.write(maskedTextFrame('go'))
  })
  expect(counted).toEqual(lengths.map((length) => 2 * length))
  connection.socket.destroy()
})

interface Part {
  readonly opcode: number
  readonly isFinal: boolean
  readonly payload: Uint8Array
}

/** Messages, each in one or more frames, with control frames between the frames. */
const message = fc.record({
  isBinary: fc.boolean(),
  parts: fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 3 }),
  controls: fc.array(fc.record({ opcode: fc.constantFrom(9, 10), payload: fc.uint8Array({ maxLength: 125 }) }), {
    maxLength: 3,
  }),
})

function partsOf({ isBinary, parts, controls }: typeof message extends fc.Arbitrary<infer T> ? T : never): Part[] {
  return parts.flatMap((payload, index) => {
    const opcode = index > 0 ? 0 : isBinary ? 2 : 1
    const control = controls[index]
    const frame = { opcode, isFinal: index === parts.length - 1, payload }
    return control === undefined ? [frame] : [{ ...control, isFinal: true }, frame]
  })
}

function serverFrame({ opcode, isFinal, payload }: Part): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10)
  head[0] = (isFinal ? 0x80 : 0) | opcode
  head[1] = payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(payload.length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

interface Read {
  readonly messages: { bytes: number; isBinary: boolean; payload: string }[]
  readonly controls: { opcode: number; payload: string }[]
}

function readAll(pieces: readonly Buffer[], wantsPayload: boolean): Read {
  const read: Read = { messages: [], controls: [] }
  const reader = new FrameReader(
    (bytes, source, start, isBinary) => {
      const payload = wantsPayload ? source.toString('hex', start, start + bytes) : ''
      read.messages.push({ bytes, isBinary, payload })
    },
    { wantsPayload, onControl: (opcode, payload) => read.controls.push({ opcode, payload: payload.toString('hex') }) },
  )
  // A copy into one buffer that is used again: what a reader keeps of it must be its own.
  const shared = Buffer.alloc(Math.max(...pieces.map((piece) => piece.length), 0))
  for (const piece of pieces) {
    shared.fill(0xee)
    piece.copy(shared)
    reader.read(shared, piece.length)
  }
  return read
}

test.each([true, false])(
  'messages come out as they went in, wherever the stream is cut (payload %s)',
  (wantsPayload) => {
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), cuts, (messages, sizes) => {
        const frames = messages.flatMap(partsOf)
        const stream = Buffer.concat(frames.map(serverFrame))
        const pieces: Buffer[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + (sizes[i % sizes.length] as number)
          pieces.push(stream.subarray(at, end))
          at = end
        }
        expect(readAll(pieces, wantsPayload)).toEqual({
          messages: messages.map(({ isBinary, parts }) => {
            const payload = Buffer.concat(parts)
            return { bytes: payload.length, isBinary, payload: wantsPayload ? payload.toString('hex') : '' }
          }),
          controls: frames
            .filter(({ opcode }) => opcode > 8)
            .map(({ opcode, payload }) => ({ opcode, payload: Buffer.from(payload).toString('hex') })),
        })
      }),
    )
  },
)

test('a stream cut in two at every byte reads the same', () => {
  const stream = Buffer.concat(
    [
      { opcode: 1, isFinal: true, payload: Buffer.from('short') },
      { opcode: 2, isFinal: false, payload: Buffer.alloc(126, 1) },
      { opcode: 9, isFinal: true, payload: Buffer.from('ping') },
      { opcode: 0, isFinal: true, payload: Buffer.alloc(0) },
      { opcode: 1, isFinal: true, payload: Buffer.alloc(65_536, 2) },
      { opcode: 8, isFinal: true, payload: Buffer.from([0x03, 0xe8]) },
    ].map(serverFrame),
  )
  const whole = readAll([stream], true)
  expect(whole.messages.map(({ bytes }) => bytes)).toEqual([5, 126, 65_536])
  // Within the long payload every cut is like the next.
  for (let at = 1; at < stream.length; at += at > 200 && at < stream.length - 200 ? 997 : 1) {
    expect(readAll([stream.subarray(0, at), stream.subarray(at)], true)).toEqual(whole)
  }
})

test.each([
  ['a masked frame', [0x81, 0x81, 1, 2, 3, 4, 5], 'masked'],
  ['a reserved bit', [0xc1, 0x00], 'reserved bit'],
  ['an unknown opcode', [0x83, 0x00], 'opcode 3'],
  ['an unknown control opcode', [0x8b, 0x00], 'opcode 11'],
  ['a fragmented ping', [0x09, 0x00], 'fragmented'],
  ['a long ping', [0x89, 126, 0, 126], 'longer than 125'],
  ['a continuation of nothing', [0x80, 0x00], 'nothing to continue'],
  ['a message inside of another', [0x01, 0x00, 0x81, 0x00], 'inside of another'],
  ['a 16 bit length below 126', [0x81, 126, 0, 125], 'short way'],
  ['a 64 bit length below 65,536', [0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 'short way'],
  ['a length beyond the limit', [0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0], 'longer than'],
  ['a length with the highest bit', [0x81, 127, 0xff, 0, 0, 1, 0, 0, 0, 0], 'longer than'],
])('%s is a fault', (_, bytes, message) => {
  expect(() => readAll([Buffer.from(bytes)], true)).toThrow(message)
  expect(() =>
    readAll(
      [...bytes].map((byte) => Buffer.from([byte])),
      false,
    ),
  ).toThrow(ProtocolFault)
})
