#!/bin/bash
# clang-tidy over the daemon's sources (.clang-tidy says with what). A source is looked at again when it, a header that it includes, or
# .clang-tidy has changed: build/lint/tidy has a hash of them for each source that was clean.
set -u
flags=(-std=gnu11 -Idaemon -I. -Itests -DKEFUD_VERSION='"0"')
read -ra packages <<< "$(pkg-config --cflags libwebsockets libuv hiredis libcurl jansson sqlite3 libpq libcrypto libargon2 inih)"

if [ "${1:-}" = --one ]; then
    source=$2
    stamp=build/lint/tidy/$source
    mkdir -p "$(dirname "$stamp")"
    headers=$(gcc "${flags[@]}" "${packages[@]}" -MM "$source" 2>/dev/null | tr -d '\\\n' | sed 's/^[^:]*://')
    # shellcheck disable=SC2086 # a list of files
    now=$(cat .clang-tidy $headers | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && exit 0
    # What is found, without the way there: clang-tidy FILE -- FLAGS tells that.
    clang-tidy --quiet "$source" -- "${flags[@]}" "${packages[@]}" > "$stamp.found" 2> /dev/null || {
        grep -E -A 1 '(error|warning): ' "$stamp.found"
        exit 1
    }
    echo "$now" > "$stamp"
    exit 0
fi
git ls-files -co --exclude-standard 'daemon/*.c' 'protocols/*.c' | xargs ls -S | # the largest takes longest
    xargs -P "${JOBS:-1}" -n 1 bash tests/lint/tidy.sh --one
