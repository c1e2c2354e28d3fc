/* deliver.c: step 8: an errand leaves the house. Claimed by a commit before the request leaves, settled by a commit after the answer; what was
 * found between the two by another holder is uncertain, and is sent again only where the platform has an idempotency key. */
#include "core/fault.h"
#include "core/part.h"
#include "core/utf8.h"
#include "desk/bot.h"
#include "desk/fact.h"
#include "protocols/chosen.h"

#include <stdio.h>
#include <stdlib.h>

#define ERRANDS_MAX       50
#define FETCH_PATIENCE_MS (12LL * 3600 * 1000) /* unless the channel says for how long its platform keeps a file */
#define STALE_TYPING_MS   10000

/* At most so many files come in at a time, for one site: each is held in memory. And for one channel, so that those of others come beside them
 * however slow its platform, or whoever else it names, may be. */
#define FETCHES_MAX         6
#define FETCHES_CHANNEL_MAX 3

static void trip_free(struct trip *t)
{
    free(t->bytes);
    arena_free(t->arena);
}

void trip_lost(struct trip *t)
{
    struct desk_site *ds = site_of(t->d, &t->site);

    if (t->fetching && ds)
        ds->fetching--;
    for (struct outlet *o = t->fetching && ds ? ds->outlets : NULL; o; o = o->next)
        if (key_eq(&o->channel, &t->errand.channel) && o->fetching) /* 0: its settings have changed meanwhile */
            o->fetching--;
    t->d->under_way--;
    trip_free(t);
}

/* It is settled: the next one of that conversation. What the store would not take waits for the sweep, else it would go round at once, and
 * for as long as the disk is full. */
static void trip_done(struct trip *t)
{
    struct desk *d = t->d;
    struct desk_site *ds = site_of(d, &t->site);

    trip_lost(t);
    if (ds)
        deliver_kick(d, ds);
}

static const char *keep(struct arena *a, const char *s)
{
    return s ? arena_text(a, slice_of(s)) : NULL;
}

struct trip *trip_new(struct desk *d, const struct desk_site *ds, const struct errand *e)
{
    struct arena *a = arena_new(0);
    struct trip *t = a ? ARENA_NEW(a, struct trip) : NULL;
    struct message *m;

    if (!t) {
        arena_free(a);
        return NULL;
    }
    *t = (struct trip){ .d = d, .site = ds->site->key, .arena = a, .errand = *e, .found = e->state == ERRAND_SENDING };
    t->errand.error = NULL;
    t->errand.behind = NULL;
    t->errand.n_behind = 0;
    t->errand.peer = keep(a, e->peer);
    t->errand.user = keep(a, e->user);
    t->errand.reply_ref = keep(a, e->reply_ref);
    t->errand.reply_extra = keep(a, e->reply_extra);
    t->errand.handle = keep(a, e->handle);
    t->errand.emoji = keep(a, e->emoji);
    m = &t->errand.message;
    if (m->kind == MESSAGE_EVENT) /* one that its channel's document lets out: on a platform it is words */
        m->kind = MESSAGE_TEXT;
    m->text = arena_copy(a, e->message.text);
    m->from.name = keep(a, e->message.from.name);
    m->from.number = keep(a, e->message.from.number);
    m->lang = keep(a, e->message.lang);
    m->event = keep(a, e->message.event);
    m->extra = keep(a, e->message.extra);
    m->cid = keep(a, e->message.cid);
    m->ref = keep(a, e->message.ref);
    m->reason = NULL;
    d->under_way++;
    return t;
}

/* ---- settled ---- */

static void settle_commit(struct trip *t);

void trip_settled(struct trip *t, enum kf_rc rc, const struct news *news)
{
    struct desk_site *ds = site_of(t->d, &t->site);

    if (!rc) {
        if (ds)
            tell_news(t->d, ds, news, 0);
        trip_done(t);
        return;
    }
    log_event(t->d, 2, "desk event=errand_unsettled reason=%s", kf_rc_name(rc));
    if (rc == KF_AGAIN && ds && holder(t->d, ds)) { /* what the platform said is known: it is written down when the store is back */
        t->next = ds->unsettled;
        ds->unsettled = t;
        t->d->under_way--;
    } else
        trip_lost(t); /* it stays SENDING: whoever holds the next lease calls it uncertain */
}

