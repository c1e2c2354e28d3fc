/* album.c: files that staff say in one go leave in one request, where a platform shows them as one. Each stays a message and an errand of its
 * own: they are claimed by one commit, and each is settled by its own. An album is tried once: what did not go that way is tried again one by one,
 * so that one bad picture holds up no other; and when nobody knows whether it went, none of them is sent again by itself. */
#include "core/fault.h"
#include "desk/trip.h"
#include "protocols/chosen.h"

#include <jansson.h>

#define SETTLED_MS 1000 /* so long after the newest of them nothing more is expected */

struct album {
    struct desk *d;
    struct kf_key site;
    size_t n, have; /* `have` of them are in memory */
    struct trip *all[ALBUM_MAX];
    struct album_item items[ALBUM_MAX];
};

/* ---- which of them ---- */

static int64_t size_of(const struct message *m)
{
    json_t *root = m->extra ? json_loads(m->extra, 0, NULL) : NULL;
    int64_t ret = json_integer_value(json_object_get(json_object_get(root, "file"), "size"));

    json_decref(root);
    return ret;
}

/* The kind of album in which it may stand; 0: in none. */
static int joins(const struct outlet *o, const struct errand *e)
{
    const struct message *m = &e->message;
    bool fresh = e->kind == ERRAND_SEND && e->state == ERRAND_QUEUED && !e->attempt && !e->part && !e->gone;
    bool file = !id_is_zero(&m->file) && (m->kind == MESSAGE_IMAGE || m->kind == MESSAGE_AUDIO || m->kind == MESSAGE_FILE);

    return fresh && file && !chosen_is(m) && !chosen_ready(m) && !words_follow(o->ops, m) ? o->ops->joins(m) : 0;
}

/* How many of them fit: the first and those behind it. */
static size_t count(const struct outlet *o, const struct errand *e)
{
    size_t max = o->ops->album_max < ALBUM_MAX ? o->ops->album_max : ALBUM_MAX, n = 0;
    int kind = joins(o, e);
    int64_t sum = 0;

    for (; n < max && n <= e->n_behind; n++) {
        const struct errand *one = n ? &e->behind[n - 1] : e;

        sum += size_of(&one->message);
        if (!kind || (n && (joins(o, one) != kind || one->message.reply_to)) || sum > o->ops->upload_max)
            break;
    }
    return n;
}

/* Can nothing more come to them? */
static bool is_whole(struct desk *d, const struct outlet *o, const struct errand *e, size_t n)
{
    const struct errand *last = n > 1 ? &e->behind[n - 2] : e;

    return n == o->ops->album_max || n <= e->n_behind || e->parted || now(d) - last->created_at >= SETTLED_MS;
}

/* ---- how it ended ---- */

/* One by one, the next time. The last comes first: with the first trip goes what this stands in. */
static void apart(struct album *al, int64_t at_least_ms, const char *why)
{
    for (size_t i = al->n; i-- > 0;) {
        al->all[i]->album = NULL;
        trip_again_later(al->all[i], at_least_ms, why ? arena_text(al->all[i]->arena, slice_of(why)) : NULL);
    }
}

static void one_settled(struct trip *t, struct desk_site *ds, struct outlet *o, const struct outcome *outcome)
{
    switch (outcome->cls) {
    case OUTCOME_SENT:
    case OUTCOME_ALREADY_ACCEPTED:
    case OUTCOME_RETRY:
    case OUTCOME_RATE_LIMITED:
    case OUTCOME_USER_BLOCKED:
    case OUTCOME_NO_SUCH_USER:
        trip_settle(t, ds, o, outcome);
        break;
    case OUTCOME_UNCERTAIN:
        trip_end_with(t, ERRAND_UNCERTAIN, DELIVERY_UNCERTAIN,
                      outcome->text.n ? arena_text(t->arena, outcome->text) : "the platform's answer does not speak of it");
        break;
    case OUTCOME_WINDOW_CLOSED:
    case OUTCOME_AUTH:
    case OUTCOME_TOO_LARGE:
    case OUTCOME_REJECTED:
    case OUTCOME_RETRY_WITH_NEW_CONVERSATION:
    case OUTCOME_FATAL:
    default: /* it may be the fault of one of them; by themselves they find out, and do about it what is to be done */
        trip_again_later(t, outcome->retry_after_ms, outcome->text.n ? arena_text(t->arena, outcome->text) : outcome_words(outcome->cls));
        break;
    }
}

