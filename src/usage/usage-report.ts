import type { UsageReports, UsageStore } from './contract.ts'
import { dayBucketName, readDayField } from './usage-buckets.ts'
import type { UsageLedger } from './usage-ledger.ts'

export interface UsageReportOptions {
  readonly ledger: Pick<UsageLedger, 'sync'>
  readonly store: Pick<UsageStore, 'read'>
  readonly now: () => number
}

/** The reports of what was counted: by this process up to now, by others as far as they have handed it over. */
export function createUsageReports({ ledger, store, now }: UsageReportOptions): UsageReports {
  async function readDay(time: number) {
    const day = new Date(time).toISOString().slice(0, 10)
    const rows = [...(await store.read(dayBucketName(time)))].flatMap(([field, requests]) => {
      const parts = readDayField(field)
      return parts === null ? [] : [{ day, ...parts, requests, field }]
    })
    rows.sort((one, other) => (one.field < other.field ? -1 : 1))
    return rows.map(({ field: _, ...row }) => row)
  }

  return {
    async read(days) {
      await ledger.sync(now())
      return (await Promise.all(days.map(readDay))).flat()
    },
  }
}
