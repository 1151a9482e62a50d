import { type Command, Option } from 'commander'
import type { SettingSources } from '../config/read-settings.ts'
import { type SettingRow, settingsTable } from '../config/settings-table.ts'
import type { Io } from './io.ts'

/** The settings that have an option: all but `dir`, which is the argument of the command. */
const rows = settingsTable.filter((row) => row.name !== 'dir')

/** Gives a command an option for every setting, under the headings of the settings table. */
export function addSettingOptions(command: Command): void {
  for (const row of rows) command.addOption(optionOf(row))
}

function optionOf(row: SettingRow): Option {
  const short = row.short === null ? '' : `-${row.short}, `
  const name = row.default === true ? `no-${row.flag}` : row.flag
  const description =
    row.default === true ? `Do not ${row.description[0]?.toLowerCase()}${row.description.slice(1)}` : row.description
  const option = new Option(
    `${short}--${name}${row.value === null ? '' : ` <${row.value}>`}`,
    describe(row, description),
  )
  return option.helpGroup(`${row.group}:`)
}

/**
 * The description of a setting with its default, which the schema holds, so that commander can't make it look as if it
 * was given.
 */
function describe(row: SettingRow, description: string): string {
  const given = row.default
  if (given === undefined || typeof given === 'boolean' || (Array.isArray(given) && given.length === 0))
    return description
  return `${description} (default: ${String(given)})`
}

/** The settings that were given on the command line, by their names. */
function givenSettings(command: Command): Record<string, string | boolean> {
  const given: Record<string, string | boolean> = {}
  for (const row of rows) {
    const key = optionOf(row).attributeName()
    if (command.getOptionValueSource(key) === 'cli') given[row.name] = command.getOptionValue(key)
  }
  return given
}

export const configOption = () =>
  new Option('-c, --config <file>', 'Settings file. (default: postern.yaml, if there is one)').helpGroup('Serving:')

/** The sources of the settings of a command that has the options: what was given with it, the environment, the file. */
export function settingSources(command: Command, dir: string | undefined, { env }: Pick<Io, 'env'>): SettingSources {
  const given = givenSettings(command)
  const file = (command.getOptionValue('config') as string | undefined) ?? (env.POSTERN_CONFIG || null)
  return { flags: dir === undefined ? given : { ...given, dir }, env, file }
}