static void settled(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)why;
    trip_settled(ctx, rc, news);
}

/* What came, or that it did not, in the commit that ends the errand. */
static void settle_media(const struct trip *t, struct change *c)
{
    struct act *act;

    if (t->fetched) {
        act = change_act(c, ACT_FILE);
        act->u.file = (struct act_file){ .id = t->file.id,
                                         .size = t->file.size,
                                         .name = change_text(c, slice_of(t->file.name)),
                                         .mime = change_text(c, slice_of(t->file.mime)),
                                         .width = t->file.width,
                                         .height = t->file.height };
        memcpy(act->u.file.sha256, t->file.sha256, sizeof(t->file.sha256));
    }
    act = change_act(c, ACT_MEDIA);
    act->u.media.seq = t->errand.seq;
    act->u.media.kind = t->shown->kind;
    act->u.media.text = change_slice(c, t->shown->text);
    act->u.media.file = t->shown->file;
    act->u.media.extra = t->shown->extra ? change_text(c, slice_of(t->shown->extra)) : NULL;
}

static void settle_commit(struct trip *t)
{
    struct desk *d = t->d;
    struct desk_site *ds = site_of(d, &t->site);
    struct change *c = ds ? housekeeping(d, ds) : NULL;
    struct act *act;

    if (!c) {
        trip_lost(t);
        return;
    }
    t->again = settle_commit;
    c->conv = t->errand.conv;
    act = change_act(c, ACT_ERRAND_SETTLE);
    act->u.errand = (struct errand){ .id = t->errand.id,
                                     .conv = t->errand.conv,
                                     .seq = t->errand.seq,
                                     .state = t->state,
                                     .handle = t->rode || t->chosen ? NULL : t->errand.handle, /* neither is counted */
                                     .handle_over = t->over,
                                     .part = t->errand.part,
                                     .attempt = t->errand.attempt + (t->state == ERRAND_QUEUED && !t->error ? 0 : 1),
                                     .due_at = t->due_at,
                                     .error = t->error ? change_text(c, slice_of(t->error)) : NULL };
    if (t->ref)
        act->u.errand.message.ref = change_text(c, slice_of(t->ref));
    if (t->note)
        act->u.errand.message.reason = change_text(c, slice_of(t->note));
    if (t->gone) {
        act = change_act(c, ACT_CHANNEL_GONE);
        act->u.gone.channel = t->errand.channel;
        act->u.gone.since = t->left_at;
    }
    if (t->shown)
        settle_media(t, c);
    if (t->errand.kind == ERRAND_REACT && t->delivery != DELIVERY_NONE && t->delivery != DELIVERY_SENT)
        reaction_failed(c, t->errand.seq, slice_of(t->errand.emoji ? t->errand.emoji : ""), slice_of(t->error ? t->error : ""));
    if (t->peer) {
        act = change_act(c, ACT_RENAME);
        act->u.rename.channel = t->errand.channel;
        act->u.rename.from = change_text(c, slice_of(t->errand.peer));
        act->u.rename.to = change_text(c, slice_of(t->peer));
    }
    if (t->delivery != DELIVERY_NONE && t->errand.kind == ERRAND_SEND) {
        act = change_act(c, ACT_STATUS);
        act->u.status.seq = t->errand.seq;
        act->u.status.delivery = t->delivery;
        act->u.status.reason = t->error ? change_text(c, slice_of(t->error)) : NULL;
        act->u.status.at = c->at;
    }
    d->ports.commit(d->ports.ctx, c, settled, t);
}

void deliver_settle(struct desk *d, struct desk_site *ds)
{
    struct trip *all = ds->unsettled;

    ds->unsettled = NULL;
    for (struct trip *t = all, *next; t; t = next) {
        next = t->next;
        d->under_way++;
        t->again(t);
    }
}

void deliver_forget(struct desk_site *ds)
{
    for (struct trip *t = ds->unsettled, *next; t; t = next) {
        next = t->next;
        trip_free(t);
    }
    ds->unsettled = NULL;
}

