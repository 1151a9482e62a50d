import type { LatencyCount, LoadCounts } from './load.ts'

const longestMicros = 1_000_000

/** The counts of a client process. Recording an operation costs two array slots; counts of several processes add up. */
export class LoadTally {
  readonly #latencies = new LatencyCounts()
  readonly #answers = new LatencyCounts()
  #operations = 0
  #errors = 0
  #firstError: string | null = null

  /** `millis` as `performance.now()` measures; above a second counts as one. */
  operation(millis: number): void {
    this.#latencies.add(millis)
    this.#operations++
  }

  /** Records how long an HTTP answer took that is not what the operation ends with. */
  answer(millis: number): void {
    this.#answers.add(millis)
  }

  /** `what` went wrong; only the first is told. */
  error(what: string): void {
    this.#errors++
    this.#firstError ??= what
  }

  /** Takes the counts since the last call. */
  take(): LoadCounts {
    const result = {
      operations: this.#operations,
      errors: this.#errors,
      firstError: this.#firstError,
      latencies: this.#latencies.take(),
      answers: this.#answers.take(),
    }
    this.#operations = 0
    this.#errors = 0
    this.#firstError = null
    return result
  }
}

/** Counts of each latency, by microsecond. */
class LatencyCounts {
  readonly #counts = new Uint32Array(longestMicros + 1)

  add(millis: number): void {
    const micros = Math.min(longestMicros, Math.max(1, Math.round(millis * 1000)))
    ;(this.#counts[micros] as number)++
  }

  take(): LatencyCount[] {
    const taken: LatencyCount[] = []
    this.#counts.forEach((count, micros) => {
      if (count > 0) taken.push([micros, count])
    })
    this.#counts.fill(0)
    return taken
  }
}
