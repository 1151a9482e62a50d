-- Names the keys, and forgets what has ended so long ago that no clock of the fleet still counts it.
-- KEYS: texts of revocations by their name (empty: taken back), names by the serial of their last change, names by their
-- end, and the epoch of the data with its last serial. ARGV[1]: the time before which an end is long ago (ms).
local entries, changes, ends, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
for _, name in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', ARGV[1], 'LIMIT', 0, 500)) do
  redis.call('HDEL', entries, name)
  redis.call('ZREM', changes, name)
  redis.call('ZREM', ends, name)
end
