-- Adds counts to the fields of a hash, unless this batch of this process was added before; gives what each field has then.
-- KEYS: the hash. ARGV: the field of the process, the serial of the batch, the time at which the hash goes (ms), then
-- fields, each with its count.
local seen = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local isNew = tonumber(ARGV[2]) > seen
local totals = {}
for i = 4, #ARGV, 2 do
  if isNew then
    totals[#totals + 1] = redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
  else
    totals[#totals + 1] = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  end
end
if isNew then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('PEXPIREAT', KEYS[1], ARGV[3])
end
return totals
