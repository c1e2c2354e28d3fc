#include "core/http.h"

#include <strings.h>

struct slice http_header(const struct http_pair *headers, size_t n, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < n; i++)
        if (headers[i].name.n == len && strncasecmp(headers[i].name.p, name, len) == 0)
            return headers[i].value;
    return (struct slice){ NULL, 0 };
}

struct slice http_query(const struct http_pair *query, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_is(query[i].name, name))
            return query[i].value;
    return (struct slice){ NULL, 0 };
}

static bool number(struct slice *s, char end, int64_t *ret)
{
    size_t i = 0;

    for (*ret = 0; i < s->n && i < 18 && s->p[i] >= '0' && s->p[i] <= '9'; i++)
        *ret = *ret * 10 + (s->p[i] - '0');
    if (!i || (end ? i == s->n || s->p[i] != end : i != s->n))
        return false;
    i += end ? 1 : 0;
    *s = (struct slice){ s->p + i, s->n - i };
    return true;
}

bool http_piece(struct slice content_range, int64_t *from, int64_t *to, int64_t *total)
{
    struct slice s = content_range;

    if (s.n < 6 || strncasecmp(s.p, "bytes ", 6) != 0)
        return false;
    s = (struct slice){ s.p + 6, s.n - 6 };
    return number(&s, '-', from) && number(&s, '/', to) && number(&s, '\0', total) && *from <= *to && *to < *total;
}

bool http_word(struct slice *list, struct slice *ret)
{
    size_t n = 0;

    while (list->n && (list->p[0] == ' ' || list->p[0] == '\t' || list->p[0] == ','))
        list->p++, list->n--;
    if (!list->n)
        return false;
    while (n < list->n && list->p[n] != ',')
        n++;
    *ret = (struct slice){ list->p, n };
    list->p += n;
    list->n -= n;
    while (ret->n && (ret->p[ret->n - 1] == ' ' || ret->p[ret->n - 1] == '\t'))
        ret->n--;
    return true;
}

bool http_has_already(struct slice if_none_match, const char *etag)
{
    struct slice word;

    if (strncmp(etag, "W/", 2) == 0)
        etag += 2;
    while (http_word(&if_none_match, &word)) {
        if (slice_is(word, "*"))
            return true;
        if (slice_starts(word, "W/"))
            word = (struct slice){ word.p + 2, word.n - 2 };
        if (slice_is(word, etag))
            return true;
    }
    return false;
}

static const struct status {
    int status;
    const char *phrase, *code; /* code NULL: as its class */
} statuses[] = {
    { 200, "OK", NULL },
    { 201, "Created", NULL },
    { 202, "Accepted", NULL },
    { 204, "No Content", NULL },
    { 206, "Partial Content", NULL },
    { 302, "Found", NULL },
    { 303, "See Other", NULL },
    { 304, "Not Modified", NULL },
    { 307, "Temporary Redirect", NULL },
    { 308, "Permanent Redirect", NULL },
    { 400, "Bad Request", NULL },
    { 401, "Unauthorized", "unauthorized" },
    { 403, "Forbidden", "forbidden" },
    { 404, "Not Found", "not_found" },
    { 405, "Method Not Allowed", "unsupported" },
    { 408, "Request Timeout", NULL },
    { 409, "Conflict", "conflict" },
    { 410, "Gone", NULL },
    { 411, "Length Required", NULL },
    { 412, "Precondition Failed", "conflict" },
    { 413, "Content Too Large", "too_large" },
    { 415, "Unsupported Media Type", "unsupported" },
    { 416, "Range Not Satisfiable", NULL },
    { 421, "Misdirected Request", NULL },
    { 422, "Unprocessable Content", NULL },
    { 426, "Upgrade Required", NULL },
    { 428, "Precondition Required", NULL },
    { 429, "Too Many Requests", "rate_limited" },
    { 500, "Internal Server Error", NULL },
    { 501, "Not Implemented", "unsupported" },
    { 503, "Service Unavailable", "unavailable" },
    { 507, "Insufficient Storage", NULL },
};

static const struct status *status_of(int status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].status == status)
            return &statuses[i];
    return NULL;
}

const char *http_phrase(int status)
{
    const struct status *s = status_of(status);

    return s ? s->phrase : status < 300 ? "OK" : status < 400 ? "Redirect" : status < 500 ? "Client Error" : "Server Error";
}

const char *http_code(int status)
{
    const struct status *s = status_of(status);

    return s && s->code ? s->code : status < 500 ? "bad_request" : "internal";
}
