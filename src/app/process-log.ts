import type { Fault } from 'postern-documents/faults'
import type { Log, Metrics } from '../observability/contract.ts'
import { createLineDestination } from '../observability/line-destination.ts'
import { createReadableLines } from '../observability/readable-lines.ts'
import type { ChosenTransport } from '../transport/choose-transport.ts'

/** The place and the form of a process's log. */
export interface LogTarget {
  /** Takes the lines of both logs, each with its line feed: a file descriptor, which is never waited for, or a writer. */
  readonly destination: number | { write(line: string): void }
  /** Writes the log for people instead of as JSON; absent in a worker, whose lines go to its parent. */
  readonly readable?: { readonly colours: boolean } | null
}

/** Opens the destination of log lines; those that it takes too slowly are counted and dropped. */
export function openDestination(
  { destination: target, readable = null }: LogTarget,
  metrics: Metrics,
): { write(line: string): void; close(): void | Promise<void> } {
  const dropped = metrics.counter('postern_log_lines_dropped_total', { log: 'gateway' })
  const lines =
    typeof target === 'number'
      ? createLineDestination({ target, dropped })
      : { write: (line: string) => target.write(line), close() {} }
  if (readable === null) return lines
  const toReadable = createReadableLines(readable)
  return { write: (line) => lines.write(toReadable(line)), close: lines.close }
}

/** Logs faults of settings with their places, as those of definitions are. */
export function logFaults(log: Log, faults: readonly Fault[]): void {
  for (const { file, line, column, path, message } of faults) log.error({ file, line, column, field: path }, message)
}

/** The members of the start line that say which server is underneath, why, and what is known against it. */
export function told({ server, why, knownFault }: ChosenTransport): object {
  return { server, why, ...(knownFault !== null && { knownFault }) }
}
