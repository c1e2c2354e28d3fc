/* mail_mime.c: bodies of mail: parts within parts, and how their bytes are wrapped (RFC 2045, 2046). */
#define _GNU_SOURCE /* memmem */
#include "protocols/mail_letter.h"
#include "protocols/sign.h"

#include <strings.h>

struct entity {
    struct arena *a;
    struct mail_letter *letter;
    struct buf text, html;
    size_t parts;
    bool failed;
};

static struct slice from(struct slice s, size_t at)
{
    return at < s.n ? (struct slice){ s.p + at, s.n - at } : (struct slice){ s.p ? s.p + s.n : "", 0 };
}

/* ---- transfer encodings ------------------------------------------------------------------------------------------------------- */

struct slice mail_base64(struct arena *a, struct slice s)
{
    uint8_t *ret = arena_alloc(a, s.n / 4 * 3 + 4);
    uint32_t bits = 0;
    size_t n = 0;
    int have = 0;

    if (!ret)
        return (struct slice){ NULL, 0 };
    for (size_t i = 0; i < s.n; i++) {
        int v = sign_base64_digit(s.p[i]);

        if (s.p[i] == '=') { /* the end of one; some senders glue several together */
            bits = 0;
            have = 0;
        }
        if (v < 0)
            continue;
        bits = (bits << 6 | (uint32_t)v) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            ret[n++] = (uint8_t)(bits >> have);
        }
    }
    return (struct slice){ (char *)ret, n };
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct slice mail_quoted_printable(struct arena *a, struct slice s)
{
    char *ret = arena_alloc(a, s.n + 1);
    size_t n = 0;

    if (!ret)
        return (struct slice){ NULL, 0 };
    for (size_t i = 0; i < s.n; i++) {
        size_t k = i + 1;

        if (s.p[i] != '=') {
            ret[n++] = s.p[i];
            continue;
        }
        while (k < s.n && (s.p[k] == ' ' || s.p[k] == '\t')) /* blanks that were added on the way */
            k++;
        if (k >= s.n)
            break;
        if (s.p[k] == '\n')
            i = k;
        else if (s.p[k] == '\r' && k + 1 < s.n && s.p[k + 1] == '\n')
            i = k + 1;
        else if (i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
            ret[n++] = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
            i += 2;
        } else
            ret[n++] = '=';
    }
    return (struct slice){ ret, n };
}

static struct slice unwrapped(struct arena *a, struct slice body, struct slice encoding)
{
    encoding = mail_trimmed(encoding);
    if (encoding.n == 6 && strncasecmp(encoding.p, "base64", 6) == 0)
        return mail_base64(a, body);
    if (encoding.n == 16 && strncasecmp(encoding.p, "quoted-printable", 16) == 0)
        return mail_quoted_printable(a, body);
    return body.p ? body : SLICE("");
}

/* ---- parts ---------------------------------------------------------------------------------------------------------------------- */

void mail_add_part(struct arena *a, struct mail_letter *l, const struct mail_part *part)
{
    if (l->n_parts == l->cap_parts) {
        size_t cap = l->cap_parts ? l->cap_parts * 2 : 8;
        struct mail_part *more = cap <= 2 * MAIL_PARTS_MAX ? arena_array(a, cap, sizeof(*more)) : NULL;

        if (!more) {
            l->failed |= cap <= 2 * MAIL_PARTS_MAX;
            l->n_left_out++;
            return;
        }
        if (l->n_parts)
            memcpy(more, l->parts, l->n_parts * sizeof(*more));
        l->parts = more;
        l->cap_parts = cap;
    }
    l->parts[l->n_parts++] = *part;
}

struct part_head {
    struct http_pair *headers;
    size_t n;
    struct slice raw_type, type, disposition, name;
    bool attached;
};

static struct slice get(const struct part_head *h, const char *name)
{
    return http_header(h->headers, h->n, name);
}

static bool read_head(struct entity *e, struct slice raw, struct part_head *h, size_t *body)
{
    if (!mail_head_read(e->a, raw, &h->headers, &h->n, body))
        return false;
    h->raw_type = get(h, "content-type");
    h->type = mail_value(e->a, h->raw_type.n ? h->raw_type : SLICE("text/plain"));
    h->disposition = mail_value(e->a, get(h, "content-disposition"));
    h->name = mail_param(e->a, get(h, "content-disposition"), "filename");
    if (h->name.p && !h->name.n)
        h->name = mail_param(e->a, h->raw_type, "name");
    h->attached = slice_is(h->disposition, "attachment") || h->name.n > 0;
    return h->type.p && h->disposition.p && h->name.p;
}

static void add_text(struct entity *e, struct buf *to, const struct part_head *h, struct slice bytes)
{
    struct slice charset = mail_param(e->a, h->raw_type, "charset"), text;

    text = charset.p ? mail_utf8(e->a, bytes, charset) : charset;
    if (text.p && slice_is(mail_param(e->a, h->raw_type, "format"), "flowed"))
        text = mail_flowed(e->a, text, slice_is(mail_param(e->a, h->raw_type, "delsp"), "yes"));
    if (!text.p) {
        e->failed = true;
        return;
    }
    if (to->n && text.n)
        buf_char(to, '\n');
    buf_add(to, text);
}

