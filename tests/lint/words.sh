#!/bin/bash
# What is not finished has no place in the tree, and no test sleeps for luck.
bad=0
if git grep -nIE '\b(TODO|FIXME|XXX)\b' -- . ':!tests/lint/words.sh' ':!web/package-lock.json'; then
    bad=1
fi
if git grep -nE '\b(sleep|usleep|nanosleep)\(' -- 'tests/*.c' 'tests/*.h'; then
    echo "a test waits for a condition, not for luck"
    bad=1
fi
if git grep -nIE ' +$' -- '*.c' '*.h' '*.sh' '*.lua' '*.def' Makefile; then
    echo "spaces at the end of a line"
    bad=1
fi
exit $bad
