-- look(now, limit, gone_ms): { how many wait, { conv, record, … }, { agent, record, load, idle, connected, gone since, … } }.
-- Reads only, so it answers where writing is refused.
local limit, gone_ms = tonumber(ARGV[2]), tonumber(ARGV[3])

local _, done = readiness()
if not done then
    return 'unready'
end

local waiting = {}
for _, id in ipairs(limit > 0 and call('ZRANGE', WAITING, 0, limit - 1) or {}) do
    local record = call('HGET', CONVS, id)
    if not record then
        return 'unready' -- somebody else has removed keys: only a rebuilding helps
    end
    waiting[#waiting + 1] = id
    waiting[#waiting + 1] = record
end

local gone = {}
local pairs_gone = call('HGETALL', GONE)
for i = 1, #pairs_gone, 2 do
    gone[pairs_gone[i]] = tonumber(pairs_gone[i + 1])
end

local agents = {}
local known = call('HGETALL', AGENTS)
for i = 1, #known, 2 do
    local id = known[i]
    local beat = last_beat(id)
    local connected = beat ~= nil and beat > now - gone_ms
    local n = #agents
    agents[n + 1], agents[n + 2] = id, known[i + 1]
    agents[n + 3], agents[n + 4] = load_of(id), ended_last(id)
    agents[n + 5] = connected and 1 or 0
    agents[n + 6] = connected and 0 or beat or gone[id] or now
end
return { call('ZCARD', WAITING), waiting, agents }
