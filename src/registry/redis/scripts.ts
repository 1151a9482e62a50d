import { type RedisScript, readRedisScript } from '../../store/contract.ts'

/*
 * The scripts of the registry, for what must be one step in Redis: each says in its .lua file what it takes and gives.
 * All keys of a script belong to one worker, hence to one slot of a Cluster.
 *
 * A worker's records can only be written while it is not buried: the end of a burial leaves a text where the hash of
 * its records was, so that Redis itself refuses (WRONGTYPE) what a worker sent before it stood still, however late it
 * arrives. A check in front of every write would cost a command for each connection, and leave the time between.
 */

export const renewLease = script('own-keys', 'renew-lease')
export const leaveFleet = script('own-keys', 'leave-fleet')
export const declareDead = script('own-keys', 'declare-dead')
export const keepGrave = script('own-keys', 'keep-grave')
export const beginBurial = script('own-keys', 'begin-burial')
export const readRecords = script('read-records')
export const readRecordIds = script('read-record-ids')
export const endBurial = script('own-keys', 'end-burial')
export const readOwners = script('read-owners')
export const readSet = script('read-set')
export const keepRole = script('own-keys', 'keep-role')
export const giveUpRole = script('own-keys', 'give-up-role')

/** The script of some .lua files beside this one, each of which may use what those before it define. */
function script(...names: readonly string[]): RedisScript {
  return readRedisScript(...names.map((name) => new URL(`./${name}.lua`, import.meta.url)))
}
