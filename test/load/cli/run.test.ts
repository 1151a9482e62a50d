import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { createLoadProgress } from '../../../load/src/cli/load-progress.ts'
import { run } from '../../../load/src/cli/run.ts'
import type { ToolIo } from '../../../load/src/cli/tool-io.ts'
import type { LoadResult, SecondResult } from '../../../load/src/contract.ts'
import { timelineOf } from '../../../load/src/scenario/timeline.ts'
import { builtPosternLoad } from '../../helpers/built.ts'
import { echo, startServer } from '../run/play.ts'

async function write(definition: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-load-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'scenario.yaml')
  await writeFile(file, stringify(definition))
  return file
}

async function postern(...args: string[]) {
  let [out, err] = ['', '']
  const io: ToolIo = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { STAGE: 'dev' },
    onSignal: () => {},
    exit: () => {},
  }
  const code = await run(args, { io, name: 'postern load' })
  return { code, out, err }
}

const phases = [
  { phase: 'ramp', connections: 2, rate: 100 },
  { phase: 'hold', duration: '1200ms' },
]
const twoClients = [{ phase: 'ramp', connections: 2, duration: '5m' }]
const messages = [{ send: 'x', every: '50ms', reply: true }]

test('thresholds that hold end with 0, those that do not with 1; progress and the account are plain lines', async () => {
  const { ws } = await startServer({ onConnection: echo })
  const good = await write({
    target: 'ws://127.0.0.1:1',
    phases,
    messages,
    thresholds: ['reply.p99 < 10 s', 'errors == 0'],
  })
  const passed = await postern(good, '--target', ws, '--workers', '1')
  expect(passed).toMatchObject({ code: 0 })
  expect(passed.err).toMatch(/^ {3}1s {2}(ramp 1|hold 2) +\d open {2}\+\d\/s {2}\d+\/s out .* {2}0 errors\n/)
  // On a busy machine not in the first second.
  expect(passed.err).toMatch(/^ +\ds {2}.* 2 open {2}.*reply p50 [\d.]+ ms p99 [\d.]+ ms {2}0 errors$/m)
  expect(passed.err + passed.out).not.toContain('\u001b')
  expect(passed.out).toContain('reply.p99 < 10 s')
  const bad = await write({ target: ws, phases, messages, thresholds: ['reply.p99 > 10 s'] })
  const failed = await postern(bad, '--json', '-')
  expect(failed.code).toBe(1)
  const result = JSON.parse(failed.out) as LoadResult
  expect(result).toMatchObject({
    format: 'postern-load-result',
    version: 1,
    passed: false,
    run: { scenario: 'scenario' },
  })
  expect(failed.err).toContain('reply.p99 > 10 s')
})

test('wrong usage and faulty scenarios end with 2, and a fault has its place', async () => {
  expect(await postern()).toMatchObject({ code: 2 })
  expect(await postern('x.yaml', '--workers', '0')).toMatchObject({ code: 2 })
  expect(await postern('x.yaml', '--target', 'http://x')).toMatchObject({ code: 2 })
  expect(await postern('x.yaml', '--set', 'rate')).toMatchObject({ code: 2 })
  const absent = await postern('absent.yaml')
  expect(absent).toMatchObject({ code: 2, err: 'absent.yaml: no such file or folder\n1 fault\n' })
  const file = await write({ phases: [{ phase: 'hold', duration: 'long' }] })
  const faulty = await postern(file)
  expect(faulty.code).toBe(2)
  const set = await postern(file, '--set', 'phases.0.duration=1s', '--set', 'phases.0.name=1')
  expect(set.err).toMatch(/^--set phases.0.name=1: phases\[0\].name: found 1 \(a number\)/)
  expect(faulty.err).toContain(`${file}:3:15: phases[0].duration: found "long"; allowed: a duration such as`)
})

