#!/bin/bash
# run.sh LAYER ...: runs the tests of these layers, says a line for each program with the seconds it took, and ends with one line
# `N passed, N failed, N skipped`: their sum. Fails if one failed. Environment: B, the build folder; JOBS, programs at a time.
#
# Two lanes, so that no processor is idle: the programs in C, JOBS at a time and the longest first, and beside them, one after the other,
# what is run by node and by shell scripts, which mostly waits. No test may count on being alone.
#
# A test program is given KEFUD, KEFUCTL, KEFUD_BUILD and TMPDIR, and ten minutes; a layer of node's three quarters of an hour.
set -u
cd "$(dirname "$0")/.." || exit 1
B=${B:-build}
JOBS=${JOBS:-$(nproc)}
export KEFUD="$PWD/$B/kefud" KEFUCTL="$PWD/$B/kefuctl" KEFUD_BUILD="$PWD/$B"
export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
# In memory where there is room for it: what a test commits then waits for no disk.
root=${TMPDIR:-/tmp}
[ -w /dev/shm ] && [ "$(df -k --output=avail /dev/shm | tail -n 1)" -gt 2000000 ] && root=/dev/shm
RESULTS=$(mktemp -d "$root/kf-XXXXXX") || exit 1
export RESULTS TMPDIR=$RESULTS/t
mkdir "$TMPDIR" && chmod 711 "$RESULTS" "$TMPDIR" # PostgreSQL runs as somebody else
trap 'end_postgres; rm -rf "$RESULTS"' EXIT

# One PostgreSQL for all programs of the run. Where there is none, they say so and are skipped.
start_postgres() {
    POSTGRES=$(mktemp -d "$TMPDIR/postgres-XXXXXX")
    if sh tests/support/postgres.sh start "$POSTGRES" > "$RESULTS/postgres.log" 2>&1; then
        export KEFUD_POSTGRES=$POSTGRES
    else
        KEFUD_POSTGRES=$(tail -n 1 "$RESULTS/postgres.log")
        export KEFUD_POSTGRES
        rm -rf "$POSTGRES"
        POSTGRES=
        echo "No PostgreSQL, its tests are skipped: $KEFUD_POSTGRES"
    fi
}
end_postgres() {
    [ -z "${POSTGRES:-}" ] && return
    sh tests/support/postgres.sh stop "$POSTGRES"
    rm -rf "$POSTGRES"
}

# count NAME PASSED FAILED SKIPPED [BEGAN]: one line for people, one for the sum.
count() {
    local word=ok took=
    [ -n "${5:-}" ] && took="$((SECONDS - $5)) s"
    [ "$4" -gt 0 ] && word=skipped
    [ "$2" -eq 0 ] && [ "$3" -eq 0 ] && [ "$4" -eq 0 ] && word=empty
    [ "$3" -gt 0 ] && word=FAILED
    printf '%-8s %-32s %6s  %s passed%s%s\n' "$word" "$1" "$took" "$2" "$([ "$3" -gt 0 ] && echo ", $3 failed")" "$([ "$4" -gt 0 ] && echo ", $4 skipped")"
    echo "$2 $3 $4" >> "$RESULTS/sum"
}

# skip NAME WHY: what cannot run here.
skip() {
    count "$1" 0 0 1
    echo "         $2"
}

number() { # the first number that follows TEXT at the beginning of a line of FILE, or 0
    local n
    n=$(sed -nE "s/^(#|ℹ) $1 ([0-9]+).*/\2/p" "$2" | tail -n 1)
    echo "${n:-0}"
}

