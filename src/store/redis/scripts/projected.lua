-- Forgets that users of one bucket are unprojected, unless they have moved on, and lets their records at rest expire.
--
-- KEYS: 1 dirty    sorted set: user id by version
--       2.. record of each user
-- ARGV: 1 seconds after which a record at rest is forgotten
--       2.. user id and version that PostgreSQL has, in turn

for i = 2, #KEYS do
  local user, version = ARGV[2 * i - 2], tonumber(ARGV[2 * i - 1])
  local dirty = redis.call('ZSCORE', KEYS[1], user)
  if not dirty or tonumber(dirty) <= version then
    redis.call('ZREM', KEYS[1], user)
    if string.match(redis.call('GETRANGE', KEYS[i], 0, 99), '^%S+ %S+ (%S)') == 'R' then
      redis.call('EXPIRE', KEYS[i], ARGV[1])
    end
  end
end
return 0
