import type { LoadResult } from './load.ts'

const longestMicros = 1_000_000

/** What a client process counts. Recording an operation costs two array slots; counts of several processes add up. */
export class Tally {
  /** How often each latency occurred, by microsecond. */
  readonly #latencies = new Uint32Array(longestMicros + 1)
  #operations = 0
  #errors = 0

  /** `millis` as `performance.now()` measures; above a second counts as one. */
  operation(millis: number): void {
    const micros = Math.min(longestMicros, Math.max(1, Math.round(millis * 1000)))
    ;(this.#latencies[micros] as number)++
    this.#operations++
  }

  error(): void {
    this.#errors++
  }

  /** What was counted since the last call. */
  take(): LoadResult {
    const latencies: [micros: number, count: number][] = []
    this.#latencies.forEach((count, micros) => {
      if (count > 0) latencies.push([micros, count])
    })
    const result = { operations: this.#operations, errors: this.#errors, latencies }
    this.#operations = 0
    this.#errors = 0
    this.#latencies.fill(0)
    return result
  }
}
