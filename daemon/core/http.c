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
