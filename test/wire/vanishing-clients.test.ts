import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type Definition, type GatewayOptions, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'
import { clientFrame, handshake, opcodes, RawClient } from '../transport/raw-client.ts'

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const start = async (definition: Definition, options: GatewayOptions = {}) => {
  gateway = await startGateway(definition, options)
}
const proxy = (overrides: Definition = {}): Definition => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  integrationUri: `${backend.url}/`,
  ...overrides,
})
const line = 'GET /test/dev HTTP/1.1'

describe('a client that vanishes', () => {
  /** Cuts a client off: it sends no more and takes no more, by a reset or an orderly end. */
  const leave = (client: RawClient, how: 'reset' | 'end') => {
    if (how === 'reset') client.socket.resetAndDestroy()
    else client.socket.destroy()
  }
  const dial = async (): Promise<RawClient> => {
    const socket = connectTcp(gateway.port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawClient(socket)
  }
  const open = async (): Promise<RawClient> => {
    const client = (await dial()).write(handshake({}, line))
    await client.readTo('\r\n\r\n')
    return client
  }
  /** Cases: what the client does before it leaves. */
  const steps: [when: string, go: (held: Promise<void>) => Promise<RawClient>][] = [
    ['before it has said anything', dial],
    ['within the request line', async () => (await dial()).write('GET /test')],
    ['within its headers', async () => (await dial()).write(handshake({}, line).slice(0, -20))],
    ['at the end of its headers', async () => (await dial()).write(handshake({}, line).slice(0, -1))],
    ['as soon as its handshake is sent', async () => (await dial()).write(handshake({}, line))],
    [
      'while $connect is asked',
      async (held) => {
        const client = (await dial()).write(handshake({ 'X-Hold': 'yes' }, line))
        await held
        return client
      },
    ],
    ['as soon as it is let in', open],
    [
      'within a frame header',
      async () => (await open()).write(clientFrame(opcodes.text, 'x'.repeat(200)).subarray(0, 3)),
    ],
    ['within a frame', async () => (await open()).write(clientFrame(opcodes.text, 'x'.repeat(200)).subarray(0, 100))],
    [
      'within a fragmented message',
      async () => (await open()).write(clientFrame(opcodes.text, 'x', { isLast: false })),
    ],
    [
      'while its message is worked on',
      async (held) => {
        const client = (await open()).write(clientFrame(opcodes.text, 'hold'))
        await held
        return client
      },
    ],
    [
      'with a close frame, whose answer it does not wait for',
      async () => (await open()).write(clientFrame(opcodes.close, '')),
    ],
    [
      'without an answer to the close frame of the gateway',
      async () => {
        const client = (await open()).write(clientFrame(opcodes.binary, 'x'))
        await client.readFrame()
        return client
      },
    ],
  ]
  test.each(steps.flatMap(([when, go]) => (['end', 'reset'] as const).map((how) => ({ when, how, go }))))(
    '$when ($how): its place is free again, and its backend has heard of both ends or none',
    async ({ how, go }) => {
      let held = () => {}
      const holding = new Promise<void>((resolve) => {
        held = resolve
      })
      let finish = () => {}
      backend.answer = (call, response) => {
        if (call.headers['x-hold'] === undefined && call.body !== 'hold') return void response.end()
        finish = () => void response.end()
        held()
      }
      const [$connect, $disconnect, message] = ['connect', 'disconnect', 'message'].map((path) => ({
        integration: proxy({ integrationUri: `${backend.url}/${path}` }),
      }))
      await start({ routes: { $connect, $disconnect, $default: message } }, { flags: { maxConnections: '1' } })
      leave(await go(holding), how)
      finish()

      // A place for one: whoever gets in has the one that was left.
      const next = async () => {
        const client = new RawClient(connectTcp(gateway.port, '127.0.0.1')).write(handshake({}, line))
        const status = (await client.readTo('\r\n\r\n')).slice(9, 12)
        if (status !== '101') return status
        client.socket.destroy()
        return 'in'
      }
      await expect.poll(next).toBe('in')
      await expect
        .poll(async () =>
          (await readMetrics(gateway.managementPort)).get('postern_connections{api="test",stage="dev"}'),
        )
        .toBe(0)
      const count = (path: string) => backend.calls.filter((call) => call.url.startsWith(path)).length
      await expect.poll(() => count('/disconnect')).toBe(count('/connect'))
    },
  )
})
