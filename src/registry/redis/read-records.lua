-- Reads a part of a dead worker's records.
--
-- KEYS: connections
-- ARGV: cursor; how many to look at; bytes of the longest record
--
-- Gives the next cursor, how many entries it removed that can't be records, and ids and records in turn.
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1], 0}
local entries = page[2]
for i = 1, #entries, 2 do
  if #entries[i] == 16 and #entries[i + 1] <= tonumber(ARGV[3]) then
    found[#found + 1] = entries[i]
    found[#found + 1] = entries[i + 1]
  else
    redis.call('HDEL', KEYS[1], entries[i])
    found[2] = found[2] + 1
  end
end
return found
