/* react.c: what the staff put on a message of the visitor: a line of the timeline, as that which the visitor puts on one of ours, and an errand to
 * its platform. */
#include "desk/inner.h"
#include "desk/speak.h"
#include "desk/window.h"
#include "protocols/channel.h"

bool reactions_go(const struct desk_site *ds, const struct conv *conv)
{
    const struct site_channel *sc = site_channel(ds->site, &conv->channel);
    const struct channel_ops *ops = sc && outward(ds->site, conv) ? channel_find(sc->adapter) : NULL;

    return ops && (ops->caps & CHAN_REACT);
}

static enum kf_rc may_react(struct desk *d, const struct inbound *in, const struct conv *conv, const struct message *m, struct kf_err *why)
{
    if (conv->state != CONV_SERVED)
        return kf_fail(why, KF_CONFLICT, "this conversation is not yours: accept it first");
    if (m->from.role != ROLE_VISITOR)
        return kf_fail(why, KF_UNSUPPORTED, "seq: reactions are to what the visitor has said, message %lld is not", (long long)in->seq);
    if (m->kind == MESSAGE_REMOVED)
        return kf_fail(why, KF_CONFLICT, "message %lld was taken back", (long long)in->seq);
    if (!m->ref || !*m->ref)
        return kf_fail(why, KF_UNSUPPORTED, "message %lld has no name on its platform by which a reaction could find it",
                       (long long)in->seq);
    return window_allows(d, &conv->id, in, why) ? KF_OK : why->rc;
}

/* A line of the timeline, as that of the visitor's own; the outbox reads there what it is to say. */
static void react_fill(struct desk_site *ds, struct change *c, const struct inbound *in, const struct conv *conv)
{
    struct entry *e = &change_act(c, ACT_ENTRY)->u.entry;
    struct buf b;

    buf_init(&b, 256);
    buf_str(&b, in->text.n ? "{\"on\":true,\"emoji\":" : "{\"on\":false,\"emoji\":");
    buf_json(&b, in->text);
    buf_char(&b, '}');
    *e = (struct entry){ .at = c->at, .kind = "reaction", .by = c->by, .data = change_text(c, buf_slice(&b)), .after_seq = in->seq };
    buf_finish(&b);
    also_tell(ds, c, conv, CHAN_REACT, ERRAND_REACT, in->seq);
}

void reaction_failed(struct change *c, int64_t seq, struct slice emoji, struct slice why)
{
    struct entry *e = &change_act(c, ACT_ENTRY)->u.entry;
    struct buf b;

    buf_init(&b, 4096);
    buf_str(&b, "{\"emoji\":");
    buf_json(&b, emoji);
    buf_str(&b, ",\"why\":");
    buf_json(&b, why);
    buf_char(&b, '}');
    *e = (struct entry){ .at = c->at, .kind = "reaction_failed", .by = c->by, .after_seq = seq };
    e->data = buf_ok(&b) ? change_text(c, buf_slice(&b)) : "{}";
    buf_finish(&b);
}

static void react_known(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv,
                        const struct message *m)
{
    const struct member *who = member_of(ds, &seat->who);
    struct change *c = who ? staff_change(d, ds, who, in, conv) : NULL;
    struct kf_err why = { .rc = KF_NOMEM };

    if (!c) {
        session_error(d->session, seat, in->cid, &why);
        return;
    }
    if (may_react(d, in, conv, m, &why)) {
        refuse_unless_claimed(d, seat, in, c, &why, false);
        return;
    }
    c->epoch = conv->epoch;
    react_fill(ds, c, in, conv);
    commit_from_seat(d, seat, in, c);
}

void staff_reacts(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                  const struct conv *conv)
{
    static const struct kf_err none = { .rc = KF_UNSUPPORTED, .text = "this channel has no reactions" };

    if (reactions_go(ds, conv))
        with_message(d, seat, in, conv, react_known);
    else
        refuse_unless_claimed(d, seat, in, staff_change(d, ds, m, in, conv), &none, false);
}
