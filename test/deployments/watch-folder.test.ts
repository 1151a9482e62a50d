import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { watchFolder } from '../../src/deployments/watch-folder.ts'
import type { Log } from '../../src/observability/contract.ts'

/** A folder `chat` with an api.yaml, watched, and what awaits the next call of `changed`. */
async function startWatching() {
  const dir = await mkdtemp(join(tmpdir(), 'postern-'))
  await mkdir(join(dir, 'chat'))
  await writeFile(join(dir, 'chat', 'api.yaml'), 'one')
  const faults: string[] = []
  const note = (_fields: object, message: string) => void faults.push(message)
  const log: Log = { debug() {}, info() {}, warn: note, error: note, child: () => log }
  let calls = 0
  let wake = () => {}
  const stop = watchFolder({
    dir,
    log,
    changed: () => {
      calls++
      wake()
    },
  })
  onTestFinished(async () => {
    stop()
    await rm(dir, { recursive: true, force: true })
  })
  /** Does something to files and waits until it is noticed. */
  async function noticed(act: () => Promise<unknown>): Promise<void> {
    const before = calls
    await act()
    if (calls === before) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { dir, faults, noticed, stop, calls: () => calls }
}

const replace = async (file: string) => {
  await writeFile(`${file}~`, 'another')
  await rename(`${file}~`, file)
}

test('a file is watched however often it is written in place or replaced by another', async () => {
  const { dir, noticed, faults } = await startWatching()
  const file = join(dir, 'chat', 'api.yaml')
  for (let round = 0; round < 3; round++) {
    await noticed(() => writeFile(file, `in place ${round}`))
    await noticed(() => replace(file))
    await noticed(() => writeFile(file, `again ${round}`))
  }
  expect(faults).toEqual([])
})

test('folders come, go and come again, and what is in them is seen', async () => {
  const { dir, noticed } = await startWatching()
  for (let round = 0; round < 2; round++) {
    await noticed(() => mkdir(join(dir, 'echo', 'lib'), { recursive: true }))
    await noticed(() => writeFile(join(dir, 'echo', 'lib', 'handlers.mjs'), ''))
    await noticed(() => writeFile(join(dir, 'echo', 'lib', 'handlers.mjs'), 'more'))
    await noticed(() => rm(join(dir, 'echo'), { recursive: true }))
  }
  await noticed(() => writeFile(join(dir, 'chat', 'api.yaml'), 'still seen'))
})

test('a folder that is deleted and made again at once is seen like any other', async () => {
  const { dir, noticed } = await startWatching()
  await noticed(async () => {
    await rm(join(dir, 'chat'), { recursive: true })
    await mkdir(join(dir, 'chat'))
  })
  await noticed(() => writeFile(join(dir, 'chat', 'api.yaml'), 'two'))
})

test('a link to a folder is followed, and one that leads back ends nowhere', async () => {
  const { dir, noticed } = await startWatching()
  const elsewhere = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(elsewhere, { recursive: true, force: true }))
  await noticed(() => symlink(elsewhere, join(dir, 'linked')))
  await noticed(() => writeFile(join(elsewhere, 'api.yaml'), ''))
  await noticed(() => symlink(dir, join(elsewhere, 'back')))
  await noticed(() => symlink('itself', join(elsewhere, 'itself')))
  await noticed(() => writeFile(join(elsewhere, 'api.yaml'), 'more'))
})

test('several changes at once are one call', async () => {
  const { dir, noticed, calls } = await startWatching()
  await noticed(async () => {
    for (let i = 0; i < 20; i++) await writeFile(join(dir, 'chat', `file-${i}`), '')
  })
  expect(calls()).toBe(1)
})

test('after the end nothing is called, twice ended or not', async () => {
  const ended = await startWatching()
  ended.stop()
  ended.stop()
  await writeFile(join(ended.dir, 'chat', 'api.yaml'), 'unseen')
  // What began later would have been called later.
  const other = await startWatching()
  await other.noticed(() => writeFile(join(other.dir, 'chat', 'api.yaml'), 'seen'))
  expect(ended.calls()).toBe(0)
})
