-- Digs the grave of a worker anew that is known to be dead, or keeps the one that is there: whoever was told that its
-- connections are gone must not find them again.
--
-- KEYS: grave, connections (of one worker)
-- ARGV: milliseconds that the grave lasts
dig(KEYS[1], KEYS[2], ARGV[1])
