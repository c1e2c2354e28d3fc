/* mail_head.c: headers of mail: RFC 5322, 2047, 2231, and how they are really written. */
#define _GNU_SOURCE /* memmem */
#include "protocols/mail_letter.h"

#include "core/utf8.h"
#include "protocols/stamp.h"

#include <stdio.h>
#include <strings.h>

#define ADDRESS_MAX 254
#define PARAMS_MAX  64

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice from(struct slice s, size_t at)
{
    return at < s.n ? (struct slice){ s.p + at, s.n - at } : (struct slice){ s.p ? s.p + s.n : "", 0 };
}

static struct slice bare(struct slice s)
{
    while (s.n && blank(s.p[0]))
        s = from(s, 1);
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* ---- the block ------------------------------------------------------------------------------------------------------------------ */

/* The next line without its end; *at moves behind it. */
static struct slice line_at(struct slice s, size_t *at)
{
    struct slice rest = from(s, *at), ret;
    const char *end = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;

    ret = (struct slice){ rest.p, end ? (size_t)(end - rest.p) : rest.n };
    *at += ret.n + (end != NULL);
    if (ret.n && ret.p[ret.n - 1] == '\r')
        ret.n--;
    return ret;
}

/* A value over several lines is put together: the line ends go, the blanks stay. */
static bool unfold(struct arena *a, struct slice block, size_t *at, struct slice *value)
{
    size_t end = *at, n = value->n;
    char *p;

    while (end < block.n && (block.p[end] == ' ' || block.p[end] == '\t'))
        n += line_at(block, &end).n;
    if (end == *at)
        return true;
    p = arena_alloc(a, n + 1);
    if (!p)
        return false;
    memcpy(p, value->p, value->n);
    n = value->n;
    while (*at < end) {
        struct slice more = line_at(block, at);

        memcpy(p + n, more.p, more.n);
        n += more.n;
    }
    *value = (struct slice){ p, n };
    return true;
}

bool mail_head_read(struct arena *a, struct slice block, struct http_pair **ret, size_t *n, size_t *body)
{
    struct slice head = { block.p, block.n < MAIL_HEAD_MAX ? block.n : MAIL_HEAD_MAX };
    size_t at = 0, lines = 0, max;
    struct http_pair *all;

    for (size_t i = 0; i < head.n; i++)
        lines += head.p[i] == '\n';
    max = lines + 1 < MAIL_HEADERS_MAX ? lines + 1 : MAIL_HEADERS_MAX;
    all = arena_array(a, max, sizeof(*all));
    if (!all)
        return false;
    *ret = all;
    *n = 0;
    while (at < head.n) {
        struct slice line = line_at(head, &at);
        const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
        struct slice name, value;

        if (!line.n) {
            *body = at;
            return true;
        }
        if (!colon || colon == line.p || blank(line.p[0])) /* "From x" of a mailbox file, or rubbish */
            continue;
        name = bare((struct slice){ line.p, (size_t)(colon - line.p) });
        value = from(line, (size_t)(colon - line.p) + 1);
        if (!unfold(a, head, &at, &value))
            return false;
        if (*n < max)
            all[(*n)++] = (struct http_pair){ name, bare(value) };
    }
    *body = head.n;
    if (head.n < block.n) { /* too long: the body is behind the next empty line */
        const char *p = memmem(block.p + head.n, block.n - head.n, "\n\n", 2),
                   *q = memmem(block.p + head.n, block.n - head.n, "\r\n\r\n", 4);
        const char *end = q && (!p || q < p) ? q + 4 : p ? p + 2 : block.p + block.n;

        *body = (size_t)(end - block.p);
    }
    return true;
}

/* ---- words ---------------------------------------------------------------------------------------------------------------------- */

struct word {
    struct slice charset, text;
    char how;
};

/* =?charset*lang?B?text?= at the beginning of `s`; its length, 0 if there is none. */
static size_t word_at(struct slice s, struct word *ret)
{
    const char *q1, *end;
    struct slice rest, star;
    const char *mark;

    if (s.n < 8 || s.p[0] != '=' || s.p[1] != '?')
        return 0;
    rest = from(s, 2);
    q1 = memchr(rest.p, '?', rest.n);
    if (!q1 || (size_t)(q1 - rest.p) > 40 || rest.p + rest.n - q1 < 5 || q1[2] != '?')
        return 0;
    ret->charset = (struct slice){ rest.p, (size_t)(q1 - rest.p) };
    ret->how = q1[1];
    star = ret->charset;
    mark = star.n ? memchr(star.p, '*', star.n) : NULL;
    if (mark)
        ret->charset.n = (size_t)(mark - star.p);
    rest = from(rest, (size_t)(q1 - rest.p) + 3);
    end = rest.n ? memmem(rest.p, rest.n, "?=", 2) : NULL;
    if (!end || !strchr("bBqQ", ret->how))
        return 0;
    ret->text = (struct slice){ rest.p, (size_t)(end - rest.p) };
    return (size_t)(end + 2 - s.p);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void add_q(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '=' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
            buf_char(b, (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2])));
            i += 2;
        } else
            buf_char(b, s.p[i] == '_' ? ' ' : s.p[i]);
    }
}