test('what may not or cannot run ends with 3 and says why', async () => {
  const foreign = await postern(await write({ target: 'wss://chat.example.com', phases, messages }))
  expect(foreign).toEqual({
    code: 3,
    out: '',
    err: 'postern: chat.example.com is not this machine. A load test can take a service down: if it is yours, say so with --i-own-this-target\n',
  })
  const limits = { connections: 1_000_000 }
  const many = [{ phase: 'ramp', connections: 900_000, duration: '1s' }]
  const large = await postern(await write({ target: 'ws://127.0.0.1:1', limits, phases: many }), '--workers', '1')
  expect(large.code).toBe(3)
  expect(large.err).toMatch(/needs 900100 open files and may have \d+\. Raise the limit with 'ulimit -n 900100'/)
  const { port } = await startServer({})
  const refused = await postern(await write({ target: `ws://127.0.0.1:${port === 1 ? 2 : 1}`, phases }))
  expect(refused.code).toBe(3)
  expect(refused.err).toContain('postern: no connection could be opened: ECONNREFUSED 127.0.0.1:')
})

test('a result that cannot be written ends with 3', async () => {
  const { ws } = await startServer({ onConnection: echo })
  const file = await write({ target: ws, phases: [{ phase: 'ramp', connections: 1, rate: 10 }] })
  const { code, err } = await postern(file, '--json', '/dev/null/result.json')
  expect(code).toBe(3)
  expect(err).toContain('/dev/null/result.json cannot be written: ENOTDIR')
})

test('files that cannot be written are told before anything is sent, and what they held stays', async () => {
  let connections = 0
  const { ws } = await startServer({ onConnection: () => connections++ })
  const file = await write({ target: ws, phases })
  const kept = join(dirname(file), 'kept.json')
  await writeFile(kept, 'before')
  const absent = join(dirname(file), 'absent', 'report.html')
  const { code, out, err } = await postern(file, '--json', kept, '--html', absent)
  expect([code, out, connections]).toEqual([3, '', 0])
  expect(err).toMatch(/^postern: .*absent\/report\.html cannot be written: ENOENT: .*\n$/)
  expect(await readFile(kept, 'utf8')).toBe('before')
  expect((await postern(file, '--json', kept, '--html', kept)).err).toContain('kept.json is given twice')
  expect((await postern(file, '--json', dirname(file))).err).toContain('cannot be written: EISDIR')
  expect(await readdir(dirname(file))).toEqual(['kept.json', 'scenario.yaml'])
})

test('targets are tried before the run: one that is not there, or refuses, ends it at once', async () => {
  const refusing = createServer().on('upgrade', (_, socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'))
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void refusing.close())
  const { port } = refusing.address() as AddressInfo
  const unknown = await postern(
    await write({
      target: ['ws://127.0.0.1:1/a', `ws://127.0.0.1:${port}/{{env.STAGE}}?key=s3cr3t`],
      phases: twoClients,
    }),
  )
  expect(unknown).toEqual({
    code: 3,
    out: '',
    err: [
      'postern: no connection could be opened: ECONNREFUSED 127.0.0.1:1, at ws://127.0.0.1:1/a',
      `postern: no connection could be opened: the handshake was answered with 404 Not Found, at ws://127.0.0.1:${port}/dev`,
      'postern: Start the server under load first, or name another with --target',
      '',
    ].join('\n'),
  })
  const { ws } = await startServer({ onConnection: echo })
  const rest = [{ url: 'http://127.0.0.1:1/x' }]
  expect((await postern(await write({ target: ws, phases: twoClients, rest }))).err).toContain(
    'ECONNREFUSED 127.0.0.1:1, at http://127.0.0.1:1/x',
  )
  const { ws: silent } = await startServer({ onUpgrade: () => {} })
  const patient = await write({ target: silent, phases: twoClients, connection: { timeout: '100ms' } })
  expect((await postern(patient)).err).toContain('no answer within 0.1 s, at ws://127.0.0.1:')
})

/** Runs the command in a process of its own, which signals are for. */
function spawnLoad(args: readonly string[]) {
  const child = spawn(process.execPath, [builtPosternLoad, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let err = ''
  const lines = createInterface({ input: child.stderr })
  lines.on('line', (line) => {
    err += `${line}\n`
  })
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const said = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      if (pattern.test(err)) resolve()
      lines.on('line', () => pattern.test(err) && resolve())
    })
  return { child, exited, said, err: () => err }
}

test('Ctrl-C drains and reports', { timeout: 60_000 }, async () => {
  const { ws, sockets } = await startServer({ onConnection: echo })
  const file = await write({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 5, rate: 100 },
      { phase: 'hold', duration: '5m' },
    ],
    messages,
    thresholds: ['errors == 0'],
  })
  const load = spawnLoad([file, '--json', `${file}.json`])
  await load.said(/5 open/)
  load.child.kill('SIGINT')
  expect(await load.exited).toEqual({ code: 0, signal: null })
  expect(load.err()).toContain('draining; once more to end at once')
  const result = JSON.parse(await readFile(`${file}.json`, 'utf8')) as LoadResult
  expect(result.run.ended).toBe('interrupted')
  expect(result.closes).toEqual({ '1000': 5 })
  expect(result.totals.messages.replies).toBe(result.totals.messages.out)
  await expect.poll(() => sockets.size).toBe(0)
})

