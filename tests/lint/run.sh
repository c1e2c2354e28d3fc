#!/bin/bash
# All checks that read the sources, one line each, and `N passed, N failed, N skipped` at the end. All at once, those that look at single
# files JOBS at a time.
set -u
cd "$(dirname "$0")/../.." || exit 1
export JOBS=${JOBS:-$(nproc)}
mkdir -p build/lint
said=$(mktemp -d) || exit 1
trap 'rm -rf "$said"' EXIT

# check NAME PROGRAM COMMAND...: skipped where PROGRAM is missing.
check() {
    local name=$1 program=$2
    shift 2
    if ! command -v "$program" > /dev/null 2>&1; then
        echo "skipped  $name: $program is not installed"
    elif "$@" > "build/lint/$name.log" 2>&1; then
        echo "ok       $name ($SECONDS s)"
    else
        echo "FAILED   $name"
        head -n 100 "build/lint/$name.log"
    fi > "$said/$name"
    flock "$said" cat "$said/$name"
}

web() {
    [ -d web/node_modules ] || { echo "the npm packages of web/ are not installed"; return 1; }
    (cd web && npm run --silent check && npm run --silent lint)
}

han() {
    [ -d web/node_modules ] || { echo "the npm packages of web/ are not installed"; return 1; }
    node daemon/core/han.mjs | cmp - daemon/core/han.def
}

check words grep bash tests/lint/words.sh
check layers awk bash tests/lint/layers.sh
check sql gcc bash tests/lint/sql.sh
check tidy clang-tidy bash tests/lint/tidy.sh &
check cppcheck cppcheck bash tests/lint/cppcheck.sh &
check warnings clang bash tests/lint/warnings.sh &
[ -f web/package.json ] && check web npm web &
check han node han &
check shell shellcheck bash tests/lint/shell.sh &
check format clang-format bash tests/lint/format.sh &
wait

read -r passed failed skipped < <(head -q -n 1 "$said"/* | awk '{ n[$1]++ } END { print n["ok"] + 0, n["FAILED"] + 0, n["skipped"] + 0 }')
[ -n "${TALLY:-}" ] && echo "$passed $failed $skipped" >> "$TALLY"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
