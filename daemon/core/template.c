#include "core/template.h"

#include "core/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define SUFFIX ".DATA"

static const char *const headers[] = { "none", "image", "video", "document" };

/* The first "{{" from *at on: `before` is what stands in front of it, `name` what stands in it without blanks and suffix, *at is behind its
 * "}}". False: there is none; `before` is the rest. */
static bool next_blank(struct slice text, size_t *at, struct slice *before, struct slice *name)
{
    size_t from = *at, open = from, close;
    const size_t suffix = sizeof(SUFFIX) - 1;

    while (open + 1 < text.n && (text.p[open] != '{' || text.p[open + 1] != '{'))
        open++;
    for (close = open + 2; close + 1 < text.n && (text.p[close] != '}' || text.p[close + 1] != '}'); close++)
        ;
    if (close + 1 >= text.n) {
        *before = (struct slice){ text.p + from, text.n - from };
        *at = text.n;
        return false;
    }
    *before = (struct slice){ text.p + from, open - from };
    *name = (struct slice){ text.p + open + 2, close - open - 2 };
    while (name->n && name->p[0] == ' ')
        *name = (struct slice){ name->p + 1, name->n - 1 };
    while (name->n && name->p[name->n - 1] == ' ')
        name->n--;
    if (name->n > suffix && memcmp(name->p + name->n - suffix, SUFFIX, suffix) == 0)
        name->n -= suffix;
    *at = close + 2;
    return true;
}

static bool good_name(struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!isalnum((unsigned char)name.p[i]) && name.p[i] != '_')
            return false;
    return name.n > 0 && name.n <= TEMPLATE_BLANK_MAX;
}

static bool is_number(struct slice name)
{
    return isdigit((unsigned char)name.p[0]);
}

/* A name that begins with a digit is a number, written without zeros in front. */
static enum kf_rc add_blank(struct template_blanks *b, const char *where, struct slice name, struct kf_err *why)
{
    if (!good_name(name) || (is_number(name) && (name.n > 2 || name.p[0] == '0' || !isdigit((unsigned char)name.p[name.n - 1]))))
        return kf_fail(why, KF_INVALID, "%s: a blank is {{1}}, {{2}} … or {{name}}, of 1 to %d letters, digits and _, not {{%.*s}}", where,
                       TEMPLATE_BLANK_MAX, (int)utf8_cut(name, 40).n, name.n ? name.p : "");
    for (size_t i = 0; i < b->n; i++)
        if (slice_eq(b->names[i], name))
            return KF_OK;
    if (b->n == TEMPLATE_BLANKS)
        return kf_fail(why, KF_INVALID, "%s: at most %d blanks", where, TEMPLATE_BLANKS);
    if (b->n && b->numbered != is_number(name))
        return kf_fail(why, KF_INVALID, "%s: blanks are all numbered, or all have names", where);
    b->numbered = is_number(name);
    b->names[b->n++] = name;
    return KF_OK;
}

static int by_number(const void *a, const void *b)
{
    return atoi(((const struct slice *)a)->p) - atoi(((const struct slice *)b)->p); /* a "}}" or more of the text stands behind it */
}

static enum kf_rc read_text(struct slice text, const char *where, struct template_blanks *ret, struct kf_err *why)
{
    struct slice before, name;
    enum kf_rc rc = KF_OK;
    size_t at = 0;

    while (!rc && next_blank(text, &at, &before, &name))
        rc = add_blank(ret, where, name, why);
    for (size_t i = 0; !rc && i + 1 < before.n; i++)
        if (before.p[i] == '{' && before.p[i + 1] == '{')
            rc = kf_fail(why, KF_INVALID, "%s: a blank that begins with {{ ends with }}", where);
    return rc;
}

/* Numbers stand by value, and none is left out. */
static enum kf_rc in_order(struct template_blanks *b, struct kf_err *why)
{
    if (!b->numbered)
        return KF_OK;
    qsort(b->names, b->n, sizeof(*b->names), by_number);
    for (size_t i = 0; i < b->n; i++)
        if (atoi(b->names[i].p) != (int)i + 1)
            return kf_fail(why, KF_INVALID, "text: blanks are numbered from 1 without gaps; {{%zu}} is missing", i + 1);
    return KF_OK;
}

enum kf_rc template_read(struct slice text, struct template_blanks *ret, struct kf_err *why)
{
    enum kf_rc rc;

    *ret = (struct template_blanks){ .n = 0 };
    rc = read_text(text, "text", ret, why);
    return rc ? rc : in_order(ret, why);
}

enum kf_rc template_read_any(struct slice text, struct template_blanks *ret)
{
    *ret = (struct template_blanks){ .n = 0 };
    return read_text(text, "text", ret, NULL);
}

enum kf_rc template_blanks(const struct template *t, struct template_blanks *ret, struct kf_err *why)
{
    enum kf_rc rc;

    *ret = (struct template_blanks){ .n = 0 };
    rc = read_text(slice_of(t->text), "text", ret, why);
    for (size_t i = 0; i < t->n_values && !rc; i++) {
        struct slice name = t->values[i].name;
        char where[144];

        (void)snprintf(where, sizeof(where), "values.%.*s", (int)utf8_cut(name, 32).n, name.p);
        rc = read_text(t->values[i].value, where, ret, why);
    }
    return rc ? rc : in_order(ret, why);
}

