-- reset(now, lease): forgets everything of the site but connections and refusals, and lets the holder load it again.
local lease = tonumber(ARGV[2])
local epoch = readiness()

if epoch and lease < epoch then
    return 'conflict the lease epoch is ' .. int(epoch)
end
for _, agent in ipairs(call('HKEYS', AGENTS)) do
    call('UNLINK', base .. 'places:' .. agent)
end
for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
    call('UNLINK', base .. 'queue:' .. queue)
end
call('UNLINK', CONVS, WAITING, QUEUES, ENDING, AGENTS, SUMS, WEIGHTS, TRAITS)
call('SET', KEYS[1], 'rebuilding:' .. int(lease))
return OK
