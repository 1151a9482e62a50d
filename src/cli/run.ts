import { readFile } from 'node:fs/promises'
import { Command, CommanderError } from 'commander'
import { fittedText } from 'postern-documents/fitted-text'
import { hideSecrets } from 'postern-documents/hide-secrets'
import type { Output } from 'postern-documents/output'
import { checkCommand } from './check.ts'
import type { MakeCommand } from './command.ts'
import { completionCommand } from './completion.ts'
import { configCommand } from './config.ts'
import { connectCommand } from './connect.ts'
import { connectionsCommand, hideIds } from './connections.ts'
import { doctorCommand } from './doctor.ts'
import { groupsCommand } from './groups.ts'
import { initCommand } from './init.ts'
import type { Io } from './io.ts'
import { loadArguments, loadCommand, runLoadTool } from './load.ts'
import { revocationsCommand } from './revocations.ts'
import { startCommand } from './start.ts'
import { usageCommand } from './usage.ts'
import { workerProcessCommand } from './worker-process.ts'
import { workersCommand } from './workers.ts'

/** Every command there is, in the order of `--help`. */
export const commands: readonly MakeCommand[] = [
  initCommand,
  startCommand,
  checkCommand,
  configCommand,
  doctorCommand,
  connectCommand,
  connectionsCommand,
  groupsCommand,
  revocationsCommand,
  workersCommand,
  usageCommand,
  loadCommand,
  completionCommand,
]

/** Exit code of wrong usage, so that a script can tell it from a fault (1). */
const usageCode = 2

const epilogue = `
Examples:
  postern init                         write a first API under routes/
  postern start                        serve the APIs under routes/ on 127.0.0.1:8080
  postern start apis --port 9000       serve those under apis/ on another port
  postern check                        report every fault of every API
  postern config                       show the settings in force, and where each came from
  postern doctor                       look at what a gateway stands on here
  postern connect ws://127.0.0.1:8080/chat/dev
                                       talk to an API by hand
  postern connections list             show who is connected
  postern revocations add --user ada --for 12h
                                       hold somebody out, and close what they have open
  postern workers                      show the workers of a fleet
  postern usage                        show what was used under API keys
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
      .configureOutput(helpOutput(io))
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

/** Has help keep to the width of the terminal that it is read at; what a pipe takes of standard error stays as it is. */
function helpOutput({ stdout, stderr }: Io) {
  const columnsOf = ({ isTTY, columns }: Output) => (isTTY === true ? columns : undefined)
  return {
    writeOut: (text: string) => void stdout.write(fittedText(text, columnsOf(stdout))),
    writeErr(text: string) {
      // Wrong usage is shown as it was written.
      const shown = hideSecrets(text)
      stderr.write(stderr.isTTY === true ? fittedText(shown, stderr.columns) : shown)
    },
    getOutHelpWidth: () => columnsOf(stdout) ?? 80,
    getErrHelpWidth: () => columnsOf(stderr) ?? 80,
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
