import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readResult, UnreadableResult } from '../../../load/src/report/read-result.ts'
import { makeResult } from '../results.ts'

const result = makeResult({ hold: 5, samples: 20 })
const text = JSON.stringify(result)

function faultOf(given: string): string {
  try {
    readResult(given, 'a.json')
  } catch (error) {
    if (error instanceof UnreadableResult) return error.message
    throw error
  }
  throw new Error('it was read')
}

/** The result with one member replaced. */
function withMember(path: readonly (string | number)[], value: unknown): string {
  const copy = JSON.parse(text)
  let at = copy
  for (const step of path.slice(0, -1)) at = at[step]
  at[path.at(-1) as string | number] = value
  return JSON.stringify(copy)
}

test('what the engine writes is read as it was', () => {
  const read = readResult(text, 'a.json')
  expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(text))
})

test('members, error kinds and latencies of a later version do no harm', () => {
  const later = JSON.parse(text)
  later.extra = { more: 1 }
  later.errors.quotaExceeded = 3
  later.errorSamples = [{ kind: 'quotaExceeded', message: 'no', count: 3 }]
  later.latencies.stream = later.latencies.reply
  delete later.latencies.rest
  const read = readResult(JSON.stringify(later), 'a.json')
  expect(read.errors).toEqual({ quotaExceeded: 3 })
  expect(Object.keys(read.latencies)).not.toContain('stream')
  expect(read.latencies.rest).toBeNull()
})

test('another format and a newer version are told in one sentence', () => {
  expect(faultOf('{"format":"k6"}')).toBe(
    'a.json: it is no result of a load test: "format" is not "postern-load-result"',
  )
  expect(faultOf('[]')).toContain('no result of a load test')
  expect(faultOf('null')).toContain('no result of a load test')
  expect(faultOf('scenario: x')).toBe('a.json: it is not JSON; a result is what postern load writes with --json')
  expect(faultOf(withMember(['version'], 2))).toBe(
    'a.json: it was written by a newer postern (version 2 of the format, this one reads 1)',
  )
  expect(faultOf(withMember(['version'], '1'))).toContain('a.json: version: found "1"; allowed: 1')
})

test.each<[string, (string | number)[], unknown]>([
  ['totals.operations: found -1 (a number); allowed: a whole number of 0 or more', ['totals', 'operations'], -1],
  ['run.machine.cpu: found a list', ['run', 'machine', 'cpu'], [1]],
  ['seconds[3].latencies.reply.p99: found "fast"', ['seconds', 3, 'latencies', 'reply', 'p99'], 'fast'],
  ['seconds[2].second: found 7; allowed: 2', ['seconds', 2, 'second'], 7],
  ['seconds[2].phase: found 9; allowed: the index of a phase', ['seconds', 2, 'phase'], 9],
  ['phases[1].to: found 3; allowed: 10 or later', ['phases', 1, 'to'], 3],
  ['run.ended: found "crashed"; allowed: done, interrupted, limit', ['run', 'ended'], 'crashed'],
  ['latencies.reply.histogram: found "AAAA"', ['latencies', 'reply', 'histogram'], 'AAAA'],
  ['errors.closed: found "many"', ['errors', 'closed'], 'many'],
  ['run.startedAt: found 1e+300', ['run', 'startedAt'], 1e300],
])('%s', (fault, path, value) => {
  expect(faultOf(withMember(path, value))).toContain(`a.json: ${fault}`)
})

test('a file that is wrong everywhere has a few lines of faults', () => {
  const lines = faultOf(withMember(['seconds'], Array(1000).fill({}))).split('\n')
  expect(lines).toHaveLength(11)
  expect(lines.at(-1)).toMatch(/^a\.json: and \d+ more faults$/)
})

/** A histogram with a header of its own. */
function histogramOf(
  header: { digits?: number; highest?: bigint; payload?: number },
  counts = Buffer.from([2]),
): string {
  const inner = Buffer.alloc(40)
  inner.writeInt32BE(0x1c849313, 0)
  inner.writeInt32BE(header.payload ?? counts.length, 4)
  inner.writeInt32BE(header.digits ?? 3, 12)
  inner.writeBigInt64BE(1n, 16)
  inner.writeBigInt64BE(header.highest ?? 3_600_000_000n, 24)
  inner.writeDoubleBE(1, 32)
  const packed = deflateSync(Buffer.concat([inner, counts]))
  const outer = Buffer.alloc(8)
  outer.writeInt32BE(0x1c849314, 0)
  outer.writeInt32BE(packed.length, 4)
  return Buffer.concat([outer, packed]).toString('base64')
}

test('a histogram that would take unreasonable time or memory is refused', () => {
  const readWith = (histogram: string) =>
    readResult(withMember(['latencies', 'reply', 'histogram'], histogram), 'a.json')
  expect(() => readWith(histogramOf({}))).not.toThrow()
  for (const header of [
    { digits: 5 },
    { highest: 2n ** 60n },
    { payload: 2 ** 31 - 1 },
    { payload: -1 },
    { highest: 0n },
  ]) {
    expect(() => readWith(histogramOf(header))).toThrow(UnreadableResult)
  }
  expect(() => readWith(histogramOf({}, Buffer.alloc(64 * 1024 * 1024)))).toThrow(UnreadableResult)
})

test('names that objects have by themselves are only text', () => {
  const read = readResult(text.replace('"closes":{', '"closes":{"__proto__":7,"constructor":8,'), 'a.json')
  expect(Object.entries(read.closes)).toEqual(expect.arrayContaining([['__proto__', 7]]))
  expect(Object.getPrototypeOf(read.closes)).toBeNull()
})

test('a result with any member replaced is read or refused, with a short message', () => {
  const paths: (string | number)[][] = []
  const walk = (value: unknown, path: (string | number)[]) => {
    if (path.length > 0) paths.push(path)
    if (typeof value !== 'object' || value === null) return
    for (const key of Object.keys(value).slice(0, 12)) walk((value as Record<string, unknown>)[key], [...path, key])
  }
  walk(JSON.parse(text), [])
  const answers = fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) =>
    isReadOrRefused(withMember(path, value)),
  )
  fc.assert(answers, { numRuns: 300 })
})

function isReadOrRefused(given: string): boolean {
  try {
    return readResult(given, 'a.json').seconds.length >= 0
  } catch (error) {
    return error instanceof UnreadableResult && error.message.length < 4000
  }
}