void trip_end_with(struct trip *t, enum errand_state state, enum delivery delivery, const char *error)
{
    t->state = state;
    t->delivery = delivery;
    t->error = error;
    t->due_at = now(t->d);
    if (state == ERRAND_DONE)
        t->d->figures.errands_sent++;
    else if (state == ERRAND_FAILED)
        t->d->figures.errands_failed++;
    settle_commit(t);
}

/* It has gone out; of a long text this part has, and the next one is committed to before it leaves. */
static void trip_sent(struct trip *t)
{
    if (!t->more) {
        trip_end_with(t, ERRAND_DONE, DELIVERY_SENT, NULL);
        return;
    }
    t->errand.part++;
    t->errand.attempt = 0;
    t->state = ERRAND_QUEUED;
    t->delivery = DELIVERY_NONE;
    t->error = NULL;
    t->due_at = now(t->d);
    settle_commit(t);
}

void trip_again_later(struct trip *t, int64_t at_least_ms, const char *error)
{
    uint32_t chance;
    int64_t wait_ms;

    t->d->ports.chance(t->d->ports.ctx, &chance, sizeof(chance));
    wait_ms = errand_again_ms(t->errand.attempt, now(t->d) - t->errand.created_at, t->patience_ms, chance);
    if (wait_ms < 0 && t->errand.kind == ERRAND_FETCH) {
        media_failed(t, "unavailable");
        return;
    }
    if (wait_ms < 0) {
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, error);
        return;
    }
    t->state = ERRAND_QUEUED;
    t->delivery = DELIVERY_NONE;
    t->error = error;
    t->due_at = now(t->d) + (at_least_ms < ASKED_WAIT_MAX_MS ? at_least_ms : ASKED_WAIT_MAX_MS) + wait_ms;
    settle_commit(t);
}

void also_tell(const struct desk_site *ds, struct change *c, const struct conv *conv, uint32_t cap, enum errand_kind kind, int64_t seq)
{
    const struct site_channel *sc = site_channel(ds->site, &conv->channel);
    const struct channel_ops *ops = sc ? channel_find(sc->adapter) : NULL;

    if (ops && (ops->caps & cap))
        change_act(c, ACT_ERRAND)->u.errand =
            (struct errand){ .conv = conv->id, .seq = seq, .kind = kind, .due_at = c->at, .created_at = c->at };
}

/* ---- on the way ---- */

/* What is worth nothing a minute later is not tried again. */
static bool passing(const struct errand *e)
{
    return e->kind == ERRAND_READ || e->kind == ERRAND_TYPING || e->kind == ERRAND_TYPING_OFF;
}

/* What may be said again where nobody knows whether it was heard: it is the same, or does the same, twice. */
static bool repeatable(const struct errand *e, const struct outlet *o)
{
    return e->kind == ERRAND_FETCH || e->kind == ERRAND_REACT || bot_errand(e) || (o && (o->ops->caps & CHAN_IDEMPOTENT));
}

static void fresh_token(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    struct trip *t = ctx;
    const char *words = why && *why->text ? arena_text(t->arena, slice_of(why->text)) : "no access token";
    struct desk_site *ds = rc == KF_AUTH ? site_of(t->d, &t->site) : NULL;
    struct outlet *o = ds ? outlet_of(t->d, ds, &t->errand.channel) : NULL;

    if (o)
        standing_refused(t->d, ds, o, words);
    if (rc == KF_AGAIN)
        trip_again_later(t, 500, NULL);
    else if (rc == KF_AUTH && t->errand.kind != ERRAND_FETCH)
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, words);
    else if (rc && passing(&t->errand)) /* words wait behind it */
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL);
    else if (rc)
        trip_again_later(t, why ? why->retry_after_ms : 0, words);
    else if (t->errand.kind == ERRAND_FETCH)
        media_fetch(t);
    else
        trip_send(t);
}

static const char *words_of(struct trip *t, const struct outcome *o)
{
    struct slice code = utf8_cut(o->code, REASON_MAX), text = utf8_cut(o->text, REASON_MAX);

    if (text.n && code.n)
        return arena_printf(t->arena, "%.*s: %.*s", (int)code.n, code.p, (int)text.n, text.p);
    if (text.n || code.n)
        return arena_printf(t->arena, "%.*s%.*s", (int)code.n, code.n ? code.p : "", (int)text.n, text.n ? text.p : "");
    return outcome_words(o->cls);
}

