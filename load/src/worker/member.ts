import type { Receiver } from './group.ts'
import type { FrameCache, MessageKind } from './message-kind.ts'
import type { PushLedger } from './push-ledger.ts'

export type MemberState = 'closed' | 'waiting' | 'connecting' | 'settingUp' | 'ready' | 'leaving' | 'closing'

/** A client of the test as the parts of a worker see it. */
export interface Member extends FrameCache {
  readonly state: MemberState
  /** Receiver of the connection at hand; null while there is none, or where the scenario has no groups. */
  readonly receiver: Receiver | null
  readonly ledger: PushLedger | null
  readonly lanes: readonly SendingLane[]
  readonly canSend: boolean
  /** Replies to messages of a kind that may still come in time. */
  waitingFor(kind: MessageKind): number
  /** Sends a message that was due then. */
  send(kind: MessageKind, due: number): void
  /** Takes a frame; it leaves when what is under way has been done. */
  queue(frame: Buffer): void
  flush(): void
  want(): void
  /**
   * Leaves when what it is still owed has come, or the scenario's time to settle is over. Its messages end at the time
   * given, which may be past.
   */
  unwant(at: number): void
  /** Called by the opener when it is this client's turn. */
  open(): void
  /** Nothing is owed to it any more, or it has waited long enough. */
  closeIfSettled(): void
  /** Gives up on what has waited too long by then. */
  expire(time: number): void
  destroy(): void
}

/** The schedule by which a client sends its messages of one kind. */
export interface SendingLane {
  readonly kind: MessageKind
  start(): void
  /** Stops sending; what was due by then, when it had to end, and has not left counts as unsent. */
  stop(by: number): void
  /** A reply came. */
  replied(): void
  /** Replies did not come. */
  gaveUp(count: number): void
}
