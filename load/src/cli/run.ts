import { readFile } from 'node:fs/promises'
import { type Command, CommanderError } from 'commander'
import { fittedText } from 'postern-documents/fitted-text'
import { loadCommand } from './load-command.ts'
import type { ToolIo } from './tool-io.ts'

/** Wrong usage, so that a script can tell it from a threshold that does not hold (1). */
const usageCode = 2

export interface ToolOptions {
  readonly io: ToolIo
  /** The name that the tool was called by, as help and examples show it: `postern-load`, or `postern load`. */
  readonly name: string
}

/**
 * Runs the load tool's command line to its end; resolves with the exit code and never rejects for what a user may write.
 */
export async function run(argv: readonly string[], { io, name }: ToolOptions): Promise<number> {
  let code = 0
  const version = await readVersion()
  const end = (ended: number) => {
    code = ended
  }
  const program = loadCommand({ io, name, version, end })
  speakThrough(io, program, name)
  for (const command of program.commands) speakThrough(io, command, `${name} ${command.name()}`)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageCode
    throw error
  }
}

/** Has a command write to `io`, and throw where it would end the process. */
function speakThrough({ stdout, stderr }: ToolIo, command: Command, path: string): void {
  command.exitOverride().showHelpAfterError(`(${path} --help shows what is allowed)`)
  const columns = () => (stdout.isTTY === true ? stdout.columns : undefined)
  command.configureOutput({
    writeOut: (text) => stdout.write(fittedText(text, columns())),
    writeErr: (text) => stderr.write(text),
    getOutHelpWidth: () => columns() ?? 80,
  })
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
