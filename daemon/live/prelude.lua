-- Stands before every script, so a script's hash names this version too.
--
-- KEYS[1] is kefu:{SITE}:ready. All other keys of the site carry the same {tag}, hence lie in the same slot, and are named here:
--   ready         "rebuilding:E", then "E", E the lease epoch of the holder that rebuilds, or rebuilt; "doubted:E" if a node could
--                 not tell what it had to tell, so that it has to be rebuilt
--   convs         hash   conversation → "epoch state queue effective prefer agent till"
--   waiting       zset   conversation → effective time, all queues
--   queue:Q       zset   the same, of one queue
--   queues        set    the queues that have been seen
--   ending        zset   conversation → when its record may be forgotten
--   weights       hash   conversation → how many places it takes, where that is not one
--   traits        hash   conversation that waits → "channel language", what its agents may have to know of it
--   refused       zset   "conversation agent", or "conversation agent handed" → until when the agent is not asked for it again
--   agents        hash   agent → "presence capacity idle handled"
--   places:A      zset   conversation → until when it holds a place of the agent
--   sums          hash   agent → "load till record": how many of its places are taken, until when that is so, and the record in `agents`
--                 that was written with it. Only what a look would count anew: where the record is another one, or that time is over, it does.
--                 Never for longer than SUM_MS: a node of another version may change places without a word here
--   beats:A       zset   node → last heartbeat of the agent's connections there
--   heard         zset   agent → the last of those heartbeats. Who is not in it, or too early, may have beats all the same
--   gone          hash   agent → not connected since
-- ARGV[1] is the time. States of a record: waiting (till: since when in this queue); reserved (till); placed; wrapping (till); nowhere, which is kept for a while so
-- that a late word about an older epoch finds a newer one. "-" and 0 stand for nothing. Nodes of two versions share these keys: who
-- changes what is in one gives it another name.

local FORGET_MS = 600000
local PRESENCE_ONLINE = 3

local base = string.sub(KEYS[1], 1, -6)
local now = tonumber(ARGV[1])
local NOW = string.format('%.0f', now)
local CONVS, WAITING, QUEUES, ENDING = base .. 'convs', base .. 'waiting', base .. 'queues', base .. 'ending'
local AGENTS, GONE, SUMS, HEARD = base .. 'agents', base .. 'gone', base .. 'sums', base .. 'heard'
local WEIGHTS, TRAITS, REFUSED = base .. 'weights', base .. 'traits', base .. 'refused'

local call = redis.call
local OK = redis.status_reply('OK')

-- All digits: Lua itself would round what it joins to a text after 14 of them.
local function int(x)
    return string.format('%.0f', x)
end

-- The lease epoch in `ready`, whether the rebuilding is done, and whether it is doubted; nil if there is none.
local function readiness()
    local v = redis.pcall('GET', KEYS[1])
    if type(v) ~= 'string' then
        return nil, false, false
    end
    local word, epoch = string.match(v, '^(%a*):?(%d+)$') -- of what is not ours: nothing
    return tonumber(epoch), word == '', word == 'doubted'
end

-- What to tell a holder whose lease is not the one that rebuilt; nil if it is. A newer one has to rebuild.
local function lease_refusal(lease)
    local epoch, done = readiness()
    if epoch and lease < epoch then
        return 'conflict the lease epoch is ' .. int(epoch)
    end
    if not done or lease > epoch then
        return 'unready'
    end
    return nil
end

