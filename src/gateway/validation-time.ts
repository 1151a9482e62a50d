import { createProcessorTime, type TimedConnection, type TimeShares } from '../limits/processor-time.ts'

/**
 * Milliseconds of processor time that judging messages by models may take: in a second on average, and at once after it
 * took none for a while, which is more than one message's limit. Only long judgements are measured.
 */
const shares: TimeShares = {
  ofConnection: { millisPerSecond: 20, burstMillis: 150 },
  ofSource: { millisPerSecond: 200, burstMillis: 600 },
  ofProcess: { millisPerSecond: 500, burstMillis: 1_500 },
}

/** The processor time that judging the messages of connections takes. */
export interface ValidationTime {
  /** Whether a connection, its network and the process have time left. Costs nothing before something took long. */
  has(connection: TimedConnection): boolean
  /** Takes the milliseconds of one judgement; 0 for a short one. */
  took(connection: TimedConnection, millis: number): void
}

/** Creates the accounts, all full. `now` is a clock in milliseconds. */
export function createValidationTime(now: () => number): ValidationTime {
  const time = createProcessorTime(shares, now)
  let isUsed = false
  return {
    has: (connection) => !isUsed || (time.connectionHas(connection) && time.othersHave(connection)),
    took(connection, millis) {
      if (millis === 0) return
      isUsed = true
      time.take(connection, millis)
    },
  }
}
