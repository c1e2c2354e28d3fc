-- reset(now, lease): forgets everything of the site but connections and refusals, and lets the holder load it again. A key that somebody else
-- has made something else of is forgotten, too: nothing could be done with it ever after.
local lease = tonumber(ARGV[2])
local epoch = readiness()

-- What it answers; nothing, and the key is gone, where that is not of its type.
local function asked(command, key, ...)
    local got = redis.pcall(command, key, ...)
    if type(got) == 'table' and got.err then
        call('UNLINK', key)
        return {}
    end
    return got
end

if epoch and lease < epoch then
    return 'conflict the lease epoch is ' .. int(epoch)
end
for _, agent in ipairs(asked('HKEYS', AGENTS)) do
    call('UNLINK', base .. 'places:' .. agent)
    asked('ZCARD', base .. 'beats:' .. agent)
end
for _, queue in ipairs(asked('SMEMBERS', QUEUES)) do
    call('UNLINK', base .. 'queue:' .. queue)
end
asked('ZCARD', HEARD)
asked('ZCARD', REFUSED)
asked('HGET', GONE, '-')
call('UNLINK', CONVS, WAITING, QUEUES, ENDING, AGENTS, SUMS, WEIGHTS, TRAITS)
call('SET', KEYS[1], 'rebuilding:' .. int(lease))
return OK
