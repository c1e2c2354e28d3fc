/* reply.c: what agents say and do. Every act repeats the epoch that this node knows: an owner of yesterday is told `conflict`. */
#include "core/permit.h"
#include "desk/inner.h"
#include "desk/media.h"
#include "desk/speak.h"
#include "desk/template.h"
#include "desk/window.h"
#include "protocols/channel.h"
#include "protocols/chosen.h"

#include <stdio.h>
#include <stdlib.h>

#define GONE_AFTER_MS   (10LL * 60 * 1000)
#define WORDS_MAX       16 /* that are named at once */
#define TYPING_EVERY_MS 5000
#define TYPING_SHOWN_MS 20000

static struct actor staff_actor(struct change *c, const struct member *m)
{
    return (struct actor){ .role = ROLE_AGENT,
                           .id = m->person,
                           .name = change_text(c, slice_of(m->name)),
                           .number = *m->number ? change_text(c, slice_of(m->number)) : NULL };
}

/* The content of a key is the whole act: the same cid for another act is a conflict too. */
static struct slice content_of(struct change *c, const struct inbound *in)
{
    char id[KF_ID_TEXT];

    switch (in->kind) {
    case INBOUND_MESSAGE:
        if (in->type == TYPE_TEMPLATE) /* what was chosen, not what it says: its wording may change meanwhile */
            return slice_of(change_printf(c, "template|%.*s|%s|%.*s", (int)in->payload.n, in->payload.p, id_text(&in->file, id),
                                          (int)in->form.n, in->form.n ? in->form.p : ""));
        if (!id_is_zero(&in->file))
            return slice_of(in->type == TYPE_CARD
                                ? change_printf(c, "card|%s|%.*s", id_text(&in->file, id), (int)in->text.n, in->text.n ? in->text.p : "")
                                : change_printf(c, "file|%s", id_text(&in->file, id)));
        return slice_of(
            change_printf(c, "%s|%.*s", in->type == TYPE_CARD ? "card" : "message", (int)in->text.n, in->text.n ? in->text.p : ""));
    case INBOUND_NOTE:
        return slice_of(change_printf(c, "note|%.*s", (int)in->text.n, in->text.n ? in->text.p : ""));
    case INBOUND_TRANSFER:
        return slice_of(change_printf(c, "transfer|%s|%s|%s", in->to_queue.s, in->to_department.s, id_text(&in->to_agent, id)));
    case INBOUND_HELP:
        return slice_of(change_printf(c, "help|%s", id_text(&in->to_agent, id)));
    case INBOUND_WHISPER:
        return slice_of(change_printf(c, "whisper|%.*s", (int)in->text.n, in->text.n ? in->text.p : ""));
    case INBOUND_REACT:
        return slice_of(change_printf(c, "react|%lld|%.*s", (long long)in->seq, (int)in->text.n, in->text.n ? in->text.p : ""));
    case INBOUND_PRESENCE:
        return slice_of(change_printf(c, "presence|%s|%s", presence_name(in->presence), id_text(&in->to_agent, id)));
    default:
        return slice_of(change_printf(c, "%d|%lld|%d|%d", (int)in->kind, (long long)in->seq, in->number, (int)in->on));
    }
}

struct change *staff_change(struct desk *d, struct desk_site *ds, const struct member *m, const struct inbound *in, const struct conv *conv)
{
    struct change *c = change_new(&ds->site->key, now(d));
    char cid[KF_ID_TEXT], pid[KF_ID_TEXT];

    if (!c)
        return NULL;
    c->by = staff_actor(c, m);
    if (conv) {
        c->conv = conv->id;
        c->key = slice_of(change_printf(c, "s:%s:%s:%.*s", id_text(&conv->id, cid), id_text(&m->person, pid), (int)in->cid.n, in->cid.p));
    } else
        c->key = slice_of(change_printf(c, "s:%s:%.*s", id_text(&m->person, pid), (int)in->cid.n, in->cid.p));
    c->content = content_of(c, in);
    return c;
}

const char *json_conv(struct change *c, const struct conv *conv)
{
    char id[KF_ID_TEXT];

    return change_printf(c, "{\"conversation\":\"%s\"}", id_text(&conv->id, id));
}

