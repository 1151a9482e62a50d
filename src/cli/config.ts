import { Command } from 'commander'
import { reportFaults } from 'postern-documents/fault-report'
import { type ExplainedSetting, explainSettings } from '../config/explain-settings.ts'
import type { CommandContext } from './command.ts'
import { plainTable } from './plain-table.ts'
import { addSettingOptions, configOption, settingSources } from './setting-options.ts'

const epilogue = `
Takes the options of postern start, and prints every setting as that command would have it with them: its value, and
whether it came from a flag, the environment, a line of the file, or is the default. Secrets are not shown, only that
there is one.

Exit codes: 0 done, 1 the settings have faults, 2 wrong usage.

Examples:
  postern config                               show what is in force here
  postern config --json | jq -r 'select(.origin != "default") | .name'
`

/** The command that prints the settings in force. */
export function configCommand({ io, end }: CommandContext): Command {
  const command = new Command('config')
    .description('Show the settings in force, and where each came from.')
    .argument('[dir]', 'the folder of the API definitions, as for start (default: routes)')
    .option('--json', 'a JSON object a line')
    .addOption(configOption())
  addSettingOptions(command)
  return command
    .addHelpText('after', epilogue)
    .action(async (dir: string | undefined, { json }: { json?: boolean }) => {
      const { settings, faults } = await explainSettings(settingSources(command, dir, io))
      if (faults.length > 0) {
        reportFaults(faults, io.stderr, io.env)
        end(1)
      } else if (json) for (const setting of settings) io.stdout.write(`${JSON.stringify(setting)}\n`)
      else io.stdout.write(plainTable(['SETTING', 'VALUE', 'FROM'], settings.map(rowOf)))
    })
}

function rowOf({ name, value, isSecret, origin, place }: ExplainedSetting): string[] {
  return [name, isSecret ? '(secret)' : textOf(value), place ?? origin]
}

function textOf(value: unknown): string {
  if (value === null) return '-'
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}
