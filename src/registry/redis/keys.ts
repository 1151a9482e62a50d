import type { Keyspace } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { AudienceHash } from './audience-hash.ts'

/** The keys of one worker. They share a hash tag, so that scripts may touch all of them in a Cluster. */
export interface WorkerKeys {
  /** String, JSON of the worker's name, version and start, and a token; runs out by itself when the worker dies. */
  readonly lease: string
  /**
   * String; there once the worker has been declared dead (`buried` and how many records it had) or has left: its owner
   * id is not used again.
   */
  readonly grave: string
  /**
   * String, the value of the worker's lease; there from its first lease on, and far longer than that lasts. A worker that
   * does not find it knows that Redis has lost its data, and maybe a grave with it.
   */
  readonly entry: string
  /** String; who runs the `$disconnect`s of a dead worker. */
  readonly undertaker: string
  /** Hash: connection id → packed record. A string after the burial, so that Redis refuses what is written late. */
  readonly connections: string
  /** Set of the hashes of the groups and users that have connections on the worker. */
  readonly audiences: string
  /** Channel of sharded pub/sub. */
  readonly inbox: string
}

export interface FleetKeys {
  /** Hash: owner → name of every worker that has been seen and not buried. */
  readonly workers: string
  /** String; the worker that looks for dead ones. */
  readonly sweeper: string
  /** String; there for a lease after a worker has found that Redis lost its data: others may not have come back yet. */
  readonly comingBack: string
  of(owner: OwnerId): WorkerKeys
  /** Set of the owner ids of the workers that hold members of a group, or connections of a user. */
  owners(audience: AudienceHash): string
}

export function fleetKeys({ key, tagged, channel }: Keyspace): FleetKeys {
  return {
    workers: key('workers'),
    sweeper: key('sweeper'),
    comingBack: key('coming-back'),
    owners: (audience) => tagged(`a:${audience}`, 'owners'),
    of(owner) {
      const tag = `w:${owner}`
      return {
        lease: tagged(tag, 'lease'),
        grave: tagged(tag, 'grave'),
        entry: tagged(tag, 'entry'),
        undertaker: tagged(tag, 'undertaker'),
        connections: tagged(tag, 'connections'),
        audiences: tagged(tag, 'audiences'),
        inbox: channel(tag, 'inbox'),
      }
    },
  }
}