struct decoding {
    struct arena *a;
    struct buf out;
    struct buf bytes; /* of encoded words in one charset: a character may be cut between two of them */
    struct slice charset;
    bool failed;
};

static void flush(struct decoding *d)
{
    struct slice s;

    if (!d->bytes.n)
        return;
    s = mail_utf8(d->a, buf_slice(&d->bytes), d->charset);
    d->failed |= !s.p || !buf_ok(&d->bytes);
    buf_add(&d->out, s);
    buf_clear(&d->bytes);
}

static void add_word(struct decoding *d, const struct word *w)
{
    struct slice s;

    if (d->bytes.n && (w->charset.n != d->charset.n || strncasecmp(w->charset.p, d->charset.p, w->charset.n) != 0))
        flush(d);
    d->charset = w->charset;
    if (w->how == 'q' || w->how == 'Q') {
        add_q(&d->bytes, w->text);
        return;
    }
    s = mail_base64(d->a, w->text);
    d->failed |= !s.p;
    buf_add(&d->bytes, s);
}

static void add_plain(struct decoding *d, struct slice s)
{
    struct slice utf8 = mail_utf8(d->a, s, SLICE(""));

    flush(d);
    d->failed |= !utf8.p;
    buf_add(&d->out, utf8);
}

static bool only_blanks(struct slice s)
{
    return bare(s).n == 0;
}

struct slice mail_words(struct arena *a, struct slice raw)
{
    struct decoding d = { .a = a };
    struct slice ret = { NULL, 0 };
    size_t plain = 0;
    bool after = false; /* an encoded word stands right before `plain` */

    buf_init(&d.out, raw.n * 4 + 64);
    buf_init(&d.bytes, raw.n + 64);
    for (size_t i = 0; i < raw.n && !d.failed;) {
        struct word w;
        size_t n = raw.p[i] == '=' ? word_at(from(raw, i), &w) : 0;

        if (!n) {
            i++;
            continue;
        }
        if (i > plain && !(after && only_blanks((struct slice){ raw.p + plain, i - plain })))
            add_plain(&d, (struct slice){ raw.p + plain, i - plain });
        add_word(&d, &w);
        i += n;
        plain = i;
        after = true;
    }
    if (plain < raw.n)
        add_plain(&d, from(raw, plain));
    flush(&d);
    if (!d.failed && buf_ok(&d.out))
        ret = arena_copy(a, buf_slice(&d.out));
    for (size_t i = 0; i < ret.n; i++) /* a header is one line, whatever was encoded */
        if (ret.p[i] == '\n' || ret.p[i] == '\t')
            ((char *)(uintptr_t)ret.p)[i] = ' ';
    buf_finish(&d.out);
    buf_finish(&d.bytes);
    return ret;
}

/* ---- addresses ------------------------------------------------------------------------------------------------------------------ */

