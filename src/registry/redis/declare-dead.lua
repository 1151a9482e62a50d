-- Declares a worker dead, before anybody is told that its connections are gone: it can't come back under its owner id
-- after that.
--
-- KEYS: lease, grave, connections (of one worker)
-- ARGV: milliseconds that the grave lasts; 1 when a grave may be dug for an owner id of which nothing is left, or never
-- was, else 0
--
-- Gives `dead`, `alive`, or `unknown` when no grave was dug: the worker may be one that has not been able to come.
if text(KEYS[2]) then return 'dead' end
if leased(KEYS[1]) then return 'alive' end
if ARGV[2] ~= '1' and stored(KEYS[3]) == 0 then return 'unknown' end
dig(KEYS[2], KEYS[3], ARGV[1])
return 'dead'
