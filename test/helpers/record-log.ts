import type { Log } from '../../src/observability/contract.ts'

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Record<string, unknown>
  readonly message: string
}

/** A log that keeps its entries, and can be awaited. */
export interface RecordedLog extends Log {
  readonly entries: readonly LogEntry[]
  /** The first entry, past or to come, that fits. */
  until(fits: (entry: LogEntry) => boolean): Promise<LogEntry>
}

export function recordLog(): RecordedLog {
  const entries: LogEntry[] = []
  const waiting = new Set<(entry: LogEntry) => void>()
  const make = (bound: object): Log => {
    const write = (level: LogEntry['level']) => (fields: object, message: string) => {
      const entry = { level, fields: { ...bound, ...fields }, message }
      entries.push(entry)
      for (const tell of waiting) tell(entry)
    }
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => make({ ...bound, ...fields }),
    }
  }
  return {
    ...make({}),
    entries,
    until: (fits) =>
      new Promise((resolve) => {
        const found = entries.find(fits)
        if (found !== undefined) return resolve(found)
        const tell = (entry: LogEntry): void => {
          if (!fits(entry)) return
          waiting.delete(tell)
          resolve(entry)
        }
        waiting.add(tell)
      }),
  }
}
