/* window.c: how long, and how often, may be answered on a channel that bounds it. Staff are told before they type, and what could not be
 * delivered is refused before it is stored. What is known is kept with the view; the truth is what the conversation's reply handles have left. */
#include "desk/window.h"
#include "core/part.h"
#include "desk/outlet.h"
#include "protocols/chosen.h"

#include <stdlib.h>

/* NULL: this channel sets no bounds. */
static const struct channel_ops *bounded(const struct desk_site *ds, const struct kf_key *channel)
{
    const struct site_channel *sc = site_channel(ds->site, channel);
    const struct channel_ops *ops = sc ? channel_find(sc->adapter) : NULL;

    return ops && (ops->window_ms || ops->window_count) ? ops : NULL;
}

enum reply_state window_state(const struct reply_window *w, int64_t now_ms)
{
    if (!w->known)
        return REPLY_FREE;
    if (w->left != 0 && (!w->until || now_ms < w->until))
        return REPLY_OPEN;
    return w->late || w->templates ? REPLY_LATE : REPLY_CLOSED;
}

/* Are there templates to choose from that go whenever it is, or (`reply`) as replies? */
static bool has_templates(const struct site_channel *sc, const struct channel_ops *ops, bool reply)
{
    for (size_t i = 0; sc && (ops->caps & CHAN_TEMPLATES) && i < sc->n_templates; i++) {
        const struct ready_kind *k = ready_find(ops->kinds, sc->templates[i].kind);

        if (sc->templates[i].kind ? k && k->reply == reply : !reply)
            return true;
    }
    return false;
}

static void keep_window(struct desk *d, struct desk_site *ds, struct view *v, int64_t asked, const struct query *q)
{
    const struct site_channel *sc = site_channel(ds->site, &v->conv.channel);
    struct outlet *o = q->handle.any && q->handle.expires_ms == HANDLE_LEFT ? NULL : outlet_of(d, ds, &v->conv.channel);

    v->window = (struct reply_window){ .known = true,
                                       .asked = asked,
                                       .until = q->handle.any ? q->handle.expires_ms : 0,
                                       .left = q->handle.any ? q->handle.left : 0,
                                       .fewer_at = q->handle.any ? q->handle.fewer_at : 0,
                                       .late = o && o->ops->late && o->ops->late(o->ch),
                                       .templates = o && has_templates(sc, o->ops, false),
                                       .ready = o && !q->handle.texts && has_templates(sc, o->ops, true),
                                       .texts = q->handle.texts };
}

/* Into d->out. */
static void window_frame(struct desk *d, const struct view *v)
{
    buf_clear(&d->out);
    frame_window(&d->out, &v->conv.id, &v->window, window_state(&v->window, now(d)));
}

static void have_window(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    struct view *v = session_view(d->session, &call->conv);

    (void)why;
    if (!rc && ds && v && call->n > v->window.asked) {
        keep_window(d, ds, v, call->n, q);
        window_frame(d, v);
        session_staff(d->session, &v->conv, &d->out, 0);
    }
    desk_call_end(call);
}

void window_tell(struct desk *d, struct desk_site *ds, const struct conv *c)
{
    struct call *call;
    struct query *q;

    if (!bounded(ds, &c->channel) || !session_view(d->session, &c->id))
        return;
    q = desk_ask(d, ds, QUERY_WINDOW, &call);
    if (!q)
        return;
    call->conv = c->id;
    call->n = ++d->windows_asked;
    q->id = c->id;
    q->now = now(d);
    d->ports.read(d->ports.ctx, q, have_window, call);
}

void window_tell_again(struct desk *d, const struct view *v, const struct kf_id *who)
{
    if (!v->window.known)
        return;
    window_frame(d, v);
    session_send_who(d->session, &v->conv.site, who, &d->out, 0);
}

