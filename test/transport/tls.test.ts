import { execFile, execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { DomainTls, TransportHandlers } from '../../src/transport/contract.ts'
import { checkTlsFiles } from '../../src/transport/tls-files.ts'
import { abilities } from '../helpers/transport-abilities.ts'
import { type Issued, makeCertificates } from './certificates.ts'
import { type Connection, createTransport, defaultOptions, startServer } from './harness.ts'
import { RawClient } from './raw-client.ts'

const files = makeCertificates()
afterAll(() => files.remove())
const good = { certificate: files.certificate, key: files.key, passphrase: null }

test('requests and sockets are served over TLS', async () => {
  const server = await startServer({ tls: good })
  const body = await new Promise<string>((resolve, reject) => {
    request({ port: server.port, path: '/secure', rejectUnauthorized: false }, (response) => {
      response.on('data', (data) => resolve(String(data)))
    })
      .on('error', reject)
      .end()
  })
  expect(body).toBe('/secure')
  const socket = new WebSocket(`wss://localhost:${server.port}/dev`, { rejectUnauthorized: false })
  socket.on('open', () => socket.send('hello'))
  expect(await server.messages.next()).toEqual({ text: 'hello', isBinary: false })
  const echoed = new Promise((resolve) => socket.on('message', (data) => resolve(data.toString())))
  ;(await server.opened.next()).send('x'.repeat(100_000), false)
  expect(await echoed).toBe('x'.repeat(100_000))
  socket.close(4000, 'bye')
  expect(await server.closes.next()).toEqual({ code: 4000, reason: 'bye', cause: 'client' })
})

test('an encrypted key is opened with its passphrase', async () => {
  const server = await startServer({ tls: { ...good, key: files.encryptedKey, passphrase: 'secret' } })
  const socket = connect({ port: server.port, rejectUnauthorized: false })
  const client = new RawClient(socket)
  client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await client.readResponse()).body).toBe('/x')
  expect(socket.getProtocol()).toBe('TLSv1.3')
  socket.destroy()
})

test('TLS 1.1 is refused', async () => {
  const server = await startServer({ tls: good })
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
    connect({
      port: server.port,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    }).on('error', resolve)
  })
  expect(error.code).toMatch(/TLSV1_ALERT_PROTOCOL_VERSION|ECONNRESET/)
})

test('a plain request to a TLS port is dropped', async () => {
  const server = await startServer({ tls: good })
  const client = server.client().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(await client.readAll()).not.toContain('HTTP/1.1 200')
})

describe('client certificates', () => {
  const tls = { ...good, clientCa: files.certificate }
  const refusal = "uWebSockets.js can't ask for client certificates"

  async function answerTo(port: number, shown: { cert?: Buffer; key?: Buffer }): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...shown })
    const client = new RawClient(socket).write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    return client.readAll()
  }

  test('are asked for, and the handler sees the one that was shown; or the option is refused', async () => {
    if (!abilities.clientCertificates.can) return expect(startServer({ tls })).rejects.toThrow(refusal)
    const server = await startServer(
      { tls },
      { request: (exchange) => exchange.respond(200, [], exchange.request.clientCertificate()) },
    )
    const own = { cert: readFileSync(files.certificate), key: readFileSync(files.key) }
    const [head, pem = ''] = (await answerTo(server.port, own)).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 200 /)
    expect(new X509Certificate(pem).fingerprint256).toBe(new X509Certificate(own.cert).fingerprint256)
  })

  test('of others, and none at all, are not let in', async () => {
    if (!abilities.clientCertificates.can) return expect(startServer({ tls })).rejects.toThrow(refusal)
    const server = await startServer({ tls })
    const strange = join(files.directory, 'strange.pem')
    execFileSync('openssl', ['req', '-x509', '-key', files.otherKey, '-subj', '/CN=localhost', '-out', strange], {
      stdio: 'pipe',
    })
    const other = { cert: readFileSync(strange), key: readFileSync(files.otherKey) }
    expect(await answerTo(server.port, {})).toBe('')
    expect(await answerTo(server.port, other)).toBe('')
  })

  test('are not there where nobody asks for them', async () => {
    const server = await startServer(
      { tls: good },
      { request: (exchange) => exchange.respond(200, [], String(exchange.request.clientCertificate())) },
    )
    expect(await answerTo(server.port, {})).toMatch(/null$/)
  })

  test('a file of authorities that is none is named', async () => {
    const missing = { ...tls, clientCa: '/nowhere/ca.pem' }
    const message = abilities.clientCertificates.can
      ? 'the TLS client authorities file /nowhere/ca.pem does not exist'
      : refusal
    await expect(startServer({ tls: missing })).rejects.toThrow(message)
  })
})

