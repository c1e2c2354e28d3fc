/* link.h: addresses of web pages in what people write. */
#ifndef KF_CORE_LINK_H
#define KF_CORE_LINK_H

#include "core/slice.h"

#include <stdbool.h>

/* The next link in *rest, which goes on behind it: "https://a.example/x", "www.a.example", or a bare "a.com" whose ending is a common one.
 * False: there is none. `host` is borrowed and as it was written. */
bool link_next(struct slice *rest, struct slice *host);
/* Is `host` one of `hosts`, or a part of one ("shop.a.example" of "a.example")? */
bool link_listed(struct slice host, const char *const *hosts, size_t n);

#endif
