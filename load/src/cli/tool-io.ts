import { type Environment, ignoreBrokenPipe, type Output } from 'postern-documents/output'

/** The outside as the load tool sees it, and all that it may do to it; whoever starts the tool hands over its own. */
export interface ToolIo {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Environment
  /** Adds a listener for as long as the process lives. */
  onSignal(signal: 'SIGINT' | 'SIGTERM', listener: () => void): void
  /** Ends the process at once. */
  exit(code: number): void
}

/** The outside of the tool's own process. */
export function processIo(): ToolIo {
  process.stdout.on('error', ignoreBrokenPipe)
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    onSignal: (signal, listener) => void process.on(signal, listener),
    exit: (code) => process.exit(code),
  }
}

/** One run of the command line, as its commands see it. */
export interface ToolContext {
  readonly io: ToolIo
  /** The name that the tool was called by, as help and examples show it: `postern-load`, or `postern load`. */
  readonly name: string
  readonly version: string
  /** Takes the exit code of the command that ran. */
  readonly end: (code: number) => void
}

/** Writes an error, a line each, with the name of the program before it. */
export function writeError(message: string, { io, name }: Pick<ToolContext, 'io' | 'name'>): void {
  io.stderr.write(`${message.replaceAll(/^/gm, `${name.split(' ', 1)}: `)}\n`)
}
