import type { Log } from '../../observability/contract.ts'
import type { RedisClient, RedisSubscription } from '../../store/contract.ts'
import { within } from '../../vocabulary/within.ts'

export interface InboxOptions {
  readonly redis: RedisClient
  readonly log: Log
  readonly random: () => number
  /** Longest pause between two tries, in milliseconds. */
  readonly retry: number
  readonly commandTimeout: number
  readonly receive: (bytes: Buffer) => void
  /** Called whenever the inbox is listened to, or not any more. */
  readonly changed: (trouble: string | null) => void
}

/** Listens to this worker's channel, for as long as it lives and wherever the channel moves. */
export interface Inbox {
  /** The reason why the inbox is not listened to; null while it is. */
  readonly trouble: string | null
  /** Begins to listen to a channel, and leaves the one before. Resolves after the first try, which may have failed. */
  listen(channel: string): Promise<void>
  /**
   * Sends an envelope to itself, which has to arrive before the next call: a subscription that only seems to be there
   * (a half-open connection, a server that was demoted) is made anew. Rejects when Redis can't be reached.
   */
  check(echo: Buffer): Promise<void>
  /** Takes note that the echo has come. */
  echoed(): void
  /** Listens no more. Resolves when all has come that was published to somebody who listens. */
  end(): Promise<void>
  close(): void
}

/** The state of the inbox toward its channel. An attempt that has been given up finds another object in its place. */
type State =
  /** Waits for the first or the next subscription. */
  | { readonly kind: 'opening'; readonly trouble: string }
  | { readonly kind: 'listening'; readonly trouble: null; readonly subscription: RedisSubscription; missing: number }
  /** Waits for the time of the next try. */
  | { readonly kind: 'waiting'; readonly trouble: string; readonly timer: NodeJS.Timeout }
  /** Listens no more, though what was published may still come over the last subscription. */
  | { readonly kind: 'ended'; readonly trouble: string | null; readonly subscription: RedisSubscription | null }

const notOpen = 'the inbox is not open yet'
/** Echoes that may be on their way: one that is missing beyond them shows that the inbox is deaf. */
const maxMissing = 2

export function createInbox({ redis, log, random, retry, commandTimeout, receive, changed }: InboxOptions): Inbox {
  let channel = ''
  let state: State = { kind: 'opening', trouble: notOpen }

  /** Ends the subscription or the timer of this state, which the next one does not have. */
  function leave(): void {
    if (state.kind === 'listening') state.subscription.close()
    if (state.kind === 'waiting') clearTimeout(state.timer)
  }

  function become(next: State): void {
    const { trouble } = state
    leave()
    state = next
    if (next.trouble !== trouble) changed(next.trouble)
  }

  async function open(trouble: string): Promise<void> {
    const mine: State = { kind: 'opening', trouble }
    let listening: State | null = null
    become(mine)
    const making = redis.subscribe({
      ...{ channel, label: 'inbox', message: receive },
      ended(error) {
        if (state === mine || state === listening) again(error)
      },
    })
    try {
      const subscription = await within(making, 4 * commandTimeout)
      if (state !== mine) return subscription.close()
      listening = { kind: 'listening', trouble: null, subscription, missing: 0 }
      become(listening)
    } catch (error) {
      // One that comes too late must not go on listening beside the next.
      making.then(
        (made) => made.close(),
        () => {},
      )
      if (state === mine) again(error as Error)
    }
  }

  function again(error: Error): void {
    const trouble = `the inbox can't be listened to: ${error.message}`
    const timer = setTimeout(() => void open(trouble), retry * (0.1 + 0.4 * random()))
    become({ kind: 'waiting', trouble, timer })
  }

  function end(): void {
    if (state.kind === 'ended') return
    const { trouble } = state
    const subscription = state.kind === 'listening' ? state.subscription : null
    if (state.kind === 'waiting') clearTimeout(state.timer)
    state = { kind: 'ended', trouble, subscription }
  }

  return {
    get trouble() {
      return state.trouble
    },
    async listen(name) {
      if (state.kind === 'ended') return
      channel = name
      leave()
      // Nobody is told: the one before was left on purpose.
      state = { kind: 'opening', trouble: notOpen }
      await open(notOpen)
    },
    async check(echo) {
      if (state.kind !== 'listening') return
      const asked = state
      asked.missing++
      const listeners = Number(await redis.run('SPUBLISH', channel, echo))
      if (state !== asked) return
      if (listeners > 0 && asked.missing <= maxMissing) return
      log.warn({ channel, listeners }, 'the inbox is deaf; listening anew')
      again(new Error('it is deaf'))
    },
    echoed() {
      if (state.kind === 'listening') state.missing = 0
    },
    async end() {
      end()
      if (state.kind === 'ended') await state.subscription?.end()
    },
    close() {
      end()
      if (state.kind === 'ended') state.subscription?.close()
    },
  }
}
