-- put(now, conv, epoch, state, queue, effective, prefer, agent, till, weight, channel, language): what the store says the conversation is now. `state` is
-- waiting, placed, wrapping or nowhere. A word about an older epoch than the known one is ignored: of one epoch all words say the same place.
local id = ARGV[2]
local c = { epoch = tonumber(ARGV[3]), state = ARGV[4], queue = ARGV[5], effective = ARGV[6], prefer = ARGV[7], agent = ARGV[8],
            till = tonumber(ARGV[9]) }
local weight = tonumber(ARGV[10])

local lease, done = readiness()
if not lease then
    return 'unready'
end
forget(8)
local old = conv_get(id)
if old and c.epoch < old.epoch then
    return OK
end
if old and c.state == 'waiting' and old.state == 'reserved' and c.epoch == old.epoch and now < old.till then
    return OK -- a match is on its way
end
if c.state == 'wrapping' and c.till <= now then
    c.state, c.agent, c.till = 'nowhere', '-', 0
end

weight_set(id, weight)
local holds = c.state == 'placed' or c.state == 'wrapping'
local same_agent = old ~= nil and old.agent == c.agent
local had = same_agent and (old.state == 'placed' or old.state == 'wrapping')

if old and old.state == 'waiting' then
    unlist(id, old.queue)
end
if old and old.agent ~= '-' and not (holds and same_agent) then
    place_drop(old.agent, id)
end
if c.state == 'waiting' then
    call('HSET', TRAITS, id, ARGV[11] .. ' ' .. ARGV[12])
    list(id, c)
end
if holds then
    local a = agent_or_new(c.agent)
    local held = call('ZSCORE', base .. 'places:' .. c.agent, id)
    places_trim(c.agent, a)
    if not held or tonumber(held) <= now then
        a.idle = now
    end
    if done and not had then
        a.handled = a.handled + 1
    end
    place_take(c.agent, id, c.state == 'placed' and '+inf' or int(c.till))
    agent_set(c.agent, a)
end
if c.state == 'wrapping' or c.state == 'nowhere' then
    call('ZADD', ENDING, int(math.max(c.till, now + FORGET_MS)), id)
else
    call('ZREM', ENDING, id)
end
conv_set(id, c)
return OK
