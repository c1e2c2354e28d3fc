-- position(now, queue, conv): { from 1 among those of its queue or 0, how many there are }.
local queue = base .. 'queue:' .. ARGV[2]

local _, done = readiness()
if not done then
    return 'unready'
end
local rank = call('ZRANK', queue, ARGV[3])
return { rank and rank + 1 or 0, call('ZCARD', queue) }
