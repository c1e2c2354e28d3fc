-- gone(now, gone_ms, node, agent): the node has no socket of the agent any more. On other nodes there may still be one.
local gone_ms, node, agent = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local beats = base .. 'beats:' .. agent

call('ZREM', beats, node)
local beat = last_beat(agent)
if beat then
    call('ZADD', HEARD, int(beat), agent)
else
    call('ZREM', HEARD, agent)
end
if not beat or beat <= now - gone_ms then
    call('UNLINK', beats)
    call('HSETNX', GONE, agent, int(now))
end
return OK
