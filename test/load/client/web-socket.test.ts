import { createHash } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { maskedTextFrame } from '../../../load/src/client/frame-codec.ts'
import { handshakeBytes } from '../../../load/src/client/handshake.ts'
import { type Ended, LoadSocket, type Refusal, type WebSocketOptions } from '../../../load/src/client/web-socket.ts'
import { startServer } from '../run/play.ts'

interface Opened {
  readonly socket: LoadSocket
  readonly messages: string[]
  readonly traffic: { bytesOut: number; bytesIn: number }
  readonly end: Promise<Ended | Refusal>
  next(count: number): Promise<string[]>
}

/** Connects to a port of loopback; resolves once it is open or refused. */
function open(port: number, options: Partial<WebSocketOptions> = {}): Promise<Opened> {
  const messages: string[] = []
  const traffic = { bytesOut: 0, bytesIn: 0 }
  let waiting: { count: number; resolve: (messages: string[]) => void } | null = null
  return new Promise((resolve) => {
    let ended: (end: Ended | Refusal) => void = () => {}
    const end = new Promise<Ended | Refusal>((done) => {
      ended = done
    })
    const opened = (): Opened => ({
      socket,
      messages,
      traffic,
      end,
      next: (count) =>
        messages.length >= count
          ? Promise.resolve(messages)
          : new Promise((done) => {
              waiting = { count, resolve: done }
            }),
    })
    const subprotocols = options.subprotocols ?? []
    const socket = new LoadSocket(
      {
        endpoint: { host: '127.0.0.1', port, tls: null },
        handshake: handshakeBytes({
          path: '/x?y=1',
          host: `127.0.0.1:${port}`,
          headers: { 'X-Own': 'yes' },
          subprotocols,
        }),
        wantsPayload: true,
        traffic,
        ...options,
        subprotocols,
      },
      {
        opened: () => resolve(opened()),
        refused(refusal) {
          ended(refusal)
          resolve(opened())
        },
        message(bytes, source, start) {
          messages.push(source.toString('utf8', start, start + bytes))
          if (waiting !== null && messages.length >= waiting.count) waiting.resolve(messages)
        },
        batch() {},
        ended,
      },
    )
    onTestFinished(() => socket.destroy())
  })
}

test('ws takes the handshake, with its headers, path and subprotocol', async () => {
  let seen: unknown = null
  const server = await startServer({
    onConnection(socket, request) {
      seen = [request.url, request.headers['x-own'], request.headers.host, socket.protocol]
    },
  })
  await open(server.port, { subprotocols: ['chat', 'other'] })
  expect(seen).toEqual(['/x?y=1', 'yes', `127.0.0.1:${server.port}`, 'chat'])
})

test('messages of all lengths go there and back, several in one write', async () => {
  const server = await startServer({
    onConnection: (socket) => socket.on('message', (data) => socket.send(data.toString())),
  })
  const { socket, next, messages } = await open(server.port)
  const texts = [0, 1, 125, 126, 65_535, 65_536, 300_000].map(
    (length) => 'ä'.repeat(length / 2) + 'x'.repeat(length % 2),
  )
  for (const text of texts) socket.queue(maskedTextFrame(text))
  socket.flush()
  await next(texts.length)
  expect(messages).toEqual(texts)
})

test('pings are answered, and fragments with a ping between them make one message', async () => {
  let answered: (data: string) => void = () => {}
  const answer = new Promise<string>((resolve) => {
    answered = resolve
  })
  const server = await startServer({
    onConnection(socket) {
      socket.on('pong', (data) => answered(data.toString()))
      socket.send('one ', { fin: false })
      socket.ping('are you there')
      socket.send('message', { fin: true })
    },
  })
  const { next } = await open(server.port)
  expect(await next(1)).toEqual(['one message'])
  expect(await answer).toBe('are you there')
})

test('the close handshake gives both sides the code', async () => {
  const codes: number[] = []
  const server = await startServer({
    onConnection: (socket, request) => {
      socket.on('close', (code) => codes.push(code))
      if (request.headers['x-own'] === 'yes') socket.on('message', () => socket.close(4002, 'bye'))
    },
  })
  const ours = await open(server.port)
  ours.socket.close(1000)
  expect(await ours.end).toEqual({ code: 1000, reason: '', fault: null })
  const theirs = await open(server.port)
  theirs.socket.queue(maskedTextFrame('end'))
  theirs.socket.flush()
  expect(await theirs.end).toEqual({ code: 4002, reason: 'bye', fault: null })
  const vanished = await open(server.port)
  vanished.socket.reset()
  expect(await vanished.end).toEqual({ code: 1006, reason: '', fault: null })
  await expect.poll(() => codes).toEqual([1000, 4002, 1006])
})

