#include "store/row.h"

static int get_int(struct stmt *s)
{
    return (int)get_i64(s);
}

static void get_actor(struct stmt *s, struct arena *a, struct actor *ret)
{
    ret->role = (enum role)get_int(s);
    get_id(s, &ret->id);
    ret->name = get_str(s, a);
    ret->number = get_text(s, a);
}

void row_conv(struct stmt *s, struct arena *a, struct conv_row *ret)
{
    struct conv *c = &ret->conv;

    ret->n = get_i64(s);
    ret->entries = get_i64(s);
    get_id(s, &c->id);
    get_key(s, &c->site);
    get_key(s, &c->channel);
    get_key(s, &c->queue);
    get_id(s, &c->contact);
    get_id(s, &c->customer);
    get_id(s, &c->previous);
    c->peer = get_str(s, a);
    c->locale = get_str(s, a);
    c->state = (enum conv_state)get_int(s);
    c->seq = get_i64(s);
    c->epoch = get_i64(s);
    get_id(s, &c->owner);
    get_id(s, &c->last_agent);
    c->until = get_i64(s);
    c->priority = get_int(s);
    c->opened_at = get_i64(s);
    c->arrived_at = get_i64(s);
    c->served_at = get_i64(s);
    c->closed_at = get_i64(s);
    c->wrapup_until = get_i64(s);
    c->visitor_at = get_i64(s);
    c->staff_at = get_i64(s);
    c->visitor_read = get_i64(s);
    c->staff_read = get_i64(s);
    c->ruled_seq = get_i64(s);
    c->heard_seq = get_i64(s);
    c->rule_due_at = get_i64(s);
    c->rating = get_int(s);
    c->invited = get_int(s) != 0;
    c->reopened = get_i64(s);
    c->weight = get_int(s);
    get_id(s, &c->back);
    get_id(s, &c->helper);
    c->queued_at = get_i64(s);
    c->asked_at = get_i64(s);
    c->nagged = get_int(s);
    get_key(s, &c->bot);
    c->overflowed = get_int(s) != 0;
}

void row_conv_shown(struct stmt *s, struct arena *a, struct conv_row *ret)
{
    row_conv(s, a, ret);
    ret->conv.visitor_name = get_str(s, a);
}

void row_message(struct stmt *s, struct arena *a, struct message *ret)
{
    ret->seq = get_i64(s);
    ret->at = get_i64(s);
    get_actor(s, a, &ret->from);
    ret->kind = (enum message_kind)get_int(s);
    ret->text = get_copy(s, a);
    if (!ret->text.p)
        ret->text = SLICE("");
    ret->lang = get_text(s, a);
    ret->event = get_text(s, a);
    get_id(s, &ret->file);
    ret->extra = get_text(s, a);
    ret->reply_to = get_i64(s);
    ret->cid = get_text(s, a);
    ret->ref = get_text(s, a);
    ret->delivery = (enum delivery)get_int(s);
    ret->reason = get_text(s, a);
    ret->typed_ms = get_i64(s);
    ret->edited_ms = get_i64(s);
}

void row_entry(struct stmt *s, struct arena *a, struct entry *ret)
{
    ret->id = get_i64(s);
    ret->after_seq = get_i64(s);
    ret->at = get_i64(s);
    ret->kind = get_str(s, a);
    get_actor(s, a, &ret->by);
    ret->data = get_str(s, a);
}

void row_person(struct stmt *s, struct arena *a, struct person *ret)
{
    get_id(s, &ret->id);
    ret->email = get_str(s, a);
    ret->name = get_str(s, a);
    ret->password = get_text(s, a);
    ret->disabled = get_int(s) != 0;
    ret->created_at = get_i64(s);
}

const char *keys_text(const struct kf_key *keys, size_t n, char *ret)
{
    char *p = ret;

    *p = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(keys[i].s);

        if (p != ret)
            *p++ = ' ';
        memcpy(p, keys[i].s, len + 1);
        p += len;
    }
    return ret;
}

