/* url.h: the little of RFC 3986 that adapters need: to check an address, to know its host, to write a query, to read a header line. */
#ifndef KF_PROTOCOLS_URL_H
#define KF_PROTOCOLS_URL_H

#include "core/buf.h"
#include "core/http.h"
#include "core/slice.h"

#include <stdbool.h>

/* Parts of an absolute http or https address, as they stand in it. */
struct url {
    bool https;
    struct slice host; /* with the brackets of an IPv6 address */
    int port;          /* the scheme's own where none is named */
    struct slice rest; /* path and query: "" or from '/' or '?' on */
};

/* Refuses other schemes, user names, fragments, blanks, control characters, and everything outside ASCII. */
bool url_parse(struct slice text, struct url *ret);
/* What a browser opens, and a reader can tell where it leads: as url_parse(), perhaps with a fragment. */
bool url_page(struct slice text);
/* Scheme, host (without regard to case) and port are the same. */
bool url_same_origin(const struct url *a, const struct url *b);
bool url_host_is(const struct url *u, struct slice host);
/* `place`: a "host", which means its scheme's own port, or a "host:port". */
bool url_place_is(const struct url *u, struct slice place);

/* Percent-encodes all but letters, digits and -._~ */
void url_escape(struct buf *b, struct slice s);
/* `a=1&b=%20` into pairs, decoded once, '+' as a space; at most `max`, the number of them is returned, SIZE_MAX if there are more or
 * memory is out. What is not %XX stays as it is. */
struct arena;
size_t url_query(struct arena *a, struct slice raw, struct http_pair *ret, size_t max);

/* "Name: value" of a setting: a token, then no control characters; blanks around the value are not part of it. */
bool url_header_line(struct slice line, struct http_pair *ret);

#endif
