#!/bin/bash
# All checks that read the sources, one line each, and `N passed, N failed, N skipped` at the end. JOBS at a time where it pays.
set -u
cd "$(dirname "$0")/../.." || exit 1
export JOBS=${JOBS:-$(nproc)}
passed=0 failed=0 skipped=0
mkdir -p build/lint

# check NAME PROGRAM COMMAND...: skipped where PROGRAM is missing.
check() {
    local name=$1 program=$2 began=$SECONDS
    shift 2
    if ! command -v "$program" > /dev/null 2>&1; then
        echo "skipped  $name: $program is not installed"
        skipped=$((skipped + 1))
    elif "$@" > "build/lint/$name.log" 2>&1; then
        echo "ok       $name ($((SECONDS - began)) s)"
        passed=$((passed + 1))
    else
        echo "FAILED   $name"
        head -n 100 "build/lint/$name.log"
        failed=$((failed + 1))
    fi
}

web() {
    [ -d web/node_modules ] || { echo "the npm packages of web/ are not installed"; return 1; }
    (cd web && npm run --silent check && npm run --silent lint)
}

check words grep bash tests/lint/words.sh
check layers awk bash tests/lint/layers.sh
check sql gcc bash tests/lint/sql.sh
check shell shellcheck bash tests/lint/shell.sh
check format clang-format bash tests/lint/format.sh
[ -f web/package.json ] && check web npm web
check cppcheck cppcheck bash tests/lint/cppcheck.sh
check tidy clang-tidy bash tests/lint/tidy.sh

[ -n "${TALLY:-}" ] && echo "$passed $failed $skipped" >> "$TALLY"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
