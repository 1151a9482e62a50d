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
  /** Told whenever the inbox is listened to, or not any more. */
  readonly changed: (trouble: string | null) => void
}

/** Listens to this worker's channel, for as long as it lives and wherever the channel moves. */
export interface Inbox {
  /** Null while it is listened to, else why not. */
  readonly trouble: string | null
  /** Begins to listen to a channel, and leaves the one before. Resolves after the first try, which may have failed. */
  listen(channel: string): Promise<void>
  /**
   * Sends an envelope to itself, which has to arrive before the next call: a subscription that only seems to be there
   * (a half-open connection, a server that was demoted) is made anew. Rejects when Redis can't be reached.
   */
  check(echo: Buffer): Promise<void>
  /** The echo has come. */
  echoed(): void
  /** Listens no more. Resolves when all has come that was published to somebody who listens. */
  end(): Promise<void>
  close(): void
}

const notOpen = 'the inbox is not open yet'

export function createInbox({ redis, log, random, retry, commandTimeout, receive, changed }: InboxOptions): Inbox {
  let trouble: string | null = notOpen
  let channel = ''
  let subscription: RedisSubscription | null = null
  let timer: NodeJS.Timeout | null = null
  let missing = 0
  let round = 0
  let closed = false

  function setTrouble(text: string | null): void {
    if (trouble === text) return
    trouble = text
    changed(text)
  }

  async function open(): Promise<void> {
    const mine = ++round
    drop()
    if (timer !== null) clearTimeout(timer)
    timer = null
    const making = redis.subscribe({
      ...{ channel, label: 'inbox', message: receive },
      ended(error) {
        if (mine === round) again(error)
      },
    })
    try {
      const made = await within(making, 4 * commandTimeout)
      if (mine !== round || closed) return made.close()
      subscription = made
      missing = 0
      setTrouble(null)
    } catch (error) {
      // One that comes too late must not go on listening beside the next.
      making.then(
        (made) => made.close(),
        () => {},
      )
      if (mine === round) again(error as Error)
    }
  }

  function again(error: Error): void {
    drop()
    if (closed) return
    setTrouble(`the inbox can't be listened to: ${error.message}`)
    if (timer !== null) return
    timer = setTimeout(
      () => {
        timer = null
        void open()
      },
      retry * (0.1 + 0.4 * random()),
    )
  }

  function drop(): void {
    subscription?.close()
    subscription = null
  }

  return {
    get trouble() {
      return trouble
    },
    listen(name) {
      channel = name
      trouble = notOpen
      return open()
    },
    async check(echo) {
      if (subscription === null) return
      const asked = round
      missing++
      const listeners = Number(await redis.run('SPUBLISH', channel, echo))
      if (asked !== round) return
      // One echo may still be on its way.
      if (listeners > 0 && missing <= 2) return
      log.warn({ channel, listeners }, 'the inbox is deaf; listening anew')
      round++
      again(new Error('it is deaf'))
    },
    echoed() {
      missing = 0
    },
    async end() {
      closed = true
      round++
      if (timer !== null) clearTimeout(timer)
      await subscription?.end()
    },
    close() {
      closed = true
      round++
      if (timer !== null) clearTimeout(timer)
      drop()
    },
  }
}