struct slice mail_lower_domain(struct arena *a, struct slice address)
{
    struct slice ret = arena_copy(a, address);
    bool domain = false;

    for (size_t i = 0; i < ret.n; i++) {
        char *c = &((char *)(uintptr_t)ret.p)[i];

        domain |= *c == '@';
        if (domain && *c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    }
    return ret;
}

struct addresses {
    struct arena *a;
    struct mail_address *ret;
    size_t n, max;
    struct buf phrase, angle, comment;
    bool has_angle, failed;
};

static bool is_address(struct slice s)
{
    const char *at = s.n ? memrchr(s.p, '@', s.n) : NULL;

    if (!at || at == s.p || at + 1 == s.p + s.n || s.n > ADDRESS_MAX || !utf8_valid(s))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || strchr("<>()[],;\\\"", s.p[i]) || s.p[i] == 0x7f)
            return false;
    return true;
}

static void address_end(struct addresses *d)
{
    struct slice phrase = bare(buf_slice(&d->phrase)), name = phrase, address = bare(buf_slice(&d->angle));

    if (!d->has_angle) {
        address = phrase;
        name = bare(buf_slice(&d->comment));
    }
    if (is_address(address) && d->n < d->max) {
        struct mail_address *one = &d->ret[d->n++];

        one->address = mail_lower_domain(d->a, address);
        one->name = mail_words(d->a, name);
        d->failed |= !one->address.p || !one->name.p;
    }
    buf_clear(&d->phrase);
    buf_clear(&d->angle);
    buf_clear(&d->comment);
    d->has_angle = false;
}

/* Behind the quote at s.p[i]; what is in it goes to `b`. */
static size_t quoted(struct slice s, size_t i, struct buf *b)
{
    for (i++; i < s.n && s.p[i] != '"'; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        buf_char(b, s.p[i]);
    }
    return i + 1;
}

static size_t commented(struct slice s, size_t i, struct buf *b)
{
    int depth = 1;

    for (i++; i < s.n && depth; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        else if (s.p[i] == '(')
            depth++;
        else if (s.p[i] == ')' && --depth == 0)
            continue;
        buf_char(b, s.p[i]);
    }
    return i;
}

static size_t angled(struct slice s, size_t i, struct buf *b)
{
    for (i++; i < s.n && s.p[i] != '>'; i++)
        if (!blank(s.p[i]))
            buf_char(b, s.p[i]);
    return i + 1;
}

size_t mail_addresses(struct arena *a, struct slice raw, struct mail_address *ret, size_t max)
{
    struct addresses d = { .a = a, .ret = ret, .max = max };
    size_t i = 0;

    buf_init(&d.phrase, raw.n + 1);
    buf_init(&d.angle, raw.n + 1);
    buf_init(&d.comment, raw.n + 1);
    while (i < raw.n && d.n < max) {
        switch (raw.p[i]) {
        case '"':
            i = quoted(raw, i, &d.phrase);
            break;
        case '(':
            i = commented(raw, i, &d.comment);
            break;
        case '<':
            buf_clear(&d.angle);
            i = angled(raw, i, &d.angle);
            d.has_angle = true;
            break;
        case ',':
        case ';':
            address_end(&d);
            i++;
            break;
        case ':': /* the name of a group */
            buf_clear(&d.phrase);
            i++;
            break;
        default:
            buf_char(&d.phrase, raw.p[i++]);
            break;
        }
    }
    address_end(&d);
    d.failed |= !buf_ok(&d.phrase) || !buf_ok(&d.angle) || !buf_ok(&d.comment);
    buf_finish(&d.phrase);
    buf_finish(&d.angle);
    buf_finish(&d.comment);
    return d.failed ? SIZE_MAX : d.n;
}

/* ---- ids, dates ----------------------------------------------------------------------------------------------------------------- */

