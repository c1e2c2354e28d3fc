/* anon.h: names taken out of a text: of those who are known by name in a conversation. What they never said of themselves here can only be
 * struck out by whoever reads it. */
#ifndef KF_CORE_ANON_H
#define KF_CORE_ANON_H

#include "core/buf.h"
#include "core/slice.h"

/* A name, and what stands in its place. Names of fewer than two characters are passed over: too much would go with them. */
struct anon_name {
    struct slice name;
    const char *with; /* "{visitor}" */
};

/* The longest name that fits counts. ASCII letters are the same in both cases, and a name that begins or ends with an ASCII letter or digit
 * is no part of a longer word. */
void anon_text(struct slice text, const struct anon_name *names, size_t n, struct buf *out);

#endif
