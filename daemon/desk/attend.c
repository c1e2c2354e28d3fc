/* attend.c: is there anybody in a queue? What whoever hands something over there is told, and whoever waits there. */
#include "core/hash.h"
#include "desk/inner.h"

#include <stdlib.h>

#define LOOK_MS 500 /* so often it is looked which queues have somebody */

const char *unattended(struct desk *d, const struct desk_site *ds, const struct site_queue *q)
{
    if (!deserted(d, ds, &q->key))
        return NULL;
    return hours_open(&q->hours, now(d)) ? "nobody" : "closed";
}

const char *desk_unattended(struct desk *d, const struct kf_key *site, const struct site_queue *q)
{
    struct desk_site *ds = site_of(d, site);

    return ds ? unattended(d, ds, q) : NULL;
}

/* ---- those who wait ---- */

/* What there is to wait for in that queue: outside its hours it is "closed", else "nobody" may be there; NULL: somebody is. */
static const char *unattended_now(struct desk *d, const struct desk_site *ds, const struct kf_key *queue)
{
    const struct site_queue *q = site_queue(ds->site, queue);

    if (q && !hours_open(&q->hours, now(d)))
        return "closed";
    return deserted(d, ds, queue) ? "nobody" : NULL;
}

const char *unattended_for(struct desk *d, const struct desk_site *ds, const struct conv *c)
{
    return c->state == CONV_WAITING || c->state == CONV_PARKED ? unattended_now(d, ds, &c->queue) : NULL;
}

struct attending {
    struct desk *d;
    struct desk_site *ds;
    const char **of; /* of each queue of the site, in its order: to look costs a walk through all people */
};

static const char *unattended_known(const struct attending *k, const struct conv *c)
{
    if (c->state != CONV_WAITING && c->state != CONV_PARKED)
        return NULL;
    for (size_t i = 0; i < k->ds->site->n_queues; i++)
        if (key_eq(&k->ds->site->queues[i].key, &c->queue))
            return k->of[i];
    return unattended_now(k->d, k->ds, &c->queue);
}

static void attend(void *ctx, struct view *v)
{
    struct attending *k = ctx;

    if (key_eq(&v->conv.site, &k->ds->site->key) && session_seats(k->d->session, &v->conv.contact) &&
        unattended_known(k, &v->conv) != v->unattended)
        tell_state(k->d, k->ds, &v->conv, v->position);
}

void tell_attended(struct desk *d, struct desk_site *ds)
{
    struct attending k = { .d = d, .ds = ds };
    uint64_t sum = ds->site->n_queues;

    if (ds->attended_at && mono(d) - ds->attended_at < LOOK_MS)
        return;
    ds->attended_at = mono(d);
    k.of = calloc(ds->site->n_queues + 1, sizeof(*k.of));
    if (!k.of)
        return; /* at the next sweep */
    for (size_t i = 0; i < ds->site->n_queues; i++) {
        const struct site_queue *q = &ds->site->queues[i];
        const char *is = unattended_now(d, ds, &q->key);

        sum = sum * 31 + hash_slice(slice_of(q->key.s)) + (is ? (uint64_t)*is : 0);
        k.of[i] = is;
    }
    if (sum != ds->attended) {
        ds->attended = sum;
        session_each_view(d->session, attend, &k);
    }
    free(k.of);
}
