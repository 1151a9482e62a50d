import { readFile } from 'node:fs/promises'
import { Command, CommanderError } from 'commander'
import { hideSecrets } from 'postern-documents/hide-secrets'
import { checkCommand } from './check.ts'
import type { MakeCommand } from './command.ts'
import { connectCommand } from './connect.ts'
import { connectionsCommand, hideIds } from './connections.ts'
import type { Io } from './io.ts'
import { loadArguments, loadCommand, runLoadTool } from './load.ts'
import { startCommand } from './start.ts'
import { workerProcessCommand } from './worker-process.ts'
import { workersCommand } from './workers.ts'

/** Every command there is, in the order of `--help`. */
export const commands: readonly MakeCommand[] = [
  startCommand,
  checkCommand,
  connectCommand,
  connectionsCommand,
  workersCommand,
  loadCommand,
]

/** Exit code of wrong usage, so that a script can tell it from a fault (1). */
const usageCode = 2

const epilogue = `
Examples:
  postern start                        serve the APIs under routes/ on 127.0.0.1:8080
  postern start apis --port 9000       serve those under apis/ on another port
  postern check                        report every fault of every API
  postern connect ws://127.0.0.1:8080/chat/dev
                                       talk to an API by hand
  postern connections list             show who is connected
  postern workers                      show the workers of a fleet
  postern load load/chat-room.yaml     load a gateway and measure it

Exit codes: 0 done, 1 a fault or a failed start, 2 wrong usage.
'postern help <command>' shows the options of a command.
`

/** Runs the command line to its end; resolves with the exit code and never rejects for what a user may write. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const forTheLoadTool = loadArguments(argv)
  if (forTheLoadTool !== null) return await runLoadTool(forTheLoadTool, io)
  let code = 0
  const version = await readVersion()
  const end = (ended: number) => {
    code = ended
  }
  const program = new Command('postern')
    .description('Self-hosted, WebSocket-first API gateway, compatible with Amazon API Gateway.')
    .version(version, '-v, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    // What stands behind a command is its own.
    .enablePositionalOptions()
    .addHelpText('after', epilogue)
  for (const make of commands) program.addCommand(make({ io, version, end }))
  program.addCommand(workerProcessCommand({ io, version, end }), { hidden: true })
  for (const command of withSubcommands(program)) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => io.stdout.write(text),
        // Wrong usage is shown as it was written.
        writeErr: (text) => io.stderr.write(hideSecrets(text)),
      })
      .showHelpAfterError(`(${pathOf(command)} --help shows what is allowed)`)
  }
  try {
    await program.parseAsync(hideIds(argv), { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageCode
    throw error
  }
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)]
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
