-- Reads a part of the owner ids that have been seen, and removes what is none.
--
-- KEYS: workers
-- ARGV: cursor; how many to look at
--
-- Gives the next cursor and owner ids.
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1]}
local entries = page[2]
for i = 1, #entries, 2 do
  local owner = entries[i]
  if #owner <= 8 and string.match(owner, '^[1-9]%d*$') and tonumber(owner) < 16777216 or owner == '0' then
    found[#found + 1] = owner
  else
    redis.call('HDEL', KEYS[1], owner)
  end
end
return found
