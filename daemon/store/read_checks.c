/* Conversations as machine checks look at them, and what was found. The looking is done here, on a reader's thread: a long transcript holds
 * up nobody. */
#include "core/wording.h"
#include "store/reading.h"
#include "store/row.h"

#define MESSAGES_MAX      5000
#define LATER_MAX         50
#define LOOKED_MAX        100
#define SCAN_MAX          5000 /* findings that are read for one page, fit or not */

#define ROOM(a, array, n) ((array) = arena_more((a), (array), (n), sizeof(*(array))))

/* ---- one conversation ---------------------------------------------------------------------------------------------------------------- */

struct looking {
    struct reading *r;
    struct arena *scratch; /* of this conversation */
    int64_t n, due_at;
    struct conv conv;
    const char *name;
    struct message *messages;
    size_t n_messages;
    struct check_turn *turns;
    size_t n_turns;
    int64_t *later;
    size_t n_later;
};

static enum kf_rc no_room(struct reading *r, struct stmt *s)
{
    (void)stmt_end(s, NULL);
    return reading_no_memory(r);
}

/* Columns of CHECK_CONV_COLS. */
static void row_looked(struct stmt *s, struct arena *a, struct looking *l)
{
    struct conv *c = &l->conv;

    l->n = get_i64(s);
    get_id(s, &c->id);
    get_key(s, &c->site);
    get_key(s, &c->channel);
    get_key(s, &c->queue);
    get_id(s, &c->contact);
    c->locale = get_str(s, a);
    c->state = (enum conv_state)get_i64(s);
    get_id(s, &c->last_agent);
    c->opened_at = get_i64(s);
    c->closed_at = get_i64(s);
    c->rating = (int)get_i64(s);
    c->invited = get_i64(s) != 0;
    l->name = get_str(s, a);
}

static enum kf_rc look_messages(struct looking *l)
{
    struct stmt *s = stmt_begin(l->r->db, SQL_CHECK_MESSAGES);

    stmt_i64(s, l->n);
    stmt_i64(s, MESSAGES_MAX);
    while (stmt_row(s)) {
        if (!ROOM(l->scratch, l->messages, l->n_messages))
            return no_room(l->r, s);
        row_message(s, l->scratch, &l->messages[l->n_messages++]);
    }
    return stmt_end(s, l->r->why);
}

/* The person in what the store itself has written on the timeline; zero: none. */
static struct kf_id person_in(const char *data)
{
    static const char member[] = "\"person\":\"";
    const char *at = strstr(data, member);
    struct kf_id ret = { { 0 } };

    if (at && strlen(at) > sizeof(member) - 1 + KF_ID_TEXT - 1)
        (void)id_parse((struct slice){ at + sizeof(member) - 1, KF_ID_TEXT - 1 }, &ret);
    return ret;
}

/* Who has it now: whoever took it, or was given it without being asked. */
static struct kf_id turn_of(const char *kind, const char *data)
{
    static const struct kf_id nobody;

    if (strcmp(kind, "assigned") == 0 || (strcmp(kind, "transferred") == 0 && !strstr(data, "\"until\":")))
        return person_in(data);
    return nobody;
}

static enum kf_rc look_turns(struct looking *l)
{
    struct stmt *s = stmt_begin(l->r->db, SQL_CHECK_TURNS);

    stmt_i64(s, l->n);
    while (stmt_row(s)) {
        struct check_turn *t;
        const char *kind;

        if (!ROOM(l->scratch, l->turns, l->n_turns))
            return no_room(l->r, s);
        t = &l->turns[l->n_turns++];
        t->after_seq = get_i64(s);
        t->at = get_i64(s);
        kind = get_str(s, l->scratch);
        t->person = turn_of(kind, get_str(s, l->scratch));
    }
    return stmt_end(s, l->r->why);
}

/* Only a promise asks what was said afterwards, elsewhere. */
static enum kf_rc look_later(struct looking *l)
{
    const struct checking *c = l->r->q->checking;
    struct stmt *s;
    size_t i = 0;

    while (i < c->n && (c->checks[i].off || c->checks[i].type != CHECK_PROMISE))
        i++;
    if (i == c->n || id_is_zero(&l->conv.contact))
        return KF_OK;
    if (!(l->later = arena_array(l->scratch, LATER_MAX, sizeof(*l->later))))
        return reading_no_memory(l->r);
    s = stmt_begin(l->r->db, SQL_CHECK_LATER);
    stmt_id(s, &l->conv.contact);
    stmt_i64(s, l->n);
    stmt_i64(s, l->conv.opened_at);
    while (stmt_row(s) && l->n_later < LATER_MAX)
        l->later[l->n_later++] = get_i64(s);
    return stmt_end(s, l->r->why);
}

static const struct message *message_of(const struct looking *l, int64_t seq)
{
    for (size_t i = 0; i < l->n_messages; i++)
        if (l->messages[i].seq == seq)
            return &l->messages[i];
    return NULL;
}