const char *skills_text(const struct member *m, char *ret)
{
    char one[SKILL_TEXT];
    char *p = ret;

    *p = '\0';
    for (size_t i = 0; i < m->n_skills; i++) {
        size_t len = strlen(skill_text(&m->skills[i], m->levels[i], one));

        if (p != ret)
            *p++ = ' ';
        memcpy(p, one, len + 1);
        p += len;
    }
    return ret;
}

static void get_skills(struct stmt *s, struct member *ret)
{
    struct slice text = get_slice(s);
    size_t from = 0;

    ret->n_skills = 0;
    for (size_t i = 0; i <= text.n && ret->n_skills < MEMBER_SKILLS_MAX; i++) {
        if (i < text.n && text.p[i] != ' ')
            continue;
        if (skill_parse((struct slice){ text.p + from, i - from }, &ret->skills[ret->n_skills], &ret->levels[ret->n_skills]))
            ret->n_skills++;
        from = i + 1;
    }
}

static size_t get_keys(struct stmt *s, struct kf_key *keys, size_t max)
{
    struct slice text = get_slice(s);
    size_t n = 0, from = 0;

    for (size_t i = 0; i <= text.n && n < max; i++) {
        if (i < text.n && text.p[i] != ' ')
            continue;
        if (key_parse((struct slice){ text.p + from, i - from }, &keys[n]))
            n++;
        from = i + 1;
    }
    return n;
}

void row_member(struct stmt *s, struct arena *a, struct member *ret)
{
    get_id(s, &ret->person);
    get_key(s, &ret->site);
    ret->roles = (unsigned)get_i64(s);
    ret->name = get_str(s, a);
    ret->number = get_str(s, a);
    ret->capacity = get_int(s);
    ret->n_queues = get_keys(s, ret->queues, MEMBER_QUEUES_MAX);
    get_skills(s, ret);
    ret->disabled = get_int(s) != 0;
    ret->presence = (enum presence)get_int(s);
    ret->presence_reason = get_str(s, a);
    ret->presence_at = get_i64(s);
}

/* INT64_MAX is "never": no row of the index of due times. */
static void put_due(struct stmt *s, const struct conv *c)
{
    int64_t due = conv_due(c);

    if (due == INT64_MAX)
        stmt_str(s, NULL);
    else
        stmt_i64(s, due);
}

static void put_routing(struct stmt *s, const struct conv *c)
{
    stmt_i64(s, conv_weight(c));
    stmt_id(s, &c->back);
    stmt_id(s, &c->helper);
    stmt_i64(s, c->queued_at);
    stmt_i64(s, c->asked_at);
    stmt_i64(s, c->nagged);
    stmt_str(s, c->bot.s);
    stmt_i64(s, c->overflowed);
}

enum kf_rc conv_insert(struct db *db, struct conv_row *row, struct kf_err *why)
{
    const struct conv *c = &row->conv;
    struct stmt *s = stmt_begin(db, SQL_CONV_ADD);

    stmt_id(s, &c->id);
    stmt_str(s, c->site.s);
    stmt_str(s, c->channel.s);
    stmt_str(s, c->queue.s);
    stmt_id(s, &c->contact);
    stmt_id(s, &c->customer);
    stmt_id(s, &c->previous);
    stmt_str(s, c->peer);
    stmt_str(s, c->locale);
    stmt_i64(s, c->state);
    stmt_i64(s, c->seq);
    stmt_i64(s, c->epoch);
    stmt_id(s, &c->owner);
    stmt_id(s, &c->last_agent);
    stmt_i64(s, c->until);
    stmt_i64(s, c->priority);
    stmt_i64(s, c->opened_at);
    stmt_i64(s, c->arrived_at);
    stmt_i64(s, c->served_at);
    stmt_i64(s, c->closed_at);
    stmt_i64(s, c->wrapup_until);
    stmt_i64(s, c->visitor_at);
    stmt_i64(s, c->staff_at);
    stmt_i64(s, c->visitor_read);
    stmt_i64(s, c->staff_read);
    stmt_i64(s, c->ruled_seq);
    stmt_i64(s, c->heard_seq);
    stmt_i64(s, c->rule_due_at);
    stmt_i64(s, c->rating);
    stmt_i64(s, c->invited);
    stmt_i64(s, c->reopened);
    put_routing(s, c);
    stmt_i64(s, row->entries);
    stmt_i64(s, conv_effective(c));
    put_due(s, c);
    return stmt_run_key(s, &row->n, why);
}

