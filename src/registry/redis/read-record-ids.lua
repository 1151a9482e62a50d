-- Reads the ids of a part of a worker's records.
--
-- KEYS: connections
-- ARGV: cursor; how many to look at
--
-- Gives the next cursor, how many entries it removed that can't be records, and ids.
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1], 0}
local entries = page[2]
for i = 1, #entries, 2 do
  if #entries[i] == 16 then
    found[#found + 1] = entries[i]
  else
    redis.call('HDEL', KEYS[1], entries[i])
    found[2] = found[2] + 1
  end
end
return found
