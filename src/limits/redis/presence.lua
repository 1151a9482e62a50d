-- The first part of the scripts of limits: notes that a worker is there, and forgets those that have not been heard of.
-- KEYS[1]: a sorted set of the workers, by the time until which each counts. ARGV: the id of the worker, the milliseconds
-- for which it counts.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
