import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readBenchOptions } from '../../../load/bench/bench-options.ts'
import { rows, rowsFor } from '../../../load/bench/rows.ts'
import { fromSource } from '../../helpers/from-source.ts'

test('help names every option that is read, and every row', async () => {
  const bench = fileURLToPath(new URL('../../../load/bench/bench.ts', import.meta.url))
  const { code, out } = await new Promise<{ code: unknown; out: string }>((resolve) => {
    execFile(process.execPath, [...fromSource, bench, '--help'], (error, stdout) =>
      resolve({ code: error?.code ?? 0, out: stdout }),
    )
  })
  expect(code).toBe(0)
  const page = await readFile(new URL('../../../load/bench/README.md', import.meta.url), 'utf8')
  for (const [, option] of page.matchAll(/^\| `(--\w+)/gm)) expect(out).toContain(`  ${option}`)
  for (const { name } of rows) expect(out).toContain(name)
  for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120)
})

test('what is not taken is said in a line, with what is', () => {
  const said = (...args: string[]) => readBenchOptions(args)
  expect(said('--only', 'massage')).toEqual({
    exitCode: 2,
    says: `bench: --only massage: it is one of ${rows.map(({ name }) => name).join(', ')}\nbench: --help says what it takes\n`,
  })
  for (const args of [
    ['--rounds', 'x'],
    ['--rounds', '1.5'],
    ['--seconds', '0'],
    ['--clients', '-1'],
    ['--fast'],
    ['--against', 'absent.mjs'],
    ['--with', 'ws'],
    ['--peers', '--with', 'wsx'],
    ['--peers', '--only', 'proxy'],
  ]) {
    expect(said(...args), args.join(' ')).toMatchObject({ exitCode: 2 })
  }
  expect(said('--quick', '--only', 'idle')).toMatchObject({ rounds: 1, seconds: 1.2, flags: { only: ['idle'] } })
  expect(said('--peers', '--only', 'push')).toMatchObject({ rounds: 5, seconds: 4, warmUpSeconds: 2, clients: 1 })
})

test('without Redis the rows of a fleet are left out, with the remedy, and all others are measured', () => {
  const { chosen, leftOut } = rowsFor(rows, null)
  expect(chosen.map(({ name }) => name)).toEqual(rows.filter(({ workers }) => !workers).map(({ name }) => name))
  expect(leftOut.length).toBe(rows.length - chosen.length)
  expect(leftOut).toContain('post-across is left out: it needs redis-server (Debian: apt-get install redis-server).')
  expect(rowsFor(rows, '7.0.15')).toEqual({ chosen: rows, leftOut: [] })
})
