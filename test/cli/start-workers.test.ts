import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Workers } from '../../src/app/start-workers.ts'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { start } from '../../src/cli/start.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { Log } from '../../src/observability/contract.ts'

function fakeIo(env: Record<string, string> = {}) {
  const signals = new Map<string, () => void>()
  const did: string[] = []
  let err = ''
  const io: Io = {
    stdout: { write: () => {} },
    stderr: { write: (text) => (err += text) },
    interactive: false,
    readLines: () => createInterface({ input: new PassThrough() }),
    env,
    onSignal: (signal, listener) => void signals.set(signal, listener),
    exit: (code) => void did.push(`exit ${code}`),
    program: ['node', 'main.js'],
  }
  return { io, did, err: () => err, signal: (name: string) => signals.get(name)?.() }
}

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }

async function starting(flags: Record<string, string> = {}, fails?: Error) {
  const fake = fakeIo({ POSTERN_REDIS: 'redis://:geheim@localhost' })
  const { did } = fake
  let given: { settings: Settings; program: readonly string[]; sources: object } | null = null
  let drained: (inOrder: boolean) => void = () => {}
  let listened: () => void = () => {}
  const listening = new Promise<void>((resolve) => {
    listened = resolve
  })
  const workers: Workers = {
    port: 1,
    managementPort: 2,
    reload: (settings) => void did.push(`reload ${settings?.managementTokens.join()}`),
    roll: (seconds) => void did.push(`roll ${seconds}`),
    drain(seconds, delaySeconds) {
      did.push(`drain ${seconds} ${delaySeconds}`)
      return new Promise((resolve) => {
        drained = resolve
      })
    },
    kill: () => void did.push('kill'),
    log: silentLog,
  }
  const code = start(
    { flags: { workers: '3', ...flags }, env: fake.io.env, file: null },
    {
      io: fake.io,
      version: '1.2.3',
      load: () => Promise.reject(new Error('this is for one process')),
      loadWorkers: async () => ({
        async startWorkers(settings, { program, sources }) {
          given = { settings, program, sources }
          fake.signal('SIGUSR2')
          if (fails !== undefined) throw fails
          // Signals are listened for in the turn after this one.
          setImmediate(listened)
          return workers
        },
      }),
    },
  )
  if (fails === undefined) await listening
  return { ...fake, code, given: () => given, drained: (inOrder: boolean) => drained(inOrder) }
}

describe('start with several workers', () => {
  test('hands over where settings are read, and no secret of them', async () => {
    const { given, code, signal, drained } = await starting({ drainSeconds: '7' })
    expect(given()?.settings).toMatchObject({ workers: 3, drainSeconds: 7 })
    expect(given()?.program).toEqual(['node', 'main.js', 'worker-process'])
    expect(given()?.sources).toEqual({ flags: { workers: '3', drainSeconds: '7' }, file: null })
    signal('SIGTERM')
    drained(true)
    expect(await code).toBe(0)
  })

  test('drains on SIGTERM over the time, on SIGINT at once, and ends with 1 when not all ended in order', async () => {
    const term = await starting({ drainSeconds: '7', drainDelaySeconds: '2' })
    term.signal('SIGTERM')
    expect(term.did).toEqual(['drain 7 2'])
    term.drained(false)
    expect(await term.code).toBe(1)
    const int = await starting()
    int.signal('SIGINT')
    expect(int.did).toEqual(['drain 0 0'])
    int.drained(true)
    expect(await int.code).toBe(0)
  })

  test('kills its workers on a second signal, before it ends itself', async () => {
    const { did, signal } = await starting()
    signal('SIGTERM')
    signal('SIGINT')
    expect(did).toEqual(['drain 30 0', 'kill', 'exit 1'])
  })

  test('rolls on SIGUSR2, but not before all listen, and reloads on SIGHUP', async () => {
    const { did, err, io, signal } = await starting({ drainSeconds: '7' })
    expect(err()).toBe('postern: SIGUSR2 comes too early: not all workers listen yet\n')
    signal('SIGUSR2')
    io.env.POSTERN_MANAGEMENT_TOKENS = 'fresh'
    signal('SIGHUP')
    await expect.poll(() => did).toEqual(['roll 7', 'reload fresh'])
  })

  test('that fails says why in one sentence', async () => {
    const { code, err } = await starting({}, new Error('no API of routes can be served'))
    expect(await code).toBe(1)
    expect(err()).toContain('postern: no API of routes can be served\n')
  })
})

test('the command of a worker is not for people', async () => {
  const { io, err } = fakeIo()
  expect(await run(['worker-process', 'w-1'], io)).toBe(1)
  expect(err()).toBe('postern: this command is run by postern start --workers\n')
  let help = ''
  await run(['--help'], { ...io, stdout: { write: (text) => (help += text) } })
  expect(help).toContain('workers')
  expect(help).not.toContain('worker-process')
})