void trip_settle(struct trip *t, struct desk_site *ds, struct outlet *out, const struct outcome *o)
{
    const char *words = words_of(t, o);

    t->gone = o->gone;
    if (t->gone)
        log_event(t->d, 2, "desk event=channel_gone site=%s channel=%s", t->site.s, t->errand.channel.s);
    if (passing(&t->errand) && o->cls != OUTCOME_AUTH) { /* words wait behind it */
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL);
        return;
    }
    if (o->cls == OUTCOME_RETRY_WITH_NEW_CONVERSATION && o->peer.n && !slice_is(o->peer, t->errand.peer))
        t->peer = arena_text(t->arena, o->peer);
    switch (o->cls) {
    case OUTCOME_SENT:
    case OUTCOME_ALREADY_ACCEPTED:
        t->ref = o->ref.n ? arena_text(t->arena, o->ref) : NULL;
        t->note = o->note.n ? arena_text(t->arena, o->note) : t->note;
        standing_good(t->d, ds, out);
        trip_sent(t);
        break;
    case OUTCOME_RETRY:
    case OUTCOME_RATE_LIMITED:
    case OUTCOME_RETRY_WITH_NEW_CONVERSATION:
        trip_again_later(t, o->retry_after_ms, words);
        break;
    case OUTCOME_UNCERTAIN:
        if (repeatable(&t->errand, out))
            trip_again_later(t, 0, words);
        else
            trip_end_with(t, ERRAND_UNCERTAIN, DELIVERY_UNCERTAIN, words);
        break;
    case OUTCOME_AUTH:
        if (token_again(out, t->token, &t->renewed)) {
            token_want(t->d, ds, out, t->token, fresh_token, t);
            break;
        }
        standing_refused(t->d, ds, out, words);
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, words);
        break;
    case OUTCOME_WINDOW_CLOSED:
        t->over = true; /* the staff see it before they type the next one */
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, words);
        break;
    case OUTCOME_USER_BLOCKED:
    case OUTCOME_NO_SUCH_USER:
    case OUTCOME_TOO_LARGE:
    case OUTCOME_REJECTED:
    case OUTCOME_FATAL:
    default:
        if (o->alert)
            standing_refused(t->d, ds, out, words);
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, words);
        break;
    }
}

/* Nothing has left for that address, and nothing will until somebody does something about it. */
static void trip_forbidden(struct trip *t, const char *words)
{
    if (passing(&t->errand))
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL);
    else
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, words ? arena_text(t->arena, slice_of(words)) : "the address is not allowed");
}

static void answered(void *ctx, const struct http_resp *resp)
{
    struct trip *t = ctx;
    struct desk_site *ds = site_of(t->d, &t->site);
    struct outlet *o = ds ? outlet_of(t->d, ds, &t->errand.channel) : NULL;
    struct outcome outcome = { 0 };

    fault_point("before_settle");
    if (!resp->status && resp->refused) /* our own doing, and the same the next time: waiting would only hide it */
        trip_forbidden(t, resp->failure);
    else if (!o)
        trip_end_with(t, ERRAND_UNCERTAIN, DELIVERY_UNCERTAIN, "the channel was taken away");
    else if (o->ops->settle(o->ch, t->arena, &t->errand, resp, &outcome))
        trip_end_with(t, ERRAND_UNCERTAIN, DELIVERY_UNCERTAIN, "the answer could not be read");
    else
        trip_settle(t, ds, o, &outcome);
}

/* A platform fetches files without a session: a signed address, for two days. */
static void sign_file(struct trip *t, const struct site *site)
{
    /* Of the errand, not of the try: a repeat is the same to the byte. */
    t->errand.file_url = file_for_others(t->d, site, t->arena, &t->errand.message.file, t->errand.created_at);
}

/* The reply rides in an answer that is still open, if there is one: that needs no token. What has to be taken to the platform first is asked
 * once more when it is there; the answer stays open for it, as long as it would have. */
