import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createTokenVerifier } from '../../src/authorizers/bearer-tokens.ts'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { builtPostern } from '../helpers/built.ts'
import { startTestManagement } from '../helpers/management.ts'

let management: Awaited<ReturnType<typeof startTestManagement>>
beforeEach(async () => {
  management = await startTestManagement()
})
afterEach(() => management.close())

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The whole command line in this process, with its own standard streams. */
async function postern(
  args: string[],
  { env = {}, input = '' }: { env?: Io['env']; input?: string } = {},
): Promise<Ran> {
  let out = ''
  let err = ''
  const stdin = new PassThrough()
  stdin.end(input)
  const io: Pick<Io, 'stdout' | 'stderr' | 'env' | 'readLines'> = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { POSTERN_MANAGEMENT_URL: management.url, ...env },
    readLines: () => createInterface({ input: stdin }),
  }
  const code = await run(['connections', ...args], io as Io)
  return { code, out, err }
}

test('a listing is a table with a line for each connection', async () => {
  const now = Date.now()
  const one = management.add({ connectedAt: now - 65_000, authorizer: { principalId: 'ada' } })
  const two = management.add({ connectedAt: now - 90_000_000, userAgent: null, stage: 'prod' })
  const { code, out, err } = await postern(['list'])
  const [head, ...rows] = out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s{2,}/))
  expect([code, err]).toEqual([0, ''])
  expect(head).toEqual(['CONNECTION ID', 'API', 'STAGE', 'AGE', 'SOURCE IP', 'USER', 'USER AGENT'])
  expect(rows).toEqual([
    [one.connectionId, 'chat', 'dev', expect.stringMatching(/^1m\ds$/), '127.0.0.1', 'ada', 'test/1.0'],
    [two.connectionId, 'chat', 'prod', '1d1h', '127.0.0.1', '-', '-'],
  ])
})

test('a listing shows and filters by the user that a connection has now', async () => {
  const one = management.add({ authorizer: { principalId: 'ada' } })
  const attributes = { plan: 'gold\u001b[2J' }
  await management.registry.changeUser(one?.connectionId ?? '', { userId: 'bob', attributes })
  expect((await postern(['list', '--user', 'ada'])).err).toBe('no connections\n')
  expect((await postern(['list', '--user', 'bob'])).out).toMatch(/ bob /)
  const shown = (await postern(['get', one?.connectionId ?? ''])).out
  expect(shown).toMatch(/^userId +bob$/m)
  expect(shown).toMatch(/^attributes\.plan +gold\S*\[2J$/m)
  expect(shown).not.toContain('\u001b')
  expect(JSON.parse((await postern(['list', '--json'])).out)).toMatchObject({ userId: 'bob', attributes })
})

test('a long table is there at once', async () => {
  for (let i = 0; i < 20_000; i++) management.add({ userAgent: `client ${i}` })
  const { out } = await postern(['list', '--limit', '100000'])
  const lines = out.trimEnd().split('\n')
  expect(lines).toHaveLength(20_001)
  expect(new Set(lines.map((line) => line.search(/USER AGENT|client /))).size).toBe(1)
})

test('what a client sent can not drive the terminal', async () => {
  management.add({ userAgent: `\u001b]0;owned\u0007\u202e${'x'.repeat(100)}` })
  const { out } = await postern(['list'])
  expect(out).toContain('\ufffd]0;owned\ufffd\ufffdxxx')
  expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  expect(out).not.toContain('x'.repeat(40))
})

test('--json is an object a line, over as many pages as it takes', async () => {
  const ids = Array.from({ length: 2500 }, () => management.add().connectionId)
  const { out, err } = await postern(['list', '--json', '--limit', '2400'])
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).connectionId),
  ).toEqual(ids.slice(0, 2400))
  expect(err).toBe('there are more than these 2400; --limit shows more\n')
  const all = await postern(['list', '--json', '--limit', '10000'])
  expect(all.out.trimEnd().split('\n')).toHaveLength(2500)
  expect(all.err).toBe('')
})

