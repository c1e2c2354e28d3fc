/* fact.h: what an adapter has made of a platform's words becomes a change: the message, its files, the line on a timeline, the fate of what we have
 * sent. One change for each fact, with a key of its own where the platform has given one, so that what comes twice is stored once. */
#ifndef KF_DESK_FACT_H
#define KF_DESK_FACT_H

#include "desk/outlet.h"

/* Characters of what a platform gives as its reason. Another system may put all that it knows there, and what happened to a message shall not
 * remain unknown because its reason is too long to be kept. */
#define REASON_MAX 500

/* NULL: nothing of it is kept (typing), or memory is out. `*failed`: it is, and what is returned must not be stored. */
struct change *fact_change(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct channel_ops *ops,
                           const struct inbound *in, bool *failed);
/* Of what was kept out only that it was, and why: a line for the agent. Its key is claimed, so it stays out however often it comes. NULL: memory
 * is out. */
struct change *fact_kept_out(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct inbound *in,
                             const char *why);
/* It is stored as it is, but neither rules nor bots hear of it. `tell`: with a line for the agent that says why. */
void fact_set_aside(struct change *c, const char *why, bool tell);

#endif
