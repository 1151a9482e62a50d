import { access } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { createFault, type Fault, type FaultPath, type Finding, sortFaults } from 'postern-documents/faults'
import { parseWith, valueAt } from 'postern-documents/issues'
import { nearestName } from 'postern-documents/nearest-name'
import { readYamlFile, type YamlSource } from 'postern-documents/yaml-source'
import { checkAgreement, completeSettings } from './complete-settings.ts'
import { accessKeyVariables, type GivenCredentials } from './credentials.ts'
import { readSecrets, splitRedisPassword } from './read-secrets.ts'
import { type GivenSettings, type Settings, secretVariables, settingsFileSchema } from './settings.ts'
import { fromText, type SettingRow, settingsTable } from './settings-table.ts'
import { apiKeyVariables } from './usage-plans.ts'

export interface SettingSources {
  /** The settings that the command line gives, by their names: `tls.certificate`. */
  readonly flags: Readonly<Record<string, string | boolean>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The settings file, which must be there; null for `postern.yaml` in the working directory, which may be missing. */
  readonly file: string | null
}

export interface SettingsRead {
  /** The settings; null when there are faults. */
  readonly settings: Settings | null
  readonly faults: readonly Fault[]
  /** Puts what another room finds wrong with a setting in its place: the flag, the variable, or the line of the file. */
  readonly locate: LocateSetting
}

export type LocateSetting = (finding: Finding) => Fault

const defaultFile = 'postern.yaml'

/**
 * Reads settings from flags, else POSTERN_* variables, else the file, else defaults; every fault at once. Never
 * rejects.
 */
export async function readSettings(sources: SettingSources): Promise<SettingsRead> {
  const read = await gatherSettings(sources)
  const { given, locate } = read
  if (given === null) return { settings: null, faults: read.faults, locate }
  const { settings, findings } = completeSettings(given, await readSecrets(given, sources.env))
  const faults = sortFaults([...read.faults, ...findings.map(locate)])
  return { settings: faults.length === 0 ? settings : null, faults, locate }
}

/**
 * Reads settings for `postern check`, which listens nowhere: only what is wrong in the file, flags and variables
 * themselves is a fault. Tokens that only the real place of work has are not missed. Null when nothing can be read at
 * all.
 */
export async function readSettingsForCheck(sources: SettingSources): Promise<SettingsRead> {
  const { given, faults, locate } = await gatherSettings(sources)
  if (given === null) return { settings: null, faults, locate }
  const { settings } = completeSettings(given, await readSecrets(given, sources.env))
  return { settings, faults: sortFaults([...faults, ...checkAgreement(given).map(locate)]), locate }
}

export interface GatheredSettings {
  /** The settings that were given, with defaults; null when they can't be read at all. */
  readonly given: GivenSettings | null
  readonly faults: readonly Fault[]
  readonly locate: LocateSetting
  readonly origins: SettingOrigins
}

/** The places that values came from. */
export interface SettingOrigins {
  /** The flag, `--port`, or the variable that gave a setting; undefined for one from the file, or from nowhere. */
  get(name: string): string | undefined
  /** Whether the file has a value for it. */
  inFile(path: FaultPath): boolean
}

/** Reads what file, environment and command line say together, without the secrets. Never rejects. */
export async function gatherSettings({ flags, env, file }: SettingSources): Promise<GatheredSettings> {
  const { source, faults } = await readFileIfThere(file)
  const values = source?.value ?? {}
  const origins = new Map<string, string>()
  const merged = typeof values === 'object' && !Array.isArray(values) ? structuredClone(values) : values
  if (typeof merged === 'object') for (const row of settingsTable) merge(merged, row, flags, env, origins)
  const parsed = parseWith(settingsFileSchema, merged)
  const locate = (finding: Finding) => place(finding, origins, source)
  const named = [...accessKeyVariables(parsed.data?.credentials), ...apiKeyVariables(parsed.data)]
  const unknown = unknownVariables(env, named)
  const all = [...faults, ...unknown, ...parsed.findings.map(locate)]
  const given = parsed.data === null || source === null ? parsed.data : withPaths(parsed.data, source, origins)
  const inFile = (path: FaultPath) => valueAt(values, path) !== undefined
  return { given, faults: sortFaults(all), locate, origins: { get: (name) => origins.get(name), inFile } }
}

