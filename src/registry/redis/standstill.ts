import { type Deferred, deferred } from './deferred.ts'

export interface StandstillOptions {
  /** Milliseconds between two looks at the clocks. */
  readonly tick: number
  /** A gap between two looks, in milliseconds, from which on the process counts as having stood still. */
  readonly longest: number
  /** Milliseconds after which those who wait for the end of a doubt wait no longer. */
  readonly patience: number
  /** Milliseconds that only rise, also while the process is stopped. */
  readonly clock: () => number
  /** Milliseconds since 1970: they go on while the machine sleeps. */
  readonly now: () => number
  /** Called whenever the process finds that it stood still. */
  readonly found: () => void
}

/** Notices that this process stood still, and keeps in mind that its lease is in doubt since then. */
export interface Standstill {
  /**
   * Number of times that the process has stood still: what was asked for before the last time proves nothing after it.
   */
  readonly count: number
  /** Whether the process stood still and nobody has lifted the doubt yet. Looks at the time itself. */
  isFrozen(): boolean
  /**
   * The end of the doubt: null while not frozen; else resolves when the doubt is lifted, or when it has lasted too
   * long.
   */
  doubt(): Promise<void> | null
  /** Ends the doubt: it is known what became of the lease. */
  lift(): void
  /** Looks no more; nobody waits any longer, and nothing is frozen. */
  stop(): void
}

/**
 * The state of the process: `doubted` while somebody may wait for the end of the doubt, `stuck` when that took too
 * long.
 */
type State =
  | { readonly kind: 'moving' }
  | { readonly kind: 'doubted'; readonly end: Deferred }
  | { readonly kind: 'stuck' }
  | { readonly kind: 'stopped' }

export function createStandstill({ tick, longest, patience, clock, now, found }: StandstillOptions): Standstill {
  let state: State = { kind: 'moving' }
  let count = 0
  let seen = { at: clock(), time: now() }
  const watch = setInterval(() => {
    if (clock() - seen.at > longest) standsStill()
    else isFrozen()
    seen = { at: clock(), time: now() }
  }, tick)
  watch.unref()

  /**
   * Whether the process has stood still, by the time of day, since the other clock may stop with the machine; one that
   * is set forward costs a renewal.
   */
  function isFrozen(): boolean {
    if (state.kind === 'moving' && now() - seen.time > longest) standsStill()
    return state.kind === 'doubted' || state.kind === 'stuck'
  }

  function standsStill(): void {
    if (state.kind !== 'doubted') state = { kind: 'doubted', end: deferred() }
    count++
    setTimeout(giveUp, patience).unref()
    seen = { at: clock(), time: now() }
    found()
  }

  function giveUp(): void {
    if (state.kind !== 'doubted') return
    state.end.resolve()
    state = { kind: 'stuck' }
  }

  function become(next: State): void {
    if (state.kind === 'doubted') state.end.resolve()
    state = next
  }

  return {
    get count() {
      return count
    },
    isFrozen,
    doubt: () => (isFrozen() && state.kind === 'doubted' ? state.end.promise : null),
    lift() {
      if (state.kind !== 'stopped') become({ kind: 'moving' })
    },
    stop() {
      become({ kind: 'stopped' })
      clearInterval(watch)
    },
  }
}
