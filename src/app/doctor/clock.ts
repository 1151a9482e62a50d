import { type Finding, ok, warn } from './look.ts'

/** The day before which this version did not exist. */
const earliest = Date.UTC(2026, 0, 1)

/** Whether the clock can be right at all; the years of certificates, leases and signatures hang on it. */
export function lookAtClock(now: number): Finding {
  const text = `it is ${new Date(now).toISOString()} here`
  if (now >= earliest) return ok('clock', text)
  return warn('clock', `${text}, which is long past`, 'set the clock, and let chrony or ntpd keep it')
}
