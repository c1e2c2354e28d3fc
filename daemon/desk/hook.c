/* hook.c: what platforms say. Steps 2 to 5 of a message's journey: verify and decode (the adapter), one commit that dedupes and stores, and only
 * then the answer. Nothing slow happens before it. */
#include "core/card.h"
#include "core/fault.h"
#include "core/utf8.h"
#include "desk/media.h"
#include "desk/outlet.h"
#include "desk/watch.h"
#include "protocols/sign.h"

#include <stdio.h>
#include <stdlib.h>

#define BODY_MAX (1LL << 20)

/* ---- facts to changes ---- */

static const char *peer_of(struct change *c, const struct inbound *in)
{
    return change_text(c, in->peer.n ? in->peer : in->user);
}

static enum message_kind kind_of(enum inbound_type type)
{
    switch (type) {
    case TYPE_IMAGE:
    case TYPE_STICKER:
        return MESSAGE_IMAGE;
    case TYPE_AUDIO:
        return MESSAGE_AUDIO;
    case TYPE_VIDEO:
    case TYPE_FILE:
        return MESSAGE_FILE;
    case TYPE_LOCATION:
    case TYPE_CONTACT:
    case TYPE_LINK:
    case TYPE_RICH:
    case TYPE_FORM:
        return MESSAGE_CARD;
    case TYPE_TEXT:
    case TYPE_CHOICE:
    case TYPE_UNSUPPORTED:
    default:
        return MESSAGE_TEXT;
    }
}

static void add_member(struct buf *b, const char *name, struct slice value)
{
    if (!value.n || !utf8_valid(value))
        return;
    if (b->n > 1)
        buf_char(b, ',');
    buf_json(b, slice_of(name));
    buf_char(b, ':');
    buf_json(b, value);
}

