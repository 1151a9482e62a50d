import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { makeCertificates } from '../transport/certificates.ts'

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

test('postern connect trusts the authority of --ca, or with --insecure any certificate', async () => {
  const certificates = makeCertificates()
  onTestFinished(() => certificates.remove())
  const { certificate, expired, key } = certificates
  const serving = async (file: string) => {
    const server = createServer({ cert: readFileSync(file), key: readFileSync(key) })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${data}`)))
    onTestFinished(() => void server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `wss://localhost:${(server.address() as AddressInfo).port}/`
  }
  const connected = async (...argv: string[]) => {
    const { io, out, err } = fakeIo('hello')
    const code = await run(['connect', ...argv, '--wait', '0.3'], io)
    return { code, out: out(), err: err() }
  }
  const authority = certificate
  const url = await serving(certificate)
  expect(await connected(url)).toMatchObject({
    code: 1,
    err: expect.stringContaining('(--ca names its authority, --insecure'),
  })
  expect(await connected(url, '--ca', authority)).toMatchObject({ code: 0, out: '< hello\n' })
  expect(await connected(url, '--insecure')).toMatchObject({ code: 0, out: '< hello\n' })
  expect(await connected(await serving(expired), '--ca', authority)).toMatchObject({ code: 1 })
  expect(await connected(url, '--ca', '/nowhere.pem')).toEqual({
    code: 1,
    out: '',
    err: 'postern: --ca /nowhere.pem: no such file or folder\n',
  })
})

test('a header that is given twice is sent twice', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  server.on('connection', (socket, { headers }) => {
    socket.on('message', () => socket.send(`${headers['x-a']}`))
  })
  const { io, out } = fakeIo('hello')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
  expect(await run(['connect', url, '-H', 'X-A: 1', '-H', 'x-a: 2', '--wait', '0.3'], io)).toBe(0)
  expect(out()).toBe('< 1, 2\n')
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
