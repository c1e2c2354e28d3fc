/* The queries. Each runs in one read transaction: what it answers was true together. */
#include "store/erase.h"
#include "store/inside.h"
#include "store/reading.h"
#include "store/row.h"

#define LIMIT_MAX 10000
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

int64_t reading_limit(const struct query *q, int64_t usual)
{
    int64_t n = q->limit > 0 ? q->limit : usual;

    return n < LIMIT_MAX ? n : LIMIT_MAX;
}

enum kf_rc reading_no_memory(struct reading *r)
{
    return kf_fail(r->why, KF_NOMEM, "out of memory");
}

enum kf_rc reading_absent(struct reading *r, const char *what)
{
    return kf_fail(r->why, KF_ABSENT, "there is no such %s", what);
}

static enum kf_rc read_convs(struct reading *r, struct stmt *s)
{
    struct query *q = r->q;

    while (stmt_row(s)) {
        struct conv_row row = { .n = 0 };
        struct conv *convs = arena_more(r->q->arena, q->convs, q->n_convs, sizeof(*convs));

        if (!convs) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->convs = convs;
        row_conv_shown(s, q->arena, &row);
        convs[q->n_convs++] = row.conv;
        if (q->kind == QUERY_CONV || q->kind == QUERY_NUMBERED)
            q->number = row.n;
    }
    return stmt_end(s, r->why);
}

enum kf_rc reading_last(struct reading *r, const struct kf_id *conv, struct message *ret)
{
    struct stmt *s = stmt_begin(r->db, SQL_MESSAGE_LAST);

    stmt_id(s, conv);
    if (stmt_row(s))
        row_message(s, r->q->arena, ret);
    return stmt_end(s, r->why);
}

static enum kf_rc with_lasts(struct reading *r, enum kf_rc rc)
{
    struct query *q = r->q;

    if (rc || !q->with_last)
        return rc;
    q->messages = arena_array(q->arena, q->n_convs + 1, sizeof(*q->messages));
    if (!q->messages)
        return reading_no_memory(r);
    q->n_messages = q->n_convs;
    for (size_t i = 0; !rc && i < q->n_convs; i++)
        rc = reading_last(r, &q->convs[i].id, &q->messages[i]);
    return rc;
}

/* ---- conversations ---------------------------------------------------------------------------------------------------------- */

static enum kf_rc one_conv(struct reading *r, struct stmt *s)
{
    enum kf_rc rc = read_convs(r, s);

    return !rc && !r->q->n_convs ? reading_absent(r, "conversation") : rc;
}

static enum kf_rc read_conv(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_SHOW);

    stmt_id(s, &r->q->id);
    return one_conv(r, s);
}

static enum kf_rc read_gone(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_GONE);

    stmt_id(s, &r->q->id);
    if (stmt_row(s)) {
        r->q->number = get_i64(s);
        r->q->more = r->q->number && slice_starts(slice_of(get_str(s, r->q->arena)), ERASED_PEER);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_numbered(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_SHOW_NUMBERED);

    stmt_i64(s, r->q->number);
    stmt_str(s, r->q->site.s);
    return one_conv(r, s);
}

static enum kf_rc read_peer(struct reading *r)
{
    bool any_site = !*r->q->site.s;
    struct stmt *s = stmt_begin(r->db, any_site ? SQL_CONV_SHOW_NEWEST_ANY_SITE : SQL_CONV_SHOW_NEWEST);

    stmt_str(s, r->q->channel.s);
    stmt_text(s, r->q->text);
    if (!any_site)
        stmt_str(s, r->q->site.s);
    return one_conv(r, s);
}

static enum kf_rc read_open(struct reading *r)
{
    struct query *q = r->q;
    struct stmt *s = stmt_begin(r->db, SQL_CONV_OPEN);

    stmt_str(s, q->site.s);
    stmt_i64(s, q->now);
    stmt_bytes(s, (struct slice){ (const char *)q->id.b, sizeof(q->id.b) }); /* zeros too: they come before all */
    stmt_i64(s, reading_limit(q, LIMIT_MAX));
    return with_lasts(r, read_convs(r, s));
}

static enum kf_rc read_owned(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_OWNED);

    stmt_id(s, &r->q->id);
    stmt_str(s, r->q->site.s);
    stmt_i64(s, r->q->now);
    return with_lasts(r, read_convs(r, s));
}

static enum kf_rc read_waiting(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_WAITING);

    stmt_str(s, r->q->site.s);
    stmt_i64(s, reading_limit(r->q, LIMIT_MAX));
    return with_lasts(r, read_convs(r, s));
}