/* What pages need to show more than the text. Addresses on the platform are kept for whoever fetches the media; pages are not told them. */
static const char *extra_of(struct change *c, const struct inbound *in, const struct media *m, bool fetchable)
{
    const char *ret = NULL;
    struct buf b;

    buf_init(&b, 65536);
    buf_char(&b, '{');
    add_member(&b, "payload", in->payload);
    add_member(&b, "speaker", in->peer.n && !slice_eq(in->peer, in->user) ? in->user_name : (struct slice){ NULL, 0 });
    if (in->type == TYPE_LOCATION)
        buf_printf(&b, "%s\"lat\":%.7f,\"lon\":%.7f", b.n > 1 ? "," : "", in->lat, in->lon);
    if (in->automatic)
        buf_printf(&b, "%s\"automatic\":true", b.n > 1 ? "," : "");
    if (in->type == TYPE_UNSUPPORTED)
        buf_printf(&b, "%s\"unsupported\":true", b.n > 1 ? "," : "");
    add_member(&b, "quoted", in->quoted);
    if (in->proven)
        buf_printf(&b, "%s\"mail\":true", b.n > 1 ? "," : "");
    if (m) {
        if (b.n > 1)
            buf_char(&b, ',');
        if (m->stored)
            media_file(&b, m);
        else
            media_note(&b, m, fetchable);
    }
    buf_char(&b, '}');
    if (b.n > 2)
        ret = change_text(c, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

/* What is read: a card's title, its words, its address, each on a line. */
static struct slice text_of(struct change *c, const struct inbound *in)
{
    struct card card = { .title = in->title, .words = in->text, .url = in->url };
    struct slice *const parts[] = { &card.title, &card.words, &card.url };
    struct slice ret;
    struct buf b;

    if (!in->title.n && !in->url.n && in->text.n && utf8_valid(in->text))
        return change_slice(c, in->text);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!utf8_valid(*parts[i]))
            parts[i]->n = 0;
    buf_init(&b, 65536);
    card_write(&b, &card);
    ret = b.n && buf_ok(&b) ? change_slice(c, buf_slice(&b)) : slice_of(media_words(in->type));
    buf_finish(&b);
    return ret;
}

/* `joins`: it is about the newest conversation as it is; nothing is opened by it. */
static void opening_of(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct inbound *in, struct change *c,
                       bool joins)
{
    struct opening *o = ARENA_NEW(c->arena, struct opening);

    if (!o) {
        c->failed = true;
        return;
    }
    o->channel = sc->key;
    o->peer = peer_of(c, in);
    o->address = change_text(c, in->user.n ? in->user : in->peer);
    o->reopen_ms = ds->site->reopen_ms;
    o->state = CONV_WAITING;
    o->queue = sc->queue;
    o->locale = change_text(c, in->locale);
    o->new_conv = fresh_id(d);
    o->new_contact = fresh_id(d);
    o->new_customer = fresh_id(d);
    o->name = change_text(c, utf8_valid(in->user_name) ? in->user_name : (struct slice){ NULL, 0 });
    o->profile = in->profile.n ? change_text(c, in->profile) : NULL;
    o->opened = "{}";
    o->joins = joins;
    opening_rank(ds, sc, NULL, o->profile, c->at, o);
    c->opening = o;
}

#define MEDIA_MAX 24 /* of one event; each is a message of its own */

/* What came along and is stored stands in its message from the beginning. */
static void show_file(struct change *c, const struct media *m, struct message *ret)
{
    struct act *act = change_act(c, ACT_FILE);

    act->u.file = *m->stored;
    act->u.file.name = change_text(c, slice_of(m->stored->name));
    ret->kind = file_kind(m->stored->mime);
    ret->file = m->stored->id;
}

static void one_message(struct change *c, const struct channel_ops *ops, const struct inbound *in, const struct media *m, bool first)
{
    bool fetch = m && ops->media && !m->bytes.n, says = first && (in->text.n || in->title.n || in->url.n);
    enum inbound_type type = first || !m ? in->type : m->type;
    struct message message = {
        .at = c->at,
        .from = c->by,
        .kind = kind_of(type),
        .text = first ? text_of(c, in) : slice_of(media_words(type)),
        .extra = extra_of(
            c, first ? in : &(struct inbound){ .peer = in->peer, .user = in->user, .user_name = in->user_name, .automatic = in->automatic },
            m, fetch),
        .ref = first && in->id.n ? change_text(c, in->id) : NULL
    };
    struct act *act;

    if (m && m->stored) {
        show_file(c, m, &message);
        if (!says)
            message.text = SLICE("");
    } else if (m && m->bytes.n && !says)
        message.text = slice_of(media_too_large(c, type));
    act = change_act(c, ACT_MESSAGE);
    act->fetch = fetch;
    act->echo = first && in->kind == INBOUND_ECHO;
    act->u.message = message;
    act->answers = first && in->ref.n ? change_text(c, in->ref) : NULL;
}

static void add_message(struct change *c, const struct channel_ops *ops, const struct inbound *in)
{
    struct act *act;

    one_message(c, ops, in, in->n_media ? &in->media[0] : NULL, true);
    for (size_t i = 1; i < in->n_media && i < MEDIA_MAX; i++)
        one_message(c, ops, in, &in->media[i], false);
    if (in->reply_token.n) {
        act = change_act(c, ACT_HANDLE);
        act->u.handle.text = change_text(c, in->reply_token);
        act->u.handle.expires_ms = in->reply_expires_ms;
        act->u.handle.left = in->reply_left ? in->reply_left : ops->window_count ? ops->window_count : -1;
    }
}

/* What nobody could read is kept as it came, for whoever mends the adapter. */
static void add_raw(struct change *c, const struct site_channel *sc, const struct inbound *in)
{
    struct act *act;

    if (!in->raw.n)
        return;
    act = change_act(c, ACT_RAW);
    act->u.blob.channel = sc->key;
    act->u.blob.name = "unsupported";
    act->u.blob.bytes = change_slice(c, in->raw);
}

/* A line on the timeline of the newest conversation with that peer. Where there is none, nobody has spoken yet, and nothing is kept. */
static void add_entry(struct change *c, const struct inbound *in, const char *kind)
{
    struct act *act = change_act(c, ACT_ENTRY);
    struct buf b;

    act->u.entry = (struct entry){ .at = c->at, .kind = kind, .by = c->by, .data = "{}" };
    buf_init(&b, 4096);
    if (in->kind != INBOUND_REACTION) {
        buf_char(&b, '{');
        add_member(&b, "referral", in->referral);
        buf_char(&b, '}');
        act->u.entry.data = change_text(c, buf_ok(&b) ? buf_slice(&b) : SLICE("{}"));
        buf_finish(&b);
        return;
    }
    act->u.entry.ref = in->ref.n ? change_text(c, in->ref) : NULL;
    buf_printf(&b, "{\"on\":%s", in->on ? "true" : "false");
    if (in->text.n && utf8_valid(in->text)) {
        buf_str(&b, ",\"emoji\":");
        buf_json(&b, in->text);
    }
    buf_char(&b, '}');
    act->u.entry.data = change_text(c, buf_ok(&b) ? buf_slice(&b) : SLICE("{}"));
    buf_finish(&b);
}

static void add_status(struct change *c, const struct site_channel *sc, const struct inbound *in)
{
    struct act *act = change_act(c, ACT_STATUS);

    c->conv = in->conversation;
    if (!in->proven)
        c->channel = sc->key; /* the platform named the conversation: one of another channel is none of its business */
    act->u.status.seq = in->seq;
    act->u.status.ref = in->seq ? NULL : change_text(c, in->ref);
    act->u.status.delivery = in->delivery;
    act->u.status.window_over = in->window_over;
    act->u.status.reason = in->reason.n ? change_text(c, in->reason) : NULL;
    act->u.status.at = in->at ? in->at : c->at;
}

/* Of what was kept out only that it was, and why: a line for the agent. Its key is claimed, so it stays out however often it comes. */
static struct change *change_kept_out(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct inbound *in,
                                      const char *why)
{
    struct change *c = change_new(&ds->site->key, now(d));

    if (!c)
        return NULL;
    c->by = (struct actor){ .role = ROLE_VISITOR, .name = "" };
    if (in->dedupe.n)
        c->key = slice_of(change_printf(c, "p:%s:%.*s", sc->key.s, (int)in->dedupe.n, in->dedupe.p));
    opening_of(d, ds, sc, in, c, true);
    change_act(c, ACT_ENTRY)->u.entry =
        (struct entry){ .at = c->at, .kind = "kept_out", .by = c->by, .data = change_printf(c, "{\"why\":\"%s\"}", why) };
    return c;
}

/* NULL: nothing of it is kept (typing), or memory is out (`*failed`). */
static struct change *change_of(struct desk *d, struct desk_site *ds, const struct site_channel *sc, const struct channel_ops *ops,
                                const struct inbound *in, bool *failed)
{
    struct change *c = change_new(&ds->site->key, now(d));
    struct act *act;

    if (!c) {
        *failed = true;
        return NULL;
    }
    c->by =
        (struct actor){ .role = ROLE_VISITOR, .name = change_text(c, utf8_valid(in->user_name) ? in->user_name : (struct slice){ "", 0 }) };
    if (in->dedupe.n)
        c->key = slice_of(change_printf(c, "p:%s:%.*s", sc->key.s, (int)in->dedupe.n, in->dedupe.p));
    if (in->automatic)
        c->unruled = ~0U; /* two machines would talk to each other for ever */
    else
        rules_deaf(ds, c, ROLE_VISITOR, in->text, in->payload.n > 0 || answer_number(in->text));
    switch (in->kind) {
    case INBOUND_MESSAGE:
    case INBOUND_POSTBACK:
    case INBOUND_COMMAND:
        opening_of(d, ds, sc, in, c, false);
        add_message(c, ops, in);
        add_raw(c, sc, in);
        break;
    case INBOUND_ECHO: /* a colleague has answered in the platform's own app: part of the talk, and of its newest conversation */
        c->by = (struct actor){ .role = ROLE_AGENT, .name = change_text(c, utf8_valid(in->agent) ? in->agent : SLICE("")) };
        rules_deaf(ds, c, ROLE_AGENT, in->text, false);
        opening_of(d, ds, sc, in, c, true);
        add_message(c, ops, in);
        break;
    case INBOUND_REACTION:
    case INBOUND_FOLLOW:
    case INBOUND_UNFOLLOW:
        opening_of(d, ds, sc, in, c, true);
        add_entry(c, in, in->kind == INBOUND_REACTION ? "reaction" : in->kind == INBOUND_FOLLOW ? "follow" : "unfollow");
        break;
    case INBOUND_OPTIN:
    case INBOUND_OPTOUT:
        opening_of(d, ds, sc, in, c, true);
        change_act(c, ACT_OPT)->u.out = in->kind == INBOUND_OPTOUT;
        break;
    case INBOUND_EDIT:
    case INBOUND_DELETE:
        opening_of(d, ds, sc, in, c, false);
        act = change_act(c, in->kind == INBOUND_EDIT ? ACT_EDIT : ACT_REMOVE);
        act->u.edit.ref = change_text(c, in->ref);
        act->u.edit.text = change_text(c, in->text);
        act->u.edit.own = true;
        break;
    case INBOUND_SYSTEM:
        if (!in->was.n) {
            change_free(c);
            return NULL;
        }
        act = change_act(c, ACT_RENAME);
        act->u.rename.channel = sc->key;
        act->u.rename.from = change_text(c, in->was);
        act->u.rename.to = change_text(c, in->user.n ? in->user : in->peer);
        break;
    case INBOUND_STATUS:
        add_status(c, sc, in);
        if (id_is_zero(&in->conversation))
            opening_of(d, ds, sc, in, c, false);
        break;
    default:
        change_free(c);
        return NULL;
    }
    *failed = c->failed;
    return c;
}

/* ---- committing what came ---- */

struct taking {
    struct call call;
    struct kf_key channel;
    size_t left;
    enum kf_rc worst;
    struct kf_id conv; /* of the last message: a reply may ride in the answer */
    taken_done *done;
    void *ctx;
};

static void taking_step(struct taking *t)
{
    if (--t->left)
        return;
    t->done(t->ctx, t->worst, id_is_zero(&t->conv) ? NULL : &t->conv);
    t->call.d->under_way--;
    free(t);
}

static void taken(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct taking *t = ctx;
    struct desk *d = t->call.d;
    struct desk_site *ds = site_of(d, &t->call.site);

    /* A conflict or an unknown reference is ours to log, not the platform's to repeat for days. */
    if (rc == KF_AGAIN || rc == KF_NOMEM || rc == KF_IO)
        t->worst = rc;
    else if (rc)
        log_event(d, 2, "desk event=inbound_dropped site=%s channel=%s reason=\"%s\"", t->call.site.s, t->channel.s, why->text);
    else if (news->duplicate)
        d->figures.duplicates++;
    else {
        d->figures.messages_in += news->n_messages;
        if (news->n_messages)
            t->conv = news->conv.id;
        if (ds)
            tell_news(d, ds, news, 0);
    }
    taking_step(t);
}

static void commit_cursor(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice cursor, struct taking *t)
{
    struct change *c = housekeeping(d, ds);
    struct act *act;

    if (!c) {
        t->worst = KF_NOMEM;
        return;
    }
    act = change_act(c, ACT_CHANNEL_STATE);
    act->u.blob.channel = o->channel;
    act->u.blob.name = "cursor";
    act->u.blob.bytes = change_slice(c, cursor);
    t->left++;
    d->ports.commit(d->ports.ctx, c, taken, t);
}

/* An answer to what has left the house by a detour: its conversation is read first, because it is one of another channel. */
struct returning {
    struct taking *t;
    struct change *c;
};

static void returned(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct returning *r = ctx;
    struct taking *t = r->t;
    struct desk *d = t->call.d;
    struct opening *o = (struct opening *)(uintptr_t)r->c->opening;

    (void)why;
    if (!rc && q->n_convs && key_eq(&q->convs[0].site, &t->call.site)) {
        o->channel = q->convs[0].channel;
        o->peer = o->address = change_text(r->c, slice_of(q->convs[0].peer));
        o->queue = q->convs[0].queue;
        o->profile = NULL;
    }
    if (rc && rc != KF_ABSENT) { /* of one that was erased there is nothing to go back to: it begins anew */
        change_free(r->c);
        t->worst = rc;
        taking_step(t);
    } else
        d->ports.commit(d->ports.ctx, r->c, taken, t);
    free(r);
}

/* False: memory is out. */
static bool commit_returning(struct desk *d, const struct kf_id *conv, struct change *c, struct taking *t)
{
    struct returning *r = malloc(sizeof(*r));
    struct query *q = r ? query_new(QUERY_CONV) : NULL;

    if (!q) {
        free(r);
        return false;
    }
    *r = (struct returning){ t, c };
    q->id = *conv;
    d->ports.read(d->ports.ctx, q, returned, r);
    return true;
}

/* `conv`: of another channel, which has to be looked up first; NULL: not. */
static void commit_one(struct desk *d, struct change *c, const struct kf_id *conv, struct taking *t)
{
    if (!conv)
        d->ports.commit(d->ports.ctx, c, taken, t);
    else if (!commit_returning(d, conv, c, t)) {
        change_free(c);
        t->worst = KF_NOMEM;
        taking_step(t);
    }
}

/* The word that came with it is claimed first, for what it came with: whoever sends something else under it has seen it go by. */
struct once {
    struct taking *t;
    struct change *c;
    struct kf_id conv;
    bool returns;
};

static void once_claimed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct once *o = ctx;
    struct taking *t = o->t;
    struct desk *d = t->call.d;

    (void)news;
    (void)why;
    if (!rc) /* or it is a repeat: the message's own key tells */
        commit_one(d, o->c, o->returns ? &o->conv : NULL, t);
    else {
        change_free(o->c);
        if (rc == KF_CONFLICT)
            log_event(d, 2, "desk event=inbound_dropped site=%s channel=%s reason=replayed_token", t->call.site.s, t->channel.s);
        else
            t->worst = rc;
        taking_step(t);
    }
    free(o);
}

