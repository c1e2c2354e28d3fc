-- agent(now, agent, presence, capacity): what the store says of an agent.
local id = ARGV[2]

if not readiness() then
    return 'unready'
end
local a = agent_or_new(id)
a.presence, a.capacity = tonumber(ARGV[3]), tonumber(ARGV[4])
places_trim(id, a)
agent_set(id, a)
if not last_beat(id) then
    call('HSETNX', GONE, id, int(now)) -- nothing was heard of its connections: the grace time begins now
end
return OK
