-- refuse(now, conv, agent, until, handed): the agent is not asked for this conversation again before that; handed (1): for that one has handed
-- it to a queue. Holds before the site is ready, too.
call('ZREMRANGEBYSCORE', REFUSED, '-inf', int(now))
call('ZADD', REFUSED, ARGV[4], ARGV[2] .. ' ' .. ARGV[3] .. (ARGV[5] == '1' and ' handed' or ''))
return OK
