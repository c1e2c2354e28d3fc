#define _GNU_SOURCE /* memmem */
#include "protocols/vcard.h"

#include "core/buf.h"
#include "core/reach.h"
#include "core/utf8.h"
#include "protocols/mail_letter.h"

#include <string.h>
#include <strings.h>

#define TEXT_MAX 256 /* bytes of a name, or of where somebody works */

struct reader {
    struct arena *a;
    struct slice left;
    struct vcard *card; /* the one that has begun; NULL between them */
    bool old;           /* 2.1: a folded line keeps its blank */
};

/* One property: [group.]name;params:value */
struct property {
    struct slice name, params, value;
};

/* ---- lines --------------------------------------------------------------------------------------------------------------------- */

static struct slice physical(struct slice *left)
{
    size_t n = 0;
    struct slice ret;

    while (n < left->n && left->p[n] != '\n' && left->p[n] != '\r')
        n++;
    ret = (struct slice){ left->p, n };
    if (n < left->n)
        n += left->p[n] == '\r' && n + 1 < left->n && left->p[n + 1] == '\n' ? 2 : 1;
    *left = (struct slice){ left->p + n, left->n - n };
    return ret;
}

static struct slice after(struct slice s, size_t n)
{
    return (struct slice){ s.p + n, s.n - n };
}

/* The end of what begins at `from`: the next `mark` that stands in no quotes; s.n if there is none. */
static size_t until(struct slice s, size_t from, char mark)
{
    bool quoted = false;

    for (; from < s.n && (quoted || s.p[from] != mark); from++)
        quoted ^= s.p[from] == '"';
    return from;
}

