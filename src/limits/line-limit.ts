/** Lines of one kind in each second. */
export const linesPerSecond = 10
const windowInMillis = 1_000

/** The rate of one kind of line in the log: ten a second, for lines that others can cause as fast as they like. */
export interface LineLimit {
  /** Whether a line may be written now; one that may not is counted. */
  takes(): boolean
  /** Ends the clock; what was left out is told. Safe to call twice. */
  close(): void
}

/** Creates the limit; `tell` is called with the number of lines that a second left out, where it is not 0. */
export function createLineLimit(tell: (leftOut: number) => void): LineLimit {
  let window: NodeJS.Timeout | null = null
  let lines = 0
  let leftOut = 0

  function endWindow(): void {
    if (window !== null) clearTimeout(window)
    const untold = leftOut
    window = null
    lines = 0
    leftOut = 0
    if (untold > 0) tell(untold)
  }

  return {
    takes() {
      window ??= setTimeout(endWindow, windowInMillis).unref()
      if (lines++ < linesPerSecond) return true
      leftOut++
      return false
    },
    close: endWindow,
  }
}
