import type { Ended, Refusal } from '../client/web-socket.ts'
import { LoadSocket } from '../client/web-socket.ts'
import type { ClientValues } from '../scenario/template.ts'
import { ClientInbox } from './client-inbox.ts'
import { now, timerMillis } from './clock.ts'
import type { Receiver } from './group.ts'
import { Lane } from './lane.ts'
import type { Member, MemberState } from './member.ts'
import type { MessageKind } from './message-kind.ts'
import { PushLedger } from './push-ledger.ts'
import { SetUp } from './set-up.ts'
import { formatStamp } from './stamp.ts'
import type { WorkerContext } from './worker-context.ts'

/**
 * One client of the test: a WebSocket that is opened when the phases want it, set up, and then used by what sends
 * messages and pushes. Lives through reconnects.
 */
export class Client implements Member {
  readonly values: ClientValues
  frames: (Buffer | undefined)[] = []
  /** Receiver of the connection at hand; null while there is none, or where the scenario has no groups. */
  receiver: Receiver | null = null
  ledger: PushLedger | null = null
  readonly lanes: readonly Lane[]
  readonly #context: WorkerContext
  readonly #inbox: ClientInbox
  readonly #counters: number[]
  #state: MemberState = 'closed'
  #wanted = false
  #socket: LoadSocket | null = null
  #setUp: SetUp | null = null
  #openedAt = 0
  #leaveBy = Number.POSITIVE_INFINITY
  /** Leaves once its handshake has been answered. */
  #isConnecting = false
  #stampNumber = 0
  /** Whether the close that comes is our own doing. */
  #isLeaving = false
  /** Raised with each connection, so that what was planned for one does not hit the next. */
  #connection = 0

  constructor(values: ClientValues, context: WorkerContext) {
    this.values = values
    this.#context = context
    this.#counters = context.kinds.map(() => 0)
    this.#inbox = new ClientInbox(this, context)
    this.lanes = context.kinds.flatMap((kind) => (kind.rate === null ? [new Lane(this, kind, context)] : []))
  }

  get state(): MemberState {
    return this.#state
  }

  // --- wanted or not ---