static void commit_once(struct desk *d, const struct inbound *in, struct change *c, const struct kf_id *conv, struct taking *t)
{
    struct once *o = malloc(sizeof(*o));
    struct change *claim = o ? change_new(&t->call.site, now(d)) : NULL;

    if (!claim) {
        free(o);
        change_free(c);
        t->worst = KF_NOMEM;
        taking_step(t);
        return;
    }
    *o = (struct once){ .t = t, .c = c, .returns = conv != NULL };
    if (conv)
        o->conv = *conv;
    claim->key = slice_of(change_printf(claim, "p:%s:once:%.*s", t->channel.s, (int)in->once.n, in->once.p));
    claim->content = change_slice(claim, in->once_for);
    d->ports.commit(d->ports.ctx, claim, once_claimed, o);
}

void take_inbound(struct desk *d, struct desk_site *ds, struct outlet *o, const struct inbound *in, size_t n, struct slice cursor,
                  taken_done *done, void *ctx)
{
    const struct site_channel *sc = site_channel(ds->site, &o->channel);
    struct taking *t = sc ? calloc(1, sizeof(*t)) : NULL;

    if (!t) {
        done(ctx, sc ? KF_NOMEM : KF_ABSENT, NULL);
        return;
    }
    *t = (struct taking){ .call = { .d = d, .site = ds->site->key }, .channel = o->channel, .left = 1, .done = done, .ctx = ctx };
    d->under_way++;
    for (size_t i = 0; i < n; i++) {
        bool failed = false, banned = guard_inbound(d, ds, &sc->key, &in[i]);
        const char *unfit = banned ? NULL : guard_content(d, ds, &sc->key, &in[i]);
        struct change *c = banned  ? NULL
                           : unfit ? change_kept_out(d, ds, sc, &in[i], unfit)
                                   : change_of(d, ds, sc, o->ops, &in[i], &failed);

        if (unfit) {
            d->figures.refused++;
            log_event(d, 2, "desk event=inbound_kept_out site=%s channel=%s reason=%s", ds->site->key.s, sc->key.s, unfit);
            failed = !c;
        }
        if (banned) {
            d->figures.refused++;
            log_event(d, 2, "desk event=inbound_banned site=%s channel=%s", ds->site->key.s, sc->key.s);
        } else if (failed) {
            change_free(c);
            t->worst = KF_NOMEM;
        } else if (c) {
            const struct kf_id *elsewhere = in[i].proven && c->opening ? &in[i].conversation : NULL;

            t->left++;
            if (in[i].once.n)
                commit_once(d, &in[i], c, elsewhere, t);
            else
                commit_one(d, c, elsewhere, t);
        }
    }
    /* Items first: the store commits in the order of the calls, and a cursor without its items would lose them. */
    if (cursor.n)
        commit_cursor(d, ds, o, cursor, t);
    taking_step(t);
}

