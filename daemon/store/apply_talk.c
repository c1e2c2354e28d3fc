/* The acts on a conversation and its messages. */
#include "core/buf.h"
#include "core/reach.h"
#include "store/apply.h"

#include <inttypes.h>

#define DATA_MAX 65536
#define DAY_MS   86400000
#define TAGS_MAX 4096

static void json_id(struct buf *b, const char *name, const struct kf_id *id)
{
    char text[KF_ID_TEXT];

    if (!id_is_zero(id))
        buf_printf(b, "%s\"%s\":\"%s\"", b->n > 1 ? "," : "", name, id_text(id, text));
}

static void json_i64(struct buf *b, const char *name, int64_t v)
{
    buf_printf(b, "%s\"%s\":%" PRId64, b->n > 1 ? "," : "", name, v);
}

static void json_str(struct buf *b, const char *name, struct slice text)
{
    buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", name);
    buf_json(b, text);
}

/* ---- steps ------------------------------------------------------------------------------------------------------------------ */

/* The word on the timeline for what a step has done; NULL: nothing worth a line. */
static const char *step_word(const struct conv *was, const struct conv *now, enum conv_event_kind kind)
{
    switch (kind) {
    case CONV_ASSIGN:
    case CONV_ACCEPT:
    case CONV_TAKE:
        return "assigned";
    case CONV_OFFER:
        return "offered";
    case CONV_REFUSE:
        return "refused";
    case CONV_RETURN:
        return "returned";
    case CONV_TRANSFER_PERSON:
    case CONV_TRANSFER_QUEUE:
        return "transferred";
    case CONV_PARK:
        return "parked";
    case CONV_MOVE:
        return "moved";
    case CONV_UNPARK:
        return "unparked";
    case CONV_CLOSE:
        return "closed";
    case CONV_READY:
        return "ready";
    case CONV_HELP:
        return id_is_zero(&now->helper) ? "helper_left" : "helper";
    case CONV_HAND_BOT:
        return "bot";
    case CONV_NAG:
        return "silent";
    case CONV_VISITOR_SAYS:
        return was->state == now->state ? NULL : was->state == CONV_CLOSED ? "reopened" : "unparked";
    case CONV_NOTHING:
    case CONV_STAFF_SAYS:
    default:
        return NULL;
    }
}

static bool step_entry(struct work *w, const struct conv *was, const struct conv_event *ev)
{
    const struct conv *now = &w->row.conv;
    const char *word = step_word(was, now, ev->kind);
    const struct kf_id *person = !id_is_zero(&ev->person) ? &ev->person : &was->owner;
    const char *data;
    struct buf b;

    if (!word || entry_brought(w, word) || (ev->kind == CONV_REFUSE && entry_brought(w, "missed")))
        return true;
    buf_init(&b, DATA_MAX);
    buf_char(&b, '{');
    json_id(&b, "person", person);
    if (!id_is_zero(&was->owner) && !id_eq(&was->owner, person))
        json_id(&b, "from", &was->owner);
    json_str(&b, "queue", slice_of(now->queue.s));
    if (ev->kind == CONV_HAND_BOT)
        json_str(&b, "bot", slice_of(now->bot.s));
    json_str(&b, "was", slice_of(conv_state_name(was->state)));
    json_i64(&b, "epoch", now->epoch);
    if (now->until)
        json_i64(&b, "until", now->until);
    buf_char(&b, '}');
    data = text_of(w, &b);
    return data && entry_add(w, word, &w->change->by, data);
}

static bool write_served(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_SERVED_ADD);

    stmt_id(s, op->what);
    stmt_i64(s, w->row.n);
    return run(w, s);
}

/* When its messages and entries are written. */
static bool write_course(struct work *w, const struct op *op)
{
    const struct conv *c = &w->row.conv;
    struct stmt *s = stmt_begin(w->db, SQL_COURSE_SET);

    stmt_i64(s, w->row.n);
    stmt_i64(s, c->reopened || !c->arrived_at ? c->opened_at : c->arrived_at);
    stmt_i64(s, c->closed_at - c->opened_at);
    stmt_i64(s, op->number);
    return run(w, s);
}

static bool write_missed(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_MISSED_SET);

    stmt_i64(s, op->number);
    stmt_str(s, w->row.conv.site.s);
    stmt_id(s, op->what);
    return run(w, s);
}

