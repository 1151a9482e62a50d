import { cpuUsage, memoryUsage } from 'node:process'
import { addCounts, createHistogram, LatencyRecorder } from '../histogram.ts'

/** A reading of how well the process kept up since the last one. */
export interface HealthReading {
  /** Lateness of the event loop in milliseconds, by time: for a hundredth of the time it was later than `lagP99`. */
  readonly lagP99: number
  readonly lagMax: number
  /** Cores used. */
  readonly cpu: number
  readonly memoryBytes: number
}

const intervalMillis = 10

/**
 * Asks a timer how late it is. Not with `monitorEventLoopDelay`: a reset makes that forget the interval under way, and
 * with it a stall that is just then.
 */
export function createHealth(): { read(): HealthReading; close(): void } {
  const lags = new LatencyRecorder()
  const histogram = createHistogram()
  let usage = cpuUsage()
  let readAt = performance.now()
  let askedAt = readAt

  /** A stall hides the intervals that it covers: each counts with what was left of it then. */
  function ask(): void {
    const time = performance.now()
    const late = Math.max(0, time - askedAt - intervalMillis)
    lags.record(late)
    for (let hidden = late - intervalMillis; hidden > 0; hidden -= intervalMillis) lags.record(hidden)
    askedAt = time
  }

  const timer = setInterval(ask, intervalMillis)
  return {
    read() {
      // A stall that lasts until now has not been asked about.
      if (performance.now() - askedAt > intervalMillis) ask()
      const counts = lags.take()
      histogram.reset()
      if (counts !== null) addCounts(histogram, counts)
      const time = performance.now()
      const used = cpuUsage()
      const micros = used.user + used.system - usage.user - usage.system
      const reading = {
        lagP99: Math.min(histogram.getValueAtPercentile(99), histogram.maxValue) / 1000,
        lagMax: histogram.maxValue / 1000,
        cpu: micros / 1000 / Math.max(1, time - readAt),
        memoryBytes: memoryUsage.rss(),
      }
      usage = used
      readAt = time
      return reading
    },
    close: () => clearInterval(timer),
  }
}