test('every filter reaches the gateway', async () => {
  const old = { connectedAt: Date.now() - 3_600_000 }
  management.add({ ...old, apiId: 'other', stage: 'prod', userAgent: 'curl', sourceIp: '10.0.0.9' })
  const authorizer = { principalId: 'ada', jti: 't1' }
  const wanted = management.add({ userAgent: 'Firefox', authorizer, identity: { apiKeyId: 'k1' } })
  const ofSomebody = ['--user ada', '--token-id t1', '--api-key-id k1']
  const filters = ['--api chat', '--stage dev', '--user-agent firefox', '--source-ip 127.0.0.1', '--since 10m']
  for (const filter of [...filters, ...ofSomebody]) {
    const { out } = await postern(['list', '--json', ...filter.split(' ')])
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).connectionId),
      filter,
    ).toEqual([wanted.connectionId])
  }
  const since = await postern(['list', '--json', '--since', new Date(Date.now() - 60_000).toISOString()])
  expect(since.out).toContain(wanted.connectionId)
  expect(await postern(['list', '--api', 'none'])).toEqual({ code: 0, out: '', err: 'no connections\n' })
})

test('workers that do not answer are named, the rest is shown, and the code is 1', async () => {
  const { registry } = management
  management.close()
  const silent = { owner: 7, name: 'web-2\u0007' }
  management = await startTestManagement({
    registry: { ...registry, list: async (...args) => ({ ...(await registry.list(...args)), unanswered: [silent] }) },
  })
  const warning = 'postern: worker web-2\ufffd (7) did not answer: its connections are missing here\n'
  expect(await postern(['list'])).toEqual({ code: 1, out: '', err: warning })
  const connectionId = registry.allocateId()
  registry.add({
    ...{ connectionId, apiId: 'chat', stage: 'dev', connectedAt: 1, sourceIp: '127.0.0.1' },
    ...{ userAgent: null, domainName: 'localhost', authorizer: null, identity: null },
  })
  for (const flags of [[], ['--json']]) {
    expect(await postern(['list', ...flags])).toEqual({
      code: 1,
      out: expect.stringContaining(connectionId),
      err: warning,
    })
  }
})

test('a listing says that connections may be missing while workers come back to a Redis that has lost its data', async () => {
  const { registry } = management
  management.close()
  management = await startTestManagement({
    registry: { ...registry, list: async (...args) => ({ ...(await registry.list(...args)), incomplete: true }) },
  })
  const err =
    'postern: Redis has lost its data, and workers are still coming back: connections may be missing here; try again soon\n'
  expect(await postern(['list'])).toEqual({ code: 1, out: '', err })
  const connectionId = registry.allocateId()
  registry.add({
    ...{ connectionId, apiId: 'chat', stage: 'dev', connectedAt: 1, sourceIp: '127.0.0.1' },
    ...{ userAgent: null, domainName: 'localhost', authorizer: null, identity: null },
  })
  expect(await postern(['list', '--json'])).toEqual({ code: 1, out: expect.stringContaining(connectionId), err })
})

test('a listing that breaks off shows what it has found until then', async () => {
  const ids = Array.from({ length: 1500 }, () => management.add().connectionId)
  const { registry } = management
  let pages = 0
  const other = await startTestManagement({
    registry: {
      ...registry,
      list: (...args) => (pages++ === 0 ? registry.list(...args) : Promise.reject(new Error('away'))),
    },
  })
  onTestFinished(() => other.close())
  for (const flags of [[], ['--json']]) {
    pages = 0
    const { code, out, err } = await postern(['list', '--limit', '2000', '--management-url', other.url, ...flags])
    expect([code, err]).toEqual([
      1,
      'postern: the listing broke off after 1000: The registry did not answer; the log says why\n',
    ])
    expect(ids.filter((id) => out.includes(id))).toHaveLength(1000)
  }
})

test('one connection is shown a member a line, or as JSON', async () => {
  const { connectionId } = management.add({ connectedAt: 1_759_651_750_119, authorizer: { principalId: 'ada' } })
  const { out } = await postern(['get', connectionId])
  expect(out).toContain(`connectionId            ${connectionId}\n`)
  expect(out).toContain('lastActiveAt            2025-10-05T08:09:15.119Z\n')
  expect(out).toContain('authorizer.principalId  ada\n')
  expect(JSON.parse((await postern(['get', connectionId, '--json'])).out)).toMatchObject({
    connectionId,
    apiId: 'chat',
  })
})

