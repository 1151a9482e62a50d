import { expect, test } from 'vitest'
import { compareResults } from '../../../load/src/report/compare-results.ts'
import { htmlReport } from '../../../load/src/report/html-report.ts'
import { readResult } from '../../../load/src/report/read-result.ts'
import { summaryText } from '../../../load/src/report/summary-text.ts'
import { echo, play, startServer } from '../run/play.ts'

test('what the engine measures is read, told, drawn and compared', { timeout: 60_000 }, async () => {
  const { ws } = await startServer({ onConnection: echo })
  const result = await play({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 5, duration: '1s' },
      { phase: 'hold', duration: '2s' },
    ],
    messages: [{ send: 'x', every: '20ms', reply: true }],
    thresholds: ['errors == 0'],
  })
  const read = readResult(JSON.stringify(result), 'result.json')
  expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(result)))
  expect(summaryText(read, { color: false })).toMatch(/^reply +\d+ +[\d.]+ /m)
  const page = htmlReport(read)
  expect(page).toContain('id="chart-latency-reply"')
  expect(page).toContain('id="chart-distribution"')
  const comparison = compareResults([read], [read])
  expect(comparison).toMatchObject({ worse: 0, better: 0 })
  expect(comparison.figures.map(({ name }) => name)).toContain('reply p99')
})
