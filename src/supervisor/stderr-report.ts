import type { Log } from '../observability/contract.ts'

/** The silence that ends one report: what is written in one go belongs together, as a stack or the last words of V8. */
const quietInMillis = 200
const maxLength = 8_000

export interface StderrReport {
  add(chunk: Buffer): void
  /** Logs what has not been logged yet. */
  end(): void
}

/**
 * Logs what a worker writes to its standard error: nothing of ours does, so it is the runtime that has something to
 * say.
 */
export function createStderrReport(log: Log, who: object): StderrReport {
  let text = ''
  let left = 0
  let timer: NodeJS.Timeout | null = null

  function flush(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (text.trim() === '') return
    log.error(
      { ...who, stderr: text.trimEnd(), ...(left > 0 && { bytesLeftOut: left }) },
      'a worker wrote to its standard error',
    )
    text = ''
    left = 0
  }

  return {
    add(chunk) {
      const taken = chunk.subarray(0, Math.max(0, maxLength - text.length))
      text += taken.toString()
      left += chunk.length - taken.length
      timer ??= setTimeout(flush, quietInMillis)
    },
    end: flush,
  }
}
