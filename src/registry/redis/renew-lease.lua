-- Takes or renews a lease.
--
-- KEYS: lease, grave, connections, entry (of one worker)
-- ARGV: value of the lease; milliseconds that it lasts; `new` from a worker that has not held it before, `lost` from one
-- that was told so, else `held`; milliseconds that the entry lasts
--
-- Gives what it found, and how many records are stored: `held`; `taken` (there was none); `lost` (there is no sign that
-- this worker ever held it: Redis has lost its data, and maybe a grave), again and again until the worker says that it
-- knows; `foreign` (the owner id is, or was, another worker's; -1 records); `buried` (with the number that was stored
-- then, or -1 when that is not known).
local grave = text(KEYS[2])
if grave then return {'buried', tonumber(string.match(grave, '^buried (%d+)$') or -1)} end
local held = text(KEYS[1])
if held and held ~= ARGV[1] then return {'foreign', -1} end
local kind = redis.call('TYPE', KEYS[3]).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[3]) end
local count = stored(KEYS[3])
if not held and ARGV[3] == 'new' and count > 0 then return {'foreign', -1} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if ARGV[3] == 'held' and text(KEYS[4]) ~= ARGV[1] then return {'lost', count} end
redis.call('SET', KEYS[4], ARGV[1], 'PX', ARGV[4])
return {held and 'held' or 'taken', count}