struct slice template_label(const struct template *t, size_t i)
{
    return i < t->n_fields ? slice_of(t->fields[i]) : t->blanks.names[i];
}

struct slice template_value_of(const struct template_value *values, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(values[i].name, name))
            return values[i].value;
    return (struct slice){ NULL, 0 };
}

/* ---- what is filled in ------------------------------------------------------------------------------------------------------- */

static bool has_field(const struct template *t, struct slice name)
{
    for (size_t i = 0; i < t->blanks.n; i++)
        if (slice_eq(t->blanks.names[i], name))
            return true;
    return t->url_field && slice_is(name, TEMPLATE_ADDRESS);
}

/* "1, 2, url", as much of it as has room. */
static void names_of(const struct template *t, struct buf *b)
{
    for (size_t i = 0; i < t->blanks.n; i++) {
        buf_str(b, i ? ", " : "");
        buf_add(b, t->blanks.names[i]);
    }
    if (t->url_field)
        buf_str(b, t->blanks.n ? ", " TEMPLATE_ADDRESS : TEMPLATE_ADDRESS);
    if (!b->n)
        buf_str(b, "none");
}

static enum kf_rc unknown(const struct template *t, struct slice name, struct kf_err *why)
{
    struct buf all;

    buf_init(&all, 4096);
    names_of(t, &all);
    (void)kf_fail(why, KF_INVALID, "fields.%.*s: this template has no such field; it has %.160s", (int)utf8_cut(name, 40).n, name.p,
                  buf_ok(&all) ? all.p : "others");
    buf_finish(&all);
    return KF_INVALID;
}

static enum kf_rc check_value(const struct template_value *values, size_t n, struct slice name, struct slice label, struct kf_err *why)
{
    struct slice value = template_value_of(values, n, name);
    int len = (int)utf8_cut(label, 40).n;

    if (!value.p || utf8_blank(value))
        return kf_fail(why, KF_INVALID, "fields.%.*s: %s (%.*s)", (int)name.n, name.p, value.p ? "empty" : "required", len, label.p);
    if (!utf8_one_line(value))
        return kf_fail(why, KF_INVALID, "fields.%.*s: one line, without control characters", (int)name.n, name.p);
    if (utf8_length(value) > TEMPLATE_VALUE_MAX)
        return kf_fail(why, KF_LIMIT, "fields.%.*s: at most %d characters", (int)name.n, name.p, TEMPLATE_VALUE_MAX);
    return KF_OK;
}

enum kf_rc template_check(const struct template *t, const struct template_value *values, size_t n, struct kf_err *why)
{
    enum kf_rc rc = KF_OK;
    struct buf b;

    for (size_t i = 0; i < n; i++)
        if (!has_field(t, values[i].name))
            return unknown(t, values[i].name, why);
    for (size_t i = 0; i < t->blanks.n && !rc; i++)
        rc = check_value(values, n, t->blanks.names[i], template_label(t, i), why);
    if (!rc && t->url_field)
        rc = check_value(values, n, SLICE(TEMPLATE_ADDRESS), slice_of(t->url_field), why);
    if (rc)
        return rc;
    buf_init(&b, 65536);
    template_write(t, values, n, &b);
    if (!buf_ok(&b))
        rc = kf_fail(why, KF_NOMEM, "out of memory");
    else if (utf8_length(buf_slice(&b)) > TEMPLATE_TEXT_MAX)
        rc = kf_fail(why, KF_LIMIT, "fields: with them the template has %zu characters; allowed are %d", utf8_length(buf_slice(&b)),
                     TEMPLATE_TEXT_MAX);
    buf_finish(&b);
    return rc;
}

void template_fill(struct slice text, const struct template_value *values, size_t n, void (*put)(struct buf *, struct slice),
                   struct buf *ret)
{
    struct slice before, name;
    size_t at = 0;

    while (next_blank(text, &at, &before, &name)) {
        buf_add(ret, before);
        (put ? put : buf_add)(ret, template_value_of(values, n, name));
    }
    buf_add(ret, before);
}

void template_write(const struct template *t, const struct template_value *values, size_t n, struct buf *ret)
{
    template_fill(slice_of(t->text), values, n, NULL, ret);
    if (t->url_field) {
        buf_char(ret, '\n');
        buf_add(ret, template_value_of(values, n, SLICE(TEMPLATE_ADDRESS)));
    }
}

/* ---- what stands above it ---------------------------------------------------------------------------------------------------- */

bool template_takes(enum template_header header, const char *mime)
{
    switch (header) {
    case TEMPLATE_IMAGE:
        return strcmp(mime, "image/jpeg") == 0 || strcmp(mime, "image/png") == 0;
    case TEMPLATE_VIDEO:
        return strcmp(mime, "video/mp4") == 0 || strcmp(mime, "video/3gpp") == 0;
    case TEMPLATE_DOCUMENT:
        return strncmp(mime, "image/", 6) != 0 && strncmp(mime, "video/", 6) != 0 && strncmp(mime, "audio/", 6) != 0;
    case TEMPLATE_NO_HEADER:
    default:
        return false;
    }
}

const char *template_header_name(enum template_header header)
{
    return (unsigned)header < sizeof(headers) / sizeof(headers[0]) ? headers[header] : "none";
}
