import { isForeignValue, type RedisClient } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { Audience } from '../group-contract.ts'
import type { AudienceHash } from './audience-hash.ts'
import type { FleetKeys } from './keys.ts'
import { readOwners } from './owners.ts'

export interface AudienceOwnersOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly own: () => OwnerId
  readonly hashOf: (audience: Audience) => AudienceHash
  /** Tells why no other worker can be reached; null while they can. */
  readonly trouble: () => string | null
  /**
   * Whether Redis has been undisturbed for so long that what has to stand in it has been written anew since: what it says
   * of groups is whole.
   */
  readonly isRestored: () => boolean
  /** Whether a worker is known to be dead, without asking. */
  readonly isDead: (owner: OwnerId) => boolean
  /** Called when Redis failed. */
  readonly failed: (error: Error) => void
  /**
   * Called with whether Redis has this worker among the owners of an audience; true when it has lost that, and maybe other
   * owners too.
   */
  readonly found: (audience: Audience, listed: boolean) => boolean
}

/** The other workers that may hold connections of an audience. */
export interface OtherOwners {
  /** Owner ids, rising. */
  readonly owners: readonly OwnerId[]
  /** Number of others that may be missing, since nobody can name them now: as many as there were last, and one at least. */
  readonly unnamed: number
}

/** Reads in Redis which workers hold connections of an audience. */
export interface AudienceOwners {
  /**
   * Reads the owners at the end of this turn, so that those who ask within it share one command, and what was stored
   * before is seen. Where Redis was disturbed lately, or everyone is meant, gives all other workers. Never rejects.
   */
  read(audience: Audience): Promise<OtherOwners>
  /** Has a worker taken away that has been found dead. */
  strike(audience: Audience, owner: OwnerId): void
}

/** Owners that are read at most: a fleet has fewer workers; what is beyond was written by somebody else. */
const maxOwners = 10_000
/** Audiences of which it is remembered how many owners they had. */
const maxRemembered = 10_000

export function createAudienceOwners(options: AudienceOwnersOptions): AudienceOwners {
  const { redis, keys, own, hashOf, trouble, isRestored, isDead, failed, found } = options
  const reading = new Map<string, Promise<OtherOwners>>()
  /** Numbers of owners that were found last, by audience; `''` is everyone. */
  const remembered = new Map<string, number>()

  async function everyone(): Promise<OtherOwners> {
    const { owners, incomplete } = await readOwners(redis, keys, own)
    return { owners: owners.filter((owner) => owner !== own() && !isDead(owner)), unnamed: incomplete ? 1 : 0 }
  }

  async function ofAudience(audience: Audience): Promise<OtherOwners> {
    // All members, as long as there are no more than that (Redis documentation, "SRANDMEMBER").
    const reply = await redis.run('SRANDMEMBER', keys.owners(hashOf(audience)), maxOwners).catch((error: unknown) => {
      if (isForeignValue(error)) return []
      throw error
    })
    const listed = (reply as Buffer[]).map(String).filter(isOwner).map(Number)
    if (found(audience, listed.includes(own()))) return everyone()
    const others: OwnerId[] = []
    for (const owner of listed) {
      if (owner === own()) continue
      if (isDead(owner)) strike(audience, owner)
      else others.push(owner)
    }
    return { owners: others.sort((a, b) => a - b), unnamed: 0 }
  }

  function strike(audience: Audience, owner: OwnerId): void {
    if (audience.kind === 'all') return
    redis.run('SREM', keys.owners(hashOf(audience)), String(owner)).catch(() => {})
  }

  async function look(audience: Audience, everywhere: boolean): Promise<OtherOwners> {
    const name = nameOf(audience)
    try {
      if (trouble() !== null) return unknown(name)
      const found = await (everywhere ? everyone() : ofAudience(audience))
      if (remembered.size >= maxRemembered) remembered.clear()
      if (found.unnamed === 0 && everywhere === (name === '')) remembered.set(name, found.owners.length)
      return found
    } catch (error) {
      failed(error as Error)
      return unknown(name)
    }
  }

  function nameOf(audience: Audience): string {
    return audience.kind === 'all' ? '' : hashOf(audience)
  }

  function unknown(name: string): OtherOwners {
    return { owners: [], unnamed: Math.max(1, remembered.get(name) ?? 1) }
  }

  return {
    read(audience) {
      const everywhere = audience.kind === 'all' || !isRestored()
      const name = `${everywhere} ${nameOf(audience)}`
      const begun = reading.get(name)
      if (begun !== undefined) return begun
      const read = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        reading.delete(name)
        return look(audience, everywhere)
      })
      reading.set(name, read)
      return read
    },
    strike,
  }
}

function isOwner(text: string): boolean {
  return /^(?:0|[1-9]\d{0,7})$/.test(text) && Number(text) < 0x1000000
}
