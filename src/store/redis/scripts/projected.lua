-- Forgets that users are unprojected, unless they have moved on, and lets their records at rest expire.
--
-- KEYS, in turn for each user, all of one slot in a cluster:
--   dirty    sorted set of the user's bucket: user id by version
--   record   string
-- ARGV: 1 seconds after which a record at rest is forgotten
--       2.. user id and version that PostgreSQL has, in turn

for i = 1, #KEYS, 2 do
  local user, version = ARGV[i + 1], tonumber(ARGV[i + 2])
  local dirty = redis.call('ZSCORE', KEYS[i], user)
  if not dirty or tonumber(dirty) <= version then
    redis.call('ZREM', KEYS[i], user)
    if string.match(redis.call('GETRANGE', KEYS[i + 1], 0, 99), '^%S+ %S+ (%S)') == 'R' then
      redis.call('EXPIRE', KEYS[i + 1], ARGV[1])
    end
  end
end
return 0
