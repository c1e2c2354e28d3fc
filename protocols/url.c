#include "protocols/url.h"

#include "core/arena.h"

#include <stdint.h>
#include <strings.h>

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct slice after(struct slice s, size_t n)
{
    return (struct slice){ s.p + n, s.n - n };
}

/* A name or IPv4 address, or an IPv6 one in brackets. How long it is; 0: not one. */
static size_t host_length(struct slice s)
{
    size_t i = 0;

    if (s.n && s.p[0] == '[') {
        for (i = 1; i < s.n && (digit(s.p[i]) || s.p[i] == ':' || s.p[i] == '.' || ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'f')); i++)
            ;
        return i > 2 && i < s.n && s.p[i] == ']' ? i + 1 : 0;
    }
    while (i < s.n && (letter(s.p[i]) || digit(s.p[i]) || s.p[i] == '.' || s.p[i] == '-' || s.p[i] == '_'))
        i++;
    return i <= 253 ? i : 0;
}

static bool port_read(struct slice *s, int *ret)
{
    int port = 0;
    size_t i = 1;

    for (; i < s->n && digit(s->p[i]); i++) {
        port = port * 10 + (s->p[i] - '0');
        if (port > 65535)
            return false;
    }
    *s = after(*s, i);
    *ret = port;
    return i > 1 && port > 0;
}

bool url_parse(struct slice text, struct url *ret)
{
    struct url u = { .https = false };
    struct slice s = text;
    size_t n;

    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f || strchr("\"<>\\^`{|}#", text.p[i]))
            return false;
    if (s.n > 8 && strncasecmp(s.p, "https://", 8) == 0) {
        u.https = true;
        s = after(s, 8);
    } else if (s.n > 7 && strncasecmp(s.p, "http://", 7) == 0) {
        s = after(s, 7);
    } else {
        return false;
    }
    n = host_length(s);
    if (!n)
        return false;
    u.host = (struct slice){ s.p, n };
    u.port = u.https ? 443 : 80;
    s = after(s, n);
    if (s.n && s.p[0] == ':' && !port_read(&s, &u.port))
        return false;
    if (s.n && s.p[0] != '/' && s.p[0] != '?')
        return false;
    u.rest = s;
    *ret = u;
    return true;
}

bool url_host_is(const struct url *u, struct slice host)
{
    return u->host.n == host.n && strncasecmp(u->host.p, host.p, host.n) == 0;
}

bool url_place_is(const struct url *u, struct slice place)
{
    size_t n = host_length(place);
    struct slice rest = after(place, n);
    int port = u->https ? 443 : 80;

    if (!n || !url_host_is(u, (struct slice){ place.p, n }))
        return false;
    if (rest.n && (rest.p[0] != ':' || !port_read(&rest, &port) || rest.n))
        return false;
    return u->port == port;
}

bool url_page(struct slice text)
{
    const char *hash = text.n ? memchr(text.p, '#', text.n) : NULL;
    size_t n = hash ? (size_t)(hash - text.p) : text.n;
    struct url url;

    for (size_t i = n + 1; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f || strchr("\"<>\\^`{|}#", text.p[i]))
            return false;
    return url_parse((struct slice){ text.p, n }, &url);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return a->https == b->https && a->port == b->port && url_host_is(a, b->host);
}

void url_escape(struct buf *b, struct slice s)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (letter(s.p[i]) || digit(s.p[i]) || (c && strchr("-._~", c))) {
            buf_char(b, s.p[i]);
            continue;
        }
        buf_char(b, '%');
        buf_char(b, hex[c >> 4]);
        buf_char(b, hex[c & 15]);
    }
}

static int hex_value(char c)
{
    return digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static struct slice unescape(struct arena *a, struct slice s)
{
    char *to = arena_text(a, s);
    size_t n = 0;

    if (!to)
        return (struct slice){ NULL, 0 };
    for (size_t i = 0; i < s.n; i++) {
        bool escape = s.p[i] == '%' && s.n - i > 2;
        int high = escape ? hex_value(s.p[i + 1]) : -1, low = escape ? hex_value(s.p[i + 2]) : -1;

        if (high >= 0 && low >= 0) {
            to[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            to[n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    to[n] = '\0';
    return (struct slice){ to, n };
}

size_t url_query(struct arena *a, struct slice raw, struct http_pair *ret, size_t max)
{
    size_t n = 0;

    while (raw.n) {
        const char *amp = memchr(raw.p, '&', raw.n);
        struct slice part = { raw.p, amp ? (size_t)(amp - raw.p) : raw.n };
        const char *eq = part.n ? memchr(part.p, '=', part.n) : NULL;
        size_t name = eq ? (size_t)(eq - part.p) : part.n;

        raw = after(raw, amp ? part.n + 1 : part.n);
        if (!part.n)
            continue;
        if (n == max)
            return SIZE_MAX;
        ret[n].name = unescape(a, (struct slice){ part.p, name });
        ret[n].value = unescape(a, eq ? after(part, name + 1) : (struct slice){ "", 0 });
        if (!ret[n].name.p || !ret[n].value.p)
            return SIZE_MAX;
        n++;
    }
    return n;
}

bool url_header_line(struct slice line, struct http_pair *ret)
{
    struct slice value;
    size_t i = 0;

    while (i < line.n && (letter(line.p[i]) || digit(line.p[i]) || (line.p[i] && strchr("!#$%&'*+-.^_`|~", line.p[i]))))
        i++;
    if (!i || i == line.n || line.p[i] != ':')
        return false;
    value = after(line, i + 1);
    while (value.n && (value.p[0] == ' ' || value.p[0] == '\t'))
        value = after(value, 1);
    while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
        value.n--;
    for (size_t k = 0; k < value.n; k++) {
        unsigned char c = (unsigned char)value.p[k];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    *ret = (struct http_pair){ .name = { line.p, i }, .value = value };
    return true;
}
