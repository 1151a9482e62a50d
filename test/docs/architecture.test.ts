import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../helpers/examples.ts'

const page = readFileSync(join(repository, 'docs', 'architecture.md'), 'utf8')

test('every file that docs/architecture.md names exists', () => {
  const files = [...page.matchAll(/`((?:src|test|scripts)\/[\w./-]+)`/g)].map(([, file]) => file as string)
  expect(files.length).toBeGreaterThan(10)
  expect(files.filter((file) => !existsSync(join(repository, file)))).toEqual([])
})
