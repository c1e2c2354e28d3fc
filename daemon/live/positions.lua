-- positions(now, queue, from, limit): { how many there are, { conv, … } in the order of waiting, after the first `from` }.
local queue, from, limit = base .. 'queue:' .. ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local _, done = readiness()
if not done then
    return 'unready'
end
return { call('ZCARD', queue), call('ZRANGE', queue, from, from + limit - 1) }
