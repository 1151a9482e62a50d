import { createInterface, type Interface } from 'node:readline'
import { ignoreBrokenPipe, type Output } from 'postern-documents/output'
import type { ParentChannel } from '../app/run-worker.ts'

/** The outside as a command sees it, and all that it may do to it; a test hands over its own. */
export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  /** The descriptor that log lines go to without ever waiting for it; standard output where there is none. */
  readonly logs?: number
  /** Whether somebody types the input and sees the output. */
  readonly interactive: boolean
  /** Begins to read standard input, with a prompt when it is typed. Closing the interface gives it back. */
  readLines(): Interface
  readonly env: Record<string, string | undefined>
  /** Adds a listener for as long as the process lives; what came earlier, while the process started, is not lost. */
  onSignal(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM' | 'SIGUSR2', listener: () => void): void
  /**
   * Adds a listener for the end of the shell that npx has put between itself and this process: a signal to npx ends the
   * shell and comes no further. Absent for a process that npx did not start.
   */
  onShellEnded?(listener: () => void): void
  /** Ends the process at once. */
  exit(code: number): void
  /**
   * The command line that runs this program once more: the executable and its arguments up to the name of the command.
   */
  readonly program?: readonly string[]
  /** The channel to the process that has started this one to work for it; null in any other. */
  readonly parent?: ParentChannel | null
}

/** Signals that came before the program could act on them (`early-signals.cjs`), each kept for its first listener. */
export interface EarlySignals {
  /** Hands a signal over: from now on it is the listener's, which is called soon when the signal has come already. */
  handOver(signal: NodeJS.Signals, listener: () => void): void
}

export function processIo(signals: EarlySignals): Io {
  process.stdout.on('error', ignoreBrokenPipe)
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    logs: 1,
    interactive: isInteractive(),
    readLines: () =>
      createInterface({ input: process.stdin, prompt: '> ', ...(isInteractive() && { output: process.stdout }) }),
    env: process.env,
    onSignal(signal, listener) {
      process.on(signal, listener)
      signals.handOver(signal, listener)
    },
    ...(process.env.npm_lifecycle_event === 'npx' && { onShellEnded }),
    exit: (code) => process.exit(code),
    program: [process.execPath, ...inheritedArguments(process.execArgv), process.argv[1] ?? ''],
    parent: process.send === undefined ? null : parentChannel(),
  }
}

/** Milliseconds between two looks at whether the shell of npx is still there. */
const shellLookMs = 250

function onShellEnded(listener: () => void): void {
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    listener()
  }, shellLookMs)
  timer.unref()
}

/**
 * The arguments of Node.js itself that a further process gets: all but the debugger's, whose port can be had only once.
 */
function inheritedArguments(given: readonly string[]): string[] {
  return given.filter((argument) => !argument.startsWith('--inspect'))
}

function parentChannel(): ParentChannel {
  return {
    send: (message) =>
      new Promise((resolve) => {
        if (!process.connected) return resolve()
        process.send?.(message, undefined, undefined, () => resolve())
      }),
    onMessage: (listener) => void process.on('message', listener),
    onClosed(listener) {
      if (process.connected) process.once('disconnect', listener)
      else setImmediate(listener)
    },
    close() {
      process.removeAllListeners('disconnect')
      if (process.connected) process.disconnect()
    },
  }
}

function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}
