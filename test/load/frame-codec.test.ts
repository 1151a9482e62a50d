import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { FrameReader, maskedTextFrame } from '../../load/client/frame-codec.ts'
import { RawConnection } from '../../load/client/raw-connection.ts'

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

test.each([0, 1, 90, 125, 126, 127, 1000, 65_535])('ws reads a pre-encoded message of %i bytes', async (length) => {
  const received: Promise<string>[] = []
  const { port } = await startWs((server) =>
    server.on('connection', (socket) => {
      received.push(new Promise((resolve) => socket.on('message', (data) => resolve(data.toString()))))
    }),
  )
  const connection = new RawConnection(port)
  await connection.opened
  await connection.upgrade('/dev')
  connection.socket.write(maskedTextFrame('ä'.repeat(length / 2) + 'x'.repeat(length % 2)))
  expect(Buffer.byteLength((await received[0]) ?? '')).toBe(length)
  connection.socket.destroy()
})

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
  const connection = new RawConnection(port)
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

test('a stream of frames counts the same wherever it is cut', () => {
  const frame = fc.record({ length: fc.nat(300), isControl: fc.boolean(), isLast: fc.boolean() })
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(serverFrame))
      const expected: number[] = []
      let message = 0
      for (const { length, isControl, isLast } of frames) {
        if (isControl) continue
        message += length
        if (isLast) {
          expected.push(message)
          message = 0
        }
      }
      const counted: number[] = []
      const reader = new FrameReader((bytes) => counted.push(bytes))
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = Math.min(stream.length, at + (cuts[i % cuts.length] as number))
        reader.read(stream.subarray(at, end))
        at = end
      }
      expect(counted).toEqual(expected)
    }),
  )
})

function serverFrame({ length, isControl, isLast }: { length: number; isControl: boolean; isLast: boolean }): Buffer {
  const size = isControl ? length % 126 : length
  const first = (isControl || isLast ? 0x80 : 0) | (isControl ? 0x09 : 0x01)
  const head = size < 126 ? [first, size] : [first, 126, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(size, 0xff)])
}
