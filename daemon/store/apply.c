#include "store/apply.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- what the acts use ---------------------------------------------------------------------------------------------------- */

bool refuse(struct work *w, enum kf_rc rc, const char *fmt, ...)
{
    va_list ap;

    w->rc = rc;
    w->job->why.rc = rc;
    va_start(ap, fmt);
    (void)vsnprintf(w->job->why.text, sizeof(w->job->why.text), fmt, ap);
    va_end(ap);
    return false;
}

bool batch_lost(struct batch *b, enum kf_rc rc, const struct kf_err *why)
{
    b->hard = rc;
    b->why = *why;
    return false;
}

bool stored(struct work *w, enum kf_rc rc, const struct kf_err *why)
{
    return rc ? batch_lost(w->batch, rc, why) : true;
}

bool ended(struct work *w, struct stmt *s)
{
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc = stmt_end(s, &why);

    return stored(w, rc, &why);
}

bool run(struct work *w, struct stmt *s)
{
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc = stmt_run(s, -1, &why);

    return stored(w, rc, &why);
}

bool more_room(struct work *w, void **array, size_t n, size_t *cap, size_t size)
{
    size_t more = *cap ? 2 * *cap : 4;
    void *p;

    if (n < *cap)
        return true;
    p = arena_array(w->arena, more, size);
    if (!p)
        return refuse(w, KF_NOMEM, "out of memory");
    if (n)
        memcpy(p, *array, n * size);
    *array = p;
    *cap = more;
    return true;
}

bool op_add(struct work *w, bool (*write)(struct work *, const struct op *), const void *what, const void *more, int64_t number)
{
    if (!more_room(w, (void **)&w->ops, w->n_ops, &w->cap_ops, sizeof(*w->ops)))
        return false;
    w->ops[w->n_ops++] = (struct op){ write, what, more, number };
    return true;
}

const char *text_of(struct work *w, struct buf *b)
{
    const char *ret = buf_ok(b) ? arena_text(w->arena, buf_slice(b)) : NULL;

    buf_finish(b);
    if (!ret)
        (void)refuse(w, KF_NOMEM, "out of memory");
    return ret;
}

/* An actor who was not filled in is the one who makes the change. */
struct actor actor_of(const struct work *w, const struct actor *given)
{
    struct actor ret = given->name || !id_is_zero(&given->id) ? *given : w->change->by;

    if (ret.role == ROLE_VISITOR && !id_is_zero(&w->contact))
        ret.id = w->contact;
    if (!ret.name)
        ret.name = "";
    return ret;
}

bool entry_add(struct work *w, const char *kind, const struct actor *by, const char *data)
{
    struct entry *e;

    if (!more_room(w, (void **)&w->entries, w->n_entries, &w->cap_entries, sizeof(*w->entries)))
        return false;
    w->said = true;
    e = &w->entries[w->n_entries++];
    *e = (struct entry){
        .id = ++w->row.entries,
        .after_seq = w->row.conv.seq,
        .at = w->change->at,
        .kind = kind,
        .by = actor_of(w, by),
        .data = data && *data ? data : "{}",
    };
    return true;
}

bool entry_brought(const struct work *w, const char *kind)
{
    for (size_t i = 0; i < w->change->n_acts; i++)
        if (w->change->acts[i].kind == ACT_ENTRY && strcmp(w->change->acts[i].u.entry.kind, kind) == 0)
            return true;
    return false;
}

bool needs_conv(struct work *w)
{
    return w->has_conv ? true : refuse(w, KF_ABSENT, "there is no such conversation");
}

struct kf_id id_new(int64_t now_ms)
{
    uint8_t chance[10] = { 0 };

    (void)RAND_bytes(chance, sizeof(chance)); /* fails only before the generator was ever seeded; unique columns guard us then */
    return id_make(now_ms, chance);
}

/* ---- the plan -------------------------------------------------------------------------------------------------------------------- */

/* True: go on. A key that was claimed before ends the plan, as a duplicate or as a conflict. */
static bool plan_claim(struct work *w)
{
    struct job *j = w->job;
    struct stmt *s;
    bool claimed;
    int64_t print = 0;

    if (!j->keyed)
        return true;
    s = stmt_begin(w->db, SQL_CLAIM_FIND);
    stmt_bytes(s, (struct slice){ (const char *)j->key, sizeof(j->key) });
    claimed = stmt_row(s);
    if (claimed) {
        print = get_i64(s);
        w->news->first_seq = get_i64(s);
        w->news->first_at = get_i64(s);
        get_id(s, &w->news->conv.id);
    }
    if (!ended(w, s) || !claimed)
        return w->batch->hard == KF_OK;
    if (print && j->print && print != j->print && w->change->first_wins)
        w->news->differs = w->change->key;
    else if (print && j->print && print != j->print)
        return refuse(w, KF_CONFLICT, "this cid was used before for something else: a new act needs a new one");
    w->news->duplicate = true;
    return false;
}

