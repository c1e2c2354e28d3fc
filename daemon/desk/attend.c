/* attend.c: is there anybody in a queue? What whoever hands something over there is told, and whoever waits there. */
#include "core/hash.h"
#include "desk/inner.h"

#include <stdlib.h>

#define LOOK_MS 500 /* so often it is looked which queues have somebody */

/* What there is to wait for: "nobody", "closed", NULL somebody. */
struct attendance {
    const char *waiting;
    const char *parked; /* of what is put off until the doors open: "closed" until then, whoever is still there */
};

static struct attendance attendance_of(struct desk *d, const struct desk_site *ds, const struct kf_key *queue)
{
    const struct site_queue *q = site_queue(ds->site, queue);
    const char *shut = q && !hours_open(&q->hours, now(d)) ? "closed" : NULL;
    const char *waiting = !deserted(d, ds, queue) ? NULL : shut ? shut : "nobody";

    return (struct attendance){ .waiting = waiting, .parked = shut ? shut : waiting };
}

const char *unattended(struct desk *d, const struct desk_site *ds, const struct site_queue *q)
{
    return attendance_of(d, ds, &q->key).waiting;
}

const char *desk_unattended(struct desk *d, const struct kf_key *site, const struct site_queue *q)
{
    struct desk_site *ds = site_of(d, site);

    return ds ? unattended(d, ds, q) : NULL;
}

/* ---- those who wait ---- */

static bool waits(const struct conv *c)
{
    return c->state == CONV_WAITING || c->state == CONV_PARKED;
}

static const char *told(struct attendance a, const struct conv *c)
{
    return c->state == CONV_PARKED ? a.parked : a.waiting;
}

const char *unattended_for(struct desk *d, const struct desk_site *ds, const struct conv *c)
{
    return waits(c) ? told(attendance_of(d, ds, &c->queue), c) : NULL;
}

struct attending {
    struct desk *d;
    struct desk_site *ds;
    struct attendance *of; /* each queue of the site, in its order: to look costs a walk through all people */
};

static const char *unattended_known(const struct attending *k, const struct conv *c)
{
    for (size_t i = 0; waits(c) && i < k->ds->site->n_queues; i++)
        if (key_eq(&k->ds->site->queues[i].key, &c->queue))
            return told(k->of[i], c);
    return unattended_for(k->d, k->ds, c);
}

static void attend(void *ctx, struct view *v)
{
    struct attending *k = ctx;

    if (key_eq(&v->conv.site, &k->ds->site->key) && session_seats(k->d->session, &v->conv.contact) &&
        unattended_known(k, &v->conv) != v->unattended)
        tell_state(k->d, k->ds, &v->conv, v->position);
}

static uint64_t add_up(uint64_t sum, const char *word)
{
    return sum * 31 + (word ? (uint64_t)*word : 0);
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
        const struct kf_key *queue = &ds->site->queues[i].key;

        k.of[i] = attendance_of(d, ds, queue);
        sum = add_up(add_up(sum * 31 + hash_slice(slice_of(queue->s)), k.of[i].waiting), k.of[i].parked);
    }
    if (sum != ds->attended) {
        ds->attended = sum;
        session_each_view(d->session, attend, &k);
    }
    free(k.of);
}