static bool ride_along(struct trip *t, const struct desk_site *ds, struct outlet *o)
{
    struct env env = outlet_env(t->d, o);
    struct held *h = t->errand.kind == ERRAND_SEND && !t->chosen && (o->ops->caps & CHAN_ANSWERS) ? held_find(o, &t->errand.conv) : NULL;
    struct http_req req = { 0 };
    enum kf_rc rc;

    if (!h)
        return false;
    sign_file(t, ds->site);
    env.answering = true;
    env.answer_key = h->answer_key;
    rc = o->ops->encode(o->ch, t->arena, &t->errand, &env, &req);
    if (rc == KF_AGAIN && !t->uploaded)
        return false;
    held_take(o, h);
    if (rc == KF_OK) {
        struct slice type = http_header(req.headers, req.n_headers, "content-type");

        t->rode = true;
        held_answer(h, 200, type.n ? arena_text(t->arena, type) : h->type, req.body);
        trip_sent(t);
        return true;
    }
    held_answer(h, h->status, h->type, h->body);
    return false;
}

struct env trip_env(struct trip *t, const struct outlet *o)
{
    struct env ret = outlet_env(t->d, o);

    t->token = ret.token.n ? arena_copy(t->arena, ret.token) : SLICE("");
    return ret;
}

void trip_send(struct trip *t)
{
    struct desk *d = t->d;
    struct desk_site *ds = site_of(d, &t->site);
    struct outlet *o = ds ? outlet_of(d, ds, &t->errand.channel) : NULL;
    struct http_req req = { 0 };
    struct env env;
    enum kf_rc rc;

    if (!o) {
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED, "the channel is switched off or its settings are wrong");
        return;
    }
    sign_file(t, ds->site);
    if (!t->uploaded && media_upload(t, o))
        return;
    if (t->uploaded && ride_along(t, ds, o))
        return;
    env = trip_env(t, o);
    rc = o->ops->encode(o->ch, t->arena, &t->errand, &env, &req);
    if (rc == KF_OK) {
        t->left_at = now(d);
        d->ports.fetch(d->ports.ctx, &req, answered, t);
        fault_point("after_send");
    } else if (rc == KF_UNSUPPORTED && t->errand.kind != ERRAND_SEND && !t->errand.emoji)
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL); /* a platform that has no such thing need not be told */
    else if (rc == KF_NOMEM)
        trip_again_later(t, 0, NULL);
    else
        trip_end_with(t, ERRAND_FAILED, DELIVERY_FAILED,
                      rc == KF_LIMIT      ? "too long for this channel"
                      : rc == KF_REJECTED ? "the time for replies is over, or none is left: the visitor has to write again"
                                          : "this channel cannot carry it");
}

static void have_token(void *ctx, enum kf_rc rc, const struct kf_err *why)
{
    fresh_token(ctx, rc, why);
}

static void claimed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct trip *t = ctx;
    struct desk_site *ds = site_of(t->d, &t->site);
    struct outlet *o = ds && !rc ? outlet_of(t->d, ds, &t->errand.channel) : NULL;

    (void)news;
    (void)why;
    if (rc)
        trip_lost(t); /* somebody else has it, or the store is away: it is still queued */
    else if (bot_errand(&t->errand))
        bot_go(t);
    else if (!o && t->errand.kind == ERRAND_FETCH)
        media_failed(t, "unavailable"); /* the channel is switched off */
    else if (!o)
        trip_send(t);
    else if (!ride_along(t, ds, o))
        token_want(t->d, ds, o, SLICE(""), have_token, t);
}

static void claim(struct desk *d, struct desk_site *ds, struct trip *t)
{
    struct change *c = housekeeping(d, ds);
    struct act *act;

    if (!c) {
        trip_lost(t);
        return;
    }
    fault_point("before_claim");
    c->conv = t->errand.conv;
    act = change_act(c, ACT_ERRAND_CLAIM);
    act->u.errand = (struct errand){ .id = t->errand.id, .lease = c->lease_epoch, .part = t->errand.part, .attempt = t->errand.attempt };
    d->ports.commit(d->ports.ctx, c, claimed, t);
}

bool words_follow(const struct channel_ops *ops, const struct message *m)
{
    if (id_is_zero(&m->file) || !m->text.n || m->kind == MESSAGE_CARD)
        return false;
    if (ops->caption_max < 0 || (m->kind == MESSAGE_AUDIO && (ops->caps & CHAN_SOUND_ALONE)))
        return true;
    return ops->caption_max && text_length(m->text, ops->text_unit) > (size_t)ops->caption_max;
}

