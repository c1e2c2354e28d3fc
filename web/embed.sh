#!/bin/sh
# embed.sh BUILD_DIR: builds the pages into BUILD_DIR/web and prints, as C, the table of daemon/net/asset.h with their bytes.
# Nothing else goes to standard output. Without npm the table is empty and the daemon says that it has no pages.
#
# /widget.js is the loader. It holds the text `/*KEFU_SITE*/null` exactly once: the daemon puts the site's public settings there as a
# JSON object {"site","origin","name","color","position","lang"} ("<" written as \u003c) and so serves it uncompressed. The same file
# stands under /assets/loader-HASH.js, where it reads data-site and the like from its own script element.
# /chat/ is one page for all sites: the daemon serves it at /chat/{site}.
set -eu
build=${1:?usage: embed.sh BUILD_DIR}
web=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$build"
out=$(cd "$build" && pwd)/web

empty() {
    echo "web/embed.sh: $1: building without pages" >&2
    printf '#include "net/asset.h"\n\nconst struct asset assets[1] = { { 0 } };\nconst size_t n_assets = 0;\n'
    exit 0
}

command -v node >/dev/null 2>&1 || empty "node is not installed"
installed=$web/node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ -n "$(find "$web/package-lock.json" -newer "$installed")" ]; then
    command -v npm >/dev/null 2>&1 || empty "npm is not installed"
    (cd "$web" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 || empty "npm ci failed"
    touch "$installed"
fi
node "$web/build.mjs" --out "$out" >&2
exec node "$web/embed.mjs" "$out"
