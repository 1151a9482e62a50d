import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { Client, refused } from '../helpers/client.ts'
import { envelope, frame, says } from '../helpers/definitions.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { makeCertificates } from '../transport/certificates.ts'

let gateway: TestGateway
afterEach(() => gateway.close())

const start = async (definition: Definition, flags: Record<string, string> = {}) => {
  gateway = await startGateway(definition, { flags })
}
const proxy = (overrides: Definition): Definition => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  ...overrides,
})

describe('a backend that misbehaves', () => {
  /** A TCP server that answers each request, once its headers have come, as told. */
  async function startRaw(answer: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => answer(socket))
    })
    const sockets = new Set<Socket>()
    server.on('connection', (socket) => void sockets.add(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
  const endless = (socket: Socket, chunk: string) => {
    const write = () => {
      while (!socket.destroyed && socket.write(chunk)) {}
    }
    socket.on('drain', write)
    write()
  }
  const failure = 'Internal server error'
  const timeout = 'Endpoint request timed out'
  const ways: [string, string, (socket: Socket) => void][] = [
    ['with garbage', failure, (socket) => void socket.end('\u0000\u0001 not HTTP at all\r\n\r\n')],
    ['with half a status line', failure, (socket) => void socket.end('HTTP/1.1 20')],
    ['with half of its headers', failure, (socket) => void socket.end(`${head}X-Half: `)],
    ['with half of its body', failure, (socket) => void socket.end(`${head}Content-Length: 100\r\n\r\nhalf`)],
    [
      'with a chunk that is none',
      failure,
      (socket) => void socket.end(`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`),
    ],
    [
      'with two different lengths',
      failure,
      (socket) => void socket.end(`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`),
    ],
    [
      'with an endless body',
      failure,
      (socket) => {
        socket.write(`${head}\r\n`)
        endless(socket, 'x'.repeat(65_536))
      },
    ],
    [
      'with endless headers',
      failure,
      (socket) => {
        socket.write(head)
        endless(socket, `X-More: ${'x'.repeat(1000)}\r\n`)
      },
    ],
    [
      'with an endless row of early hints',
      timeout,
      (socket) => endless(socket, `HTTP/1.1 103 Early Hints\r\nLink: <${'x'.repeat(200)}>\r\n\r\n`),
    ],
    ['with a reset', failure, (socket) => void socket.resetAndDestroy()],
    ['with an end', failure, (socket) => void socket.end()],
    [
      'with 101, as if it had been asked to upgrade',
      failure,
      (socket) =>
        void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    ],
    [
      'slowly',
      timeout,
      (socket) => {
        socket.write(`${head}Content-Length: 1000\r\n\r\n`)
        const timer = setInterval(() => socket.write('x'), 20)
        socket.on('close', () => clearInterval(timer))
      },
    ],
    ['not at all', timeout, () => {}],
  ]
  test.each(ways)('%s: %s, as a frame and as a refusal', async (_way, message, answer) => {
    const integrationUri = await startRaw(answer)
    const integration = proxy({ integrationUri, timeoutInMillis: message === timeout ? 300 : 10_000 })
    await start(
      { routes: { bad: { integration, routeResponse: true }, $default: says('hello') } },
      { maxIntegrationResponseBytes: '1048576' },
    )
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'bad' })
    expect(await client.next()).toMatch(frame(message))
    client.send('and now')
    expect(await client.next()).toBe('hello')
    client.close()

    await gateway.redefine({ routes: { $connect: { integration } } })
    const { status, body } = await refused(gateway.ws)
    expect(status).toBe(message === timeout ? 504 : 500)
    expect(body).toMatch(envelope(message))
  })

  test.each(['a certificate that nobody vouches for', 'no TLS at all'])(
    'with %s where https is wanted',
    async (way) => {
      const files = makeCertificates()
      onTestFinished(() => files.remove())
      const server =
        way === 'no TLS at all'
          ? createHttpServer((_request, response) => void response.end('fine'))
          : createHttpsServer(
              { cert: readFileSync(files.certificate), key: readFileSync(files.key) },
              (_request, response) => void response.end('fine'),
            )
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      onTestFinished(() => void server.close())
      const integrationUri = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
      await start({ routes: { $connect: { integration: proxy({ integrationUri }) } } })
      const { status, body } = await refused(gateway.ws)
      expect(status).toBe(500)
      expect(body).toMatch(envelope(failure))
    },
  )

  test('headers of a refusal that would start a header of its own, or a body of its own, do not', async () => {
    const integrationUri = await startRaw(
      (socket) =>
        void socket.end(
          'HTTP/1.1 403 Forbidden\r\nX-Fine: yes\r\nX-Split: a\rX-Injected: b\r\nContent-Length: 2\r\n\r\nno',
        ),
    )
    await start({ routes: { $connect: { integration: proxy({ integrationUri }) } } })
    const answer = await refused(gateway.ws)
    expect(answer.headers['x-injected']).toBeUndefined()
    expect([403, 500]).toContain(answer.status)
  })
})