enum kf_rc conv_save(struct db *db, const struct conv_row *row, struct kf_err *why)
{
    const struct conv *c = &row->conv;
    struct stmt *s = stmt_begin(db, SQL_CONV_SAVE);

    stmt_str(s, c->queue.s);
    stmt_id(s, &c->contact);
    stmt_id(s, &c->customer);
    stmt_str(s, c->locale);
    stmt_i64(s, c->state);
    stmt_i64(s, c->seq);
    stmt_i64(s, c->epoch);
    stmt_id(s, &c->owner);
    stmt_id(s, &c->last_agent);
    stmt_i64(s, c->until);
    stmt_i64(s, c->priority);
    stmt_i64(s, c->arrived_at);
    stmt_i64(s, c->served_at);
    stmt_i64(s, c->closed_at);
    stmt_i64(s, c->wrapup_until);
    stmt_i64(s, c->visitor_at);
    stmt_i64(s, c->staff_at);
    stmt_i64(s, c->visitor_read);
    stmt_i64(s, c->staff_read);
    stmt_i64(s, c->ruled_seq);
    stmt_i64(s, c->heard_seq);
    stmt_i64(s, c->rule_due_at);
    stmt_i64(s, c->rating);
    stmt_i64(s, c->invited);
    stmt_i64(s, c->reopened);
    put_routing(s, c);
    stmt_i64(s, row->entries);
    stmt_i64(s, conv_effective(c));
    put_due(s, c);
    stmt_i64(s, row->n);
    return stmt_run(s, 1, why);
}

enum kf_rc conv_save_said(struct db *db, const struct conv_row *row, bool due, struct kf_err *why)
{
    const struct conv *c = &row->conv;
    struct stmt *s = stmt_begin(db, due ? SQL_CONV_SAVE_DUE : SQL_CONV_SAVE_SAID);

    stmt_i64(s, c->seq);
    stmt_i64(s, row->entries);
    stmt_i64(s, c->visitor_at);
    stmt_i64(s, c->staff_at);
    stmt_i64(s, c->visitor_read);
    stmt_i64(s, c->staff_read);
    stmt_i64(s, c->ruled_seq);
    stmt_i64(s, c->heard_seq);
    stmt_id(s, &c->back);
    stmt_i64(s, c->asked_at);
    stmt_i64(s, c->nagged);
    if (due) {
        stmt_i64(s, c->rule_due_at);
        put_due(s, c);
    }
    stmt_i64(s, row->n);
    return stmt_run(s, 1, why);
}

static void put_actor(struct stmt *s, const struct actor *by)
{
    stmt_i64(s, by->role);
    stmt_id(s, &by->id);
    stmt_str(s, by->name && *by->name ? by->name : NULL);
    stmt_str(s, by->number);
}

enum kf_rc message_insert(struct db *db, int64_t conv, const struct message *m, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_MESSAGE_ADD);

    stmt_i64(s, conv);
    stmt_i64(s, m->seq);
    stmt_i64(s, m->at);
    put_actor(s, &m->from);
    stmt_i64(s, m->kind);
    stmt_text(s, m->text.n ? m->text : (struct slice){ NULL, 0 });
    stmt_str(s, m->lang);
    stmt_str(s, m->event);
    stmt_id(s, &m->file);
    stmt_str(s, m->extra);
    stmt_i64_or_null(s, m->reply_to);
    stmt_str(s, m->cid);
    stmt_str(s, m->ref);
    stmt_i64_or_null(s, m->delivery);
    stmt_str(s, m->reason);
    stmt_i64(s, m->typed_ms);
    stmt_i64(s, m->edited_ms);
    return stmt_run(s, 1, why);
}

enum kf_rc entry_insert(struct db *db, int64_t conv, const struct entry *e, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_ENTRY_ADD);

    stmt_i64(s, conv);
    stmt_i64(s, e->id);
    stmt_i64(s, e->after_seq);
    stmt_i64(s, e->at);
    stmt_str(s, e->kind);
    put_actor(s, &e->by);
    stmt_str(s, e->data);
    return stmt_run(s, 1, why);
}
