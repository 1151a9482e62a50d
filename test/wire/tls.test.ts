import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { abilities } from '../helpers/transport-abilities.ts'
import { type Issued, makeCertificates } from '../transport/certificates.ts'
import { RawClient } from '../transport/raw-client.ts'

const files = makeCertificates()
let backend: Backend
let gateway: TestGateway
beforeAll(async () => {
  backend = await startBackend()
})
afterAll(async () => {
  files.remove()
  await backend.close()
})
afterEach(() => gateway.close())

test('with tls: wss clients, https callbacks with the AWS SDK, https in the headers of backends, and nothing over plain TCP', async () => {
  gateway = await startGateway(
    {
      routes: {
        $connect: {
          integration: { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url },
        },
        $default: says('$context.connectionId $context.domainName'),
      },
    },
    {
      settings: { tls: { certificate: files.certificate, key: files.encryptedKey } },
      env: { POSTERN_TLS_PASSPHRASE: 'secret' },
    },
  )
  backend.answer = (_call, response) => void response.writeHead(200, { 'Sec-WebSocket-Protocol': 'b' }).end()
  const client = await Client.connect(gateway.ws, { protocols: ['a', 'b'] })
  expect(client.socket.protocol).toBe('b')
  expect((await backend.call(1)).headers).toMatchObject({
    'x-forwarded-proto': 'https',
    'x-forwarded-port': String(gateway.port),
  })
  client.send('who am I')
  const [id = '', domainName] = (await client.next()).split(' ')

  const sdk = new ApiGatewayManagementApiClient({
    endpoint: `https://${domainName}/dev`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    requestHandler: { httpsAgent: { ca: readFileSync(files.certificate) } },
  })
  onTestFinished(() => sdk.destroy())
  const large = 'x'.repeat(131_072)
  await sdk.send(new PostToConnectionCommand({ ConnectionId: id, Data: large }))
  expect(await client.next()).toBe(large)
  await sdk.send(new DeleteConnectionCommand({ ConnectionId: id }))
  expect(await client.closed).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
  await expect(sdk.send(new PostToConnectionCommand({ ConnectionId: id, Data: 'x' }))).rejects.toThrow(GoneException)

  backend.answer = (_call, response) => void response.writeHead(401).end('no')
  expect(await refused(gateway.ws)).toMatchObject({ status: 401, body: 'no' })
  await expect(httpCall('GET', `http://127.0.0.1:${gateway.port}`, '/test/dev')).rejects.toThrow()
})

test('with tls.clientCa only clients with a certificate of theirs come in, where the server underneath can ask for it', async () => {
  const tls = { certificate: files.certificate, key: files.key, clientCa: files.certificate }
  const starting = startGateway({ routes: { $default: says('hello') } }, { settings: { tls } })
  if (!abilities.clientCertificates.can) {
    await expect(starting).rejects.toThrow("can't ask for client certificates: use the transport node")
    gateway = await startGateway()
    return
  }
  gateway = await starting
  await expect(refused(gateway.ws)).rejects.toThrow()
  const own = { cert: readFileSync(files.certificate), key: readFileSync(files.key) }
  const client = new WebSocket(gateway.ws, { ...own, rejectUnauthorized: false })
  await once(client, 'open')
  client.send('hi')
  expect(String((await once(client, 'message'))[0])).toBe('hello')
  client.close()
})

