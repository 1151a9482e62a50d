import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTransport, defaultOptions } from './harness.ts'
import { RawClient } from './raw-client.ts'

let port: number
let close: () => void
beforeAll(async () => {
  const transport = createTransport(defaultOptions, {
    upgrade: (upgrade) => upgrade.refuse(403, [], null),
    request: (exchange) => exchange.readBody(1_024, () => exchange.respond(200, [], null)),
    ...{ message() {}, pinged() {}, close() {} },
  })
  port = await transport.listen()
  close = () => transport.close()
})
afterAll(() => close())

// It takes as long as the deadline, in which nobody works: the four are at it together.
test('whoever does not finish its request is gone after ten seconds and a little, however busy it looks', async () => {
  const head = 'GET /dev HTTP/1.1\r\nHost: a\r\nX-Slow: '
  const body = 'POST /dev HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'
  const openFor = async (text: string, everyMillis: number | null) => {
    const since = performance.now()
    const client = RawClient.to(port).write(text)
    const timer = everyMillis === null ? null : setInterval(() => client.write('a'), everyMillis)
    await client.closed
    if (timer !== null) clearInterval(timer)
    return performance.now() - since
  }
  const taken = await Promise.all([openFor('', null), openFor('GET', null), openFor(head, 500), openFor(body, 500)])
  for (const millis of taken) {
    expect(millis).toBeGreaterThan(4_000)
    expect(millis).toBeLessThan(25_000)
  }
})
