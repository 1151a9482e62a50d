import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { FunctionDefinition, FunctionInvoker, Invocation } from '../../src/functions/contract.ts'
import { createFunctionPools, type FunctionPools } from '../../src/functions/pools.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { recordLog } from '../helpers/record-log.ts'

const directory = fileURLToPath(new URL('./handlers', import.meta.url))

const defaults: FunctionDefinition = {
  handler: 'handlers.echo',
  timeoutInMillis: 5_000,
  memoryInMegabytes: 64,
  maxConcurrency: 2,
  environment: {},
}

const opened: FunctionPools[] = []
const folders: string[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const pools of opened.splice(0)) pools.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function open(now?: () => number) {
  const log = recordLog()
  const pools = createFunctionPools(now === undefined ? { log } : { log, now })
  opened.push(pools)
  const retain = (handler: string, definition: Partial<FunctionDefinition> = {}, folder = directory) =>
    pools.retain({
      apiId: 'chat',
      name: handler.replace(/^.*\./, ''),
      definition: { ...defaults, handler, ...definition },
      directory: folder,
    })
  return { log, pools, retain }
}

function invocation(event: unknown, rest: Partial<Invocation> = {}): Invocation {
  return {
    payload: JSON.stringify(event),
    requestId: 'VNRXVFJOywMF3-Q=',
    traceId: 'Root=1-6700aa00-00112233445566778899aabb',
    asynchronous: false,
    timeoutInMillis: 10_000,
    ...rest,
  }
}

async function call(invoker: FunctionInvoker, event: unknown = {}, rest: Partial<Invocation> = {}): Promise<unknown> {
  const result = await invoker.invoke(invocation(event, rest))
  expect(result.functionError, result.payload).toBe(false)
  return JSON.parse(result.payload)
}

async function failing(invoker: FunctionInvoker, event: unknown = {}, rest: Partial<Invocation> = {}) {
  const result = await invoker.invoke(invocation(event, rest))
  expect(result.functionError, result.payload).toBe(true)
  return JSON.parse(result.payload) as { errorType: string; errorMessage: string; trace?: string[] }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof GatewayError)) throw new Error(`not a GatewayError: ${error}`)
  return error.code
}

async function untilGone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 20_000, interval: 20 })
}

function folderWith(files: Record<string, string>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'postern-functions-')))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

