import type { AccessKeys } from '../authorizers/iam/access-keys.ts'
import type { Settings } from '../config/settings.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Log } from '../observability/contract.ts'
import type { ReplaceableApiKeys } from '../usage/api-keys.ts'
import type { CallerAuthorization } from './caller-authorizers.ts'
import { accessKeysOf } from './iam-users.ts'
import type { Management } from './management.ts'
import type { SourceGuard } from './source-guard.ts'
import type { TokenAuthorizers } from './token-authorizers.ts'

/** The parts of a running gateway that hold what a reload may change of the settings. */
export interface SettingHolders {
  readonly callers: CallerAuthorization
  readonly management: Pick<Management, 'useTokens' | 'useNetworks'>
  readonly sources: SourceGuard
  readonly accessKeys: AccessKeys
  readonly tokens: TokenAuthorizers
  readonly apiKeys: ReplaceableApiKeys
  readonly gateway: Pick<Gateway, 'endRevoked'>
  readonly log: Log
  readonly now: () => number
}

/**
 * Takes over tokens, networks, credentials, API keys and plans of settings that were read anew, and ends the connections that a
 * key opened which is gone. Resolves when the counts of new quotas are known.
 */
export async function takeOverSettings(fresh: Settings, holders: SettingHolders): Promise<void> {
  const { callers, management, sources, accessKeys, tokens, apiKeys, gateway, log, now } = holders
  callers.useTokens(fresh.connectionsTokens)
  management.useTokens(fresh.managementTokens)
  management.useNetworks(fresh)
  sources.replace(fresh)
  tokens.useSecrets(fresh.jwtSecrets)
  const accessKeyIds = accessKeys.replace(accessKeysOf(fresh))
  const apiKeyIds = apiKeys.replace(fresh.usage)
  if (accessKeyIds.length > 0 || apiKeyIds.length > 0) {
    const closed = gateway.endRevoked()
    log.info({ apiKeyIds, accessKeyIds, closed }, 'keys are gone, and so are the connections that they opened')
  }
  await apiKeys.load(now()).catch(() => log.warn({}, 'what was used of new quotas is not known yet'))
}
