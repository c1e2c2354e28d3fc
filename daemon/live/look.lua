-- look(now, limit, gone_ms): { how many wait, { conv, record, weight, traits, … }, { agent, record, load, idle, connected, gone since, … },
-- { "conv agent" or "conv agent handed", until, … } }: those who wait, the agents, who has refused whom.
-- Reads only, so it answers where writing is refused.
local limit, gone_ms = tonumber(ARGV[2]), tonumber(ARGV[3])

local _, done = readiness()
if not done then
    return 'unready'
end

local waiting = {}
local ids = limit > 0 and call('ZRANGE', WAITING, 0, limit - 1) or {}
for from = 1, #ids, 1000 do
    local to = math.min(from + 999, #ids)
    local records = call('HMGET', CONVS, unpack(ids, from, to))
    local traits = call('HMGET', TRAITS, unpack(ids, from, to))
    local weights = any_heavy() and call('HMGET', WEIGHTS, unpack(ids, from, to)) or {}
    for i = from, to do
        local n = #waiting
        if not records[i - from + 1] then
            return 'unready' -- somebody else has removed keys: only a rebuilding helps
        end
        waiting[n + 1], waiting[n + 2] = ids[i], records[i - from + 1]
        waiting[n + 3] = tonumber(weights[i - from + 1] or 1)
        waiting[n + 4] = traits[i - from + 1] or '- -'
    end
end

local gone = {}
local pairs_gone = call('HGETALL', GONE)
for i = 1, #pairs_gone, 2 do
    gone[pairs_gone[i]] = tonumber(pairs_gone[i + 1])
end

local heard, sums = {}, {}
for _, id in ipairs(call('ZRANGEBYSCORE', HEARD, '(' .. int(now - gone_ms), '+inf')) do
    heard[id] = true
end
local pairs_sums = call('HGETALL', SUMS)
for i = 1, #pairs_sums, 2 do
    sums[pairs_sums[i]] = pairs_sums[i + 1]
end

-- A call for each agent is what a look of many takes its time for.
local agents = {}
local known = call('HGETALL', AGENTS)
local n = 0
for i = 1, #known, 2 do
    local id = known[i]
    local load, till, record = string.match(sums[id] or '', '^(%d+) (%S+) (.*)$')
    agents[n + 1], agents[n + 2] = id, known[i + 1]
    if record == known[i + 1] and now < tonumber(till) then
        agents[n + 3], agents[n + 4] = tonumber(load), 0
    else
        agents[n + 3], agents[n + 4] = load_of(id), ended_last(id)
        if agents[n + 4] == 0 then
            sum_set(id, known[i + 1], agents[n + 3])
        end
    end
    if heard[id] then
        agents[n + 5], agents[n + 6] = 1, 0
    else
        local beat = last_beat(id)
        local connected = beat ~= nil and beat > now - gone_ms
        agents[n + 5] = connected and 1 or 0
        agents[n + 6] = connected and 0 or beat or gone[id] or now
    end
    n = n + 6
end
return { call('ZCARD', WAITING), waiting, agents, call('ZRANGEBYSCORE', REFUSED, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 2000) }