describe('domains', () => {
  const chat = files.issue('chat', { subject: '/CN=chat.example.com' })
  const devices = files.issue('devices', { subject: '/CN=devices.example.com' })
  const cameras = files.issue('cameras', { subject: '/CN=cameras.example.com' })
  const device = files.issue('device', { subject: '/C=DE/O=Acme/CN=device 1', by: devices })
  const camera = files.issue('camera', { subject: '/CN=camera 1', by: cameras })
  const expired = files.issue('expired-device', { subject: '/CN=device 2', by: devices, to: '20210101000000Z' })
  const own = ({ certificate, key }: Issued) => ({ certificate, key, passphrase: null })
  const shown = ({ certificate, key }: Issued) => ({ cert: readFileSync(certificate), key: readFileSync(key) })

  const plain: DomainTls = {
    ...{ domainName: 'chat.example.com', certificate: own(chat), clientCa: null, isRequired: false },
  }

  /** The name in the certificate that a server shows to who asks for a name, and its answer. */
  function ask(
    port: number,
    servername: string,
    { host = servername, ...options }: ConnectionOptions & { host?: string } = {},
  ): Promise<{ name: string; body: string }> {
    const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false, ...options })
    const client = new RawClient(socket).write(`GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    let name = ''
    socket.once('secureConnect', () => {
      name = String(socket.getPeerCertificate().subject.CN)
    })
    return client.readAll().then((answer) => ({ name, body: answer.split('\r\n\r\n')[1] ?? '' }))
  }

  const answerWithCertificate: Partial<TransportHandlers<Connection>> = {
    request(exchange) {
      const pem = exchange.request.clientCertificate()
      exchange.respond(200, [], pem === null ? 'nobody' : new X509Certificate(pem).subject)
    },
  }

  test('have certificates of their own, for sockets too; all other names have the default', async () => {
    const server = await startServer({ tls: { ...good, domains: [plain] } })
    const [first, second, third, fourth] = await Promise.all(
      ['chat.example.com', 'CHAT.example.com', 'x.example.com', ''].map((name) => ask(server.port, name)),
    )
    expect([first?.name, second?.name, third?.name, fourth?.name]).toEqual([
      ...['chat.example.com', abilities.domainCertificates.can ? 'chat.example.com' : 'localhost'],
      ...['localhost', 'localhost'],
    ])
    expect(first?.body).toBe('/x')
    const socket = new WebSocket(`wss://127.0.0.1:${server.port}/`, {
      ...{ servername: 'chat.example.com', rejectUnauthorized: false },
    })
    socket.on('open', () => socket.send('hello'))
    expect(await server.messages.next()).toEqual({ text: 'hello', isBinary: false })
    socket.terminate()
  })

  test('take over new files, and open connections stay; a faulty file changes nothing', async () => {
    const path = (name: string) => join(files.directory, name)
    const copies = { certificate: path('live.pem'), key: path('live-key.pem'), passphrase: null }
    const put = (from: Issued) => {
      copyFileSync(from.certificate, copies.certificate)
      copyFileSync(from.key, copies.key)
    }
    put(chat)
    const server = await startServer({ tls: { ...copies, domains: [{ ...plain, certificate: copies }] } })
    const names = async () => [
      (await ask(server.port, 'chat.example.com')).name,
      (await ask(server.port, 'other.example.com')).name,
    ]
    const socket = new WebSocket(`wss://127.0.0.1:${server.port}/`, { rejectUnauthorized: false })
    await once(socket, 'open')
    expect(await names()).toEqual(['chat.example.com', 'chat.example.com'])
    expect(await server.transport.reloadTls()).toBe(false)
    put(devices)
    expect(await server.transport.reloadTls()).toBe(true)
    expect(await names()).toEqual(['devices.example.com', 'devices.example.com'])
    copyFileSync(chat.key, copies.key)
    await expect(server.transport.reloadTls()).rejects.toThrow('does not belong to the certificate')
    expect(await names()).toEqual(['devices.example.com', 'devices.example.com'])
    socket.send('still here')
    expect(await server.messages.next()).toEqual({ text: 'still here', isBinary: false })
    socket.terminate()
  })

  test('of whose client certificates proxies tell let everybody as far as a request, and believe nobody', async () => {
    const asking = { ...plain, domainName: 'devices.example.com', clientCa: devices.certificate, isRequired: true }
    const told = { ...good, domains: [asking], proxiesTell: true }
    const server = await startServer({ tls: told }, answerWithCertificate)
    expect((await ask(server.port, 'devices.example.com')).body).toBe('nobody')
    expect((await ask(server.port, 'devices.example.com', shown(camera))).body).toBe('nobody')
    // Under every name only the server itself can ask.
    if (abilities.clientCertificates.can) return
    await expect(startServer({ tls: { ...told, clientCa: devices.certificate } })).rejects.toThrow(
      "uWebSockets.js can't ask for client certificates",
    )
  })

  describe.skipIf(!abilities.clientCertificates.can)('that ask for client certificates', () => {
    const tls = {
      ...good,
      domains: [
        plain,
        { ...plain, domainName: 'devices.example.com', clientCa: devices.certificate, isRequired: true },
        { ...plain, domainName: 'cameras.example.com', clientCa: cameras.certificate, isRequired: false },
      ],
    }
    const start = () => startServer({ tls }, answerWithCertificate)

    test('let in whom an authority of theirs vouches for, and nobody else where one is required', async () => {
      const { port } = await start()
      const said = async (name: string, by?: Issued) => (await ask(port, name, by && shown(by))).body
      expect(await said('devices.example.com', device)).toBe('C=DE\nO=Acme\nCN=device 1')
      for (const other of [undefined, camera, expired]) expect(await said('devices.example.com', other)).toBe('')
      expect(await said('cameras.example.com', camera)).toBe('CN=camera 1')
      for (const other of [undefined, device]) expect(await said('cameras.example.com', other)).toBe('nobody')
    })

    test('are the only ones: under other names nobody is asked', async () => {
      const { port } = await start()
      const told = async (name: string) => {
        const running = promisify(execFile)('openssl', [
          's_client',
          '-connect',
          `127.0.0.1:${port}`,
          '-servername',
          name,
        ])
        running.child.stdin?.end()
        // Who has no certificate to show may be cut off before it has said good-bye: it exits with 1 then.
        const { stdout } = await running.catch((error: { stdout: string }) => error)
        expect(stdout).toContain('Server certificate')
        return stdout
      }
      expect(await told('devices.example.com')).toContain('Requested Signature Algorithms')
      expect(await told('chat.example.com')).not.toContain('Requested Signature Algorithms')
      expect((await ask(port, 'chat.example.com', shown(device))).body).toBe('nobody')
    })

    test('do not believe a certificate that was shown under another name (domain fronting)', async () => {
      const { port } = await start()
      const said = async (servername: string, host: string, by?: Issued) =>
        (await ask(port, servername, { host, ...(by && shown(by)) })).body
      expect(await said('chat.example.com', 'devices.example.com', device)).toBe('nobody')
      expect(await said('cameras.example.com', 'devices.example.com', camera)).toBe('nobody')
      expect(await said('devices.example.com', 'cameras.example.com', device)).toBe('nobody')
      expect(await said('', 'devices.example.com', device)).toBe('nobody')
      expect(await said('devices.example.com', 'devices.example.com:443', device)).toContain('device 1')
    })

    test.each(['TLSv1.2', 'TLSv1.3'] as const)('go on with no session of another name (%s)', async (maxVersion) => {
      const { port } = await start()
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion }
      const sessions: Buffer[] = []
      const first = connect({ ...options, servername: 'cameras.example.com', ...shown(camera) })
      first.on('session', (session) => sessions.push(session))
      const client = new RawClient(first).write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      await client.readAll()
      for (const session of sessions) {
        expect((await ask(port, 'devices.example.com', { maxVersion, session })).body).toBe('')
      }
    })
  })
})

