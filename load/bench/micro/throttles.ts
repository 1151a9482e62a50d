/**
 * The cost of asking throttles for one message, in nanoseconds: one bucket of a process that is alone, one that a fleet
 * shares, the tokens of a connection, and all that a message may meet.
 *
 *     npx tsx --conditions postern-source load/bench/micro/throttles.ts
 */
import { ConnectionTokens, compileConnectionLimits } from '../../../src/limits/connection-tokens.ts'
import { SharedBucket } from '../../../src/limits/shared-bucket.ts'
import { createTokenBucket } from '../../../src/limits/token-bucket.ts'

const calls = 1_000_000
const rounds = 9
const limits = { rateLimit: 100_000_000, burstLimit: 100_000_000 }
const [account, route] = [limits, limits].map(({ rateLimit, burstLimit }) => createTokenBucket(rateLimit, burstLimit))
const shared = new SharedBucket('a', limits, 1, () => {})
const compiled = compileConnectionLimits({ messages: limits, bytes: { ...limits, burstLimit: 1_000_000_000 } })
const tokens = new ConnectionTokens()
let now = Date.now()
let refused = 0

/** Asks with a time that goes on by a millisecond every hundred messages. */
function fastest(ask: (now: number) => boolean): string {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) {
      if (i % 100 === 0) now++
      if (!ask(now)) refused++
    }
    best = Math.min(best, Number(process.hrtime.bigint() - start) / calls)
  }
  return `${best.toFixed(1)} ns`
}

if (account === undefined || route === undefined || compiled === null) throw new Error('nothing is limited')
console.log(`a bucket                          ${fastest((time) => route.take(time))}`)
console.log(`a bucket that a fleet shares      ${fastest((time) => shared.take(time))}`)
console.log(`the tokens of a connection        ${fastest((time) => tokens.take(compiled, 90, time) === null)}`)
console.log(
  `account, route and connection     ${fastest((time) => tokens.take(compiled, 90, time) === null && route.take(time) && account.take(time))}`,
)
if (refused > 0) throw new Error(`${refused} were refused`)
