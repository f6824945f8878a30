-- What nobody took care of in one bucket, and whose sessions are in it.
--
-- KEYS: 1 due, 2 dirty, 3 members (see commit.lua)
-- ARGV: 1 deadlines before this moment (epoch milliseconds) are overdue
--       2 versions below this one are
--       3 how many users of each kind to return at most
-- Returns {users with an overdue deadline, users to be projected, node ids}.

local nodes = {}
local from = '-'
while true do
  local found = redis.call('ZRANGEBYLEX', KEYS[3], from, '+', 'LIMIT', 0, 1)
  if #found == 0 then break end
  local node = string.match(found[1], '^(%S+) ')
  nodes[#nodes + 1] = node
  -- '!' is the character after the space: on to the next node.
  from = '(' .. node .. '!'
end
return {
  redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[3]),
  redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3]),
  nodes,
}
