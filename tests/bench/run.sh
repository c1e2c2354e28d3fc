#!/bin/bash
# kefud, a relay in Node and a bare echo, one after the other on the same machine: make bench. Prints what was measured, the ratios, and
# whether the floor is reached; fails if it is not. BENCH_S seconds a run, BENCH_MESSAGES in the store's run.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${BENCH_S:-10}
tools=build/tests/bench
# On the disk that the build is on: /tmp may be memory, where nothing is ever forced.
mkdir -p build
work=$(mktemp -d "$PWD/build/bench-XXXXXX") || exit 1
started=()
export BENCH_PASSWORD=bench-password-$RANDOM$RANDOM
missed=0

# end PID: asks it to stop, waits until it has.
end() {
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    for pid in "${started[@]}"; do end "$pid"; done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# start LOG COMMAND...: runs it in the background and waits for its line `… ready http://HOST:PORT/`; sets pid and address.
start() {
    local log=$1
    shift
    "$@" > "$log" 2> "$log.err" < /dev/null &
    pid=$!
    started+=("$pid")
    for _ in $(seq 300); do
        address=$(sed -nE 's|.*ready https?://([0-9.]+:[0-9]+)/.*|\1|p' "$log" | head -n 1)
        [ -n "$address" ] && return
        kill -0 "$pid" 2>/dev/null || break
        read -r -t 0.1 <> <(:)
    done
    echo "bench: $1 did not start" >&2
    tail -n 20 "$log" "$log.err" >&2
    exit 1
}

# measure FILE RUN...: the lines of load go to FILE.
measure() {
    local file=$work/$1
    shift
    "$tools/load" "$@" > "$file" || { echo "bench: load $* failed" >&2; missed=1; }
}
value() { awk -v name="$2" '$1 == name { print $2; exit }' "$work/$1"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (a != "" && b > 0) printf "%.2f", a / b; else printf "none" }'; }

# expect WHAT VALUE at-most|at-least LIMIT
expect() {
    if awk -v v="${2:-x}" -v how="$3" -v l="$4" 'BEGIN { exit !(v ~ /^[0-9.]+$/ && (how == "at-most" ? v + 0 <= l : v + 0 >= l)) }'; then
        printf '  reached  %-66s %10s  (%s %s)\n' "$1" "${2:-none}" "$3" "$4"
    else
        printf '  MISSED   %-66s %10s  (%s %s)\n' "$1" "${2:-none}" "$3" "$4"
        missed=1
    fi
}

# kefud finds a site set beside itself, as an installed one does: ours has no limit on a visitor's rate.
mkdir -p "$work/bin" "$work/share/kefud/sites"
cp build/kefud "$work/bin/kefud"
cp tests/bench/site.json "$work/share/kefud/sites/demo.json"
cat > "$work/kefud.conf" << CONF
[limits]
connections_per_address = 1000000
conversations = 1000000
searches = 1000000
ping = 10 min
CONF
head -c 8 /dev/zero > "$work/syncs"
syncs() { od -An -t u8 "$work/syncs" | tr -d ' '; }

# kefud STATE [CONF-LINES]: a fresh one with twenty agents, who take as many conversations as come.
kefud() {
    local state=$work/$1
    { cat "$work/kefud.conf"; printf '%s\n' "${2:-}"; } > "$state.conf"
    KEFUD_DEMO_PASSWORD=$BENCH_PASSWORD KEFUD_BENCH_SYNCS=$work/syncs LD_PRELOAD="$PWD/$tools/syncs.so" start "$state.log" \
        "$work/bin/kefud" -c "$state.conf" --state "$state" --listen 127.0.0.1:0 --demo
}
# agents STATE HOW-MANY [PLACES]
agents() {
    local i
    for i in $(seq 1 "$2"); do
        echo "$BENCH_PASSWORD" | build/kefuctl --state "$work/$1" user add "bench$i@bench.example" --name "Agent $i" --site demo \
            --roles agent --queues service --capacity "${3:-100}" > /dev/null || exit 1
    done
}

echo "bench: $(nproc) cores, $(uname -sr), $seconds s a run"
measure disk disk "$work/scratch"

start "$work/echo" "$tools/echo"
measure echo.talk talk "$address" "$pid" --echo --seconds "$seconds"
end "$pid"

if ! command -v node > /dev/null || ! bash tests/setup.sh bench; then
    echo "bench: node, npm and the packages of tests/bench are needed for the relay" >&2
    exit 1
fi
redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --appendonly no --dir "$work" > "$work/redis.log" 2>&1 < /dev/null &
started+=("$!")
start "$work/relay" node tests/bench/relay.mjs "$work/redis.sock"
measure relay.talk talk "$address" "$pid" --relay --seconds "$seconds"
end "$pid"
start "$work/relay2" node tests/bench/relay.mjs "$work/redis.sock"
measure relay.rate rate "$address" "$pid" --relay --seconds "$seconds" --rate 1000
end "$pid"

kefud talk
agents talk 20
measure idle.nobody idle "$address" "$pid" --idle 0 --seconds "$seconds"
before=$(syncs)
measure single single "$address" "$pid" --count 200
forced=$(($(syncs) - before))
measure kefud.talk talk "$address" "$pid" --seconds "$seconds"
measure kefud.rate rate "$address" "$pid" --seconds "$seconds" --rate 1000
end "$pid"

kefud plain
measure idle.plain idle "$address" "$pid" --idle 10000 --seconds "$seconds"
end "$pid"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -keyout "$work/key.pem" \
    -out "$work/crt.pem" 2> "$work/openssl.log"
chmod 600 "$work/key.pem"
kefud tls "[tls]
certificate = $work/crt.pem
key = $work/key.pem"
measure idle.tls idle "$address" "$pid" --tls --idle 10000 --seconds "$seconds"
end "$pid"

# Five places each, and everybody else waits.
kefud place
agents place 20 5
measure place.wait place "$address" "$pid" --visitors 10000 --rate 50 --disk "$work/scratch" --seconds "$seconds"
end "$pid"
# Another system calls: 2 KiB each, signed, committed before the answer. Nobody is there to answer, and no rule says anything.
kefud hooks
secret="whsec_$(head -c 32 /dev/zero | tr '\0' k | base64)"
sed "s|SECRET|$secret|g" tests/bench/hooks.json > "$work/hooks.json"
build/kefuctl --state "$work/hooks" --json site add "$work/hooks.json" > "$work/hooks.made" || missed=1
hook=$(sed -nE 's|.*"hook": ?"([^"]+)".*|\1|p' "$work/hooks.made" | head -n 1)
"$tools/bench_hooks" "$address" "$hook" "$secret" 2020 "$seconds" "$work/scratch" > "$work/hooks.out" || missed=1
end "$pid"
mkdir "$work/route"
"$tools/bench_route" "$work/route" > "$work/route.out" || missed=1

mkdir "$work/store"
messages=${BENCH_MESSAGES:-1000000}
"$tools/bench_store" "$messages" $((messages / 20 + 1)) "$work/store" > "$work/store.out" || missed=1
# The test of large tables, with as many rows as people take along in earnest; it checks what it gets, and ends by itself.
KEFUD=$PWD/build/kefud KEFUCTL=$PWD/build/kefuctl KEFUD_BUILD=$PWD/build KEFUD_EXPORT_ROWS=100000 timeout 1800 \
    build/tests/system/test_exports > "$work/exports.out" 2> "$work/exports.err" || { cat "$work/exports.err" >&2; missed=1; }
# Frames are the machine's as much as the page's, so a page that does nothing is measured beside it.
node tests/bench/pages.mjs nothing review > "$work/pages.out" 2> "$work/pages.err" || { cat "$work/pages.err" >&2; missed=1; }
page() { sed -nE "s/^$1 +([0-9.]+) ms .*/\1/p" "$work/pages.out"; }
# its own lines are for people: the figure before or after a word
store() { sed -nE "s|$1|\\1|p" "$work/store.out" | sort -n | tail -n 1; }

echo
echo "At saturation, 200 visitors and 20 agents, 120 bytes of text (CPU in µs a message, in the process itself):"
printf '  %-24s %12s %10s %10s\n' "" "messages/s" "loop" "process"
for who in echo relay kefud; do
    printf '  %-24s %12s %10s %10s\n' "$who" "$(value $who.talk per_second)" "$(value $who.talk loop_us)" "$(value $who.talk process_us)"
done
echo "  kefud by thread: $(awk '$1 == "thread" { printf "%s%s", sep, substr($0, 8); sep = ", " }' "$work/kefud.talk")"
echo "At 1,000 messages a second, from frame to acknowledgement (ms):"
printf '  %-24s %12s %10s\n' "" p50 p99
for who in relay kefud; do
    printf '  %-24s %12s %10s\n' "$who" "$(ratio "$(value $who.rate ack_p50_us)" 1000)" "$(ratio "$(value $who.rate ack_p99_us)" 1000)"
done
printf '  %-24s %12s %10s\n' "kefud, one at a time" "$(ratio "$(value single single_p50_us)" 1000)" "$(ratio "$(value single single_p99_us)" 1000)"
printf '  %-24s %12s %10s\n' "4 KiB and fdatasync" "$(ratio "$(value disk disk_p50_us)" 1000)" "$(ratio "$(value disk disk_p99_us)" 1000)"
echo "Idle: $(value idle.plain bytes_each) bytes a plain connection, $(value idle.tls bytes_each) with TLS;" \
    "CPU $(value idle.nobody cpu_percent) % with nobody there, $(value idle.plain cpu_percent) % with 10,000 connections"
echo "With 10,000 who wait, 20 agents who are full, and 50 places a second that become free (ms):"
printf '  %-34s %12s %10s\n' "" p50 p99
printf '  %-34s %12s %10s\n' "from the free place to \`assigned\`" "$(ratio "$(value place.wait assigned_p50_us)" 1000)" "$(ratio "$(value place.wait assigned_p99_us)" 1000)"
printf '  %-34s %12s %10s\n' "4 KiB and fdatasync, beside" "$(ratio "$(value place.wait disk_p50_us)" 1000)" "$(ratio "$(value place.wait disk_p99_us)" 1000)"
echo "  CPU $(value place.wait waiting_cpu_percent) % while nobody moves on, $(value place.wait moving_cpu_percent) % ($(value place.wait moving_loop_percent) % the loop) with everybody told" \
    "where they are"
echo "Webhooks of 2 KiB, signed and committed, $(value hooks.out hooks_per_second) a second (ms):"
printf '  %-34s %12s %10s\n' "" p50 p99
printf '  %-34s %12s %10s\n' "from the time it is due to 204" "$(ratio "$(value hooks.out hooks_p50_us)" 1000)" "$(ratio "$(value hooks.out hooks_p99_us)" 1000)"
printf '  %-34s %12s %10s\n' "4 KiB and fdatasync, beside" "$(ratio "$(value hooks.out disk_p50_us)" 1000)" "$(ratio "$(value hooks.out disk_p99_us)" 1000)"
echo "Routing with $(value route.out agents) agents and $(value route.out waiting) who wait:"
echo "  the decision alone: $(value route.out decide_p50_us) µs for one free place and the first 200 of the line, $(value route.out decide_all_ms) ms for all"
echo "  with Redis, as the desk asks it: $(value route.out pass_per_second) passes a second, one free place in $(value route.out place_p50_us) µs" \
    "(p99 $(value route.out place_p99_us)), all $(value route.out waiting) reserved in $(value route.out assign_all_ms) ms ($(value route.out assign_all_passes) passes)," \
    "the line's positions in $(value route.out positions_p50_us) µs, all told to an empty Redis in $(value route.out rebuild_ms) ms"
echo "The store alone, its index beside:"
sed 's/^/  /' "$work/store.out"
echo "Tables of a whole result, from asking to the last byte:"
grep '^export' "$work/exports.out" | sed 's/^/  /'
echo "The review page in Chromium, without a GPU:"
sed 's/^/  /' "$work/pages.out"
echo
echo "The floor:"
expect "relay's loop / echo's loop (else the run is void)" "$(ratio "$(value relay.talk loop_us)" "$(value echo.talk loop_us)")" at-most 6
expect "loop thread: kefud / relay" "$(ratio "$(value kefud.talk loop_us)" "$(value relay.talk loop_us)")" at-most 0.6
expect "whole process: kefud, index included / relay" "$(ratio "$(value kefud.talk process_us)" "$(value relay.talk process_us)")" at-most 2.0
expect "forced writes for 200 single messages (synchronous=FULL)" "$forced" at-least 200
expect "bytes a plain connection" "$(value idle.plain bytes_each)" at-most 6144
expect "bytes a TLS connection" "$(value idle.tls bytes_each)" at-most 24576
expect "CPU with nobody there, %" "$(value idle.nobody cpu_percent)" at-most 0.5
expect "from a free place to assigned, ms, beyond p99 of the disk beside" \
    "$(awk -v a="$(value place.wait assigned_p99_us)" -v d="$(value place.wait disk_p99_us)" 'BEGIN { if (a != "" && d != "") printf "%.1f", (a > d ? (a - d) / 1000 : 0) }')" at-most 20
expect "a webhook's answer, ms, p99 beyond that of the disk beside" \
    "$(awk -v a="$(value hooks.out hooks_p99_us)" -v d="$(value hooks.out disk_p99_us)" 'BEGIN { if (a != "" && d != "") printf "%.1f", (a > d ? (a - d) / 1000 : 0) }')" at-most 20
expect "webhooks a second" "$(value hooks.out hooks_per_second)" at-least 2000
expect "committed messages a second" "$(store '^committed .* s: ([0-9]+)/s.*')" at-least 10000
expect "the index behind, ms" "$(store '^index +at most ([0-9]+) ms.*')" at-most 1000
expect "first page of a common word of two characters, ms" "$(store '^search +退款 .* ([0-9.]+) ms [(]median[)].*')" at-most 50
still=$(page 'a page that does nothing: frame p95')
expect "review, 100,000 results scrolled: frame p95, ms (a still page: $still)" "$(page 'review, 100,000 results scrolled: frame p95')" at-most \
    "$(awk -v s="$still" 'BEGIN { printf "%.1f", (s > 17 ? s : 17) }')"
expect "review, a transcript of 2,000 messages opened, ms" "$(page 'review, a transcript of 2,000 messages: open, median of 5')" at-most 200
exit $missed
