import type { Traffic } from '../client/web-socket.ts'
import { draw } from '../scenario/distribution.ts'
import { timelineOf } from '../scenario/timeline.ts'
import { Client } from './client.ts'
import { clientValues } from './client-values.ts'
import { now } from './clock.ts'
import { createConnector } from './connector.ts'
import { Crew } from './crew.ts'
import { Group } from './group.ts'
import { createHealth } from './health.ts'
import type { Member, MemberState } from './member.ts'
import { compileKind, type MessageKind } from './message-kind.ts'
import { createMessageLimit } from './message-limit.ts'
import { Opener } from './opener.ts'
import type { LastWords, Slice, WorkerPlan } from './plan.ts'
import { createPosters } from './posters.ts'
import { createRateSource, type RateSource } from './rate-source.ts'
import { ReadyList } from './ready-list.ts'
import { createRestLoad } from './rest-load.ts'
import { createSchedule } from './schedule.ts'
import { compileStep } from './set-up-step.ts'
import { createSlices } from './slices.ts'
import { StampReader } from './stamp.ts'
import { Tally } from './tally.ts'
import { createTrafficSwitch } from './traffic-switch.ts'
import type { WorkerContext } from './worker-context.ts'

/** Listeners for what a worker process tells while it runs. */
export interface EngineEvents {
  slice(slice: Slice): void
  limit(): void
  done(last: LastWords): void
}

export interface Engine {
  /** Begins the phases then. */
  start(at: number): void
  /** Ends them before their time: what is open is drained, and `done` follows. */
  stop(): void
}

/**
 * The life of an engine, in this order and never back: before the first phase, in the phases, after them until every
 * WebSocket is closed and every POST is answered, over. `phase` is the one that was entered last.
 */
interface EngineState {
  readonly is: 'waiting' | 'running' | 'settling' | 'done'
  readonly phase: number
}

const sweepMillis = 100
/** On top of the time to settle: close frames need an answer. */
const closingMillis = 10_000

