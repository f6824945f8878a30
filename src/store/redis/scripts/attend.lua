-- Begins to follow a bucket, or looks whether it is still the one that was followed. A bucket without an epoch is new, or lost all it
-- knew: it gets one, and a floor above all versions that were given out before (R7, R23).
--
-- KEYS: 1 meta   hash: epoch, seq, floor
-- ARGV: 1 epoch to begin with, should there be none
--       2 epoch the caller knows, or ''
--       3 a version above all that the caller knows of this bucket
-- Returns {epoch, seq, floor}.

local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'seq', 0, 'floor', ARGV[3])
elseif ARGV[2] ~= '' and epoch ~= ARGV[2] and tonumber(redis.call('HGET', KEYS[1], 'floor')) < tonumber(ARGV[3]) then
  -- Whoever began this epoch had not been told as much as the caller.
  redis.call('HSET', KEYS[1], 'floor', ARGV[3])
end
return { epoch, redis.call('HGET', KEYS[1], 'seq'), redis.call('HGET', KEYS[1], 'floor') }
