import type { Command } from 'commander'
import type { Io } from './io.ts'

/** A command of `postern`: made for one run, and says with which code the process ends. */
export type MakeCommand = (context: CommandContext) => Command

export interface CommandContext {
  readonly io: Io
  readonly version: string
  /** Told the exit code by the command that ran; 0 without. */
  readonly end: (code: number) => void
}