# One cmocka program, or any other that says by its exit code how it went.
one_program() {
    local name=$1 out p f s rc began=$SECONDS
    shift
    out=$RESULTS/$(echo "$name" | tr / _).log
    timeout -k 10 "${TEST_S:-600}" "$@" > "$out" 2>&1 < /dev/null
    rc=$?
    p=$(grep -c '^\[       OK \]' "$out")
    f=$(grep -c '^\[  FAILED  \] [^0-9]' "$out")
    s=$(grep -c '^\[  SKIPPED \] [^0-9]' "$out")
    # cmocka names what failed or was skipped twice: where it happened, and in the list at the end.
    grep -q '^\[  FAILED  \] [0-9]* test(s), listed below' "$out" && f=$(((f + 1) / 2))
    grep -q '^\[  SKIPPED \] [0-9]* test(s), listed below' "$out" && s=$(((s + 1) / 2))
    if [ "$p" -eq 0 ] && [ "$f" -eq 0 ] && [ "$s" -eq 0 ] && ! grep -q '^\[=' "$out"; then
        [ $rc -eq 0 ] && p=1
    fi
    [ $rc -ne 0 ] && [ "$f" -eq 0 ] && f=1
    count "$name" "$p" "$f" "$s" "$began"
    [ $rc -eq 124 ] && echo "         took longer than ${TEST_S:-600} s"
    if [ "$f" -gt 0 ] || [ $rc -ne 0 ]; then
        grep -v -E '^\[( RUN  |       OK )' "$out" | tail -n 80
    elif [ "$s" -gt 0 ]; then
        grep -i skip "$out" | grep -v -E '^\[[= ]|SKIPPED TEST' | head -n 5
    elif [[ $name == fault/* ]]; then # what a campaign has counted is worth reading when all is well, too
        sed -n 's/^F[0-9]/         &/p' "$out"
    fi
}

programs() { # LAYER: its programs, as "NAME PATH" lines
    local path
    for path in "$B/tests/$1"/*_*; do
        [ -f "$path" ] && [ -x "$path" ] && [ -e "tests/${path#"$B/tests/"}.c" ] && echo "${path#"$B/tests/"} $path"
    done
}

# A fuzz target with its corpus: tests/fuzz/corpus/NAME, and vectors that it shares with the unit tests.
one_target() {
    # shellcheck disable=SC2046 # a list of folders
    one_program "$1" "$2" $(sh tests/fuzz/corpus.sh "${1#fuzz/fuzz_}")
}

node_run() { # NAME FOLDER COMMAND...
    local name=$1 folder=$2 out rc p f s began=$SECONDS
    shift 2
    out=$RESULTS/$name.log
    (cd "$folder" && timeout -k 10 "${TEST_S:-2700}" "$@") > "$out" 2>&1 < /dev/null
    rc=$?
    p=$(number pass "$out")
    f=$(($(number fail "$out") + $(number cancelled "$out")))
    s=$(($(number skipped "$out") + $(number todo "$out")))
    [ $rc -ne 0 ] && [ "$f" -eq 0 ] && f=1
    count "$name" "$p" "$f" "$s" "$began"
    if [ "$f" -gt 0 ]; then
        # Each failed test with its reason; where there is none, the program's last words.
        awk '/^ *not ok /, /^ *\.\.\.$/' "$out" | head -n 300 | grep . || tail -n 60 "$out"
    elif [ "$s" -gt 0 ]; then
        grep -E '# (SKIP|skip)|﹣' "$out" | head -n 10
    fi
}

web_layer() {
    [ -f web/package.json ] || return
    command -v npm >/dev/null 2>&1 || { skip web "npm is not installed"; return; }
    [ -d web/node_modules ] || { skip web "the npm packages of web/ are not installed"; return; }
    node_run web web npm test --silent
}

# The documents of the wire against the running daemon.
contract_layer() {
    [ -f tests/system/contract/package.json ] || return
    command -v npm >/dev/null 2>&1 || { skip contract "npm is not installed"; return; }
    [ -d tests/system/contract/node_modules ] || { skip contract "the npm packages of tests/system/contract are not installed"; return; }
    node_run contract tests/system/contract npm test --silent
}

# Every channel beside one fake platform that misbehaves.
channels_layer() {
    command -v npm >/dev/null 2>&1 || { skip channels "npm is not installed"; return; }
    [ -d tests/channels/node_modules ] || { skip channels "the npm packages of tests/channels are not installed"; return; }
    node_run channels tests/channels npm test --silent
}

browser_layer() {
    ls tests/browser/*.test.* >/dev/null 2>&1 || return
    command -v node >/dev/null 2>&1 || { skip browser "node is not installed"; return; }
    command -v chromium >/dev/null 2>&1 || { skip browser "chromium is not installed"; return; }
    node_run browser . node --test tests/browser/
}

# What a shell script tests: lines `ok NAME`, `not ok NAME`, `skip NAME WHY`.
shell_layer() {
    local out=$RESULTS/$1.log rc f began=$SECONDS
    bash "$2" > "$out" 2>&1
    rc=$?
    f=$(grep -c '^not ok ' "$out")
    [ $rc -ne 0 ] && [ "$f" -eq 0 ] && f=1
    count "$1" "$(grep -c '^ok ' "$out")" "$f" "$(grep -c '^skip ' "$out")" "$began"
    grep '^skip ' "$out"
    [ "$f" -gt 0 ] && cat "$out"
}

# ---- lanes: files of commands, one a line, each for a shell of its own ----

# What takes longest, so that nothing is left to wait for at the end.
LONGEST='model/test_model model/test_mutants system/test_faults'

# The programs of a layer, by `one_program` or a command that does as much.
programs_lane() { # COMMAND LAYER
    programs "$2" | sed "s|^|$1 |" >> "$RESULTS/programs"
}
waiting_lane() { echo "$*" >> "$RESULTS/waiting"; }

# Runs a command and says what it has to say in one piece.
in_one_piece() {
    local said
    said=$(mktemp "$RESULTS/said-XXXXXX")
    eval "$1" > "$said" 2>&1
    flock "$RESULTS/sum" cat "$said"
}

run_lane() { # FILE AT-A-TIME
    # shellcheck disable=SC2016 # expanded in there
    xargs -r -d '\n' -n 1 -P "$2" bash -c 'in_one_piece "$1"' lane < "$RESULTS/$1"
}
export -f count skip number one_program one_target node_run web_layer contract_layer channels_layer browser_layer shell_layer in_one_piece

: > "$RESULTS/sum"
: > "$RESULTS/programs"
: > "$RESULTS/waiting"
for layer in "$@"; do
    case $layer in
    unit | store | live | model | system | fault) programs_lane one_program "$layer" ;;
    day) echo "DAY=full TEST_S=3600 one_program model/test_day $B/tests/model/test_day" >> "$RESULTS/programs" ;;
    mutants) echo "one_program model/test_mutants build/fault/tests/model/test_mutants" >> "$RESULTS/programs" ;;
    fuzz) programs_lane one_target fuzz ;;
    web | contract | channels | browser) waiting_lane "${layer}_layer" ;;
    install) waiting_lane shell_layer install tests/install.sh ;;
    spin) waiting_lane shell_layer spin tests/model/spin/check.sh ;;
    *) echo "run.sh: no layer $layer" >&2; exit 2 ;;
    esac
done
for name in $LONGEST; do
    grep " $name " "$RESULTS/programs"
done > "$RESULTS/longest"
grep -vxFf "$RESULTS/longest" "$RESULTS/programs" > "$RESULTS/others"
cat "$RESULTS/longest" "$RESULTS/others" > "$RESULTS/programs"

[[ " $* " == *" store "* || " $* " == *" system "* ]] && start_postgres
run_lane waiting 1 &
run_lane programs "$JOBS"
wait

read -r passed failed skipped < <(awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' "$RESULTS/sum")
[ -n "${TALLY:-}" ] && echo "$passed $failed $skipped" >> "$TALLY"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