/* What its channel would have refused, but is there (a visitor has left the page for good, and is written to by mail), is said at least. */
static bool goes_whole(const struct channel_ops *ops, const struct message *m)
{
    enum card_way way = channel_card(ops, m, NULL);

    return way == CARD_WHOLE || way == CARD_UPLOADED;
}

/* What of its message this errand carries now: all of it, the file alone, or a part of the text. */
static void cut_part(struct trip *t, const struct channel_ops *ops)
{
    struct message *m = &t->errand.message;
    int part = t->errand.part;

    if (m->kind == MESSAGE_CARD && !goes_whole(ops, m)) { /* it reads as well as a text, and without its picture */
        m->kind = MESSAGE_TEXT;
        m->file = (struct kf_id){ { 0 } };
    }
    t->chosen = chosen_is(m);
    if (t->chosen || chosen_ready(m))
        return;
    if (words_follow(ops, m)) {
        if (!part) {
            m->text = SLICE("");
            t->more = true;
            return;
        }
        m->kind = MESSAGE_TEXT;
        m->file = (struct kf_id){ { 0 } };
        part--;
    }
    if (m->kind == MESSAGE_TEXT)
        m->text = text_part(m->text, ops->text_max, ops->text_unit, part, &t->more);
}

static void begin(struct desk *d, struct desk_site *ds, const struct errand *e)
{
    struct outlet *o = outlet_of(d, ds, &e->channel);
    bool full = e->kind == ERRAND_FETCH && (ds->fetching >= FETCHES_MAX || (o && o->fetching >= FETCHES_CHANNEL_MAX));
    struct trip *t = full ? NULL : trip_new(d, ds, e);

    if (!t)
        return;
    if (o && e->kind == ERRAND_SEND) {
        t->patience_ms = o->ops->patience_ms;
        cut_part(t, o->ops);
    }
    t->more |= e->kind == ERRAND_DELETE && e->more;
    t->errand.more = t->more;
    t->fetching = e->kind == ERRAND_FETCH;
    ds->fetching += t->fetching;
    if (t->fetching && o) {
        t->patience_ms = o->ops->media_ms ? o->ops->media_ms : FETCH_PATIENCE_MS;
        o->fetching++;
    }
    if ((e->kind == ERRAND_TYPING || e->kind == ERRAND_TYPING_OFF) && now(d) - e->created_at > STALE_TYPING_MS)
        trip_end_with(t, ERRAND_DONE, DELIVERY_NONE, NULL);
    else if (e->gone && !t->found && e->kind != ERRAND_FETCH && !bot_errand(e)) /* files come from elsewhere, and so do the words of bots */
        trip_forbidden(t, "the channel's address has answered that it is gone: save the channel or try it, then send this again");
    else if (!t->found)
        claim(d, ds, t);
    else if (repeatable(e, o))
        trip_again_later(t, 0, "its sender was lost: sent again under the same key");
    else
        trip_end_with(t, ERRAND_UNCERTAIN, DELIVERY_UNCERTAIN, "its sender was lost before the platform's answer came");
}

static void errands_read(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);

    (void)why;
    if (ds) {
        ds->delivering = false;
        for (size_t i = 0; !rc && i < q->n_errands && holder(d, ds); i++)
            if (!album_begin(d, ds, outlet_of(d, ds, &q->errands[i].channel), &q->errands[i]))
                begin(d, ds, &q->errands[i]);
        if (ds->deliver_again) {
            ds->deliver_again = false;
            deliver_kick(d, ds);
        }
    }
    desk_call_end(call);
}

void deliver_kick(struct desk *d, struct desk_site *ds)
{
    struct query *q;
    struct call *call;

    if (!holder(d, ds) || d->stopping)
        return; /* the holder's sweep finds it within a second */
    if (ds->delivering) {
        ds->deliver_again = true;
        return;
    }
    q = desk_ask(d, ds, QUERY_ERRANDS, &call);
    if (!q)
        return;
    ds->delivering = true;
    q->now = now(d);
    q->after = d->leases[ds->shard].held;
    q->limit = ERRANDS_MAX;
    d->ports.read(d->ports.ctx, q, errands_read, call);
}