/* ---- a webhook ---- */

struct hook {
    struct desk *d;
    struct kf_key site, channel;
    struct arena *arena;
    struct received received;
    struct inbound *mine; /* of these, those for this channel */
    size_t n_mine;
    enum kf_rc rc; /* of receive() */
    desk_hook_answer *answer;
    void *ctx;
    /* What is for other channels of the site is committed, too, before the answer. */
    size_t left;
    enum kf_rc worst;
    struct kf_id conv;
};

static void hook_end(struct hook *h, int status, const char *type, struct slice body)
{
    watch_hook(h->d, &h->site, &h->channel, h->rc, &h->received, status);
    h->answer(h->ctx, status, type, body);
    fault_point("after_ack");
    h->d->under_way--;
    arena_free(h->arena);
}

/* The answer stays open for a moment: a rule or a quick agent may fill it. A repeat that arrives meanwhile is a duplicate and is answered at once. */
static void hook_hold(struct hook *h, struct outlet *o, const struct kf_id *conv)
{
    struct held *held = ARENA_NEW(h->arena, struct held);

    if (!held) {
        hook_end(h, h->received.status, h->received.type, h->received.body);
        return;
    }
    *held = (struct held){ .conv = *conv,
                           .answer_key = h->received.answer_key,
                           .arena = h->arena,
                           .status = h->received.status,
                           .type = h->received.type,
                           .body = h->received.body,
                           .until = mono(h->d) + o->ops->answer_ms,
                           .answer = h->answer,
                           .ctx = h->ctx,
                           .next = o->held };
    o->held = held;
    watch_hook(h->d, &h->site, &h->channel, KF_OK, &h->received, h->received.status);
    h->d->under_way--;
}

