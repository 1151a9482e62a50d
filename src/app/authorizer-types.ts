import type { AuthorizerType } from '../authorizers/contract.ts'
import type { AccessKeys } from '../authorizers/iam/access-keys.ts'
import { createIamAuthorizerType } from '../authorizers/iam/iam-clients.ts'
import type { DeciderParts } from '../authorizers/lambda/deciders.ts'
import { createLambdaAuthorizerType } from '../authorizers/lambda/lambda-authorizer.ts'
import { createPolicyJudge } from '../authorizers/policy-access.ts'
import { createPolicyAuthorizerType, obeyingPolicy } from '../authorizers/policy-clients.ts'
import type { Settings } from '../config/settings.ts'
import { policyTerms } from './policy-terms.ts'

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
  const { credentials } = settings
  const terms = policyTerms(settings, now)
  const judge = createPolicyJudge(terms)
  return [
    createPolicyAuthorizerType(judge),
    createIamAuthorizerType(credentials === null ? null : { ...credentials, keys: accessKeys, now }),
    createLambdaAuthorizerType({ ...callees, ...terms }),
    ...tokenTypes.map((type) => obeyingPolicy(type, judge)),
  ]
}