test('Ctrl-C twice ends at once, workers included', { timeout: 60_000 }, async () => {
  // Nobody answers, so that draining would take the time to settle.
  const { ws, sockets } = await startServer({})
  const file = await write({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 5, rate: 100 },
      { phase: 'hold', duration: '5m' },
    ],
    messages: [{ send: 'x', every: '50ms', reply: { timeout: '10m' } }],
    settle: '5m',
  })
  const load = spawnLoad([file])
  await load.said(/5 open/)
  load.child.kill('SIGINT')
  await load.said(/draining/)
  load.child.kill('SIGINT')
  expect(await load.exited).toEqual({ code: 130, signal: null })
  await expect.poll(() => sockets.size, { timeout: 20_000 }).toBe(0)
})

test('a terminal gets one block that is drawn anew, and a sentence stays above it', () => {
  const second: SecondResult = {
    second: 0,
    phase: 0,
    connections: { open: 1200, opening: 0, opened: 100, closed: 0, failed: 2 },
    messages: { out: 1000, in: 999 },
    pushes: { posted: 0, received: 0 },
    fanOut: { expected: 0, received: 0 },
    rest: { requests: 0 },
    bytes: { out: 0, in: 0 },
    errors: { connect: 2 },
    latencies: { reply: { count: 1, p50: 1.234, p90: 2, p99: 123.4, max: 200 } },
    client: { lagP99: 1, lagMax: 1, cpu: 0.5 },
    machineCpu: null,
  }
  const written: string[] = []
  const timeline = timelineOf([{ phase: 'hold', duration: 10_000, traffic: true, measured: true, name: 'steady' }])
  const progress = createLoadProgress({ isTTY: true, write: (text) => written.push(text) }, timeline)
  progress.second(second)
  const block = written.join('')
  expect(block.split('\n')).toEqual([
    'steady  [###...........................]  1s of 10s',
    'connections  1,200 open, 100/s opened, 2/s failed',
    'rates        1,000/s out, 999/s in',
    'latency      reply p50 1.23 ms p99 123 ms',
    'errors       2',
    'client       50 % of a core, late by 1.00 ms',
    '',
  ])
  progress.second({ ...second, second: 1 })
  expect(written[1]).toBe('\u001b[6A\u001b[0J')
  expect(written[2]).toContain('errors       4')
  progress.say('draining')
  expect(written.slice(3)).toEqual(['\u001b[6A\u001b[0J', 'draining\n'])
  const unknown: string[] = []
  createLoadProgress({ isTTY: true, columns: 0, write: (text) => unknown.push(text) }, timeline).second(second)
  expect(unknown.join('')).toBe(block)
  const narrow: string[] = []
  const small = createLoadProgress({ isTTY: true, columns: 40, write: (text) => narrow.push(text) }, timeline)
  const { reply } = second.latencies
  small.second({ ...second, ...(reply === undefined ? {} : { latencies: { reply, push: reply, fanOut: reply } }) })
  const lines = (narrow[0] ?? '').split('\n')
  expect(lines.slice(3, 6)).toEqual(
    [
      'latency      reply p50 1.23 ms p99 123 ms',
      '             push p50 1.23 ms p99 123 ms',
      '             fanOut p50 1.23 ms p99 123 ms',
    ].map((line) => line.slice(0, 40)),
  )
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(40)
  small.end()
  expect(narrow[1]).toBe(`\u001b[${lines.length - 1}A\u001b[0J`)
})
