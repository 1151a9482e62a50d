import type { Member } from './member.ts'
import type { Posters } from './posters.ts'
import type { RateSource } from './rate-source.ts'
import type { ReadyList } from './ready-list.ts'
import type { RestLoad } from './rest-load.ts'
import type { Tally } from './tally.ts'

/** All that makes traffic in a worker process. */
export interface TrafficMakers {
  /** Clients that may send by their own schedules. */
  readonly ready: ReadyList<Member>
  readonly sources: readonly RateSource[]
  readonly posters: Posters | null
  readonly rest: readonly RestLoad[]
  readonly tally: Tally
}

/** The switch between phases with messages, pushes and requests and phases without. */
export interface TrafficSwitch {
  readonly isOn: boolean
  /**
   * Starts or stops all traffic, as of a time that a late timer may have passed; nothing happens when it is so already.
   */
  turn(wanted: boolean, at: number): void
  /** Tells those who wait for a client that one became ready; nothing happens without traffic. */
  wake(): void
  /** Resolves when the requests that ran at the last stop have ended. */
  stopped(): Promise<unknown>
}

/** Makes the switch, which is off. */
export function createTrafficSwitch({ ready, sources, posters, rest, tally }: TrafficMakers): TrafficSwitch {
  let isOn = false
  let stopped: Promise<unknown> = Promise.resolve()

  function start(): void {
    for (const client of ready) for (const lane of client.lanes) lane.start()
    for (const source of sources) source.start()
    posters?.start()
    for (const each of rest) each.start()
  }

  function stop(by: number): void {
    for (const client of ready) for (const lane of client.lanes) lane.stop(by)
    for (const source of sources) tally.messagesUnsent += source.stop(by)
    posters?.stop(by)
    stopped = Promise.all(rest.map((each) => each.stop()))
  }

  return {
    get isOn() {
      return isOn
    },
    turn(wanted, at) {
      if (wanted === isOn) return
      isOn = wanted
      if (wanted) start()
      else stop(at)
    },
    wake() {
      if (!isOn) return
      for (const source of sources) source.wake()
      posters?.wake()
    },
    stopped: () => stopped,
  }
}
