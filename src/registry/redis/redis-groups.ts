import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import { userIdOf } from '../../vocabulary/connection-user.ts'
import type { Groups } from '../group-contract.ts'
import { createAudienceHash } from './audience-hash.ts'
import { type AudienceOwnersOptions, createAudienceOwners } from './audience-owners.ts'
import { type AudienceSurveyOptions, createAudienceSurvey } from './audience-survey.ts'
import { createFleetGroups, type FleetGroupsOptions } from './fleet-groups.ts'
import { createGroupDirectory, type GroupDirectory, type GroupDirectoryOptions } from './group-directory.ts'

export interface RedisGroupsOptions
  extends Omit<FleetGroupsOptions, 'directory' | 'owners' | 'survey'>,
    Omit<GroupDirectoryOptions, 'hashOf' | 'failed'>,
    Omit<AudienceOwnersOptions, 'hashOf' | 'failed' | 'found'>,
    Omit<AudienceSurveyOptions, 'owners'> {
  /** Called when a write failed. */
  readonly disturbed: (error: Error) => void
  /** Called when Redis failed otherwise. */
  readonly unquiet: (error: Error) => void
}

/** The groups of a fleet whose workers share a Redis, with this worker's entries there. */
export interface RedisGroups {
  readonly groups: Groups
  readonly directory: GroupDirectory
  /** The entry of a connection's user: null when others can find it, as `GroupDirectory.stored`. */
  userStored(record: ConnectionRecord): Promise<boolean> | null
}

export function createRedisGroups(options: RedisGroupsOptions): RedisGroups {
  const hashOf = createAudienceHash()
  const directory = createGroupDirectory({ ...options, hashOf, failed: options.disturbed })
  const owners = createAudienceOwners({ ...options, hashOf, failed: options.unquiet, found: directory.found })
  const survey = createAudienceSurvey({ ...options, owners })

  return {
    groups: createFleetGroups({ ...options, directory, owners, survey }),
    directory,
    userStored(record) {
      const name = userIdOf(record)
      const { apiId, stage } = record
      return name === null ? null : directory.stored({ apiId, stage, kind: 'user', name })
    },
  }
}
