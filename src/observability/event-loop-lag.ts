import type { Metrics } from './contract.ts'

const intervalMs = 100

export interface EventLoopLagOptions {
  readonly metrics: Metrics
  /** Milliseconds that only rise. */
  readonly now?: () => number
}

/**
 * Observes `postern_event_loop_lag_seconds`: how late a timer fires. A histogram and not a gauge, so that several
 * scrapers with any interval see every stall. Does not keep the process alive.
 */
export function watchEventLoopLag({ metrics, now = () => performance.now() }: EventLoopLagOptions): { close(): void } {
  const lag = metrics.histogram('postern_event_loop_lag_seconds', {})
  let due = now() + intervalMs
  const timer = setInterval(() => {
    const at = now()
    lag.observe(Math.max(0, at - due) / 1000)
    due = at + intervalMs
  }, intervalMs)
  timer.unref()
  return { close: () => clearInterval(timer) }
}