local function conv_get(id)
    local v = call('HGET', CONVS, id)
    if not v then
        return nil
    end
    local epoch, state, queue, effective, prefer, agent, till =
        string.match(v, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
    return { epoch = tonumber(epoch), state = state, queue = queue, effective = effective, prefer = prefer, agent = agent,
             till = tonumber(till) }
end

local function conv_set(id, c)
    call('HSET', CONVS, id, table.concat({ int(c.epoch), c.state, c.queue, c.effective, c.prefer, c.agent, int(c.till) }, ' '))
end

local function list(id, c)
    call('ZADD', WAITING, c.effective, id)
    call('ZADD', base .. 'queue:' .. c.queue, c.effective, id)
    call('SADD', QUEUES, c.queue)
end

local function unlist(id, queue)
    call('ZREM', WAITING, id)
    call('ZREM', base .. 'queue:' .. queue, id)
end

local function agent_get(id)
    local v = call('HGET', AGENTS, id)
    if not v then
        return nil
    end
    local presence, capacity, idle, handled = string.match(v, '^(%S+) (%S+) (%S+) (%S+)$')
    return { presence = tonumber(presence), capacity = tonumber(capacity), idle = tonumber(idle), handled = tonumber(handled) }
end

-- An agent that got a place before anybody told who it is.
local function agent_or_new(id)
    return agent_get(id) or { presence = 0, capacity = 0, idle = now, handled = 0 }
end

-- Does any conversation of the site take more than one place? Asked once a call.
local heavy
local function any_heavy()
    if heavy == nil then
        heavy = call('EXISTS', WEIGHTS) == 1
    end
    return heavy
end

local function weight_of(id)
    return any_heavy() and tonumber(call('HGET', WEIGHTS, id) or 1) or 1
end

local function weight_set(id, weight)
    if weight > 1 then
        call('HSET', WEIGHTS, id, int(weight))
        heavy = true
    elseif any_heavy() then
        call('HDEL', WEIGHTS, id)
    end
end

-- A place counts while now < its end.
local function load_of(agent)
    local places = base .. 'places:' .. agent
    local load = call('ZCOUNT', places, '(' .. NOW, '+inf')
    if load == 0 or not any_heavy() then
        return load
    end
    for _, weight in ipairs(call('HMGET', WEIGHTS, unpack(call('ZRANGEBYSCORE', places, '(' .. NOW, '+inf')))) do
        load = load + (weight and tonumber(weight) - 1 or 0)
    end
    return load
end

-- When the last of the places that have run out ended; 0 none.
local function ended_last(agent)
    local last = call('ZREVRANGEBYSCORE', base .. 'places:' .. agent, NOW, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
    return last[2] and tonumber(last[2]) or 0
end

-- None of its places has run out.
local SUM_MS = 10000
local function sum_set(id, record, load)
    local first = call('ZRANGEBYSCORE', base .. 'places:' .. id, '(' .. NOW, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)

    call('HSET', SUMS, id, int(load) .. ' ' .. int(math.min(first[2] and tonumber(first[2]) or math.huge, now + SUM_MS)) .. ' ' .. record)
end

-- Who changes an agent's places trims them first, and sets the agent afterwards, so that the sum is right.
local function agent_set(id, a)
    local record = table.concat({ int(a.presence), int(a.capacity), int(a.idle), int(a.handled) }, ' ')

    call('HSET', AGENTS, id, record)
    sum_set(id, record, load_of(id))
end

-- Removes the places of `agent` that have run out. It has been idle since the last of them.
local function places_trim(agent, a)
    a.idle = math.max(a.idle, ended_last(agent))
    call('ZREMRANGEBYSCORE', base .. 'places:' .. agent, '-inf', NOW)
end

local function place_take(agent, id, till)
    call('ZADD', base .. 'places:' .. agent, till, id)
end

local function place_drop(agent, id)
    local a = agent_or_new(agent)
    places_trim(agent, a)
    if call('ZREM', base .. 'places:' .. agent, id) == 1 then
        a.idle = now
    end
    agent_set(agent, a)
end

-- The latest heartbeat on any node; nil if there is none.
local function last_beat(agent)
    local beat = call('ZREVRANGE', base .. 'beats:' .. agent, 0, 0, 'WITHSCORES')
    return beat[2] and tonumber(beat[2]) or nil
end

-- Forgets up to `n` conversations whose time has come: each call that adds one takes several away, so nothing piles up.
local function forget(n)
    local ids = call('ZRANGEBYSCORE', ENDING, '-inf', NOW, 'LIMIT', 0, n)
    for _, id in ipairs(ids) do
        local c = conv_get(id)
        if c and c.agent ~= '-' then
            place_drop(c.agent, id)
        end
        call('HDEL', CONVS, id)
        call('HDEL', TRAITS, id)
        weight_set(id, 1)
        call('ZREM', ENDING, id)
    end
end
