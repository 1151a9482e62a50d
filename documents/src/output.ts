/** The output that a command writes to: a terminal, a file or a pipe. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  /** Columns of the terminal; they change with its width. */
  readonly columns?: number | undefined
}

/** Environment variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Whether an output wants colours; any value of NO_COLOR but an empty one says no (https://no-color.org). */
export function wantsColours(output: Output, env: Environment): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}

/** Ignores that the reader of an output has gone, as `| head` does: no fault, and nothing that may end a program. */
export function ignoreBrokenPipe(error: Error & { code?: string }): void {
  if (error.code !== 'EPIPE') throw error
}
