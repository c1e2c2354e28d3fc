-- doubt(now): something that the store has committed could not be told. The holder has to rebuild, even if it is just doing so.
local epoch = readiness()

if epoch then
    call('SET', KEYS[1], 'doubted:' .. int(epoch))
end
return OK