describe('handlers as on AWS', () => {
  test('an asynchronous handler gets the event and returns the result', async () => {
    const event = { body: 'häß 😀', nested: [1, null, { a: 'b' }] }
    expect(await call(open().retain('handlers.echo'), event)).toEqual({ statusCode: 200, body: JSON.stringify(event) })
  })

  test('a callback may give the result or the error', async () => {
    const invoker = open().retain('handlers.callback')
    expect(await call(invoker)).toEqual({ statusCode: 200, body: 'called back' })
    expect((await failing(invoker, { fail: true })).errorMessage).toBe('called back')
  })

  test('context.succeed of the first runtimes still works', async () => {
    expect(await call(open().retain('handlers.legacy'))).toBe('done')
  })

  test('a plain value counts for a handler without a callback', async () => {
    expect(await call(open().retain('handlers.synchronous'))).toEqual({ statusCode: 204 })
  })

  test('a CommonJS module works, even with exports that are made at run time', async () => {
    expect(await call(open().retain('old-style.join'))).toBe('from CommonJS')
  })

  describe('are loaded as by its Node.js runtimes', () => {
    const asModule = '{"type":"module"}'
    const commonJs = 'exports.kind = async () => `CommonJS in ${typeof require}`'
    const esModule = 'export const kind = async () => `ES module in ${typeof import.meta}`'
    test.each<[string, string, Record<string, string>, unknown]>([
      ['module.exports.default', 'a.default', { 'api/a.cjs': 'module.exports = { default: async () => 1 }' }, 1],
      [
        'a default that a compiler made',
        'a.default',
        {
          'api/a.js': "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = async () => 2",
        },
        2,
      ],
      ['a member of it', 'a.default.b', { 'api/a.cjs': 'exports.default = { b: async () => 3 }' }, 3],
      ['a default export', 'a.default', { 'api/a.mjs': 'export default async () => 4' }, 4],
      [
        'a package.json above the root',
        'a.kind',
        { 'package.json': asModule, 'api/a.js': commonJs },
        'CommonJS in function',
      ],
      [
        'a file that a CommonJS one requires',
        'a.kind',
        { 'package.json': asModule, 'api/a.js': "module.exports = require('./lib/b.js')", 'api/lib/b.js': commonJs },
        'CommonJS in function',
      ],
      [
        'a file that an ES module imports',
        'a.kind',
        { 'package.json': asModule, 'api/a.mjs': "export * from './lib/b.js'", 'api/lib/b.js': commonJs },
        'CommonJS in function',
      ],
      [
        'a package.json at the root',
        'a.kind',
        { 'api/package.json': asModule, 'api/a.js': esModule },
        'ES module in object',
      ],
      [
        'a package.json below the root',
        'src/a.kind',
        { 'api/package.json': asModule, 'api/src/package.json': '{}', 'api/src/a.js': commonJs },
        'CommonJS in function',
      ],
      ['.js before .mjs', 'a.kind', { 'api/a.mjs': esModule, 'api/a.js': commonJs }, 'CommonJS in function'],
      [
        'a package above the root',
        'a.kind',
        {
          'node_modules/b/package.json': asModule,
          'node_modules/b/index.js': esModule,
          'api/a.mjs': "export * from 'b'",
        },
        'ES module in object',
      ],
    ])('%s', async (_what, handler, files, result) => {
      const folder = folderWith(files)
      expect(await call(open().retain(handler, {}, join(folder, 'api')))).toBe(result)
    })

    test('an ES module in a .js file without a package.json of its own is none', async () => {
      const folder = folderWith({ 'package.json': asModule, 'api/a.js': esModule })
      const error = await failing(open().retain('a.kind', {}, join(folder, 'api')))
      expect(error.errorType).toBe('Runtime.UserCodeSyntaxError')
    })
  })

  test('the export may be a member of an export', async () => {
    expect(await call(open().retain('handlers.nested.deep.handler'))).toBe('nested')
  })

  test('undefined is null, and so is a promise that nothing will ever settle', async () => {
    const { retain } = open()
    expect(await call(retain('handlers.answer'), {})).toBeNull()
    expect(await call(retain('handlers.forgets'))).toBeNull()
  })

  test('the context has what Lambda gives it', async () => {
    const invoker = open().retain('handlers.describe', { timeoutInMillis: 3_000, memoryInMegabytes: 96 })
    const { context, traceId, prototype } = (await call(invoker)) as {
      context: Record<string, unknown>
      traceId: string
      prototype: boolean
    }
    expect(context).toMatchObject({
      functionName: 'describe',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:describe',
      memoryLimitInMB: '96',
      awsRequestId: 'VNRXVFJOywMF3-Q=',
      logGroupName: '/aws/lambda/describe',
      logStreamName: 'chat',
      callbackWaitsForEmptyEventLoop: true,
    })
    expect(context.remaining).toBeGreaterThan(0)
    expect(context.remaining).toBeLessThanOrEqual(3_000)
    expect(traceId).toBe('Root=1-6700aa00-00112233445566778899aabb')
    expect(prototype).toBe(true)
  })
})

