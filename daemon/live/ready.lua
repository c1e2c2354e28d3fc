-- ready(now, lease): what was loaded since reset is all there is.
local lease = tonumber(ARGV[2])
local epoch, done, doubted = readiness()

if epoch and lease < epoch then
    return 'conflict the lease epoch is ' .. int(epoch)
end
if not epoch or doubted or lease > epoch then
    return 'unready'
end
if not done then
    call('SET', KEYS[1], int(lease))
end
return OK
