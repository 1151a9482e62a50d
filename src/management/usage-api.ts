import type { Log } from '../observability/contract.ts'
import type { HttpExchange } from '../transport/contract.ts'
import type { QuotaChange, QuotaRow, UsageModel, UsageQuotas, UsageReports, UsageRow } from '../usage/contract.ts'
import { isRead, notAllowed } from './connections-api.ts'
import type { Handle } from './door.ts'
import { isJson } from './read-request.ts'
import { isoTime, refuse, replyJson } from './reply.ts'

const dayInMillis = 24 * 3_600_000
/** Days that one report may have: a little more than counts are kept. */
const maxDays = 92

export interface UsageApiOptions {
  readonly usage: UsageReports
  readonly quotas: UsageQuotas
  /** The keys, plans and prices in force. */
  readonly usageModel: () => UsageModel
  readonly log: Log
  readonly now: () => number
}

/**
 * Creates the handler of `/api/usage`: the requests of each key by stage and day, what they cost, and what remains of
 * quotas; with PATCH, a change of what remains in this period (`UpdateUsage` of API Gateway).
 */
export function createUsageApi({ usage, quotas, usageModel, log, now }: UsageApiOptions): Handle {
  async function report(exchange: HttpExchange): Promise<void> {
    const days = readDays(exchange.request.query, now())
    if (typeof days === 'string') return refuse(exchange, 400, days)
    try {
      const [rows, current] = [await usage.read(days), await quotas.read()]
      replyJson(exchange, 200, { ...reportOf(rows, days, usageModel()), quotas: current.map(readableQuota) })
    } catch (error) {
      log.warn({ err: error }, 'the usage could not be read')
      refuse(exchange, 503, 'The counts can not be read now; the log says why')
    }
  }

  function change(exchange: HttpExchange): void {
    if (!isJson(exchange)) return
    exchange.readBody(maxBodyBytes, (body) => {
      const wish = body === null ? null : readWish(body)
      if (wish === null) return refuse(exchange, 400, wishForm)
      const { usagePlanId, apiKeyId } = wish
      quotas.change(usagePlanId, apiKeyId, wish.change).then(
        (row) => {
          if (row === null) return refuse(exchange, 404, 'There is no such key in a plan of this id that has a quota')
          log.info({ usagePlanId, apiKeyId, ...wish.change }, 'what remains of a quota was changed')
          replyJson(exchange, 200, readableQuota(row))
        },
        (error: unknown) => {
          log.warn({ err: error }, 'a quota could not be changed')
          refuse(exchange, 503, 'The counts can not be reached now: look at what remains before you try again')
        },
      )
    })
  }

  return function handle(exchange) {
    const { method } = exchange.request
    if (isRead(method)) void report(exchange)
    else if (method === 'PATCH') change(exchange)
    else notAllowed(exchange, 'GET, HEAD, PATCH')
  }
}

/** Bytes of the body of a change. */
const maxBodyBytes = 1_024
/** Requests that one change may bring: more than anybody sends in a month. */
const maxRequests = 1_000_000_000_000

const wishForm =
  'The body must be {"usagePlanId":"…","apiKeyId":"…","remaining":<requests>}, or "extra" in place of "remaining"'

interface Wish {
  readonly usagePlanId: string
  readonly apiKeyId: string
  readonly change: QuotaChange
}

function readWish(body: Buffer): Wish | null {
  try {
    const { usagePlanId, apiKeyId, ...rest } = JSON.parse(body.toString()) as Record<string, unknown>
    const [[name, count] = [], another] = Object.entries(rest)
    if (typeof usagePlanId !== 'string' || typeof apiKeyId !== 'string' || another !== undefined) return null
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > maxRequests) return null
    if (name === 'remaining') return { usagePlanId, apiKeyId, change: { remaining: count } }
    return name === 'extra' ? { usagePlanId, apiKeyId, change: { extra: count } } : null
  } catch {
    return null
  }
}

function readableQuota({ start, end, ...row }: QuotaRow) {
  return { ...row, start: isoTime(start), end: isoTime(end) }
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
