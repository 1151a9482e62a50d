import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FunctionInvoker, Invocation } from '../../src/functions/contract.ts'
import { createLambdaApi, type LambdaApi, type LambdaApiOptions } from '../../src/functions/lambda-api.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'

interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
interface Reply {
  status?: number
  headers?: Record<string, string>
  body?: string | null
  /** Whether 100 Continue and 103 Early Hints come first. */
  informational?: boolean
}

const arn = 'arn:aws:lambda:eu-central-1:123456789012:function:join'
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' }

let server: Server
let received: Received[]
/** A body of null never answers. */
let reply: Reply
let api: LambdaApi | null

beforeEach(async () => {
  received = []
  reply = {}
  api = null
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
    if (reply.body === null) return
    if (reply.informational) {
      response.writeContinue()
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    }
    response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '{"statusCode":200}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(() => {
  api?.close()
  server.close()
  server.closeAllConnections()
})

const address = () => `127.0.0.1:${(server.address() as AddressInfo).port}`

function open(
  name = 'join',
  rest: { qualifier?: string; region?: string } & Partial<LambdaApiOptions> = {},
): FunctionInvoker {
  const { qualifier = null, region = null, ...options } = rest
  api = createLambdaApi({ endpoint: `http://${address()}`, region: 'eu-west-1', credentials, ...options })
  return api.open({ name, qualifier, region })
}

const invocation = (rest: Partial<Invocation> = {}): Invocation => ({
  payload: '{"body":"häß"}',
  requestId: 'VNRXVFJOywMF3-Q=',
  traceId: 'Root=1-6700aa00-00112233445566778899aabb',
  asynchronous: false,
  timeoutInMillis: 5_000,
  ...rest,
})

async function failure(promise: Promise<unknown>): Promise<GatewayError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof GatewayError)) throw new Error(`not a GatewayError: ${error}`)
  return error
}

describe('the Invoke operation', () => {
  test('posts the event and gives the result with the request id', async () => {
    reply = { headers: { 'x-amzn-RequestId': 'id-1' } }
    expect(await open().invoke(invocation())).toEqual({
      payload: '{"statusCode":200}',
      functionError: false,
      requestId: 'id-1',
    })
    expect(received[0]).toMatchObject({
      method: 'POST',
      url: '/2015-03-31/functions/join/invocations',
      body: '{"body":"häß"}',
      headers: {
        host: address(),
        'content-type': 'application/json',
        'x-amz-invocation-type': 'RequestResponse',
        'x-amzn-trace-id': 'Root=1-6700aa00-00112233445566778899aabb',
        'x-amz-security-token': 'token',
      },
    })
  })

  test('is the same behind 100 Continue and 103 Early Hints', async () => {
    reply = { informational: true, headers: { 'x-amzn-RequestId': 'id-2' } }
    const { payload, requestId } = await open().invoke(invocation())
    expect([payload, requestId]).toEqual(['{"statusCode":200}', 'id-2'])
  })

  test('names functions by ARN, with a qualifier, below the path of the endpoint', async () => {
    await open(arn, { qualifier: '$LATEST', endpoint: `http://${address()}/lambda/` }).invoke(invocation())
    expect(received[0]?.url).toBe(
      '/lambda/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Ajoin/invocations?Qualifier=%24LATEST',
    )
  })

  test('is signed, in the region of the ARN, over the path as it is sent', async () => {
    const now = Date.UTC(2026, 0, 2, 3, 4, 5)
    await open(arn, { qualifier: 'live', region: 'eu-central-1', now: () => now }).invoke(invocation())
    const { headers, url, body } = received[0] as Received
    const names = [
      'content-type',
      'host',
      'x-amz-date',
      'x-amz-invocation-type',
      'x-amz-security-token',
      'x-amzn-trace-id',
    ]
    const canonical = [
      'POST',
      url.replace(/\?.*/, '').replaceAll('%', '%25'),
      'Qualifier=live',
      ...names.map((name) => `${name}:${headers[name]}`),
      '',
      names.join(';'),
      createHash('sha256').update(body).digest('hex'),
    ].join('\n')
    const scope = '20260102/eu-central-1/lambda/aws4_request'
    const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
    const key = scope.split('/').reduce<string | Buffer>(hmac, 'AWS4secret')
    const digest = createHash('sha256').update(canonical).digest('hex')
    const signature = hmac(key, `AWS4-HMAC-SHA256\n20260102T030405Z\n${scope}\n${digest}`).toString('hex')
    expect(headers.authorization).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
    )
  })

  test('goes unsigned without credentials', async () => {
    await open('join', { credentials: null }).invoke(invocation())
    expect(received[0]?.headers.authorization).toBeUndefined()
  })

  test('may be asynchronous: Event, answered 202 with nothing', async () => {
    reply = { status: 202, body: '' }
    expect(await open().invoke(invocation({ asynchronous: true }))).toEqual({
      payload: '',
      functionError: false,
      requestId: null,
    })
    expect(received[0]?.headers['x-amz-invocation-type']).toBe('Event')
  })

  test('reports the error of a function', async () => {
    reply = { headers: { 'X-Amz-Function-Error': 'Unhandled' }, body: '{"errorMessage":"no"}' }
    expect(await open().invoke(invocation())).toMatchObject({ payload: '{"errorMessage":"no"}', functionError: true })
  })

  test("leaves a client's trace id out that no header can carry", async () => {
    await open().invoke(invocation({ traceId: 'a\r\nx-injected: 1' }))
    expect(received[0]?.headers).not.toHaveProperty('x-injected')
    expect(received[0]?.headers).not.toHaveProperty('x-amzn-trace-id')
  })
})

describe('a call that fails', () => {
  test.each([400, 403, 404, 413, 429, 500, 503])(
    'with %i is FUNCTION_UNAVAILABLE, and is not repeated',
    async (status) => {
      reply = { status, headers: { 'x-amzn-ErrorType': 'SomeException' }, body: `{"Message":"${'m'.repeat(5_000)}"}` }
      const error = await failure(open().invoke(invocation()))
      expect(error.code).toBe('FUNCTION_UNAVAILABLE')
      expect(error.message).toContain(`the Lambda API answered for join: ${status} SomeException {"Message":"mmm`)
      expect(error.message.length).toBeLessThan(700)
      expect(received).toHaveLength(1)
    },
  )

  test('at its deadline is INTEGRATION_TIMEOUT', async () => {
    reply = { body: null }
    expect((await failure(open().invoke(invocation({ timeoutInMillis: 50 })))).code).toBe('INTEGRATION_TIMEOUT')
  })

  test('to nobody is INTEGRATION_FAILURE', async () => {
    const invoker = open()
    await new Promise((resolve) => server.close(resolve))
    expect((await failure(invoker.invoke(invocation()))).code).toBe('INTEGRATION_FAILURE')
  })

  test('with a result above 6 MB is INTEGRATION_RESPONSE_TOO_LARGE', async () => {
    reply = { body: 'x'.repeat(6_291_557) }
    expect((await failure(open().invoke(invocation()))).code).toBe('INTEGRATION_RESPONSE_TOO_LARGE')
  })

  test('never shows a secret', async () => {
    reply = { status: 403, body: '{"Message":"denied"}' }
    const error = await failure(open().invoke(invocation()))
    expect(`${error.stack}`).not.toMatch(/secret|token/)
  })
})