static bool plan_lease_guard(struct work *w)
{
    const struct change *c = w->change;
    struct kf_id node = { { 0 } };
    int64_t epoch = 0;
    struct stmt *s;

    if (!c->lease_epoch)
        return true;
    s = stmt_begin(w->db, SQL_LEASE_GET);
    stmt_i64(s, c->lease_shard);
    if (stmt_row(s)) {
        get_id(s, &node);
        epoch = get_i64(s);
    }
    if (!ended(w, s))
        return false;
    if (epoch != c->lease_epoch || !id_eq(&node, &c->lease_node))
        return refuse(w, KF_CONFLICT, "the lease of shard %d is not ours any more", c->lease_shard);
    return true;
}

static void use_slot(struct work *w, struct slot *slot)
{
    w->slot = slot;
    w->row = slot->row;
    w->has_conv = true;
}

static bool own_step(const struct change *c, enum conv_event_kind kind)
{
    for (size_t i = 0; i < c->n_acts; i++)
        if (c->acts[i].kind == ACT_STEP && c->acts[i].u.step.kind == kind)
            return true;
    return false;
}

static void new_conv(struct work *w, const struct slot *before)
{
    const struct opening *o = w->change->opening;
    int64_t at = w->change->at;

    w->opens = true;
    w->has_conv = true;
    w->row = (struct conv_row){ .conv = {
                                    .id = id_is_zero(&o->new_conv) ? id_new(at) : o->new_conv,
                                    .site = w->change->site,
                                    .channel = o->channel,
                                    .queue = o->queue,
                                    .contact = w->contact,
                                    .customer = w->customer,
                                    .peer = o->peer,
                                    .locale = o->locale ? o->locale : "",
                                    .state = o->state,
                                    .bot = o->bot,
                                    .epoch = 1,
                                    .priority = o->priority,
                                    .opened_at = at,
                                    .arrived_at = at,
                                    .queued_at = at,
                                    .weight = o->weight,
                                } };
    if (before)
        w->row.conv.previous = before->row.conv.id;
}

/* The one who writes: found by address, or made. In a talk of two the contact is known from the conversation. */
static bool plan_contact(struct work *w, const struct slot *known)
{
    const struct opening *o = w->change->opening;
    bool verified = false;
    struct stmt *s;

    if (!o->address || !*o->address)
        return true;
    if (known && !id_is_zero(&known->row.conv.contact) && strcmp(o->address, o->peer) == 0) {
        w->contact = known->row.conv.contact;
        w->customer = known->row.conv.customer;
        return true;
    }
    s = stmt_begin(w->db, SQL_CONTACT_FIND);
    stmt_str(s, o->channel.s);
    stmt_str(s, o->address);
    stmt_str(s, w->change->site.s);
    if (stmt_row(s)) {
        get_id(s, &w->contact);
        get_id(s, &w->customer);
        verified = get_i64(s) != 0;
        w->contact_verify = o->verified && !verified;
    } else
        w->contact_new = true;
    if (!ended(w, s))
        return false;
    if (w->contact_new) {
        w->contact = id_is_zero(&o->new_contact) ? id_new(w->change->at) : o->new_contact;
        w->customer = id_is_zero(&o->new_customer) ? id_new(w->change->at) : o->new_customer;
    }
    return true;
}

/* New words of the visitor for a message that has never come: nobody has read them. `newest` may be NULL. */
static bool brings_unseen(struct work *w, struct slot *newest, bool *ret)
{
    const struct change *c = w->change;
    const struct act *a = c->n_acts ? &c->acts[0] : NULL;
    int64_t seq = 0;

    *ret = a && a->kind == ACT_EDIT && a->u.edit.own && a->u.edit.ref && a->u.edit.text && *a->u.edit.text;
    if (!*ret || !newest)
        return true;
    w->row = newest->row; /* what came in this batch was not there when the change was looked at */
    *ret = seq_of_ref(w, a->u.edit.ref, &seq) && !seq;
    return w->batch->hard == KF_OK;
}

