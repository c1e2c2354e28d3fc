-- ready(now, lease): what was loaded since reset is all there is.
local lease = tonumber(ARGV[2])
local epoch, done = readiness()

if not epoch or lease > epoch then
    return 'unready'
end
if lease < epoch then
    return 'conflict the lease epoch is ' .. int(epoch)
end
if not done then
    call('SET', KEYS[1], int(lease))
end
return OK