static void add_leaf(struct entity *e, const struct part_head *h, struct slice body)
{
    struct slice bytes = unwrapped(e->a, body, get(h, "content-transfer-encoding"));
    struct mail_part part = { .type = h->type, .name = h->name };

    if (bytes.p && !bytes.n && mail_trimmed(body).n) /* it is not encoded at all */
        bytes = body;
    part.bytes = bytes;
    if (!bytes.p)
        e->failed = true;
    else if (!h->attached && slice_is(h->type, "text/plain"))
        add_text(e, &e->text, h, bytes);
    else if (!h->attached && slice_is(h->type, "text/html"))
        add_text(e, &e->html, h, bytes);
    else if (bytes.n) {
        if (!part.name.n && slice_is(h->type, "message/rfc822"))
            part.name = SLICE("message.eml");
        mail_add_part(e->a, e->letter, &part);
    }
}

static void read_entity(struct entity *e, struct slice raw, int depth);

/* The next "--boundary" line at or after *at: the place of its first byte, *after behind its line; SIZE_MAX: none. */
static size_t delimiter(struct slice s, struct slice boundary, size_t at, size_t *after, bool *last)
{
    while (at < s.n) {
        const char *p = memmem(s.p + at, s.n - at, boundary.p, boundary.n);
        size_t k, start;

        if (!p)
            return SIZE_MAX;
        k = (size_t)(p - s.p) + boundary.n;
        start = (size_t)(p - s.p);
        at = start + 1;
        if (start < 2 || s.p[start - 1] != '-' || s.p[start - 2] != '-' || (start > 2 && s.p[start - 3] != '\n'))
            continue;
        *last = k + 1 < s.n && s.p[k] == '-' && s.p[k + 1] == '-';
        k += *last ? 2 : 0;
        while (k < s.n && (s.p[k] == ' ' || s.p[k] == '\t' || s.p[k] == '\r'))
            k++;
        if (k < s.n && s.p[k] != '\n')
            continue;
        *after = k < s.n ? k + 1 : k;
        return start - 2;
    }
    return SIZE_MAX;
}

static struct slice without_line_end(struct slice s)
{
    if (s.n && s.p[s.n - 1] == '\n')
        s.n--;
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

/* What stands before the first boundary and after the last one is for nobody. A last boundary that is missing is where the end is. False:
 * it occurs nowhere. */
static bool read_parts(struct entity *e, struct slice body, struct slice boundary, int depth)
{
    size_t after = 0;
    bool last = false;
    size_t at = delimiter(body, boundary, 0, &after, &last);
    bool any = at != SIZE_MAX;

    while (at != SIZE_MAX && !last && !e->failed && e->parts < MAIL_PARTS_MAX) {
        size_t start = after, end = delimiter(body, boundary, start, &after, &last);
        size_t n = (end == SIZE_MAX ? body.n : end) - start;

        read_entity(e, without_line_end((struct slice){ body.p + start, n }), depth + 1);
        at = end;
    }
    return any;
}

/* Of alternatives the plain one is the text, and HTML only where there is none; both are kept apart until the end, so that the order in
 * which they come does not matter. */
static void read_entity(struct entity *e, struct slice raw, int depth)
{
    struct part_head h = { .n = 0 };
    struct slice body, boundary;
    size_t at = 0;

    if (e->parts++ >= MAIL_PARTS_MAX)
        return;
    if (!read_head(e, raw, &h, &at)) {
        e->failed = true;
        return;
    }
    body = from(raw, at);
    if (depth == 0) {
        e->letter->headers = h.headers;
        e->letter->n_headers = h.n;
        e->letter->type = h.type;
    }
    if (slice_starts(h.type, "multipart/") && depth < MAIL_DEPTH_MAX) {
        boundary = mail_param(e->a, h.raw_type, "boundary");
        if (!boundary.p)
            e->failed = true;
        else if (boundary.n && read_parts(e, body, boundary, depth))
            return;
    }
    if (slice_starts(h.type, "multipart/")) /* too deep, or without its boundary: for people to look at */
        h.type = SLICE("text/plain");
    add_leaf(e, &h, body);
}

bool mail_mime(struct arena *a, struct slice raw, struct mail_letter *ret)
{
    struct entity e = { .a = a, .letter = ret };

    *ret = (struct mail_letter){ .n_parts = 0 };
    buf_init(&e.text, raw.n * 4 + 4096);
    buf_init(&e.html, raw.n * 4 + 4096);
    read_entity(&e, raw, 0);
    ret->text = arena_copy(a, buf_slice(&e.text));
    ret->html = arena_copy(a, buf_slice(&e.html));
    e.failed |= !buf_ok(&e.text) || !buf_ok(&e.html) || !ret->text.p || !ret->html.p;
    buf_finish(&e.text);
    buf_finish(&e.html);
    ret->failed |= e.failed;
    return !ret->failed;
}
