import type { AuthorizerType } from '../authorizers/contract.ts'
import type { AccessKeys } from '../authorizers/iam/access-keys.ts'
import { createIamAuthorizerType } from '../authorizers/iam/iam-clients.ts'
import type { DeciderParts } from '../authorizers/lambda/deciders.ts'
import { createLambdaAuthorizerType } from '../authorizers/lambda/lambda-authorizer.ts'
import type { Settings } from '../config/settings.ts'

/** The account of ARNs where no settings name one. */
const noAccount = '000000000000'

export interface AuthorizerParts {
  readonly settings: Pick<Settings, 'credentials' | 'lambda'>
  /** The access keys in force, whoever replaces them. */
  readonly accessKeys: AccessKeys
  /** The functions and backends that can be asked. */
  readonly callees: DeciderParts
  readonly now: () => number
  /** The types that judge tokens, with the keys that they share. */
  readonly tokenTypes: readonly AuthorizerType[]
}

/** The box of authorizers of clients: every kind, with what it needs to run. */
export function createAuthorizerTypes(parts: AuthorizerParts): readonly AuthorizerType[] {
  const { settings, accessKeys, callees, now, tokenTypes } = parts
  const { credentials, lambda } = settings
  const accountId = credentials?.accountId ?? noAccount
  const region = credentials?.region ?? lambda.region
  return [
    createIamAuthorizerType(credentials === null ? null : { ...credentials, keys: accessKeys, now }),
    createLambdaAuthorizerType({ ...callees, region, accountId, now }),
    ...tokenTypes,
  ]
}
