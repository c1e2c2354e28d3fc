#include "desk/outlet.h"

#include <stdlib.h>

/* ---- opening ---- */

static void outlet_free(struct outlet *o)
{
    if (o->ops->close)
        o->ops->close(o->ch);
    if (o->token)
        explicit_bzero(o->token, o->n_token);
    free(o->token);
    free(o->cursor);
    free(o->again_token);
    free(o);
}

static struct outlet *outlet_open(struct desk *d, struct desk_site *ds, const struct site_channel *sc)
{
    const struct channel_ops *ops = channel_find(sc->adapter);
    struct outlet *o = ops ? calloc(1, sizeof(*o)) : NULL;
    struct kf_err why = { 0 };

    if (!o)
        return NULL;
    o->channel = sc->key;
    o->ops = ops;
    if (ops->open(&o->ch, slice_of(sc->settings), &why)) {
        log_event(d, 3, "desk event=channel_refused site=%s channel=%s reason=\"%s\"", ds->site->key.s, sc->key.s, why.text);
        free(o);
        return NULL;
    }
    o->next = ds->outlets;
    ds->outlets = o;
    return o;
}

struct outlet *outlet_of(struct desk *d, struct desk_site *ds, const struct kf_key *channel)
{
    const struct site_channel *sc = site_channel(ds->site, channel);

    for (struct outlet *o = ds->outlets; o; o = o->next)
        if (key_eq(&o->channel, channel))
            return o;
    return sc && !sc->off ? outlet_open(d, ds, sc) : NULL;
}

void held_flush(struct desk_site *ds)
{
    for (struct outlet *o = ds->outlets; o; o = o->next) {
        struct held *h = o->held;

        o->held = NULL;
        for (struct held *next; h; h = next) {
            next = h->next;
            held_answer(h, h->status, h->type, h->body);
        }
    }
}

void outlets_close(struct desk_site *ds)
{
    held_flush(ds);
    for (struct outlet *o = ds->outlets, *next; o; o = next) {
        next = o->next;
        outlet_free(o);
    }
    ds->outlets = NULL;
}

struct env outlet_env(struct desk *d, const struct outlet *o)
{
    struct env env = { .now_ms = now(d),
                       .public_url = d->cfg.public_url ? d->cfg.public_url : "",
                       .token = { o->token, o->n_token },
                       .token_expires_ms = o->token_expires,
                       .cursor = { o->cursor, o->n_cursor } };

    d->ports.chance(d->ports.ctx, env.chance, sizeof(env.chance));
    return env;
}

/* ---- answers that are held ---- */

void held_answer(struct held *h, int status, const char *type, struct slice body)
{
    struct arena *a = h->arena;

    h->answer(h->ctx, status, type, body);
    arena_free(a); /* `h` lives in it */
}

struct held *held_find(struct outlet *o, const struct kf_id *conv)
{
    struct held *h = o->held;

    while (h && !id_eq(&h->conv, conv))
        h = h->next;
    return h;
}

void held_take(struct outlet *o, const struct held *h)
{
    struct held **at = &o->held;

    while (*at && *at != h)
        at = &(*at)->next;
    if (*at)
        *at = h->next;
}

void held_sweep(struct desk *d, struct desk_site *ds)
{
    for (struct outlet *o = ds->outlets; o; o = o->next)
        for (struct held **at = &o->held; *at;) {
            struct held *h = *at;

            if (h->until > mono(d)) {
                at = &h->next;
                continue;
            }
            *at = h->next;
            held_answer(h, h->status, h->type, h->body);
        }
}
