import { createProcessorTime, type TimedConnection, type TimeShares } from '../limits/processor-time.ts'
import type { LongRenderings } from '../mapping/template.ts'
import { GatewayError } from '../vocabulary/errors.ts'

/**
 * Milliseconds of processor time that long renderings may take: in a second on average, and at once after they took none
 * for a while, which is more than one rendering's limit. Only renderings of some length are measured, so that ordinary
 * ones cost nothing.
 */
const shares: TimeShares = {
  ofConnection: { millisPerSecond: 20, burstMillis: 60 },
  ofSource: { millisPerSecond: 200, burstMillis: 400 },
  ofProcess: { millisPerSecond: 500, burstMillis: 1_000 },
}

/** The processor time that the templates of connections take: of each one, of all from one network, and of all. */
export interface TemplateTime {
  /** Whether the connection itself has time left. */
  has(connection: TimedConnection): boolean
  /**
   * Keeps account of a rendering, should it turn out to be long: it ends with TEMPLATE_TIME_EXCEEDED where the network or
   * the process has no time left.
   */
  longRenderings(connection: TimedConnection): LongRenderings
}

/** Creates the accounts; that of a connection ends with it. `now` is a clock in milliseconds. */
export function createTemplateTime(now: () => number): TemplateTime {
  const time = createProcessorTime(shares, now)
  return {
    has: time.connectionHas,
    longRenderings: (connection) => ({
      begins() {
        if (!time.othersHave(connection)) throw new GatewayError('TEMPLATE_TIME_EXCEEDED')
      },
      took: (millis) => time.take(connection, millis),
    }),
  }
}
