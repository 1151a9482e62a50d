import type { Log } from '../../observability/contract.ts'
import type { RedisClient } from '../../store/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import { userIdOf } from '../../vocabulary/connection-user.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { Groups, LocalGroups } from '../group-contract.ts'
import { createAudienceHash } from './audience-hash.ts'
import { createAudienceOwners } from './audience-owners.ts'
import { createAudienceSurvey } from './audience-survey.ts'
import { createFleetGroups } from './fleet-groups.ts'
import { createGroupDirectory, type GroupDirectory } from './group-directory.ts'
import type { FleetKeys } from './keys.ts'
import type { Peers } from './peers.ts'
import type { Turns } from './turns.ts'

export interface RedisGroupsOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly local: LocalGroups
  readonly peers: Peers
  readonly turns: Turns
  readonly own: () => OwnerId
  readonly isFrozen: () => boolean
  readonly isDead: (owner: OwnerId) => boolean
  readonly trouble: () => string | null
  readonly isRestored: () => boolean
  readonly mayWrite: () => boolean
  readonly log: Log
  readonly now: () => number
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
