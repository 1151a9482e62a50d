import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { expect, onTestFinished, test } from 'vitest'
import { readScenario } from '../../../load/src/scenario/read-scenario.ts'

async function read(text: string, files: Record<string, string> = {}, env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-scenario-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries({ ...files, 's.yaml': text }))
    await writeFile(join(folder, name), content)
  const { scenario, faults } = await readScenario(join(folder, 's.yaml'), { env })
  return { scenario, faults: faults.map((fault) => formatFault(fault).replace(`${folder}/`, '')) }
}

const phases = 'phases: [{ phase: hold, duration: 1s }]'

test('a scenario of three lines is one, with defaults that bound it', async () => {
  const { scenario, faults } = await read(
    'target: ws://127.0.0.1:8080/echo/dev\nphases:\n  - { phase: ramp, connections: 10, rate: 5 }\n',
  )
  expect(faults).toEqual([])
  expect(scenario).toMatchObject({ name: 's', clients: 10, data: [], env: {}, ca: null })
  expect(scenario?.definition.limits).toEqual({ duration: 600_000, connections: 20_000, messages: 50_000_000 })
  expect(scenario?.timeline).toEqual([
    { name: 'ramp 1', kind: 'ramp', start: 0, end: 2000, from: 0, to: 10, peak: 10, traffic: true, measured: true },
  ])
})

test.each([
  [
    'an unknown member',
    `${phases}\ntarges: x`,
    's.yaml:2:1: targes: unknown member; allowed: name, description, target',
  ],
  [
    'a pattern that is none',
    `${phases}\nmessages: [{ send: x, rate: 1, reply: { check: { $.at: { matches: '(2' } } } }]`,
    'a regular expression of Java (regular expression: unclosed group near index 2)',
  ],
  ['a typo', `${phases}\nmesages: []`, 'Did you mean "messages"?'],
  [
    'an http target',
    `target: http://x\n${phases}`,
    's.yaml:1:9: target: found "http://x"; allowed: a URL with ws:// or wss://',
  ],
  [
    'an unknown phase',
    'phases: [{ phase: hodl, duration: 1s }]',
    'phases[0].phase: found "hodl"; allowed: ramp, hold, spike, drain. Did you mean "hold"?',
  ],
  [
    'a bad duration',
    'phases: [{ phase: hold, duration: 10 }]',
    'phases[0].duration: found 10 (a number); allowed: a duration such as 500ms',
  ],
  ['no phases', 'phases: []', 'phases: found an empty list; allowed: at least one phase'],
  [
    'a bad threshold',
    `${phases}\nthresholds: [p99 < 50]`,
    's.yaml:2:14: thresholds[0]: found "p99 < 50"; allowed: <metric> <comparison>',
  ],
  [
    'connections without a target',
    'phases: [{ phase: ramp, connections: 1, rate: 1 }]',
    'target: missing; allowed: a URL such as ws://',
  ],
  [
    'a ramp without a pace',
    'target: ws://127.0.0.1\nphases: [{ phase: ramp, connections: 1 }]',
    's.yaml:2:10: phases[0]: allowed: exactly one of duration and rate',
  ],
  [
    'a spike below what is open',
    'target: ws://127.0.0.1\nphases:\n  - { phase: ramp, connections: 9, rate: 1 }\n  - { phase: spike, connections: 5, duration: 1s }',
    's.yaml:4:34: phases[1].connections: found 5, and 9 are open by then; allowed: at least 9',
  ],
  [
    'too long',
    'phases: [{ phase: hold, duration: 2h }]',
    'phases: found 2h in all; allowed: at most limits.duration, 10m',
  ],
  [
    'too many',
    'target: ws://127.0.0.1\nphases: [{ phase: ramp, connections: 30000, duration: 1s }]',
    'phases: found 30000 connections at a time; allowed: at most limits.connections, 20000',
  ],
  [
    'two paces',
    `${phases}\nmessages: [{ send: x, rate: 1, every: 1s }]`,
    's.yaml:2:12: messages[0]: allowed: exactly one of rate, every and think',
  ],
  ['no pace', `${phases}\nmessages: [{ send: x }]`, 'exactly one of rate, every and think'],
  [
    'fan-out without groups',
    `${phases}\nmessages: [{ send: '{{stamp}}', rate: 1, fanOut: true }]`,
    'messages[0].fanOut: without groups nobody gets it; allowed: groups: { size: 10 }',
  ],
  [
    'fan-out without a stamp',
    `${phases}\ngroups: { size: 2 }\nmessages: [{ send: x, rate: 1, fanOut: true }]`,
    's.yaml:3:20: messages[0].send: missing {{stamp}}',
  ],
  [
    'replies by a stamp that is not sent',
    `${phases}\nmessages: [{ send: x, rate: 1, reply: { correlate: stamp } }]`,
    'messages[0].send: missing {{stamp}}',
  ],
  [
    'an unknown placeholder',
    `${phases}\nmessages: [{ send: '{{indx}}', rate: 1 }]`,
    's.yaml:2:20: messages[0].send: {{indx}} stands for nothing; allowed: {{index}}',
  ],
  [
    'an unknown variable',
    `${phases}\nvariables: { room: a }\nmessages: [{ send: '{{vars.rom}}', rate: 1 }]`,
    '{{vars.rom}} stands for nothing; allowed: room. Did you mean "room"?',
  ],
  [
    'a variable of the environment that is not set',
    `${phases}\nconnection: { headers: { A: '{{env.TOKEN}}' } }`,
    'connection.headers.A: the environment variable TOKEN is not set',
  ],
  [
    'a bad path',
    `${phases}\nmessages: [{ send: x, rate: 1, reply: { where: { '$.[': 1 } } }]`,
    'messages[0].reply.where["$.["]',
  ],
  [
    'pushes to nobody',
    `${phases}\npushes: { rate: 1 }`,
    's.yaml:2:1: pushes: nobody knows the connection ids; allowed: a step of onOpen',
  ],
  [
    'pushes to a group that there is not',
    `${phases}\npushes: { group: 'board-{{group}}' }`,
    's.yaml:2:18: pushes.group: without groups nobody gets it; allowed: groups: { size: 10 }',
  ],
  [
    'pushes without a stamp',
    `${phases}\nvariables: { connectionId: x }\npushes: { body: hello }`,
    's.yaml:3:17: pushes.body: missing {{stamp}}',
  ],
  [
    'a data file that is not there',
    `${phases}\ndata: people.csv`,
    's.yaml:2:7: data: people.csv: no such file or folder',
  ],
  [
    'a header that would end the head',
    `${phases}\nconnection: { headers: { A: "x\\r\\nB: y" } }`,
    'connection.headers.A',
  ],
])('%s is a fault with its place', async (_, text, fault) => {
  const { scenario, faults } = await read(text)
  expect(scenario).toBeNull()
  expect(faults.join('\n')).toContain(fault)
})

