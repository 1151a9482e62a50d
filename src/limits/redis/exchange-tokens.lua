-- Behind presence.lua: takes tokens out of the buckets of a fleet; gives how many workers share them, then what is left of
-- each bucket, as text. A bucket is a string: its tokens, and the time of Redis (ms) at which it had them. One that is full
-- has none: it goes by itself when it would be.
-- KEYS from the second on: the string of each bucket. ARGV from the third on: of each its rate, burst and tokens taken.
local answer = { redis.call('ZCARD', KEYS[1]) }
for i = 2, #KEYS do
  local rate, burst, taken = tonumber(ARGV[3 * i - 3]), tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
  local level = burst
  local stored = redis.call('GET', KEYS[i])
  if stored then
    local left, since = string.match(stored, '^(%S+) (%d+)$')
    if left then
      level = math.min(burst, tonumber(left) + math.max(0, now - since) * rate / 1000)
    end
  end
  level = level - taken
  if level < burst then
    local millis = 86400000
    if rate > 0 then
      millis = math.min(2592000000, math.ceil((burst - level) / rate * 1000))
    end
    redis.call('SET', KEYS[i], string.format('%.17g %.0f', level, now), 'PX', string.format('%.0f', millis))
  elseif stored then
    redis.call('DEL', KEYS[i])
  end
  answer[i] = string.format('%.6f', level)
end
return answer
