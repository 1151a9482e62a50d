/**
 * The cost of finding the route of a message, against JSON.parse and a look into a map doing the same: nanoseconds for a
 * message of 85 bytes, and for one whose route is a number.
 *
 *     npx tsx --conditions postern-source load/bench/micro/route-selection.ts
 */
import { compileRouteSelection, createRouteSelector } from '../../../src/routing/route-selection.ts'

const calls = 200_000
const rounds = 9
const routes = new Map(['sendMessage', '7', '$default'].map((key) => [key, key]))
const select = createRouteSelector(compileRouteSelection('$request.body.action'), routes)
const text = JSON.stringify({ action: 'sendMessage', room: 'blue', text: 'x'.repeat(42) })
const numbered = JSON.stringify({ action: 7, room: 'blue', text: 'x'.repeat(42) })
let sink = 0

function fastest(answer: () => string | null | undefined): string {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < calls; i++) sink += answer()?.length ?? 0
    best = Math.min(best, Number(process.hrtime.bigint() - start) / calls)
  }
  return `${best.toFixed(0)} ns`
}

console.log(`JSON.parse and a map  ${fastest(() => routes.get((JSON.parse(text) as { action: string }).action))}`)
console.log(`selector              ${fastest(() => select(text))}`)
console.log(`selector, a number    ${fastest(() => select(numbered))}`)
if (sink === 0) throw new Error('no route was found')
