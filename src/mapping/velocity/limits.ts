/**
 * The limits on what a template may use up. A hostile template ends with an error long before it holds up the event
 * loop.
 */
export interface TemplateLimits {
  /**
   * Longest template source, in bytes of UTF-8. AWS allows 300 KB ("Quotas for configuring and running a REST API in
   * API Gateway").
   */
  readonly maxSourceBytes: number
  /** Work of one rendering: statements, calls, elements touched, and characters handled in units of 64. */
  readonly maxSteps: number
  /** Milliseconds of processor time of one rendering. */
  readonly maxCpuMillis: number
  /** Longest output, and longest string on the way to it, in bytes of UTF-8. */
  readonly maxOutputBytes: number
  /**
   * Rounds of one `#foreach`: 1,000 on AWS ("Quotas for configuring and running a REST API in API Gateway"). The loop
   * then ends without an error.
   */
  readonly maxIterations: number
  /** Macro calls inside macro calls; 20 in Velocity (`velocimacro.max.depth`). */
  readonly maxMacroDepth: number
  /** Expressions and blocks inside each other in the source. */
  readonly maxNesting: number
  /** Lists and maps inside each other. */
  readonly maxDataDepth: number
}

export const defaultLimits: TemplateLimits = {
  maxSourceBytes: 300 * 1024,
  maxSteps: 200_000,
  maxCpuMillis: 40,
  maxOutputBytes: 10 * 1024 * 1024,
  maxIterations: 1_000,
  maxMacroDepth: 20,
  maxNesting: 100,
  maxDataDepth: 500,
}
