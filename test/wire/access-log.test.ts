import { afterEach, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { callTo, says, shortId } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

/**
 * Names of every variable of AWS's "Configure logging for a WebSocket API", and of those that its printout of
 * `$context` has besides.
 */
const names = [
  ...['requestId', 'extendedRequestId', 'apiId', 'stage', 'routeKey', 'eventType', 'connectionId', 'connectedAt'],
  ...['domainName', 'domainPrefix', 'messageId', 'messageDirection', 'requestTime', 'requestTimeEpoch', 'status'],
  ...['disconnectStatusCode', 'disconnectReason', 'xrayTraceId'],
  ...[
    'principalId',
    'anything',
    'error',
    'status',
    'latency',
    'integrationLatency',
    'integrationStatus',
    'requestId',
  ].map((name) => `authorizer.${name}`),
  ...['error', 'status', 'latency'].flatMap((name) => [`authorize.${name}`, `authenticate.${name}`, `waf.${name}`]),
  ...['error.message', 'error.messageString', 'error.responseType', 'error.validationErrorString'],
  ...['accountId', 'apiKey', 'apiKeyId', 'caller', 'user', 'userAgent', 'userArn', 'sourceIp', 'principalOrgId'].map(
    (name) => `identity.${name}`,
  ),
  ...['AuthenticationProvider', 'AuthenticationType', 'IdentityId', 'IdentityPoolId'].map(
    (name) => `identity.cognito${name}`,
  ),
  ...['error', 'integrationStatus', 'latency', 'requestId', 'status'].map((name) => `integration.${name}`),
  ...['integrationLatency', 'integrationStatus', 'integrationErrorMessage', 'awsEndpointRequestId'],
  ...['responseLatency', 'responseLength'],
]
const format = names.map((name) => `$context.${name}`).join('|')

type Row = Record<string, string>
let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const start = async (definition: Definition = {}) => {
  gateway = await startGateway(
    { stages: { dev: { accessLogSettings: { format } } }, ...definition },
    {
      files: {
        'handlers.mjs':
          'export const fine = async () => ({ statusCode: 201 }); export const boom = async () => { throw 1 }',
      },
    },
  )
}
const rows = (): Row[] =>
  gateway.lines
    .filter((line) => !line.startsWith('{"level"'))
    .map((line) =>
      Object.fromEntries(
        line
          .trimEnd()
          .split('|')
          .map((value, i) => [names[i], value]),
      ),
    )
/** Resolves with so many rows once they are there. */
const waitFor = async (count: number): Promise<Row[]> => {
  await expect.poll(() => rows().length).toBe(count)
  return rows()
}
/** The members of a row that have a value. */
const set = (row: Row | undefined): Row =>
  Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== '-' && value !== '"-"'))

const proxy = (): Definition => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  integrationUri: backend.url,
})
const latency = expect.stringMatching(/^\d+$/)
const id = expect.stringMatching(shortId)
/** The values that every row of a connection has. */
const always = (row: Row | undefined): Row => ({
  requestId: id,
  extendedRequestId: row?.requestId ?? 'missing',
  apiId: 'test',
  stage: 'dev',
  connectionId: id,
  connectedAt: expect.stringMatching(/^\d{13}$/),
  domainName: `127.0.0.1:${gateway.port}/test`,
  domainPrefix: '127',
  messageDirection: 'IN',
  requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
  requestTimeEpoch: expect.stringMatching(/^\d{13}$/),
  xrayTraceId: expect.stringMatching(/^Root=1-/),
  'identity.sourceIp': '127.0.0.1',
  'identity.userAgent': 'demo/1.0',
})
const asDemo = { headers: { 'User-Agent': 'demo/1.0' } }

