#!/bin/sh
# Runs cmocka programs one after the other and adds up what they say. Fails if one fails.
passed=0 failed=0 skipped=0
for t in "$@"; do
    out=$("$t" 2>&1)
    rc=$?
    p=$(printf '%s\n' "$out" | grep -c '^\[       OK \]')
    f=$(printf '%s\n' "$out" | grep -c '^\[  FAILED  \] [^0-9]')
    s=$(printf '%s\n' "$out" | grep -c '^\[  SKIPPED \] [^0-9]')
    [ $rc -ne 0 ] && [ "$f" -eq 0 ] && f=1
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '%-40s %s passed, %s failed, %s skipped\n' "${t##*/tests/}" "$p" "$f" "$s"
    { [ $rc -ne 0 ] || [ "$s" -gt 0 ]; } && printf '%s\n' "$out" | tail -n 60
done
[ -n "$TALLY" ] && echo "$passed $failed $skipped" >> "$TALLY"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
