import type { Log } from '../observability/contract.ts'

/** The times by which workers share limits, in milliseconds. */
export interface SharingTimings {
  /** Between two exchanges while something changes. */
  readonly interval: number
  /** Between two tries while the store is away. */
  readonly retry: number
  /** Between two exchanges while nothing changes: a worker has to be known. */
  readonly presence: number
}

export const sharingTimings: SharingTimings = { interval: 100, retry: 1_000, presence: 5_000 }

/** Milliseconds for which a number of workers is believed although fewer are known: a store may have lost its data. */
const rememberedMillis = 15_000

/** A kind of limits that workers share. */
export interface SharedPart {
  /** Whether there is nothing to share. */
  isEmpty(): boolean
  /** Whether something waits to be handed over. */
  isDirty(): boolean
  /** Hands over what waits, and learns; gives how many workers there are. It rejects when the store is away. */
  exchange(): Promise<number>
  /** Is shared from now on; the first exchange follows. */
  joined(): void
  /** Keeps to the part of one of so many workers from now on. */
  parted(workers: number): void
}

/**
 * Hands over so many things in batches, and gives the workers that the last one has told of. What begins to wait
 * meanwhile has the next interval. It rejects with the first batch that does.
 */
export async function exchangeBatches(
  waiting: number,
  inBatch: number,
  exchangeBatch: () => Promise<number>,
): Promise<number> {
  let workers = await exchangeBatch()
  for (let handed = inBatch; handed < waiting; handed += inBatch) workers = await exchangeBatch()
  return workers
}

export interface SharingOptions {
  /** Gives how many workers there are; rejects when the store is away. */
  readonly ping: () => Promise<number>
  /** The least number of workers that the fleet can have, as far as this one knows by itself. */
  readonly leastWorkers: number
  /** Milliseconds that only rise. */
  readonly clock: () => number
  readonly log: Log
  readonly timings?: Partial<SharingTimings>
}

/** The clock by which a worker exchanges what it shares with the fleet. */
export interface Sharing {
  /** Whether limits are shared now; if not, each worker keeps to its part of them. */
  readonly isShared: boolean
  /** Whether there is something to share, and it is not shared now. */
  readonly isApart: boolean
  /** Among how many workers limits are divided now: 1 while they are shared. */
  readonly divisor: number
  add(part: SharedPart): void
  /** Takes note that a part has become dirty: it is exchanged soon. */
  changed(): void
  /** Tries once to share, and goes on trying. Never rejects. */
  start(): Promise<void>
  /** Hands over what waits, and exchanges no more. Never rejects. */
  stop(): Promise<void>
}

/** Creates the clock; nothing is exchanged before it is started, and while there is nothing to share. */
export function createSharing({ ping, leastWorkers, clock, log, ...options }: SharingOptions): Sharing {
  const timings = { ...sharingTimings, ...options.timings }
  const parts: SharedPart[] = []
  let isShared = false
  let isTroubled = false
  let workers = leastWorkers
  let manyAt = Number.NEGATIVE_INFINITY
  let exchangedAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let state: 'new' | 'started' | 'stopped' = 'new'

  /** Exchanges so long after the last time; what is armed for later is brought forward. */
  function arm(pause: number): void {
    if (state !== 'started' || running !== null) return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => void exchange(), Math.max(0, exchangedAt + pause - clock())).unref()
  }

  function exchange(): Promise<void> {
    if (timer !== null) clearTimeout(timer)
    timer = null
    running ??= exchangeAll().finally(() => {
      running = null
      if (!isUnused()) arm(nextPause())
    })
    return running
  }

  function isUnused(): boolean {
    return parts.every((part) => part.isEmpty())
  }

  function nextPause(): number {
    if (!isShared) return timings.retry
    return parts.some((part) => part.isDirty()) ? timings.interval : timings.presence
  }

  async function exchangeAll(): Promise<void> {
    if (isUnused()) return
    exchangedAt = clock()
    try {
      if (!isShared) join(await ping())
      for (const part of parts) if (!part.isEmpty()) know(await part.exchange())
    } catch (error) {
      parted(error as Error)
    }
  }

  function join(count: number): void {
    know(count)
    isShared = true
    if (isTroubled) log.info({ workers }, 'limits are shared with the fleet again')
    isTroubled = false
    for (const part of parts) part.joined()
  }

  function know(count: number): void {
    const time = clock()
    if (count < workers && time - manyAt < rememberedMillis) return
    workers = Math.max(count, leastWorkers)
    manyAt = time
  }

  function parted({ message }: Error): void {
    isShared = false
    if (!isTroubled) log.warn({ workers, cause: message }, 'limits are not shared now: this worker keeps to its part')
    isTroubled = true
    for (const part of parts) part.parted(workers)
  }

  return {
    get isShared() {
      return isShared
    },
    get isApart() {
      return !isShared && !isUnused()
    },
    get divisor() {
      return isShared ? 1 : workers
    },
    add: (part) => void parts.push(part),
    changed: () => arm(isShared ? timings.interval : timings.retry),
    start() {
      state = 'started'
      return exchange()
    },
    async stop() {
      if (state === 'stopped') return
      state = 'stopped'
      if (timer !== null) clearTimeout(timer)
      if (running !== null) await running
      if (isShared && parts.some((part) => part.isDirty())) await exchange()
    },
  }
}
