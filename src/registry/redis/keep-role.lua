-- Takes or keeps a role that one worker has at a time.
--
-- KEYS: role
-- ARGV: owner id of who asks; milliseconds that the role lasts
--
-- Gives 1, or 0 when another worker has it.
local holder = text(KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
