/*
 * What must be one step in Redis. All keys of a script belong to one worker, hence to one slot of a Cluster.
 *
 * A worker's records can only be written while it is not buried: the end of a burial leaves a text where the hash of
 * its records was, so that Redis itself refuses (WRONGTYPE) what a worker sent before it stood still, however late it
 * arrives. A check in front of every write would cost a command for each connection, and leave the time between.
 */

/**
 * In front of scripts: `text` reads a key of ours, and removes what somebody else has put there instead. A lease that
 * was overwritten so is no proof of a death: `leased` leaves the worker the time to renew it.
 */
const shared = `
local function text(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'string' then return redis.call('GET', key) end
  if kind ~= 'none' then redis.call('DEL', key) end
  return false
end
local function leased(key)
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'string' and kind ~= 'none' then redis.call('DEL', key) end
  return kind ~= 'none'
end
local function stored(key)
  if redis.call('TYPE', key).ok == 'hash' then return redis.call('HLEN', key) end
  return 0
end
local function dig(grave, connections, milliseconds)
  if text(grave) then
    redis.call('PEXPIRE', grave, milliseconds)
  else
    redis.call('SET', grave, 'buried ' .. stored(connections), 'PX', milliseconds)
  end
end
`

/**
 * Takes or renews a lease. KEYS: lease, grave, connections. ARGV: value of the lease, milliseconds, `1` from a worker
 * that has not held it before.
 * Gives what it found and how many records are stored: `held`, `taken` (there was none), `foreign` (the owner id is,
 * or was, another worker's), `buried` (with the number that was stored then, or -1 when that is not known).
 */
export const renewLease = `${shared}
local grave = text(KEYS[2])
if grave then return {'buried', tonumber(string.match(grave, '^buried (%d+)$') or -1)} end
local held = text(KEYS[1])
if held and held ~= ARGV[1] then return {'foreign', -1} end
local kind = redis.call('TYPE', KEYS[3]).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[3]) end
local count = stored(KEYS[3])
if not held and ARGV[3] == '1' and count > 0 then return {'foreign', -1} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {held and 'held' or 'taken', count}
`

/**
 * Gives up a lease of one's own. KEYS: lease, grave, connections. ARGV: value of the lease, milliseconds of the grave.
 * Gives how many records are left for an undertaker, or -1 when the lease was not ours.
 */
export const leaveFleet = `${shared}
local held = text(KEYS[1])
if held and held ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], 'left', 'PX', ARGV[2])
local count = stored(KEYS[3])
if count == 0 then redis.call('SET', KEYS[3], 'buried', 'PX', ARGV[2]) end
return count
`

/**
 * Declares a worker dead, before anybody is told that its connections are gone: it can't come back under its owner
 * id after that. KEYS: lease, grave, connections. ARGV: milliseconds of the grave, `1` when the worker is known.
 * Gives `dead`, `alive`, or `unknown` for an owner id of which nothing is left, or never was.
 */
export const declareDead = `${shared}
if text(KEYS[2]) then return 'dead' end
if leased(KEYS[1]) then return 'alive' end
if ARGV[2] ~= '1' and stored(KEYS[3]) == 0 then return 'unknown' end
dig(KEYS[2], KEYS[3], ARGV[1])
return 'dead'
`

/**
 * Becomes the undertaker of a worker without a lease, or stays it, and declares it dead. KEYS: lease, grave,
 * undertaker, connections. ARGV: who asks, milliseconds of the undertaker's term, milliseconds of the grave.
 * Gives `mine`, `alive`, `taken` (by another undertaker), `done` (nothing is left to bury), or `foreign` (its records
 * are not ours).
 */
export const beginBurial = `${shared}
if leased(KEYS[1]) then return 'alive' end
local other = text(KEYS[3])
if other and other ~= ARGV[1] then return 'taken' end
local kind = redis.call('TYPE', KEYS[4]).ok
if kind == 'string' and redis.call('GET', KEYS[4]) == 'buried' then return 'done' end
if kind ~= 'hash' and kind ~= 'none' then return 'foreign' end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
dig(KEYS[2], KEYS[4], ARGV[3])
return 'mine'
`

/**
 * A part of a dead worker's records. KEYS: connections. ARGV: cursor, how many to look at, bytes of the longest record.
 * Gives the next cursor, how many entries it removed that can't be records, and ids and records in turn.
 */
export const readRecords = `
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1], 0}
local entries = page[2]
for i = 1, #entries, 2 do
  if #entries[i] == 16 and #entries[i + 1] <= tonumber(ARGV[3]) then
    found[#found + 1] = entries[i]
    found[#found + 1] = entries[i + 1]
  else
    redis.call('HDEL', KEYS[1], entries[i])
    found[2] = found[2] + 1
  end
end
return found
`

/**
 * The ids of a part of a worker's records. KEYS: connections. ARGV: cursor, how many to look at.
 * Gives the next cursor, how many entries it removed that can't be records, and ids.
 */
export const readRecordIds = `
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1], 0}
local entries = page[2]
for i = 1, #entries, 2 do
  if #entries[i] == 16 then
    found[#found + 1] = entries[i]
  else
    redis.call('HDEL', KEYS[1], entries[i])
    found[2] = found[2] + 1
  end
end
return found
`

/**
 * Ends a burial that left no record; none can be written after it. KEYS: connections, undertaker. ARGV: who asks,
 * milliseconds for which late writes are refused.
 * Gives 1, or 0 when records are left or another undertaker has taken over.
 */
export const endBurial = `${shared}
if text(KEYS[2]) ~= ARGV[1] then return 0 end
if stored(KEYS[1]) > 0 then return 0 end
redis.call('SET', KEYS[1], 'buried', 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 1
`

/**
 * A part of the owner ids that have been seen. KEYS: workers. ARGV: cursor, how many to look at.
 * Gives the next cursor and owner ids; removes what is none.
 */
export const readOwners = `
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1]}
local entries = page[2]
for i = 1, #entries, 2 do
  local owner = entries[i]
  if #owner <= 8 and string.match(owner, '^[1-9]%d*$') and tonumber(owner) < 16777216 or owner == '0' then
    found[#found + 1] = owner
  else
    redis.call('HDEL', KEYS[1], owner)
  end
end
return found
`

/** Takes or keeps a role that one worker has at a time. KEYS: role. ARGV: who asks, milliseconds. Gives 1 or 0. */
export const keepRole = `${shared}
local holder = text(KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`

/** Gives up a role of one's own. KEYS: role. ARGV: who asks. */
export const giveUpRole = `${shared}
if text(KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`