/* What was found, into the memory of the query; with the lines if they are wanted. */
static enum kf_rc keep_found(struct looking *l, const struct check_found *found, struct checked *ret)
{
    struct query *q = l->r->q;
    struct check_hit *hits = arena_array(q->arena, found->n + 1, sizeof(*hits));
    struct message *lines = q->kind == QUERY_TRY_CHECK ? arena_array(q->arena, found->n + 1, sizeof(*lines)) : NULL;

    if (!hits || (q->kind == QUERY_TRY_CHECK && !lines))
        return reading_no_memory(l->r);
    for (size_t i = 0; i < found->n; i++) {
        const struct message *m = lines ? message_of(l, found->hits[i].seq) : NULL;

        hits[i] = found->hits[i];
        if (m && !message_copy(q->arena, m, &lines[i]))
            return reading_no_memory(l->r);
    }
    ret->found = (struct check_found){ hits, found->n, found->again };
    ret->lines = lines;
    return KF_OK;
}

static enum kf_rc evaluate(struct looking *l, struct checked *ret)
{
    const struct checking *c = l->r->q->checking;
    struct check_found found;
    struct check_facts f = {
        .conv = &l->conv, .name = l->name, .forbidden = c->forbidden, .n_forbidden = c->n_forbidden, .now_ms = l->r->q->now
    };
    enum kf_rc rc;

    if ((rc = look_messages(l)) || (rc = look_turns(l)) || (rc = look_later(l)))
        return rc;
    f.language = wording_language(l->conv.locale, c->language);
    f.hours = c->hours(c->ctx, &l->conv.queue);
    f.messages = l->messages;
    f.n = l->n_messages;
    f.turns = l->turns;
    f.n_turns = l->n_turns;
    f.later = l->later;
    f.n_later = l->n_later;
    return check_run(c->checks, c->n, &f, l->scratch, &found) ? keep_found(l, &found, ret) : reading_no_memory(l->r);
}

static enum kf_rc look(struct looking *l)
{
    struct query *q = l->r->q;
    struct checked *ret = ROOM(q->arena, q->checked, q->n_checked);
    enum kf_rc rc = KF_OK;

    if (!ret)
        return reading_no_memory(l->r);
    ret += q->n_checked;
    *ret = (struct checked){ .conv = l->conv.id,
                             .agent = l->conv.last_agent,
                             .queue = l->conv.queue,
                             .channel = l->conv.channel,
                             .closed_at = l->conv.closed_at,
                             .open = l->conv.state != CONV_CLOSED,
                             .due_at = l->due_at };
    if (!ret->open)
        rc = evaluate(l, ret);
    q->n_checked += rc == KF_OK;
    return rc;
}

/* ---- many of them --------------------------------------------------------------------------------------------------------------------- */

