/** The report of one call of a backend. A report is never changed: who learns more puts another in its place. */
export interface IntegrationReport {
  /**
   * Milliseconds from the call to the end of its answer or its failure, with fractions: the metrics measure finer than
   * the log.
   */
  readonly latencyInMillis: number
  /** The status that the backend answered; null where no answer came. */
  readonly status: number | null
  /** The reason why the call failed; null where it did not. */
  readonly errorMessage: string | null
  /** The backend's `x-amzn-RequestId`; null where it gives none. */
  readonly requestId: string | null
}

/** An event that may call a backend. */
export interface ReportedEvent {
  /** The report of the call, set by who made it; null before, and where no backend was called. */
  integration: IntegrationReport | null
}
