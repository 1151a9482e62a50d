-- Behind presence.lua: notes how many connections a worker has of each source; gives how many workers there are, whether
-- what the worker told before is still here (1 or 0), and how many connections the others have of each source.
-- KEYS[2]: the hash of the worker, source → connections. ARGV[3]: what the keys of such hashes begin with, before the id of
-- a worker: all are in one slot. ARGV[4]: 1 to forget what the worker told before. Then sources, each with its connections.
local isKnown = redis.call('EXISTS', KEYS[2])
if ARGV[4] == '1' then redis.call('DEL', KEYS[2]) end
redis.call('HSET', KEYS[2], '#', 1)
for i = 5, #ARGV, 2 do
  if ARGV[i + 1] == '0' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local workers = redis.call('ZRANGE', KEYS[1], 0, -1)
local answer = { #workers, isKnown }
for i = 5, #ARGV, 2 do
  local others = 0
  for _, worker in ipairs(workers) do
    if worker ~= ARGV[1] then
      others = others + tonumber(redis.call('HGET', ARGV[3] .. worker, ARGV[i]) or '0')
    end
  end
  answer[#answer + 1] = others
end
return answer