/* The rows first, for a statement is not read on while others run beside it. */
static enum kf_rc take_rows(struct reading *r, struct stmt *s, struct looking *all, size_t *n)
{
    while (*n < LOOKED_MAX && stmt_row(s)) {
        struct looking *l = &all[(*n)++];

        *l = (struct looking){ .r = r, .due_at = get_i64(s) };
        row_looked(s, r->q->arena, l);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc look_all(struct reading *r, struct looking *all, size_t n)
{
    enum kf_rc rc = KF_OK;

    for (size_t i = 0; i < n && !rc; i++) {
        all[i].scratch = arena_new(0);
        rc = all[i].scratch ? look(&all[i]) : reading_no_memory(r);
        arena_free(all[i].scratch);
    }
    return rc;
}

static enum kf_rc read_to_check(struct reading *r)
{
    struct looking *all = arena_array(r->q->arena, LOOKED_MAX, sizeof(*all));
    struct stmt *s;
    size_t n = 0;
    enum kf_rc rc;

    if (!all)
        return reading_no_memory(r);
    s = stmt_begin(r->db, SQL_TO_CHECK);
    stmt_str(s, r->q->site.s);
    stmt_i64(s, r->q->now);
    stmt_i64(s, reading_limit(r->q, LOOKED_MAX));
    rc = take_rows(r, s, all, &n);
    r->q->more = n == (size_t)reading_limit(r->q, LOOKED_MAX);
    return rc ? rc : look_all(r, all, n);
}

/* Pages end between moments: those that were closed in the same one stay together, as far as they fit. */
static enum kf_rc read_try(struct reading *r)
{
    struct query *q = r->q;
    struct looking *all = arena_array(q->arena, LOOKED_MAX, sizeof(*all));
    size_t limit = (size_t)reading_limit(q, LOOKED_MAX), n = 0;
    struct stmt *s;
    enum kf_rc rc;

    if (!all)
        return reading_no_memory(r);
    s = stmt_begin(r->db, SQL_CHECK_CLOSED);
    stmt_str(s, q->site.s);
    stmt_i64(s, q->after);
    stmt_i64(s, q->before);
    stmt_i64(s, (int64_t)limit);
    rc = take_rows(r, s, all, &n);
    q->number = 0;
    if (!rc && n == limit) {
        size_t keep = n;

        while (keep > 1 && all[keep - 1].conv.closed_at == all[n - 1].conv.closed_at)
            keep--;
        if (keep > 1 || all[0].conv.closed_at != all[n - 1].conv.closed_at)
            n = keep;
        q->number = all[n - 1].conv.closed_at;
    }
    return rc ? rc : look_all(r, all, n);
}

/* ---- what was found --------------------------------------------------------------------------------------------------------------------- */

static void row_finding(struct stmt *s, struct arena *a, struct stored_finding *f)
{
    f->n = get_i64(s);
    get_id(s, &f->id);
    get_id(s, &f->conv);
    get_key(s, &f->queue);
    get_key(s, &f->channel);
    f->closed_at = get_i64(s);
    get_key(s, &f->check);
    f->version = get_i64(s);
    f->risk = get_i64(s) != 0;
    f->seq = get_i64(s);
    get_id(s, &f->agent);
    f->ms = get_i64(s);
    f->word = get_str(s, a);
    f->at = get_i64(s);
    f->state = (enum finding_state)get_i64(s);
    get_id(s, &f->by);
    f->by_name = get_str(s, a);
    f->decided_at = get_i64(s);
}

static bool fits(const struct finding_filter *want, const struct stored_finding *f)
{
    size_t i = 0;

    while (i < want->n_queues && !key_eq(&want->queues[i], &f->queue))
        i++;
    return (!want->n_queues || i < want->n_queues) && (!*want->queue.s || key_eq(&want->queue, &f->queue)) &&
           (id_is_zero(&want->agent) || id_eq(&want->agent, &f->agent)) && (want->state < 0 || want->state == (int)f->state);
}

static enum kf_rc take_findings(struct reading *r, struct stmt *s, size_t limit)
{
    struct query *q = r->q;
    size_t scanned = 0;

    while (stmt_row(s)) {
        struct stored_finding f;

        scanned++;
        row_finding(s, q->arena, &f);
        q->more = q->n_findings == limit || scanned == SCAN_MAX;
        if (q->n_findings == limit)
            break;
        q->finding_filter.cursor_at = f.closed_at;
        q->finding_filter.cursor_n = f.n;
        if (!fits(&q->finding_filter, &f))
            continue;
        if (!ROOM(q->arena, q->findings, q->n_findings))
            return no_room(r, s);
        q->findings[q->n_findings++] = f;
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_findings(struct reading *r)
{
    struct query *q = r->q;
    const struct finding_filter *want = &q->finding_filter;
    bool one = !id_is_zero(&q->id), conv = !id_is_zero(&q->conv), rule = *want->check.s;
    struct stmt *s = stmt_begin(r->db, one ? SQL_FINDING_GET : conv ? SQL_FINDINGS_CONV : rule ? SQL_FINDINGS_RULE : SQL_FINDINGS_SITE);

    if (one)
        stmt_id(s, &q->id);
    else if (conv) {
        stmt_id(s, &q->conv);
        stmt_str(s, q->site.s);
    } else {
        stmt_str(s, q->site.s);
        stmt_i64(s, want->from);
        stmt_i64(s, want->cursor_at ? want->cursor_at : want->to ? want->to - 1 : INT64_MAX);
        stmt_i64(s, want->cursor_at ? want->cursor_n : INT64_MAX);
        if (rule)
            stmt_str(s, want->check.s);
        stmt_i64(s, SCAN_MAX);
    }
    return take_findings(r, s, one || conv ? SIZE_MAX : (size_t)reading_limit(q, 100));
}

static enum kf_rc read_counts(struct reading *r)
{
    struct query *q = r->q;
    struct stmt *s = stmt_begin(r->db, SQL_FINDING_COUNTS);

    stmt_str(s, q->site.s);
    stmt_i64(s, q->after);
    stmt_i64(s, q->before);
    while (stmt_row(s)) {
        struct kf_key rule;
        int64_t state;

        get_key(s, &rule);
        state = get_i64(s);
        if (!q->n_finding_counts || !key_eq(&q->finding_counts[q->n_finding_counts - 1].check, &rule)) {
            if (!ROOM(q->arena, q->finding_counts, q->n_finding_counts))
                return no_room(r, s);
            q->finding_counts[q->n_finding_counts++] = (struct finding_count){ .check = rule };
        }
        if (state >= 0 && state < 3)
            q->finding_counts[q->n_finding_counts - 1].by_state[state] = get_i64(s);
    }
    return stmt_end(s, r->why);
}

enum kf_rc checks_run(struct reader *reader, struct query *q, struct kf_err *why)
{
    struct reading r = { reader, reader->db, q, why };

    switch (q->kind) {
    case QUERY_TO_CHECK:
        return read_to_check(&r);
    case QUERY_TRY_CHECK:
        return read_try(&r);
    case QUERY_FINDINGS:
        return read_findings(&r);
    case QUERY_FINDING_COUNTS:
    default:
        return read_counts(&r);
    }
}
