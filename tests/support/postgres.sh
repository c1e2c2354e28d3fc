#!/bin/sh
# postgres.sh start|stop|restart DIR: a PostgreSQL server of its own for tests, on a unix socket in DIR, for the person `kefud` without a
# password. PostgreSQL does not run as root: then it runs as Debian's user for it, or as nobody. `start` makes DIR/data, and fails with a
# sentence where there is no PostgreSQL; `restart` is a crash and what follows it.
set -u
dir=$2
bin=$(for b in /usr/lib/postgresql/*/bin; do echo "$b"; done | sort -V | tail -n 1)
if [ ! -x "$bin/initdb" ]; then
    echo "PostgreSQL is not installed (Debian: postgresql)" >&2
    exit 1
fi

as_server() {
    if [ "$(id -u)" != 0 ]; then
        "$@"
    elif id postgres >/dev/null 2>&1; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    fi
}

pg_ctl() {
    as_server "$bin/pg_ctl" -s -D "$dir/data" "$@" >> "$dir/said" 2>&1 < /dev/null
}

make_data() {
    as_server "$bin/initdb" -D "$dir/data" -U kefud -A trust -E UTF8 --locale=C.UTF-8 --no-sync > "$dir/said" 2>&1 < /dev/null || return 1
    as_server tee -a "$dir/data/postgresql.conf" > /dev/null << CONF
listen_addresses = ''
unix_socket_directories = '$dir'
max_connections = 150
deadlock_timeout = 200ms
CONF
}

cd / || exit 1
case $1 in
start)
    mkdir -p "$dir" && : > "$dir/said"
    [ "$(id -u)" = 0 ] && chown "$(id -un postgres 2>/dev/null || echo nobody)" "$dir"
    chmod 711 "$dir"
    if ! make_data || ! pg_ctl -w -l "$dir/data/log" start; then
        cat "$dir/said" >&2
        exit 1
    fi
    ;;
stop) pg_ctl -w -m immediate stop ;;
restart) pg_ctl -w -m immediate -l "$dir/data/log" restart ;;
*)
    echo "usage: postgres.sh start|stop|restart DIR" >&2
    exit 2
    ;;
esac
