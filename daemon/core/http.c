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
