/* bot.h: the errands of bots: what deliver.c leaves to bot.c. */
#ifndef KF_DESK_BOT_H
#define KF_DESK_BOT_H

#include "desk/trip.h"
#include "protocols/bot.h"

/* Is it one of theirs? */
static inline bool bot_errand(const struct errand *e)
{
    return e->kind == ERRAND_BOT || e->kind == ERRAND_BOT_WAIT;
}

/* It is claimed. ERRAND_BOT: the bot is asked, or a person is called. ERRAND_BOT_WAIT: was the bot silent for too long, or the visitor after
 * it? */
void bot_go(struct trip *t);

/* How a bot's part ends, as acts of `c`, whose target is the conversation `conv` under the epoch that it was seen with. */
struct bot_end {
    const char *why;     /* "asked" "unsure" "failed" "timeout" "turns" "off" "automatic" "bot" */
    const char *detail;  /* NULL none */
    size_t answers;      /* so many it has given */
    struct slice unsaid; /* what it would have said; empty: nothing */
    bool silent;         /* the visitor is not told: it is a machine */
};
void bot_hands_over(struct desk *d, const struct desk_site *ds, struct change *c, const struct conv *conv, const struct bot_end *h);
/* The queue whose people have the conversation after its bot. */
struct kf_key bot_queue(const struct site *site, const struct conv *conv);
void bot_lets_go(const struct desk_site *ds, struct change *c, const struct conv *conv, const char *wording);
/* One message of it. */
void bot_speaks(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, const struct bot_words *words);

/* Gives the files of messages addresses under which the bot can fetch them. */
void bot_sign_files(struct desk *d, const struct site *site, struct arena *a, struct message *messages, size_t n);

/* Numbers beside the names of a conversation. */
struct bot_numbers bot_numbers_of(const struct site *site, const struct conv *conv, int64_t number);

#endif
