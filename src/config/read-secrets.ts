import { access, readFile } from 'node:fs/promises'
import type { Finding } from './faults.ts'
import type { AwsCredentials, GivenSettings } from './settings.ts'
import { splitList } from './settings-table.ts'
import { readProblem } from './yaml-source.ts'

/** What only the environment and files of their own may hold. */
export interface Secrets {
  readonly connectionsTokens: readonly string[]
  readonly managementTokens: readonly string[]
  readonly tlsPassphrase: string | null
  readonly aws: { readonly region: string | null; readonly credentials: AwsCredentials | null }
  /** Files that could not be read. */
  readonly findings: readonly Finding[]
}

/** Reads tokens, passphrases and keys from where they may stand. Never rejects; the findings hold no secret. */
export async function readSecrets(
  given: GivenSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Secrets> {
  const connections = await readTokens(given.connectionsTokensFile, 'connectionsTokensFile')
  const management = await readTokens(given.managementTokensFile, 'managementTokensFile')
  const tlsFindings = given.tls === undefined ? [] : await unreadable(given.tls)
  const accessKeyId = env.AWS_ACCESS_KEY_ID ?? ''
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY ?? ''
  const sessionToken = env.AWS_SESSION_TOKEN || null
  const hasKeys = accessKeyId !== '' && secretAccessKey !== ''
  return {
    connectionsTokens: [...splitList(env.POSTERN_CONNECTIONS_TOKENS ?? ''), ...connections.tokens],
    managementTokens: [...splitList(env.POSTERN_MANAGEMENT_TOKENS ?? ''), ...management.tokens],
    tlsPassphrase: env.POSTERN_TLS_PASSPHRASE || null,
    aws: {
      region: env.AWS_REGION || env.AWS_DEFAULT_REGION || null,
      credentials: hasKeys ? { accessKeyId, secretAccessKey, sessionToken } : null,
    },
    findings: [...connections.findings, ...management.findings, ...tlsFindings],
  }
}

async function readTokens(file: string | undefined, name: string): Promise<{ tokens: string[]; findings: Finding[] }> {
  if (file === undefined) return { tokens: [], findings: [] }
  try {
    const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim())
    const tokens = lines.filter((line) => line !== '')
    if (tokens.length > 0) return { tokens, findings: [] }
    return { tokens, findings: [{ path: [name], found: 'an empty file', allowed: 'tokens, one a line' }] }
  } catch (error) {
    return { tokens: [], findings: [{ path: [name], problem: `${file}: ${readProblem(error)}` }] }
  }
}

async function unreadable(tls: NonNullable<GivenSettings['tls']>): Promise<Finding[]> {
  const checks = (['certificate', 'key'] as const).map((name) =>
    access(tls[name]).then(
      () => [],
      (error: unknown) => [{ path: ['tls', name], problem: `${tls[name]}: ${readProblem(error)}` }],
    ),
  )
  return (await Promise.all(checks)).flat()
}
