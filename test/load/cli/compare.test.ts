import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareCommand } from '../../../load/src/cli/compare-command.ts'
import { run } from '../../../load/src/cli/run.ts'
import type { ToolIo } from '../../../load/src/cli/tool-io.ts'
import { makeResult } from '../results.ts'

let folder: string
const file = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-'))
  const runs = {
    before: makeResult({ samples: 60, hold: 60 }),
    again: makeResult({ samples: 60, hold: 60, seed: 2 }),
    slow: makeResult({ samples: 60, hold: 60, seed: 3, slower: 2 }),
  }
  for (const [name, run] of Object.entries(runs)) await writeFile(file(`${name}.json`), JSON.stringify(run))
  await writeFile(file('other.json'), '{"format":"k6"}')
  await writeFile(file('large.json'), '')
  await truncate(file('large.json'), 1024 ** 3)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The command with its own standard streams. */
async function compare(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [code, out, err] = [0, '', '']
  const io: Pick<ToolIo, 'stdout' | 'stderr' | 'env'> = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
  }
  const end = (ended: number) => {
    code = ended
  }
  const command = compareCommand({ io: io as ToolIo, name: 'postern load', version: '0.0.0', end })
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
  try {
    await command.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    code = error.exitCode === 0 ? 0 : 2
  }
  return { code, out, err }
}

test('two runs are compared in plain text', async () => {
  const { code, out, err } = await compare(file('before.json'), file('slow.json'))
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^reply p50 .* worse$/m)
})

test('--fail-on-regression ends with 1 when a figure is worse, and with 0 when none is', async () => {
  expect((await compare(file('before.json'), file('slow.json'), '--fail-on-regression')).code).toBe(1)
  expect((await compare(file('before.json'), file('again.json'), '--fail-on-regression')).code).toBe(0)
  expect((await compare(file('slow.json'), file('before.json'), '--fail-on-regression')).code).toBe(0)
})

test('--json is the comparison', async () => {
  const { out } = await compare('--json', file('before.json'), file('before.json'))
  expect(JSON.parse(out)).toMatchObject({ runs: { baseline: 1, candidate: 1 }, worse: 0, better: 0, warnings: [] })
})

test('--baseline may be repeated, and makes every other file a candidate', async () => {
  const { code, out } = await compare(
    ...['--json', '--baseline', file('before.json'), '--baseline', file('again.json')],
    file('slow.json'),
  )
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ runs: { baseline: 2, candidate: 1 } })
})

test('what can not be read is said with its file', async () => {
  const { code, out, err } = await compare(file('before.json'), file('missing.json'))
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(/^postern: .*missing\.json: it can't be read: ENOENT/)
  expect(await compare(file('before.json'), file('other.json'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('other.json: it is no result of a load test'),
  })
  expect(await compare(file('before.json'), folder)).toMatchObject({
    code: 2,
    err: expect.stringContaining('is no file'),
  })
  expect(await compare(file('large.json'), file('before.json'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('large.json: it is larger than 128 MiB'),
  })
})

test('one file, or three without --baseline, are wrong usage', async () => {
  expect((await compare()).code).toBe(2)
  expect(await compare(file('before.json'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('give two results'),
  })
  expect((await compare(file('before.json'), file('again.json'), file('slow.json'))).code).toBe(2)
})

test('it is part of the load command, and its options are not taken for those of its parent', async () => {
  let out = ''
  const io = { stdout: { write: (text: string) => (out += text) }, stderr: { write: () => {} }, env: {} }
  const files = [file('before.json'), file('slow.json')]
  const argv = ['compare', ...files, '--json', '--fail-on-regression']
  const code = await run(argv, { io: io as unknown as ToolIo, name: 'postern-load' })
  expect(code).toBe(1)
  expect(JSON.parse(out).worse).toBeGreaterThan(0)
})
