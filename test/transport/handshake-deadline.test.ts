import { once } from 'node:events'
import { connect as connectSecurely } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeCertificates } from './certificates.ts'
import { createTransport, defaultOptions } from './harness.ts'
import { RawClient } from './raw-client.ts'

const files = makeCertificates()
const tls = { certificate: files.certificate, key: files.key, passphrase: null }
const handlers = {
  upgrade: (upgrade) => upgrade.refuse(403, [], null),
  request: (exchange) => exchange.readBody(1_024, () => exchange.respond(200, [], null)),
  ...{ message() {}, pinged() {}, close() {} },
} satisfies Parameters<typeof createTransport>[1]

const plain = createTransport(defaultOptions, handlers)
const secure = createTransport({ ...defaultOptions, tls }, handlers)
let port: number
let securePort: number
beforeAll(async () => {
  port = await plain.listen()
  securePort = await secure.listen()
})
afterAll(() => {
  plain.close()
  secure.close()
  files.remove()
})

/** Milliseconds for which a client that writes this, and then a letter now and then or nothing, is not cut off. */
async function openFor(client: RawClient, text: string | Buffer, letters: 'letters' | 'nothing'): Promise<number> {
  const since = performance.now()
  client.write(text)
  const timer = letters === 'nothing' ? null : setInterval(() => client.write('a'), 500)
  await client.closed
  if (timer !== null) clearInterval(timer)
  return performance.now() - since
}

async function afterTls(): Promise<RawClient> {
  const socket = connectSecurely({ port: securePort, rejectUnauthorized: false })
  const client = new RawClient(socket)
  await once(socket, 'secureConnect')
  return client
}

// It takes as long as the deadline, in which nobody works: all are at it together.
test('whoever does not finish its request is gone after ten seconds and a little, however busy it looks', async () => {
  const head = 'GET /dev HTTP/1.1\r\nHost: a\r\nX-Slow: '
  const body = 'POST /dev HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'
  // The head of a TLS record of 512 bytes that holds the beginning of a ClientHello.
  const hello = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])
  const taken = await Promise.all([
    openFor(RawClient.to(port), '', 'nothing'),
    openFor(RawClient.to(port), 'GET', 'nothing'),
    openFor(RawClient.to(port), head, 'letters'),
    openFor(RawClient.to(port), body, 'letters'),
    openFor(RawClient.to(securePort), '', 'nothing'),
    openFor(RawClient.to(securePort), hello, 'nothing'),
    openFor(RawClient.to(securePort), hello, 'letters'),
    openFor(await afterTls(), '', 'nothing'),
    openFor(await afterTls(), head, 'letters'),
  ])
  for (const millis of taken) {
    expect(millis, String(taken)).toBeGreaterThan(4_000)
    expect(millis, String(taken)).toBeLessThan(25_000)
  }
})
