-- Ends a burial that left no record; none can be written after it.
--
-- KEYS: connections, undertaker (of one worker)
-- ARGV: owner id of who asks; milliseconds for which late writes are refused
--
-- Gives 1, or 0 when records are left or another undertaker has taken over.
if text(KEYS[2]) ~= ARGV[1] then return 0 end
if stored(KEYS[1]) > 0 then return 0 end
redis.call('SET', KEYS[1], 'buried', 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 1
