/* The acts on a conversation and its messages. */
#include "core/buf.h"
#include "core/reach.h"
#include "store/apply.h"

#include <inttypes.h>

#define DATA_MAX (512 * 1024) /* the longest text of a channel, with each character escaped */
#define TAGS_MAX 4096
/* `extra` of a message whose newer words came before it. */
#define CAME_FIRST "{\"edited\":true}"

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
    w->full |= was.wrapup_until != now->wrapup_until; /* any of them may end it */
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

/* `was`: its words until now; NULL: it was taken back. */
static bool edit_entry(struct work *w, int64_t seq, const struct slice *was)
{
    const char *kind = was ? "edited" : "removed";
    const char *data;
    struct buf b;

    if (entry_brought(w, kind))
        return true;
    buf_init(&b, DATA_MAX);
    buf_char(&b, '{');
    json_i64(&b, "seq", seq);
    if (was)
        json_str(&b, "text", *was);
    buf_char(&b, '}');
    data = text_of(w, &b);
    return data && entry_add(w, kind, &w->change->by, data);
}

/* Its newer words came first, and were said in its place (plan_unseen): what it said before them goes where the old words of an edited
 * message go. */
static bool plan_overtaken(struct work *w, const struct message *m, bool *ret)
{
    const struct touched *t;
    int64_t seq = 0;

    *ret = false;
    if (!m->ref || m->from.role != ROLE_VISITOR || m->kind != MESSAGE_TEXT || w->opens || w->reopens)
        return true;
    if (!seq_of_ref(w, m->ref, &seq) || (seq && !(t = touch(w, seq))))
        return false;
    if (!seq || !t->now.extra || strcmp(t->now.extra, CAME_FIRST) != 0)
        return true;
    *ret = true;
    return edit_entry(w, seq, &m->text);
}

static void spoke(struct conv *c, const struct message *m)
{
    if (m->from.role == ROLE_VISITOR) {
        c->visitor_at = m->at;
        if (!c->asked_at)
            c->asked_at = m->at;
    } else if (m->from.role == ROLE_AGENT) {
        c->staff_at = m->at;
        c->asked_at = 0;
        c->nagged = 0;
    }
}

