import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { expect, onTestFinished, test } from 'vitest'
import { type Override, parseOverride, withOverrides } from '../../../load/src/scenario/override.ts'
import { readScenario } from '../../../load/src/scenario/read-scenario.ts'

const scenario = `target: ws://127.0.0.1:8080/echo/dev
phases:
  - { phase: ramp, connections: 10, rate: 5 }
  - { phase: hold, duration: 1s }
messages:
  - { send: x, rate: 10 }
`

async function read(...set: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-override-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 's.yaml')
  await writeFile(file, scenario)
  const overrides = set.map((text) => parseOverride(text) as Override)
  const { scenario: found, faults } = await readScenario(file, { env: {}, overrides })
  return { scenario: found, faults: faults.map((fault) => formatFault(fault).replace(`${folder}/`, '')) }
}

test('what the command line sets takes the place of what the file says, and the result shows it', async () => {
  const { scenario, faults } = await read(
    'phases.0.connections=500',
    'phases.1.duration=8h',
    'limits.duration=9h',
    'messages.0.rate=2.5',
    'thresholds=[lost == 0, errors < 1 %]',
    'thresholds.2=unsent == 0',
    'watch.redis=6379',
  )
  expect(faults).toEqual([])
  expect(scenario).toMatchObject({
    clients: 500,
    definition: {
      messages: [{ rate: 2.5 }],
      watch: { redis: 6379 },
      thresholds: ['lost == 0', 'errors < 1 %', 'unsent == 0'],
    },
    source: { phases: [{ connections: 500 }, { duration: '8h' }] },
  })
  expect(scenario?.timeline.map(({ end }) => end)).toEqual([100_000, 100_000 + 8 * 3_600_000])
})

test('a value that begins with a placeholder is text', async () => {
  const { scenario } = await read('messages.0.send={{pad(3)}}, {{index}}')
  expect(scenario?.definition.messages[0]?.send).toBe('{{pad(3)}}, {{index}}')
})

test('the last of two values counts', async () => {
  const { scenario } = await read('phases.0.connections=500', 'phases.0.connections=7')
  expect(scenario?.clients).toBe(7)
})

test.each([
  [
    ['phases.0.connections=many'],
    '--set phases.0.connections=many: phases[0].connections: found "many"; allowed: a whole number from 0 to 1000000',
  ],
  [['phases.0.conections=5'], '--set phases.0.conections=5: phases[0].conections: unknown member'],
  [
    ['phases.7.duration=1s'],
    '--set phases.7.duration=1s: phases[7]: no such place; allowed: a place in the list, from',
  ],
  [['phases.first=1s'], '--set phases.first=1s: phases.first: no such place'],
  [['target.0.url=x'], '--set target.0.url=x: target[0]: what holds it is neither a map nor a list'],
  [['phases.1.duration=20m'], '--set phases.1.duration=20m: phases: found 1202s in all; allowed: at most limits.dur'],
])('%j is a fault whose place is the option', async (set, expected) => {
  const { scenario, faults } = await read(...set)
  expect(scenario).toBeNull()
  expect(faults.join('\n')).toContain(expected)
})

test('a fault of the file keeps its place beside what was set', async () => {
  const { faults } = await read('messages.0.rate=5', 'phases.1.name=')
  expect(faults).toEqual([
    expect.stringMatching(/^--set phases\.1\.name=: phases\[1\]\.name: found nothing; allowed: /),
  ])
})

test.each(['phases', '=1', '.0=1', 'phases..0=1', 'a b=1', 'phases.0.connections={'])('%s is no setting', (text) => {
  expect(parseOverride(text)).toBeNull()
})

test('a name like that of a setter is a member as any other', () => {
  const { value } = withOverrides({}, [parseOverride('__proto__.polluted=1') as Override])
  expect(Object.keys(value as object)).toEqual(['__proto__'])
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})
