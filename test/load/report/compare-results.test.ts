import { expect, test } from 'vitest'
import type { LoadResult } from '../../../load/src/contract.ts'
import { type Comparison, compareResults } from '../../../load/src/report/compare-results.ts'
import { makeResult, type ResultOptions } from '../results.ts'

const small = (options: ResultOptions) => makeResult({ hold: 60, samples: 60, kinds: ['reply'], ...options })
const seedsOf = (count: number) => Array.from({ length: count }, (_, seed) => seed)

function verdictsOf({ figures }: Comparison): Record<string, string> {
  return Object.fromEntries(figures.map(({ name, verdict }) => [name, verdict]))
}

function figure(comparison: Comparison, name: string) {
  const found = comparison.figures.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no ${name} among ${comparison.figures.map((each) => each.name).join(', ')}`)
  return found
}

test('a run that is compared with itself says no change', () => {
  for (const seed of seedsOf(10)) {
    const run = makeResult({ seed, hold: 10, samples: 30, errors: seed, lost: seed, stall: 12 })
    const comparison = compareResults([run], [run])
    expect(new Set(Object.values(verdictsOf(comparison)))).toEqual(new Set(['same']))
    expect(comparison).toMatchObject({ worse: 0, better: 0, warnings: [], notes: [] })
  }
})

test('two runs of the same thing say no change, in 95 of 100 comparisons at least', () => {
  const seeds = seedsOf(100)
  const alarms = seeds.filter((seed) => {
    const [a, b] = [small({ seed, errors: 3 }), small({ seed: seed + 1000, errors: 3 })]
    const { worse, better } = compareResults([a], [b])
    return worse + better > 0
  })
  expect(alarms.length).toBeLessThanOrEqual(seeds.length * 0.05)
}, 60_000)

test('a shift of 20 % is found, and the other way round it is an improvement', () => {
  for (const seed of seedsOf(15)) {
    const a = small({ seed, hold: 120 })
    const b = small({ seed: seed + 1000, hold: 120, slower: 1.2 })
    const there = compareResults([a], [b])
    expect(verdictsOf(there)).toMatchObject({ 'reply p50': 'worse', 'reply p90': 'worse', 'messages sent': 'same' })
    expect(there.better).toBe(0)
    expect(verdictsOf(compareResults([b], [a]))).toMatchObject({ 'reply p50': 'better', 'reply p90': 'better' })
    expect(figure(there, 'reply p50').change).toBeGreaterThan(0.1)
  }
})

test('a change below 5 % is none, however sure it is', () => {
  const a = small({})
  const b: LoadResult = {
    ...a,
    seconds: a.seconds.map((each) => ({
      ...each,
      messages: { ...each.messages, out: Math.round(each.messages.out * 0.96) },
    })),
    totals: { ...a.totals, rates: { ...a.totals.rates, messagesOut: a.totals.rates.messagesOut * 0.96 } },
  }
  expect(figure(compareResults([a], [b]), 'messages sent')).toMatchObject({
    verdict: 'same',
    noise: 1 / 1.05 - 1,
  })
  expect(figure(compareResults([b], [a]), 'messages sent')).toMatchObject({ verdict: 'same', noise: 0.05 })
})

test('a rate that falls is worse, and CPU an operation is of the target alone', () => {
  const [a, b] = [small({}), small({ seed: 2, rate: 4000, heavier: 1.5 })]
  const verdicts = verdictsOf(compareResults([a], [b]))
  expect(verdicts).toMatchObject({
    'messages sent': 'worse',
    'messages received': 'worse',
    '127.0.0.1:8080: CPU an operation': 'worse',
    '127.0.0.1:8080: memory': 'worse',
  })
})

test('processes of another port are compared all together, idle ones by the CPU that they use', () => {
  const idle = (run: LoadResult): LoadResult => ({
    ...run,
    seconds: run.seconds.map((each) => ({
      ...each,
      messages: { out: 0, in: 0 },
      pushes: { posted: 0, received: 0 },
      connections: { ...each.connections, opened: 0 },
    })),
  })
  const [a, b] = [idle(small({})), idle(small({ seed: 2, heavier: 1.5 }))]
  const moved = { ...b, processes: b.processes.map((each) => ({ ...each, name: '127.0.0.1:40001' })) }
  expect(verdictsOf(compareResults([a], [moved]))).toMatchObject({ 'target: CPU': 'worse', 'target: memory': 'worse' })
})

test('one stall that makes a percentile is unclear and not a regression', () => {
  const a = small({ samples: 200 })
  const b = small({ samples: 200, stall: 30 })
  const p99 = figure(compareResults([a], [b]), 'reply p99')
  expect(p99.change).toBeGreaterThan(1)
  expect(p99.verdict).toBe('unclear')
  expect(p99.why).toMatch(/run it/)
})

test('runs that are too short to tell a change from chance say so', () => {
  const [a, b] = [small({ hold: 4 }), small({ hold: 4, seed: 2, slower: 1.5 })]
  expect(figure(compareResults([a], [b]), 'reply p50')).toMatchObject({
    verdict: 'unclear',
    noise: null,
    why: 'Too few measured seconds to tell a change from chance.',
  })
})

test('what only one side has measured is said, and is no change', () => {
  const [a, b] = [small({}), small({ kinds: ['push'] })]
  const comparison = compareResults([a], [b])
  expect(figure(comparison, 'reply p50')).toMatchObject({
    candidate: null,
    verdict: 'unclear',
    why: 'The candidate has none.',
  })
  expect(figure(comparison, 'push p50')).toMatchObject({
    baseline: null,
    verdict: 'unclear',
    why: 'The baseline has none.',
  })
  expect(comparison).toMatchObject({ worse: 0, better: 0 })
})

test('one lost frame where there were none is worse; many more and many fewer errors are seen', () => {
  const none = compareResults([small({})], [small({ seed: 2, lost: 1 })])
  expect(figure(none, 'lost')).toMatchObject({ verdict: 'worse', why: 'There were none before: 1 now.' })
  const errors = compareResults([small({ errors: 2 })], [small({ seed: 2, errors: 20 })])
  expect(figure(errors, 'errors')).toMatchObject({ verdict: 'worse', unit: '%' })
  expect(verdictsOf(compareResults([small({ errors: 20, lost: 50 })], [small({ seed: 2 })]))).toMatchObject({
    errors: 'better',
    lost: 'better',
  })
})

test('runs of one side that differ among themselves make the noise larger', () => {
  const a = [small({ seed: 1 }), small({ seed: 2, slower: 1.4 })] as const
  const b = [small({ seed: 3, slower: 1.25 }), small({ seed: 4, slower: 1.35 })] as const
  const comparison = compareResults(a, b)
  expect(figure(comparison, 'reply p50').noise).toBeGreaterThan(0.3)
  expect(figure(comparison, 'reply p50').verdict).toBe('same')
  expect(comparison.runs).toEqual({ baseline: 2, candidate: 2 })
})

test('what speaks against a comparison is said', () => {
  const a = small({})
  const b = small({ hold: 30, connections: 2000 })
  const other: LoadResult = {
    ...b,
    client: { ...b.client, wasBottleneck: true, why: ['busy'] },
    run: {
      ...b.run,
      ended: 'interrupted',
      machine: { ...b.run.machine, cores: 64 },
      options: { ...b.run.options, workers: 8 },
      versions: { postern: '0.2.0', node: '20.1.0' },
      targets: ['ws://10.0.0.1/'],
    },
  }
  expect(compareResults([a], [other])).toMatchObject({
    warnings: [
      "In the candidate the client was the bottleneck: its figures are not the target's.",
      'The candidate ended early (interrupted).',
      'The scenarios differ: phases.',
      expect.stringMatching(/^The machines differ: Example CPU.*4 cores.* and .*64 cores/),
      'What was measured differs: 1 min 5 s and 35 s.',
      'The connections differ: 2,000 and 4,000.',
      'The client differs: 2 workers and 8.',
    ],
    notes: [
      'The clients were postern 0.1.0 and 0.2.0.',
      'The clients ran on Node.js 22.14.0 and 20.1.0.',
      'The targets differ: ws://127.0.0.1:8080/chat/dev and ws://10.0.0.1/.',
    ],
  })
})

test('the order of members, names and thresholds make no other scenario; what is too deep to compare is said', () => {
  const a = small({})
  const definition = a.run.definition as Record<string, unknown>
  const reordered = Object.fromEntries(Object.entries({ ...definition, name: 'other', thresholds: [] }).reverse())
  const with_ = (given: unknown): LoadResult => ({ ...a, run: { ...a.run, definition: given } })
  expect(compareResults([a], [with_(reordered)]).warnings).toEqual([])
  let deep: unknown = 1
  for (let depth = 0; depth < 100_000; depth++) deep = [deep]
  expect(compareResults([a], [with_(deep)]).warnings).toEqual(['The scenarios are too deep to be compared.'])
  expect(compareResults([a], [with_(null)]).warnings).toHaveLength(1)
})