void staff_entry(struct change *c, const char *kind, const char *data)
{
    struct act *act = change_act(c, ACT_ENTRY);

    act->u.entry = (struct entry){ .at = c->at, .kind = kind, .by = c->by, .data = data };
}

void staff_audit(struct change *c, const char *kind, const char *data)
{
    struct act *act = change_act(c, ACT_AUDIT);

    act->u.entry = (struct entry){ .at = c->at, .kind = kind, .by = c->by, .data = data };
}

const char *json_text(struct change *c, const char *name, struct slice value)
{
    const char *ret;
    struct buf b;

    buf_init(&b, 65536);
    buf_char(&b, '{');
    buf_json(&b, slice_of(name));
    buf_char(&b, ':');
    buf_json(&b, value);
    buf_char(&b, '}');
    ret = change_text(c, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

static void refuse_unless_done(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                               const struct conv *conv, const struct kf_err *why)
{
    refuse_unless_claimed(d, seat, in, staff_change(d, ds, m, in, conv), why, false);
}

/* ---- messages ---- */

/* No page of the visitor is open. Whether one is on another node is not known here: there, only who has been silent for long is gone. */
static bool visitor_gone(struct desk *d, const struct desk_site *ds, const struct conv *conv)
{
    return !outward(ds->site, conv) && !session_seats(d->session, &conv->contact) &&
           (d->cfg.sole || now(d) - conv->visitor_at > GONE_AFTER_MS);
}

/* Settings may change before the commit. */
static const struct kf_key *key_copy(struct change *c, const struct kf_key *key)
{
    struct kf_key *ret = key ? ARENA_NEW(c->arena, struct kf_key) : NULL;

    if (ret)
        *ret = *key;
    return ret;
}

/* The picture of a message, or of a card, and where that card is. NULL: neither. */
static const char *extra_of(struct change *c, const struct inbound *in, const struct stored_file *f)
{
    const char *file = f ? file_extra(c, f) : NULL;
    int n = file ? (int)strlen(file) - 2 : 0;

    if (in->chosen.n)
        return change_printf(c, "{%.*s%s\"%s\":%.*s}", n, file ? file + 1 : "", n > 0 ? "," : "",
                             chosen_reply(in->chosen) ? "ready" : "template", (int)in->chosen.n, in->chosen.p);
    if (!in->has_place)
        return file;
    return change_printf(c, "{%.*s%s\"lat\":%.7f,\"lon\":%.7f}", n, file ? file + 1 : "", n > 0 ? "," : "", in->lat, in->lon);
}

static void say_fill(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, const struct inbound *in,
                     struct act *act)
{
    if (id_eq(&conv->owner, &c->by.id))
        change_act(c, ACT_STEP)->u.step = (struct conv_event){ .kind = CONV_STAFF_SAYS, .person = c->by.id, .epoch = conv->epoch };
    else
        c->epoch = conv->epoch; /* the helper's words are fenced like any other act */
    act = change_act(c, ACT_MESSAGE);
    act->errand = outward(ds->site, conv);
    act->by_mail = visitor_gone(d, ds, conv) ? key_copy(c, mail_channel(ds->site)) : NULL;
    act->u.message = (struct message){
        .at = c->at,
        .from = c->by,
        .kind = in->type == TYPE_CARD ? MESSAGE_CARD : MESSAGE_TEXT,
        .text = change_slice(c, in->text),
        .extra = extra_of(c, in, NULL),
        .reply_to = in->reply_to,
        .cid = change_text(c, in->cid),
        .delivery = act->errand ? DELIVERY_SENDING : DELIVERY_NONE,
    };
    rules_deaf(ds, c, ROLE_AGENT, in->text, false);
}

static const char *words_json(struct change *c, const struct forbidden_word **words, size_t n)
{
    const char *ret;
    struct buf b;

    buf_init(&b, 65536);
    buf_str(&b, "{\"words\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(&b, ',');
        buf_json(&b, slice_of(words[i]->word));
    }
    buf_str(&b, "]}");
    ret = change_text(c, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

/* Wording that should not be used goes out when the agent says so a second time, and is written down for review. True: not yet. */
static bool asks_once_more(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in)
{
    const struct forbidden_word *words[WORDS_MAX];
    size_t n = in->confirm ? 0 : guard_words(ds, in->text, words, WORDS_MAX);

    if (!n)
        return false;
    buf_clear(&d->out);
    frame_wording(&d->out, in->cid, words, n);
    session_send(d->session, seat, &d->out);
    return true;
}

static void note_words(struct desk_site *ds, struct change *c, struct slice text)
{
    const struct forbidden_word *words[WORDS_MAX];
    size_t n = guard_words(ds, text, words, WORDS_MAX);

    if (n)
        staff_entry(c, "forbidden", words_json(c, words, n));
}

static void say_text(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                     const struct conv *conv)
{
    struct change *c = staff_change(d, ds, m, in, conv);

    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    say_fill(d, ds, c, conv, in, NULL);
    if (in->type == TYPE_TEXT)
        c->acts[c->n_acts - 1].u.message.typed_ms = typed_ms(d, &conv->id, &c->by, in->cid);
    note_words(ds, c, in->text);
    d->figures.messages_in++;
    commit_from_seat(d, seat, in, c);
}

/* Nobody may read here what the visitor's channel cannot show at all. `m` NULL: what stands on the card is not known yet. */
static bool card_goes(struct desk_site *ds, const struct conv *conv, const struct inbound *in, const struct message *m, struct kf_err *why)
{
    const struct site_channel *sc = site_channel(ds->site, &conv->channel);
    const struct channel_ops *ops = sc && outward(ds->site, conv) ? channel_find(sc->adapter) : NULL;

    if (in->type != TYPE_CARD || !ops)
        return true;
    return (m ? channel_card(ops, m, why) : window_card(ops, in, why)) != CARD_REFUSED;
}

/* May this file go with it? */
static bool suits(const struct inbound *in, const struct stored_file *f, struct kf_err *why)
{
    if (in->type == TYPE_TEMPLATE)
        return template_file(in, f->mime, why);
    if (in->type != TYPE_CARD || file_kind(f->mime) == MESSAGE_IMAGE)
        return true;
    (void)kf_fail(why, KF_UNSUPPORTED, "file: what stands on a card is a picture");
    return false;
}

static void say_file(struct desk *d, struct seat *seat, const struct inbound *in, const struct stored_file *f)
{
    struct desk_site *ds = site_of(d, &seat->site);
    const struct member *m = ds ? member_of(ds, &seat->who) : NULL;
    struct view *v = session_view(d->session, &in->conversation);
    struct change *c = m && v ? staff_change(d, ds, m, in, &v->conv) : NULL;
    struct kf_err why = { .rc = KF_OK };
    struct message *msg;

    if (!c || !suits(in, f, &why)) {
        seat_refuse(d, seat, in, c ? why.rc : KF_ABSENT, c ? why.text : "no such conversation");
        change_free(c);
        return;
    }
    say_fill(d, ds, c, &v->conv, in, NULL);
    msg = &c->acts[c->n_acts - 1].u.message;
    if (in->type != TYPE_CARD)
        msg->kind = file_kind(f->mime);
    msg->file = f->id;
    msg->extra = extra_of(c, in, f);
    if (!card_goes(ds, &v->conv, in, msg, &why)) {
        seat_refuse(d, seat, in, why.rc, why.text);
        change_free(c);
        return;
    }
    note_words(ds, c, in->text);
    d->figures.messages_in++;
    commit_from_seat(d, seat, in, c);
}

/* Words that are those of the agent, or of the template that was chosen. */
static void says_words(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                       const struct conv *conv)
{
    struct kf_err why = { .rc = KF_OK };

    if (!window_allows(d, &conv->id, in, &why))
        refuse_unless_done(d, ds, m, seat, in, conv, &why);
    else if (!card_goes(ds, conv, in, NULL, &why))
        refuse_unless_done(d, ds, m, seat, in, conv, &why);
    else if (asks_once_more(d, ds, seat, in))
        return;
    else if (id_is_zero(&in->file))
        say_text(d, ds, m, seat, in, conv);
    else
        with_file(d, seat, in, say_file);
}

static void says_template(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                          const struct conv *conv)
{
    struct arena *a = arena_new(0);
    struct kf_err why = { .rc = KF_NOMEM, .text = "out of memory" };
    struct inbound said;

    if (!a || template_said(ds, conv, in, a, &said, &why))
        refuse_unless_done(d, ds, m, seat, in, conv, &why);
    else
        says_words(d, ds, m, seat, &said, conv);
    arena_free(a);
}

/* The channel was removed, no page of the visitor is open, and no mail can follow him: whatever was said would end nowhere, unseen. */
static bool leads_nowhere(struct desk *d, const struct desk_site *ds, const struct conv *conv)
{
    return !site_channel(ds->site, &conv->channel) && !session_seats(d->session, &conv->contact) && !mail_channel(ds->site);
}

static void says(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                 const struct conv *conv)
{
    static const struct kf_err not_yours = { .rc = KF_CONFLICT, .text = "this conversation is not yours: accept it first" };
    static const struct kf_err nowhere = {
        .rc = KF_UNSUPPORTED,
        .text = "the channel of this conversation was removed: close it, or have an administrator set the channel up again"
    };

    if ((!id_eq(&conv->owner, &m->person) && !id_eq(&conv->helper, &m->person)) || conv->state != CONV_SERVED)
        refuse_unless_done(d, ds, m, seat, in, conv, &not_yours);
    else if (leads_nowhere(d, ds, conv))
        refuse_unless_done(d, ds, m, seat, in, conv, &nowhere);
    else if (in->type == TYPE_TEMPLATE)
        says_template(d, ds, m, seat, in, conv);
    else
        says_words(d, ds, m, seat, in, conv);
}

/* ---- acts on a conversation ---- */

const struct wording_value *named(const struct member *m, struct wording_value v[2])
{
    v[0] = (struct wording_value){ "name", m->name };
    v[1] = (struct wording_value){ "number", m->number };
    return v;
}

int64_t wrapup_of(const struct desk_site *ds, const struct conv *conv)
{
    const struct site_queue *q = site_queue(ds->site, &conv->queue);

    return q && q->wrapup_ms >= 0 ? q->wrapup_ms : ds->site->wrapup_ms;
}

static void notes(struct change *c, const struct inbound *in)
{
    staff_entry(c, "note", json_text(c, "text", in->text));
}

static void closes(struct desk_site *ds, struct change *c, const struct conv *conv)
{
    struct act *step = change_act(c, ACT_STEP);

    step->u.step = (struct conv_event){ .kind = CONV_CLOSE, .epoch = conv->epoch, .wrapup_ms = wrapup_of(ds, conv) };
    (void)speak(ds->site, c, conv, "closed", "closed", NULL, 0);
    also_tell(ds, c, conv, CHAN_CLOSED, ERRAND_CLOSED, 0);
}

static void invites(struct desk_site *ds, struct change *c, const struct conv *conv)
{
    (void)change_act(c, ACT_INVITE);
    (void)speak(ds->site, c, conv, "invite_rating", "invited", NULL, 0);
}

static void recalls(struct desk_site *ds, struct change *c, const struct inbound *in, const struct conv *conv)
{
    const struct site_channel *sc = site_channel(ds->site, &conv->channel);
    struct act *act = change_act(c, ACT_REMOVE);

    act->u.edit.seq = in->seq;
    act->u.edit.within_ms = channel_recall_ms(sc ? channel_find(sc->adapter) : NULL, ds->site->recall_ms);
    act->u.edit.own = true;
    staff_entry(c, "recalled", change_printf(c, "{\"seq\":%lld}", (long long)in->seq));
    also_tell(ds, c, conv, CHAN_RECALL, ERRAND_DELETE, in->seq);
}

static enum kf_rc resends(struct desk *d, struct desk_site *ds, struct change *c, const struct inbound *in, const struct conv *conv,
                          struct kf_err *why)
{
    const struct kf_key *by = outward(ds->site, conv) ? &conv->channel : mail_channel(ds->site);
    struct act *act = change_act(c, ACT_STATUS);

    if (!by)
        return kf_fail(why, KF_UNSUPPORTED, "nothing is sent anywhere from this channel");
    if (!window_allows(d, &conv->id, NULL, why))
        return why->rc;
    act->u.status.seq = in->seq;
    act->u.status.delivery = DELIVERY_SENDING;
    act->u.status.again = true;
    act->u.status.at = c->at;
    act = change_act(c, ACT_ERRAND);
    act->u.errand = (struct errand){
        .id = fresh_id(d), .channel = *by, .conv = conv->id, .seq = in->seq, .kind = ERRAND_SEND, .due_at = c->at, .created_at = c->at
    };
    return KF_OK;
}

/* The visitor's own words come from there: what is sent again is the asking for what came with them. */
static void resend_known(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv,
                         const struct message *m)
{
    const struct member *who = member_of(ds, &seat->who);
    struct change *c = who ? staff_change(d, ds, who, in, conv) : NULL;
    struct kf_err why = { .rc = KF_NOMEM };
    struct act *act;
    enum kf_rc rc;

    if (!c) {
        session_error(d->session, seat, in->cid, &why);
        return;
    }
    c->epoch = conv->epoch;
    rc = m->from.role == ROLE_VISITOR ? media_again(c, m, &why) : resends(d, ds, c, in, conv, &why);
    if (rc) {
        change_free(c);
        refuse_unless_done(d, ds, who, seat, in, conv, &why);
        return;
    }
    if (m->from.role == ROLE_VISITOR) {
        act = change_act(c, ACT_ERRAND);
        act->u.errand = (struct errand){
            .id = fresh_id(d), .conv = conv->id, .seq = in->seq, .kind = ERRAND_FETCH, .due_at = c->at, .created_at = c->at
        };
    }
    commit_from_seat(d, seat, in, c);
}

static enum verb verb_of(enum inbound_kind kind)
{
    switch (kind) {
    case INBOUND_MESSAGE:
    case INBOUND_RECALL:
    case INBOUND_RESEND:
    case INBOUND_REACT:
    case INBOUND_INVITE:
        return VERB_SAY;
    case INBOUND_WATCH:
    case INBOUND_WHISPER:
    case INBOUND_JOIN:
    case INBOUND_PRIORITY:
        return VERB_WATCH;
    case INBOUND_HELP:
        return VERB_TRANSFER;
    case INBOUND_NOTE:
        return VERB_NOTE;
    case INBOUND_ACCEPT:
    case INBOUND_REFUSE:
        return VERB_ACCEPT;
    case INBOUND_TRANSFER:
        return VERB_TRANSFER;
    case INBOUND_CLOSE:
        return VERB_CLOSE;
    default:
        return VERB_READ;
    }
}

static void staff_reads(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                        const struct conv *conv)
{
    const struct kf_id *whose = conv_is_open(conv) ? &conv->owner : &conv->last_agent;
    bool serves = id_eq(whose, &m->person) || id_eq(&conv->helper, &m->person);
    struct change *c = serves ? staff_change(d, ds, m, in, conv) : NULL;
    int64_t seq = in->seq < conv->seq ? in->seq : conv->seq;

    if (!serves) { /* the visitor would be told that somebody has read it who only looked on */
        seat_refuse(d, seat, in, KF_DENIED, "only who serves a conversation, or helps there, tells that it was read");
        return;
    }
    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    change_act(c, ACT_READ)->u.seq = seq;
    also_tell(ds, c, conv, CHAN_READ, ERRAND_READ, seq);
    commit_from_seat(d, seat, in, c);
}

static void act_on(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                   const struct conv *conv);

/* Whether somebody is full is asked of the live layer: our own last look may be a second old. */
static void act_looked(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    const struct member *m = member_of(ds, &seat->who);

    d->line_looked = true;
    if (m && !m->disabled)
        act_on(d, ds, m, seat, in, conv);
    d->line_looked = false;
}

/* Acts that change nothing, or find out more before they do. False: it is none of them. */
static bool acts_apart(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                       const struct conv *conv)
{
    switch (in->kind) {
    case INBOUND_MESSAGE:
        says(d, ds, m, seat, in, conv);
        return true;
    case INBOUND_READ:
        staff_reads(d, ds, m, seat, in, conv);
        return true;
    case INBOUND_TRANSFER:
    case INBOUND_REFUSE:
        if (id_is_zero(in->kind == INBOUND_REFUSE ? &conv->back : &in->to_agent) || d->line_looked || !d->ports.live_up(d->ports.ctx))
            return false;
        with_look(d, seat, in, conv, act_looked);
        return true;
    case INBOUND_WATCH:
        watch(d, ds, m, seat, in, conv);
        return true;
    case INBOUND_RESEND:
        with_message(d, seat, in, conv, resend_known);
        return true;
    case INBOUND_REACT:
        staff_reacts(d, ds, m, seat, in, conv);
        return true;
    case INBOUND_ACCEPT:
        pick(d, ds, m, seat, in, conv);
        return true;
    default:
        return false;
    }
}

/* What the act is, put into its change. */
static enum kf_rc act_fill(struct desk *d, struct desk_site *ds, struct change *c, const struct member *m, const struct inbound *in,
                           const struct conv *conv, struct kf_err *why)
{
    switch (in->kind) {
    case INBOUND_REFUSE:
        comes_back(d, ds, c, conv, &m->person, -1);
        return KF_OK;
    case INBOUND_NOTE:
        notes(c, in);
        return KF_OK;
    case INBOUND_CLOSE:
        closes(ds, c, conv);
        return KF_OK;
    case INBOUND_INVITE:
        invites(ds, c, conv);
        return KF_OK;
    case INBOUND_TRANSFER:
        return transfer(d, ds, c, in, conv, why);
    case INBOUND_WHISPER:
    case INBOUND_JOIN:
    case INBOUND_HELP:
    case INBOUND_LEAVE:
    case INBOUND_PRIORITY:
    case INBOUND_READY:
        return oversee(d, ds, c, m, in, conv, why);
    case INBOUND_RECALL:
        recalls(ds, c, in, conv);
        return KF_OK;
    default:
        return kf_fail(why, KF_UNSUPPORTED, "this is not possible in a conversation");
    }
}

static void act_on(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                   const struct conv *conv)
{
    struct kf_err why = { 0 };
    struct change *c;

    if (acts_apart(d, ds, m, seat, in, conv))
        return;
    c = staff_change(d, ds, m, in, conv);
    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    if (verb_of(in->kind) == VERB_SAY)
        c->epoch = conv->epoch; /* acts that are no step of the conversation are fenced all the same */
    if (act_fill(d, ds, c, m, in, conv, &why)) {
        change_free(c);
        refuse_unless_done(d, ds, m, seat, in, conv, &why);
        return;
    }
    commit_from_seat(d, seat, in, c);
}

/* ---- presence ---- */

static void presence(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in)
{
    const struct member *whose = id_is_zero(&in->to_agent) ? m : member_of(ds, &in->to_agent);
    struct change *c;

    if (whose != m && !permit(m, VERB_PRESENCE_OTHER, &seat->site, NULL)) {
        seat_refuse(d, seat, in, KF_DENIED, "setting somebody else's presence needs the role supervisor");
        return;
    }
    if (!whose) {
        seat_refuse(d, seat, in, KF_ABSENT, "there is no such person here");
        return;
    }
    c = staff_change(d, ds, m, in, NULL);
    if (!c) {
        seat_refuse(d, seat, in, KF_NOMEM, "out of memory");
        return;
    }
    if (whose != m) {
        char id[KF_ID_TEXT];

        staff_audit(c, "presence_set",
                    change_printf(c, "{\"person\":\"%s\",\"presence\":\"%s\"}", id_text(&whose->person, id), presence_name(in->presence)));
    }
    presence_commit(d, ds, c, &whose->person, in->presence, in->reason, seat->conn, in->cid);
}

static void typing_sent(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk_site *ds = site_of(call->d, &call->site);

    (void)why;
    if (!rc && ds && news->n_errands)
        deliver_kick(call->d, ds);
    desk_call_end(call);
}

/* Pages tell it every three seconds: each time where the sign would end before the next but one. */
static int64_t typing_every(const struct desk_site *ds, const struct conv *conv)
{
    const struct site_channel *sc = site_channel(ds->site, &conv->channel);
    const struct channel_ops *ops = sc ? channel_find(sc->adapter) : NULL;

    return ops && ops->typing_ms ? ops->typing_ms / 2 : TYPING_EVERY_MS;
}

/* A platform is told now and then: it shows it for some seconds each time. */
static void typing_outward(struct desk *d, struct desk_site *ds, const struct member *m, const struct inbound *in, const struct conv *conv)
{
    char key[64], id[KF_ID_TEXT];
    struct kf_err busy = { 0 };
    struct change *c;
    struct call *call;

    (void)snprintf(key, sizeof(key), "t:%s", id_text(&conv->id, id));
    if (!outward(ds->site, conv))
        return;
    if (in->on) {
        if (!rate_take(d, key, 1, 1, typing_every(ds, conv), &busy))
            return;
    } else {
        bool shown = rate_touched(d, key, TYPING_SHOWN_MS); /* else there is nothing to end */

        (void)snprintf(key, sizeof(key), "o:%s", id);
        if (!shown || !rate_take(d, key, 1, 1, TYPING_EVERY_MS, &busy))
            return;
    }
    c = staff_change(d, ds, m, in, conv);
    call = c ? desk_call(d, ds) : NULL;
    if (!call) {
        change_free(c);
        return;
    }
    c->key = c->content = (struct slice){ NULL, 0 };
    if (in->on)
        also_tell(ds, c, conv, CHAN_TYPING, ERRAND_TYPING, 0);
    else
        also_tell(ds, c, conv, CHAN_TYPING_OFF, ERRAND_TYPING_OFF, 0);
    d->ports.commit(d->ports.ctx, c, typing_sent, call);
}

static void staff_typing(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                         const struct conv *conv)
{
    const struct actor who = { .role = ROLE_AGENT, .id = m->person, .name = m->name, .number = m->number };

    if (!id_eq(&conv->owner, &m->person))
        return;
    typing_outward(d, ds, m, in, conv);
    typing_here(d, conv, &who, in->on, seat->conn);
    if (!d->cfg.sole)
        d->ports.live_hint(d->ports.ctx, &conv->site, &conv->id, HINT_TYPING(ROLE_AGENT, in->on));
}

/* ---- which conversation ---- */

/* One may have been writing while the visitor closed it: that is no question of what one may. */
static bool comes_too_late(enum verb verb, const struct conv *conv)
{
    return conv->state == CONV_CLOSED && (verb == VERB_SAY || verb == VERB_CLOSE || verb == VERB_TRANSFER || verb == VERB_ACCEPT);
}

/* A match was faster than the click: it is what was wanted. */
static bool has_already(const struct member *m, const struct inbound *in, const struct conv *conv)
{
    return in->kind == INBOUND_ACCEPT && conv->state == CONV_SERVED && id_eq(&conv->owner, &m->person);
}

static void act_checked(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv)
{
    static const struct kf_err absent = { .rc = KF_ABSENT, .text = "no such conversation" };
    static const struct kf_err denied = { .rc = KF_DENIED, .text = "your role, or your part in this conversation, does not allow this" };
    static const struct kf_err over = { .rc = KF_CONFLICT,
                                        .text = "the conversation is closed: only a new message of the visitor opens it again" };
    const struct member *m = member_of(ds, &seat->who);

    if (!m || m->disabled)
        session_kick(d->session, seat, 4403, "not a member of this site");
    else if (in->kind == INBOUND_TYPING && !permit(m, VERB_READ, &seat->site, conv))
        return; /* of no account, and so is its refusal */
    else if (!permit(m, VERB_READ, &seat->site, conv))
        refuse_unless_done(d, ds, m, seat, in, conv, &absent);
    else if (!permit(m, verb_of(in->kind), &seat->site, conv) && !has_already(m, in, conv))
        refuse_unless_done(d, ds, m, seat, in, conv, comes_too_late(verb_of(in->kind), conv) ? &over : &denied);
    else if (in->kind == INBOUND_TYPING)
        staff_typing(d, ds, m, seat, in, conv);
    else
        act_on(d, ds, m, seat, in, conv);
}

void staff_acts(struct desk *d, struct seat *seat, const struct inbound *in)
{
    struct desk_site *ds = site_of(d, &seat->site);
    const struct member *m = ds ? member_of(ds, &seat->who) : NULL;
    struct view *v;

    if (!m || m->disabled) {
        session_kick(d->session, seat, 4403, "not a member of this site");
        return;
    }
    if (in->kind != INBOUND_TYPING && !wants_cid(d, seat, in))
        return;
    if (in->kind == INBOUND_PRESENCE) {
        presence(d, ds, m, seat, in);
        return;
    }
    if (id_is_zero(&in->conversation)) {
        seat_refuse(d, seat, in, KF_INVALID, "conversation is missing");
        return;
    }
    v = session_view(d->session, &in->conversation);
    if (v) {
        struct conv conv = v->conv;

        act_checked(d, ds, seat, in, &conv);
    } else if (in->kind != INBOUND_TYPING)
        with_conv(d, seat, in, &in->conversation, act_checked);
}
