#!/bin/bash
# No warnings, with the flags of the Makefile: clang for all sources, gcc for what it finds without optimising. A source is looked at again
# when it, a header that it includes, or the flags have changed: build/lint/warnings has a hash of them for each source that was clean.
set -u
if [ "${1:-}" = --one ]; then
    source=$2
    stamp=build/lint/warnings/$source
    mkdir -p "$(dirname "$stamp")"
    for cc in clang gcc; do
        command -v $cc > /dev/null 2>&1 || continue
        read -ra flags < "build/lint/warnings.$cc"
        headers=$($cc "${flags[@]}" -MM "$source" 2> /dev/null | tr -d '\\\n' | sed 's/^[^:]*://')
        # shellcheck disable=SC2086 # a list of files
        now=$(cat "build/lint/warnings.$cc" $headers | sha256sum)
        [ "$(cat "$stamp.$cc" 2> /dev/null)" = "$now" ] && continue
        $cc "${flags[@]}" -fsyntax-only -Werror "$source" || exit 1
        echo "$now" > "$stamp.$cc"
    done
    exit 0
fi
mkdir -p build/lint
make -s MODE=release flags > build/lint/warnings.gcc && make -s MODE=clang flags > build/lint/warnings.clang || exit 1
# The mutants are only in a build that is made to fail, and refuse any other.
git ls-files -co --exclude-standard 'daemon/*.c' 'protocols/*.c' 'tests/*.c' | grep -vx tests/model/test_mutants.c |
    xargs -P "${JOBS:-1}" -n 1 bash tests/lint/warnings.sh --one
