#!/bin/sh
# setup.sh [--print] run|test|bench ...: installs what building and running, or testing, needs and this machine lacks. Debian packages come
# through apt where that is allowed (root, or sudo without a password), else it says exactly what to install and fails. `run` is needed;
# of what only tests need, apt's failure is a warning: the tests that lack something say so and are counted as skipped.
set -u
print=
[ "${1:-}" = --print ] && print=yes && shift

run_packages="gcc libc6-dev make pkg-config libwebsockets-dev libwebsockets-evlib-uv libuv1-dev libhiredis-dev libcurl4-openssl-dev
libjansson-dev libsqlite3-dev libpq-dev libssl-dev libargon2-dev libexpat1-dev libinih-dev libxlsxwriter-dev uthash-dev redis-server"
# To play AMR, the voice of WeChat, QQ and phones; without these kefud is built all the same.
voice_packages="libopencore-amrnb-dev libopencore-amrwb-dev"
test_packages="libcmocka-dev chromium fonts-noto-cjk valgrind clang libclang-rt-14-dev clang-format clang-tidy cppcheck shellcheck
openssl man-db postgresql spin unzip"

missing() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        return
    fi
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
}

# Node may come from elsewhere than Debian, whose packages would then be in conflict with it.
missing_node() {
    if ! command -v node >/dev/null 2>&1; then
        printf 'nodejs npm '
    elif ! command -v npm >/dev/null 2>&1; then
        printf 'npm '
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

# install WHAT PACKAGES...
install() {
    what=$1
    shift
    if [ -n "$print" ] || ! may_install; then
        echo "To $what kefud, install:" >&2
        echo "    sudo apt-get install --no-install-recommends $*" >&2
        return 1
    fi
    echo "Installing: $*"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@" >/dev/null
}

pkg_config_works() {
    pkg-config --exists libwebsockets libuv hiredis libcurl jansson sqlite3 libpq libcrypto libssl libargon2 inih expat xlsxwriter 2>/dev/null
}

not_debian() {
    echo "This is not Debian, and pkg-config does not find what kefud needs. These are Debian's names of it:" >&2
    echo "    $*" >&2
    exit 1
}

# npm_packages FOLDER: what package-lock.json names, if it is not there yet.
npm_packages() {
    [ -f "$1/package-lock.json" ] || return 0
    command -v npm >/dev/null 2>&1 || return 0
    if [ -z "$(find "$1/node_modules/.package-lock.json" -newer "$1/package-lock.json" 2>/dev/null)" ]; then
        echo "Installing the npm packages of $1"
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || return 1
        touch "$1/node_modules/.package-lock.json"
    fi
}

for group in "$@"; do
    case $group in
    run)
        # shellcheck disable=SC2046,SC2086 # lists of words
        set -- $(missing $run_packages) $(missing_node)
        if [ $# -gt 0 ]; then
            install "build and run" "$@" || exit 1
        fi
        # shellcheck disable=SC2046,SC2086
        set -- $(missing $voice_packages)
        if [ $# -gt 0 ]; then
            install "play AMR with" "$@" || echo "kefud is built without AMR: such voice messages can only be downloaded" >&2
        fi
        # shellcheck disable=SC2086
        pkg_config_works || not_debian $run_packages nodejs npm
        npm_packages web || echo "npm could not install the packages of the pages: kefud is built without pages" >&2
        ;;
    test)
        # shellcheck disable=SC2046,SC2086
        set -- $(missing $test_packages)
        if [ $# -gt 0 ]; then
            install "test" "$@" || echo "Tests that need what is missing are skipped." >&2
        fi
        npm_packages tests/system/contract || echo "npm could not install the packages of tests/system/contract" >&2
        npm_packages tests/channels || echo "npm could not install the packages of tests/channels" >&2
        npm_packages tests/browser || echo "npm could not install the packages of tests/browser" >&2
        ;;
    bench)
        npm_packages tests/bench || exit 1
        ;;
    *)
        echo "usage: setup.sh [--print] run|test|bench ..." >&2
        exit 2
        ;;
    esac
done
exit 0
