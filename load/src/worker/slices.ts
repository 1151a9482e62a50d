import type { Traffic } from '../client/web-socket.ts'
import type { TimedPhase } from '../scenario/timeline.ts'
import { now } from './clock.ts'
import type { createHealth } from './health.ts'
import type { Slice } from './plan.ts'
import type { Tally } from './tally.ts'

export interface SlicesOptions {
  readonly tally: Tally
  /** Bytes since the last slice, which every cut takes. */
  readonly traffic: Traffic
  readonly health: ReturnType<typeof createHealth>
  readonly timeline: readonly TimedPhase[]
  /** Takes each slice when it is cut. */
  readonly report: (slice: Slice) => void
}

/** The run cut into slices: one a second, and one more where a phase ends within it. */
export interface Slices {
  /** Begins the first slice. */
  begin(): void
  /** Ends the slice at hand, which belongs to a phase, and begins the next. */
  cut(at: { readonly phase: number; readonly isLast: boolean; readonly settling: boolean }): void
}

export function createSlices({ tally, traffic, health, timeline, report }: SlicesOptions): Slices {
  let second = 0
  /** Begin of the slice at hand; null before the first. */
  let from: number | null = null
  return {
    begin() {
      from = now()
      health.read()
    },
    cut({ phase, isLast, settling }) {
      const time = now()
      const counted = tally.take()
      counted.counters.bytesOut = traffic.bytesOut
      counted.counters.bytesIn = traffic.bytesIn
      traffic.bytesOut = 0
      traffic.bytesIn = 0
      report({
        second,
        isLast,
        // A run that was stopped before its start has had no time.
        duration: time - (from ?? time),
        phase,
        measured: timeline[phase]?.measured ?? true,
        settling,
        ...counted,
        ...health.read(),
      })
      from = time
      if (isLast) second++
    },
  }
}
