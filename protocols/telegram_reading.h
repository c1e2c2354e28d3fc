/* telegram_reading.h: an update while it is read: what telegram_in.c (who, where, what for) and telegram_content.c (what a message holds) share. */
#ifndef KF_PROTOCOLS_TELEGRAM_READING_H
#define KF_PROTOCOLS_TELEGRAM_READING_H

#include "protocols/telegram_impl.h"

#define TELEGRAM_ID_MAX 255

struct reading {
    struct arena *arena;
    struct json_keep keep;
    const struct telegram *t;
    const struct env *env;
    struct slice raw;
    struct slice update; /* its id, as text */
    const char *word;    /* its member */
    struct inbound *all; /* `max` of them */
    size_t n, max;
    struct slice callback; /* a tap that is to be acknowledged */
};

/* A string or a number of `obj`, copied; empty: it has none. Here and below: that memory ran out stands in r->keep. */
struct slice telegram_text(struct reading *r, const json_t *obj, const char *name);
/* What has been written, copied; `b` is finished. */
struct slice telegram_kept(struct reading *r, struct buf *b);
/* Both with `between` between them; one of them if the other is empty. */
struct slice telegram_joined(struct reading *r, struct slice a, const char *between, struct slice b);
/* What is known of a person beside the name: user name and, if there is one, number. */
struct slice telegram_profile(struct reading *r, const json_t *user, struct slice phone);

/* What a message holds, in the members of `in`. False: nothing that can be shown whole; `in` says what can be said of it in words. */
bool telegram_content(struct reading *r, const json_t *message, struct inbound *in);

#endif
