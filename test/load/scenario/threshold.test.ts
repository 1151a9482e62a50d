import { expect, test } from 'vitest'
import type { LatencyResult, ProcessResult } from '../../../load/src/contract.ts'
import { judge, type Measured, parseThreshold } from '../../../load/src/scenario/threshold.ts'

const latency: LatencyResult = {
  count: 10,
  mean: 3,
  min: 1,
  p50: 2,
  p75: 4,
  p90: 5,
  p95: 6,
  p99: 40,
  p999: 50,
  p9999: 60,
  max: 70,
  histogram: '',
}

const process = (name: string, ...mebibytes: number[]): ProcessResult => ({
  ...{ name, pid: 1, command: name },
  samples: mebibytes.map((each, second) => ({ second, cpu: 0, memoryBytes: each * 1024 ** 2 })),
})

const measured: Measured = {
  statuses: { handshakes: { '101': 10, '503': 2 }, posts: { '200': 8, '429': 4 }, rest: { '200': 6 } },
  processes: [process('node-1', 90, 120.5, 100), process('redis', 12)],
  latencies: { handshake: { ...latency, p99: 7 }, reply: latency, push: null, post: null, fanOut: null, rest: null },
  totals: {
    connections: { attempted: 12, opened: 10, failed: 2, peak: 9, missing: 2 },
    messages: { out: 80, in: 70, replies: 60, unsent: 3, unexpected: 5 },
    pushes: { posted: 8, accepted: 8, received: 6, unsent: 1 },
    rest: { requests: 0 },
    bytes: { out: 1, in: 1 },
    errors: 4,
    operations: 100,
    errorShare: 0.04,
    rates: { messagesOut: 800, messagesIn: 700, pushes: 60, rest: 0, handshakes: 10 },
  },
  errors: { closed: 3, connect: 1 },
  closes: { '1000': 7, '1006': 3 },
  delivery: {
    pushes: { expected: 8, received: 6, lost: 2, duplicated: 1, outOfOrder: 0, cutOff: 0, unannounced: 0 },
    fanOut: { expected: 12, received: 11, lost: 0, duplicated: 0, outOfOrder: 4, cutOff: 1, unannounced: 0 },
  },
  checks: [
    { name: 'a', passed: 3, failed: 1, sample: 'x' },
    { name: 'b', passed: 4, failed: 0, sample: null },
  ],
}

test.each([
  ['reply.p99 < 50 ms', 40, true],
  ['reply.p99 < 40ms', 40, false],
  ['reply.p99 <= 40 ms', 40, true],
  ['p99 < 0.1 s', 40, true],
  ['p50<1999us', 2, false],
  ['p99.9 < 51 ms', 50, true],
  ['reply.p99.99 == 60 ms', 60, true],
  ['handshake.p99 < 8 ms', 7, true],
  ['reply.mean >= 3 ms', 3, true],
  ['reply.min > 1 ms', 1, false],
  ['max < 100 ms', 70, true],
  ['push.p99 < 1 s', null, false],
  ['missing <= 2', 2, true],
  ['missing == 0', 2, false],
  ['memory < 120 MiB', 120.5, false],
  ['memory < 0.5 GiB', 120.5, true],
  ['handshakes.503 == 2', 2, true],
  ['posts.429 > 0', 4, true],
  ['posts.410 == 0', 0, true],
  ['rest.200 == 6', 6, true],
  ['errors < 0.1 %', 4, false],
  ['errors <= 4 %', 4, true],
  ['errors == 4', 4, true],
  ['errors.closed == 3', 3, true],
  ['errors.check == 0', 0, true],
  ['lost == 0', 2, false],
  ['lost < 11 %', 10, true],
  ['duplicated == 1', 1, true],
  ['outOfOrder == 4', 4, true],
  ['cutOff <= 5%', 5, true],
  ['closes.1006 == 0', 3, false],
  ['closes.4000 == 0', 0, true],
  ['checks == 100 %', 87.5, false],
  ['connections >= 9', 9, true],
  ['unsent == 4', 4, true],
  ['unexpected != 5', 5, false],
  ['rate >= 800/s', 800, true],
  ['rate > 800', 800, false],
  ['received.rate > 600 /s', 700, true],
  ['pushes.rate > 50/s', 60, true],
  ['rest.rate > 0/s', 0, false],
  ['handshake.rate >= 10/s', 10, true],
])('%s: %s, %s', (text, actual, passed) => {
  const threshold = parseThreshold(text)
  expect(threshold).not.toBeNull()
  if (threshold !== null) expect(judge(threshold, measured)).toMatchObject({ threshold: text, actual, passed })
})

test('loss where nothing could be lost was not measured', () => {
  const threshold = parseThreshold('lost == 0')
  if (threshold === null) throw new Error('no threshold')
  const nothing = { ...measured, delivery: { pushes: null, fanOut: null } }
  expect(judge(threshold, nothing)).toMatchObject({ actual: null, passed: false })
})

test.each([
  '',
  'p99',
  'p99 < 50',
  'p99 < 50 %',
  'p42 < 50 ms',
  'reply < 50 ms',
  'nothing.p99 < 50 ms',
  'lost < 1 ms',
  'errors < 1/s',
  'errors.nothing == 0',
  'memory < 5',
  'memory < 5 ms',
  'missing < 5 %',
  'posts.999 == 0',
  'posts.p99 < 5',
  'closes.99 == 0',
  'closes.abcd == 0',
  'connections > 5 %',
  'rate < 5 ms',
  'p99 =< 5 ms',
  'p99 < -5 ms',
  'p99 < 5 ms, errors == 0',
  'constructor == 0',
  'reply.constructor < 1 ms',
  'errors.constructor == 0',
])('%j is no threshold', (text) => {
  expect(parseThreshold(text)).toBeNull()
})