static void tell_if_fewer(void *ctx, struct view *v)
{
    struct desk *d = ctx;
    struct desk_site *ds = v->window.fewer_at && now(d) >= v->window.fewer_at ? site_of(d, &v->conv.site) : NULL;

    if (!ds)
        return;
    v->window.fewer_at = 0;
    window_tell(d, ds, &v->conv);
}

void window_tick(struct desk *d)
{
    session_each_view(d->session, tell_if_fewer, d);
}

enum card_way window_card(const struct channel_ops *ops, const struct inbound *in, struct kf_err *why)
{
    const struct message m = {
        .kind = MESSAGE_CARD, .text = in->text, .file = in->file, .extra = in->has_place ? "{\"lat\":0,\"lon\":0}" : NULL
    };

    return channel_card(ops, &m, why);
}

/* Does it go in one piece: a file, or a card where the channel has them? */
static bool goes_whole(const struct channel_ops *ops, const struct inbound *in)
{
    return in->type == TYPE_CARD ? window_card(ops, in, NULL) != CARD_AS_TEXT : !id_is_zero(&in->file);
}

/* How many messages of its channel it is; `max` and one more are enough to know. */
static int parts_of(const struct channel_ops *ops, const struct inbound *in, int max)
{
    bool more = in->type != TYPE_TEMPLATE && !goes_whole(ops, in);
    int n = 0;

    while (more && n <= max)
        (void)text_part(in->text, ops->text_max, ops->text_unit, n++, &more);
    return n ? n : 1;
}

/* Does it go where the time is over, or the replies are used up? What is sent again (no `ops`) the adapter knows. */
static bool goes_late(const struct reply_window *w, const struct channel_ops *ops, const struct inbound *in)
{
    return !ops || (w->late && in->kind == INBOUND_MESSAGE && in->type != TYPE_TEMPLATE && !goes_whole(ops, in));
}

static enum kf_rc shut(const struct reply_window *w, int64_t at, struct kf_err *why)
{
    bool time = w->until && at >= w->until;

    if (w->templates)
        return kf_fail(why, KF_CONFLICT,
                       time ? "the time for replies is over: choose a template, or wait until the visitor writes again"
                            : "no reply is left: choose a template, or wait until the visitor writes again");
    return kf_fail(why, KF_CONFLICT,
                   time ? "the time for replies is over: the visitor has to write again"
                        : "no reply is left: the visitor has to write again");
}

/* By the code of an event goes one text, and nothing else. */
static bool is_text(const struct channel_ops *ops, const struct inbound *in)
{
    return in->type != TYPE_TEMPLATE && !goes_whole(ops, in);
}

bool window_allows(struct desk *d, const struct kf_id *conv, const struct inbound *in, struct kf_err *why)
{
    const struct view *v = session_view(d->session, conv);
    int64_t at = now(d);
    enum reply_state state = v ? window_state(&v->window, at) : REPLY_FREE;
    const struct desk_site *ds = v ? site_of(d, &v->conv.site) : NULL;
    const struct channel_ops *ops = ds && in ? bounded(ds, &v->conv.channel) : NULL;

    if (in && in->type == TYPE_TEMPLATE && !chosen_reply(in->chosen) && !(v && v->window.until == HANDLE_LEFT))
        return true; /* whenever it is, and it is not counted */
    if (ops && state == REPLY_OPEN && v->window.left > 0 && parts_of(ops, in, v->window.left) > v->window.left) {
        (void)kf_fail(why, KF_CONFLICT, "this takes more messages than the %d replies that are left: shorten it", v->window.left);
        return false;
    }
    if (ops && state == REPLY_OPEN && v->window.texts && !is_text(ops, in)) {
        (void)kf_fail(why, KF_CONFLICT, "only a text goes at present: no file, no card, nothing of the templates");
        return false;
    }
    if (state == REPLY_FREE || state == REPLY_OPEN || (state == REPLY_LATE && goes_late(&v->window, ops, in)))
        return true;
    (void)shut(&v->window, at, why);
    return false;
}
