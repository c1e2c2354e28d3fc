#!/bin/sh
# corpus.sh NAME: the folders that seed the fuzz target NAME: its own, and the vectors of the unit tests that it shares.
for folder in "tests/fuzz/corpus/$1" "tests/vectors/$1"; do
    [ -d "$folder" ] && printf '%s ' "$folder"
done
exit 0
