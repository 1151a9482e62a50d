-- What scripts that read keys of ours have in front of them.
--
-- `text` reads a key of ours, and removes what somebody else has put there instead. `leased` is whether a worker holds
-- its lease: one that was overwritten is removed, and is no proof of a death; the worker has the time to renew it.
-- `stored` is how many records a worker has. `dig` makes the grave of a worker, or keeps the one that is there.
local function text(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'string' then return redis.call('GET', key) end
  if kind ~= 'none' then redis.call('DEL', key) end
  return false
end
local function leased(key)
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'string' and kind ~= 'none' then redis.call('DEL', key) end
  return kind ~= 'none'
end
local function stored(key)
  if redis.call('TYPE', key).ok == 'hash' then return redis.call('HLEN', key) end
  return 0
end
local function dig(grave, connections, milliseconds)
  if text(grave) then
    redis.call('PEXPIRE', grave, milliseconds)
  else
    redis.call('SET', grave, 'buried ' .. stored(connections), 'PX', milliseconds)
  end
end
