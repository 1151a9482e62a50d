import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readableFields } from '../../src/observability/log-fields.ts'
import { createLogger, type LogLevel } from '../../src/observability/logger.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'

function capture(level: LogLevel = 'debug') {
  const written: string[] = []
  const log = createLogger({ level, destination: { write: (line) => void written.push(line) } })
  const parsed = (): Record<string, unknown>[] => written.map((line) => JSON.parse(line))
  return { log, written, parsed }
}

test('a line is one JSON object with level, time, message and fields', () => {
  const { log, written, parsed } = capture()
  log.info({ apiId: 'chat', port: 8080 }, 'listening')
  expect(written[0]?.endsWith('}\n')).toBe(true)
  expect(parsed()).toEqual([{ level: 'info', time: expect.any(String), apiId: 'chat', port: 8080, msg: 'listening' }])
  expect(new Date(parsed()[0]?.time as string).toISOString()).toBe(parsed()[0]?.time)
})

test('a level that is off writes nothing', () => {
  const { log, parsed } = capture('warn')
  log.debug({}, 'a')
  log.info({}, 'b')
  log.warn({}, 'c')
  log.error({}, 'd')
  expect(parsed().map((line) => [line.level, line.msg])).toEqual([
    ['warn', 'c'],
    ['error', 'd'],
  ])
  const silent = capture('silent')
  silent.log.error({}, 'nobody hears')
  expect(silent.written).toEqual([])
})

test('a child adds its fields to each line, masked like any others', () => {
  const { log, parsed } = capture()
  log.child({ apiId: 'chat', sessionToken: 'tok-123' }).child({ stage: 'dev' }).info({ route: 'send' }, 'called')
  expect(parsed()[0]).toMatchObject({ apiId: 'chat', sessionToken: '[redacted]', stage: 'dev', route: 'send' })
})

test('an AggregateError is written with its errors, as many as a line can hold', () => {
  const { log, parsed } = capture()
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:3000'), { code: 'ECONNREFUSED' })
  log.error({ err: new AggregateError([refused, 'text', ...Array.from({ length: 10 }, () => refused)]) }, 'failed')
  const { errors = [] } = (parsed()[0]?.err ?? {}) as { errors?: unknown[] }
  expect(errors.slice(0, 2)).toMatchObject([{ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED ::1:3000' }, 'text'])
  expect(errors.slice(8)).toEqual(['… 4 more'])
})

test('an error is written with its code, stack and chain of causes', () => {
  const { log, parsed } = capture()
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  const error = new GatewayError('INTEGRATION_FAILURE', 'backend left', {
    cause: new TypeError('fetch', { cause: reset }),
  })
  log.error({ error }, 'integration failed')
  expect(parsed()[0]?.error).toMatchObject({
    type: 'GatewayError',
    code: 'INTEGRATION_FAILURE',
    message: 'backend left',
    stack: expect.stringContaining('logger.test.ts'),
    cause: { type: 'TypeError', message: 'fetch', cause: { message: 'read ECONNRESET', code: 'ECONNRESET' } },
  })
})

test.each([
  'authorization',
  'Authorization',
  'proxy-authorization',
  'Cookie',
  'set-cookie',
  'cookies',
  'x-api-key',
  'apiKey',
  'password',
  'tlsPassphrase',
  'clientSecret',
  'X-Amz-Security-Token',
  'access_token',
  'tokens',
  'awsCredentials',
  'privateKey',
  'X-Amz-Signature',
])('a member named %s is masked at any depth, in objects and in header lists', (name) => {
  const { log, written } = capture()
  const secret = 'hunter2hunter2'
  log.info(
    {
      [name]: secret,
      a: { b: [{ [name]: [secret] }] },
      headers: [
        ['Host', 'x'],
        [name, secret],
      ],
    },
    'x',
  )
  expect(written[0]).not.toContain(secret)
  expect(written[0]).toContain('[redacted]')
  expect(written[0]).toContain('["Host","x"]')
})

test.each(['tokenFile', 'connectionId', 'secretName', 'sourceIp', 'routeKey'])(
  'a member named %s is not masked',
  (name) => {
    expect(readableFields({ [name]: 'visible' })).toEqual({ [name]: 'visible' })
  },
)

test.each([
  ['http://b/?token=hunter2hunter2&x=1', 'http://b/?token=[redacted]&x=1'],
  ['wss://h/dev?X-Amz-Signature=hunter2hunter2', 'wss://h/dev?X-Amz-Signature=[redacted]'],
  ['sent Authorization: Bearer hunter2hunter2', 'sent Authorization: Bearer [redacted]'],
  ['GET http://user:hunter2hunter2@h/x failed', 'GET http://[redacted]@h/x failed'],
  ['nothing here', 'nothing here'],
])('a secret inside a text is masked: %s', (text, expected) => {
  expect(readableFields({ url: text, error: new Error(text) })).toMatchObject({
    url: expected,
    error: { message: expected },
  })
})

test('large, deep, circular and odd values are cut, and bytes are counted', () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular
  const loop = new Error('loop')
  loop.cause = loop
  const { log, written, parsed } = capture()
  log.info(
    {
      circular,
      loop,
      text: 'x'.repeat(100_000),
      list: Array.from({ length: 1000 }, (_, i) => i),
      wide: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i])),
      bytes: Buffer.alloc(5),
      big: 12n,
      date: new Date(0),
    },
    'x',
  )
  expect(written[0]?.length).toBeLessThan(60_000)
  expect(parsed()[0]).toMatchObject({ bytes: '[5 bytes]', big: '12', date: '1970-01-01T00:00:00.000Z' })
  expect(parsed()[0]?.list).toEqual([...Array.from({ length: 50 }, (_, i) => i), '… 950 more'])
})

test('fields that throw when they are read cost the fields, not the line or the caller', () => {
  const { log, parsed } = capture()
  const hostile = {
    get trap(): string {
      throw new Error('no')
    },
  }
  log.info(hostile, 'still here')
  expect(parsed()[0]).toMatchObject({ msg: 'still here', unreadableFields: 'Error: no' })
})

test('any fields make one line of JSON', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withDate: true, withTypedArray: true })),
      (fields) => {
        const { log, written } = capture()
        log.info({ fields }, 'any')
        expect(written).toHaveLength(1)
        expect(written[0]?.indexOf('\n')).toBe((written[0]?.length ?? 0) - 1)
        expect(JSON.parse(written[0] ?? '').msg).toBe('any')
      },
    ),
  )
})