describe('what is wrong with the files is said in one sentence', () => {
  const text = (name: string, content: string) => {
    const path = join(files.directory, name)
    writeFileSync(path, content)
    return path
  }
  const garbage = text('garbage.pem', 'hello')
  const damagedCertificate = text('damaged.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  const damagedKey = text('damaged-key.pem', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')

  test.each([
    [{ certificate: '/nowhere/c.pem' }, 'the TLS certificate file /nowhere/c.pem does not exist'],
    [{ key: '/nowhere/k.pem' }, 'the TLS key file /nowhere/k.pem does not exist'],
    [{ key: files.directory }, `the TLS key file ${files.directory} can't be read (EISDIR)`],
    [{ certificate: garbage }, `${garbage} holds no PEM certificate (no line says BEGIN CERTIFICATE)`],
    [{ certificate: damagedCertificate }, `the certificate in ${damagedCertificate} is damaged`],
    [{ key: garbage }, `${garbage} holds no PEM private key (no line says BEGIN PRIVATE KEY)`],
    [{ key: damagedKey }, `the key in ${damagedKey} is damaged`],
    [{ key: files.encryptedKey }, `the key in ${files.encryptedKey} is encrypted; give its passphrase`],
    [{ key: files.encryptedKey, passphrase: 'wrong' }, `the passphrase does not open the key in ${files.encryptedKey}`],
    [
      { key: files.otherKey },
      `the key in ${files.otherKey} does not belong to the certificate in ${files.certificate}`,
    ],
    [{ certificate: files.expired }, `the certificate in ${files.expired} expired on 2021-01-01; renew it`],
    [{ certificate: files.future }, `the certificate in ${files.future} is valid only from 2098-01-01 on`],
  ])('%j', async (changes, message) => {
    await expect(checkTlsFiles({ ...good, ...changes })).rejects.toThrow(new Error(message))
  })

  test('by listen too, and nothing listens then', async () => {
    const transport = createTransport(
      { ...defaultOptions, tls: { ...good, key: files.otherKey } },
      { upgrade() {}, message() {}, pinged() {}, close() {}, request() {} },
    )
    await expect(transport.listen()).rejects.toThrow(/does not belong/)
    transport.close()
    transport.close()
  })

  test('a key that may not be read is named, too', async () => {
    if (process.getuid?.() === 0) return
    const path = text('unreadable.pem', 'x')
    chmodSync(path, 0)
    await expect(checkTlsFiles({ ...good, key: path })).rejects.toThrow(
      `the TLS key file ${path} can't be read (EACCES)`,
    )
  })
})
