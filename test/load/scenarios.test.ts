import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readScenario } from '../../load/src/scenario/read-scenario.ts'
import { repository } from '../helpers/examples.ts'
import { type GatewayProcess, startProcess } from '../helpers/process.ts'
import { expectGood, playSmall, shipped, sourceOf } from './shipped-scenarios.ts'

const names = [...shipped.keys()].filter((name) => name !== 'ceiling')

test('the scenarios that are promised are there', () => {
  expect(names).toEqual([
    'chat-room-groups',
    'chat-room',
    'connect-storm',
    'dashboard-push-groups',
    'dashboard-push',
    'http-beside-sockets',
    'idle-hold',
    'reconnect-storm',
    'rolling-deploy',
    'slow-consumers',
    'soak',
  ])
})

test.each([...shipped.keys()])('%s is a scenario without faults that has thresholds', async (name) => {
  const { scenario, faults } = await readScenario(shipped.get(name) as string, { env: {} })
  expect(faults.map(formatFault)).toEqual([])
  expect(scenario?.thresholds.length).toBeGreaterThan(0)
  expect(scenario?.definition.description).toMatch(/\.$/)
})

test.each(names)('%s begins by saying what it shows, against what it runs, and what good looks like', (name) => {
  const lines = sourceOf(name).split('\n')
  const comment = lines.slice(
    1,
    lines.findIndex((line) => !line.startsWith('#')),
  )
  expect(lines[0]).toBe('# yaml-language-server: $schema=../schema/load-scenario.schema.json')
  const heads = comment.map((line) => /^# (\w.*?)(?: like)?[: ]/.exec(line)?.[1]).filter((head) => head !== undefined)
  expect(heads.join(' ')).toMatch(/^Shows Runs Good .*Larger/)
  expect(comment.join('\n')).toContain(`load/${name}.yaml`)
})

test('what the comments set is there to be set', async () => {
  for (const name of names) {
    const set = [...sourceOf(name).matchAll(/--set ('[^']+'|[^\s,)]+)/g)].map(([, text = '']) =>
      text.replace(/^'|'$/g, ''),
    )
    expect(set.length, name).toBeGreaterThan(0)
    const source = parse(sourceOf(name)) as Record<string, unknown>
    for (const text of set) {
      const path = text.slice(0, text.indexOf('=')).split('.')
      const holder = path
        .slice(0, -1)
        .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], source)
      expect(holder ?? (path[0] === 'limits' ? {} : undefined), `${name}: ${text}`).toBeDefined()
    }
  }
})

describe('against one node', () => {
  let gateway: GatewayProcess

  beforeAll(async () => {
    gateway = await startProcess([join(repository, 'routes')])
  })
  afterAll(async () => {
    gateway.child.kill('SIGTERM')
    await gateway.exited
  })

  test.concurrent.each(names)('%s passes, in a small form', { timeout: 90_000 }, async (name) => {
    const { target } = parse(sourceOf(name)) as { target: string }
    const at = (url: string, port: number) => url.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`)
    const own =
      name === 'http-beside-sockets'
        ? [
            `rest.0.url=http://127.0.0.1:${gateway.port}/echo/dev/@connections/nobody`,
            `rest.1.url=http://127.0.0.1:${gateway.managementPort}/healthz`,
          ]
        : []
    expectGood(await playSmall(name, [at(target, gateway.port)], own))
  })
})