/* One app of a platform may serve several of our channels behind one address: they share it, not their events. */
static struct outlet *outlet_of_account(struct desk *d, struct desk_site *ds, const struct outlet *first, struct slice account)
{
    for (size_t i = 0; i < ds->site->n_channels; i++) {
        const struct site_channel *sc = &ds->site->channels[i];
        struct outlet *o = strcmp(sc->adapter, first->ops->name) == 0 ? outlet_of(d, ds, &sc->key) : NULL;

        if (o && slice_eq(o->ops->account(o->ch), account))
            return o;
    }
    return NULL;
}

/* For another account, too, it was believed by this one's secret: all that comes of it is a question to the platform. */
static void hook_pull(struct hook *h, struct desk_site *ds, struct outlet *o)
{
    struct slice account = h->received.pull_account;

    if (account.n && o->ops->account && !slice_eq(account, o->ops->account(o->ch)))
        o = outlet_of_account(h->d, ds, o, account);
    if (o && !holder(h->d, ds))
        h->d->ports.live_hint(h->d->ports.ctx, &ds->site->key, NULL, pull_number(&o->channel));
    else if (o)
        pull_kick(h->d, ds, o, h->received.pull_token);
    else
        log_event(h->d, 2, "desk event=hook_passed_over site=%s channel=%s reason=unknown_account", ds->site->key.s, h->channel.s);
}

