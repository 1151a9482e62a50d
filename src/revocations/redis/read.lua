-- Gives the epoch of the data, the serial of the last change given, and the name and text of each change since.
-- ARGV[2] and ARGV[3]: epoch and serial that the reader has. ARGV[4]: how many changes to give.
local epoch = redis.call('HGET', meta, 'epoch') or ''
local last = epoch == ARGV[2] and ARGV[3] or '0'
local given = redis.call('ZRANGEBYSCORE', changes, '(' .. last, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local answer = { epoch, last }
for i = 1, #given, 2 do
  answer[#answer + 1] = given[i]
  answer[#answer + 1] = redis.call('HGET', entries, given[i])
  answer[2] = given[i + 1]
end
return answer
