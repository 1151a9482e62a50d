/** What a command may do to the outside; a test hands over its own. */
export interface Io {
  readonly stdout: Output
  readonly stderr: Output
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
    env: process.env,
    onSignal: (signal, listener) => void process.on(signal, listener),
    exit: (code) => process.exit(code),
  }
}
