import type { AuthorizerType } from '../authorizers/contract.ts'
import type { AccessKeys } from '../authorizers/iam/access-keys.ts'
import { createIamAuthorizerType } from '../authorizers/iam/iam-clients.ts'
import type { Settings } from '../config/settings.ts'

export interface AuthorizerParts {
  readonly settings: Pick<Settings, 'credentials'>
  /** The access keys in force, whoever replaces them. */
  readonly accessKeys: AccessKeys
  readonly now: () => number
}

/** The box of authorizers of clients: every kind, with what it needs to run. */
export function createAuthorizerTypes({ settings, accessKeys, now }: AuthorizerParts): readonly AuthorizerType[] {
  const { credentials } = settings
  return [createIamAuthorizerType(credentials === null ? null : { ...credentials, keys: accessKeys, now })]
}