static bool plan_opening(struct work *w)
{
    const struct change *c = w->change;
    const struct opening *o = c->opening;
    struct place *p = w->job->place;
    struct slot *newest;
    bool open, unseen = false;

    if (!place_look(w->batch, p))
        return false;
    newest = p->newest;
    open = newest && conv_is_open(&newest->row.conv);
    if (!says_something(c) && !open && !brings_unseen(w, newest, &unseen))
        return false;
    if (!says_something(c) && !unseen) {
        if (newest)
            use_slot(w, newest);
        return true; /* an act that needs a conversation says so */
    }
    if (!plan_contact(w, open ? newest : NULL))
        return false;
    if (!open && !(newest && c->at - newest->row.conv.closed_at < o->reopen_ms)) {
        new_conv(w, newest);
        return entry_brought(w, "opened") || entry_add(w, "opened", &c->by, o->opened);
    }
    use_slot(w, newest);
    if (id_is_zero(&w->row.conv.contact)) {
        w->row.conv.contact = w->contact;
        w->row.conv.customer = w->customer;
        w->full = true;
    }
    if (open && (c->by.role != ROLE_VISITOR || own_step(c, CONV_VISITOR_SAYS)))
        return true;
    return plan_step(w, &(struct conv_event){ .kind = CONV_VISITOR_SAYS, .epoch = -1 }) &&
           (!w->reopens || !o->page || entry_add(w, "page", &c->by, o->page));
}

static bool plan_target(struct work *w)
{
    const struct change *c = w->change;

    if (w->job->slot)
        use_slot(w, w->job->slot);
    else if (!id_is_zero(&c->conv))
        return refuse(w, KF_ABSENT, "there is no such conversation");
    else if (c->opening && !plan_opening(w))
        return false;
    if (w->has_conv && *c->site.s && !key_eq(&c->site, &w->row.conv.site))
        return refuse(w, KF_ABSENT, "there is no such conversation"); /* it is another site's */
    if (*c->channel.s && w->has_conv && !key_eq(&c->channel, &w->row.conv.channel))
        return refuse(w, KF_ABSENT, "there is no such conversation"); /* it is another channel's */
    if (c->epoch != -1 && w->has_conv && w->slot && c->epoch != w->slot->row.conv.epoch)
        return refuse(w, KF_CONFLICT, "somebody was faster: the conversation has changed hands");
    return true;
}

static bool plan_move(struct work *w, const struct act *a)
{
    return needs_conv(w) && plan_step(w, &a->u.step);
}

static bool plan_invited(struct work *w, const struct act *a)
{
    (void)a;
    return plan_invite(w);
}

static bool plan_priority(struct work *w, const struct act *a)
{
    w->row.conv.priority = a->u.number;
    w->full = true;
    return needs_conv(w);
}

static bool plan_article(struct work *w, const struct act *a)
{
    return op_add(w, write_article, a, NULL, 0);
}

static bool plan_sent(struct work *w, const struct act *a)
{
    return plan_errand(w, &a->u.errand, a->u.errand.seq);
}

static bool plan_back(struct work *w, const struct act *a)
{
    return plan_channel_back(w, &a->u.gone.channel);
}

