/** Renews again and again, one renewal at a time, with the pause that each asks for. */
export interface RenewalLoop {
  readonly stopped: boolean
  /** Renews now, or waits for the renewal that is under way; resolves when it has ended. */
  renew(): Promise<void>
  /** Renews after some milliseconds, instead of the pause; a renewal that is under way is enough. */
  within(milliseconds: number): void
  /** Renews now, or at once after the renewal that is under way. */
  nudge(): void
  /** Renews no more. A renewal that is under way goes on. */
  stop(): void
}

type State =
  | { readonly kind: 'resting'; readonly timer: NodeJS.Timeout | null }
  | { readonly kind: 'renewing'; readonly done: Promise<void>; again: boolean }
  | { readonly kind: 'stopped' }

/** `once` resolves with the milliseconds until the next renewal; it must not reject. */
export function createRenewalLoop(once: () => Promise<number>): RenewalLoop {
  let state: State = { kind: 'resting', timer: null }

  function rest(pause: number): void {
    if (state.kind === 'stopped') return
    clearTimer()
    state = { kind: 'resting', timer: setTimeout(() => void renew(), pause) }
  }

  function clearTimer(): void {
    if (state.kind === 'resting' && state.timer !== null) clearTimeout(state.timer)
  }

  function renew(): Promise<void> {
    if (state.kind === 'renewing') return state.done
    clearTimer()
    const done = once().then((pause) => rest(state.kind === 'renewing' && state.again ? 0 : pause))
    if (state.kind !== 'stopped') state = { kind: 'renewing', done, again: false }
    return done
  }

  return {
    get stopped() {
      return state.kind === 'stopped'
    },
    renew,
    within(milliseconds) {
      if (state.kind === 'resting') rest(milliseconds)
    },
    nudge() {
      if (state.kind === 'renewing') state.again = true
      else rest(0)
    },
    stop() {
      clearTimer()
      state = { kind: 'stopped' }
    },
  }
}
