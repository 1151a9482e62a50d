/** A template and what it sees. Rendered by the oracle into a golden, and by our engine in the test. */
export interface OracleCase {
  readonly template: string
  readonly variables?: Readonly<Record<string, unknown>>
  /** Given, the template sees API Gateway's `$input`, `$util`, `$context` and `$stageVariables`. */
  readonly input?: {
    readonly body: string
    readonly params?: Readonly<Record<string, Readonly<Record<string, string>>>>
    readonly context?: Readonly<Record<string, unknown>>
    readonly stageVariables?: Readonly<Record<string, string>>
  }
}

/** A case with the oracle's verdict: an output, or an error and when it came. */
export interface Golden extends OracleCase {
  readonly output?: string
  readonly error?: 'parse' | 'render'
}
