import { expect, test } from 'vitest'
import { compareResults } from '../../../load/src/report/compare-results.ts'
import { compareText } from '../../../load/src/report/compare-text.ts'
import { makeResult } from '../results.ts'

const a = makeResult({ hold: 60, samples: 100 })
const b = makeResult({ hold: 60, samples: 100, seed: 2, slower: 1.5, lost: 2 })

test('every figure stands with what it was, what it is, its change, its noise and the verdict, in 80 columns', () => {
  const text = compareText(compareResults([a], [b]), { color: false })
  for (const line of [
    /^\d+ figures: \d+ worse, 0 better, \d+ without a change beyond noise, \d+ unclear\.$/m,
    /^Latency +Baseline +Candidate +Change +Noise +Verdict$/m,
    /^reply p50 +[\d.]+ ms +[\d.]+ ms +\+\d\d\.\d % +\+\d+\.\d+ % +worse$/m,
    /^messages sent +[\d,]+\/s +[\d,]+\/s +±0 % +±5 % +same$/m,
    /^lost +0 % +0\.\d+ % +\+0\.\d+ points +±0 points +worse$/m,
    /^lost: There were none before: 2 now\.$/m,
    /^127\.0\.0\.1:8080: memory +\d+ MiB +\d+ MiB .* (\+20|−16\.7) % +same$/m,
    /^A change counts when it is beyond its noise/m,
  ]) {
    expect(text).toMatch(line)
  }
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('what speaks against the comparison comes first, and can not drive the terminal', () => {
  const other = {
    ...b,
    run: { ...b.run, targets: ['\u001b]0;owned\u0007'], machine: { ...b.run.machine, cpu: '\u202eevil' } },
    processes: b.processes.map((each) => ({ ...each, name: '\u001b[2J' })),
  }
  const renamed = { ...a, processes: a.processes.map((each) => ({ ...each, name: '\u001b[2J' })) }
  const text = compareText(compareResults([renamed], [other]), { color: false })
  expect(text.startsWith('! The machines differ: ')).toBe(true)
  expect(text).toContain('These runs are not alike')
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})

test('colours are for terminals', () => {
  const coloured = compareText(compareResults([a], [b]), { color: true })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
  expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(compareText(compareResults([a], [b]), { color: false }))
  expect(coloured).toContain('\u001b[31mworse')
})

test('the noise stands on the side of the change, so that the larger of the two is the one that counts', () => {
  const shown = (from: typeof a, to: typeof a) =>
    compareResults([from], [to]).figures.filter(({ change, noise }) => change !== null && noise !== null)
  for (const figures of [shown(a, b), shown(b, a)]) {
    for (const { name, change: changed, noise: chance, verdict } of figures) {
      const [change, noise] = [changed ?? 0, chance ?? 0]
      expect(noise * change, name).toBeGreaterThanOrEqual(0)
      if (verdict === 'better' || verdict === 'worse') expect(Math.abs(change)).toBeGreaterThan(Math.abs(noise))
      if (verdict === 'same') expect(Math.abs(change)).toBeLessThanOrEqual(Math.abs(noise))
    }
  }
  // Half as much is as far as twice as much.
  const fall = compareText(compareResults([b], [a]), { color: false })
  expect(fall).toMatch(/^reply p50 +[\d.]+ ms +[\d.]+ ms +−\d\d\.\d % +−\d+\.?\d* % +better$/m)
})

test('noise that says nothing has no digits', () => {
  const comparison = compareResults([a], [b])
  const [figure] = comparison.figures
  if (figure === undefined) throw new Error('no figure')
  const noisy = { ...comparison, figures: [{ ...figure, change: 2, noise: 485_165_194 }] }
  expect(compareText(noisy, { color: false })).toMatch(/\+200 % +> 1,000 % /)
})
