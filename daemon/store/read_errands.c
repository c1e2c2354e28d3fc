/* What is due in the outbox, with all that sending it needs. */
#include "core/reach.h"
#include "store/reading.h"
#include "store/row.h"

static enum kf_rc errand_message(struct reading *r, int64_t conv, int64_t seq, struct message *ret)
{
    struct stmt *s = stmt_begin(r->db, SQL_MESSAGE_GET);

    stmt_i64(s, conv);
    stmt_i64(s, seq);
    if (stmt_row(s)) {
        (void)get_i64(s);
        row_message(s, r->q->arena, ret);
    }
    return stmt_end(s, r->why);
}

/* The one text of a code is for people: a rule would use it up to ask for patience. */
static enum kf_rc errand_handle(struct reading *r, int64_t conv, struct errand *e)
{
    struct stmt *s = stmt_begin(r->db, SQL_HANDLE_GET);

    stmt_i64(s, conv);
    stmt_i64(s, e->message.from.role == ROLE_AGENT);
    stmt_i64(s, r->q->now);
    if (stmt_row(s)) {
        e->handle = get_text(s, r->q->arena);
        e->handle_expires_ms = get_i64(s);
        e->handle_left = (int)get_i64(s);
        e->handle_used = (int)get_i64(s);
        if (e->handle_left > 0)
            e->handle_left = e->handle_left > e->handle_used ? e->handle_left - e->handle_used : 0;
    }
    return stmt_end(s, r->why);
}

/* A message that goes by mail, because its visitor is gone: whom to, as the profile says now. */
static enum kf_rc errand_mail(struct reading *r, struct errand *e)
{
    struct stmt *s;
    char address[REACH_TEXT];

    if (!e->message.extra || !strstr(e->message.extra, "\"mail\":true"))
        return KF_OK;
    e->user = "";
    s = stmt_begin(r->db, SQL_VISITOR_PROFILE);
    stmt_id(s, &e->conv);
    if (stmt_row(s)) {
        const char *profile = get_text(s, r->q->arena);

        if (profile && reach_profile_mail(slice_of(profile), address))
            e->user = arena_text(r->q->arena, slice_of(address));
    }
    return stmt_end(s, r->why);
}

/* What went out in parts is taken back part by part: the name of this one, and whether others follow. */
static enum kf_rc errand_part(struct reading *r, int64_t conv, struct errand *e)
{
    struct stmt *s = stmt_begin(r->db, SQL_REFS_OF);
    int n = 0;

    stmt_i64(s, conv);
    stmt_i64(s, e->seq);
    while (stmt_row(s)) {
        const char *ref = get_text(s, r->q->arena);

        if (++n == e->part)
            e->message.ref = ref;
    }
    e->more = e->part < n;
    return stmt_end(s, r->why);
}

/* The newest one of ours, whoever of the staff it is by: a platform knows but one. */
static enum kf_rc errand_reaction(struct reading *r, int64_t conv, struct errand *e)
{
    static const char name[] = "\"emoji\":\"";
    struct stmt *s = stmt_begin(r->db, SQL_REACTION_OF_STAFF);

    stmt_i64(s, conv);
    stmt_i64(s, e->seq);
    if (stmt_row(s)) {
        const char *data = get_text(s, r->q->arena), *emoji = data ? strstr(data, name) : NULL;
        const char *end = emoji ? strchr(emoji + sizeof(name) - 1, '"') : NULL; /* nothing in an emoji is escaped */

        if (end)
            e->emoji = arena_text(r->q->arena, (struct slice){ emoji + sizeof(name) - 1, (size_t)(end - emoji) - (sizeof(name) - 1) });
    }
    return stmt_end(s, r->why);
}

/* What sending needs beside the row itself. */
static enum kf_rc errand_complete(struct reading *r, int64_t conv, struct errand *e)
{
    struct message answered = { .seq = 0 };
    enum kf_rc rc = e->seq ? errand_message(r, conv, e->seq, &e->message) : KF_OK;

