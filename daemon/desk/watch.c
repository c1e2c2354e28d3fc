/* watch.c: what was heard of each channel lately: which verification step a webhook failed at, and what came of it; and a try of a channel:
 * do its settings open, is there a token, does the platform answer, does a text arrive. */
#include "desk/watch.h"

#include "desk/outlet.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENTS_MAX   20
#define ASKED_MAX    8
#define CHANNELS_MAX 1000 /* more of them are not watched */

struct watched {
    struct kf_key site, channel;
    struct channel_event events[EVENTS_MAX];
    unsigned n; /* ever; the newest is at (n - 1) % EVENTS_MAX */
    struct watched *next;
};

static struct watched *watched_of(struct desk *d, const struct kf_key *site, const struct kf_key *channel, bool make)
{
    struct watched *w = d->watched;
    size_t n = 0;

    for (; w; w = w->next, n++)
        if (key_eq(&w->site, site) && key_eq(&w->channel, channel))
            return w;
    w = make && n < CHANNELS_MAX ? calloc(1, sizeof(*w)) : NULL;
    if (w) {
        w->site = *site;
        w->channel = *channel;
        w->next = d->watched;
        d->watched = w;
    }
    return w;
}

void watch_free(struct desk *d)
{
    for (struct watched *w = d->watched, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    d->watched = NULL;
}

static const char *kind_word(const struct received *r)
{
    static const char *const words[] = { [INBOUND_MESSAGE] = "message",   [INBOUND_EDIT] = "edit",
                                         [INBOUND_DELETE] = "delete",     [INBOUND_REACTION] = "reaction",
                                         [INBOUND_POSTBACK] = "postback", [INBOUND_COMMAND] = "command",
                                         [INBOUND_STATUS] = "status",     [INBOUND_ECHO] = "echo",
                                         [INBOUND_FOLLOW] = "follow",     [INBOUND_UNFOLLOW] = "unfollow",
                                         [INBOUND_OPTIN] = "optin",       [INBOUND_OPTOUT] = "optout",
                                         [INBOUND_SYSTEM] = "system",     [INBOUND_TYPING] = "typing",
                                         [INBOUND_READ] = "read",         [INBOUND_SUBSCRIPTION] = "subscription" };
    enum inbound_kind kind;

    if (!r->n)
        return r->pull ? "pull" : "nothing";
    kind = r->inbound[0].kind;
    return (size_t)kind < sizeof(words) / sizeof(words[0]) && words[kind] ? words[kind] : "event";
}

void watch_hook(struct desk *d, const struct kf_key *site, const struct kf_key *channel, enum kf_rc rc, const struct received *r,
                int status)
{
    struct watched *w = watched_of(d, site, channel, true);
    struct channel_event *e = w ? &w->events[w->n++ % EVENTS_MAX] : NULL;

    if (!e)
        return;
    *e = (struct channel_event){ .at = now(d), .status = status, .n = rc || r->refused ? 0 : (int)r->n };
    (void)snprintf(e->verdict, sizeof(e->verdict), "%s",
                   rc              ? "not_understood"
                   : r->refused    ? r->refused
                   : status >= 500 ? "not_stored"
                                   : "accepted");
    (void)snprintf(e->kind, sizeof(e->kind), "%s", rc || r->refused ? "" : kind_word(r));
}

size_t desk_channel_events(struct desk *d, const struct kf_key *site, const struct kf_key *channel, struct channel_event *ret, size_t max)
{
    const struct watched *w = watched_of(d, site, channel, false);
    size_t n = 0;

    for (unsigned i = 0; w && n < max && i < EVENTS_MAX && i < w->n; i++)
        ret[n++] = w->events[(w->n - 1 - i) % EVENTS_MAX];
    return n;
}

void desk_channel_state(struct desk *d, const struct kf_key *site, const struct kf_key *channel, struct channel_state *ret)
{
    struct desk_site *ds = site_of(d, site);
    struct outlet *o = ds ? outlet_of(d, ds, channel) : NULL;

    *ret = (struct channel_state){ .opens = o != NULL,
                                   .has_token = o && o->ops->renew,
                                   .public_url = d->cfg.public_url ? d->cfg.public_url : "" };
    if (o) {
        ret->token_held = o->token != NULL;
        ret->token_expires_ms = o->token ? o->token_expires : 0;
        ret->late = o->ops->late && o->ops->late(o->ch);
    }
}

/* ---- a try ---- */

struct trying {
    struct desk *d;
    struct kf_key site, channel;
    struct arena *arena;
    bool tell;
    struct errand errand; /* of the text; zero: none is sent */
    int asked, renewed;
    struct slice token; /* with which the platform was asked */
    struct kf_err why;  /* from one answer to the next */
    const char *met;    /* what the platform calls us, "" nothing */
    struct channel_try ret;
    void (*done)(void *ctx, const struct channel_try *t);
    void *ctx;
};

static void trying_end(struct trying *t)
{
    struct desk *d = t->d;

    t->done(t->ctx, &t->ret);
    d->under_way--;
    arena_free(t->arena);
}

static struct channel_step *step(struct trying *t, const char *name, bool ok, const char *reason)
{
    struct channel_step *s = &t->ret.steps[t->ret.n++];

    s->name = name;
    s->ok = ok;
    s->reason = reason ? arena_text(t->arena, slice_of(reason)) : NULL;
    return s;
}

/* Where the platform finds us. */
static const char *callback_of(struct trying *t)
{
    const struct desk_site *ds = site_of(t->d, &t->site);
    const struct site_channel *sc = ds ? site_channel(ds->site, &t->channel) : NULL;

    return sc && sc->hook ? arena_printf(t->arena, "%s/hooks/%s", t->d->cfg.public_url, sc->hook) : "";
}

static struct outlet *outlet_tried(struct trying *t)
{
    struct desk_site *ds = site_of(t->d, &t->site);

    return ds ? outlet_of(t->d, ds, &t->channel) : NULL;
}

static const char *words_of(struct trying *t, const struct outcome *o)
{
    return arena_printf(t->arena, "%s%s%.*s%s%.*s", outcome_name(o->cls), o->code.n || o->text.n ? ": " : "", (int)o->code.n,
                        o->code.n ? o->code.p : "", o->code.n && o->text.n ? " " : "", (int)o->text.n, o->text.n ? o->text.p : "");
}

static void sent(void *ctx, const struct http_resp *resp)
{
    struct trying *t = ctx;
    struct outlet *o = outlet_tried(t);
    struct outcome outcome = { 0 };
    bool ok;

    if (!o || o->ops->settle(o->ch, t->arena, &t->errand, resp, &outcome))
        step(t, "send", false, "the answer could not be read");
    else {
        ok = outcome.cls == OUTCOME_SENT || outcome.cls == OUTCOME_ALREADY_ACCEPTED;
        step(t, "send", ok, ok ? NULL : words_of(t, &outcome));
    }
    trying_end(t);
}

static void try_send(struct trying *t)
{
    struct outlet *o = outlet_tried(t);
    struct http_req req = { 0 };
    struct env env;
    enum kf_rc rc;

    if (!t->errand.peer || !o) {
        trying_end(t);
        return;
    }
    env = outlet_env(t->d, o);
    rc = o->ops->encode(o->ch, t->arena, &t->errand, &env, &req);
    if (rc == KF_OK) {
        t->d->ports.fetch(t->d->ports.ctx, &req, sent, t);
        return;
    }
    step(t, "send", false, rc == KF_REJECTED ? "this platform lets us only answer: write to it first" : "this channel cannot carry it");
    trying_end(t);
}

static void met(void *ctx, const struct http_resp *resp);

static void back(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct trying *t = ctx;
    struct outlet *o = outlet_tried(t);

    (void)news;
    step(t, "platform", rc == KF_OK, rc ? kf_words(rc, why) : *t->met ? t->met : NULL);
    if (!rc && o)
        o->standing = STANDING_UNKNOWN;
    if (rc)
        trying_end(t);
    else
        try_send(t);
}

/* Somebody is there, also where it was said before that nobody is: what failed meanwhile may be sent again. */
static void come_back(struct trying *t, const char *words)
{
    struct change *c = change_new(&t->site, now(t->d));

    t->met = arena_text(t->arena, slice_of(words));
    if (!c || !t->met) {
        change_free(c);
        step(t, "platform", false, kf_words(KF_NOMEM, NULL));
        trying_end(t);
        return;
    }
    change_act(c, ACT_CHANNEL_BACK)->u.gone.channel = t->channel;
    t->d->ports.commit(t->d->ports.ctx, c, back, t);
}

static void meet(struct trying *t, const struct http_resp *last);

static void fresh_token(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct trying *t = ctx;

    if (!rc) {
        meet(t, NULL);
        return;
    }
    step(t, "platform", false, kf_words(rc, why));
    trying_end(t);
}

/* A token may have ended before its time: what is refused with it says nothing of the credentials, as long as there may be another one. */
static bool renewed_for(struct trying *t, struct outlet *o)
{
    struct desk_site *ds = site_of(t->d, &t->site);

    if (!ds || !token_again(o, t->token, &t->renewed))
        return false;
    token_want(t->d, ds, o, t->token, fresh_token, t);
    return true;
}

/* The last answer in, the next question out, until the platform has said whether it knows us. */
static void meet(struct trying *t, const struct http_resp *last)
{
    struct outlet *o = outlet_tried(t);
    struct kf_err *why = &t->why;
    struct http_req req = { 0 };
    struct env env;
    enum kf_rc rc;

    if (!o || !o->ops->meet) { /* it was taken away meanwhile, or has become one of another platform */
        step(t, "platform", false, "the channel was changed meanwhile: try it again");
        trying_end(t);
        return;
    }
    if (t->asked++ >= ASKED_MAX) {
        step(t, "platform", false, "it asks for more and more");
        trying_end(t);
        return;
    }
    env = outlet_env(t->d, o);
    if (!last) {
        t->token = arena_copy(t->arena, env.token);
        *why = (struct kf_err){ .rc = KF_OK };
    }
    rc = o->ops->meet(o->ch, t->arena, &env, callback_of(t), t->tell, last, &req, why);
    if (rc == KF_AGAIN) {
        t->d->ports.fetch(t->d->ports.ctx, &req, met, t);
        return;
    }
    if (rc == KF_OK) {
        come_back(t, why->text);
        return;
    }
    if (rc == KF_AUTH && renewed_for(t, o))
        return;
    /* Whoever tries it wants to know what became of the question: "connection refused" is no trouble of ours. */
    step(t, "platform", false, *why->text ? why->text : kf_words(rc, NULL));
    trying_end(t);
}

static void met(void *ctx, const struct http_resp *resp)
{
    meet(ctx, resp);
}

static void have_token(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct trying *t = ctx;
    struct outlet *o = outlet_tried(t);

    if (o && o->ops->renew)
        step(t, "token", rc == KF_OK, rc ? kf_words(rc, why) : NULL);
    if (!o || rc)
        trying_end(t);
    else if (o->ops->meet)
        meet(t, NULL);
    else
        try_send(t);
}

/* Why do the settings not open? */
static const char *refusal(struct trying *t, const struct desk_site *ds)
{
    const struct site_channel *sc = site_channel(ds->site, &t->channel);
    const struct channel_ops *ops = sc ? channel_find(sc->adapter) : NULL;
    struct kf_err why = { .rc = KF_OK };
    struct channel *ch = NULL;

    if (sc && sc->off)
        return "it is switched off";
    if (!ops)
        return "this kefud has no such adapter";
    if (ops->open(&ch, slice_of(sc->settings), &why))
        return arena_text(t->arena, slice_of(why.text));
    if (ops->close)
        ops->close(ch);
    return "out of memory";
}

void desk_channel_try(struct desk *d, const struct kf_key *site, const struct kf_key *channel, bool tell, struct slice to,
                      struct slice text, void (*done)(void *ctx, const struct channel_try *t), void *ctx)
{
    struct desk_site *ds = site_of(d, site);
    struct arena *a = ds ? arena_new(0) : NULL;
    struct trying *t = a ? ARENA_NEW(a, struct trying) : NULL;
    struct outlet *o;

    if (!t) {
        static const struct channel_try nothing = { .n = 0 };

        arena_free(a);
        done(ctx, &nothing);
        return;
    }
    *t = (struct trying){ .d = d, .site = *site, .channel = *channel, .arena = a, .tell = tell, .done = done, .ctx = ctx };
    t->errand =
        (struct errand){ .id = fresh_id(d), .site = *site, .channel = *channel, .conv = fresh_id(d), .seq = 1, .created_at = now(d) };
    if (to.n) {
        t->errand.peer = t->errand.user = arena_text(a, to);
        t->errand.message = (struct message){
            .seq = 1, .at = now(d), .from = { .role = ROLE_AGENT, .name = "" }, .kind = MESSAGE_TEXT, .text = arena_copy(a, text)
        };
    }
    d->under_way++;
    o = outlet_of(d, ds, channel);
    step(t, "settings", o != NULL, o ? NULL : refusal(t, ds));
    if (!o)
        trying_end(t);
    else
        token_want(d, ds, o, SLICE(""), have_token, t);
}
