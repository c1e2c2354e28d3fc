#include "core/buf.h"

#include "core/arena.h"
#include "core/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){ .max = max };
}

void buf_finish(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p)
        b->p[0] = '\0';
}

static bool grow(struct buf *b, size_t more)
{
    size_t want, cap;
    char *p;

    if (b->failed)
        return false;
    if (more > b->max - b->n) {
        b->failed = true;
        return false;
    }
    want = b->n + more + 1;
    if (want <= b->cap)
        return true;
    cap = b->cap ? b->cap : 256;
    while (cap < want)
        cap += cap / 2;
    p = realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, struct slice s)
{
    if (!grow(b, s.n))
        return;
    if (s.n)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
    buf_add(b, slice_of(s));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, (struct slice){ &c, 1 });
}

void buf_i64(struct buf *b, int64_t v)
{
    char digits[24];
    char *p = digits + sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--p = '-';
    buf_add(b, (struct slice){ p, (size_t)(digits + sizeof(digits) - p) });
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        b->failed = true;
    else if (grow(b, (size_t)n)) {
        (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
    va_end(ap);
}

/* How a byte is written inside a JSON string; 0 leaves it as it is, 'u' asks for \u00XX. */
static char json_escape(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '<':
    case '>':
    case '&':
    case 0x7f:
        return 'u';
    default:
        return c < 0x20 ? 'u' : 0;
    }
}

/* U+2028 and U+2029 are E2 80 A8 and E2 80 A9: line ends in older scripts. */
static bool line_separator(struct slice s, size_t i)
{
    return i + 2 < s.n && (unsigned char)s.p[i] == 0xe2 && (unsigned char)s.p[i + 1] == 0x80 && ((unsigned char)s.p[i + 2] | 1) == 0xa9;
}

void buf_json(struct buf *b, struct slice s)
{
    size_t from = 0;

    if (!s.p)
        s = SLICE("");
    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        char e = json_escape(c);
        bool sep = c == 0xe2 && line_separator(s, i);

        if (!e && !sep)
            continue;
        buf_add(b, (struct slice){ s.p + from, i - from });
        if (sep) {
            buf_printf(b, "\\u202%c", (unsigned char)s.p[i + 2] == 0xa8 ? '8' : '9');
            i += 2;
        } else if (e == 'u')
            buf_printf(b, "\\u%04x", c);
        else {
            buf_char(b, '\\');
            buf_char(b, e);
        }
        from = i + 1;
    }
    buf_add(b, (struct slice){ s.p + from, s.n - from });
    buf_char(b, '"');
}

/* The four digits at `i`; -1: they are none. */
static int32_t hex4(struct slice s, size_t i)
{
    int32_t v = 0;

    if (i + 4 > s.n)
        return -1;
    for (size_t k = i; k < i + 4; k++) {
        char c = s.p[k];
        int32_t d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

        if (d < 0)
            return -1;
        v = 16 * v + d;
    }
    return v;
}

/* The code point of the \uXXXX at *i, which moves behind it, and behind the other half of a pair. */
static uint32_t escaped_point(struct slice s, size_t *i)
{
    int32_t high = hex4(s, *i + 2), low = -1;

    *i += 6;
    if (high < 0xd800 || high > 0xdfff)
        return (uint32_t)high;
    if (high < 0xdc00 && *i + 6 <= s.n && s.p[*i] == '\\' && s.p[*i + 1] == 'u')
        low = hex4(s, *i + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *i += 6;
    return 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
}

void buf_unjson(struct buf *b, struct slice inside)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char out[4];

    for (size_t i = 0; i < inside.n;) {
        const char *e = inside.p[i] == '\\' && i + 1 < inside.n && inside.p[i + 1] ? strchr(from, inside.p[i + 1]) : NULL;

        if (e) {
            buf_char(b, to[e - from]);
            i += 2;
        } else if (inside.p[i] == '\\' && i + 1 < inside.n && inside.p[i + 1] == 'u' && hex4(inside, i + 2) >= 0)
            buf_add(b, (struct slice){ out, utf8_put(out, escaped_point(inside, &i)) });
        else
            buf_char(b, inside.p[i++]);
    }
}

struct slice buf_copy(const struct buf *b, struct arena *a)
{
    return b->failed ? (struct slice){ NULL, 0 } : arena_copy(a, buf_slice(b));
}

char *buf_take(struct buf *b)
{
    char *ret = NULL;

    if (!b->failed && grow(b, 0)) {
        b->p[b->n] = '\0';
        ret = b->p;
        b->p = NULL;
    }
    buf_finish(b);
    return ret;
}
