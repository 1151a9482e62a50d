import type { Traffic } from '../client/web-socket.ts'
import type { ScenarioDefinition } from '../scenario/definition.ts'
import type { Distribution } from '../scenario/distribution.ts'
import type { Connector } from './connector.ts'
import type { Group, Receiver } from './group.ts'
import type { Member, MemberState } from './member.ts'
import type { MessageKind } from './message-kind.ts'
import type { Schedule } from './schedule.ts'
import type { SetUpStep } from './set-up-step.ts'
import type { StampReader } from './stamp.ts'
import type { Tally } from './tally.ts'

/** The surroundings that all clients of a worker process share. */
export interface WorkerContext {
  readonly scenario: ScenarioDefinition
  /** The number that stamps carry. */
  readonly run: number
  readonly kinds: readonly MessageKind[]
  readonly steps: readonly SetUpStep[]
  readonly connector: Connector
  readonly tally: Tally
  readonly traffic: Traffic
  readonly schedule: Schedule
  readonly stamps: StampReader
  /** Whether frames may carry stamps. */
  readonly usesStamps: boolean
  /** Whether clients that are ready look at what comes. */
  readonly wantsPayload: boolean
  /** Whether senders don't get their own fan-out. */
  readonly skipsOwn: boolean
  /** Groups by their number; null in a scenario without groups. */
  readonly groups: { of(number: number): Group } | null
  readonly opener: { queue(client: Member): void }
  /** Whether the phase at hand lets messages and pushes go. */
  readonly hasTraffic: boolean
  readonly random: () => number
  draw(distribution: Distribution): number
  /** Counts a message in; false when the run has sent as many as it may. */
  maySend(): boolean
  /** Counts a message to a group in; its number. */
  fanOut(kind: MessageKind, sender: Receiver): { readonly number: number }
  /** Counts a message in that is posted to a client's group; its number. */
  fanOutPost(group: number): { readonly number: number }
  /** Bytes a second; null for clients that read as fast as they can. */
  readRateOf(index: number): number | null
  willFlush(client: Member): void
  moved(client: Member, before: MemberState, after: MemberState): void
}
