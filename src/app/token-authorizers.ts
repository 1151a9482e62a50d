import { stepBudget } from 'postern-documents/regex/budget'
import { compileWhole } from 'postern-documents/regex/regex'
import type { AuthorizerType } from '../authorizers/contract.ts'
import type { GuardType } from '../authorizers/guard-contract.ts'
import { createJwtAuthorizerTypes } from '../authorizers/jwt/jwt-authorizer.ts'
import { createJwtGuardType } from '../authorizers/jwt/jwt-guard.ts'
import { createKeySources } from '../authorizers/jwt/key-sources.ts'
import type { Settings } from '../config/settings.ts'
import type { Log } from '../observability/contract.ts'

export type TokenSettings = Pick<Settings, 'jwtTrustedOrigins' | 'jwtSecrets'>

/** The authorizers of clients that judge tokens, and the keys that they share. */
export interface TokenAuthorizers {
  readonly types: readonly AuthorizerType[]
  /** The one that judges the tokens of requests for routes of HTTP APIs. */
  readonly guardType: GuardType
  /** Takes over the secrets of settings that were read anew. */
  useSecrets(secrets: Settings['jwtSecrets']): void
  /** Safe to call twice. */
  close(): void
}

export function createTokenAuthorizers({ settings, log }: { settings: TokenSettings; log: Log }): TokenAuthorizers {
  const rules = { trustedOrigins: settings.jwtTrustedOrigins }
  const sources = createKeySources({ rules, log, secrets: settings.jwtSecrets })
  return {
    guardType: createJwtGuardType({ sources, rules, now: Date.now }),
    types: createJwtAuthorizerTypes({ sources, rules, now: Date.now, compilePattern }),
    useSecrets: sources.useSecrets,
    close: sources.close,
  }
}

/** Steps that one text may take: it is as short as an audience is. */
const maxPatternSteps = 100_000

function compilePattern(pattern: string): (text: string) => boolean {
  const fits = compileWhole(pattern)
  const tooLong = () => new Error('the pattern takes too long')
  return (text) => fits(text, stepBudget(maxPatternSteps, tooLong))
}
