#!/bin/bash
# The parameters of each named statement are $1, $2 ... in the order of their first use: both databases then number them alike, and the
# code that binds them reads like the statement.
set -o pipefail
table=daemon/store/statements.def
[ -f $table ] || { echo "$table is not there"; exit 1; }
# "@" begins a statement; the compiler has put its pieces side by side, and what is not a string (a driver's macro) is passed over.
printf '#define SQL(name, ...) @name __VA_ARGS__\n#define SQL_EACH(name, a, b) @name a @name b\n#include "store/statements.def"\n' |
    gcc -E -P -x c -Idaemon - | tr '\n' ' ' | tr '@' '\n' |
    awk '
        NF {
            name = $1; seen = 0; text = $0; used = ""
            while (match(text, /\$[0-9]+/)) {
                number = substr(text, RSTART + 1, RLENGTH - 1) + 0
                text = substr(text, RSTART + RLENGTH)
                if (number == seen + 1)
                    seen++
                else if (number > seen) {
                    print "statement " name ": $" number " is used before $" (seen + 1)
                    bad = 1
                    seen = number
                }
            }
            statements++
        }
        END {
            if (statements < 10) {
                print "only " statements + 0 " statements were found: has the table another form?"
                bad = 1
            }
            exit bad
        }'