describe('domains', () => {
  const chat = files.issue('wire-chat', { subject: '/CN=chat.example.com' })
  const authority = files.issue('wire-devices', { subject: '/C=DE/O=Acme, Inc./CN=devices.example.com' })
  const device = files.issue('wire-device', { subject: '/C=DE/O=Acme, Inc./CN=device 1', by: authority })
  const stranger = files.issue('wire-stranger', { subject: '/CN=device 2' })
  const late = files.issue('wire-late', { subject: '/CN=device 3', by: authority, to: '20210101000000Z' })
  const apiMappings = [{ apiId: 'test', stage: 'dev' }]
  const who = says('$context.identity.clientCert.subjectDN|$context.identity.clientCert.serialNumber')
  const mutual = (mode: string) => ({ truststoreUri: authority.certificate, mode })

  /** The first answer to a client of a domain: its frame, or the status of the refusal; null when nothing came. */
  function ask(
    url: string,
    {
      host,
      servername = host,
      headers,
      by,
    }: { host: string; servername?: string; headers?: object; by?: Issued | undefined },
  ): Promise<string | number | null> {
    const socket = new WebSocket(url, {
      ...{ servername, rejectUnauthorized: false, headers: { Host: host, ...headers } },
      ...(by !== undefined && { cert: readFileSync(by.certificate), key: readFileSync(by.key) }),
    })
    onTestFinished(() => socket.terminate())
    return new Promise((resolve) => {
      socket.on('open', () => socket.send('who am I'))
      socket.on('message', (data) => resolve(String(data)))
      socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode ?? null))
      socket.on('error', () => resolve(null))
    })
  }

  const serialOf = ({ certificate }: Issued) =>
    (new X509Certificate(readFileSync(certificate)).serialNumber.toLowerCase().match(/../g) ?? []).join(':')
  const known = `CN=device 1,O=Acme\\, Inc.,C=DE|${serialOf(device)}`

  test.skipIf(!abilities.clientCertificates.can)(
    'with mutualTlsAuthentication let in who shows a certificate of the truststore, to that very domain',
    async () => {
      gateway = await startGateway(
        { routes: { $default: who }, disableExecuteApiEndpoint: true },
        {
          settings: {
            tls: { certificate: files.certificate, key: files.key },
            domains: [
              { domainName: 'chat.example.com', apiMappings, tls: chat },
              { domainName: 'devices.example.com', apiMappings, mutualTlsAuthentication: mutual('REQUIRED') },
              { domainName: 'both.example.com', apiMappings, mutualTlsAuthentication: mutual('OPTIONAL') },
            ],
          },
        },
      )
      const url = `wss://127.0.0.1:${gateway.port}/`
      const devices = 'devices.example.com'
      expect(await ask(url, { host: devices, by: device })).toBe(known)
      for (const by of [stranger, late, undefined]) expect(await ask(url, { host: devices, by })).toBeNull()
      // Domain fronting: named in the handshake is another domain than in the Host header.
      for (const servername of ['chat.example.com', 'both.example.com', 'localhost']) {
        expect(await ask(url, { host: devices, servername, by: device })).toBe(403)
      }
      expect(await ask(url, { host: 'both.example.com', by: device })).toBe(known)
      expect(await ask(url, { host: 'both.example.com', by: stranger })).toBe('|')
      expect(await ask(url, { host: 'chat.example.com', by: device })).toBe('|')
      // Nobody gets around the domains.
      expect(await ask(`${url}test/dev`, { host: '127.0.0.1', servername: 'localhost' })).toBe(403)
      // Callers of @connections are asked as well.
      const post = (servername: string) => {
        const socket = connect({ port: gateway.port, host: '127.0.0.1', servername, rejectUnauthorized: false })
        const line = 'POST /dev/@connections/x HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n'
        return new RawClient(socket).write(`${line}Host: ${devices}\r\n\r\n`).readAll()
      }
      expect(await post(devices)).toBe('')
      expect(await post('chat.example.com')).toMatch(/^HTTP\/1\.1 403 .*\{"message":"Forbidden"\}$/s)
    },
  )

  test('with certificates of their own take over new files with a reload', async () => {
    const live = {
      certificate: join(files.directory, 'wire-live.pem'),
      key: join(files.directory, 'wire-live-key.pem'),
    }
    const put = ({ certificate, key }: Issued) => {
      copyFileSync(certificate, live.certificate)
      copyFileSync(key, live.key)
    }
    put(chat)
    const settings = {
      tls: { certificate: files.certificate, key: files.key },
      domains: [{ domainName: 'chat.example.com', apiMappings, tls: live }],
    }
    gateway = await startGateway({ routes: { $default: who } }, { settings })
    const nameOf = async () => {
      const socket = connect({ port: gateway.port, servername: 'chat.example.com', rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      const name = socket.getPeerCertificate().subject.CN
      socket.destroy()
      return name
    }
    expect(await nameOf()).toBe('chat.example.com')
    put(stranger)
    await gateway.reload()
    expect(await nameOf()).toBe('device 2')
    copyFileSync(chat.key, live.key)
    await gateway.reload()
    expect(await nameOf()).toBe('device 2')
    expect(gateway.lines.join('')).toContain('new certificates are not taken over')
  })

  describe('behind a proxy that tells of certificates in a header', () => {
    const pem = encodeURIComponent(readFileSync(device.certificate, 'utf8'))
    const start = async (trustedProxies: string[]) => {
      gateway = await startGateway(
        {
          routes: {
            $connect: {
              integration: { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url },
            },
            $default: who,
          },
        },
        {
          settings: {
            ...{ trustedProxies, clientCertificateHeader: 'X-Client-Cert' },
            domains: [
              { domainName: 'devices.example.com', apiMappings, mutualTlsAuthentication: mutual('REQUIRED') },
              { domainName: 'any.example.com', apiMappings },
            ],
          },
        },
      )
      backend.answer = (_call, response) => void response.writeHead(200).end()
      return `ws://127.0.0.1:${gateway.port}/`
    }

    test('that is trusted, the client is who that says, of whom an authority of the domain vouches', async () => {
      const url = await start(['127.0.0.1'])
      const said = (host: string, value?: string) =>
        ask(url, { host, headers: value === undefined ? {} : { 'X-Client-Cert': value } })
      const der = new X509Certificate(readFileSync(device.certificate)).raw.toString('base64')
      for (const value of [pem, der, `:${der}:`]) expect(await said('devices.example.com', value)).toBe(known)
      const others = [stranger, late].map(({ certificate }) => encodeURIComponent(readFileSync(certificate, 'utf8')))
      for (const value of [undefined, '', 'nonsense', ...others]) {
        expect(await said('devices.example.com', value)).toBe(403)
      }
      expect(await said('any.example.com', pem)).toBe(known)
      expect(await said('any.example.com')).toBe('|')
    })

    test('that is not trusted, the header is forged: nobody believes it, and no backend sees it', async () => {
      const url = await start(['192.0.2.1'])
      const headers = { 'X-Client-Cert': pem, 'X-Other': 'seen' }
      expect(await ask(url, { host: 'devices.example.com', headers })).toBe(403)
      const before = backend.calls.length
      expect(await ask(url, { host: 'any.example.com', headers })).toBe('|')
      const { headers: seen } = await backend.call(before + 1)
      expect(seen['x-other']).toBe('seen')
      expect(seen['x-client-cert']).toBeUndefined()
    })
  })
})
