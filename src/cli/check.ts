import { Command } from 'commander'
import pico from 'picocolors'
import { reportFaults } from 'postern-documents/fault-report'
import { wantsColours } from 'postern-documents/output'
import type { checkDefinitions } from '../app/check.ts'
import { readSettingsForCheck, type SettingSources } from '../config/read-settings.ts'
import type { CommandContext } from './command.ts'
import type { Io } from './io.ts'
import { configOption } from './setting-options.ts'

const epilogue = `
Reads postern.yaml, if there is one, and every <dir>/<name>/api.yaml; reports every fault of all of them as
file:line:column, with the field, what was found, what is allowed, and the nearest name for a typo.

Exit codes: 0 no faults (there may be warnings), 1 faults, 2 wrong usage.

Examples:
  postern check            check the APIs under routes/
  postern check apis/chat  check one API
`

export function checkCommand({ io, end }: CommandContext): Command {
  const command = new Command('check')
    .description('Report every fault of every API definition.')
    .argument('[dir]', 'the folder of the API definitions, a folder each (default: routes)')
    .addOption(configOption())
  return command.addHelpText('after', epilogue).action(async (dir: string | undefined) => {
    const file = (command.getOptionValue('config') as string | undefined) ?? (io.env.POSTERN_CONFIG || null)
    const sources = { flags: dir === undefined ? {} : { dir }, env: io.env, file }
    end(await check(sources, { io, load: () => import('../app/check.ts') }))
  })
}

export interface CheckDeps {
  readonly io: Io
  readonly load: () => Promise<{ checkDefinitions: typeof checkDefinitions }>
}

/** Writes faults and warnings to standard output; resolves with 1 when there are faults. */
export async function check(sources: SettingSources, { io, load }: CheckDeps): Promise<number> {
  const { settings, faults: settingFaults } = await readSettingsForCheck(sources)
  const app = await load()
  const faults =
    settings === null ? settingFaults : [...settingFaults, ...(await app.checkDefinitions(settings.dir, settings))]
  if (settings === null || faults.length > 0) {
    reportFaults(faults, io.stdout, io.env)
    return faults.every(({ isWarning }) => isWarning) && settings !== null ? 0 : 1
  }
  io.stdout.write(`${pico.createColors(wantsColours(io.stdout, io.env)).green('no faults')} in ${settings.dir}\n`)
  return 0
}