  want(): void {
    this.#wanted = true
    if (this.#state === 'closed') this.#queue()
  }

  unwant(at: number): void {
    this.#wanted = false
    if (this.#state === 'waiting') this.#become('closed')
    else if (this.#state !== 'closed' && this.#state !== 'closing') this.#leave(at)
  }

  #leave(at: number): void {
    if (this.#state === 'leaving' || this.#state === 'closing' || this.#state === 'closed') return
    const before = this.#state
    if (before === 'ready') this.#stop(at)
    this.#become('leaving')
    this.#isConnecting = before === 'connecting'
    this.#leaveBy = before === 'ready' || this.#isConnecting ? now() + this.#context.scenario.settle : 0
    // What it has not read yet was accepted for it: read now, it is not taken for lost.
    if (this.#socket !== null) this.#socket.bytesPerSecond = null
    this.closeIfSettled()
  }

  closeIfSettled(): void {
    if (this.#state !== 'leaving') return
    const isOwed = this.#inbox.waiting > 0 || (this.receiver?.missing ?? 0) > 0 || (this.ledger?.missing ?? 0) > 0
    if ((isOwed || this.#isConnecting) && now() < this.#leaveBy) return
    if (this.#isConnecting) return this.#gaveUp()
    this.#become('closing')
    this.#isLeaving = true
    if (this.#context.scenario.connection.close === 'reset') this.#socket?.reset()
    else this.#socket?.close(1000)
  }

  waitingFor(kind: MessageKind): number {
    return this.#inbox.waitingFor(kind)
  }

  expire(time: number): void {
    this.#inbox.expire(time)
    if (this.#state === 'leaving') this.closeIfSettled()
  }

  destroy(): void {
    this.#wanted = false
    this.#isLeaving = true
    this.#socket?.destroy()
  }

  #become(state: MemberState): void {
    const before = this.#state
    this.#state = state
    this.#context.moved(this, before, state)
  }

  // --- opening ---

  #queue(): void {
    this.#become('waiting')
    this.#context.opener.queue(this)
  }

  open(): void {
    const context = this.#context
    const { scenario, connector, tally } = context
    const connection = ++this.#connection
    this.frames = []
    this.#isLeaving = false
    this.#isConnecting = false
    this.#openedAt = now()
    tally.counters.attempted++
    this.#become('connecting')
    const isMine = () => connection === this.#connection
    this.#socket = new LoadSocket(
      {
        endpoint: connector.endpointOf(this.values),
        handshake: connector.handshakeOf(this.values),
        subprotocols: scenario.connection.subprotocols,
        wantsPayload: context.wantsPayload || scenario.onOpen.length > 0,
        traffic: context.traffic,
      },
      {
        opened: () => isMine() && this.#opened(),
        refused: (refusal) => isMine() && this.#refused(refusal),
        message: (bytes, source, start) => this.#message(bytes, source, start),
        batch: () => this.#batch(),
        ended: (ended) => isMine() && this.#ended(ended),
      },
    )
    context.schedule.at(this.#openedAt + scenario.connection.timeout, () => {
      if (isMine() && (this.#state === 'connecting' || this.#isConnecting)) this.#gaveUp()
    })
  }

  #opened(): void {
    const { tally, scenario } = this.#context
    tally.latency('handshake', now() - this.#openedAt)
    tally.status('handshakes', 101)
    tally.counters.opened++
    tally.open++
    if (this.#state === 'leaving') {
      this.#isConnecting = false
      return this.closeIfSettled()
    }
    this.#become('settingUp')
    if (scenario.onOpen.length === 0) return this.#ready()
    this.#setUp = new SetUp(this, this.#context, {
      done: () => this.#ready(),
      failed: (message) => {
        this.#setUp = null
        tally.error('setUp', message)
        this.#leave(now())
      },
    })
    this.#setUp.start()
  }

  #refused({ kind, message, status }: Refusal): void {
    const { tally } = this.#context
    tally.counters.failed++
    if (status > 0) tally.status('handshakes', status)
    tally.error(kind, message)
    this.#gone()
  }

  /** No answer to the handshake: in time, or before the run was over. */
  #gaveUp(): void {
    const { tally } = this.#context
    tally.counters.failed++
    tally.error('handshakeTimeout', 'the handshake was not answered in time')
    const socket = this.#socket
    this.#gone()
    socket?.destroy()
  }

  #ready(): void {
    const { scenario, groups, tally, wantsPayload, schedule, readRateOf } = this.#context
    this.#setUp = null
    if (this.#socket !== null) {
      this.#socket.wantsPayload = wantsPayload
      this.#socket.bytesPerSecond = readRateOf(this.values.index)
    }
    if (groups !== null) this.receiver = groups.of(this.values.group).join(this.values.index)
    if (scenario.pushes !== undefined && scenario.pushes.group === undefined) this.ledger = new PushLedger(tally.pushes)
    this.#become('ready')
    for (const lane of this.lanes) lane.start()
    const { lifetime } = scenario.connection
    if (lifetime === undefined) return
    const connection = this.#connection
    schedule.at(now() + this.#context.draw(lifetime), (due) => {
      if (connection === this.#connection && this.#state === 'ready') this.#leave(due)
    })
  }

  // --- use ---

  get canSend(): boolean {
    const socket = this.#socket
    return this.#state === 'ready' && socket !== null && socket.isOpen && socket.hasRoom
  }

  send(kind: MessageKind, due: number): void {
    const { tally, run } = this.#context
    const sent = now()
    const from = sent - due <= timerMillis ? sent : due
    let number = 0
    let stamp = ''
    if (kind.fanOut !== null && this.receiver !== null) {
      const message = this.#context.fanOut(kind, this.receiver)
      number = message.number
      stamp = formatStamp(run, 'fanOut', this.values.group, number, from)
    } else if (kind.usesStamp) {
      number = this.#stampNumber++
      stamp = formatStamp(run, 'reply', this.values.index, number, from)
    }
    const counter = this.#counters[kind.index] as number
    this.#counters[kind.index] = counter + 1
    const { frame, key } = kind.encode(this, { counter, stamp })
    if (kind.reply !== null) this.#inbox.expect(kind, key ?? number, from, sent)
    tally.counters.messagesOut++
    this.queue(frame)
  }

  queue(frame: Buffer): void {
    this.#socket?.queue(frame)
    this.#context.willFlush(this)
  }

  flush(): void {
    this.#socket?.flush()
  }

  // --- what comes ---

  #message(bytes: number, source: Buffer, start: number): void {
    this.#context.tally.counters.messagesIn++
    if (this.#setUp?.message(bytes, source, start)) return
    this.#inbox.message(bytes, source, start)
  }

  #batch(): void {
    if (this.#state === 'leaving') this.closeIfSettled()
  }

  // --- the end ---

  #ended({ code, reason, fault }: Ended): void {
    const { tally } = this.#context
    tally.open--
    tally.counters.closed++
    tally.closed(code)
    if (fault !== null) tally.error('protocol', fault)
    else if (!this.#isLeaving) tally.error('closed', `${code} ${reason}`.trim())
    this.#gone()
  }

  #gone(): void {
    const { tally } = this.#context
    const wasLeaving = this.#isLeaving
    const lost = this.#inbox.clear()
    if (lost > 0) {
      if (wasLeaving) tally.error('replyTimeout', 'no reply in time', lost)
      else tally.error('replyLost', 'the connection ended before the reply', lost)
    }
    this.receiver?.settle(!wasLeaving)
    this.ledger?.settle(!wasLeaving)
    this.#setUp?.end()
    this.#setUp = null
    this.#stop(now())
    this.receiver = null
    this.ledger = null
    this.#socket = null
    this.#connection++
    this.#become('closed')
    if (!this.#wanted) return
    const { reconnect, lifetime } = this.#context.scenario.connection
    if (wasLeaving && lifetime !== undefined) this.#queue()
    else if (reconnect !== undefined) this.#reconnectAfter(this.#context.draw(reconnect))
  }

  #reconnectAfter(millis: number): void {
    const connection = this.#connection
    this.#context.schedule.at(now() + millis, () => {
      if (connection === this.#connection && this.#wanted && this.#state === 'closed') this.#queue()
    })
  }

  /** Lanes first: what they still send is sent by a member of its group. */
  #stop(by: number): void {
    for (const lane of this.lanes) lane.stop(by)
    this.receiver?.leave()
  }
}