bool plan_message(struct work *w, const struct act *act)
{
    struct conv *c = &w->row.conv;
    struct message *m;
    bool wanted, out = false, mail = false, overtaken;

    if (!needs_conv(w) || !more_room(w, (void **)&w->messages, w->n_messages, &w->cap_messages, sizeof(*w->messages)))
        return false;
    if (act->echo && act->u.message.ref) {
        int64_t known = 0;

        if (!seq_of_ref(w, act->u.message.ref, &known))
            return false;
        if (known)
            return true;
    }
    if (!plan_overtaken(w, &act->u.message, &overtaken) || overtaken)
        return overtaken;
    if (act->u.message.reply_to > c->seq && !w->opens)
        return refuse(w, KF_INVALID, "reply_to: there is no message %" PRId64 " in this conversation", act->u.message.reply_to);
    w->said = true;
    m = &w->messages[w->n_messages++];
    *m = act->u.message;
    if (act->answers && !w->opens && !seq_of_ref(w, act->answers, &m->reply_to))
        return false;
    if ((w->opens || w->reopens) && m->ref && w->n_messages == 1 && !plan_followed(w, &m->from))
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
    spoke(c, m);
    if (m->ref && !plan_parked(w, m->ref, m, false))
        return false;
    if (m->kind == MESSAGE_REMOVED) /* it was taken back before it came: nobody has to do anything about it */
        return edit_entry(w, m->seq, NULL);
    if (c->state == CONV_BOT && (!act->aside || w->opens || w->reopens) && !plan_bot(w, m))
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
struct touched *touch(struct work *w, int64_t seq)
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

/* A platform names its visitor otherwise than we do, and a conversation has but one. */
static bool said_by(const struct actor *from, const struct actor *by)
{
    return from->role == by->role && (by->role == ROLE_VISITOR || id_eq(&from->id, &by->id));
}

/* The new words of a message that never came, or comes later: they are said all the same, and nobody should miss them. */
static bool plan_unseen(struct work *w, const struct act *act)
{
    struct act *said = ARENA_NEW(w->arena, struct act);

    if (!said)
        return refuse(w, KF_NOMEM, "out of memory");
    said->kind = ACT_MESSAGE;
    said->u.message.kind = MESSAGE_TEXT;
    said->u.message.from = w->change->by;
    said->u.message.text = slice_of(act->u.edit.text);
    said->u.message.ref = act->u.edit.ref;
    said->u.message.extra = CAME_FIRST;
    said->u.message.edited_ms = act->u.edit.edited_ms;
    return plan_message(w, said);
}

/* Or what was sent without words has not come yet, and its text is ours. */
static bool says_nothing_new(const struct message *now, const char *text)
{
    return !text || slice_is(now->text, text) || (!*text && id_is_zero(&now->file));
}

/* Platforms repeat what got lost, and then it comes late: these words were written before those that are there. */
static bool overtaken(struct touched *t, const struct act *act)
{
    int64_t at = act->u.edit.text ? act->u.edit.edited_ms : 0;

    if (at && at < t->now.edited_ms)
        return true;
    t->now.edited_ms = at ? at : t->now.edited_ms;
    return false;
}

bool plan_edit(struct work *w, const struct act *act)
{
    bool removes = act->kind == ACT_REMOVE;
    int64_t seq = act->u.edit.seq;
    struct touched *t;

    if (w->has_conv && !seq && act->u.edit.ref && !seq_of_ref(w, act->u.edit.ref, &seq))
        return false;
    if (removes && !seq && act->u.edit.ref && act->u.edit.own)
        return plan_recall_early(w, act->u.edit.ref);
    if (!needs_conv(w))
        return false;
    if (!seq && act->u.edit.ref && act->u.edit.own && !removes && act->u.edit.text && *act->u.edit.text && w->row.conv.state != CONV_CLOSED)
        return plan_unseen(w, act);
    t = touch(w, seq);
    if (!t)
        return false;
    if (t->now.kind == MESSAGE_REMOVED)
        return refuse(w, KF_ABSENT, "message %" PRId64 " was removed already", seq);
    if (act->u.edit.own && !said_by(&t->now.from, &w->change->by))
        return refuse(w, KF_DENIED, "message %" PRId64 " is somebody else's", seq);
    if (act->u.edit.within_ms && w->change->at - t->now.at > act->u.edit.within_ms)
        return refuse(w, KF_CONFLICT, "message %" PRId64 " is too old to be taken back", seq);
    if (!removes && overtaken(t, act))
        return edit_entry(w, seq, &(struct slice){ act->u.edit.text, strlen(act->u.edit.text) });
    if (!removes && says_nothing_new(&t->now, act->u.edit.text))
        return true;
    if (!edit_entry(w, seq, removes ? NULL : &t->now.text))
        return false;
    if (!removes) {
        t->now.text = slice_of(act->u.edit.text);
        return true;
    }
    message_remove(&t->now);
    return t->now.delivery != DELIVERY_SENDING || plan_unsent(w, seq);
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
    stmt_i64(s, m->typed_ms);
    stmt_i64(s, m->edited_ms);
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

/* ---- timeline, rating, reading ------------------------------------------------------------------------------------------------ */

/* By what somebody comes is about the talk that follows: where none is open, it waits for that one. */
static bool comes_early(const struct work *w, const struct entry *e)
{
    return w->change->opening && (!w->has_conv || w->row.conv.state == CONV_CLOSED) && strcmp(e->kind, "follow") == 0;
}

bool plan_entry(struct work *w, const struct act *act)
{
    const struct entry *e = &act->u.entry;
    int64_t seq = e->after_seq;

    if (comes_early(w, e))
        return plan_follow_early(w, e);
    if (!needs_conv(w) || (e->ref && !seq_of_ref(w, e->ref, &seq)) || !entry_add(w, e->kind, &e->by, e->data))
        return false;
    if (seq)
        w->entries[w->n_entries - 1].after_seq = seq;
    return true;
}

bool plan_rate(struct work *w, const struct act *act)
{
    const char *data;
    struct buf b;

    if (!needs_conv(w))
        return false;
    if (!conv_was_served(&w->row.conv))
        return refuse(w, KF_CONFLICT, "nobody has served this conversation: there is nothing to rate");
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
