import { createServer, Server as NetServer } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../../load/fleet/free-port.ts'
import type { Transport, TransportOptions } from '../../src/transport/contract.ts'
import { abilities, isOverNode } from '../helpers/transport-abilities.ts'
import { createTransport, defaultOptions, logged, startServer } from './harness.ts'
import { RawClient } from './raw-client.ts'

function transportWith(options: Partial<TransportOptions>): Transport {
  const transport = createTransport(
    { ...defaultOptions, ...options },
    { upgrade() {}, message() {}, pinged() {}, close() {}, request: (exchange) => exchange.respond(200, [], null) },
  )
  onTestFinished(() => transport.close())
  return transport
}

/** What is said on a Node.js where the server underneath can't share a port. */
const cannotShare = "can't share a port among workers; use Node.js 22.12 or later on Linux, one worker, or"

test('port 0 is a free port, which listen tells', async () => {
  const ports = await Promise.all([transportWith({}).listen(), transportWith({}).listen()])
  expect(new Set(ports).size).toBe(2)
  for (const port of ports) expect(port).toBeGreaterThan(0)
})

test('a port that is taken is refused with the remedy', async () => {
  const { port } = await startServer()
  const message = `can't listen on 127.0.0.1:${port}: another process listens there; stop it or choose another port`
  for (const exclusivePort of abilities.sharedPort.can ? [true, false] : [true]) {
    await expect(transportWith({ port, exclusivePort }).listen()).rejects.toThrow(new Error(message))
  }
})

test('a port that another kind of server listens on is refused, too', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const { port } = other.address() as { port: number }
  const exclusivePort = !abilities.sharedPort.can
  await expect(transportWith({ port, exclusivePort }).listen()).rejects.toThrow('another process listens there')
})

test('several transports may share a port that is named when none of them wants it alone', async () => {
  const port = await freePort()
  if (!abilities.sharedPort.can) {
    return expect(transportWith({ port, exclusivePort: false }).listen()).rejects.toThrow(cannotShare)
  }
  expect(await transportWith({ port, exclusivePort: false }).listen()).toBe(port)
  expect(await transportWith({ port, exclusivePort: false }).listen()).toBe(port)
  await expect(transportWith({ port, exclusivePort: true }).listen()).rejects.toThrow('another process listens there')
})

test('a free port is never shared', async () => {
  const port = await transportWith({ exclusivePort: false }).listen()
  const exclusivePort = !abilities.sharedPort.can
  await expect(transportWith({ port, exclusivePort }).listen()).rejects.toThrow('another process listens there')
})

test.each([
  ['203.0.113.1', 'no network interface of this machine has that address; choose another host'],
  ['no-such-host.invalid', 'the host name has no address; give an IP address'],
])('the host %s is refused: %s', async (host, why) => {
  await expect(transportWith({ host }).listen()).rejects.toThrow(`can't listen on ${host}:0: ${why}`)
})

test('after stopListening no new connection comes in, and open ones go on', async () => {
  const server = await startServer()
  const client = server.client().write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.readResponse()
  server.transport.stopListening()
  server.transport.stopListening()
  const late = RawClient.to(server.port)
  await late.closed
  client.write('GET /b HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(await client.readAll()).toContain('/b')
})

test('a transport that is closed before it listens stays closed', async () => {
  const transport = transportWith({})
  transport.close()
  await expect(transport.listen()).rejects.toThrow('the transport is closed')
})

test('a port is free again as soon as its transport is closed', async () => {
  const first = transportWith({})
  const port = await first.listen()
  first.close()
  expect(await transportWith({ port }).listen()).toBe(port)
})

test.runIf(isOverNode)(
  'errors of the listening socket are ten lines a second, and the number of the others',
  async () => {
    const listen = vi.spyOn(NetServer.prototype, 'listen')
    const transport = transportWith({})
    await transport.listen()
    const [server] = listen.mock.contexts as NetServer[]
    listen.mockRestore()
    logged.length = 0
    const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' })
    for (let i = 0; i < 500; i++) server?.emit('error', error)
    expect(logged).toEqual(
      Array.from({ length: 10 }, () => ({
        level: 'error',
        fields: { err: error },
        message: 'the server has an error',
      })),
    )
    transport.close()
    expect(logged.slice(10)).toEqual([
      { level: 'error', fields: { leftOut: 490 }, message: 'the server has errors faster than they are logged' },
    ])
  },
)
