import { monitorEventLoopDelay } from 'node:perf_hooks'
import { cpuUsage, memoryUsage } from 'node:process'

/** How well the process keeps up, since the last reading. */
export interface HealthReading {
  /** In milliseconds, how late the event loop was; the resolution of the measurement is taken off. */
  readonly lagP99: number
  readonly lagMax: number
  /** Cores used. */
  readonly cpu: number
  readonly memoryBytes: number
}

const resolutionMillis = 10

export function createHealth(): { read(): HealthReading; close(): void } {
  const delay = monitorEventLoopDelay({ resolution: resolutionMillis })
  delay.enable()
  let usage = cpuUsage()
  let at = performance.now()
  const lag = (nanos: number) => Math.max(0, nanos / 1e6 - resolutionMillis)
  return {
    read() {
      const time = performance.now()
      const used = cpuUsage()
      const millis = Math.max(1, time - at)
      const cpu = (used.user + used.system - usage.user - usage.system) / 1000 / millis
      const isEmpty = delay.count === 0
      const reading = {
        lagP99: isEmpty ? 0 : lag(delay.percentile(99)),
        lagMax: isEmpty ? 0 : lag(delay.max),
        cpu,
        memoryBytes: memoryUsage.rss(),
      }
      delay.reset()
      usage = used
      at = time
      return reading
    },
    close: () => delay.disable(),
  }
}