size_t mail_ids(struct slice raw, struct slice *ret, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < raw.n;) {
        const char *open = memchr(raw.p + i, '<', raw.n - i);
        const char *end = open ? memchr(open, '>', raw.n - (size_t)(open - raw.p)) : NULL;
        struct slice id;
        bool ok;

        if (!end)
            break;
        id = (struct slice){ open, (size_t)(end - open) + 1 };
        ok = id.n > 2 && id.n <= 500;
        for (size_t k = 0; ok && k < id.n; k++)
            ok = id.p[k] > ' ' && id.p[k] < 0x7f;
        if (ok && n == max) {
            memmove(ret, ret + 1, (max - 1) * sizeof(*ret));
            n--;
        }
        if (ok)
            ret[n++] = id;
        i = (size_t)(end - raw.p) + 1;
    }
    return n;
}

static struct slice token(struct slice *s)
{
    struct slice ret;
    size_t n = 0;

    while (s->n && (blank(s->p[0]) || s->p[0] == ','))
        *s = from(*s, 1);
    while (n < s->n && !blank(s->p[n]) && s->p[n] != ',')
        n++;
    ret = (struct slice){ s->p, n };
    *s = from(*s, n);
    return ret;
}

static int month_of(struct slice s)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

    for (int i = 0; i < 12 && s.n >= 3; i++)
        if (strncasecmp(s.p, months + (ptrdiff_t)3 * i, 3) == 0)
            return i + 1;
    return 0;
}

/* Minutes east of Greenwich; what is not known counts as UTC, as the standard says. */
static int zone_of(struct slice s)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = { { "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 } };
    int64_t digits;

    if (s.n == 5 && (s.p[0] == '+' || s.p[0] == '-') && stamp_digits(from(s, 1), &digits)) {
        int minutes = (int)(digits / 100 * 60 + digits % 100);

        return minutes > 1439 ? 0 : s.p[0] == '-' ? -minutes : minutes;
    }
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        if (slice_is(s, zones[i].name))
            return zones[i].hours * 60;
    return 0;
}

bool mail_date(struct slice raw, int64_t *ret)
{
    struct slice word = token(&raw), clock, zone;
    int64_t day, year;
    int month, minutes;
    char text[64];

    if (word.n && (word.p[0] < '0' || word.p[0] > '9')) /* the day of the week */
        word = token(&raw);
    if (!stamp_digits(word, &day) || day > 31)
        return false;
    month = month_of(token(&raw));
    word = token(&raw);
    if (!month || !stamp_digits(word, &year) || year > 9999)
        return false;
    if (word.n < 4)
        year += year < 50 ? 2000 : 1900;
    clock = token(&raw);
    zone = token(&raw);
    minutes = zone_of(zone);
    if (clock.n > 8 || clock.n < 4)
        return false;
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%s%.*s%s%c%02d:%02d", (int)year, month, (int)day, clock.p[1] == ':' ? "0" : "",
                   (int)clock.n, clock.p, clock.n < 6 ? ":00" : "", minutes < 0 ? '-' : '+', (minutes < 0 ? -minutes : minutes) / 60,
                   (minutes < 0 ? -minutes : minutes) % 60);
    return stamp_parse(slice_of(text), ret);
}

/* ---- parameters ----------------------------------------------------------------------------------------------------------------- */

struct slice mail_value(struct arena *a, struct slice raw)
{
    size_t n = 0;
    struct slice ret;

    raw = bare(raw);
    while (n < raw.n && raw.p[n] != ';' && raw.p[n] != '(' && !blank(raw.p[n]))
        n++;
    ret = arena_copy(a, (struct slice){ raw.p ? raw.p : "", n });
    for (size_t i = 0; i < ret.n; i++)
        if (ret.p[i] >= 'A' && ret.p[i] <= 'Z')
            ((char *)(uintptr_t)ret.p)[i] = (char)(ret.p[i] + 32);
    if (ret.p && !utf8_valid(ret))
        ret = SLICE("");
    return ret;
}

struct param {
    struct slice name, value;
};

