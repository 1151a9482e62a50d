import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { abilities } from '../helpers/transport-abilities.ts'
import { makeCertificates } from '../transport/certificates.ts'

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