/* An offer that was let pass is counted with its person, one that was taken or refused ends the count. */
static bool plan_missed(struct work *w, const struct conv *was, const struct conv_event *ev)
{
    bool missed = ev->kind == CONV_REFUSE && entry_brought(w, "missed");
    int64_t n = 0;
    struct stmt *s;

    if (was->state != CONV_OFFERED || (ev->kind != CONV_REFUSE && ev->kind != CONV_ACCEPT))
        return true;
    s = stmt_begin(w->db, SQL_MISSED_GET);
    stmt_str(s, was->site.s);
    stmt_id(s, &was->owner);
    if (stmt_row(s))
        n = get_i64(s);
    if (!ended(w, s))
        return false;
    w->news->missed = missed ? (int)n + 1 : 0;
    return op_add(w, write_missed, &ev->person, NULL, w->news->missed);
}

/* A closed conversation may come back only while no newer one of the same peer has taken its place. */
static bool may_reopen(struct work *w)
{
    const struct place *p = w->slot ? w->slot->place : NULL;

    return !p || !p->looked || !p->newest || p->newest == w->slot;
}

bool plan_step(struct work *w, const struct conv_event *ev)
{
    struct conv was = w->row.conv, *now = &w->row.conv;
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc = conv_step(&was, ev, w->change->at, now, &why);
    bool served;

    if (rc)
        return refuse(w, rc, "%s", why.text);
    if (was.state == CONV_CLOSED && conv_is_open(now)) {
        if (!place_newest(w) || !may_reopen(w))
            return w->batch->hard ? false : refuse(w, KF_CONFLICT, "a newer conversation with this visitor has taken its place");
        w->reopens = true;
    }
    w->full |= ev->kind != CONV_NOTHING && ev->kind != CONV_STAFF_SAYS && (ev->kind != CONV_VISITOR_SAYS || was.state != now->state);
    w->said = true;
    if (!plan_missed(w, &was, ev))
        return false;
    if (ev->kind == CONV_CLOSE && !op_add(w, write_course, NULL, NULL, w->change->by.role))
        return false;
    served = now->state == CONV_SERVED && (was.state != CONV_SERVED || !id_eq(&was.owner, &now->owner));
    if (served) {
        struct kf_id *owner = ARENA_NEW(w->arena, struct kf_id);

        if (!owner)
            return refuse(w, KF_NOMEM, "out of memory");
        *owner = now->owner;
        if (!op_add(w, write_served, owner, NULL, 0))
            return false;
    }
    if (conv_is_open(&was) && !conv_is_open(now) && !plan_to_check(w))
        return false;
    return step_entry(w, &was, ev);
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------- */

/* What platforms have said of `ref` before we knew it. Runs of `apply` see each state in the order of its arrival. */
struct parked {
    enum delivery delivery;
    const char *reason;
};

static bool write_unpark(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_PARKED_DROP);

    stmt_str(s, op->what);
    stmt_str(s, w->row.conv.site.s);
    stmt_str(s, w->row.conv.channel.s);
    return run(w, s);
}

/* `first`: other parts follow; that this one has arrived does not make the message arrive. */
static bool plan_parked(struct work *w, const char *ref, struct message *m, bool first)
{
    struct stmt *s = stmt_begin(w->db, SQL_PARKED_FIND);
    bool any = false;

    stmt_str(s, ref);
    stmt_str(s, w->row.conv.site.s);
    stmt_str(s, w->row.conv.channel.s);
    stmt_i64(s, w->change->at - DAY_MS);
    while (stmt_row(s)) {
        enum delivery to = (enum delivery)get_i64(s);
        const char *reason = get_text(s, w->arena);

        any = true;
        if (!delivery_may(m->delivery, to) || (first && to != DELIVERY_FAILED))
            continue;
        m->delivery = to;
        m->reason = reason;
    }
    return ended(w, s) && (!any || op_add(w, write_unpark, ref, NULL, 0));
}

static bool seq_by(struct work *w, enum sql which, const char *ref, int64_t *seq)
{
    struct stmt *s = stmt_begin(w->db, which);

    stmt_str(s, ref);
    stmt_i64(s, w->row.n);
    if (stmt_row(s))
        *seq = get_i64(s);
    return ended(w, s);
}

