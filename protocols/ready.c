#include "protocols/ready.h"

#include "core/card.h"
#include "core/utf8.h"
#include "protocols/url.h"

#define VALUE_MAX 65536

const struct ready_kind *ready_find(const struct ready_kind *kinds, const char *name)
{
    for (const struct ready_kind *k = kinds; k && k->name; k++)
        if (name && strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

static const struct ready_part *part_of(const struct ready_kind *k, struct slice name)
{
    for (const struct ready_part *p = k->parts; p && p->name; p++)
        if (slice_is(name, p->name))
            return p;
    return NULL;
}

static struct slice value_of(const struct template *t, const char *name)
{
    return template_value_of(t->values, t->n_values, slice_of(name));
}

/* ---- what stands in a document ------------------------------------------------------------------------------------------------------- */

static size_t to_blank(struct slice s)
{
    size_t i = 0;

    while (i < s.n && !(s.p[i] == '{' && i + 1 < s.n && s.p[i + 1] == '{'))
        i++;
    return i;
}

static bool plain(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0;
}

static void letter(struct buf *b, struct slice s)
{
    (void)s;
    buf_char(b, 'x');
}

/* Whoever fills it in says what is asked for there, never where it leads. */
static bool address(struct slice s)
{
    size_t n = to_blank(s);
    const char *hash = n ? memchr(s.p, '#', n) : NULL;
    struct url before;
    struct buf whole;
    bool ret;

    if (n == s.n)
        return url_page(s);
    if (!url_parse((struct slice){ s.p, hash ? (size_t)(hash - s.p) : n }, &before) || !before.rest.n)
        return false;
    buf_init(&whole, VALUE_MAX);
    template_fill(s, NULL, 0, letter, &whole);
    ret = buf_ok(&whole) && url_page(buf_slice(&whole));
    buf_finish(&whole);
    return ret;
}

/* Without blanks and signs of other alphabets, whatever is filled in. */
static bool plain_filled(struct slice s)
{
    struct buf whole;
    bool ret;

    buf_init(&whole, VALUE_MAX);
    template_fill(s, NULL, 0, letter, &whole);
    ret = buf_ok(&whole) && plain(buf_slice(&whole));
    buf_finish(&whole);
    return ret;
}

/* "pages/order?id={{order}}": what is filled in does not stand before `from`. */
static bool path(struct slice s, size_t from)
{
    return to_blank(s) > from && plain_filled(s);
}

static bool mini_program(struct slice s)
{
    struct card_mini mini;

    return card_mini(s, &mini) && mini.path.p && path(s, (size_t)(mini.path.p - s.p));
}

static bool button(struct slice s)
{
    static const char *const ways[] = { READY_BUTTON_URL, READY_BUTTON_REPLY, READY_BUTTON_CODE };

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        size_t n = strlen(ways[i]);
        struct slice rest = { s.p + n, s.n - n };

        if (slice_starts(s, ways[i]))
            return i ? !utf8_blank(rest) : plain_filled(rest);
    }
    return false;
}

/* NULL: it is of that form. */
static const char *wrong_form(enum ready_form form, struct slice s)
{
    switch (form) {
    case READY_ID:
        return plain(s) && to_blank(s) == s.n ? NULL : "as the platform has it: letters, digits and signs, nothing to fill in";
    case READY_ADDRESS:
        return address(s) ? NULL : "an address such as https://host/path; what is to be filled in stands behind the host";
    case READY_PATH:
        return path(s, 0) ? NULL : "a path such as pages/order?id={{order}}, without blanks";
    case READY_TARGET:
        return address(s) || mini_program(s) ? NULL
                                             : "an address such as https://host/path, or miniprogram:APPID/PATH; what is to be filled in "
                                               "stands behind the host or the id";
    case READY_BUTTON:
        return button(s)
                   ? NULL
                   : "url: with the end of its address, such as url:orders/{{2}}, reply: with what comes back at a tap, or code: with the "
                     "coupon's code";
    case READY_TEXT:
    default:
        return NULL;
    }
}

static enum kf_rc no_such_kind(const struct ready_kind *kinds, const struct template *t, struct kf_err *why)
{
    struct buf all;

    buf_init(&all, 4096);
    for (const struct ready_kind *k = kinds; k && k->name; k++) {
        buf_str(&all, k == kinds ? "" : ", ");
        buf_str(&all, k->name);
    }
    (void)kf_fail(why, KF_INVALID, "kind: this channel has no %.32s; it has %.160s", t->kind, all.n && buf_ok(&all) ? all.p : "none");
    buf_finish(&all);
    return KF_INVALID;
}

static enum kf_rc no_such_part(const struct ready_kind *k, struct slice name, struct kf_err *why)
{
    struct buf all;

    buf_init(&all, 4096);
    for (const struct ready_part *p = k->parts; p && p->name; p++) {
        buf_str(&all, p == k->parts ? "" : ", ");
        buf_str(&all, p->name);
    }
    (void)kf_fail(why, KF_INVALID, "values.%.*s: not known here; %s has %.160s", (int)utf8_cut(name, 32).n, name.p, k->name,
                  all.n && buf_ok(&all) ? all.p : "none");
    buf_finish(&all);
    return KF_INVALID;
}

static enum kf_rc check_parts(const struct ready_kind *k, const struct template *t, struct kf_err *why)
{
    for (size_t i = 0; i < t->n_values; i++) {
        const struct template_value *v = &t->values[i];
        const struct ready_part *p = part_of(k, v->name);
        const char *wrong = p ? wrong_form(p->form, v->value) : NULL;

        if (!p)
            return no_such_part(k, v->name, why);
        if (wrong)
            return kf_fail(why, KF_INVALID, "values.%s: %s", p->name, wrong);
        if (v->value.n > p->max)
            return kf_fail(why, KF_INVALID, "values.%s: at most %zu bytes", p->name, p->max);
    }
    for (const struct ready_part *p = k->parts; p && p->name; p++)
        if (p->required && !value_of(t, p->name).n)
            return kf_fail(why, KF_INVALID, "values.%s: required: %s", p->name, p->help);
    return KF_OK;
}

static int lines_of(struct slice s)
{
    int n = 1;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

/* Words in lines, and nothing that turns or hides them. */
static bool readable(struct slice text)
{
    bool good = !utf8_blank(text);

    while (good && text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;

        good = utf8_one_line((struct slice){ text.p, n });
        text = (struct slice){ text.p + n + (end != NULL), text.n - n - (end != NULL) };
    }
    return good;
}

/* The number, from 1, of the first line that is too long, and what it has and may have; 0: none is. */
static int long_line(const struct ready_kind *k, struct slice text, size_t *has, size_t *max)
{
    for (int n = 1; text.n; n++) {
        const char *end = memchr(text.p, '\n', text.n);

        *has = end ? (size_t)(end - text.p) : text.n;
        *max = n == 1 ? k->first_max : k->line_max;
        if (*max && *has > *max)
            return n;
        text = (struct slice){ text.p + *has + (end != NULL), text.n - *has - (end != NULL) };
    }
    return 0;
}

static enum kf_rc check_text(const struct ready_kind *k, const struct template *t, struct kf_err *why)
{
    struct slice text = slice_of(t->text);
    size_t has, max;
    int line = long_line(k, text, &has, &max);

    if (!readable(text))
        return kf_fail(why, KF_INVALID, "text: words, in lines, without control characters");
    if (!k->text_max && to_blank(text) != text.n)
        return kf_fail(why, KF_INVALID, "text: the other side does not read it, so that nothing can be filled in there");
    if (k->text_max && text.n > k->text_max)
        return kf_fail(why, KF_INVALID, "text: at most %zu bytes", k->text_max);
    if (k->lines && lines_of(text) > k->lines)
        return kf_fail(why, KF_INVALID, "text: at most %d %s", k->lines, k->lines == 1 ? "line" : "lines");
    return line ? kf_fail(why, KF_INVALID, "text: line %d has %zu bytes; the platform takes %zu", line, has, max) : KF_OK;
}

enum kf_rc ready_check(const struct ready_kind *kinds, const struct template *t, struct kf_err *why)
{
    const struct ready_kind *k = ready_find(kinds, t->kind);
    const char *wrong;
    enum kf_rc rc;

    if (!t->kind)
        return t->n_values ? kf_fail(why, KF_INVALID, "values: they belong to a kind, and none is named") : KF_OK;
    if (!k)
        return no_such_kind(kinds, t, why);
    wrong = wrong_form(k->form == READY_ADDRESS ? READY_ADDRESS : READY_ID, slice_of(t->name));
    if (!k->worded && (wrong || to_blank(slice_of(t->name)) != strlen(t->name)))
        return kf_fail(why, KF_INVALID, "name: %s, %s", k->name_help, wrong ? wrong : "nothing to fill in");
    if (!k->worded && t->header != TEMPLATE_NO_HEADER)
        return kf_fail(why, KF_INVALID, "header: nothing stands above what is ready there");
    if (t->url_field && !k->opens)
        return kf_fail(why, KF_INVALID, "url_field: where it leads is settled already");
    rc = check_text(k, t, why);
    return rc ? rc : check_parts(k, t, why);
}

/* ---- with what was filled in --------------------------------------------------------------------------------------------------------- */

void ready_value(const struct ready_kind *k, const struct template *t, size_t i, const struct template_value *values, size_t n,
                 struct buf *ret)
{
    const struct ready_part *p = part_of(k, t->values[i].name);
    bool escaped = p && (p->form == READY_BUTTON ? slice_starts(t->values[i].value, READY_BUTTON_URL) : p->form != READY_TEXT);

    template_fill(t->values[i].value, values, n, escaped ? url_escape : NULL, ret);
}

enum kf_rc ready_fits(const struct ready_kind *k, const struct template *t, const struct template_value *values, size_t n,
                      struct kf_err *why)
{
    enum kf_rc rc = KF_OK;
    size_t has, max;
    struct buf b;
    int line;

    buf_init(&b, VALUE_MAX);
    template_fill(slice_of(t->text), values, n, NULL, &b);
    if (k->text_max && b.n > k->text_max)
        rc = kf_fail(why, KF_LIMIT, "fields: with them the text has %zu bytes; the platform takes %zu", b.n, k->text_max);
    else if ((line = long_line(k, buf_slice(&b), &has, &max)))
        rc = kf_fail(why, KF_LIMIT, "fields: with them line %d of the text has %zu bytes; the platform takes %zu", line, has, max);
    for (size_t i = 0; i < t->n_values && !rc; i++) {
        const struct ready_part *p = part_of(k, t->values[i].name);

        buf_clear(&b);
        ready_value(k, t, i, values, n, &b);
        if (p && b.n > p->max)
            rc = kf_fail(why, KF_LIMIT, "fields: with them %s has %zu bytes; the platform takes %zu", p->name, b.n, p->max);
    }
    if (!rc && !buf_ok(&b))
        rc = kf_fail(why, KF_NOMEM, "out of memory");
    buf_finish(&b);
    return rc;
}

struct slice ready_above(const struct ready_kind *k, const struct template *t)
{
    return k && k->above ? value_of(t, k->above) : (struct slice){ NULL, 0 };
}

void ready_write(const struct ready_kind *k, const struct template *t, const struct template_value *values, size_t n, struct buf *ret)
{
    struct slice above = ready_above(k, t);

    if (above.n) {
        template_fill(above, values, n, NULL, ret);
        buf_char(ret, '\n');
    }
    template_write(t, values, n, ret);
}
