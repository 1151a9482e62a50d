import type { QuotaChange, QuotaRow, UsageModel, UsageQuotas, UsageStore } from './contract.ts'
import { grantField, quotaBucket, quotaField } from './usage-buckets.ts'
import type { UsageLedger } from './usage-ledger.ts'

export interface UsageQuotasOptions {
  readonly ledger: Pick<UsageLedger, 'cell' | 'sync'>
  readonly store: Pick<UsageStore, 'read'>
  /** The keys and plans in force. */
  readonly model: () => UsageModel
  readonly now: () => number
}

/** The quotas of the periods that it is now, over a ledger and its store. */
export function createUsageQuotas({ ledger, store, model, now }: UsageQuotasOptions): UsageQuotas {
  async function read(): Promise<readonly QuotaRow[]> {
    const time = now()
    await ledger.sync(time)
    const counts = new Map<string, Promise<ReadonlyMap<string, number>>>()
    const rows = model().usagePlans.flatMap(({ id: usagePlanId, quota, keyIds }) => {
      if (quota === null) return []
      const { name, start, end } = quotaBucket(quota, time)
      const read = counts.get(name) ?? store.read(name)
      counts.set(name, read)
      return keyIds.map(async (apiKeyId): Promise<QuotaRow> => {
        const used = (await read).get(quotaField(usagePlanId, apiKeyId)) ?? 0
        const granted = (await read).get(grantField(usagePlanId, apiKeyId)) ?? 0
        const { limit, period } = quota
        const remaining = Math.max(0, limit + granted - used)
        return { usagePlanId, apiKeyId, period, start, end, limit, granted, used, remaining }
      })
    })
    return Promise.all(rows)
  }

  const find = async (planId: string, keyId: string) =>
    (await read()).find((row) => row.usagePlanId === planId && row.apiKeyId === keyId) ?? null

  return {
    read,
    async change(planId, keyId, change) {
      // A store that is away is found here, before anything is changed.
      const row = await find(planId, keyId)
      const quota = model().usagePlans.find(({ id }) => id === planId)?.quota ?? null
      if (row === null || quota === null) return null
      const bucket = quotaBucket(quota, row.start)
      const grant = grantOf(row, change)
      // Both counts only ever grow: what is taken away counts as used.
      const field = grant >= 0 ? grantField(planId, keyId) : quotaField(planId, keyId)
      ledger.cell(bucket, field).raise(Math.abs(grant))
      return find(planId, keyId)
    },
  }
}

/** Requests to be granted, or to be taken away when negative. */
function grantOf({ limit, granted, used }: QuotaRow, change: QuotaChange): number {
  return 'extra' in change ? change.extra : change.remaining - (limit + granted - used)
}
