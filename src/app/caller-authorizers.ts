import { createTokenVerifier } from '../authorizers/bearer-tokens.ts'
import type { CallerAuthorizer } from '../authorizers/contract.ts'
import type { Settings } from '../config/settings.ts'

/** The judgement of the callers of `@connections`, for one value of `connectionsAuthorization`. */
export interface CallerAuthorization {
  /** The authorizer; null when nobody is asked. */
  readonly authorizer: CallerAuthorizer | null
  /** Takes over what a reload may change, with the next call. */
  reload(settings: CallerSettings): void
}

export type CallerSettings = Pick<Settings, 'connectionsAuthorization' | 'connectionsTokens'>

/** The box of authorizers: every value of `connectionsAuthorization`, a line each. */
const kinds: Readonly<Record<Settings['connectionsAuthorization'], (settings: CallerSettings) => CallerAuthorization>> =
  {
    NONE: () => ({ authorizer: null, reload() {} }),
    TOKEN: tokenAuthorization,
  }

/** The authorization that the settings ask for. */
export function createCallerAuthorization(settings: CallerSettings): CallerAuthorization {
  return kinds[settings.connectionsAuthorization](settings)
}

function tokenAuthorization({ connectionsTokens }: CallerSettings): CallerAuthorization {
  const tokens = createTokenVerifier(connectionsTokens)
  return { authorizer: tokens, reload: (settings) => tokens.replace(settings.connectionsTokens) }
}
