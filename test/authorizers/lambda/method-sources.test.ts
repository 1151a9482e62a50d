import { expect, test } from 'vitest'
import { compileMethodSources, type SourceSpelling } from '../../../src/authorizers/lambda/method-sources.ts'
import { request } from './method-requests.ts'

const asked = request({
  headers: [
    ['X-Tenant', 'one'],
    ['x-tenant', 'two'],
    ['X-Empty', ''],
  ],
  query: [
    ['token', 'abc'],
    ['twice', 'x'],
    ['twice', ''],
  ],
  stageVariables: { tier: 'gold', nothing: '' },
  contextVariable: (name) => (name === 'identity.sourceIp' ? '203.0.113.9' : null),
})

function read(spelling: SourceSpelling, ...sources: string[]) {
  const compiled = compileMethodSources(sources, spelling)
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.read(asked)
}

test.each([
  ['method.request.header.x-TENANT', [['one', 'two']]],
  ['method.request.header.X-Empty', null],
  ['method.request.header.X-Other', null],
  ['method.request.querystring.token', [['abc']]],
  ['method.request.querystring.Token', null],
  ['method.request.querystring.twice', null],
  ['stageVariables.tier', [['gold']]],
  ['stageVariables.nothing', null],
  ['stageVariables.toString', null],
  ['context.identity.sourceIp', [['203.0.113.9']]],
  ['context.identity.user', null],
])('%s of a REST API is %j', (source, values) => {
  expect(read('rest', source)).toEqual(values)
})

test.each([
  ['$request.header.X-Tenant', [['one', 'two']]],
  ['$request.querystring.token', [['abc']]],
  ['$stageVariables.tier', [['gold']]],
  ['$context.identity.sourceIp', [['203.0.113.9']]],
  ['$context.routeKey', null],
])('%s of an HTTP API is %j', (source, values) => {
  expect(read('http', source)).toEqual(values)
})

test('all are read in their order, and one that is missing is enough for none', () => {
  expect(read('rest', 'stageVariables.tier', 'method.request.querystring.token')).toEqual([['gold'], ['abc']])
  expect(read('rest', 'stageVariables.tier', 'method.request.querystring.none')).toBe(null)
  expect(read('rest')).toEqual([])
})

test.each<[SourceSpelling, string]>([
  ['rest', '$request.header.X'],
  ['rest', 'method.request.header.'],
  ['rest', 'method.request.header.a b'],
  ['rest', 'method.request.body.x'],
  ['http', 'method.request.header.X'],
  ['http', '$request.body.x'],
])('there is no source of a %s API %s', (spelling, source) => {
  const message = expect.stringMatching(/^allowed: .*header\.<name>, /)
  expect(compileMethodSources([source], spelling).faults).toEqual([{ index: 0, message }])
})