test('a message comes from the command line, or from standard input without its last line feed', async () => {
  const { connectionId } = management.add()
  expect(await postern(['send', connectionId, '{"text":"hi"}'])).toEqual({ code: 0, out: 'sent\n', err: '' })
  await postern(['send', connectionId, '-'], { input: 'two\nlines\n' })
  expect(management.sockets.sent).toEqual([
    [connectionId, '{"text":"hi"}'],
    [connectionId, 'two\nlines'],
  ])
})

test('a connection is closed with code and reason, or as AWS does', async () => {
  const [one, two] = [management.add(), management.add()]
  expect(await postern(['close', one.connectionId, '--code', '4000', '--reason', 'see you'])).toMatchObject({
    out: 'closed\n',
  })
  await postern(['close', two.connectionId])
  expect(management.sockets.closed).toEqual([
    [one.connectionId, 4000, 'see you'],
    [two.connectionId, null, null],
  ])
})

test('an id that begins with a hyphen is no option', async () => {
  // The first character is of the owner: there are workers all of whose ids begin so.
  const connectionId = allocateConnectionId(0xf80000)
  expect(connectionId[0]).toBe('-')
  management.add({ connectionId })
  expect((await postern(['get', '--json', connectionId])).out).toContain(`"${connectionId}"`)
  expect((await postern(['send', connectionId, connectionId])).code).toBe(0)
  expect(management.sockets.sent).toEqual([[connectionId, connectionId]])
  expect((await postern(['close', connectionId, '--code', '4000'])).out).toBe('closed\n')
})

test('a connection that is gone, or no id, is exit code 1 with one sentence', async () => {
  for (const command of [['get'], ['send', 'x'], ['close']]) {
    const [name = '', ...rest] = command
    expect(await postern([name, allocateConnectionId(1), ...rest])).toEqual({
      code: 1,
      out: '',
      err: 'postern: The connection is gone\n',
    })
    expect((await postern([name, 'nonsense', ...rest])).err).toBe('postern: Invalid connectionId: nonsense\n')
  }
})

test('when nothing listens, it says where and what to do', async () => {
  const url = management.url
  management.close()
  expect(await postern(['list', '--management-url', `${url}/`], { env: {} })).toEqual({
    code: 1,
    out: '',
    err: `postern: nothing listens on ${url}: start the gateway, or name its management port with --management-url\n`,
  })
})

