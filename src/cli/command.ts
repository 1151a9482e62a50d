import type { Command } from 'commander'
import type { Io } from './io.ts'

/** Makes a command of `postern` for one run. */
export type MakeCommand = (context: CommandContext) => Command

export interface CommandContext {
  readonly io: Io
  readonly version: string
  /** Takes the exit code from the command that ran; the code is 0 when it is not called. */
  readonly end: (code: number) => void
}