static bool (*const plans[])(struct work *w, const struct act *a) = {
    [ACT_STEP] = plan_move,
    [ACT_MESSAGE] = plan_message,
    [ACT_ENTRY] = plan_entry,
    [ACT_RULED] = plan_ruled,
    [ACT_RATE] = plan_rate,
    [ACT_INVITE] = plan_invited,
    [ACT_READ] = plan_read,
    [ACT_EDIT] = plan_edit,
    [ACT_REMOVE] = plan_edit,
    [ACT_MEDIA] = plan_media,
    [ACT_OPT] = plan_opt,
    [ACT_RAW] = plan_raw,
    [ACT_STATUS] = plan_status,
    [ACT_HANDLE] = plan_handle,
    [ACT_PRIORITY] = plan_priority,
    [ACT_TAG] = plan_tag,
    [ACT_ARTICLE] = plan_article,
    [ACT_ERRAND] = plan_sent,
    [ACT_ERRAND_CLAIM] = plan_errand_claim,
    [ACT_ERRAND_SETTLE] = plan_errand_settle,
    [ACT_ERRAND_DROP] = plan_errand_drop,
    [ACT_RENAME] = plan_rename,
    [ACT_PROFILE] = plan_profile,
    [ACT_PRESENCE] = plan_presence,
    [ACT_PERSON] = plan_person,
    [ACT_MEMBER] = plan_member,
    [ACT_NOT_LAST] = plan_not_last,
    [ACT_SESSION] = plan_session,
    [ACT_SESSION_TOUCH] = plan_session,
    [ACT_SESSION_END] = plan_session,
    [ACT_LOGIN] = plan_login,
    [ACT_KEY] = plan_key,
    [ACT_KEY_TOUCH] = plan_key,
    [ACT_KEY_END] = plan_key,
    [ACT_TOTP] = plan_totp,
    [ACT_TOTP_CONFIRM] = plan_totp,
    [ACT_TOTP_USE] = plan_totp,
    [ACT_TOTP_END] = plan_totp,
    [ACT_DOCUMENT] = plan_document,
    [ACT_FILE] = plan_file,
    [ACT_AUDIT] = plan_audit,
    [ACT_HOLD] = plan_hold,
    [ACT_HOLD_LIFT] = plan_hold,
    [ACT_ERASE] = plan_erase,
    [ACT_SAMPLE] = plan_sample,
    [ACT_SAMPLE_CLOSE] = plan_sample_close,
    [ACT_HANDOVER] = plan_handover,
    [ACT_REVIEW] = plan_review,
    [ACT_CHECKED] = plan_checked,
    [ACT_FINDING] = plan_finding,
    [ACT_COMMENT] = plan_comment,
    [ACT_REVEAL] = plan_reveal,
    [ACT_SEEN] = plan_seen,
    [ACT_SAVED] = plan_saved,
    [ACT_SAVED_DROP] = plan_saved,
    [ACT_EXAMPLE] = plan_example,
    [ACT_COACHING] = plan_coaching,
    [ACT_LEASE] = plan_lease,
    [ACT_CHANNEL_STATE] = plan_blob,
    [ACT_CHANNEL_GONE] = plan_channel_gone,
    [ACT_CHANNEL_BACK] = plan_back,
};

static bool plan_act(struct work *w, const struct act *a)
{
    size_t kind = a->kind;

    if (kind >= sizeof(plans) / sizeof(plans[0]) || !plans[kind])
        return refuse(w, KF_UNSUPPORTED, "act %d", (int)kind);
    return plans[kind](w, a);
}

/* With another priority who waits has another place in line, and what was read of the old one is old. The epoch says so: of two words that
 * cross on their way to the live layer the newer one holds, and a match that is on its way begins anew. After all acts, which were decided
 * on the epoch that they found. */
static void plan_place(struct work *w)
{
    const struct conv *was = w->slot ? &w->slot->row.conv : NULL;
    struct conv *is = &w->row.conv;

    if (was && was->state == CONV_WAITING && is->state == CONV_WAITING && is->epoch == was->epoch && is->priority != was->priority)
        is->epoch++;
}

static bool plan(struct work *w)
{
    if (!plan_claim(w) || !plan_lease_guard(w) || !plan_target(w))
        return false;
    for (size_t i = 0; i < w->change->n_acts; i++)
        if (!plan_act(w, &w->change->acts[i]))
            return false;
    plan_place(w);
    plan_ruled_mark(w);
    return true;
}

/* ---- the writes ------------------------------------------------------------------------------------------------------------------- */