/* All parameters; quoted values are opened. SIZE_MAX: memory is out. */
static size_t params(struct arena *a, struct slice raw, struct param ret[PARAMS_MAX])
{
    size_t i = 0, n = 0, kept;
    bool failed = false;
    struct buf b;

    buf_init(&b, raw.n + 1);
    while (i < raw.n && raw.p[i] != ';')
        i = raw.p[i] == '"' ? quoted(raw, i, &b) : i + 1;
    while (i < raw.n && n < PARAMS_MAX && !failed) {
        size_t start = ++i;
        struct param *p = &ret[n];

        while (i < raw.n && raw.p[i] != '=' && raw.p[i] != ';')
            i++;
        p->name = bare((struct slice){ raw.p + start, i - start });
        if (i >= raw.n || raw.p[i] == ';')
            continue;
        buf_clear(&b);
        for (i++; i < raw.n && blank(raw.p[i]);)
            i++;
        for (kept = 0; i < raw.n && raw.p[i] != ';';) {
            bool quote = raw.p[i] == '"';

            if (quote)
                i = quoted(raw, i, &b);
            else
                buf_char(&b, raw.p[i++]);
            if (quote || !blank(b.n ? b.p[b.n - 1] : ' '))
                kept = b.n; /* blanks at the end are not part of it, unless they are quoted */
        }
        p->value = arena_copy(a, (struct slice){ buf_slice(&b).p, kept });
        failed |= !p->value.p || !buf_ok(&b);
        n++;
    }
    buf_finish(&b);
    return failed ? SIZE_MAX : n;
}

static const struct param *find(const struct param *all, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].name.n == strlen(name) && strncasecmp(all[i].name.p, name, all[i].name.n) == 0)
            return &all[i];
    return NULL;
}

static void add_percent(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
            buf_char(b, (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2])));
            i += 2;
        } else
            buf_char(b, s.p[i]);
    }
}

/* UTF-8'en'…: the charset, and what follows. */
static struct slice without_charset(struct slice s, struct slice *charset)
{
    const char *one = s.n ? memchr(s.p, '\'', s.n) : NULL;
    const char *two = one ? memchr(one + 1, '\'', s.n - (size_t)(one + 1 - s.p)) : NULL;

    if (!two)
        return s;
    *charset = (struct slice){ s.p, (size_t)(one - s.p) };
    return from(s, (size_t)(two + 1 - s.p));
}

/* name*=…, or name*0=…, name*1*=… */
static struct slice extended(struct arena *a, const struct param *all, size_t n, const char *name, struct slice raw)
{
    struct slice charset = SLICE(""), ret = SLICE("");
    const struct param *p;
    char part[64];
    struct buf b;

    buf_init(&b, raw.n + 1);
    (void)snprintf(part, sizeof(part), "%s*", name);
    p = find(all, n, part);
    if (p)
        add_percent(&b, without_charset(p->value, &charset));
    for (int i = 0; !p && i < PARAMS_MAX; i++) {
        const struct param *plain, *coded;

        (void)snprintf(part, sizeof(part), "%s*%d", name, i);
        plain = find(all, n, part);
        (void)snprintf(part, sizeof(part), "%s*%d*", name, i);
        coded = find(all, n, part);
        if (coded)
            add_percent(&b, i ? coded->value : without_charset(coded->value, &charset));
        else if (plain)
            buf_add(&b, plain->value);
        else
            break;
    }
    if (b.n)
        ret = mail_utf8(a, buf_slice(&b), charset);
    if (ret.n && buf_ok(&b))
        ret = arena_copy(a, ret); /* it may still be the buffer's */
    if (!buf_ok(&b))
        ret = (struct slice){ NULL, 0 };
    buf_finish(&b);
    return ret;
}

struct slice mail_param(struct arena *a, struct slice raw, const char *name)
{
    struct param all[PARAMS_MAX];
    size_t n = params(a, raw, all);
    const struct param *p;
    struct slice ret;

    if (n == SIZE_MAX)
        return (struct slice){ NULL, 0 };
    ret = extended(a, all, n, name, raw);
    if (ret.n || !ret.p)
        return ret;
    p = find(all, n, name);
    return p ? mail_words(a, p->value) : SLICE("");
}