static bool seq_of_ref(struct work *w, const char *ref, int64_t *seq)
{
    *seq = 0;
    return seq_by(w, SQL_MESSAGE_SEQ_OF_REF, ref, seq) && (*seq || seq_by(w, SQL_REF_SEQ, ref, seq));
}

static bool wants_out(const struct work *w, const struct act *act)
{
    for (size_t i = 0; i < act->n_to; i++)
        if (key_eq(&act->to[i], &w->row.conv.channel))
            return act->errand;
    return act->errand && !act->to;
}

/* Whoever has opted out hears from people only. */
static bool goes_out(struct work *w, const struct actor *from, bool *ret)
{
    struct stmt *s;

    *ret = true;
    if (from->role == ROLE_AGENT || id_is_zero(&w->row.conv.contact) || w->opens)
        return true;
    s = stmt_begin(w->db, SQL_CONTACT_OPTED);
    stmt_id(s, &w->row.conv.contact);
    if (stmt_row(s))
        *ret = get_i64(s) == 0;
    return ended(w, s);
}

/* Has the visitor left a mail address? */
static bool reached_by_mail(struct work *w, bool *ret)
{
    struct stmt *s = stmt_begin(w->db, SQL_VISITOR_PROFILE);
    char address[REACH_TEXT];

    stmt_id(s, &w->row.conv.id);
    if (stmt_row(s)) {
        const char *profile = get_str(s, w->arena);

        *ret = profile && reach_profile_mail(slice_of(profile), address);
    }
    return ended(w, s);
}

/* It goes by mail, and says so. */
static bool mark_mail(struct work *w, struct message *m)
{
    const char *extra = m->extra && strlen(m->extra) > 2 ? m->extra : NULL;

    m->extra = extra ? arena_printf(w->arena, "{\"mail\":true,%s", extra + 1) : "{\"mail\":true}";
    m->delivery = DELIVERY_SENDING;
    return m->extra || refuse(w, KF_NOMEM, "out of memory");
}

/* What is said while a bot talks: a visitor's word is its turn, a person's first word ends its part (as when a colleague answers in the
 * platform's own app), and with the epoch what it may still be about to say. */
static bool plan_bot(struct work *w, const struct message *m)
{
    const struct conv *c = &w->row.conv;

    if (m->from.role == ROLE_AGENT)
        return plan_step(w, &(struct conv_event){ .kind = CONV_TRANSFER_QUEUE, .queue = c->queue, .epoch = -1 });
    return m->from.role != ROLE_VISITOR || plan_errand(w, &(struct errand){ .kind = ERRAND_BOT }, m->seq);
}

bool plan_message(struct work *w, const struct act *act)
{
    struct conv *c = &w->row.conv;
    struct message *m;
    bool wanted, out = false, mail = false;

    if (!needs_conv(w) || !more_room(w, (void **)&w->messages, w->n_messages, &w->cap_messages, sizeof(*w->messages)))
        return false;
    if (act->echo && act->u.message.ref) {
        int64_t known = 0;

        if (!seq_of_ref(w, act->u.message.ref, &known))
            return false;
        if (known)
            return true;
    }
    if (act->u.message.reply_to > c->seq && !w->opens)
        return refuse(w, KF_INVALID, "reply_to: there is no message %" PRId64 " in this conversation", act->u.message.reply_to);
    w->said = true;
    m = &w->messages[w->n_messages++];
    *m = act->u.message;
    if (act->answers && !w->opens && !seq_of_ref(w, act->answers, &m->reply_to))
        return false;
    m->seq = ++c->seq;
    if (w->opens)
        m->reply_to = 0; /* of the conversation before: who wrote it could not know that a new one would be opened */
    m->at = w->change->at;
    m->from = actor_of(w, &act->u.message.from);
    if (!m->text.p)
        m->text = SLICE("");
    wanted = wants_out(w, act);
    if (wanted && !goes_out(w, &m->from, &out))
        return false;
    if (act->errand)
        m->delivery = out ? DELIVERY_SENDING : DELIVERY_NONE;
    if (m->from.role == ROLE_VISITOR) {
        c->visitor_at = m->at;
        if (!c->asked_at)
            c->asked_at = m->at;
    } else if (m->from.role == ROLE_AGENT) {
        c->staff_at = m->at;
        c->asked_at = 0;
        c->nagged = 0;
    }
    if (c->state == CONV_BOT && !plan_bot(w, m))
        return false;
    if (m->ref && !plan_parked(w, m->ref, m, false))
        return false;
    if (wanted && !out && !entry_add(w, "withheld", &m->from, "{\"why\":\"optout\"}"))
        return false;
    if (act->fetch && !plan_errand(w, &(struct errand){ .kind = ERRAND_FETCH }, m->seq))
        return false;
    if (act->by_mail && !w->opens && !reached_by_mail(w, &mail))
        return false;
    if (mail)
        return mark_mail(w, m) && plan_errand(w, &(struct errand){ .kind = ERRAND_SEND, .channel = *act->by_mail }, m->seq);
    return !out || plan_errand(w, &(struct errand){ .kind = ERRAND_SEND }, m->seq);
}