static void answered(void *ctx, const struct http_resp *resp)
{
    struct album *al = ctx;
    struct desk_site *ds = site_of(al->d, &al->site);
    struct outlet *o = ds ? outlet_of(al->d, ds, &al->all[0]->errand.channel) : NULL;
    enum kf_rc rc = KF_ABSENT;

    fault_point("before_settle");
    if (!resp->status && resp->refused) {
        apart(al, 0, resp->failure);
        return;
    }
    if (o && o->ops->album_settle)
        rc = o->ops->album_settle(o->ch, al->all[0]->arena, al->items, al->n, resp);
    for (size_t i = al->n; i-- > 0;) {
        struct outcome outcome = al->items[i].outcome;

        if (rc)
            outcome = (struct outcome){ .cls = OUTCOME_UNCERTAIN, .text = SLICE("the answer could not be read") };
        one_settled(al->all[i], ds, o, &outcome);
    }
}

/* ---- on the way ---- */

static void send(struct album *al)
{
    struct trip *first = al->all[0];
    struct desk_site *ds = site_of(al->d, &al->site);
    struct outlet *o = ds ? outlet_of(al->d, ds, &first->errand.channel) : NULL;
    struct http_req req = { 0 };
    struct env env;
    enum kf_rc rc;

    if (!o || !o->ops->album) {
        apart(al, 0, "the channel is switched off or its settings are wrong");
        return;
    }
    for (size_t i = 0; i < al->n; i++) {
        struct trip *t = al->all[i];

        t->album = NULL;
        t->left_at = now(al->d);
        al->items[i] = (struct album_item){
            .errand = &t->errand,
            .file = { .bytes = { t->bytes, t->n_bytes }, .mime = t->file.mime, .name = t->file.name },
        };
    }
    env = trip_env(first, o);
    rc = o->ops->album(o->ch, first->arena, al->items, al->n, &env, &req);
    if (rc) {
        apart(al, 0, rc == KF_NOMEM ? NULL : "not all of them may stand together");
        return;
    }
    req.timeout_ms = UPLOAD_TIMEOUT_MS;
    al->d->ports.fetch(al->d->ports.ctx, &req, answered, al);
    fault_point("after_send");
}

void album_have(struct album *al, const char *why)
{
    if (why)
        apart(al, 0, why);
    else if (++al->have < al->n)
        media_read(al->all[al->have]);
    else
        send(al);
}

static void have_token(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct album *al = ctx;

    if (rc)
        apart(al, why ? why->retry_after_ms : 0, why && *why->text ? why->text : NULL);
    else
        media_read(al->all[0]);
}

static void claimed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct album *al = ctx;
    struct desk_site *ds = site_of(al->d, &al->site);
    struct outlet *o = ds && !rc ? outlet_of(al->d, ds, &al->all[0]->errand.channel) : NULL;

    (void)news;
    (void)why;
    for (size_t i = al->n; rc && i-- > 0;)
        trip_lost(al->all[i]); /* somebody else has one of them, or the store is away: all are still queued */
    if (rc)
        return;
    if (o)
        token_want(al->d, ds, o, SLICE(""), have_token, al);
    else
        apart(al, 0, "the channel is switched off or its settings are wrong");
}

static void claim(struct desk *d, struct desk_site *ds, struct album *al)
{
    struct change *c = housekeeping(d, ds);

    if (!c) {
        for (size_t i = al->n; i-- > 0;)
            trip_lost(al->all[i]);
        return;
    }
    fault_point("before_claim");
    c->conv = al->all[0]->errand.conv;
    for (size_t i = 0; i < al->n; i++)
        change_act(c, ACT_ERRAND_CLAIM)->u.errand = (struct errand){ .id = al->all[i]->errand.id, .lease = c->lease_epoch };
    d->ports.commit(d->ports.ctx, c, claimed, al);
}

static void start(struct desk *d, struct desk_site *ds, const struct outlet *o, const struct errand *e, size_t n)
{
    struct trip *first = trip_new(d, ds, e);
    struct album *al = first ? ARENA_NEW(first->arena, struct album) : NULL;

    if (!al) {
        if (first)
            trip_lost(first);
        return; /* the sweep comes by again */
    }
    *al = (struct album){ .d = d, .site = ds->site->key, .n = 1, .all = { first } };
    while (al->n < n && (al->all[al->n] = trip_new(d, ds, &e->behind[al->n - 1])))
        al->n++;
    for (size_t i = 0; i < al->n; i++) {
        al->all[i]->album = al;
        al->all[i]->patience_ms = o->ops->patience_ms;
    }
    claim(d, ds, al);
}

bool album_begin(struct desk *d, struct desk_site *ds, struct outlet *o, const struct errand *e)
{
    size_t n = o && o->ops->joins ? count(o, e) : 0;

    if (n && !is_whole(d, o, e, n))
        return true;
    if (n > 1)
        start(d, ds, o, e, n);
    return n > 1;
}