static bool write_claim(struct work *w)
{
    struct job *j = w->job;
    struct stmt *s;

    if (!j->keyed)
        return true;
    s = stmt_begin(w->db, SQL_CLAIM_ADD);
    stmt_bytes(s, (struct slice){ (const char *)j->key, sizeof(j->key) });
    stmt_i64_or_null(s, j->print);
    stmt_i64_or_null(s, w->row.n);
    stmt_i64_or_null(s, w->n_messages ? w->messages[0].seq : 0);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static void slot_dirty(struct batch *b, struct slot *s, bool due)
{
    s->dirty = true;
    s->dirty_due |= due;
    if (s->listed)
        return;
    s->listed = true;
    s->next_dirty = b->dirty;
    b->dirty = s;
}

/* The row as it is now. What only messages change is put off to the end of the batch: often more of them follow. */
static bool write_conv(struct work *w)
{
    struct batch *b = w->batch;
    struct kf_err why = { .rc = KF_OK };
    struct slot *slot = w->slot;
    bool due;

    if (!slot) {
        if (!stored(w, conv_insert(b->db, &w->row, &why), &why))
            return false;
        slot = slot_add(b, &w->row);
        if (!slot)
            return false;
        slot->row.conv.peer = slot->place->peer; /* the change's arena ends before the batch's */
        slot->row.conv.locale = arena_text(b->arena, slice_of(w->row.conv.locale));
        if (!slot->row.conv.locale)
            return batch_no_memory(b);
        slot->place->newest = slot;
        slot->place->looked = true;
        w->slot = slot;
        return true;
    }
    if (!w->said && !w->full)
        return true;
    due = conv_due(&slot->row.conv) != conv_due(&w->row.conv) || slot->row.conv.rule_due_at != w->row.conv.rule_due_at;
    slot->row = w->row;
    if (!w->full) {
        slot_dirty(b, slot, due);
        return true;
    }
    slot->dirty = slot->dirty_due = false;
    return stored(w, conv_save(b->db, &slot->row, &why), &why);
}

/* A visitor who speaks in a conversation that is another one's is found there by this row. */
static bool write_guest(struct work *w, const struct message *m)
{
    struct stmt *s;

    if (m->from.role != ROLE_VISITOR || id_is_zero(&m->from.id) || id_eq(&m->from.id, &w->row.conv.contact))
        return true;
    s = stmt_begin(w->db, SQL_GUEST_ADD);
    stmt_id(s, &m->from.id);
    stmt_i64(s, w->row.n);
    return run(w, s);
}

static bool write_messages(struct work *w)
{
    struct kf_err why = { .rc = KF_OK };

    for (size_t i = 0; i < w->n_messages; i++)
        if (!stored(w, message_insert(w->db, w->row.n, &w->messages[i], &why), &why) || !write_guest(w, &w->messages[i]))
            return false;
    for (size_t i = 0; i < w->n_entries; i++)
        if (!stored(w, entry_insert(w->db, w->row.n, &w->entries[i], &why), &why))
            return false;
    w->batch->indexable |= w->n_messages > 0;
    return true;
}

static bool write_all(struct work *w)
{
    if (!write_contact(w))
        return false;
    if (w->has_conv && !write_conv(w))
        return false;
    w->row.n = w->slot ? w->slot->row.n : 0;
    if (!write_messages(w) || !write_touched(w))
        return false;
    for (size_t i = 0; i < w->n_ops; i++)
        if (!w->ops[i].write(w, &w->ops[i]))
            return false;
    return write_claim(w);
}

/* ---- a change ------------------------------------------------------------------------------------------------------------------------ */

/* Texts of rows are the batch's; news outlive it. */
static bool own_texts(struct work *w, struct conv *c)
{
    c->peer = arena_text(w->arena, slice_of(c->peer));
    c->locale = arena_text(w->arena, slice_of(c->locale));
    return c->peer && c->locale;
}

static bool tell(struct work *w, const struct conv *before)
{
    struct news *n = w->news;

    n->first_at = w->change->at;
    n->has_conv = w->has_conv;
    n->opened = w->opens;
    n->reopened = w->reopens;
    if (w->has_conv) {
        n->conv = w->row.conv;
        if (!own_texts(w, &n->conv))
            return false;
        n->before = *before;
        n->before.peer = n->conv.peer;
        n->before.locale = n->conv.locale;
        if (w->opens)
            n->before = (struct conv){ .seq = 0 };
        n->staled = n->conv.ruled_seq < n->conv.seq && rules_hear(w);
    }
    n->messages = w->messages;
    n->n_messages = w->n_messages;
    n->first_seq = w->n_messages ? w->messages[0].seq : 0;
    n->entries = w->entries;
    n->n_entries = w->n_entries;
    return true;
}

bool batch_apply(struct batch *b, struct job *job)
{
    struct work w = { .batch = b, .db = b->db, .job = job, .change = job->change, .vault = b->vault, .arena = job->change->arena };
    struct conv before = { .seq = 0 };

    w.news = job->news = ARENA_NEW(w.arena, struct news);
    if (!w.news)
        (void)refuse(&w, KF_NOMEM, "out of memory");
    else if (plan(&w)) {
        if (w.slot)
            before = w.slot->row.conv;
        if (!tell(&w, &before))
            (void)refuse(&w, KF_NOMEM, "out of memory");
        else
            return write_all(&w);
    }
    job->rc = w.rc;
    return b->hard == KF_OK;
}

bool batch_flush(struct batch *b)
{
    struct kf_err why = { .rc = KF_OK };
    enum kf_rc rc;

    for (struct slot *s = b->dirty; s; s = s->next_dirty) {
        rc = s->dirty ? conv_save_said(b->db, &s->row, s->dirty_due, &why) : KF_OK;
        if (rc)
            return batch_lost(b, rc, &why);
    }
    rc = ledger_flush(&b->page, b->db, &why);
    return rc ? batch_lost(b, rc, &why) : true;
}
