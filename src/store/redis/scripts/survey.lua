-- What nobody took care of in some buckets, and whose sessions are in them.
--
-- KEYS, in turn for each bucket, all of one slot in a cluster: due, dirty, members (see commit.lua)
-- ARGV: 1 deadlines before this moment (epoch milliseconds) are overdue
--       2 versions below this one are
--       3 how many users of each kind to return at most of each bucket
-- Returns {users with an overdue deadline, users to be projected, place of a bucket among those given (from 0) and node id in turn}.

local overdue, unwritten, nodes = {}, {}, {}

local function append(list, found)
  for i = 1, #found do list[#list + 1] = found[i] end
end

for i = 1, #KEYS, 3 do
  append(overdue, redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[3]))
  append(unwritten, redis.call('ZRANGEBYSCORE', KEYS[i + 1], '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3]))
  local from = '-'
  while true do
    local found = redis.call('ZRANGEBYLEX', KEYS[i + 2], from, '+', 'LIMIT', 0, 1)
    if #found == 0 then break end
    local node = string.match(found[1], '^(%S+) ')
    append(nodes, { (i - 1) / 3, node })
    -- '!' is the character after the space: on to the next node.
    from = '(' .. node .. '!'
  end
end
return { overdue, unwritten, nodes }
