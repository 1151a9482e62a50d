-- Gives up a lease of one's own.
--
-- KEYS: lease, grave, connections, entry (of one worker)
-- ARGV: value of the lease; milliseconds that the grave lasts
--
-- Gives how many records are left for an undertaker, or -1 when the lease was not ours.
local held = text(KEYS[1])
if held and held ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[1], KEYS[4])
redis.call('SET', KEYS[2], 'left', 'PX', ARGV[2])
local count = stored(KEYS[3])
if count == 0 then redis.call('SET', KEYS[3], 'buried', 'PX', ARGV[2]) end
return count
