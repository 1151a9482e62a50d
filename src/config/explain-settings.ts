import { valueAt } from 'postern-documents/issues'
import { completeSettings } from './complete-settings.ts'
import { accessKeyVariables } from './credentials.ts'
import { readSecrets } from './read-secrets.ts'
import { gatherSettings, type SettingSources, type SettingsRead } from './read-settings.ts'
import { secretVariables, settingsFileSchema } from './settings.ts'
import { settingsTable } from './settings-table.ts'
import { apiKeyVariables } from './usage-plans.ts'

/** A setting as it is in force, with where it came from. */
export interface ExplainedSetting {
  /** The name, `tls.certificate`, or the variable of a secret. */
  readonly name: string
  /** The value; null when there is none. Of a secret only that there is one. */
  readonly value: unknown
  readonly isSecret: boolean
  readonly origin: 'flag' | 'environment' | 'file' | 'default'
  /** The flag, the variable, or the line of the file, `postern.yaml:3`; null for a default. */
  readonly place: string | null
}

/** Every setting in force, those that have no flag and the secrets included; none where the settings have faults. */
export async function explainSettings(
  sources: SettingSources,
): Promise<Pick<SettingsRead, 'faults'> & { settings: readonly ExplainedSetting[] }> {
  const { given, faults, locate, origins } = await gatherSettings(sources)
  if (given === null || faults.length > 0) return { settings: [], faults }
  const { settings } = completeSettings(given, await readSecrets(given, sources.env))
  const flagged = new Set(settingsTable.map(({ path }) => path[0]))
  const paths = [
    ...settingsTable.map(({ path }) => path),
    ...Object.keys(settingsFileSchema.shape).flatMap((name) => (flagged.has(name) || name === 'tls' ? [] : [[name]])),
  ]
  const explained = paths.map((path): ExplainedSetting => {
    const name = path.join('.')
    const stated = valueAt(given, path)
    // What nobody has stated follows from others: from tokens, or from the region of AWS.
    const value = stated ?? (completed.has(name) ? valueAt(settings, path) : null) ?? null
    const at = origins.get(name)
    if (at !== undefined)
      return { name, value, isSecret: false, origin: at.startsWith('--') ? 'flag' : 'environment', place: at }
    const fault = origins.inFile(path) ? locate({ path }) : null
    if (fault === null) return { name, value, isSecret: false, origin: 'default', place: null }
    return { name, value, isSecret: false, origin: 'file', place: `${fault.file}:${fault.line}` }
  })
  const named = [...accessKeyVariables(given.credentials), ...apiKeyVariables(given)]
  return { settings: [...explained, ...secretsOf(sources.env, named)], faults }
}

/** Settings that other settings and secrets give a value to. */
const completed = new Set(['connectionsAuthorization', 'managementAuthorization', 'lambda.region'])

const awsVariables = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']

function secretsOf(env: SettingSources['env'], named: readonly string[]): ExplainedSetting[] {
  return [...new Set([...Object.keys(secretVariables), ...awsVariables, ...named])]
    .filter((name) => env[name])
    .map((name) => ({ name, value: null, isSecret: true, origin: 'environment', place: name }))
}
