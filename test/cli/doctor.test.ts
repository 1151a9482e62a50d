import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Finding } from '../../src/app/doctor/look.ts'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { uwsAbilitiesOf } from '../../src/transport/uws/uws-abilities.ts'
import { startGateway } from '../helpers/postern.ts'
import { startRedis } from '../helpers/redis-server.ts'
import { loadTestUws } from '../helpers/test-uws.ts'
import { makeCertificates } from '../transport/certificates.ts'
import { testUwsLoads, uwsLoads } from '../transport/uws-loads.ts'

/** The whole command line in this process; ports are free ones unless the test says otherwise. */
async function doctor(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io: Pick<Io, 'stdout' | 'stderr' | 'env'> = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: process.env,
  }
  const ports = ['--port', '0', '--management-port', '0']
  const code = await run(['doctor', ...ports, ...args], io as Io)
  return { code, out, err }
}

async function findings(...args: string[]): Promise<{ code: number; of: Map<string, Finding> }> {
  const { code, out } = await doctor('--json', ...args)
  const list = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding)
  return { code, of: new Map(list.map((finding) => [finding.look, finding])) }
}

test('a line says what was found, and one below it what to do', async () => {
  const { code, out, err } = await doctor('--max-connections', '10000000')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^warn {2}descriptors: maxConnections is 10000000, .*\n {6}raise the limit \(ulimit -n/m)
  expect(out).toMatch(/^ok {4}redis: none is set/m)
  expect(out).toMatch(/^ok {4}server: /m)
})

test('--json is an object a line, with the remedy of whatever is not in order', async () => {
  const { code, of } = await findings('--max-connections', '1')
  expect(code).toBe(0)
  expect([...of.keys()]).toEqual([
    ...['descriptors', 'clock', 'redis', 'port', 'management port', 'tls', 'server', 'request lines'],
  ])
  for (const { state, remedy } of of.values()) expect(remedy === null).toBe(state === 'ok')
})

test.skipIf(!testUwsLoads)(
  'the loaded build of uWebSockets.js is tried for request lines that come in pieces',
  async () => {
    const { of } = await findings('--transport', 'uws')
    expect(of.get('server')).toMatchObject({ state: 'ok', found: expect.stringContaining('uWebSockets.js (') })
    const isWell = uwsAbilitiesOf(await loadTestUws()).cutRequestLine.can
    expect(of.get('request lines')).toMatchObject({
      state: isWell ? 'ok' : 'warn',
      remedy: isWell ? null : expect.stringContaining('uwsModule'),
    })
  },
)

test.skipIf(!uwsLoads)('a build that does not load is named, and the next one tried', async () => {
  const { code, of } = await findings('--transport', 'uws', '--uws-module', 'no-such-build')

  expect(code).toBe(0)
  expect(of.get('server')?.found).toContain('no-such-build does not load')
})

test('a port that somebody else listens on is a failure', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { code, of } = await findings('--port', String(port))
  expect(code).toBe(1)
  expect(of.get('port')).toEqual({
    look: 'port',
    state: 'fail',
    found: `can't listen on 127.0.0.1:${port}: another process listens there`,
    remedy: 'stop it or choose another port',
  })
})

test('ports that a running gateway holds are in order', async () => {
  const gateway = await startGateway()
  onTestFinished(() => gateway.close())
  const ports = ['--port', String(gateway.port), '--management-port', String(gateway.managementPort)]
  const { code, of } = await findings(...ports)
  expect(code).toBe(0)
  expect(of.get('port')?.found).toContain('while a gateway answers')
  expect(of.get('management port')?.state).toBe('ok')
})

test('TLS files are read: what is missing or expired is a failure', async () => {
  const files = makeCertificates()
  onTestFinished(() => files.remove())
  const tls = (certificate: string) => findings('--tls-certificate', certificate, '--tls-key', files.key)
  const good = await tls(files.certificate)
  expect(good.code).toBe(0)
  expect(good.of.get('tls')).toMatchObject({ state: 'ok', found: expect.stringMatching(/is valid for \d+ more days$/) })
  const old = await tls(files.expired)
  expect(old.code).toBe(1)
  expect(old.of.get('tls')).toMatchObject({ state: 'fail', found: expect.stringContaining('expired on 2021-01-01') })
  const missing = await tls(join(files.directory, 'none.pem'))
  expect(missing.code).toBe(1)
  expect(missing.of.get('settings')).toMatchObject({ state: 'fail', found: expect.stringContaining('no such file') })
})

test('a Redis is asked for its version, what it keeps on a disk, and its time', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.close())
  const forgetful = await findings('--redis', redis.url)
  expect(forgetful.code).toBe(0)
  expect(forgetful.of.get('redis')).toMatchObject({ state: 'ok', found: expect.stringMatching(/^version \d+\.\d/) })
  expect(forgetful.of.get('redis persistence')).toMatchObject({
    state: 'warn',
    remedy: expect.stringContaining('appendonly'),
  })
  expect(forgetful.of.get('clock')).toMatchObject({ state: 'ok', found: expect.stringContaining('agree') })

  await redis.client.config('SET', 'save', '900 1')
  const some = await findings('--redis', redis.url)
  expect(some.of.get('redis persistence')?.found).toContain('save 900 1')
  await redis.client.config('SET', 'appendonly', 'yes')
  await redis.client.config('SET', 'maxmemory', '100mb')
  await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const kept = await findings('--redis', redis.url)
  expect(kept.of.get('redis persistence')?.state).toBe('ok')
  expect(kept.of.get('redis memory')?.state).toBe('warn')
})

test('a Redis that is not there is a failure', async () => {
  const { code, of } = await findings('--redis', 'redis://127.0.0.1:1')
  expect(code).toBe(1)
  expect(of.get('redis')).toMatchObject({ state: 'fail', found: expect.stringContaining('127.0.0.1:1') })
})

test('faults of the settings are told as everywhere', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'postern.yaml'), 'transprot: uws\n')
  const { code, err } = await doctor('--config', join(folder, 'postern.yaml'))
  expect(code).toBe(1)
  expect(err).toContain('transport')
})
