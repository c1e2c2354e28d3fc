-- connected(now, gone_ms, node, agent...): the node has a socket of each of these agents open. Holds before the site is ready, too:
-- connections are not rebuilt from the store.
local gone_ms, node = tonumber(ARGV[2]), ARGV[3]

for from = 4, #ARGV, 1000 do
    local heard = {}
    for i = from, math.min(from + 999, #ARGV) do
        heard[#heard + 1], heard[#heard + 2] = NOW, ARGV[i]
    end
    call('ZADD', HEARD, unpack(heard)) -- the newest word, not the greatest: a clock may have been set back
end
for i = 4, #ARGV do
    local beats = base .. 'beats:' .. ARGV[i]
    call('ZADD', beats, NOW, node)
    call('ZREMRANGEBYSCORE', beats, '-inf', int(now - gone_ms))
    call('HDEL', GONE, ARGV[i])
end
forget(100)
return OK