describe('the environment of a function', () => {
  test('is what is declared and what Lambda sets, and nothing of the gateway', async () => {
    process.env.POSTERN_TEST_SECRET = 'do not pass on'
    const invoker = open().retain('handlers.describe', { environment: { GREETING: 'hello' } })
    const { env, cwd, argv } = (await call(invoker)) as { env: Record<string, string>; cwd: string; argv: string[] }
    delete process.env.POSTERN_TEST_SECRET
    expect(env).toEqual({
      AWS_ACCESS_KEY_ID: 'LOCALFUNCTION0000000',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '64',
      AWS_LAMBDA_FUNCTION_NAME: 'describe',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/describe',
      AWS_LAMBDA_LOG_STREAM_NAME: 'chat',
      AWS_REGION: 'us-east-1',
      AWS_SECRET_ACCESS_KEY: 'not-a-secret',
      GREETING: 'hello',
      LAMBDA_TASK_ROOT: directory,
      LANG: 'en_US.UTF-8',
      POSTERN_FUNCTION_PROCESS: expect.stringMatching(/^[0-9a-f]{18}-\d+$/),
      PATH: '/usr/local/bin:/usr/bin:/bin',
      TZ: 'UTC',
      _HANDLER: 'handlers.describe',
      _X_AMZN_TRACE_ID: 'Root=1-6700aa00-00112233445566778899aabb',
    })
    expect(cwd).toBe(directory)
    expect(argv).toEqual([join(directory, 'handlers.mjs')])
  })

  test('has no placeholder credentials where some are declared', async () => {
    const environment = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_REGION: 'eu-west-1' }
    const { env, context } = (await call(open().retain('handlers.describe', { environment }))) as {
      env: Record<string, string>
      context: Record<string, string>
    }
    expect(env.AWS_ACCESS_KEY_ID).toBe('AKIDEXAMPLE')
    expect(env.AWS_SECRET_ACCESS_KEY).toBeUndefined()
    expect(env.AWS_DEFAULT_REGION).toBe('eu-west-1')
    expect(context.invokedFunctionArn).toBe('arn:aws:lambda:eu-west-1:000000000000:function:describe')
  })
})

describe('a function that throws', () => {
  test.each([
    ['handlers.throws', 'OrderError', 'no stock'],
    ['handlers.throwsAtOnce', 'TypeError', 'at once'],
    ['handlers.throwsText', 'string', 'just text'],
    ['handlers.throwsTrap', 'Error', 'an error that cannot be read'],
    ['handlers.circular', 'Runtime.MarshalError', 'Converting circular structure to JSON'],
  ])('%s is reported with type and message, and goes on', async (handler, errorType, message) => {
    const invoker = open().retain(handler)
    for (let i = 0; i < 2; i++) {
      const error = await failing(invoker)
      expect(error.errorType).toBe(errorType)
      expect(error.errorMessage).toContain(message)
    }
  })

  test('is logged with its trace, its name and the request', async () => {
    const { log, retain } = open()
    await failing(retain('handlers.throws'))
    const { fields } = await log.until(({ message }) => message === 'the function failed')
    expect(fields).toMatchObject({ api: 'chat', function: 'throws', requestId: 'VNRXVFJOywMF3-Q=' })
    expect(JSON.stringify(fields.error)).toContain('handlers.mjs')
  })

  test('is logged with its own members, its causes and its errors; the caller gets none of them', async () => {
    const { log, retain } = open()
    const error = await failing(retain('handlers.throwsMuch'))
    expect(Object.keys(error)).toEqual(['errorType', 'errorMessage', 'trace'])
    const { fields } = await log.until(({ message }) => message === 'the function failed')
    expect(fields.error).toMatchObject({
      errorType: 'AggregateError',
      errorMessage: 'both failed',
      statusCode: 503,
      cause: { errorType: 'TypeError', errorMessage: 'the reason', code: 'E_REASON', cause: 'just text' },
      errors: [{ errorMessage: 'first' }, { errorMessage: 'second', cause: { errorMessage: 'deeper' } }],
    })
  })

  test('in an unhandled rejection fails the call and gets a new process', async () => {
    const { retain } = open()
    const error = await failing(retain('handlers.rejectsLater'), { wait: 60_000 })
    expect(error).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'left alone' })
  })

  test('after its result is logged, and the next call finds a new process', async () => {
    const { log, retain } = open()
    const invoker = retain('handlers.rejectsAfterwards', { maxConcurrency: 1 })
    const first = await call(invoker)
    const { fields } = await log.until(({ message }) => message === 'the process of the function ended between calls')
    expect(fields.function).toBe('rejectsAfterwards')
    expect(fields.error).toMatchObject({ errorMessage: 'afterwards', cause: { errorMessage: 'why' } })
    expect(log.entries.some(({ level, message }) => level === 'error' && message.includes('afterwards'))).toBe(true)
    expect(await call(invoker)).not.toBe(first)
  })
})

