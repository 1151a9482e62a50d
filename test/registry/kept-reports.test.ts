import { expect, test } from 'vitest'
import { createKeptReports } from '../../src/registry/kept-reports.ts'
import { maxKeptFailures, maxReported, maxReports, reportSeconds } from '../../src/registry/report-contract.ts'
import type { SendFailure } from '../../src/vocabulary/frames.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'

const place = { apiId: 'chat', stage: 'dev' }
const failure: SendFailure = { connectionId: allocateConnectionId(7), reason: 'full' }

function keptReports() {
  const clock = { time: 0 }
  const reports = createKeptReports({ own: () => 7, now: () => clock.time })
  return { clock, reports, isKept: (id: string) => reports.read(place, id, 0, 1) !== null }
}

test('a report is kept for its time', () => {
  const { clock, reports, isKept } = keptReports()
  const early = reports.keep(place, [failure])
  clock.time = 1_000 * reportSeconds - 1
  const late = reports.keep(place, [failure])
  expect([isKept(early), isKept(late)]).toEqual([true, true])
  clock.time++
  expect([isKept(early), isKept(late)]).toEqual([false, true])
})

test('the oldest reports make room for new ones, by their number and by what they hold', () => {
  const { reports, isKept } = keptReports()
  const small = Array.from({ length: maxReports + 1 }, () => reports.keep(place, [failure]))
  expect(small.map(isKept)).toEqual([false, ...Array(maxReports).fill(true)])
  const large = Array<SendFailure>(maxReported).fill(failure)
  const count = maxKeptFailures / maxReported
  const first = reports.keep(place, large)
  // What is small goes first, since it is older.
  for (let i = 1; i < count; i++) reports.keep(place, large)
  expect([isKept(small.at(-1) as string), isKept(first)]).toEqual([false, true])
  reports.keep(place, large)
  expect(isKept(first)).toBe(false)
})
