#!/bin/sh
# embed.sh FILE.json…: prints the shipped defaults as C: shipped[], ended by a NULL name (shipped.h).
set -eu

echo '/* Made by daemon/settings/embed.sh. */'
echo '#include "settings/shipped.h"'
echo
echo "#include <stddef.h>"
echo
echo 'const struct shipped shipped[] = {'
for file in "$@"; do
    name=${file##*/}
    printf '    { "%s",\n' "${name%.json}"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/      "/; s/$/\\n"/' "$file"
    echo '    },'
done
echo '    { NULL, NULL },'
echo '};'
