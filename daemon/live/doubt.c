/* What could not be told.
 *
 * A fact that Redis has missed, say that a conversation was closed, would keep a place taken for ever, and neither the holder of the
 * lease nor Redis can know. So the node that failed to tell it remembers the site, and says as soon as it is heard that the site has
 * to be rebuilt. */
#include "live/inside.h"

#include <stdlib.h>

void doubts_note(struct live *l, const struct kf_key *site, const char *why)
{
    struct doubt *d;

    if (l->closing)
        return;
    for (size_t i = 0; i < l->n_doubts; i++) {
        if (key_eq(&l->doubts[i].site, site)) {
            l->doubts[i].again = true;
            return;
        }
    }
    if (l->n_doubts == l->cap_doubts) {
        size_t cap = l->cap_doubts ? l->cap_doubts * 2 : 8;

        d = realloc(l->doubts, cap * sizeof(*d));
        if (!d) {
            live_note(l->cfg.log, NOTE_ERROR, "live event=doubt site=%s why=\"no memory\"", site->s);
            return;
        }
        l->doubts = d;
        l->cap_doubts = cap;
    }
    live_note(l->cfg.log, NOTE_WARN, "live event=doubt site=%s why=\"%s\"", site->s, why);
    l->doubts[l->n_doubts++] = (struct doubt){ .site = *site };
}

static void told(struct call *c, enum kf_rc rc, const redisReply *reply, const struct kf_err *why)
{
    struct live *l = c->live;

    (void)reply;
    (void)why;
    for (size_t i = 0; i < l->n_doubts; i++) {
        struct doubt *d = &l->doubts[i];

        if (!key_eq(&d->site, &c->site))
            continue;
        d->asked = false;
        if (!rc && !d->again)
            *d = l->doubts[--l->n_doubts];
        return;
    }
}

void doubts_tell(struct live *l)
{
    for (size_t i = 0; i < l->n_doubts && l->commands.state == LINK_UP; i++) {
        struct doubt *d = &l->doubts[i];
        struct call *c;

        if (d->asked)
            continue;
        c = live_call_new(l, SCRIPT_DOUBT, &d->site, 0);
        if (!c)
            return;
        c->finish = told;
        d->asked = true;
        d->again = false;
        live_call_send(c);
    }
}
