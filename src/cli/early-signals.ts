import { workerProcessName } from './worker-process-name.ts'

/** Signals that came before the program could act on them, each kept for its first listener. */
export interface EarlySignals {
  /** Hands a signal over: from now on it is the listener's, which is called at once when the signal has come already. */
  handOver(signal: NodeJS.Signals, listener: () => void): void
}

/**
 * The signals that would end a process which is only starting, and mean something else once it serves. A worker does
 * what its parent says: none ends it.
 */
const held: Readonly<Record<string, readonly NodeJS.Signals[]>> = {
  start: ['SIGHUP', 'SIGUSR2'],
  [workerProcessName]: ['SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGTERM'],
}

/**
 * Holds signals from the first moment in which a program can; any other command than those that serve is ended by them,
 * as a user expects. Called before anything is loaded.
 */
export function holdEarlySignals([command = '']: readonly string[]): EarlySignals {
  const holding = new Map<NodeJS.Signals, { came: boolean; readonly note: () => void }>()
  for (const signal of Object.hasOwn(held, command) ? (held[command] ?? []) : []) {
    const each = {
      came: false,
      note() {
        each.came = true
      },
    }
    holding.set(signal, each)
    process.on(signal, each.note)
  }
  return {
    handOver(signal, listener) {
      const each = holding.get(signal)
      if (each === undefined) return
      holding.delete(signal)
      process.off(signal, each.note)
      if (each.came) setImmediate(listener)
    },
  }
}
