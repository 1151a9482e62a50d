import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLineDestination } from '../../src/observability/line-destination.ts'
import { fromSource } from '../helpers/from-source.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-log-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

test('lines reach the file in their order, and closing writes what waits', async () => {
  const target = join(folder, 'logs', 'access.log')
  const dropped = { value: 0 }
  const destination = createLineDestination({ target, dropped })
  for (let i = 0; i < 1000; i++) destination.write(`line ${i}\n`)
  await expect.poll(() => readFile(target, 'utf8')).toContain('line 0\n')
  for (let i = 1000; i < 2000; i++) destination.write(`line ${i}\n`)
  await destination.close()
  await destination.close()
  const text = await readFile(target, 'utf8')
  expect(text.trimEnd().split('\n')).toEqual(Array.from({ length: 2000 }, (_, i) => `line ${i}`))
  expect(dropped.value).toBe(0)
  destination.write('too late\n')
  expect(dropped.value).toBe(1)
})

test('after a rotation, reopening writes to a new file of the old name', async () => {
  const target = join(folder, 'access.log')
  const destination = createLineDestination({ target, dropped: { value: 0 } })
  destination.write('before\n')
  await expect.poll(() => readFile(target, 'utf8')).toBe('before\n')
  await rename(target, `${target}.1`)
  destination.reopen()
  await expect.poll(() => readFile(target, 'utf8')).toBe('')
  destination.write('after\n')
  await expect.poll(() => readFile(target, 'utf8')).toBe('after\n')
  await destination.close()
  expect(await readFile(`${target}.1`, 'utf8')).toBe('before\n')
})

test('a path that cannot be opened is refused at once', () => {
  expect(() => createLineDestination({ target: folder, dropped: { value: 0 } })).toThrow('EISDIR')
})

test('a reopening that fails is told of, and lines go on into the old file', async () => {
  const target = join(folder, 'logs', 'access.log')
  const onError = vi.fn()
  const destination = createLineDestination({ target, dropped: { value: 0 }, onError })
  await rename(join(folder, 'logs'), join(folder, 'moved'))
  await writeFile(join(folder, 'logs'), 'a file in the way of the folder')
  destination.reopen()
  expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: 'EEXIST' })
  destination.write('still written\n')
  await destination.close()
  expect(await readFile(join(folder, 'moved', 'access.log'), 'utf8')).toBe('still written\n')
})

test('a full disk costs the lines that were being written, and nothing else', async () => {
  const onError = vi.fn()
  const dropped = { value: 0 }
  const destination = createLineDestination({ target: '/dev/full', dropped, onError })
  destination.write('one\n')
  destination.write('two\n')
  await destination.close()
  expect(dropped.value).toBe(2)
  expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: 'ENOSPC' })
})

test('above the limit lines are dropped and counted, and the rest is written', async () => {
  const target = join(folder, 'access.log')
  const dropped = { value: 0 }
  const destination = createLineDestination({ target, dropped, maxBuffered: 8 })
  for (const line of ['one\n', 'two\n', 'three\n']) destination.write(line)
  await destination.close()
  expect(await readFile(target, 'utf8')).toBe('one\ntwo\n')
  expect(dropped.value).toBe(1)
})

test('a pipe that nobody reads neither blocks nor grows: lines are dropped and counted, and closing ends', async () => {
  // The child writes 64 MB into a pipe, and says on stderr what became of it.
  const script = fileURLToPath(new URL('../helpers/write-into-stalled-pipe.ts', import.meta.url))
  const child = spawn(process.execPath, [...fromSource, script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const said = await new Promise<string>((resolve) => child.stderr.once('data', resolve))
  const { dropped, longestStallMs, heapMegabytes, closedInMs } = JSON.parse(String(said))
  expect(dropped).toBeGreaterThan(50_000)
  // Whoever waits for this pipe waits for ever.
  expect(longestStallMs).toBeLessThan(10_000)
  expect(heapMegabytes).toBeLessThan(100)
  expect(closedInMs).toBeLessThan(15_000)
  child.stdout.resume()
  expect(await exited).toBe(0)
})