    if (!rc && e->message.reply_to)
        rc = errand_message(r, conv, e->message.reply_to, &answered);
    e->reply_ref = answered.ref;
    e->reply_extra = answered.extra;
    if (!rc && e->kind == ERRAND_DELETE)
        rc = errand_part(r, conv, e);
    if (!rc && e->kind == ERRAND_REACT)
        rc = errand_reaction(r, conv, e);
    if (!rc)
        rc = errand_mail(r, e);
    return rc ? rc : errand_handle(r, conv, e);
}

static void row_errand(struct stmt *s, struct arena *a, struct errand *e, int64_t *conv)
{
    get_id(s, &e->id);
    get_key(s, &e->site);
    get_key(s, &e->channel);
    get_id(s, &e->conv);
    e->seq = get_i64(s);
    e->kind = (enum errand_kind)get_i64(s);
    e->state = (enum errand_state)get_i64(s);
    e->attempt = (int)get_i64(s);
    e->due_at = get_i64(s);
    e->created_at = get_i64(s);
    e->lease = get_i64(s);
    e->error = get_text(s, a);
    *conv = get_i64(s);
    e->peer = get_str(s, a);
    e->user = get_str(s, a);
    e->part = (int)get_i64(s);
    e->gone = get_i64(s) > 0;
}

static bool is_fresh_file(const struct errand *e)
{
    return e->kind == ERRAND_SEND && e->state == ERRAND_QUEUED && !e->attempt && !e->part && !id_is_zero(&e->message.file);
}

/* Files that were said in one go. */
static enum kf_rc errand_behind(struct reading *r, int64_t conv, struct errand *e)
{
    struct errand *all = arena_array(r->q->arena, ERRANDS_BEHIND, sizeof(*all));
    struct stmt *s;
    enum kf_rc rc;
    size_t n = 0;

    if (!all)
        return reading_no_memory(r);
    s = stmt_begin(r->db, SQL_ERRANDS_BEHIND);
    stmt_i64(s, conv);
    stmt_id(s, &e->id);
    stmt_i64(s, ERRANDS_BEHIND);
    while (stmt_row(s) && n < ERRANDS_BEHIND)
        row_errand(s, r->q->arena, &all[n++], &conv);
    rc = stmt_end(s, r->why);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = errand_complete(r, conv, &all[i]);
        if (rc)
            break;
        e->parted = !is_fresh_file(&all[i]) || !key_eq(&all[i].channel, &e->channel);
        if (e->parted)
            break;
        e->behind = all;
        e->n_behind = i + 1;
    }
    return rc;
}

enum kf_rc read_errands(struct reading *r)
{
    struct query *q = r->q;
    int64_t limit = reading_limit(q, 100);
    int64_t *convs = arena_array(q->arena, (size_t)limit, sizeof(*convs));
    struct stmt *s;
    enum kf_rc rc;

    if (!convs)
        return reading_no_memory(r);
    s = stmt_begin(r->db, SQL_ERRANDS_DUE);
    stmt_str(s, q->site.s);
    stmt_i64(s, q->now);
    stmt_i64(s, q->after);
    stmt_i64(s, limit);
    while (stmt_row(s)) {
        struct errand *e = arena_more(r->q->arena, q->errands, q->n_errands, sizeof(*e));

        if (!e) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->errands = e;
        row_errand(s, q->arena, &e[q->n_errands], &convs[q->n_errands]);
        q->n_errands++;
    }
    rc = stmt_end(s, r->why);
    for (size_t i = 0; i < q->n_errands && !rc; i++)
        rc = errand_complete(r, convs[i], &q->errands[i]);
    for (size_t i = 0; i < q->n_errands && !rc; i++)
        if (is_fresh_file(&q->errands[i]))
            rc = errand_behind(r, convs[i], &q->errands[i]);
    return rc;
}