static void hook_done(struct hook *h, enum kf_rc rc, const struct kf_id *conv)
{
    struct desk_site *ds = site_of(h->d, &h->site);
    struct outlet *o = ds ? outlet_of(h->d, ds, &h->channel) : NULL;

    if (rc) {
        hook_end(h, 503, "text/plain; charset=utf-8", SLICE("not stored: try again\n"));
        return;
    }
    if (o && h->received.nod.n)
        nod(h->d, ds, o, h->received.nod);
    if (o && h->received.pull)
        hook_pull(h, ds, o);
    if (o && conv && (o->ops->caps & CHAN_ANSWERS) && h->received.answer_key.n && !h->d->stopping)
        hook_hold(h, o, conv);
    else
        hook_end(h, h->received.status, h->received.type, h->received.body);
}

static void hook_taken(void *ctx, enum kf_rc rc, const struct kf_id *conv)
{
    struct hook *h = ctx;

    if (rc)
        h->worst = rc;
    if (conv)
        h->conv = *conv;
    if (--h->left == 0)
        hook_done(h, h->worst, id_is_zero(&h->conv) ? NULL : &h->conv);
}

/* Takes from `in` what is for this account, in order; what is left stands in front. The number of those taken. */
static size_t pick_account(struct inbound *in, size_t n, struct slice account, struct inbound *mine)
{
    size_t taken = 0, left = 0;

    for (size_t i = 0; i < n; i++)
        if (!in[i].account.n || slice_eq(in[i].account, account))
            mine[taken++] = in[i];
        else
            in[left++] = in[i];
    return taken;
}