static bool is_word(struct slice s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static bool split(struct slice line, struct property *ret)
{
    size_t colon = until(line, 0, ':'), semicolon;
    struct slice head = { line.p, colon };
    const char *dot;

    if (colon == line.n)
        return false;
    semicolon = until(head, 0, ';');
    ret->name = (struct slice){ head.p, semicolon };
    dot = memchr(head.p, '.', semicolon);
    if (dot)
        ret->name = after(ret->name, (size_t)(dot - head.p) + 1);
    ret->params = after(head, semicolon);
    ret->value = after(line, colon + 1);
    return true;
}

/* Is this word among the values of that parameter ("" of any)? 2.1 gives values without a name: ";CELL;QUOTED-PRINTABLE". */
static bool says(struct slice params, const char *of, const char *word)
{
    for (size_t i = 0; i < params.n;) {
        size_t end = until(params, ++i, ';'), equals = i;
        struct slice one;

        while (equals < end && params.p[equals] != '=')
            equals++;
        one = (struct slice){ params.p + (equals < end ? equals + 1 : i), end - (equals < end ? equals + 1 : i) };
        if (equals == end || is_word((struct slice){ params.p + i, equals - i }, of))
            for (size_t at = 0; at <= one.n; at++) {
                size_t stop = at;

                while (stop < one.n && !strchr(",\"", one.p[stop]))
                    stop++;
                if (stop > at && is_word((struct slice){ one.p + at, stop - at }, word))
                    return true;
                at = stop;
            }
        i = end;
    }
    return false;
}

static struct slice charset_of(struct slice params)
{
    for (size_t i = 0; i < params.n;) {
        size_t end = until(params, ++i, ';');

        if (end - i > 8 && strncasecmp(params.p + i, "CHARSET=", 8) == 0)
            return (struct slice){ params.p + i + 8, end - i - 8 };
        i = end;
    }
    return (struct slice){ NULL, 0 };
}

static bool is_quoted_printable(struct slice params)
{
    return says(params, "ENCODING", "QUOTED-PRINTABLE");
}

/* The next line, unfolded; of quoted-printable with the lines that it goes on in. False: memory is out. */
static bool logical(struct reader *r, struct slice *ret)
{
    struct slice line = physical(&r->left);
    struct property p;
    bool soft = split(line, &p) && is_quoted_printable(p.params), good;
    struct buf b;

    buf_init(&b, 2 * VCARD_BYTES_MAX);
    buf_add(&b, line);
    while (r->left.n && (r->left.p[0] == ' ' || r->left.p[0] == '\t') && line.n)
        buf_add(&b, after(physical(&r->left), r->old ? 0 : 1));
    while (soft && r->left.n && b.n && b.p[b.n - 1] == '=') {
        buf_char(&b, '\n');
        buf_add(&b, physical(&r->left));
    }
    good = buf_ok(&b);
    *ret = arena_copy(r->a, buf_slice(&b));
    buf_finish(&b);
    return good && ret->p;
}

/* ---- values -------------------------------------------------------------------------------------------------------------------- */

/* As UTF-8, still escaped. False: it is in a charset that nobody knows for certain. */
static bool decoded(struct reader *r, const struct property *p, struct slice *ret)
{
    struct slice charset = charset_of(p->params);

    *ret = is_quoted_printable(p->params) ? mail_quoted_printable(r->a, p->value) : p->value;
    if (ret->p && charset.n) {
        *ret = mail_utf8(r->a, *ret, charset);
        return ret->p && !memmem(ret->p, ret->n, "\xef\xbf\xbd", 3);
    }
    return ret->p && utf8_valid(*ret);
}

/* One of the parts between semicolons, or (-1) all of it, without its escapes and in one line. What is not fit to be seen, or too long, is
 * empty. */
static struct slice part_of(struct reader *r, struct slice value, int nth)
{
    char text[TEXT_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < value.n; i++) {
        bool escaped = value.p[i] == '\\' && i + 1 < value.n;
        char c = escaped ? value.p[++i] : value.p[i];

        if (!escaped && c == ';' && nth >= 0) {
            if (nth-- == 0)
                break;
            continue;
        }
        if (nth > 0)
            continue;
        if (c == '\r' || c == '\n' || c == '\t' || (escaped && (c == 'n' || c == 'N')))
            c = ' ';
        if (c == ' ' && (!n || text[n - 1] == ' '))
            continue;
        if (n == TEXT_MAX)
            return SLICE("");
        text[n++] = c;
    }
    while (n && text[n - 1] == ' ')
        n--;
    if (!n || !utf8_one_line((struct slice){ text, n }) || utf8_blank((struct slice){ text, n }))
        return SLICE("");
    return arena_copy(r->a, (struct slice){ text, n });
}

/* False: it is no number that anybody could be called at, or there are too many: who sees but the others would miss it. */
static bool add_phone(struct reader *r, const struct property *p, struct slice value)
{
    static const char *const types[] = { "CELL", "WORK", "HOME" };
    struct vcard *c = r->card;
    char number[REACH_TEXT];
    size_t at = c->n_phones, k = 0;

    if (value.n > 4 && strncasecmp(value.p, "tel:", 4) == 0)
        value = (struct slice){ value.p + 4, until(after(value, 4), 0, ';') };
    if (says(p->params, "TYPE", "FAX") || says(p->params, "TYPE", "PAGER"))
        return true;
    if (!reach_phone(value, number))
        return false;
    for (size_t i = 0; i < at; i++)
        if (slice_is(c->phones[i].number, number))
            return true;
    if (at == VCARD_PHONES_MAX)
        return false;
    if (says(p->params, "TYPE", "PREF") || says(p->params, "PREF", "1")) {
        memmove(c->phones + 1, c->phones, at * sizeof(c->phones[0]));
        at = 0;
    }
    while (k < 3 && !says(p->params, "TYPE", types[k]))
        k++;
    c->phones[at].number = arena_copy(r->a, slice_of(number));
    c->phones[at].type = k < 3 ? types[k] : NULL;
    c->n_phones++;
    return true;
}

/* False: likewise. */
static bool add_mail(struct reader *r, struct slice value)
{
    char address[REACH_TEXT];

    if (!reach_mail(value, address) || r->card->n_mails == VCARD_MAILS_MAX)
        return false;
    r->card->mails[r->card->n_mails++] = arena_copy(r->a, slice_of(address));
    return true;
}

static bool take(struct reader *r, const struct property *p)
{
    struct vcard *c = r->card;
    struct slice value;

    if (is_word(p->name, "VERSION"))
        r->old = is_word(p->value, "2.1");
    if (!is_word(p->name, "FN") && !is_word(p->name, "N") && !is_word(p->name, "ORG") && !is_word(p->name, "TEL") &&
        !is_word(p->name, "EMAIL"))
        return true; /* a picture, an address: not shown */
    if (!decoded(r, p, &value))
        return false;
    if (is_word(p->name, "FN") && !c->name.n) {
        c->name = part_of(r, value, -1);
    } else if (is_word(p->name, "N") && !c->family.n && !c->given.n) {
        c->family = part_of(r, value, 0);
        c->given = part_of(r, value, 1);
    } else if (is_word(p->name, "ORG") && !c->work.n) {
        c->work = part_of(r, value, 0);
    } else if (is_word(p->name, "TEL") && !utf8_blank(value)) {
        return add_phone(r, p, part_of(r, value, -1));
    } else if (is_word(p->name, "EMAIL") && !utf8_blank(value)) {
        return add_mail(r, part_of(r, value, -1));
    }
    return true;
}

/* ---- people -------------------------------------------------------------------------------------------------------------------- */

/* Who is not called anything is called as the parts say: 王芳, Ann Lee. */
static bool finished(struct reader *r)
{
    struct vcard *c = r->card;
    bool spaced = c->given.n && c->family.n && (unsigned char)c->given.p[0] < 0x80;
    const char *joined;

    if (!c->name.n && (c->given.n || c->family.n)) {
        joined = spaced ? arena_printf(r->a, "%.*s %.*s", (int)c->given.n, c->given.p, (int)c->family.n, c->family.p)
                        : arena_printf(r->a, "%.*s%.*s", (int)c->family.n, c->family.n ? c->family.p : "", (int)c->given.n,
                                       c->given.n ? c->given.p : "");
        c->name = slice_of(joined);
    }
    r->card = NULL;
    r->old = false;
    return c->name.n && c->n_phones;
}

bool vcard_called(const char *mime, const char *name)
{
    const char *dot = name ? strrchr(name, '.') : NULL;
    struct slice said = { mime ? mime : "", mime ? strcspn(mime, "; ") : 0 };

    return (dot && (strcasecmp(dot, ".vcf") == 0 || strcasecmp(dot, ".vcard") == 0)) || is_word(said, "text/vcard") ||
           is_word(said, "text/x-vcard");
}

static bool may_be_one(struct slice bytes, const char *mime, const char *name)
{
    return bytes.n <= VCARD_BYTES_MAX && bytes.n > 11 && strncasecmp(bytes.p, "BEGIN:VCARD", 11) == 0 && vcard_called(mime, name);
}

static bool next(struct reader *r, struct vcard *all, size_t *n)
{
    struct slice line;
    struct property p;

    if (!logical(r, &line))
        return false;
    if (!line.n || !split(line, &p))
        return !line.n || r->card; /* a picture's letters, where nobody has folded them */
    if (is_word(p.name, "BEGIN") && is_word(p.value, "VCARD")) {
        if (r->card || *n == VCARD_PEOPLE_MAX) /* one in the other: an agent of 2.1 */
            return false;
        r->card = &all[(*n)++];
        return true;
    }
    if (is_word(p.name, "END") && is_word(p.value, "VCARD"))
        return r->card && finished(r);
    return r->card && take(r, &p);
}

bool vcard_read(struct arena *a, struct slice bytes, const char *mime, const char *name, struct vcard **ret, size_t *n)
{
    struct reader r = { .a = a };
    struct vcard *all;

    if (slice_starts(bytes, "\xef\xbb\xbf"))
        bytes = after(bytes, 3);
    *n = 0;
    if (!may_be_one(bytes, mime, name))
        return false;
    all = arena_array(a, VCARD_PEOPLE_MAX, sizeof(*all));
    for (r.left = bytes; all && r.left.n;)
        if (!next(&r, all, n))
            return false;
    *ret = all;
    return all && !r.card && *n;
}
