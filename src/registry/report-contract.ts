import type { SendFailure } from '../vocabulary/frames.ts'

/** The stage whose callers may read a report. */
export interface ReportPlace {
  readonly apiId: string
  readonly stage: string
}

/** The failures of one send from one place to the next; `cursor` is null after the last. */
export interface ReportPage {
  readonly failures: readonly SendFailure[]
  readonly cursor: string | null
}

/**
 * The failures of sends that are too many for one answer, kept for a while by the worker that was asked to send.
 *
 * Promises every implementation keeps (test/conformance/reports.ts is this list as tests):
 * - a report is read through every worker, on its own stage, from the moment when `keepReport` returned;
 * - it is there for `reportSeconds`, unless newer ones need its place, or its worker ends; it is gone after that;
 * - an id tells nothing of another one, and can't be guessed; one that is malformed is gone;
 * - nothing hangs without a deadline.
 */
export interface Reports {
  /** Keeps the failures of a send, and gives the id of the report: a text in the form of a connection id. */
  keepReport(place: ReportPlace, failures: readonly SendFailure[]): string
  /**
   * Reads at most `limit` (1 to 1000) failures of a report, in a lasting order. A cursor that is not one of ours rejects with
   * a RangeError.
   */
  readReport(
    place: ReportPlace,
    id: string,
    cursor: string | null,
    limit: number,
  ): Promise<ReportPage | 'gone' | 'unreachable'>
}

/** Failures that one report names at most, however many there are. */
export const maxReported = 10_000
/** Seconds for which a report is kept. */
export const reportSeconds = 300
/** The bounds of the reports of one worker: their number, and the failures in them, of 16 bytes each. */
export const maxReports = 1_000
export const maxKeptFailures = 1_000_000
