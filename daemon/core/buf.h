/* buf.h: text that grows, with its maximum given at birth.
 *
 * Errors stick: after the first failed append all others do nothing, and buf_ok() tells at the end. */
#ifndef KF_CORE_BUF_H
#define KF_CORE_BUF_H

#include "core/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct buf {
    char *p; /* terminated whenever n > 0 */
    size_t n, cap, max;
    bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_finish(struct buf *b); /* frees; usable again after buf_init */
void buf_clear(struct buf *b);  /* empty, keeps its memory */
void buf_add(struct buf *b, struct slice s);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes. Input must be valid UTF-8; '<' '>' '&' U+2028 U+2029 are escaped, so that the text is also safe
 * inside a script. */
void buf_json(struct buf *b, struct slice s);
/* The text that stands between the quotes of a JSON string, whoever has written it: other writers escape other characters. A lone
 * surrogate becomes U+FFFD; what is no escape stays as it is. */
void buf_unjson(struct buf *b, struct slice inside);
char *buf_take(struct buf *b);                               /* the caller frees; NULL if it failed */
struct slice buf_copy(const struct buf *b, struct arena *a); /* in the arena; {NULL,0} if it failed, or memory is out there */

static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){ b->p ? b->p : "", b->n };
}

#endif
