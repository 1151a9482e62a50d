import type { LoadResult } from './load.ts'

const longestMicros = 1_000_000

/** What a client process counts. Recording an operation costs two array slots; counts of several processes add up. */
export class Tally {
  /** Resolves with the first operation. */
  readonly started: Promise<void>
  /** How often each latency occurred, by microsecond. */
  readonly #latencies = new Uint32Array(longestMicros + 1)
  #operations = 0
  #errors = 0
  #start: () => void = () => {}

  constructor() {
    this.started = new Promise((resolve) => {
      this.#start = resolve
    })
  }

  /** `millis` as `performance.now()` measures; above a second counts as one. */
  operation(millis: number): void {
    const micros = Math.min(longestMicros, Math.max(1, Math.round(millis * 1000)))
    ;(this.#latencies[micros] as number)++
    if (this.#operations++ === 0) this.#start()
  }

  error(): void {
    this.#errors++
  }

  clear(): void {
    this.#operations = 0
    this.#errors = 0
    this.#latencies.fill(0)
  }

  result(): LoadResult {
    const latencies: [micros: number, count: number][] = []
    this.#latencies.forEach((count, micros) => {
      if (count > 0) latencies.push([micros, count])
    })
    return { operations: this.#operations, errors: this.#errors, latencies }
  }
}
