import type { Log } from '../observability/contract.ts'
import type { UsageModel, UsageReports, UsageRow } from '../usage/contract.ts'
import type { Handle } from './door.ts'
import { refuse, replyJson } from './reply.ts'

const dayInMillis = 24 * 3_600_000
/** Days that one report may have: a little more than counts are kept. */
const maxDays = 92

export interface UsageApiOptions {
  readonly usage: UsageReports
  /** The keys, plans and prices in force. */
  readonly usageModel: () => UsageModel
  readonly log: Log
  readonly now: () => number
}

/** Creates the handler of `/api/usage`: the requests of each key by stage and day, and what they cost. */
export function createUsageApi({ usage, usageModel, log, now }: UsageApiOptions): Handle {
  return async function report(exchange) {
    const days = readDays(exchange.request.query, now())
    if (typeof days === 'string') return refuse(exchange, 400, days)
    try {
      const rows = await usage.read(days)
      replyJson(exchange, 200, reportOf(rows, days, usageModel()))
    } catch (error) {
      log.warn({ err: error }, 'the usage could not be read')
      refuse(exchange, 503, 'The counts can not be read now; the log says why')
    }
  }
}

function reportOf(rows: readonly UsageRow[], days: readonly number[], { prices, apiKeys }: UsageModel) {
  const names = new Map(apiKeys.map(({ id, name }) => [id, name]))
  return {
    from: dayText(days[0] as number),
    to: dayText(days.at(-1) as number),
    currency: prices?.currency ?? null,
    usage: rows.map((row) => {
      const price = prices?.perMillionRequests[row.usagePlanId]
      const cost = price === undefined ? null : (row.requests * price) / 1_000_000
      return { ...row, apiKeyName: names.get(row.apiKeyId) ?? null, cost }
    }),
  }
}

/** The days that a query asks for, from the first of this month to today where it does not say; or what is wrong. */
function readDays(query: string, now: number): number[] | string {
  const given = new URLSearchParams(query)
  const today = Math.floor(now / dayInMillis) * dayInMillis
  const from = given.has('from') ? readDay(given.get('from')) : readDay(`${dayText(today).slice(0, 8)}01`)
  const to = given.has('to') ? readDay(given.get('to')) : today
  if (from === null || to === null) return 'from and to are days, such as 2026-11-27'
  if (from > to) return 'from is behind to'
  if ((to - from) / dayInMillis >= maxDays) return `a report has at most ${maxDays} days`
  return Array.from({ length: (to - from) / dayInMillis + 1 }, (_, index) => from + index * dayInMillis)
}

function readDay(text: string | null): number | null {
  const time = text !== null && /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? null : time
}

function dayText(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
