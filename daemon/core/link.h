/* link.h: addresses of web pages in what people write. */
#ifndef KF_CORE_LINK_H
#define KF_CORE_LINK_H

#include "core/buf.h"
#include "core/slice.h"

#include <stdbool.h>

/* The text as links in it are meant: full-width letters, dots and colons plain, what nobody sees left out, and "。" a dot where it stands
 * between letters or digits ("evil。com"). */
void link_fold(struct slice text, struct buf *ret);
/* The next link in *rest (folded), which goes on behind it: any scheme ("https://a.example/x", "weixin://dl", "mailto:a@b.c"), "www.a.example",
 * an address of numbers, or a bare "a.com" whose ending is a common one. False: there is none. `host` is borrowed and as it was written. */
bool link_next(struct slice *rest, struct slice *host);
/* Is `host` one of `hosts`, or a part of one ("shop.a.example" of "a.example")? */
bool link_listed(struct slice host, const char *const *hosts, size_t n);

#endif
