import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { BodyFlow } from '../../src/transport/contract.ts'
import { Events, startServer } from './harness.ts'

const post = 'POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
const end = '0\r\n\r\n'

/** A server that answers each piece with its length, as it comes. */
async function startMirror() {
  const aborts = new Events<string>()
  const flows = new Events<BodyFlow>()
  const server = await startServer(
    {},
    {
      request(exchange) {
        exchange.onAborted(() => aborts.push('aborted'))
        let isBegun = false
        const flow = exchange.readPieces((piece, isLast) => {
          isBegun = true
          body?.write(`${piece.toString()};`)
          if (isLast) body?.end()
        })
        const body = exchange.begin(200, { own: [['Content-Type', 'text/plain']] })
        expect(isBegun).toBe(false)
        flows.push(flow)
      },
    },
  )
  return { server, aborts, flows }
}

describe('a body that is read piece by piece', () => {
  test('is answered while it comes, and the connection goes on', async () => {
    const { server } = await startMirror()
    const client = server.client()
    for (let i = 0; i < 2; i++) {
      client.write(post)
      client.write(chunk('one'))
      expect(await client.readTo('one;')).toContain('HTTP/1.1 200 OK\r\n')
      client.write(chunk('two'))
      expect(await client.readTo('two;')).not.toContain('one')
      client.write(end)
      await client.readTo('0\r\n\r\n')
    }
  })

  test('may be held up and go on', async () => {
    const { server, flows } = await startMirror()
    const client = server.client().write(post)
    const flow = await flows.next()
    flow.pause()
    flow.pause()
    client.write(chunk('one'), chunk('two'), end)
    flow.resume()
    flow.resume()
    expect(await client.readTo('0\r\n\r\n')).toMatch(/one[\s\S]*two/)
    flow.pause()
    flow.resume()
  })

  test('is held up where nobody takes it: what a client sends stays with it', async () => {
    let taken = 0
    const flows = new Events<BodyFlow>()
    const server = await startServer(
      {},
      {
        request(exchange) {
          const flow = exchange.readPieces((piece, isLast) => {
            taken += piece.length
            if (isLast) exchange.respond(200, [], String(taken))
          })
          flow.pause()
          flows.push(flow)
        },
      },
    )
    const size = 16 * 1024 * 1024
    const client = server.client().write(`POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    const flow = await flows.next()
    client.write(Buffer.alloc(size, 'x'))
    await expect.poll(() => client.socket.writableLength).toBeGreaterThan(0)
    expect(taken).toBeLessThan(size / 2)
    flow.resume()
    expect((await client.readResponse()).body).toBe(String(size))
  })

  test('of a client that leaves half-way is told, and nothing of it comes after', async () => {
    const { server, aborts } = await startMirror()
    const client = server.client().write(post)
    client.write(chunk('one'))
    await client.readTo('one;')
    client.socket.destroy()
    expect(await aborts.next()).toBe('aborted')
  })
})

test('an answer that is written piece by piece says when the client has to take some first', async () => {
  const written = new Events<number>()
  const [count, piece] = [160, 'x'.repeat(100_000)]
  const server = await startServer(
    {},
    {
      request(exchange) {
        const body = exchange.begin(200, { own: [] })
        let pieces = 0
        const fill = () => {
          while (pieces < count) {
            pieces++
            if (body?.write(piece) === false) return
          }
          body?.end()
        }
        body?.onDrained(fill)
        fill()
        written.push(pieces)
      },
    },
  )
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /p HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(await written.next()).toBeLessThan(count)
  let received = 0
  const whole = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      received += data.length
      if (data.toString('latin1').endsWith('\r\n0\r\n\r\n')) resolve()
    })
  })
  await whole
  socket.destroy()
  // Beside the pieces come the head and the lengths of chunks.
  expect(received).toBeGreaterThan(count * piece.length)
  expect(received).toBeLessThan(count * (piece.length + 20))
})

test('an answer that has begun is the only one', async () => {
  const server = await startServer(
    {},
    {
      request(exchange) {
        const body = exchange.begin(200, { own: [] })
        expect(exchange.begin(200, { own: [] })).toBeNull()
        exchange.respond(500, [], 'no')
        body?.write('yes')
        body?.end()
        body?.write('no')
        body?.end()
      },
    },
  )
  const client = server.client().write('GET /p HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(await client.readTo('0\r\n\r\n')).toMatch(/3\r\nyes\r\n0\r\n\r\n$/)
})