/* The stored message `seq` as this change leaves it. NULL: there is none (refused), or the database failed. */
static struct touched *touch(struct work *w, int64_t seq)
{
    struct touched *t;
    struct stmt *s;
    bool any;

    for (size_t i = 0; i < w->n_touched; i++)
        if (w->touched[i].now.seq == seq)
            return &w->touched[i];
    if (!more_room(w, (void **)&w->touched, w->n_touched, &w->cap_touched, sizeof(*w->touched)))
        return NULL;
    t = &w->touched[w->n_touched];
    s = stmt_begin(w->db, SQL_MESSAGE_GET);
    stmt_i64(s, w->row.n);
    stmt_i64(s, seq);
    any = stmt_row(s);
    if (any) {
        t->id = get_i64(s);
        row_message(s, w->arena, &t->was);
        t->now = t->was;
    }
    if (!ended(w, s))
        return NULL;
    if (!any) {
        (void)refuse(w, KF_ABSENT, "there is no message %" PRId64, seq);
        return NULL;
    }
    w->n_touched++;
    return t;
}

static bool edit_entry(struct work *w, const struct touched *t, bool removes)
{
    const char *kind = removes ? "removed" : "edited";
    const char *data;
    struct buf b;

    if (entry_brought(w, kind))
        return true;
    buf_init(&b, DATA_MAX);
    buf_char(&b, '{');
    json_i64(&b, "seq", t->now.seq);
    if (!removes)
        json_str(&b, "text", t->now.text);
    buf_char(&b, '}');
    data = text_of(w, &b);
    return data && entry_add(w, kind, &w->change->by, data);
}

/* A platform names its visitor otherwise than we do, and a conversation has but one. */
static bool said_by(const struct actor *from, const struct actor *by)
{
    return from->role == by->role && (by->role == ROLE_VISITOR || id_eq(&from->id, &by->id));
}

bool plan_edit(struct work *w, const struct act *act)
{
    bool removes = act->kind == ACT_REMOVE;
    int64_t seq = act->u.edit.seq;
    struct touched *t;

    if (!needs_conv(w) || (!seq && act->u.edit.ref && !seq_of_ref(w, act->u.edit.ref, &seq)))
        return false;
    t = touch(w, seq);
    if (!t)
        return false;
    if (t->now.kind == MESSAGE_REMOVED)
        return refuse(w, KF_ABSENT, "message %" PRId64 " was removed already", seq);
    if (act->u.edit.own && !said_by(&t->now.from, &w->change->by))
        return refuse(w, KF_DENIED, "message %" PRId64 " is somebody else's", seq);
    if (act->u.edit.within_ms && w->change->at - t->now.at > act->u.edit.within_ms)
        return refuse(w, KF_CONFLICT, "message %" PRId64 " is too old to be taken back", seq);
    if (!edit_entry(w, t, removes))
        return false;
    if (!removes) {
        t->now.text = slice_of(act->u.edit.text);
        return true;
    }
    t->now.kind = MESSAGE_REMOVED;
    t->now.text = SLICE("");
    t->now.extra = NULL;
    t->now.file = (struct kf_id){ { 0 } };
    return true;
}

