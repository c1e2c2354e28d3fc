-- positions(now, queue, limit): { how many there are, { conv, … } in the order of waiting }.
local queue, limit = base .. 'queue:' .. ARGV[2], tonumber(ARGV[3])

local _, done = readiness()
if not done then
    return 'unready'
end
return { call('ZCARD', queue), call('ZRANGE', queue, 0, limit - 1) }
