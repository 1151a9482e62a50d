import { Command } from 'commander'
import pico from 'picocolors'
import { reportFaults } from 'postern-documents/fault-report'
import { sortFaults } from 'postern-documents/faults'
import { wantsColours } from 'postern-documents/output'
import type { checkDefinitions } from '../app/check.ts'
import { readSettingsForCheck, type SettingSources } from '../config/read-settings.ts'
import type { CommandContext } from './command.ts'
import type { Io } from './io.ts'
import { configOption, settingSources } from './setting-options.ts'

const epilogue = `
Reads postern.yaml, if there is one, and every <dir>/<name>/api.yaml; reports every fault of all of them as
file:line:column, with the field, what was found, what is allowed, and the nearest name for a typo.

Loads the handler of every function in a process of its own and calls none: a syntax error, a missing module or a
missing export is a fault. What modules do when they are loaded is done; --skip-functions leaves it out.

With --json each of them is an object with file, line, column, path, message, found, allowed and suggestion; what is not
known is null, and a warning has isWarning.

Exit codes: 0 no faults (there may be warnings), 1 faults, 2 wrong usage.

Examples:
  postern check            check the APIs under routes/
  postern check apis/chat  check one API
  postern check --json | jq -r '"\\(.file):\\(.line): \\(.message)"'
`

export function checkCommand({ io, end }: CommandContext): Command {
  const command = new Command('check')
    .description('Report every fault of every API definition.')
    .argument('[dir]', 'the folder of the API definitions, a folder each (default: routes)')
    .option('--json', 'a JSON object a line, one for each fault')
    .addOption(configOption())
    .option('--skip-functions', 'do not load the handlers of functions')
  return command
    .addHelpText('after', epilogue)
    .action(async (dir: string | undefined, { json, skipFunctions }: { json?: boolean; skipFunctions?: boolean }) => {
      const loadsFunctions = skipFunctions !== true
      const load = () => import('../app/check.ts')
      end(await check(settingSources(command, dir, io), { io, json, loadsFunctions, load }))
    })
}

export interface CheckDeps {
  readonly io: Io
  /** Whether the faults are written for a program: a JSON object a line, and nothing without a fault. */
  readonly json?: boolean | undefined
  /** Whether the handlers of functions are loaded, which runs what their modules do when they are loaded. */
  readonly loadsFunctions: boolean
  readonly load: () => Promise<{ checkDefinitions: typeof checkDefinitions }>
}

/** Writes faults and warnings to standard output; resolves with 1 when there are faults. */
export async function check(sources: SettingSources, { io, json, loadsFunctions, load }: CheckDeps): Promise<number> {
  const { settings, faults: settingFaults, locate } = await readSettingsForCheck(sources)
  const app = await load()
  const found = settings === null ? [] : await app.checkDefinitions(settings, locate, { loadsFunctions })
  const faults = [...settingFaults, ...found]
  if (json) for (const fault of sortFaults(faults)) io.stdout.write(`${JSON.stringify(fault)}\n`)
  else if (faults.length > 0) reportFaults(faults, io.stdout, io.env)
  if (settings === null || faults.some(({ isWarning }) => isWarning !== true)) return 1
  if (json || faults.length > 0) return 0
  io.stdout.write(`${pico.createColors(wantsColours(io.stdout, io.env)).green('no faults')} in ${settings.dir}\n`)
  return 0
}
