import { pino } from 'pino'
import type { Log } from './contract.ts'
import { readableFields } from './log-fields.ts'

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LoggerOptions {
  readonly level: LogLevel
  /** Takes one JSON line at a time, with its line feed. */
  readonly destination: { write(line: string): void }
  /** The worker's name, which stands in every line as `name`. */
  readonly name?: string
}

/**
 * JSON lines: `level` as a word, `time` as ISO 8601, `msg`, and the fields. Whatever looks like a secret is masked,
 * errors are written with their causes, and large or deep values are cut (see `log-fields.ts`).
 */
export function createLogger({ level, destination, name }: LoggerOptions): Log {
  const root = pino(
    {
      level,
      base: name === undefined ? {} : { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      // pino's own would take the error, readable by then, for a plain object and say so.
      serializers: { err: (readable: unknown) => readable },
      formatters: {
        level: (label) => ({ level: label }),
        log: readableFields,
      },
    },
    destination,
  )
  // pino gives the fields of a child to no formatter; the children inherit this method from their root.
  const makeChild: (this: Log, fields: object) => Log = root.child
  return Object.assign(root, {
    child(this: Log, fields: object): Log {
      return makeChild.call(this, readableFields(fields))
    },
  })
}
