/**
 * The cost of the ids of one callback answer, against fresh random bytes for each: nanoseconds for the three of them,
 * flat strings as a response needs them.
 *
 *     npx tsx load/bench/micro/ids.ts
 */
import { randomUUID } from 'node:crypto'
import { allocateConnectionId, allocateRequestId, allocateTraceId, allocateUuid } from '../../../src/vocabulary/ids.ts'

const calls = 200_000
const rounds = 7
let sink = 0

function fastest(answer: () => string): string {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) sink += answer().charCodeAt(0)
    best = Math.min(best, Number(process.hrtime.bigint() - start) / calls)
  }
  return `${best.toFixed(0)} ns`
}

const fromSeries = () => allocateUuid() + allocateRequestId() + allocateTraceId(1_759_651_750_119)
/** Both sources draw their random bytes for many ids at once, too. */
const fresh = () =>
  `${randomUUID()}${allocateConnectionId(1)}Root=1-${(1_759_651_750).toString(16)}-${randomUUID().slice(0, 24)}`

console.log(`from a series     ${fastest(fromSeries)}`)
console.log(`fresh every time  ${fastest(fresh)}`)
if (sink === 0) console.log('nothing was made')
