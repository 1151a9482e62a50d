import { expect, test } from 'vitest'
import type { LoadResult } from '../../../load/src/contract.ts'
import { summaryText } from '../../../load/src/report/summary-text.ts'
import { makeResult } from '../results.ts'

const plain = (result: LoadResult) => summaryText(result, { color: false })
const good = makeResult({ hold: 10, samples: 50 })
const bad = makeResult({ hold: 10, samples: 50, errors: 20, lost: 7 })

test('the verdict comes first: the client, the end of the run, the thresholds, what went wrong', () => {
  const interrupted: LoadResult = {
    ...bad,
    run: { ...bad.run, ended: 'interrupted' },
    client: { ...bad.client, wasBottleneck: true, why: ['Its event loop was 900 ms late.'] },
  }
  const lines = plain(interrupted).split('\n').slice(3, 12).join(' ').replaceAll(/ +/g, ' ')
  expect(lines).toMatch(
    /✘ The client was the bottleneck\. These figures say more of the load client than of the target\. Its event loop was 900 ms late\. ! Interrupted\. Stopped by hand after 30 s\. The figures cover only what ran\. ✘ Failed\. 2 of 3 thresholds do not hold\. ✘ 7 frames lost\./,
  )
  expect(plain(good).split('\n').slice(3, 5)).toEqual([
    '✔ The client kept up. It was not the bottleneck.',
    '✔ Passed. All 3 thresholds hold.',
  ])
})

test('a run without thresholds says so, one that met a limit says which', () => {
  const limited: LoadResult = {
    ...good,
    thresholds: [],
    run: { ...good.run, ended: 'limit', endedWhy: '50,000,000 messages were sent' },
  }
  expect(plain(limited)).toContain('! Ended early. A limit was reached after 30 s: 50,000,000 messages were sent.')
  expect(plain(limited)).toContain('· No thresholds. The scenario sets none, so nothing was judged.')
})

test('everything that was counted is there', () => {
  const text = plain({
    ...bad,
    closes: { ...bad.closes, 4001: 3, 1006: 5 },
    statuses: { ...bad.statuses, posts: { 200: 10, 410: 2 } },
    delivery: { ...bad.delivery, fanOut: bad.delivery.pushes },
  })
  for (const line of [
    /^lost == 0 +7 +does not hold$/m,
    /^Latency in ms +Count +Mean +p50 +p90 +p99 +p99\.9 +Max$/m,
    /^reply +[\d,]+ +\d+\.\d+ /m,
    /^messages sent +[\d,]+ +[\d,.]+\/s$/m,
    /^Delivery +Pushes +Fan-out +Meaning$/m,
    /^lost +7 +7 +Never came, although the client stayed connected\.$/m,
    /^replyTimeout +240 +A reply did not come in time\.$/m,
    /^replyTimeout +300 +no reply within 10 s$/m,
    /^1006 +5 +The socket ended without a close frame\.$/m,
    /^4001 +3 +A code of the application\.$/m,
    /^POST to @connections +410 +2$/m,
    /^127\.0\.0\.1:8080 +3990 +\d\.\d+ .* MiB +node dist\/cli\/main\.js/m,
    /^1 ramp +ramp +0:00 – 0:10 +1,000 +no$/m,
  ]) {
    expect(text).toMatch(line)
  }
})

test('it fits into 80 columns, whatever a scenario calls its things', () => {
  const long = 'a name that goes on and on '.repeat(20)
  const wide: LoadResult = {
    ...bad,
    run: { ...bad.run, scenario: long, targets: Array(500).fill('ws://127.0.0.1:8080/chat/dev') },
    phases: bad.phases.map((each) => ({ ...each, name: long })),
    checks: [{ name: long, passed: 1_000_000_000, failed: 2_000_000_000, sample: long }],
    errorSamples: [{ kind: 'postStatus', message: 'x'.repeat(500), count: 3 }],
    processes: bad.processes.map((each) => ({ ...each, name: long, command: long })),
    client: { ...bad.client, notes: [long] },
  }
  for (const line of plain(wide).split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('a command is cut to one line, and what did not happen has no rows', () => {
  const command = `node ${'/a/long/path'.repeat(20)}`
  const text = plain({
    ...good,
    processes: good.processes.map((each) => ({ ...each, command })),
    totals: { ...good.totals, messages: { out: 0, in: 0, replies: 0, unsent: 0, unexpected: 0 } },
  })
  expect(text).toMatch(/^127\.0\.0\.1:8080 +3990 .* MiB +node \/a\/long\/path.*…\nCPU in cores/m)
  expect(text).not.toContain('messages sent')
  expect(text).toMatch(/^bytes sent /m)
})

test('connections that are missing at the end are told', () => {
  const totals = { ...good.totals, connections: { ...good.totals.connections, missing: 17 } }
  expect(plain({ ...good, totals })).toMatch(/^missing at the end +17 +–$/m)
})

test('long lists are cut, and it is said how much is left out', () => {
  const closes = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [String(4000 + index), index + 1]))
  expect(plain({ ...good, closes })).toContain('and 28 more')
})

test('without colour it is plain text, with colour only the terminal differs', () => {
  const coloured = summaryText(bad, { color: true })
  expect(plain(bad)).not.toContain('\u001b')
  expect(coloured).toContain('\u001b[31m')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
  expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain(bad))
})

test('what others have written can not drive the terminal', () => {
  const hostile = '\u001b]0;owned\u0007\u202e'
  const text = plain({
    ...bad,
    run: { ...bad.run, scenario: hostile, targets: [hostile], endedWhy: hostile, ended: 'limit' },
    phases: bad.phases.map((each) => ({ ...each, name: hostile })),
    errorSamples: [{ kind: 'closed', message: hostile, count: 1 }],
    closes: { [hostile]: 1 },
    client: { ...bad.client, notes: [hostile], wasBottleneck: true, why: [hostile] },
  })
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})