/* The events of somebody else's account: of a channel that believes this request by its own secret, or of nobody. */
static void hook_elsewhere(struct hook *h, struct desk_site *ds, const struct outlet *first, const struct http_req *req, struct inbound *in,
                           size_t n)
{
    struct inbound *mine = arena_array(h->arena, n, sizeof(*mine));

    while (n && mine) {
        struct slice account = in[0].account;
        struct outlet *o = outlet_of_account(h->d, ds, first, account);
        struct env env = o ? outlet_env(h->d, o) : (struct env){ .now_ms = 0 };
        struct received again = { .refused = "unknown_account" };
        size_t taken = pick_account(in, n, account, mine);

        n -= taken;
        if (o && o->ops->receive(o->ch, h->arena, req, &env, &again))
            h->worst = KF_NOMEM;
        if (again.refused) {
            log_event(h->d, 2, "desk event=hook_passed_over site=%s channel=%s reason=%s events=%zu", ds->site->key.s, h->channel.s,
                      again.refused, taken);
            continue;
        }
        h->left++;
        take_inbound(h->d, ds, o, mine, taken, (struct slice){ NULL, 0 }, hook_taken, h);
        mine = arena_array(h->arena, n + 1, sizeof(*mine));
    }
    if (!mine)
        h->worst = KF_NOMEM;
}

int64_t desk_hook_max(const struct site_channel *ch)
{
    const struct channel_ops *ops = channel_find(ch->adapter);

    return ops && ops->body_max ? (int64_t)ops->body_max : BODY_MAX;
}

static void hook_carried(void *ctx, enum kf_rc rc)
{
    struct hook *h = ctx;
    struct desk_site *ds = site_of(h->d, &h->site);
    struct outlet *o = ds ? outlet_of(h->d, ds, &h->channel) : NULL;

    if (rc || !o)
        hook_taken(h, rc ? rc : KF_ABSENT, NULL);
    else
        take_inbound(h->d, ds, o, h->mine, h->n_mine, (struct slice){ NULL, 0 }, hook_taken, h);
}

static void hook_take(struct hook *h, struct desk_site *ds, struct outlet *o, const struct http_req *req)
{
    struct inbound *in = h->received.inbound, *mine = in;
    size_t n = h->received.n, taken = n;

    h->left = 1;
    if (n && o->ops->account) {
        mine = arena_array(h->arena, n, sizeof(*mine));
        if (!mine) {
            hook_end(h, 503, "text/plain; charset=utf-8", SLICE("out of memory\n"));
            return;
        }
        taken = pick_account(in, n, o->ops->account(o->ch), mine);
        if (taken < n)
            hook_elsewhere(h, ds, o, req, in, n - taken);
    }
    h->mine = mine;
    h->n_mine = taken;
    if (carries_files(mine, taken))
        carry_files(h->d, ds, h->arena, mine, taken, hook_carried, h);
    else
        take_inbound(h->d, ds, o, mine, taken, (struct slice){ NULL, 0 }, hook_taken, h);
}

void desk_hook(struct desk *d, const struct site *site, const struct site_channel *ch, const struct http_req *req, desk_hook_answer *answer,
               void *ctx)
{
    struct desk_site *ds = site_of(d, &site->key);
    struct outlet *o = ds ? outlet_of(d, ds, &ch->key) : NULL;
    struct arena *a = o ? arena_new(0) : NULL;
    struct hook *h = a ? ARENA_NEW(a, struct hook) : NULL;
    struct env env;
    enum kf_rc rc;

    if (!h) {
        arena_free(a);
        answer(ctx, o ? 503 : 404, "text/plain; charset=utf-8", o ? SLICE("out of memory\n") : SLICE("nothing here\n"));
        return;
    }
    *h = (struct hook){ .d = d, .site = site->key, .channel = ch->key, .arena = a, .answer = answer, .ctx = ctx };
    d->under_way++;
    env = outlet_env(d, o);
    (void)sign_troubled(); /* what was before is not ours */
    h->rc = rc = o->ops->receive(o->ch, a, req, &env, &h->received);
    if (!rc && h->received.refused && sign_troubled())
        h->rc = rc = KF_NOMEM; /* perhaps unjustly: it shall come again */
    if (rc) {
        hook_end(h, rc == KF_NOMEM ? 503 : 400, "text/plain; charset=utf-8", SLICE("not understood\n"));
        return;
    }
    if (h->received.refused) {
        d->figures.refused++;
        log_event(d, 2, "desk event=hook_refused site=%s channel=%s reason=%s", site->key.s, ch->key.s, h->received.refused);
        hook_end(h, h->received.status, h->received.type, h->received.body);
        return;
    }
    hook_take(h, ds, o, req);
}