test('CONNECT, MESSAGE and DISCONNECT have one row each, with every variable that has a value and a hyphen for the rest', async () => {
  await start({
    functions: { fine: { handler: 'handlers.fine' } },
    routes: {
      $connect: { integration: proxy() },
      say: { integration: callTo('fine') },
      $disconnect: { integration: proxy() },
    },
  })
  backend.answer = (call, response) => void response.writeHead(call.headers['sec-websocket-key'] ? 204 : 503).end()
  const client = await Client.connect(gateway.ws, asDemo)
  client.send({ action: 'say' })
  await waitFor(2)
  client.close(4001, 'was fun')
  const [connect, message, disconnect] = await waitFor(3)

  expect(set(connect)).toEqual({
    ...always(connect),
    ...{ eventType: 'CONNECT', routeKey: '$connect', status: '200' },
    ...{ integrationStatus: '204', 'integration.status': '204', 'integration.integrationStatus': '204' },
    ...{ integrationLatency: latency, 'integration.latency': latency },
  })
  expect(set(message)).toEqual({
    ...always(message),
    ...{ eventType: 'MESSAGE', routeKey: 'say', status: '201', messageId: id },
    // For a function that is the status of its invocation.
    ...{ integrationStatus: '200', 'integration.status': '200', 'integration.integrationStatus': '200' },
    ...{ integrationLatency: latency, 'integration.latency': latency },
    ...{ awsEndpointRequestId: expect.any(String), 'integration.requestId': expect.any(String) },
  })
  expect(set(disconnect)).toEqual({
    ...always(disconnect),
    ...{ eventType: 'DISCONNECT', routeKey: '$disconnect', status: '503' },
    ...{ disconnectStatusCode: '4001', disconnectReason: 'was fun' },
    ...{ integrationStatus: '503', 'integration.status': '503', 'integration.integrationStatus': '503' },
    ...{ integrationLatency: latency, 'integration.latency': latency },
  })
  expect(new Set([connect, message, disconnect].map((row) => row?.connectionId)).size).toBe(1)
  expect(new Set([connect, message, disconnect].map((row) => row?.requestId)).size).toBe(3)
})

test('without integrations for $connect and $disconnect there are rows for both, with status 200', async () => {
  await start({ routes: { $default: says('hello') } })
  const client = await Client.connect(gateway.ws, asDemo)
  client.send('x')
  await client.next()
  client.close()
  const [connect, message, disconnect] = await waitFor(3)
  expect(set(connect)).toEqual({ ...always(connect), eventType: 'CONNECT', routeKey: '$connect', status: '200' })
  // A MOCK has no latency.
  expect(set(message)).toEqual({
    ...always(message),
    eventType: 'MESSAGE',
    routeKey: '$default',
    status: '200',
    messageId: id,
  })
  expect(set(disconnect)).toEqual({
    ...always(disconnect),
    ...{ eventType: 'DISCONNECT', routeKey: '$disconnect', status: '200' },
    ...{ disconnectStatusCode: '1005', disconnectReason: 'Client-side close frame status not set' },
  })
})

test('refused handshakes have a row: those of the gateway with the error, those of the backend with its status', async () => {
  await start({
    routes: {
      $connect: { integration: proxy(), requestParameters: { 'route.request.header.X-Tenant': { required: true } } },
    },
  })
  const { body } = await refused(gateway.ws, asDemo)
  const [missing] = await waitFor(1)
  expect(set(missing)).toEqual({
    ...always(missing),
    ...{ eventType: 'CONNECT', routeKey: '$connect', status: '400' },
    'error.message': 'Missing required request parameters',
    'error.messageString': '"Missing required request parameters"',
    'error.responseType': 'BAD_REQUEST_PARAMETERS',
  })
  expect(missing?.requestId).toBe(JSON.parse(body).requestId)

  backend.answer = (_call, response) => void response.writeHead(403).end()
  await refused(gateway.ws, { headers: { ...asDemo.headers, 'X-Tenant': 't' } })
  const [, byBackend] = await waitFor(2)
  expect(set(byBackend)).toEqual({
    ...always(byBackend),
    ...{ eventType: 'CONNECT', routeKey: '$connect', status: '403' },
    ...{ integrationStatus: '403', 'integration.status': '403', 'integration.integrationStatus': '403' },
    ...{ integrationLatency: latency, 'integration.latency': latency },
  })

  backend.answer = (_call, response) => void response.socket?.destroy()
  await refused(gateway.ws, { headers: { ...asDemo.headers, 'X-Tenant': 't' } })
  const [, , failed] = await waitFor(3)
  expect(failed).toMatchObject({
    ...{ status: '500', 'error.responseType': 'INTEGRATION_FAILURE', 'error.message': 'Internal server error' },
    integrationErrorMessage: expect.not.stringMatching(/^-$/),
  })
  expect(failed?.['integration.error']).toBe(failed?.integrationErrorMessage)
})