test('something else on the port is told from a gateway', async () => {
  const server = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((listening) => server.once('listening', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect((await postern(['list', '--management-url', url])).err).toBe(
    `postern: ${url} does not answer like a management port\n`,
  )
  management.close()
})

test('a token comes from the environment or a file, and never appears in what is printed', async () => {
  management.close()
  management = await startTestManagement({ callers: createTokenVerifier(['s3cret-token']) })
  const directory = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'tokens')
  await writeFile(file, '# for operators\n\n s3cret-token \nnext-token\n')
  expect((await postern(['list'])).err).toMatch(/asks for a token: set POSTERN_MANAGEMENT_TOKEN, or name a file/)
  expect((await postern(['list'], { env: { POSTERN_MANAGEMENT_TOKEN: 's3cret-token' } })).code).toBe(0)
  expect((await postern(['list', '--token-file', file])).code).toBe(0)
  const wrong = await postern(['list'], { env: { POSTERN_MANAGEMENT_TOKEN: 'wrong-token' } })
  expect(wrong).toEqual({ code: 1, out: '', err: 'postern: The token is not valid\n' })
  expect((await postern(['list', '--token-file', join(directory, 'none')])).err).toContain("token file can't be read")
  await writeFile(file, '# nothing\n')
  expect((await postern(['list', '--token-file', file])).err).toBe(`postern: there is no token in ${file}\n`)
})

test.each([
  [['list', '--limit', '0'], 'It is a number from 1.'],
  [['list', '--since', 'yesterday'], 'It is like 10m, or a time like'],
  [['list', '--management-url', 'localhost:8081'], 'It is a URL with http:// or https://'],
  [['close', 'x', '--code', '99999'], 'It is 1000 to 1003, 1007 to 1014 or 3000 to 4999.'],
  [['close', 'x', '--code', '1006'], 'It is 1000 to 1003, 1007 to 1014 or 3000 to 4999.'],
  [['list', '--aip', 'chat'], '(Did you mean --api?)'],
  [['lst'], '(Did you mean list?)'],
  [['get'], "missing required argument 'id'"],
])('%j is wrong usage, exit code 2', async (args, message) => {
  const { code, err } = await postern(args)
  expect(code).toBe(2)
  expect(err).toContain(message)
})

test('a password in the URL of the management port is not printed, and is no way to show who one is', async () => {
  const secret = 'hunter2'
  const rule = 'It is a URL without user and password; POSTERN_MANAGEMENT_TOKEN or --token-file has the token.'
  for (const url of [`http://me:${secret}@127.0.0.1:8081`, `http://${secret}@127.0.0.1:8081/`]) {
    const flag = await postern(['list', '--management-url', url])
    expect([flag.code, flag.err]).toEqual([2, expect.stringContaining(rule)])
    expect(flag.err).toContain("argument 'http://…@127.0.0.1:8081")
    const variable = await postern(['list'], { env: { POSTERN_MANAGEMENT_URL: url } })
    expect([variable.code, variable.err]).toEqual([1, expect.stringContaining(rule)])
    for (const { out, err } of [flag, variable]) expect(out + err).not.toContain(secret)
  }
  const broken = `http://me:${secret}/x@127.0.0.1:8081`
  expect((await postern(['list', '--management-url', broken])).err).not.toContain(secret)
  expect((await postern(['list'], { env: { POSTERN_MANAGEMENT_URL: broken } })).err).not.toContain(secret)
})

test('as a program of its own it prints to the standard streams and ends with the code', async () => {
  const { connectionId } = management.add()
  const program = (...args: string[]) =>
    new Promise<Ran>((resolve) => {
      const child = spawn(process.execPath, [builtPostern, 'connections', ...args], {
        env: { ...process.env, POSTERN_MANAGEMENT_URL: management.url },
      })
      const printed = { out: '', err: '' }
      child.stdout.on('data', (chunk) => {
        printed.out += chunk
      })
      child.stderr.on('data', (chunk) => {
        printed.err += chunk
      })
      child.on('close', (code) => resolve({ code: code ?? -1, ...printed }))
      child.stdin.end('piped\n')
    })
  expect(await program('send', connectionId, '-')).toEqual({ code: 0, out: 'sent\n', err: '' })
  await expect.poll(() => management.sockets.sent).toEqual([[connectionId, 'piped']])
  expect(await program('get', allocateConnectionId(1))).toMatchObject({
    code: 1,
    err: 'postern: The connection is gone\n',
  })
  // Two processes that compile what they read, on a machine that may be busy.
}, 30_000)

test('a reader that has seen enough is no fault', async () => {
  for (let i = 0; i < 3_000; i++) management.add()
  const args = [builtPostern, 'connections', 'list', '--json', '--limit', '3000']
  const child = spawn(process.execPath, args, {
    env: { ...process.env, POSTERN_MANAGEMENT_URL: management.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdout.once('data', () => child.stdout.destroy())
  expect(await once(child, 'close')).toEqual([0, null])
  expect(err).toBe('')
})

test('close-all closes what somebody has open, and says how many those were', async () => {
  const [one] = [management.add({ authorizer: { principalId: 'ada' } }), management.add()]
  expect(await postern(['close-all', '--user', 'ada', '--code', '4003', '--reason', 'bye'])).toEqual({
    ...{ code: 0, out: 'closed 1\n', err: '' },
  })
  expect(management.sockets.closed).toEqual([[one?.connectionId, 4003, 'bye']])
  const nobody = await postern(['close-all', '--api', 'chat'])
  expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('needs one of principalId')])
})
