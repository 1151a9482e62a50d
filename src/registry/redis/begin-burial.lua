-- Becomes the undertaker of a worker without a lease, or stays it, and declares the worker dead.
--
-- KEYS: lease, grave, undertaker, connections (of one worker)
-- ARGV: owner id of who asks; milliseconds of an undertaker's term; milliseconds that the grave lasts
--
-- Gives `mine`, `alive`, `taken` (by another undertaker), `done` (nothing is left to bury), or `foreign` (its records
-- are not ours).
if leased(KEYS[1]) then return 'alive' end
local other = text(KEYS[3])
if other and other ~= ARGV[1] then return 'taken' end
local kind = redis.call('TYPE', KEYS[4]).ok
if kind == 'string' and redis.call('GET', KEYS[4]) == 'buried' then return 'done' end
if kind ~= 'hash' and kind ~= 'none' then return 'foreign' end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
dig(KEYS[2], KEYS[4], ARGV[3])
return 'mine'
