-- connected(now, gone_ms, node, agent...): the node has a socket of each of these agents open. Holds before the site is ready, too:
-- connections are not rebuilt from the store.
local gone_ms, node = tonumber(ARGV[2]), ARGV[3]

for i = 4, #ARGV do
    local beats = base .. 'beats:' .. ARGV[i]
    call('ZADD', beats, int(now), node)
    call('ZREMRANGEBYSCORE', beats, '-inf', int(now - gone_ms))
    call('HDEL', GONE, ARGV[i])
end
forget(100)
return OK