describe('a function that never returns', () => {
  test('is killed at its own timeout, and the next call runs in a new process', async () => {
    const invoker = open().retain('handlers.loops', { timeoutInMillis: 2_050, maxConcurrency: 1 })
    expect(await call(invoker, { harmless: true })).toBe('harmless')
    const error = await failing(invoker)
    expect(error).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: 'RequestId: VNRXVFJOywMF3-Q= Error: Task timed out after 2.05 seconds',
    })
    expect(await call(invoker, { harmless: true })).toBe('harmless')
  })

  test('is no hindrance to the calls beside it', async () => {
    const { retain } = open()
    const loop = failing(retain('handlers.loops', { timeoutInMillis: 1_000 }))
    expect(await call(retain('handlers.echo'), 1)).toEqual({ statusCode: 200, body: '1' })
    expect((await loop).errorType).toBe('Sandbox.Timedout')
  })

  test('ends its children with it', async () => {
    const invoker = open().retain('handlers.spawns', { timeoutInMillis: 5_000 })
    const child = (await call(invoker)) as number
    process.kill(child, 0)
    for (const pools of opened) pools.close()
    await untilGone(child)
  })

  describe.runIf(process.platform === 'linux')('ends what it has started in a session of its own', () => {
    const ways = ['withoutEnvironment', 'twice']

    test('at the timeout', async () => {
      const folder = folderWith({})
      const { retain } = open()
      const children = [...ways, 'detached', 'underShells'].map(async (way) => {
        const file = join(folder, way)
        const invoker = retain('handlers.escapes', { timeoutInMillis: 5_000, environment: { way } })
        expect((await failing(invoker, { way, file, loops: true })).errorType).toBe('Sandbox.Timedout')
        await untilGone(Number(readFileSync(file, 'utf8')))
      })
      await Promise.all(children)
    })

    test.each(ways)('when it is released: %s', async (way) => {
      const invoker = open().retain('handlers.escapes')
      const child = (await call(invoker, { way })) as number
      process.kill(child, 0)
      invoker.close()
      await untilGone(child)
    })

    test.each(ways)('when the gateway stops: %s', async (way) => {
      const { pools, retain } = open()
      const child = (await call(retain('handlers.escapes'), { way })) as number
      pools.close()
      await untilGone(child)
    })

    test.each(['detached', 'twice'])('when it exits: %s', async (way) => {
      const file = join(folderWith({}), 'pid')
      await failing(open().retain('handlers.escapes'), { way, file, exits: true })
      await untilGone(Number(readFileSync(file, 'utf8')))
    })

    test('and leaves what other functions have started alone', async () => {
      const { retain } = open()
      const other = (await call(retain('handlers.escapes'), { way: 'twice' })) as number
      const invoker = retain('handlers.escapes', { environment: { A: 'b' } })
      const child = (await call(invoker, { way: 'twice' })) as number
      invoker.close()
      await untilGone(child)
      process.kill(other, 0)
    })
  })

  test('is waited for no longer than timeoutInMillis of the integration says, while it goes on', async () => {
    const folder = folderWith({})
    const { retain } = open()
    const invoker = retain('handlers.waitsForFile', { maxConcurrency: 1 })
    await invoker.invoke(invocation({ file: join(directory, 'old-style.cjs') }))
    const file = join(folder, 'go')
    expect(await codeOf(invoker.invoke(invocation({ file }, { timeoutInMillis: 50 })))).toBe('INTEGRATION_TIMEOUT')
    expect(await codeOf(invoker.invoke(invocation({ file }, { timeoutInMillis: 50 })))).toBe('INTEGRATION_TIMEOUT')
    const third = call(invoker, { file })
    writeFileSync(file, 'now')
    expect(await third).toMatchObject({ text: 'now' })
  })
})

