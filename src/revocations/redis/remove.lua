-- Takes a revocation back: gives 1, or 0 where there is none. Its name stays until its end, for the others to see.
-- ARGV[2]: the name.
local text = redis.call('HGET', entries, ARGV[2])
if not text or text == '' then return 0 end
redis.call('HSET', entries, ARGV[2], '')
redis.call('ZADD', changes, redis.call('HINCRBY', meta, 'serial', 1), ARGV[2])
return 1