test('a client that left while $connect was asked has its row, and one for its end', async () => {
  let finish = () => {}
  backend.answer = (_call, response) => {
    finish = () => void response.end()
  }
  await start({ routes: { $connect: { integration: proxy() } } })
  const client = new Client(gateway.ws, asDemo)
  await backend.call(1)
  client.socket.terminate()
  await client.closed
  finish()
  const [connect, disconnect] = await waitFor(2)
  expect(connect).toMatchObject({ eventType: 'CONNECT', status: '200', integrationStatus: '200' })
  expect(disconnect).toMatchObject({ eventType: 'DISCONNECT', disconnectStatusCode: '1006' })
})

test('error frames have a row with the error, the status it stands for, and the request id of the frame', async () => {
  await start({
    functions: { boom: { handler: 'handlers.boom' } },
    routes: {
      boom: { integration: callTo('boom') },
      slow: { integration: { ...proxy(), timeoutInMillis: 50 } },
      often: says('hello'),
      empty: {},
    },
    stages: {
      dev: {
        accessLogSettings: { format },
        routeSettings: { often: { throttlingRateLimit: 0, throttlingBurstLimit: 0 } },
      },
    },
  })
  backend.answer = () => {}
  const client = await Client.connect(gateway.ws, asDemo)
  const expected: [action: string, route: string, status: string, type: string, message: string][] = [
    ['none', '$default', '403', 'ACCESS_DENIED', 'Forbidden'],
    ['boom', 'boom', '502', 'INTEGRATION_FAILURE', 'Internal server error'],
    ['slow', 'slow', '504', 'INTEGRATION_TIMEOUT', 'Endpoint request timed out'],
    ['often', 'often', '429', 'THROTTLED', 'Too Many Requests'],
    ['empty', 'empty', '500', 'API_CONFIGURATION_ERROR', 'Internal server error'],
  ]
  for (const [i, [action, routeKey, status, responseType, message]] of expected.entries()) {
    client.send({ action })
    const sent = JSON.parse(await client.next())
    const row = (await waitFor(i + 2))[i + 1]
    expect(row).toMatchObject({
      ...{ eventType: 'MESSAGE', routeKey, status, 'error.responseType': responseType, 'error.message': message },
      ...{ 'error.messageString': JSON.stringify(message), messageId: id },
    })
    expect([row?.requestId, row?.connectionId]).toEqual([sent.requestId, sent.connectionId])
  }
  client.close()
  await waitFor(7)
})

test('callbacks have a row with their caller, their method and path, and no error for a 410', async () => {
  await start({ routes: { $default: says('$context.connectionId') } })
  const client = await Client.connect(gateway.ws)
  client.send('x')
  const connectionId = await client.next()
  await waitFor(2)
  const path = `/test/dev/@connections/${encodeURIComponent(connectionId)}`
  const posted = await httpCall('POST', gateway.http, path, { headers: { 'User-Agent': 'demo/1.0' }, body: 'x' })
  const [, , row] = await waitFor(3)
  expect(set(row)).toEqual({
    ...{ ...always(row), connectedAt: undefined, connectionId },
    ...{ eventType: 'CONNECTION_API', routeKey: 'POST /@connections/{connectionId}', status: '200' },
  })
  expect(posted.headers['x-amz-apigw-id']).toBe(row?.requestId)

  await httpCall('DELETE', gateway.http, path)
  // One for the end of the connection, one for the call that ended it.
  await waitFor(5)
  await httpCall('GET', gateway.http, path)
  const gone = (await waitFor(6))[5]
  expect(gone).toMatchObject({
    routeKey: 'GET /@connections/{connectionId}',
    status: '410',
    'error.message': '-',
    'error.responseType': '-',
  })
  await httpCall('POST', gateway.http, '/test/dev/@connections/nonsense')
  expect((await waitFor(7))[6]).toMatchObject({ status: '400', 'error.message': 'Invalid connectionId: nonsense' })
})