async function readFileIfThere(file: string | null): Promise<{ source: YamlSource | null; faults: readonly Fault[] }> {
  if (file === null && !(await exists(defaultFile))) return { source: null, faults: [] }
  return readYamlFile(file ?? defaultFile)
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/** Puts what the command line or the environment says over what the file says, and notes where it came from. */
function merge(
  root: object,
  row: SettingRow,
  flags: SettingSources['flags'],
  env: SettingSources['env'],
  origins: Map<string, string>,
): void {
  const flag = Object.hasOwn(flags, row.name) ? flags[row.name] : undefined
  const variable = env[row.variable]
  const isSet = variable !== undefined && variable !== '' && !isServiceLink(row.variable, variable)
  const text = flag ?? (isSet ? withoutSecret(row, variable) : undefined)
  if (text === undefined) return
  origins.set(row.name, flag !== undefined ? `--${row.flag}` : row.variable)
  let parent = root as Record<string, unknown>
  for (const name of row.path.slice(0, -1)) {
    if (typeof parent[name] !== 'object' || parent[name] === null) parent[name] = {}
    parent = parent[name] as Record<string, unknown>
  }
  parent[row.path.at(-1) as string] = typeof text === 'string' ? fromText(row, text) : text
}

/**
 * The text of a setting without a password: platforms give the URL of a Redis with its password inside, and
 * `readSecrets` finds it there.
 */
function withoutSecret(row: SettingRow, text: string): string {
  return row.name === 'redis' ? splitRedisPassword(text).url : text
}

/** Whether a variable is one that Kubernetes gives to every container for a service that is called `postern`. */
function isServiceLink(name: string, value: string): boolean {
  return /^POSTERN_(SERVICE_|PORT_\d+_)/.test(name) || (name === 'POSTERN_PORT' && /^(tcp|udp|sctp):\/\//.test(value))
}

/** Variables that `postern workers` and `postern connections` read: one environment may serve them and the gateway. */
const clientVariables = new Set(['POSTERN_MANAGEMENT_TOKEN', 'POSTERN_MANAGEMENT_URL'])

function unknownVariables(env: SettingSources['env'], named: readonly string[]): Fault[] {
  const known = [
    ...settingsTable.map((row) => row.variable),
    ...Object.keys(secretVariables),
    'POSTERN_CONFIG',
    ...named,
  ]
  return Object.keys(env)
    .filter((name) => name.startsWith('POSTERN_') && !known.includes(name) && !clientVariables.has(name))
    .filter((name) => !isServiceLink(name, env[name] ?? ''))
    .map((name) => {
      const suggestion = nearestName(name, known) ?? undefined
      return createFault({ file: name }, { path: [], problem: 'no such setting', suggestion })
    })
}

function place(finding: Finding, origins: ReadonlyMap<string, string>, source: YamlSource | null): Fault {
  for (let length = finding.path.length; length > 0; length--) {
    const origin = origins.get(finding.path.slice(0, length).join('.'))
    if (origin !== undefined) return createFault({ file: origin }, { ...finding, path: [] })
  }
  return source?.locate(finding) ?? createFault({ file: 'settings' }, finding)
}

/** The settings with the paths in the file, which are relative to the file, as seen from the working directory. */
function withPaths(given: GivenSettings, source: YamlSource, origins: ReadonlyMap<string, string>): GivenSettings {
  const from = (name: string, path: string) => {
    const stoodInFile = !origins.has(name) && valueAt(source.value, name.split('.')) !== undefined
    return stoodInFile && !isAbsolute(path) ? join(dirname(source.file), path) : path
  }
  const { tls, credentials, connectionsTokensFile, managementTokensFile, redisPasswordFile, redisCaFile } = given
  const { jwtSecretsFile, usageFile, revocationsFile } = given
  return {
    ...given,
    dir: from('dir', given.dir),
    tls: tls && {
      certificate: from('tls.certificate', tls.certificate),
      key: from('tls.key', tls.key),
      ...(tls.clientCa !== undefined && { clientCa: from('tls.clientCa', tls.clientCa) }),
    },
    domains: domainsWithPaths(given.domains, dirname(source.file)),
    credentials: credentials && credentialsWithPaths(credentials, dirname(source.file)),
    apiKeys: keysWithPaths(given.apiKeys, dirname(source.file)),
    connectionsTokensFile: connectionsTokensFile && from('connectionsTokensFile', connectionsTokensFile),
    managementTokensFile: managementTokensFile && from('managementTokensFile', managementTokensFile),
    jwtSecretsFile: jwtSecretsFile && from('jwtSecretsFile', jwtSecretsFile),
    usageFile: usageFile && from('usageFile', usageFile),
    revocationsFile: revocationsFile && from('revocationsFile', revocationsFile),
    redisPasswordFile: redisPasswordFile && from('redisPasswordFile', redisPasswordFile),
    redisCaFile: redisCaFile && from('redisCaFile', redisCaFile),
  }
}

/** The credentials, which nothing but the file gives, with their paths as seen from the working directory. */
function credentialsWithPaths(credentials: GivenCredentials, folder: string): GivenCredentials {
  const from = (path: string) => (isAbsolute(path) ? path : join(folder, path))
  const principals = credentials.principals.map((principal) => ({
    ...principal,
    accessKeys: principal.accessKeys.map(({ secretAccessKeyFile, sessionTokenFile, ...key }) => ({
      ...key,
      ...(secretAccessKeyFile !== undefined && { secretAccessKeyFile: from(secretAccessKeyFile) }),
      ...(sessionTokenFile !== undefined && { sessionTokenFile: from(sessionTokenFile) }),
    })),
  }))
  return { ...credentials, principals }
}

/** The domains, which nothing but the file gives. */
function domainsWithPaths(domains: GivenSettings['domains'], folder: string): GivenSettings['domains'] {
  const from = (path: string) => (isAbsolute(path) ? path : join(folder, path))
  return domains.map(({ tls, mutualTlsAuthentication: mutual, ...domain }) => ({
    ...domain,
    ...(tls !== undefined && { tls: { certificate: from(tls.certificate), key: from(tls.key) } }),
    ...(mutual !== undefined && {
      mutualTlsAuthentication: { ...mutual, truststoreUri: from(mutual.truststoreUri) },
    }),
  }))
}

function keysWithPaths(apiKeys: GivenSettings['apiKeys'], folder: string): GivenSettings['apiKeys'] {
  return apiKeys.map((key) => {
    const { valueFile: path } = key
    return path === undefined || isAbsolute(path) ? key : { ...key, valueFile: join(folder, path) }
  })
}
