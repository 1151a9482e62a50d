import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { repository } from '../helpers/examples.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')

test('every line of Node.js from 20 to 26 runs what anybody can run', () => {
  const { jobs, permissions } = parse(read('.github/workflows/ci.yml'))
  expect(permissions).toEqual({ contents: 'read' })
  expect(jobs.test.strategy.matrix.node).toEqual([20, 22, 24, 26])
  expect(jobs.test.steps.at(-1)).toEqual({ run: '.ci/run' })
  accessSync(join(repository, '.ci/run'), constants.X_OK)
})

test('the form for changes names scripts that exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: object }
  const form = read('.github/pull_request_template.md')
  const named = [...form.matchAll(/`npm run (\w+)`/g)].map(([, name]) => name as string)
  expect(named.length).toBeGreaterThan(0)
  for (const name of named) expect(scripts).toHaveProperty(name)
  expect(form.match(/^- \[ \] /gm)?.length).toBeLessThanOrEqual(6)
})
