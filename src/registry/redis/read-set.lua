-- Reads a part of a set of texts, and removes what is no set.
--
-- KEYS: set
-- ARGV: cursor; how many to look at
--
-- Gives the next cursor and members, but for those that are longer than 64 bytes, which it removes.
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'set' then
  if kind ~= 'none' then redis.call('DEL', KEYS[1]) end
  return {'0'}
end
local page = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1]}
for _, member in ipairs(page[2]) do
  if #member <= 64 then
    found[#found + 1] = member
  else
    redis.call('SREM', KEYS[1], member)
  end
end
return found