static enum kf_rc read_parked(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_PARKED);

    stmt_str(s, r->q->site.s);
    stmt_i64(s, reading_limit(r->q, LIMIT_MAX));
    return with_lasts(r, read_convs(r, s));
}

static enum kf_rc read_due(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_DUE);

    stmt_str(s, r->q->site.s);
    stmt_i64(s, r->q->now);
    stmt_i64(s, reading_limit(r->q, 100));
    return read_convs(r, s);
}

static enum kf_rc read_late(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_LATE);

    stmt_str(s, r->q->site.s);
    stmt_str(s, r->q->queue.s);
    stmt_i64(s, r->q->before);
    stmt_i64(s, reading_limit(r->q, 100));
    return read_convs(r, s);
}

static enum kf_rc read_silent(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_SILENT);

    stmt_str(s, r->q->site.s);
    stmt_str(s, r->q->queue.s);
    stmt_i64(s, r->q->before);
    stmt_i64(s, r->q->after);
    stmt_i64(s, reading_limit(r->q, 100));
    return read_convs(r, s);
}

static enum kf_rc read_handed(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_HANDED);

    stmt_str(s, r->q->site.s);
    stmt_i64(s, reading_limit(r->q, 100));
    return read_convs(r, s);
}

static enum kf_rc read_passed_on(struct reading *r)
{
    struct query *q = r->q;
    struct stmt *s = stmt_begin(r->db, SQL_CONV_PASSED_ON);

    stmt_str(s, q->site.s);
    stmt_i64(s, q->after);
    stmt_i64(s, reading_limit(q, 2000));
    while (stmt_row(s)) {
        struct stored_passed_on *p = arena_more(q->arena, q->passed_on, q->n_passed_on, sizeof(*p));

        if (!p) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->passed_on = p;
        p += q->n_passed_on++;
        get_id(s, &p->conv);
        get_id(s, &p->by);
        p->at = get_i64(s);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_ended(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_ENDED);
    struct query *q = r->q;

    stmt_str(s, q->site.s);
    stmt_i64(s, q->after);
    while (stmt_row(s)) {
        struct stored_count *n = arena_more(r->q->arena, q->counts, q->n_counts, sizeof(*n));

        if (!n) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->counts = n;
        n += q->n_counts++;
        get_key(s, &n->key);
        n->n = get_i64(s);
        n->since = get_i64(s);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_channels_gone(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CHANNEL_GONE_LIST);
    struct query *q = r->q;

    stmt_str(s, q->site.s);
    while (stmt_row(s)) {
        struct stored_count *n = arena_more(q->arena, q->counts, q->n_counts, sizeof(*n));
        bool gone;

        if (!n) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->counts = n;
        n += q->n_counts++;
        get_key(s, &n->key);
        n->n = get_i64(s);
        gone = slice_is(get_slice(s), "gone");
        n->words = gone ? NULL : arena_text(q->arena, get_copy(s, q->arena));
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_file_convs(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_CONV_OF_FILE);

    stmt_id(s, &r->q->id);
    stmt_i64(s, reading_limit(r->q, 100));
    return read_convs(r, s);
}

/* ---- messages and the timeline ------------------------------------------------------------------------------------------------- */

static enum kf_rc take_messages(struct reading *r, struct stmt *s, int64_t limit)
{
    struct query *q = r->q;

    while (stmt_row(s)) {
        struct message *m;

        if ((int64_t)q->n_messages == limit) {
            q->more = true;
            break;
        }
        m = arena_more(r->q->arena, q->messages, q->n_messages, sizeof(*m));
        if (!m) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->messages = m;
        row_message(s, q->arena, &m[q->n_messages++]);
    }
    return stmt_end(s, r->why);
}

static void reverse(struct message *m, size_t n)
{
    for (size_t i = 0; i + 1 < n - i; i++) {
        struct message t = m[i];

        m[i] = m[n - 1 - i];
        m[n - 1 - i] = t;
    }
}

static enum kf_rc read_messages(struct reading *r)
{
    struct query *q = r->q;
    bool back = q->before > 0;
    int64_t limit = reading_limit(q, 50);
    struct stmt *s = stmt_begin(r->db, back ? SQL_MESSAGES_BEFORE : SQL_MESSAGES_AFTER);
    enum kf_rc rc;

    stmt_id(s, &q->id);
    stmt_i64(s, back ? q->before : q->after);
    stmt_i64(s, limit + 1); /* one more than asked tells whether there are more */
    rc = take_messages(r, s, limit);
    if (!rc && back)
        reverse(q->messages, q->n_messages);
    return rc;
}

static enum kf_rc read_message(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_MESSAGE_ONE);
    enum kf_rc rc;

    stmt_id(s, &r->q->id);
    stmt_i64(s, r->q->after);
    rc = take_messages(r, s, 1);
    return !rc && !r->q->n_messages ? reading_absent(r, "message") : rc;
}

static enum kf_rc read_timeline(struct reading *r)
{
    struct query *q = r->q;
    struct stmt *s = stmt_begin(r->db, SQL_TIMELINE);
    int64_t limit = reading_limit(q, LIMIT_MAX - 1);

    stmt_id(s, &q->id);
    stmt_i64(s, q->after);
    stmt_i64(s, limit + 1);
    while (stmt_row(s)) {
        struct entry *e;

        if ((int64_t)q->n_entries == limit) {
            q->more = true;
            break;
        }
        e = arena_more(r->q->arena, q->entries, q->n_entries, sizeof(*e));
        if (!e) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->entries = e;
        row_entry(s, q->arena, &e[q->n_entries++]);
    }
    return stmt_end(s, r->why);
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------------------ */

static enum kf_rc documents_of(struct reading *r, struct stmt *s)
{
    struct query *q = r->q;
    enum kf_rc rc;

    while (stmt_row(s)) {
        struct stored_document *d = arena_more(r->q->arena, q->documents, q->n_documents, sizeof(*d));

        if (!d) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->documents = d;
        d += q->n_documents++;
        get_key(s, &d->site);
        get_key(s, &d->kind);
        get_key(s, &d->key);
        d->version = get_i64(s);
        d->at = get_i64(s);
        d->by = get_str(s, q->arena);
        d->body = get_str(s, q->arena);
    }
    rc = stmt_end(s, r->why);
    for (size_t i = 0; i < q->n_documents && !rc; i++)
        rc = vault_open_document(&r->reader->store->vault, q->arena, &q->documents[i], r->why);
    return rc;
}

static enum kf_rc read_documents(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_DOCUMENTS);

    stmt_str(s, r->q->site.s);
    return documents_of(r, s);
}

static enum kf_rc read_versions(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_DOCUMENT_VERSIONS);

    stmt_str(s, r->q->site.s);
    stmt_text(s, r->q->text);
    stmt_text(s, r->q->text2);
    stmt_i64(s, reading_limit(r->q, 100));
    return documents_of(r, s);
}

static enum kf_rc read_changes(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_DOCUMENT_COUNT);