test('secrets are not quoted in faults', async () => {
  const { faults } = await read(`${phases}\nconnection: { headers: { Authorization: [s3cr3t] } }`)
  expect(faults).toHaveLength(1)
  expect(faults.join()).not.toContain('s3cr3t')
})

test('rows of CSV and of JSON lines are read by the names of their columns', async () => {
  const csv = await read(`${phases}\ndata: d.csv`, { 'd.csv': '\uFEFFname,note\r\nann,"a, ""b""\nc"\r\nbob,\r\n' })
  expect(csv.scenario?.data).toEqual([
    { name: 'ann', note: 'a, "b"\nc' },
    { name: 'bob', note: '' },
  ])
  const lines = await read(`${phases}\ndata: d.jsonl`, { 'd.jsonl': '{"id":1,"who":{"a":"b"}}\n\n{"id":"x"}\n' })
  expect(lines.scenario?.data).toEqual([{ id: '1', who: '{"a":"b"}' }, { id: 'x' }])
})

test.each([
  ['d.csv', 'a,b\n1,2\n3', 'd.csv:3:1: found 1 fields; allowed: 2, as in the first line'],
  ['d.csv', 'a,b\n1,x"y', 'd.csv:2:1: a quote where none may stand'],
  ['d.csv', 'a,b\n', 'd.csv:1:1: no rows'],
  ['d.csv', '', 'd.csv:1:1: empty'],
  ['d.jsonl', '{"a":1}\n[1]', 'd.jsonl:2:1: not a JSON object'],
  ['d.jsonl', '{"a":1}\nx', 'd.jsonl:2:1: not JSON'],
])('a fault of %s is told with its line: %#', async (file, text, fault) => {
  const { faults } = await read(`${phases}\ndata: ${file}`, { [file]: text })
  expect(faults.join('\n')).toContain(fault)
})

test('columns that the data file does not have are faults', async () => {
  const { faults } = await read(`${phases}\ndata: d.csv\nvariables: { x: '{{data.nam}}' }`, { 'd.csv': 'name\nann\n' })
  expect(faults).toEqual([
    's.yaml:3:17: variables.x: {{data.nam}} stands for nothing; allowed: name. Did you mean "name"?',
  ])
})
