import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

const arn = 'arn:aws:execute-api:us-east-1:000000000000:test/dev/$connect'

/** Decides by the client's token; `events` shows the event itself, in the context. */
const handlers = `
const allow = (context) => ({ principalId: 'ada', policyDocument: policy('Allow'), context })
const policy = (Effect, Resource = '${arn}') => ({
  Version: '2012-10-17',
  Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }],
})
const outcomes = {
  allow: () => allow({ tenant: 'acme', level: 3, admin: true }),
  deny: () => ({ principalId: 'ada', policyDocument: policy('Deny') }),
  other: () => ({ principalId: 'ada', policyDocument: policy('Allow', 'arn:aws:execute-api:us-east-1:000000000000:test/dev/*/*') }),
  unauthorized: () => { throw new Error('Unauthorized') },
  throws: () => { throw new Error('no database') },
  nothing: () => null,
  nested: () => allow({ roles: ['admin'] }),
}
exports.authorize = async (event) => {
  const { token } = event.queryStringParameters
  return token === 'event' ? allow({ event: JSON.stringify(event) }) : outcomes[token]()
}
`

let gateway: TestGateway
let backend: Backend
useBackend((started) => {
  backend = started
})

const routes = (authorizerId: string) => {
  const integration = { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url }
  return {
    $connect: { authorizationType: 'CUSTOM', authorizerId },
    $default: {
      integration: {
        ...integration,
        requestParameters: {
          'integration.request.header.who': 'context.authorizer.principalId',
          'integration.request.header.level': 'context.authorizer.level',
        },
      },
    },
  }
}

beforeAll(async () => {
  const authorizers = {
    function: {
      authorizerType: 'REQUEST',
      authorizerUri: 'function:authorize',
      identitySource: ['route.request.querystring.token'],
    },
    endpoint: { authorizerType: 'REQUEST', authorizerUri: `${backend.url}/authorize`, timeoutInMillis: 2_000 },
  }
  const format =
    '$context.eventType $context.status $context.authorizer.status $context.authorizer.error $context.error.responseType $context.requestId'
  gateway = await startGateway(
    {
      authorizers,
      functions: { authorize: { handler: 'handlers.authorize' } },
      routes: routes('function'),
      stages: { dev: { accessLogSettings: { format }, stageVariables: { flavour: 'beta' } } },
    },
    {
      files: { 'handlers.cjs': handlers },
      apis: { remote: { authorizers: { endpoint: authorizers.endpoint }, routes: routes('endpoint') } },
    },
  )
})
afterAll(() => gateway.close())

const refusal = async (token: string) => {
  const { status, body } = await refused(`${gateway.ws}?token=${token}`)
  return [status, (JSON.parse(body) as { message: unknown }).message]
}

describe('a function that authorizes', () => {
  test('lets in, and what it says of the client goes with every event', async () => {
    const client = await Client.connect(`${gateway.ws}?token=allow`)
    client.send('hello')
    await expect.poll(() => backend.calls.length).toBe(1)
    expect(backend.calls[0]?.headers).toMatchObject({ who: 'ada', level: '3' })
    client.close()
    await client.closed
  })

  test.each([
    ['deny', 403, 'User is not authorized to access this resource with an explicit deny in an identity-based policy'],
    [
      'other',
      403,
      'User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action',
    ],
    ['unauthorized', 401, 'Unauthorized'],
    ['throws', 500, 'Internal server error'],
    ['nothing', 500, ''],
    ['nested', 500, ''],
    ['', 401, 'Unauthorized'],
  ])('answers %j with %i', async (token, status, message) => {
    expect(await refusal(token)).toEqual([status, message])
  })

  test('is not asked where an identity source is missing', async () => {
    const before = gateway.lines.length
    expect((await refused(gateway.ws)).status).toBe(401)
    await expect.poll(() => gateway.lines.slice(before).join('')).toMatch(/^CONNECT 401 - - UNAUTHORIZED /m)
  })

  test('leaves its status and its failure in the access log', async () => {
    const before = gateway.lines.length
    await refusal('throws')
    const lines = () => gateway.lines.slice(before).join('')
    await expect.poll(lines).toMatch(/^CONNECT 500 200 Error: no database AUTHORIZER_FAILURE /m)
  })

  test('gets the event member for member as AWS sends it', async () => {
    backend.answer = (_call, response) => void response.end()
    const client = await Client.connect(`${gateway.ws}?token=event&room=red&room=blue`, { headers: { 'X-Own': 'a' } })
    const open = await fetch(`http://127.0.0.1:${gateway.managementPort}/api/connections`).then((answer) =>
      answer.json(),
    )
    const context = JSON.stringify(open)
    const event = JSON.parse(JSON.parse(/"event":("(?:[^"\\]|\\.)*")/.exec(context)?.[1] ?? '""'))
    expect(Object.keys(event)).toEqual([
      ...['type', 'methodArn', 'headers', 'multiValueHeaders', 'queryStringParameters'],
      ...['multiValueQueryStringParameters', 'stageVariables', 'requestContext'],
    ])
    expect(event).toMatchObject({
      type: 'REQUEST',
      methodArn: arn,
      headers: { Connection: 'upgrade', Upgrade: 'websocket', 'content-length': '0' },
      queryStringParameters: { token: 'event', room: 'blue' },
      multiValueQueryStringParameters: { room: ['red', 'blue'] },
      stageVariables: { flavour: 'beta' },
      requestContext: {
        routeKey: '$connect',
        eventType: 'CONNECT',
        stage: 'dev',
        apiId: 'test',
        messageDirection: 'IN',
      },
    })
    expect(event.requestContext).not.toHaveProperty('authorizer')
    expect(event.requestContext.connectionId).toMatch(/^[\w-]{15}=$/)
    client.close()
    await client.closed
  })
})

describe('an HTTP endpoint that authorizes', () => {
  const remote = () => gateway.ws.replace('/test/', '/remote/')
  const answer = (status: number, body: object = {}) => {
    backend.answer = (_call, response) => void response.writeHead(status).end(JSON.stringify(body))
  }

  test('gets the same event with POST, and answers with a policy', async () => {
    const policy = { Version: '2012-10-17', Statement: [{ Action: '*', Effect: 'Allow', Resource: '*' }] }
    answer(200, { principalId: 'ada', policyDocument: policy })
    const client = await Client.connect(remote())
    const [call] = backend.calls
    expect([call?.method, call?.url, JSON.parse(call?.body ?? '').type]).toEqual(['POST', '/authorize', 'REQUEST'])
    client.close()
    await client.closed
  })

  test.each([
    [401, 401],
    [403, 403],
    [404, 500],
    [302, 500],
    [500, 500],
  ])('that answers %i refuses with %i', async (answered, status) => {
    answer(answered)
    expect((await refused(remote())).status).toBe(status)
  })

  test('that does not answer in time lets nobody in', async () => {
    backend.answer = () => {}
    expect((await refused(remote())).status).toBe(500)
  })
})