/** Speaks for itself once it has seen a handshake. */
async function startRawServer(speak: (socket: Socket, accept: string) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      const key = /Sec-WebSocket-Key: (\S+)/.exec(data.toString())?.[1]
      speak(socket, createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}

const accepting = (accept: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`

test('an answer and frames cut in two at every byte are read the same', async () => {
  const frames = Buffer.from([0x81, 2, 0x68, 0x69, 0x89, 0, 0x01, 1, 0x61, 0x80, 1, 0x62, 0x88, 2, 0x0f, 0xa1])
  let cut = 0
  const port = await startRawServer((socket, accept) => {
    const all = Buffer.concat([Buffer.from(accepting(accept)), frames])
    socket.setNoDelay()
    socket.write(all.subarray(0, cut), () => setImmediate(() => socket.end(all.subarray(cut))))
  })
  const length = accepting('x'.repeat(28)).length + frames.length
  for (cut = 1; cut < length; cut++) {
    const { end, messages } = await open(port)
    expect(await end, `cut at ${cut}`).toEqual({ code: 4001, reason: '', fault: null })
    expect(messages).toEqual(['hi', 'ab'])
  }
})

test.each([
  ['a masked frame', [0x81, 0x81, 1, 2, 3, 4, 0x60], /masked/],
  ['a reserved bit', [0xc1, 0], /reserved bit/],
  ['a close code that may not be sent', [0x88, 2, 0x03, 0xed], /code 1005/],
  ['half a close code', [0x88, 1, 3], /one byte/],
])('%s is a protocol fault, answered with 1002', async (_, bytes, fault) => {
  let received = Buffer.alloc(0)
  const done = new Promise<void>((resolve) => {
    void startRawServer((socket, accept) => {
      socket.write(Buffer.concat([Buffer.from(accepting(accept)), Buffer.from(bytes)]))
      socket.on('data', (data) => {
        received = Buffer.concat([received, data])
      })
      socket.on('close', () => resolve())
    }).then(async (port) => {
      const { end } = await open(port)
      expect(await end).toEqual({ code: 1006, reason: '', fault: expect.stringMatching(fault) })
    })
  })
  await done
  const [first, second, ...rest] = received
  expect([first, second]).toEqual([0x88, 0x82])
  const payload = rest.slice(4).map((byte, i) => byte ^ (rest[i] as number))
  expect(payload).toEqual([0x03, 0xea])
})

test.each([
  ['HTTP/1.1 401 Unauthorized\r\n\r\n', { kind: 'handshakeStatus', message: '401 Unauthorized', status: 401 }],
  ['HTTP/1.1 200 OK\r\n\r\n', { kind: 'handshakeStatus', message: '200 OK', status: 200 }],
  [
    'HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\n',
    { kind: 'handshakeProtocol', message: 'the 101 has no Upgrade: websocket', status: 101 },
  ],
  ['HTTP/1.0 101 X\r\n\r\n', { kind: 'handshakeProtocol', message: 'the answer is not HTTP/1.1', status: 0 }],
  ['HTTP/1.1 1', { kind: 'connect', message: 'the connection ended before the handshake was answered', status: 0 }],
])('what is no good answer to a handshake is refused: %#', async (answer, refusal) => {
  const port = await startRawServer((socket) => socket.end(answer))
  const { end } = await open(port)
  expect(await end).toEqual(refusal)
})

test.each([
  ['Sec-WebSocket-Extensions: permessage-deflate', 'extension'],
  ['Sec-WebSocket-Protocol: other', 'subprotocol'],
])('a 101 with %s that was not asked for is refused', async (line, what) => {
  const port = await startRawServer((socket, accept) =>
    socket.write(accepting(accept).replace('\r\n\r\n', `\r\n${line}\r\n\r\n`)),
  )
  const { end } = await open(port)
  expect(await end).toMatchObject({ kind: 'handshakeProtocol', message: expect.stringContaining(what) })
})

test('a server that never answers the close frame is left', { timeout: 20_000 }, async () => {
  const port = await startRawServer((socket, accept) => socket.write(accepting(accept)))
  const { socket, end } = await open(port)
  socket.close(1000)
  expect(await end).toEqual({ code: 1006, reason: '', fault: null })
})

test('bytes of both directions are counted as the server counts them', async () => {
  let bytes: number[] = []
  const server = await startServer({
    onConnection(socket, request) {
      socket.on('message', (data) => socket.send(data.toString()))
      request.socket.on('close', () => {
        bytes = [request.socket.bytesRead, request.socket.bytesWritten]
      })
    },
  })
  const { socket, next, end, traffic } = await open(server.port)
  socket.queue(maskedTextFrame('x'.repeat(1000)))
  socket.flush()
  await next(1)
  socket.close(1000)
  await end
  await expect.poll(() => bytes).toEqual([traffic.bytesOut, traffic.bytesIn])
})
