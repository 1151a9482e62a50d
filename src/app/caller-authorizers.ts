import { createTokenVerifier } from '../authorizers/bearer-tokens.ts'
import type { PromptCallerAuthorizer, RequestClient } from '../authorizers/contract.ts'
import type { AccessKeys } from '../authorizers/iam/access-keys.ts'
import { createIamCallers } from '../authorizers/iam/iam-callers.ts'
import type { Settings } from '../config/settings.ts'
import type { TransportRequest } from '../transport/contract.ts'

/** The judgement of callers, for one value of `connectionsAuthorization` or `managementAuthorization`. */
export interface CallerAuthorization {
  /** The authorizer; null when nobody is asked. */
  readonly authorizer: PromptCallerAuthorizer | null
  /** Puts other tokens in place of all; takes effect with the next call. */
  useTokens(tokens: readonly string[]): void
}

export interface CallerParts {
  readonly tokens: readonly string[]
  readonly credentials: Settings['credentials']
  /** The access keys in force, whoever replaces them. */
  readonly accessKeys: AccessKeys
  readonly clientAddress: (request: TransportRequest) => RequestClient
  readonly now: () => number
}

/** The box of authorizers: every value of `connectionsAuthorization` and `managementAuthorization`, a line each. */
const kinds: Readonly<Record<Settings['connectionsAuthorization'], (parts: CallerParts) => CallerAuthorization>> = {
  NONE: () => ({ authorizer: null, useTokens() {} }),
  TOKEN: tokenAuthorization,
  AWS_IAM: iamAuthorization,
}

/** The authorization that the settings ask for. */
export function createCallerAuthorization(
  kind: Settings['connectionsAuthorization'],
  parts: CallerParts,
): CallerAuthorization {
  return kinds[kind](parts)
}

function tokenAuthorization({ tokens }: CallerParts): CallerAuthorization {
  const verifier = createTokenVerifier(tokens)
  return { authorizer: verifier, useTokens: verifier.replace }
}

function iamAuthorization({ credentials, accessKeys, clientAddress, now }: CallerParts): CallerAuthorization {
  // `completeSettings` lets no AWS_IAM pass without credentials; with none, no key would be found.
  const { accountId, region } = credentials ?? { accountId: '000000000000', region: 'us-east-1' }
  const authorizer = createIamCallers({ keys: accessKeys, accountId, region, clientAddress, now })
  return { authorizer: authorizer, useTokens() {} }
}
