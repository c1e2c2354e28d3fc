#include "live/address.h"

#include "core/slice.h"

#include <stdlib.h>

enum { REDIS_PORT = 6379, REDIS_DB_MAX = 1000000 };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies `s` terminated, with %XX decoded if `decode`. False if it is malformed or does not fit. */
static bool copy(char *ret, size_t max, struct slice s, bool decode)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (decode && c == '%') {
            int hi = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1, lo = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;

            if (hi < 0 || lo < 0)
                return false;
            c = (char)(hi << 4 | lo);
            i += 2;
        }
        if (n + 1 >= max || !c)
            return false;
        ret[n++] = c;
    }
    ret[n] = '\0';
    return true;
}

/* Everything before the last (`last`) or first `c`; what follows it stays in *rest. False if there is none. */
static bool cut(struct slice *rest, char c, bool last, struct slice *ret)
{
    const char *p = NULL;

    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == c && (last || !p))
            p = rest->p + i;
    }
    if (!p)
        return false;
    *ret = (struct slice){ rest->p, (size_t)(p - rest->p) };
    *rest = (struct slice){ p + 1, rest->n - ret->n - 1 };
    return true;
}

static bool number(struct slice s, int max, int *ret)
{
    int v = 0;

    if (s.n == 0 || s.n > 7)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (s.p[i] - '0');
    }
    *ret = v;
    return v <= max;
}

/* "user:password@" at the start of `rest`, if it is there. */
static bool credentials(struct slice *rest, struct redis_address *a)
{
    struct slice both, user;

    if (!cut(rest, '@', true, &both))
        return true;
    if (!cut(&both, ':', false, &user))
        return copy(a->user, sizeof(a->user), both, true);
    return copy(a->user, sizeof(a->user), user, true) && copy(a->password, sizeof(a->password), both, true);
}

static bool parse_tcp(struct slice rest, struct redis_address *a)
{
    struct slice host, place, port;
    bool bracket;

    if (!credentials(&rest, a))
        return false;
    if (cut(&rest, '/', false, &place)) {
        if (rest.n && !number(rest, REDIS_DB_MAX, &a->db))
            return false;
    } else {
        place = rest;
    }
    bracket = slice_starts(place, "[");
    if (bracket) {
        place = (struct slice){ place.p + 1, place.n - 1 };
        if (!cut(&place, ']', false, &host))
            return false;
        port = place;
        if (port.n && *port.p != ':')
            return false;
        if (port.n)
            port = (struct slice){ port.p + 1, port.n - 1 };
    } else if (cut(&place, ':', false, &host)) {
        port = place;
    } else {
        host = place;
        port = (struct slice){ "", 0 };
    }
    a->port = REDIS_PORT;
    if (port.n && !number(port, 65535, &a->port))
        return false;
    return host.n && a->port && copy(a->host, sizeof(a->host), host, false);
}

static bool parse_unix(struct slice rest, struct redis_address *a)
{
    struct slice who, path;

    if (slice_starts(rest, "//")) {
        path = (struct slice){ rest.p + 2, rest.n - 2 };
        if (!cut(&path, '/', false, &who) || (who.n && (!credentials(&who, a) || who.n)))
            return false;
        rest = (struct slice){ path.p - 1, path.n + 1 }; /* with its first slash */
    }
    return slice_starts(rest, "/") && copy(a->path, sizeof(a->path), rest, false);
}

enum kf_rc redis_address_parse(struct redis_address *ret, const char *url, const char *password, struct kf_err *why)
{
    struct redis_address a = { .path = "" };
    struct slice s = slice_of(url);
    bool ok = false;

    if (slice_starts(s, "redis://"))
        ok = parse_tcp((struct slice){ s.p + 8, s.n - 8 }, &a);
    else if (slice_starts(s, "unix:"))
        ok = parse_unix((struct slice){ s.p + 5, s.n - 5 }, &a);
    if (ok && password)
        ok = copy(a.password, sizeof(a.password), slice_of(password), false);
    if (!ok)
        return kf_fail(why, KF_INVALID,
                       "the address of Redis is malformed: redis://[user:password@]host:port[/db] or unix:/path/redis.sock "
                       "(a socket's path has at most 107 bytes)");
    *ret = a;
    return KF_OK;
}
