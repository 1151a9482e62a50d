import type { Settings } from '../config/settings.ts'
import type { Buckets, CommonLimits } from '../limits/contract.ts'
import { createLocalBuckets } from '../limits/named-buckets.ts'
import { createSourceLimits } from '../limits/source-limits.ts'

/** The throttles of one process. */
export interface Limits {
  /** The buckets of every throttle, whoever opens them. */
  readonly buckets: Buckets
  readonly common: CommonLimits
}

/** Opens the limits that the settings ask for. */
export function openLimits({ throttleSettings, newConnectionThrottle, sourceLimits }: Settings): Limits {
  const buckets = createLocalBuckets()
  return {
    buckets,
    common: {
      requests: throttleSettings === null ? null : buckets.open('account', throttleSettings),
      newConnections: newConnectionThrottle === null ? null : buckets.open('connect', newConnectionThrottle),
      sources: sourceLimits === null ? null : createSourceLimits({ ...sourceLimits, buckets }),
    },
  }
}
