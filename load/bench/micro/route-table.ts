/**
 * The cost of finding the route of a request for an HTTP API among 10 routes and among 1,000, for each kind of path: bare
 * nanoseconds. Both tables are asked in turn, and the fastest round of each counts.
 *
 *     npx tsx --conditions postern-source load/bench/micro/route-table.ts
 */
import { createRouteTable, type RouteTable } from '../../../src/routing/route-table.ts'

const calls = 50_000
const rounds = 31
/** Requests of one kind, spread over all routes of it, so that no look-up finds what the one before has found. */
const paths = 1_000
let sink = 0

/** Services with four routes each, and one for all that is not known, as many as there are routes. */
function tableOf(routes: number): RouteTable<string> {
  const keys = Array.from({ length: routes / 5 }, (_, at) => [
    `GET /service-${at}/items`,
    `GET /service-${at}/items/{id}`,
    `GET /service-${at}/items/{id}/parts/{part}`,
    `POST /service-${at}/items`,
    `ANY /service-${at}/files/{proxy+}`,
  ]).flat()
  return createRouteTable(new Map(keys.map((key) => [key, key])))
}

interface Case {
  readonly table: RouteTable<string>
  readonly services: number
}

const caseOf = (routes: number): Case => ({ table: tableOf(routes), services: routes / 5 })
const cases = [caseOf(10), caseOf(1_000)] as const
const kinds: Readonly<Record<string, (service: string, at: number) => string>> = {
  literal: (service) => `/${service}/items`,
  'one variable': (service, at) => `/${service}/items/order-${at}`,
  'two variables': (service, at) => `/${service}/items/order-${at}/parts/p${at}`,
  greedy: (service, at) => `/${service}/files/photos/2026/${at}.jpg`,
  'no route': (service, at) => `/${service}/nothing/${at}`,
}

/** Nanoseconds of one look-up, each of a path that comes anew, as those of requests do. */
function measure({ table, services }: Case, path: (service: string, at: number) => string): number {
  const bytes = Array.from({ length: paths }, (_, at) => Buffer.from(path(`service-${at % services}`, at)))
  const fresh = Array.from({ length: calls }, (_, i) => (bytes[i % paths] as Buffer).toString('latin1'))
  const start = process.hrtime.bigint()
  for (const each of fresh) sink += table.find('GET', each)?.route.length ?? 1
  return Number(process.hrtime.bigint() - start) / calls
}

for (const [kind, path] of Object.entries(kinds)) {
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    for (const at of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) times[at].push(measure(cases[at], path))
  }
  const [few, many] = [Math.min(...times[0]), Math.min(...times[1])]
  const figures = `10 routes ${few.toFixed(0).padStart(4)} ns  1,000 routes ${many.toFixed(0).padStart(4)} ns`
  console.log(`${kind.padEnd(13)}  ${figures}  (${(many / few).toFixed(2)} ×)`)
}
if (sink === 0) throw new Error('no route was found')
