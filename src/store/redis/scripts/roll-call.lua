-- Takes the leases that ran out away, so that their nodes cannot renew them any more, and tells who lives (R5).
--
-- KEYS: 1 leases  hash: node id to '<schema> <renewed at> <until>'
--       2 graves  hash: node id to when it was last known to live (epoch milliseconds)
-- ARGV: 1 now in epoch milliseconds
-- Returns {ids of living nodes, ids and last moments of dead ones in turn}.

local live = {}
local leases = redis.call('HGETALL', KEYS[1])
for i = 1, #leases, 2 do
  local renewed, till = string.match(leases[i + 1], '^%S+ (%S+) (%S+)$')
  if tonumber(till) > tonumber(ARGV[1]) then
    live[#live + 1] = leases[i]
  else
    redis.call('HDEL', KEYS[1], leases[i])
    redis.call('HSET', KEYS[2], leases[i], renewed)
  end
end
return { live, redis.call('HGETALL', KEYS[2]) }
