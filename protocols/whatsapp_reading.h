/* whatsapp_reading.h: what is read of a body of Meta's while it is read: whatsapp_in.c has the events, whatsapp_content.c what a message says. */
#ifndef KF_PROTOCOLS_WHATSAPP_READING_H
#define KF_PROTOCOLS_WHATSAPP_READING_H

#include "protocols/whatsapp_impl.h"

#define LINES_MAX 65536 /* bytes of what is put into words for people */

struct reading {
    struct arena *arena;
    struct json_keep keep;
    struct inbound *all;
    size_t n, max;
    /* Of the change at hand. */
    struct slice account;
    const json_t *contacts;
};

struct slice whatsapp_text(struct reading *r, const json_t *obj, const char *name);
/* What was written into `b`, which is finished; memory that is out is noted. */
struct slice whatsapp_kept(struct reading *r, struct buf *b);
struct slice whatsapp_put(struct reading *r, const char *before, struct slice s, const char *between, struct slice more);
/* A member as a line of its own, if it is there. */
void whatsapp_line(struct reading *r, struct buf *b, const json_t *obj, const char *name);
/* What a message says, by its type; what is not understood is TYPE_UNSUPPORTED, with all of it in `raw`. */
void whatsapp_content(struct reading *r, const json_t *message, struct inbound *in);

#endif
