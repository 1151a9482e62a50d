import { readFile } from 'node:fs/promises'
import { awsOfEnvironment } from '../config/aws-environment.ts'
import { createSigner } from '../vocabulary/sigv4-sign.ts'
import type { Io } from './io.ts'
import { type ManagementAccess, ManagementFailure } from './management-client.ts'

/** The region of a gateway that names none. */
const defaultRegion = 'us-east-1'

export interface AccessGiven {
  readonly tokenFile?: string
  readonly sign?: boolean
}

/**
 * Shows what lets a command in at the management port: a token, or a signature by the access key of the environment
 * where it is asked for. Rejects with a `ManagementFailure`.
 */
export async function managementAccess(
  { tokenFile, sign }: AccessGiven,
  { env }: Pick<Io, 'env'>,
): Promise<ManagementAccess> {
  if (tokenFile !== undefined) return tokenAccess(await readToken(tokenFile))
  if (sign === true || env.POSTERN_MANAGEMENT_AUTHORIZATION === 'AWS_IAM') return signedAccess(env)
  return tokenAccess(env.POSTERN_MANAGEMENT_TOKEN || null)
}

function tokenAccess(token: string | null): ManagementAccess {
  const headers: [string, string][] = token === null ? [] : [['authorization', `Bearer ${token}`]]
  return { kind: token === null ? 'none' : 'token', headersFor: () => headers }
}

function signedAccess(env: Io['env']): ManagementAccess {
  const { credentials, region } = awsOfEnvironment(env)
  if (credentials === null) {
    throw new ManagementFailure('there is no access key to sign with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  }
  const signer = createSigner({
    ...{ credentials, region: region ?? defaultRegion, service: 'apigateway', now: Date.now },
  })
  return {
    kind: 'signature',
    headersFor: ({ method, url, body }) =>
      signer({
        ...{ method, path: url.pathname, query: url.search.slice(1), headers: [['host', url.host]], body: body ?? '' },
      }),
  }
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ManagementFailure(
      `the token file can't be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
  const token = text.split('\n').find((line) => line.trim() !== '' && !line.trim().startsWith('#'))
  if (token === undefined) throw new ManagementFailure(`there is no token in ${file}`)
  return token.trim()
}
