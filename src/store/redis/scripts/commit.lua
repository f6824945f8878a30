-- Makes one change to one user's record, if the record still is the one that the change was made from (R6).
--
-- KEYS, all of one bucket and so of one slot:
--   1 record   string '<schema> <stamp> <L|R> <json>'; L: live, R: at rest, may be forgotten once PostgreSQL has it
--   2 due      sorted set: user id by deadline (epoch milliseconds)
--   3 dirty    sorted set: user id by the version that PostgreSQL does not have yet
--   4 members  sorted set, all scores 0: '<node id> <user id>' for each user with sessions of that node
--   5 meta     hash: epoch, seq, floor
--   6 log      stream: the latest news, its ids are '<seq>-0'
-- ARGV:
--   1 user id
--   2 epoch the caller knows
--   3 stamp of the record the change was made from, or '' when there must be none
--   4 new record
--   5 deadline, or '' for none
--   6 version to be projected, or '' when PostgreSQL has nothing to learn
--   7 seconds after which a record at rest is forgotten
--   8 news for other nodes, or '' for none
--   9 how many news the log keeps, at least
--   10 shard channel on which other nodes listen: '<epoch> <seq> <news>'
--   11 how many of the following node ids are added for this user; the others are taken away
--   12.. node ids
-- Returns {'made', seq}, or {'conflict', record or false}, or {'forgotten', epoch}: the store lost what it knew.

local epoch = redis.call('HGET', KEYS[5], 'epoch')
if epoch ~= ARGV[2] then return { 'forgotten', epoch } end

local current = redis.call('GET', KEYS[1])
local stamp = current and string.match(current, '^%S+ (%S+)') or ''
if stamp ~= ARGV[3] then return { 'conflict', current } end

if ARGV[6] ~= '' then redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1]) end
if ARGV[5] ~= '' then redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1]) else redis.call('ZREM', KEYS[2], ARGV[1]) end
if string.match(ARGV[4], '^%S+ %S+ (%S)') == 'R' and not redis.call('ZSCORE', KEYS[3], ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[4], 'EX', ARGV[7])
else
  redis.call('SET', KEYS[1], ARGV[4])
end

local added = tonumber(ARGV[11])
for i = 12, #ARGV do
  local member = ARGV[i] .. ' ' .. ARGV[1]
  if i < 12 + added then redis.call('ZADD', KEYS[4], 0, member) else redis.call('ZREM', KEYS[4], member) end
end

if ARGV[8] == '' then return { 'made', 0 } end
local seq = redis.call('HINCRBY', KEYS[5], 'seq', 1)
redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[9], seq .. '-0', 'n', ARGV[8])
redis.call('SPUBLISH', ARGV[10], epoch .. ' ' .. seq .. ' ' .. ARGV[8])
return { 'made', seq }