    if (stmt_row(s))
        r->q->number = get_i64(s);
    return stmt_end(s, r->why);
}

static enum kf_rc read_leases(struct reading *r)
{
    struct query *q = r->q;
    struct stmt *s = stmt_begin(r->db, SQL_LEASES);

    while (stmt_row(s)) {
        struct stored_lease *l = arena_more(r->q->arena, q->leases, q->n_leases, sizeof(*l));

        if (!l) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->leases = l;
        l += q->n_leases++;
        l->shard = (int)get_i64(s);
        get_id(s, &l->node);
        l->epoch = get_i64(s);
        l->beat = get_i64(s);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_file(struct reading *r)
{
    struct stored_file *f = &r->q->file;
    struct arena *a = r->q->arena;
    struct stmt *s = stmt_begin(r->db, SQL_FILE_GET);
    bool any;
    enum kf_rc rc;

    stmt_id(s, &r->q->id);
    any = stmt_row(s);
    if (any) {
        get_id(s, &f->id);
        get_key(s, &f->site);
        get_fixed(s, f->sha256, sizeof(f->sha256));
        f->size = get_i64(s);
        f->at = get_i64(s);
        f->name = get_str(s, a);
        f->mime = get_str(s, a);
        f->width = (int)get_i64(s);
        f->height = (int)get_i64(s);
        f->by.role = (enum role)get_i64(s);
        get_id(s, &f->by.id);
        f->by.name = get_str(s, a);
    }
    rc = stmt_end(s, r->why);
    return !rc && !any ? reading_absent(r, "file") : rc;
}

static enum kf_rc read_blob(struct reading *r)
{
    struct query *q = r->q;
    struct stmt *s = stmt_begin(r->db, SQL_BLOB_GET);
    bool any;
    enum kf_rc rc;

    stmt_str(s, q->site.s);
    stmt_str(s, q->channel.s);
    stmt_text(s, q->text);
    any = stmt_row(s);
    if (any)
        q->bytes_out = get_copy(s, q->arena);
    rc = stmt_end(s, r->why);
    if (rc || !any)
        return rc ? rc : reading_absent(r, "channel state");
    return slice_is(q->text, "token") ? vault_open_token(&r->reader->store->vault, q->arena, &q->site, &q->channel, &q->bytes_out, r->why)
                                      : KF_OK;
}

/* What is read by functions of one query, and what by files that know several. */
static enum kf_rc (*const singly[])(struct reading *r) = {
    [QUERY_CONV] = read_conv,
    [QUERY_NUMBERED] = read_numbered,
    [QUERY_GONE] = read_gone,
    [QUERY_PEER] = read_peer,
    [QUERY_OPEN] = read_open,
    [QUERY_OWNED] = read_owned,
    [QUERY_WAITING] = read_waiting,
    [QUERY_PARKED] = read_parked,
    [QUERY_DUE] = read_due,
    [QUERY_LATE] = read_late,
    [QUERY_SILENT] = read_silent,
    [QUERY_HANDED] = read_handed,
    [QUERY_PASSED_ON] = read_passed_on,
    [QUERY_ENDED] = read_ended,
    [QUERY_MESSAGES] = read_messages,
    [QUERY_MESSAGE] = read_message,
    [QUERY_TIMELINE] = read_timeline,
    [QUERY_PROFILE] = read_profile,
    [QUERY_VISITOR] = read_visitor,
    [QUERY_PERSON] = read_person,
    [QUERY_MEMBERS] = read_members,
    [QUERY_SESSION] = read_session,
    [QUERY_LOGIN] = read_login,
    [QUERY_DOCUMENTS] = read_documents,
    [QUERY_VERSIONS] = read_versions,
    [QUERY_CHANGES] = read_changes,
    [QUERY_LEASES] = read_leases,
    [QUERY_FILE] = read_file,
    [QUERY_FILE_CONVS] = read_file_convs,
    [QUERY_CHANNELS_GONE] = read_channels_gone,
    [QUERY_BLOB] = read_blob,
    [QUERY_ERRANDS] = read_errands,
};
static enum kf_rc (*const by_file[])(struct reader *reader, struct query *q, struct kf_err *why) = {
    [QUERY_RULES] = rules_run,          [QUERY_ARTICLES] = articles_run,  [QUERY_TAGS] = tags_run,
    [QUERY_WINDOW] = window_run,        [QUERY_OUTBOX] = outbox_run,      [QUERY_TRANSCRIPTS] = search_run,
    [QUERY_RESULT] = result_run,        [QUERY_ROWS] = rows_run,          [QUERY_SAVED] = saved_run,
    [QUERY_REVIEWS] = reviews_run,      [QUERY_REVIEW] = reviews_run,     [QUERY_QUALITY] = reviews_run,
    [QUERY_SAMPLES] = reviews_run,      [QUERY_AGREEMENT] = reviews_run,  [QUERY_RUNS] = reviews_run,
    [QUERY_OPEN_REVIEWS] = reviews_run, [QUERY_POPULATION] = reviews_run, [QUERY_TO_CHECK] = checks_run,
    [QUERY_TRY_CHECK] = checks_run,     [QUERY_FINDINGS] = checks_run,    [QUERY_FINDING_COUNTS] = checks_run,
    [QUERY_NOTICES] = notices_run,      [QUERY_REVEAL] = notices_run,     [QUERY_EXAMPLES] = learning_run,
    [QUERY_COACHING] = learning_run,    [QUERY_COACHED] = learning_run,   [QUERY_KEYS] = access_run,
    [QUERY_KEY] = access_run,           [QUERY_TOTP] = access_run,        [QUERY_RAW] = raw_run,
    [QUERY_HOLDS] = audit_run,          [QUERY_AUDIT] = audit_run,        [QUERY_AUDIT_VERIFY] = audit_run,
    [QUERY_COUNTS] = counts_run,
};

static enum kf_rc query_one(struct reading *r)
{
    size_t kind = r->q->kind;

    if (kind < COUNT(singly) && singly[kind])
        return singly[kind](r);
    if (kind < COUNT(by_file) && by_file[kind])
        return by_file[kind](r->reader, r->q, r->why);
    return kf_fail(r->why, KF_UNSUPPORTED, "query %d", (int)kind);
}

enum kf_rc query_run(struct reader *reader, struct query *q, struct kf_err *why)
{
    struct reading r = { reader, reader->db, q, why };
    bool index = (q->kind == QUERY_TRANSCRIPTS || q->kind == QUERY_RESULT) && reader->index && reader->index != reader->db;
    enum kf_rc rc = KF_OK;

    if (index) /* first, so that every hit is in the snapshot of the messages */
        rc = db_begin(reader->index, false, why);
    if (!rc)
        rc = db_begin(r.db, false, why);
    if (!rc)
        rc = query_one(&r);
    db_rollback(r.db); /* nothing was written; this also ends a transaction that an error has left behind */
    if (index)
        db_rollback(reader->index);
    return rc;
}