bool plan_media(struct work *w, const struct act *act)
{
    struct touched *t = needs_conv(w) ? touch(w, act->u.media.seq) : NULL;

    if (!t)
        return false;
    if (t->now.kind == MESSAGE_REMOVED)
        return true; /* taken back meanwhile: nobody shall see it */
    t->now.kind = act->u.media.kind;
    t->now.text = act->u.media.text;
    t->now.file = act->u.media.file;
    t->now.extra = act->u.media.extra;
    return true;
}

static bool write_opt(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_CONTACT_OPT);

    stmt_i64(s, op->number);
    stmt_id(s, &w->row.conv.contact);
    return run(w, s);
}

bool plan_opt(struct work *w, const struct act *act)
{
    return needs_conv(w) && op_add(w, write_opt, act, NULL, act->u.out) &&
           entry_add(w, act->u.out ? "optout" : "optin", &w->change->by, "{}");
}

/* ---- delivery ----------------------------------------------------------------------------------------------------------------- */

static bool delivery_entry(struct work *w, const struct message *m)
{
    const char *data;
    struct buf b;

    buf_init(&b, DATA_MAX);
    buf_char(&b, '{');
    json_i64(&b, "seq", m->seq);
    json_str(&b, "state", slice_of(delivery_name(m->delivery)));
    if (m->reason)
        json_str(&b, "reason", slice_of(m->reason));
    buf_char(&b, '}');
    data = text_of(w, &b);
    return data && entry_add(w, "delivery", &w->change->by, data);
}

static bool write_ref(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_REF_ADD);

    stmt_i64(s, w->row.n);
    stmt_i64(s, op->number);
    stmt_str(s, op->what);
    return run(w, s);
}

/* The platform has a name for it, or one more: a further part of a long text, or the same sent again. */
static bool learn_ref(struct work *w, struct touched *t, const char *ref, bool parts_follow)
{
    if (t->now.ref && strcmp(t->now.ref, ref) == 0)
        return true;
    if (t->now.ref && !op_add(w, write_ref, ref, NULL, t->now.seq))
        return false;
    if (!t->now.ref)
        t->now.ref = ref;
    return plan_parked(w, ref, &t->now, parts_follow);
}

bool plan_delivery(struct work *w, int64_t seq, enum delivery to, const char *reason, const char *ref)
{
    struct touched *t = touch(w, seq);
    enum delivery was;

    if (!t)
        return false;
    was = t->now.delivery;
    if (delivery_may(was, to)) {
        t->now.delivery = to;
        t->now.reason = reason;
    }
    if (ref && *ref && !learn_ref(w, t, ref, to == DELIVERY_NONE))
        return false;
    return t->now.delivery == was || delivery_entry(w, &t->now);
}

