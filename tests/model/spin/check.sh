#!/bin/bash
# check.sh: looks at every interleaving of reserve.pml: with both guards nothing may go wrong, without either something must. Says a line for each
# combination, as tests/run.sh reads them.
set -u
cd "$(dirname "$0")" || exit 1
if ! command -v spin >/dev/null 2>&1; then
    echo "skip reserve.pml the Debian package spin is not installed"
    exit 0
fi
work=$(mktemp -d /tmp/kefud-spin-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cp reserve.pml "$work" && cd "$work" || exit 1

# one ATOMIC FENCED WANTED: `errors: 0`, or an assertion that fails
one() {
    local name="atomic=$1 fenced=$2" said
    spin -DATOMIC="$1" -DFENCED="$2" -a reserve.pml > spin.log 2>&1 &&
        ${CC:-gcc} -O2 -DSAFETY -DCOLLAPSE -w -o pan pan.c && said=$(./pan -m100000 2>&1)
    if [ "$3" = holds ] && grep -q 'errors: 0' <<< "${said:-}" && ! grep -q 'max search depth too small' <<< "$said"; then
        echo "ok $name holds in $(sed -nE 's/^ *([0-9]+) states, stored.*/\1/p' <<< "$said") states"
    elif [ "$3" = breaks ] && grep -q 'assertion violated' <<< "${said:-}"; then
        echo "ok $name breaks, as it must"
    else
        echo "not ok $name: wanted: it $3"
        cat spin.log
        echo "${said:-}"
    fi
}

one 1 1 holds
one 1 0 breaks
one 0 1 breaks
one 0 0 breaks