/** The load of one worker process. */
export function createEngine(plan: WorkerPlan, events: EngineEvents): Engine {
  const { scenario, share } = plan
  const timeline = timelineOf(scenario.phases)
  const tally = new Tally()
  const health = createHealth()
  const traffic: Traffic = { bytesOut: 0, bytesIn: 0 }
  const dirty = new Set<Member>()
  const schedule = createSchedule(flush)
  const ready = new ReadyList<Member>()
  const opener = new Opener(Math.max(1, Math.round(scenario.connection.opening * share)))
  const kinds = scenario.messages.map(compileKind)
  const groups = new Map<number, Group>()
  const connector = createConnector(plan)
  const sendLimit = Math.max(1, Math.ceil(scenario.limits.messages * (plan.drivesRest ? 1 : share)))
  const maySend = createMessageLimit(sendLimit, events.limit)
  const slices = createSlices({ tally, traffic, health, timeline, report: events.slice })
  let state: EngineState = { is: 'waiting', phase: 0 }

  const context: WorkerContext = {
    scenario,
    run: plan.run,
    kinds,
    steps: scenario.onOpen.map(compileStep),
    connector,
    tally,
    traffic,
    schedule,
    stamps: new StampReader(plan.run),
    usesStamps: scenario.pushes !== undefined || kinds.some(({ usesStamp }) => usesStamp),
    wantsPayload:
      scenario.pushes !== undefined || kinds.some(({ usesStamp, reply }) => usesStamp || reply?.readsFrames === true),
    skipsOwn: kinds.some(({ fanOut }) => fanOut?.self === false),
    groups:
      scenario.pushes?.group !== undefined || kinds.some(({ fanOut }) => fanOut !== null) ? { of: groupNumber } : null,
    opener,
    get hasTraffic() {
      return trafficSwitch.isOn
    },
    random: Math.random,
    draw: (distribution) => draw(distribution, Math.random),
    maySend,
    fanOut(kind, sender) {
      const message = groupNumber(sender.groupNumber).send(sender, kind.fanOut?.self !== false)
      tally.counters.fanOutExpected += message.expected
      return message
    },
    fanOutPost(group) {
      const message = groupNumber(group).post()
      tally.counters.fanOutExpected += message.expected
      return message
    },
    readRateOf,
    willFlush(client) {
      if (dirty.size === 0) setImmediate(flush)
      dirty.add(client)
    },
    moved,
  }

  const crew = new Crew(plan.clients.map(createClient), schedule)
  const sources = kinds.flatMap((kind) => (kind.rate === null ? [] : [rateSource(kind, kind.rate)]))
  const posters =
    scenario.pushes === undefined || plan.clients.length === 0
      ? null
      : createPosters({
          pushes: scenario.pushes,
          context,
          ready,
          concurrency: plan.postConcurrency,
          rate: scenario.pushes.rate === undefined ? null : scenario.pushes.rate * share,
          tls: { verify: scenario.connection.tls.verify, ca: plan.ca ?? undefined },
        })
  const rest = plan.drivesRest
    ? scenario.rest.map((definition) => createRestLoad(definition, plan.env, tally, maySend))
    : []
  const trafficSwitch = createTrafficSwitch({ ready, sources, posters, rest, tally })

  function createClient(index: number): Client {
    return new Client(clientValues(plan, index), context)
  }

  function groupNumber(number: number): Group {
    const known = groups.get(number)
    if (known !== undefined) return known
    const group = new Group(number, tally.fanOut)
    groups.set(number, group)
    return group
  }

  function rateSource(kind: MessageKind, rate: number): RateSource {
    const fits = (client: Member) => client.canSend && (kind.reply === null || client.waitingFor(kind) < kind.inFlight)
    return createRateSource({
      rate: rate * share,
      schedule,
      isPossible: () => ready.size > 0,
      send(due) {
        const client = ready.next(fits, maxTries)
        if (client === null) return false
        if (maySend()) client.send(kind, due)
        return true
      },
    })
  }

  /** Spreads the slow ones evenly over all clients. */
  function readRateOf(index: number): number | null {
    const { slow } = scenario.connection
    if (slow === undefined) return null
    return Math.floor((index + 1) * slow.share) > Math.floor(index * slow.share) ? slow.bytesPerSecond : null
  }

  function moved(client: Member, before: MemberState, after: MemberState): void {
    if (before === 'connecting') {
      tally.opening--
      opener.done()
    }
    if (after === 'connecting') tally.opening++
    if (before === 'ready') ready.delete(client)
    if (after !== 'ready') return
    ready.add(client)
    trafficSwitch.wake()
  }

  function flush(): void {
    for (const client of dirty) client.flush()
    dirty.clear()
  }

  // --- time ---

  function cut(isLast: boolean): void {
    slices.cut({ phase: state.phase, isLast, settling: state.is === 'settling' })
  }

  function tick(due: number): void {
    if (state.is === 'done') return
    cut(true)
    schedule.at(due + 1000, tick)
  }

  function sweep(due: number): void {
    if (state.is === 'done') return
    crew.sweep()
    posters?.expire()
    schedule.at(due + sweepMillis, sweep)
  }

  /** Enters a phase; behind the last one there is only the settling. */
  function enter(phase: number, startedAt: number): void {
    if (state.is === 'settling' || state.is === 'done') return
    if (state.is === 'running') cut(false)
    const timed = timeline[phase]
    // The planned time, which a busy machine passes before it comes to this.
    const at = startedAt + (timeline[phase - 1]?.end ?? 0)
    if (timed === undefined) return settle(at)
    state = { is: 'running', phase }
    trafficSwitch.turn(timed.traffic, at)
    crew.enter(timed, startedAt)
    schedule.at(startedAt + timed.end, () => enter(phase + 1, startedAt))
  }

  /** Ends traffic and connections as of then. */
  function settle(at: number): void {
    if (state.is === 'settling' || state.is === 'done') return
    state = { is: 'settling', phase: state.phase }
    trafficSwitch.turn(false, at)
    crew.dismiss(at)
    const deadline = now() + scenario.settle + closingMillis
    const isOpen = () => !crew.isEmpty || posters?.isBusy === true
    const look = (due: number) => {
      if (isOpen() && now() < deadline) return schedule.at(due + settleLookMillis, look)
      crew.destroy()
      void trafficSwitch.stopped().then(() => setImmediate(finish))
    }
    look(now())
  }

  function finish(): void {
    if (state.is === 'done') return
    posters?.close()
    cut(true)
    state = { is: 'done', phase: state.phase }
    schedule.close()
    health.close()
    events.done(tally.lastWords())
  }

  return {
    start(at) {
      schedule.at(at, () => {
        if (state.is !== 'waiting') return
        slices.begin()
        enter(0, at)
      })
      schedule.at(at + 1000, tick)
      schedule.at(at + sweepMillis, sweep)
    },
    stop() {
      if (state.is === 'running') cut(false)
      settle(now())
    },
  }
}

/** Clients that a message that is due is offered to; beyond that it waits for the next round. */
const maxTries = 64
const settleLookMillis = 10
