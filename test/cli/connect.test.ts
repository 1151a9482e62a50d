import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'

function fakeIo(input = ''): { io: Io; out: () => string; err: () => string } {
  let out = ''
  let err = ''
  const io: Io = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    logs: 1,
    interactive: false,
    readLines: () => createInterface({ input: Readable.from([input]) }),
    env: {},
    onSignal() {},
    exit() {},
  }
  return { io, out: () => out, err: () => err }
}

test('postern connect sends the lines of its input with the headers and subprotocols that were given', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  server.on('connection', (socket, { headers }) => {
    socket.on('message', (data) => socket.send(`${data} ${headers['x-a']} ${headers.origin} ${socket.protocol}`))
  })
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { io, out } = fakeIo('hello')
  const flags = ['-H', 'X-A:  1: 2', '--header', 'Origin: http://a', '-s', 'v2', '-s', 'v1', '--wait', '0.3']
  expect(await run(['connect', url, ...flags], io)).toBe(0)
  expect(out()).toBe('< hello 1: 2 http://a v2\n')
})

test.each([
  [['connect'], "missing required argument 'url'"],
  [['connect', 'http://127.0.0.1'], 'It is a URL with ws:// or wss://'],
  [['connect', 'nonsense'], 'It is a URL with ws:// or wss://'],
  [['connect', 'ws://127.0.0.1', '-H', 'no colon'], 'It is a name, a colon and a value'],
  [['connect', 'ws://127.0.0.1', '--wait', 'soon'], 'It is a number of seconds'],
])('%j is wrong usage', async (argv, said) => {
  const { io, err } = fakeIo()
  expect(await run(argv, io)).toBe(2)
  expect(err()).toContain(said)
})
