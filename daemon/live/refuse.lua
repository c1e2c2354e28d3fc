-- refuse(now, conv, agent, until): the agent is not asked for this conversation again before that. Holds before the site is ready, too.
call('ZREMRANGEBYSCORE', REFUSED, '-inf', int(now))
call('ZADD', REFUSED, ARGV[4], ARGV[2] .. ' ' .. ARGV[3])
return OK
