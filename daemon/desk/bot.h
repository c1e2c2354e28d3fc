/* bot.h: the errands of bots: what deliver.c leaves to bot.c. */
#ifndef KF_DESK_BOT_H
#define KF_DESK_BOT_H

#include "desk/trip.h"

/* Is it one of theirs? */
static inline bool bot_errand(const struct errand *e)
{
    return e->kind == ERRAND_BOT || e->kind == ERRAND_BOT_WAIT;
}

/* It is claimed. ERRAND_BOT: the bot is asked, or a person is called. ERRAND_BOT_WAIT: was the bot silent for too long, or the visitor after
 * it? */
void bot_go(struct trip *t);

#endif
