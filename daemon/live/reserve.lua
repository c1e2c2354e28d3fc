-- reserve(now, lease, conv, epoch, agent, hold_ms, gone_ms): a place of the agent for a conversation that waits.
local lease, id, epoch, agent = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5]
local till, gone_ms = now + tonumber(ARGV[6]), tonumber(ARGV[7])

local refusal = lease_refusal(lease)
if refusal then
    return refusal
end
local c = conv_get(id)
if not c or c.state ~= 'waiting' then
    return 'conflict the conversation does not wait'
end
if c.epoch ~= epoch then
    return 'conflict the epoch is ' .. int(c.epoch)
end
local a = agent_get(agent)
if not a or a.presence ~= PRESENCE_ONLINE then
    return 'conflict the agent is not online'
end
local beat = last_beat(agent)
if not beat or beat <= now - gone_ms then
    return 'conflict the agent is not connected'
end
if load_of(agent) + weight_of(id) > a.capacity then
    return 'conflict the agent is full'
end

unlist(id, c.queue)
c.state, c.agent, c.till = 'reserved', agent, till
conv_set(id, c)
places_trim(agent, a)
place_take(agent, id, int(till))
a.idle = now
agent_set(agent, a)
return OK