static bool write_park(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    const struct opening *o = w->change->opening;
    struct stmt *s = stmt_begin(w->db, SQL_PARKED_ADD);

    stmt_str(s, w->change->site.s);
    stmt_str(s, w->has_conv ? w->row.conv.channel.s : o ? o->channel.s : w->change->channel.s);
    stmt_str(s, act->u.status.ref);
    stmt_i64(s, act->u.status.delivery);
    stmt_str(s, act->u.status.reason);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

/* To be sent again by hand: a message that has got through, or one of the visitor's, would reach the platform twice. */
static bool may_resend(struct work *w, int64_t seq)
{
    const struct touched *t = touch(w, seq);

    if (!t)
        return false;
    if (t->now.delivery != DELIVERY_FAILED && t->now.delivery != DELIVERY_UNCERTAIN)
        return refuse(w, KF_CONFLICT, "message %" PRId64 " has not failed: there is nothing to send again", seq);
    return true;
}

/* Does what is said of `ref` hold for the whole message? That one part has failed does; that one has arrived does where it is the last one. */
static bool speaks_for_all(struct work *w, int64_t seq, const struct act *act, bool *ret)
{
    struct stmt *s;

    *ret = true;
    if (act->u.status.delivery == DELIVERY_FAILED)
        return true;
    s = stmt_begin(w->db, SQL_REF_STATE);
    stmt_i64(s, w->row.n);
    stmt_i64(s, seq);
    if (stmt_row(s)) {
        const char *newest = get_text(s, w->arena);

        *ret = (!newest || strcmp(newest, act->u.status.ref) == 0) && !get_i64(s);
    }
    return ended(w, s);
}

bool plan_status(struct work *w, const struct act *act)
{
    int64_t seq = act->u.status.seq;
    bool all = true;

    if (!seq && !act->u.status.ref)
        return refuse(w, KF_INVALID, "a status of nothing");
    if (!seq && w->has_conv && !seq_of_ref(w, act->u.status.ref, &seq))
        return false;
    if (!seq)
        return op_add(w, write_park, act, NULL, 0);
    if (!act->u.status.seq && !speaks_for_all(w, seq, act, &all))
        return false;
    if (!all)
        return true;
    if (!needs_conv(w) || (act->u.status.again && !may_resend(w, seq)))
        return false;
    return plan_delivery(w, seq, act->u.status.delivery, act->u.status.reason, NULL);
}

static bool write_one_touched(struct work *w, const struct touched *t)
{
    const struct message *m = &t->now;
    struct stmt *s = stmt_begin(w->db, SQL_MESSAGE_SAVE);

    stmt_i64(s, m->kind);
    stmt_text(s, m->text.n ? m->text : (struct slice){ NULL, 0 });
    stmt_str(s, m->extra);
    stmt_id(s, &m->file);
    stmt_str(s, m->ref);
    stmt_i64_or_null(s, m->delivery);
    stmt_str(s, m->reason);
    stmt_i64(s, t->id);
    if (!run(w, s))
        return false;
    if (m->kind == t->was.kind && slice_eq(m->text, t->was.text))
        return true;
    w->batch->indexable = true;
    s = stmt_begin(w->db, SQL_UNINDEX_ADD);
    stmt_i64(s, t->id);
    stmt_text(s, t->was.text);
    return run(w, s);
}

bool write_touched(struct work *w)
{
    struct news *n = w->news;
    struct message *changed = arena_array(w->arena, w->n_touched, sizeof(*changed));
    struct status_news *statuses = arena_array(w->arena, w->n_touched, sizeof(*statuses));

    if (!changed || !statuses)
        return stored(w, KF_NOMEM, &(struct kf_err){ .rc = KF_NOMEM, .text = "out of memory" });
    for (size_t i = 0; i < w->n_touched; i++) {
        const struct touched *t = &w->touched[i];

        if (!write_one_touched(w, t))
            return false;
        if (t->now.kind != t->was.kind || !slice_eq(t->now.text, t->was.text) || !id_eq(&t->now.file, &t->was.file) ||
            strcmp(t->now.extra ? t->now.extra : "", t->was.extra ? t->was.extra : "") != 0)
            changed[n->n_changed++] = t->now;
        if (t->now.delivery != t->was.delivery)
            statuses[n->n_statuses++] = (struct status_news){ t->now.seq, t->now.delivery, t->now.reason, w->change->at };
    }
    n->changed = changed;
    n->statuses = statuses;
    return true;
}

/* ---- timeline, rules, rating, reading ------------------------------------------------------------------------------------------ */

bool plan_entry(struct work *w, const struct act *act)
{
    const struct entry *e = &act->u.entry;
    int64_t seq = 0;

    if (!needs_conv(w) || (e->ref && !seq_of_ref(w, e->ref, &seq)) || !entry_add(w, e->kind, &e->by, e->data))
        return false;
    if (seq)
        w->entries[w->n_entries - 1].after_seq = seq;
    return true;
}

static bool write_firing(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_FIRING_ADD);

    stmt_i64(s, w->row.n);
    stmt_str(s, op->what);
    stmt_str(s, op->more);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_firing_contact(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_FIRING_CONTACT_ADD);

    stmt_id(s, &w->row.conv.contact);
    stmt_str(s, op->what);
    stmt_str(s, op->more);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool plan_firing(struct work *w, const char *rule, const char *cause, bool wide)
{
    struct stmt *s = stmt_begin(w->db, wide ? SQL_FIRING_CONTACT_FIND : SQL_FIRING_FIND);
    bool any;

    if (wide)
        stmt_id(s, &w->row.conv.contact);
    else
        stmt_i64(s, w->row.n);
    stmt_str(s, rule);
    stmt_str(s, cause);
    any = stmt_row(s);
    if (!ended(w, s))
        return false;
    if (any)
        return refuse(w, KF_CONFLICT, "rule %s has fired for this already", rule);
    return op_add(w, wide ? write_firing_contact : write_firing, rule, cause, 0);
}

bool plan_ruled(struct work *w, const struct act *act)
{
    const struct act_ruled *r = &act->u.ruled;
    struct conv *c = &w->row.conv;
    int64_t moved;

    if (!needs_conv(w))
        return false;
    if (c->ruled_seq != r->from_seq)
        return refuse(w, KF_CONFLICT, "the rules have looked up to %" PRId64 " already", c->ruled_seq);
    for (size_t i = 0; i < r->n_firings; i++)
        if (!plan_firing(w, r->firing[i].rule.s, r->firing[i].cause ? r->firing[i].cause : "", r->firing[i].wide))
            return false;
    w->said = true;
    moved = c->rule_due_at != r->seen_due_at ? c->rule_due_at : 0;
    c->rule_due_at = r->rule_due_at;
    if (moved)
        wake_rules(c, moved);
    if (r->to_seq >= 0 && r->to_seq < c->heard_seq)
        c->ruled_seq = r->to_seq; /* somebody spoke meanwhile: that still has to be looked at */
    else if (r->again)
        c->ruled_seq = c->seq;
    else
        w->ruled_all = true;
    return true;
}

bool plan_rate(struct work *w, const struct act *act)
{
    const char *data;
    struct buf b;

    if (!needs_conv(w))
        return false;
    w->row.conv.rating = act->u.rate.score;
    wake_rules(&w->row.conv, w->change->at);
    w->full = true;
    if (entry_brought(w, "rated"))
        return true;
    buf_init(&b, DATA_MAX);
    buf_char(&b, '{');
    json_i64(&b, "score", act->u.rate.score);
    if (act->u.rate.tags && *act->u.rate.tags && strlen(act->u.rate.tags) <= TAGS_MAX) {
        buf_str(&b, ",\"tags\":");
        buf_str(&b, act->u.rate.tags);
    }
    if (act->u.rate.comment && *act->u.rate.comment)
        json_str(&b, "comment", slice_of(act->u.rate.comment));
    buf_char(&b, '}');
    data = text_of(w, &b);
    return data && entry_add(w, "rated", &w->change->by, data);
}

static bool write_tag(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, op->number ? SQL_TAG_DROP : SQL_TAG_ADD);

    stmt_i64(s, w->row.n);
    stmt_str(s, op->what);
    if (!op->number)
        stmt_i64(s, w->change->at);
    return run(w, s);
}

