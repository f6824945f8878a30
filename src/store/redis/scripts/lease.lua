-- Takes or renews the lease of a node, and tells the time.
--
-- KEYS: 1 leases  hash: node id to '<schema> <renewed at> <until>', in epoch milliseconds
-- ARGV: 1 node id
--       2 'take' or 'renew'
--       3 milliseconds the lease lasts
--       4 schema version of the node
--       5 now in epoch milliseconds, or '' for the clock of Redis
-- Returns {1 when it is held, else 0, now}.

local time = redis.call('TIME')
local now = tonumber(ARGV[5]) or (time[1] * 1000 + math.floor(time[2] / 1000))
if ARGV[2] == 'renew' and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return { 0, string.format('%.0f', now) }
end
local lease = string.format('%s %.0f %.0f', ARGV[4], now, now + tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], ARGV[1], lease)
return { 1, string.format('%.0f', now) }
