#!/bin/sh
# Each fuzz target for FUZZ_S seconds, JOBS at a time. New inputs are kept in build/fuzz/corpus, a crash in build/fuzz/crash-*: it becomes
# a seed once it is repaired. Ends with one line `N passed, N failed, N skipped`, a target counting as one.
cd "$(dirname "$0")/../.." || exit 1
FUZZ_S=${FUZZ_S:-60}
export FUZZ_S

if [ "${1:-}" = --one ]; then
    path=$2
    name=${path##*/fuzz_}
    mkdir -p "build/fuzz/corpus/$name"
    # shellcheck disable=SC2046 # a list of folders
    "$path" -max_total_time="$FUZZ_S" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="build/fuzz/crash-$name-" \
        "build/fuzz/corpus/$name" $(sh tests/fuzz/corpus.sh "$name") > "build/fuzz/$name.log" 2>&1
    rc=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")
    if [ $rc -eq 0 ]; then
        echo "ok       fuzz_$name: ${runs:-?} inputs in $FUZZ_S s"
    else
        echo "FAILED   fuzz_$name"
        tail -n 60 "build/fuzz/$name.log"
    fi
    exit 0
fi

out=$(mktemp /tmp/kefud-fuzz-XXXXXX)
trap 'rm -f "$out"' EXIT
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    echo "build/fuzz/tests/fuzz/$name"
done | xargs -P "${JOBS:-1}" -n 1 sh tests/fuzz/run.sh --one | tee "$out"
passed=$(grep -c '^ok ' "$out")
failed=$(grep -c '^FAILED ' "$out")
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