/* Articles that are there no more count on: their numbers come back with them. */
bool write_article(struct work *w, const struct op *op)
{
    const struct act *act = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_ARTICLE_COUNT);

    stmt_str(s, w->change->site.s);
    stmt_str(s, act->u.article.key.s);
    stmt_i64(s, act->u.article.suggested);
    stmt_i64(s, act->u.article.shown);
    stmt_i64(s, act->u.article.helped);
    stmt_i64(s, act->u.article.not_helped);
    return run(w, s);
}

bool plan_tag(struct work *w, const struct act *act)
{
    const char *data;
    struct buf b;

    if (!needs_conv(w))
        return false;
    buf_init(&b, DATA_MAX);
    buf_char(&b, '{');
    json_str(&b, "tag", slice_of(act->u.tag.text));
    if (act->u.tag.off)
        buf_str(&b, ",\"off\":true");
    buf_char(&b, '}');
    data = text_of(w, &b);
    return data && entry_add(w, "tagged", &w->change->by, data) && op_add(w, write_tag, act->u.tag.text, NULL, act->u.tag.off);
}

bool plan_invite(struct work *w)
{
    if (!needs_conv(w))
        return false;
    if (w->row.conv.invited)
        return refuse(w, KF_CONFLICT, "the visitor has been asked to rate already");
    w->row.conv.invited = true;
    w->full = true;
    return true;
}

bool plan_read(struct work *w, const struct act *act)
{
    struct conv *c = &w->row.conv;
    int64_t *mark = w->change->by.role == ROLE_VISITOR ? &c->visitor_read : &c->staff_read;
    int64_t seq = act->u.seq < c->seq ? act->u.seq : c->seq;

    if (!needs_conv(w))
        return false;
    if (seq > *mark) {
        *mark = seq;
        w->said = true;
    }
    return true;
}
