/* mail_form.c: the forms in which providers bring mail: RFC 7578 and the older one without files. */
#define _GNU_SOURCE /* memmem */
#include "protocols/mail_letter.h"

#include "protocols/url.h"

#define FIELDS_MAX 1200

static struct slice from(struct slice s, size_t at)
{
    return at < s.n ? (struct slice){ s.p + at, s.n - at } : (struct slice){ s.p ? s.p + s.n : "", 0 };
}

/* The delimiter at or after *at: "--boundary" at the beginning of a line and nothing but blanks behind it. Where it begins (with its
 * CRLF), SIZE_MAX none. */
static size_t delimiter(struct slice s, struct slice mark, size_t at, size_t *after, bool *last)
{
    while (at < s.n) {
        const char *p = memmem(s.p + at, s.n - at, mark.p, mark.n);
        size_t k, start;

        if (!p)
            return SIZE_MAX;
        start = (size_t)(p - s.p);
        k = start + mark.n;
        at = start + 1;
        if (start && s.p[start - 1] != '\n')
            continue;
        *last = k + 1 < s.n && s.p[k] == '-' && s.p[k + 1] == '-';
        k += *last ? 2 : 0;
        while (k < s.n && (s.p[k] == ' ' || s.p[k] == '\t'))
            k++;
        if (k < s.n && s.p[k] == '\r')
            k++;
        if (k < s.n && s.p[k] != '\n')
            continue;
        *after = k < s.n ? k + 1 : k;
        if (start && s.p[start - 1] == '\n')
            start--;
        if (start && s.p[start - 1] == '\r')
            start--;
        return start;
    }
    return SIZE_MAX;
}

/* Names in forms are written raw: no encoded words, but UTF-8. */
static bool read_field(struct arena *a, struct slice part, struct mail_field *ret)
{
    struct http_pair *headers;
    struct slice disposition;
    size_t n, body = 0;

    if (!mail_head_read(a, part, &headers, &n, &body))
        return false;
    disposition = http_header(headers, n, "content-disposition");
    ret->name = mail_param(a, disposition, "name");
    ret->file_name = mail_param(a, disposition, "filename");
    ret->type = mail_value(a, http_header(headers, n, "content-type"));
    ret->value = from(part, body);
    ret->file = ret->file_name.n > 0;
    return ret->name.p && ret->file_name.p && ret->type.p;
}

static size_t multipart(struct arena *a, struct slice boundary, struct slice body, struct mail_field **ret, bool *failed)
{
    char *mark = arena_printf(a, "--%.*s", (int)boundary.n, boundary.p);
    size_t n = 0, after = 0, at;
    bool last = false;

    *ret = arena_array(a, FIELDS_MAX, sizeof(**ret));
    if (!mark || !*ret) {
        *failed = true;
        return SIZE_MAX;
    }
    at = delimiter(body, slice_of(mark), 0, &after, &last);
    if (at == SIZE_MAX)
        return SIZE_MAX;
    while (at != SIZE_MAX && !last && n < FIELDS_MAX) {
        size_t start = after, end = delimiter(body, slice_of(mark), start, &after, &last);
        size_t stop = end == SIZE_MAX ? body.n : end;

        if (stop < start) /* two delimiters share a line end: an empty part */
            stop = start;
        if (!read_field(a, (struct slice){ body.p + start, stop - start }, &(*ret)[n])) {
            *failed = true;
            return SIZE_MAX;
        }
        n += (*ret)[n].name.n > 0;
        at = end;
    }
    return n;
}

static size_t urlencoded(struct arena *a, struct slice body, struct mail_field **ret, bool *failed)
{
    struct http_pair *pairs = arena_array(a, FIELDS_MAX, sizeof(*pairs));
    size_t n;

    *ret = arena_array(a, FIELDS_MAX, sizeof(**ret));
    n = pairs && *ret ? url_query(a, body, pairs, FIELDS_MAX) : SIZE_MAX;
    if (n == SIZE_MAX) {
        *failed = true;
        return SIZE_MAX;
    }
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = (struct mail_field){ .name = pairs[i].name, .value = pairs[i].value };
    return n;
}

size_t mail_form(struct arena *a, struct slice content_type, struct slice body, struct mail_field **ret, bool *failed)
{
    struct slice type = mail_value(a, content_type), boundary;

    *failed = !type.p;
    if (*failed)
        return SIZE_MAX;
    if (slice_is(type, "application/x-www-form-urlencoded"))
        return urlencoded(a, body, ret, failed);
    if (!slice_is(type, "multipart/form-data"))
        return SIZE_MAX;
    boundary = mail_param(a, content_type, "boundary");
    *failed |= !boundary.p;
    return boundary.n && boundary.n <= 200 ? multipart(a, boundary, body, ret, failed) : SIZE_MAX;
}