describe('a function that ends its process', () => {
  test.each([
    ['handlers.exits', 'exit status 3'],
    ['handlers.killsItself', 'signal: SIGKILL'],
  ])('%s fails its call with the reason, every time', async (handler, reason) => {
    const invoker = open().retain(handler, { maxConcurrency: 1 })
    for (let i = 0; i < 2; i++) {
      expect(await failing(invoker)).toEqual({
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: VNRXVFJOywMF3-Q= Error: Runtime exited with error: ${reason}`,
      })
    }
  })

  test('again and again is started again less and less often', async () => {
    let time = 0
    const { retain, log } = open(() => time)
    const invoker = retain('handlers.exits', { maxConcurrency: 1 })
    for (let i = 0; i < 4; i++) await failing(invoker)
    const fifth = codeOf(invoker.invoke(invocation({}, { timeoutInMillis: 50 })))
    expect(await fifth).toBe('INTEGRATION_TIMEOUT')
    time = 100
    expect((await failing(invoker)).errorType).toBe('Runtime.ExitError')
    expect(log.entries.filter(({ message }) => message === 'the function failed')).toHaveLength(5)
  })
})

describe('a function that takes too much memory', () => {
  test.each(['handlers.fillsHeap', 'handlers.fillsHeapInSteps'])('%s hurts nobody else', async (handler) => {
    const { retain } = open()
    const trouble = failing(
      retain(handler, { memoryInMegabytes: 32, timeoutInMillis: 30_000 }),
      {},
      { timeoutInMillis: 30_000 },
    )
    expect(await call(retain('handlers.echo'), 1)).toEqual({ statusCode: 200, body: '1' })
    const error = await trouble
    expect(error.errorType).toMatch(/^Runtime\.(ExitError|OutOfMemory)$/)
    expect(error.errorMessage).toMatch(/memory/)
  })

  test.runIf(process.platform === 'linux')('outside its heap is stopped too', async () => {
    const invoker = open().retain('handlers.fillsBuffers', { memoryInMegabytes: 32, timeoutInMillis: 30_000 })
    const error = await failing(invoker, {}, { timeoutInMillis: 30_000 })
    expect(error.errorType).toBe('Runtime.OutOfMemory')
    expect(error.errorMessage).toContain('memoryInMegabytes (32)')
  })

  test('with its result gets an error instead of 6 MB and more', async () => {
    const invoker = open().retain('handlers.large')
    expect(await call(invoker, { length: 6_000_000 })).toHaveLength(6_000_000)
    expect((await failing(invoker, { length: 6_291_555 })).errorType).toBe('Function.ResponseSizeTooLarge')
  })
})

describe('a handler that can not be loaded', () => {
  const files = {
    'broken.mjs': 'export const join = async () => {',
    'needs.mjs': "import 'not-installed-anywhere'",
    'other.mjs': 'export const number = 7',
    'throws.mjs': "throw new Error('at load')",
    'exits.mjs': 'process.exit(0)',
  }
  test.each([
    ['broken.join', 'Runtime.UserCodeSyntaxError'],
    ['needs.join', 'Runtime.ImportModuleError'],
    ['missing.join', 'Runtime.ImportModuleError'],
    ['other.join', 'Runtime.HandlerNotFound'],
    ['other.number', 'Runtime.HandlerNotFunction'],
    ['throws.join', 'Error'],
    ['exits.join', 'Runtime.ExitError'],
  ])('%s says why to every call that waits, and at load', async (handler, errorType) => {
    const { pools, retain } = open()
    const invoker = retain(handler, {}, folderWith(files))
    const errors = await Promise.all([failing(invoker), failing(invoker), failing(invoker)])
    for (const error of errors) expect(error.errorType).toBe(errorType)
    const name = handler.replace(/^.*\./, '')
    expect(await pools.warm()).toEqual([{ apiId: 'chat', name, message: expect.stringContaining(errorType) }])
  })

  test('within ten seconds is killed', async () => {
    const folder = folderWith({ 'waits.mjs': 'await new Promise(() => {})' })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const error = failing(open().retain('waits.join', {}, folder), {}, { timeoutInMillis: 20_000 })
    vi.advanceTimersByTime(10_000)
    expect(await error).toEqual({ errorType: 'Sandbox.Timedout', errorMessage: 'waits.join did not load in 10 s' })
  })

  test('is not tried again for a second, then it is', async () => {
    const folder = folderWith({})
    let time = 0
    const { retain } = open(() => time)
    const invoker = retain('late.join', {}, folder)
    expect((await failing(invoker)).errorType).toBe('Runtime.ImportModuleError')
    writeFileSync(join(folder, 'late.mjs'), 'export const join = async () => 1')
    expect((await failing(invoker)).errorType).toBe('Runtime.ImportModuleError')
    time = 1_000
    expect(await call(invoker)).toBe(1)
  })

  test('warm finds nothing wrong with one that can, and the first call is then quick', async () => {
    const { pools, retain } = open()
    const invoker = retain('handlers.pid')
    expect(await pools.warm()).toEqual([])
    expect(await pools.warm()).toEqual([])
    expect(await call(invoker)).toBeTypeOf('number')
  })
})

describe('concurrency', () => {
  test('one process runs one call; as many run as maxConcurrency allows', async () => {
    const invoker = open().retain('handlers.slow', { maxConcurrency: 2 })
    // Long enough for the second process to start before the first has done all of them.
    const pids = await Promise.all(Array.from({ length: 6 }, () => call(invoker, { millis: 800 })))
    expect(new Set(pids).size).toBe(2)
  })

  test('a thousand calls may wait, the next one is refused', async () => {
    const invoker = open().retain('handlers.never', { maxConcurrency: 1 })
    const outcomes = Array.from({ length: 1_001 }, () =>
      codeOf(invoker.invoke(invocation({}, { timeoutInMillis: 400 }))),
    )
    const codes = await Promise.all(outcomes)
    expect(codes.at(-1)).toBe('INTEGRATION_OVERLOADED')
    expect(codes.slice(0, -1).every((code) => code === 'INTEGRATION_TIMEOUT')).toBe(true)
  })

  test('calls of one process are answered in their order', async () => {
    const invoker = open().retain('handlers.answer', { maxConcurrency: 1 })
    const order: unknown[] = []
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        order.push(await call(invoker, { answer: i }))
      }),
    )
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  test('an asynchronous call is answered at once and carried out', async () => {
    const { log, retain } = open()
    const result = await retain('handlers.prints').invoke(invocation({}, { asynchronous: true }))
    expect(result).toEqual({ payload: '', functionError: false, requestId: 'VNRXVFJOywMF3-Q=' })
    await log.until(({ message }) => message.startsWith('a line'))
  })
})

describe('what a function prints', () => {
  test('is in the log, with level, function and request', async () => {
    const { log, retain } = open()
    await call(retain('handlers.prints'))
    await log.until(({ message }) => message === 'raw trouble')
    await log.until(({ message }) => message === 'raw')
    const fields = { api: 'chat', function: 'prints', requestId: 'VNRXVFJOywMF3-Q=' }
    expect(log.entries).toEqual(
      expect.arrayContaining([
        { level: 'info', fields, message: 'a line { n: 1 }' },
        { level: 'warn', fields, message: 'two\nlines' },
        { level: 'error', fields, message: 'trouble' },
        { level: 'debug', fields, message: 'detail' },
        { level: 'info', fields, message: 'raw' },
        { level: 'warn', fields, message: 'raw trouble' },
      ]),
    )
  })

  test('is cut at 8192 characters a line', async () => {
    const { log, retain } = open()
    await call(retain('handlers.printsLongLine'))
    await log.until(({ message }) => message === 'next')
    expect(log.entries[0]?.message).toBe(`${'y'.repeat(8_192)}… (cut)`)
  })

  test('without end is held back until the function is stopped', async () => {
    const { log, retain } = open()
    const startedAt = performance.now()
    expect((await failing(retain('handlers.printsForEver', { timeoutInMillis: 1_500 }))).errorType).toBe(
      'Sandbox.Timedout',
    )
    // A thousand lines in each second that has begun, and what tells of those that were dropped.
    const seconds = Math.ceil((performance.now() - startedAt) / 1000) + 1
    expect(log.entries.length).toBeGreaterThan(900)
    expect(log.entries.length).toBeLessThan(1_050 * seconds)
  })
})

describe('reload and release', () => {
  test('calls after a reload see the changed file, a call in flight ends with the old one', async () => {
    const wait = (text: string) =>
      `import { existsSync } from 'node:fs'
       export const join = async ({ file }) => {
         while (file && !existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5))
         return '${text}'
       }`
    const folder = folderWith({ 'handlers.mjs': wait('old') })
    const { pools, retain } = open()
    const invoker = retain('handlers.join', { maxConcurrency: 1 }, folder)
    expect(await call(invoker)).toBe('old')
    const inFlight = call(invoker, { file: join(folder, 'go') })
    writeFileSync(join(folder, 'handlers.mjs'), wait('new'))
    pools.reload(folder)
    expect(await call(invoker)).toBe('new')
    writeFileSync(join(folder, 'go'), '')
    expect(await inFlight).toBe('old')
  })

  test('a reload of another folder leaves the processes alone', async () => {
    const { pools, retain } = open()
    const invoker = retain('handlers.pid')
    const pid = await call(invoker)
    pools.reload(tmpdir())
    expect(await call(invoker)).toBe(pid)
  })

  test('a reload while the handler is loading loads it again', async () => {
    const { pools, retain } = open()
    const invoker = retain('handlers.pid')
    const warm = pools.warm()
    const pid = call(invoker)
    pools.reload()
    expect(await warm).toEqual([])
    expect(await pid).toBeTypeOf('number')
  })

  test('the same declaration keeps its processes, a changed one gets its own', async () => {
    const { retain } = open()
    const first = retain('handlers.pid')
    const pid = await call(first)
    const second = retain('handlers.pid')
    first.close()
    first.close()
    expect(await call(second)).toBe(pid)
    const changed = retain('handlers.pid', { environment: { A: 'b' } })
    expect(await call(changed)).not.toBe(pid)
  })

  test('a released function ends its calls, then its process; new calls are refused', async () => {
    const folder = folderWith({})
    const file = join(folder, 'go')
    const invoker = open().retain('handlers.waitsForFile')
    const { pid } = (await call(invoker, { file: join(directory, 'handlers.mjs') })) as { pid: number }
    const inFlight = call(invoker, { file })
    invoker.close()
    expect(await codeOf(invoker.invoke(invocation({})))).toBe('FUNCTION_UNAVAILABLE')
    writeFileSync(file, 'released')
    expect(await inFlight).toEqual({ pid, text: 'released' })
    await untilGone(pid)
  })

  test('closing everything fails the calls in flight and leaves no process', async () => {
    const { pools, retain } = open()
    const invoker = retain('handlers.slow')
    const pid = (await call(invoker, { millis: 0 })) as number
    const inFlight = failing(invoker, { millis: 60_000 })
    pools.close()
    pools.close()
    expect((await inFlight).errorMessage).toContain('the gateway stops')
    await untilGone(pid)
  })

  test('idle processes end after a minute, the last one of a function after a quarter of an hour', async () => {
    let time = 0
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const invoker = open(() => time).retain('handlers.slow', { maxConcurrency: 2 })
    const pids = (await Promise.all([call(invoker, { millis: 500 }), call(invoker, { millis: 500 })])) as number[]
    expect(new Set(pids).size).toBe(2)
    time = 59_999
    vi.advanceTimersByTime(15_000)
    for (const pid of pids) process.kill(pid, 0)
    time = 60_000
    vi.advanceTimersByTime(15_000)
    const last = await Promise.any(pids.map((pid) => untilGone(pid).then(() => pids.find((other) => other !== pid))))
    process.kill(last as number, 0)
    time = 900_000
    vi.advanceTimersByTime(15_000)
    await untilGone(last as number)
  })
})

describe('the channel', () => {
  test('a handler that writes into it loses its process, and nothing else happens', async () => {
    const { retain } = open()
    const error = await failing(retain('handlers.speaksOutOfTurn'))
    expect(error.errorType).toBe('Runtime.ExitError')
  })

  test('a function runs in a session of its own, so that Ctrl-C at a terminal reaches the gateway alone', async () => {
    const pid = (await call(open().retain('handlers.pid'))) as number
    if (process.platform === 'linux') {
      const [, , , , group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/\(.*\)/, 'x')
        .split(' ')
      expect([group, session].map(Number)).toEqual([pid, pid])
    }
  })
})
