import { createInterface, type Interface } from 'node:readline'

/** What a command may do to the outside; a test hands over its own. */
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
  /** Adds a listener for as long as the process lives. */
  onSignal(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM', listener: () => void): void
  /** Ends the process at once. */
  exit(code: number): void
}

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
}

export function processIo(): Io {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    logs: 1,
    interactive: isInteractive(),
    readLines: () =>
      createInterface({ input: process.stdin, prompt: '> ', ...(isInteractive() && { output: process.stdout }) }),
    env: process.env,
    onSignal: (signal, listener) => void process.on(signal, listener),
    exit: (code) => process.exit(code),
  }
}

function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}
