#!/bin/sh
# embed.sh FILE.lua…: prints the scripts as C: live_scripts[], ended by a NULL name (scripts.h).
set -eu

echo '/* Made by daemon/live/embed.sh. */'
echo '#include "live/scripts.h"'
echo
echo 'const struct live_script live_scripts[] = {'
for file in "$@"; do
    name=${file##*/}
    printf '    { "%s",\n' "${name%.lua}"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/      "/; s/$/\\n"/' "$file"
    echo '    },'
done
echo '    { NULL, NULL },'
echo '};'
