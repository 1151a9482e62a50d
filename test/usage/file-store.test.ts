import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFileUsageStore } from '../../src/usage/file-store.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-usage-'))
})
afterAll(() => rm(folder, { recursive: true }))

const bucketOf = (name: string, keptUntil: number) => ({ name, end: keptUntil, keptUntil })

test('counts outlive the process in a file that is replaced as a whole', async () => {
  const file = join(folder, 'usage.json')
  const first = await openFileUsageStore(file, () => 0)
  const counts = [
    ['acme', 2],
    ['__proto__', 3],
  ] as const
  expect(await first.add({ bucket: bucketOf('day', 10), serial: 1, counts })).toEqual([2, 3])
  await first.save()
  const second = await openFileUsageStore(file, () => 0)
  expect([...(await second.read('day'))]).toEqual([...counts])
  expect(await second.add({ bucket: bucketOf('day', 10), serial: 1, counts })).toEqual([4, 6])
  await second.save()
  expect(await readdir(folder)).toEqual(['usage.json'])
  expect([...(await (await openFileUsageStore(file, () => 0)).read('day')).values()]).toEqual([4, 6])
})

test('a bucket goes when nobody asks for it any more', async () => {
  const file = join(folder, 'old.json')
  let now = 0
  const store = await openFileUsageStore(file, () => now)
  await store.add({ bucket: bucketOf('old', 10), serial: 1, counts: [['acme', 1]] })
  now = 11
  await store.add({ bucket: bucketOf('new', 20), serial: 2, counts: [['acme', 1]] })
  await store.save()
  expect(Object.keys(JSON.parse(await readFile(file, 'utf8')).buckets)).toEqual(['new'])
})

test('a file with anything else is not taken for counts, and not written over', async () => {
  const file = join(folder, 'other.json')
  for (const text of ['{}', 'x', '{"version":1,"buckets":{"a":{"keptUntil":1,"counts":{"b":"2"}}}}', '']) {
    await writeFile(file, text)
    await expect(openFileUsageStore(file, () => 0)).rejects.toThrow('holds no counts of Postern')
    expect(await readFile(file, 'utf8')).toBe(text)
  }
  await expect(openFileUsageStore(folder, () => 0)).rejects.toThrow("usageFile can't be read")
})
