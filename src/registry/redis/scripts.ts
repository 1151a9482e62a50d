/*
 * What must be one step in Redis. All keys of a script belong to one worker, hence to one slot of a Cluster.
 */

/**
 * Takes or renews a lease. KEYS: lease, grave, connections. ARGV: value of the lease, milliseconds.
 * Gives what it found (`held`, `taken`: there was none, `buried`, `foreign`: another worker's) and how many records
 * are stored.
 */
export const renewLease = `
if redis.call('EXISTS', KEYS[2]) == 1 then return {'buried', 0} end
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return {'foreign', 0} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {held and 'held' or 'taken', redis.call('HLEN', KEYS[3])}
`

/**
 * Gives up a lease of one's own. KEYS: lease, grave, connections. ARGV: value of the lease, milliseconds of the grave.
 * Gives how many records are left for an undertaker, or -1 when the lease was not ours.
 */
export const leaveFleet = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], 'left', 'PX', ARGV[2])
return redis.call('HLEN', KEYS[3])
`

/**
 * Declares a worker dead and becomes its undertaker, or stays it. KEYS: lease, grave, undertaker. ARGV: who asks,
 * milliseconds of the undertaker's term, milliseconds of the grave. Gives `mine`, `alive` or `taken`.
 */
export const beginBurial = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 'alive' end
local other = redis.call('GET', KEYS[3])
if other and other ~= ARGV[1] then return 'taken' end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], 'buried', 'PX', ARGV[3])
return 'mine'
`

/**
 * Ends a burial that left no record. KEYS: connections, undertaker. ARGV: who asks.
 * Gives 1, or 0 when records are left or another undertaker has taken over.
 */
export const endBurial = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if redis.call('HLEN', KEYS[1]) > 0 then return 0 end
redis.call('DEL', KEYS[2])
return 1
`

/** Takes or keeps a role that one worker has at a time. KEYS: role. ARGV: who asks, milliseconds. Gives 1 or 0. */
export const keepRole = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`

/** Gives up a role of one's own. KEYS: role. ARGV: who asks. */
export const giveUpRole = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`
