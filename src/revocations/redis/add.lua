-- Adds revocations, or none where there would be too many: gives 1 or 0.
-- ARGV[2]: how many there may be. ARGV[3]: an epoch for data that has none. Then name, text and end of each.
local fresh = 0
for i = 4, #ARGV, 3 do
  if not redis.call('ZSCORE', ends, ARGV[i]) then fresh = fresh + 1 end
end
if redis.call('ZCARD', ends) + fresh > tonumber(ARGV[2]) then return 0 end
redis.call('HSETNX', meta, 'epoch', ARGV[3])
for i = 4, #ARGV, 3 do
  redis.call('HSET', entries, ARGV[i], ARGV[i + 1])
  redis.call('ZADD', changes, redis.call('HINCRBY', meta, 'serial', 1), ARGV[i])
  redis.call('ZADD', ends, ARGV[i + 2], ARGV[i])
end
return 1
