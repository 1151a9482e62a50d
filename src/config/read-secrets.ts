import { access, readFile } from 'node:fs/promises'
import type { FaultPath, Finding } from 'postern-documents/faults'
import { readProblem } from 'postern-documents/yaml-source'
import type { AwsCredentials } from '../vocabulary/aws-credentials.ts'
import { awsOfEnvironment } from './aws-environment.ts'
import { type AccessKeySecrets, readAccessKeySecrets } from './credentials.ts'
import type { GivenSettings, NamedSecret } from './settings.ts'
import { splitList } from './settings-table.ts'
import { type ApiKeyValues, readApiKeyValues } from './usage-plans.ts'

/** The secrets, which only the environment and files of their own may hold. */
export interface Secrets {
  readonly connectionsTokens: readonly string[]
  readonly managementTokens: readonly string[]
  readonly accessKeys: AccessKeySecrets
  readonly apiKeys: ApiKeyValues
  readonly jwtSecrets: readonly NamedSecret[]
  readonly tlsPassphrase: string | null
  readonly redisPassword: string | null
  readonly redisSentinelPassword: string | null
  readonly aws: { readonly region: string | null; readonly credentials: AwsCredentials | null }
  /** Faults of files that could not be read. */
  readonly findings: readonly Finding[]
}

/** Reads tokens, passphrases and keys from where they may stand. Never rejects; the findings hold no secret. */
export async function readSecrets(
  given: GivenSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Secrets> {
  const connections = await readTokens(given.connectionsTokensFile, 'connectionsTokensFile')
  const management = await readTokens(given.managementTokensFile, 'managementTokensFile')
  const jwtFile = await readTokens(given.jwtSecretsFile, 'jwtSecretsFile', 'name=secret, one a line')
  const jwt = readNamedSecrets([...splitList(env.POSTERN_JWT_SECRETS ?? ''), ...jwtFile.tokens])
  const tlsFindings = [
    ...(given.tls === undefined ? [] : await unreadable(given.tls)),
    ...(await unreadableOfDomains(given.domains)),
  ]
  const redis = await readTokens(given.redisPasswordFile, 'redisPasswordFile', 'a password')
  const redisFindings = given.redisCaFile === undefined ? [] : await unreadableFile(['redisCaFile'], given.redisCaFile)
  const accessKeys = await readAccessKeySecrets(given.credentials, env)
  const apiKeys = await readApiKeyValues(given, env)
  return {
    connectionsTokens: [...splitList(env.POSTERN_CONNECTIONS_TOKENS ?? ''), ...connections.tokens],
    managementTokens: [...splitList(env.POSTERN_MANAGEMENT_TOKENS ?? ''), ...management.tokens],
    accessKeys,
    apiKeys,
    jwtSecrets: jwt.secrets,
    tlsPassphrase: env.POSTERN_TLS_PASSPHRASE || null,
    redisPassword:
      redis.tokens[0] ?? (env.POSTERN_REDIS_PASSWORD || splitRedisPassword(env.POSTERN_REDIS ?? '').password),
    redisSentinelPassword: env.POSTERN_REDIS_SENTINEL_PASSWORD || null,
    aws: awsOfEnvironment(env),
    findings: [
      ...[
        ...connections.findings,
        ...management.findings,
        ...accessKeys.findings,
        ...apiKeys.findings,
        ...jwtFile.findings,
        ...jwt.findings,
      ],
      ...[...tlsFindings, ...redis.findings, ...redisFindings],
    ],
  }
}

/** Takes the password, between the colon and the @ of one of several URLs, out of the text. */
export function splitRedisPassword(text: string): { url: string; password: string | null } {
  const [, password = ''] = /^[a-z+]+:\/\/[^@/:]*:([^@/]*)@/.exec(text.trim()) ?? []
  const url = text.replace(/(^|,\s*)([a-z+]+:\/\/[^@/:,]*):[^@/]*@/g, '$1$2@')
  try {
    return { url, password: decodeURIComponent(password) || null }
  } catch {
    return { url, password }
  }
}

/** The bytes that a secret has at least, those of the hash of HS256 (RFC 7518 §3.2). */
const minSecretBytes = 32

function readNamedSecrets(entries: readonly string[]): { secrets: NamedSecret[]; findings: Finding[] } {
  const secrets: NamedSecret[] = []
  const findings: Finding[] = []
  const path = ['jwtSecretsFile']
  for (const entry of entries) {
    const [, name, secret] = /^([\w-]{1,64})=(.+)$/.exec(entry) ?? []
    if (name === undefined || secret === undefined) {
      findings.push({
        path,
        problem: 'a secret from POSTERN_JWT_SECRETS or jwtSecretsFile has no name',
        allowed: 'name=secret',
      })
    } else if (Buffer.byteLength(secret) < minSecretBytes) {
      const problem = `the secret ${name} from POSTERN_JWT_SECRETS or jwtSecretsFile can be guessed`
      findings.push({ path, problem, allowed: `at least ${minSecretBytes} bytes` })
    } else secrets.push({ name, secret })
  }
  return { secrets, findings }
}

async function readTokens(
  file: string | undefined,
  name: string,
  allowed = 'tokens, one a line',
): Promise<{ tokens: string[]; findings: Finding[] }> {
  if (file === undefined) return { tokens: [], findings: [] }
  try {
    const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim())
    const tokens = lines.filter((line) => line !== '')
    if (tokens.length > 0) return { tokens, findings: [] }
    return { tokens, findings: [{ path: [name], found: 'an empty file', allowed }] }
  } catch (error) {
    return { tokens: [], findings: [{ path: [name], problem: `${file}: ${readProblem(error)}` }] }
  }
}

async function unreadable(tls: NonNullable<GivenSettings['tls']>): Promise<Finding[]> {
  const checks = (['certificate', 'key', 'clientCa'] as const).map((name) => {
    const file = tls[name]
    return file === undefined ? [] : unreadableFile(['tls', name], file)
  })
  return (await Promise.all(checks)).flat()
}

async function unreadableOfDomains(domains: GivenSettings['domains']): Promise<Finding[]> {
  const checks = domains.flatMap(({ tls, mutualTlsAuthentication: mutual }, index) => {
    const path = ['domains', index]
    return [
      ...(tls === undefined ? [] : [unreadableFile([...path, 'tls', 'certificate'], tls.certificate)]),
      ...(tls === undefined ? [] : [unreadableFile([...path, 'tls', 'key'], tls.key)]),
      ...(mutual === undefined
        ? []
        : [unreadableFile([...path, 'mutualTlsAuthentication', 'truststoreUri'], mutual.truststoreUri)]),
    ]
  })
  return (await Promise.all(checks)).flat()
}

function unreadableFile(path: FaultPath, file: string): Promise<Finding[]> {
  return access(file).then(
    () => [],
    (error: unknown) => [{ path, problem: `${file}: ${readProblem(error)}` }],
  )
}
