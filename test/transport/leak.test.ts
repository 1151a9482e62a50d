import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { HttpExchange, Upgrade } from '../../src/transport/contract.ts'
import { acceptNow, type Connection, type Server, startServer } from './harness.ts'
import { clientFrame, closePayload, handshake, opcodes } from './raw-client.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Number of objects that are still reachable once the event loop has turned and garbage was collected. */
async function reachable(references: readonly WeakRef<object>[]): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
  }
  return references.filter((reference) => reference.deref() !== undefined).length
}

async function openAndClose(server: Server, way: 'client' | 'lost' | 'server' | 'terminate'): Promise<void> {
  const client = server.client().write(handshake())
  await client.readTo('\r\n\r\n')
  const socket = await server.opened.next()
  client.write(clientFrame(opcodes.text, 'a'))
  await server.messages.next()
  if (way === 'client') client.write(clientFrame(opcodes.close, closePayload(1000)))
  else if (way === 'lost') client.socket.destroy()
  else if (way === 'server') socket.end(1000, '')
  else socket.terminate()
  await server.closes.next()
  client.socket.destroy()
}

test('nothing of a connection is left when it has ended, however it ended', async () => {
  const upgrades: WeakRef<Upgrade<Connection>>[] = []
  const connections: WeakRef<Connection>[] = []
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) => {
        upgrades.push(new WeakRef(upgrade))
        server.opened.push(acceptNow(upgrade))
      },
      message: (connection) => {
        connections.push(new WeakRef(connection))
        server.messages.push({ text: '', isBinary: false })
      },
    },
  )
  for (let i = 0; i < 25; i++) {
    for (const way of ['client', 'lost', 'server', 'terminate'] as const) await openAndClose(server, way)
  }
  expect(connections).toHaveLength(100)
  server.opened.all.length = 0
  // The last of each kind may still lie on the stack.
  expect(await reachable(connections)).toBeLessThan(5)
  expect(await reachable(upgrades)).toBeLessThan(5)
})

test('nothing of a request is left when it is answered or its client is gone', async () => {
  const exchanges: WeakRef<HttpExchange>[] = []
  const server = await startServer(
    {},
    {
      request: (exchange) => {
        exchanges.push(new WeakRef(exchange))
        exchange.readBody(100, (body) => exchange.respond(200, [], body))
      },
    },
  )
  for (let i = 0; i < 50; i++) {
    const client = server.client().write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n')
    if (i % 2 === 0) await client.write('ok').readResponse()
    client.socket.end()
    await client.closed
  }
  expect(exchanges).toHaveLength(50)
  expect(await reachable(exchanges)).toBeLessThan(5)
})
