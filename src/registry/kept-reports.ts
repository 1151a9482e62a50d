import type { SendFailure } from '../vocabulary/frames.ts'
import { allocateConnectionId, type OwnerId } from '../vocabulary/ids.ts'
import { countPacked, type PackedFailures, packFailures, unpackFailures } from './packed-failures.ts'
import { maxKeptFailures, maxReports, type ReportPage, type ReportPlace, reportSeconds } from './report-contract.ts'

interface Kept extends ReportPlace {
  readonly failures: PackedFailures
  readonly until: number
}

/** The reports that this worker keeps. */
export interface KeptReports {
  keep(place: ReportPlace, failures: readonly SendFailure[]): string
  /** Reads at most `limit` failures from a place on; null when the report is gone. */
  read(place: ReportPlace, id: string, from: number, limit: number): ReportPage | null
}

export interface KeptReportsOptions {
  readonly own: () => OwnerId
  readonly now: () => number
}

export function createKeptReports({ own, now }: KeptReportsOptions): KeptReports {
  // In the order of their ends, since all are kept for the same time.
  const reports = new Map<string, Kept>()
  let kept = 0

  function forget(id: string, { failures }: Kept): void {
    reports.delete(id)
    kept -= countPacked(failures)
  }

  function dropEnded(time: number): void {
    for (const [id, report] of reports) {
      if (report.until > time) return
      forget(id, report)
    }
  }

  function makeRoom(count: number): void {
    for (const [id, report] of reports) {
      if (reports.size < maxReports && kept + count <= maxKeptFailures) return
      forget(id, report)
    }
  }

  return {
    keep({ apiId, stage }, failures) {
      const time = now()
      dropEnded(time)
      makeRoom(failures.length)
      const id = allocateConnectionId(own())
      reports.set(id, { apiId, stage, failures: packFailures(failures), until: time + 1_000 * reportSeconds })
      kept += failures.length
      return id
    },
    read({ apiId, stage }, id, from, limit) {
      dropEnded(now())
      const report = reports.get(id)
      if (report === undefined || report.apiId !== apiId || report.stage !== stage) return null
      const failures = unpackFailures(report.failures, from, limit)
      const next = from + failures.length
      return { failures, cursor: next < countPacked(report.failures) ? String(next) : null }
    },
  }
}

/** Gives the place where a page of a report begins; throws a RangeError for a cursor that no page gave out. */
export function placeOfCursor(cursor: string | null): number {
  if (cursor === null) return 0
  if (!/^[1-9]\d{0,4}$/.test(cursor)) throw new RangeError('The cursor is not one that a page gave out')
  return Number(cursor)
}
