-- Gives up a role of one's own.
--
-- KEYS: role
-- ARGV: owner id of who asks
--
-- Gives 1, or 0 when it was not ours.
if text(KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
