import type { Log } from '../observability/contract.ts'
import type { UsageLedger } from './usage-ledger.ts'

/** Milliseconds between two hand-overs of counts: what the counts of a fleet may lag, and what a death may lose. */
const intervalInMillis = 1_000

/** Hands counts to the store at an interval. */
export interface UsageClock {
  /** Hands over what is left, and stops. Never rejects; what could not be handed over is logged. */
  stop(): Promise<void>
}

export interface UsageClockOptions {
  readonly ledger: Pick<UsageLedger, 'sync'>
  readonly log: Log
  readonly now: () => number
}

/** Starts the clock. Trouble with the store is logged when it begins and when it ends; counting goes on meanwhile. */
export function startUsageClock({ ledger, log, now }: UsageClockOptions): UsageClock {
  let isTroubled = false
  let isRunning = false

  async function sync(): Promise<void> {
    if (isRunning) return
    isRunning = true
    try {
      await ledger.sync(now())
      if (isTroubled) log.info({}, 'counts of API keys are kept again')
      isTroubled = false
    } catch (error) {
      const { message } = error as Error
      if (!isTroubled)
        log.warn({ cause: message }, 'counts of API keys can not be kept now: quotas go by what is known here')
      isTroubled = true
    } finally {
      isRunning = false
    }
  }

  const timer = setInterval(() => void sync(), intervalInMillis).unref()
  return {
    async stop() {
      clearInterval(timer)
      await ledger.sync(now()).catch((error: Error) => {
        log.error({ cause: error.message }, 'the last counts of API keys are lost')
      })
    },
  }
}
