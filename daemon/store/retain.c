#include "store/retain.h"

#include "store/erase.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_MS     86400000LL
#define TALKS_MAX  20 /* of one transaction: messages must not wait for the broom */
#define ROWS_MAX   200
#define CHAINS_MAX 64

static const struct {
    const char *name;
    enum sql count;
} classes[KEEP_CLASSES] = {
    [KEEP_MESSAGES] = { "messages", SQL_KEEP_TALKS_COUNT }, [KEEP_PAPERS] = { "files", SQL_KEEP_PAPERS_COUNT },
    [KEEP_RAW_BODIES] = { "raw", SQL_KEEP_RAW_COUNT },      [KEEP_PROFILES] = { "profiles", SQL_KEEP_PROFILES_COUNT },
    [KEEP_REVIEWS] = { "reviews", SQL_KEEP_REVIEWS_COUNT }, [KEEP_LOG] = { "log", SQL_KEEP_LOG_COUNT },
};

/* One slice of one class, by the writer; the thread of upkeep waits for it. */
struct slice_work {
    struct awaited awaited;
    struct store *store;
    enum keep_class class;
    int64_t before, now, done;
    struct ledger_page page;
};

/* ---- what goes ---- */

static enum kf_rc run_talks(struct slice_work *w, struct db *db, struct kf_err *why)
{
    struct {
        int64_t n;
        struct kf_id id;
    } talks[TALKS_MAX];
    struct stmt *s = stmt_begin(db, SQL_KEEP_TALKS);
    struct erased sum = { .messages = 0 };
    size_t n = 0;
    enum kf_rc rc;

    stmt_i64(s, w->before);
    stmt_i64(s, TALKS_MAX);
    for (; n < TALKS_MAX && stmt_row(s); n++) {
        talks[n].n = get_i64(s);
        get_id(s, &talks[n].id);
    }
    rc = stmt_end(s, why);
    for (size_t i = 0; i < n && !rc; i++)
        rc = erase_conv(db, talks[i].n, &talks[i].id, NULL, "", w->now, &sum, why);
    w->done = (int64_t)n;
    return rc || !n ? rc : erase_due(db, w->now, why);
}

static enum kf_rc drop_paper(struct db *db, const struct kf_id *id, const uint8_t sha256[32], int64_t now, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_GONE_ADD);
    enum kf_rc rc;

    stmt_bytes(s, (struct slice){ (const char *)sha256, 32 });
    stmt_i64(s, now);
    rc = stmt_run(s, -1, why);
    if (rc)
        return rc;
    s = stmt_begin(db, SQL_FILE_FORGET);
    stmt_id(s, id);
    return stmt_run(s, -1, why);
}

static enum kf_rc run_papers(struct slice_work *w, struct db *db, struct kf_err *why)
{
    struct {
        struct kf_id id;
        uint8_t sha256[32];
    } papers[ROWS_MAX];
    struct stmt *s = stmt_begin(db, SQL_KEEP_PAPERS_LIST);
    size_t n = 0;
    enum kf_rc rc;

    stmt_i64(s, w->before);
    stmt_i64(s, ROWS_MAX);
    for (; n < ROWS_MAX && stmt_row(s); n++) {
        get_id(s, &papers[n].id);
        get_fixed(s, papers[n].sha256, 32);
    }
    rc = stmt_end(s, why);
    for (size_t i = 0; i < n && !rc; i++)
        rc = drop_paper(db, &papers[i].id, papers[i].sha256, w->now, why);
    w->done = (int64_t)n;
    return rc || !n ? rc : erase_due(db, w->now, why);
}

static enum kf_rc run_rows(struct slice_work *w, struct db *db, enum sql which, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, which);
    enum kf_rc rc;

    stmt_i64(s, w->before);
    stmt_i64(s, ROWS_MAX);
    rc = stmt_run(s, -1, why);
    w->done = rc ? 0 : db->ops->changed(db);
    return rc || !w->done ? rc : erase_due(db, w->now, why);
}

/* What was written in them; the scores stay. */
static enum kf_rc run_reviews(struct slice_work *w, struct db *db, struct kf_err *why)
{
    static const enum sql parts[] = { SQL_EMPTY_DRAFT, SQL_EMPTY_VERSIONS, SQL_EMPTY_APPEALS, SQL_EMPTY_COMMENTS };
    int64_t reviews[ROWS_MAX];
    struct stmt *s = stmt_begin(db, SQL_KEEP_REVIEWS);
    size_t n = 0;
    enum kf_rc rc;

    stmt_i64(s, w->before);
    stmt_i64(s, ROWS_MAX);
    while (n < ROWS_MAX && stmt_row(s))
        reviews[n++] = get_i64(s);
    rc = stmt_end(s, why);
    for (size_t i = 0; i < n && !rc; i++)
        for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]) && !rc; k++) {
            s = stmt_begin(db, parts[k]);
            stmt_i64(s, reviews[i]);
            rc = stmt_run(s, -1, why);
        }
    w->done = (int64_t)n;
    return rc || !n ? rc : erase_due(db, w->now, why);
}

/* The rest of the chain begins after a hash that an entry names. */
static enum kf_rc prune(struct slice_work *w, struct db *db, const struct ledger_head *upto, struct kf_err *why)
{
    char head[LEDGER_TEXT], data[LEDGER_TEXT + 64];
    struct ledger_row row = { .site = "", .at = w->now, .kind = LEDGER_PRUNED, .role = ROLE_SYSTEM, .name = "", .data = data };
    struct stmt *s = stmt_begin(db, SQL_KEEP_LOG_DROP);
    enum kf_rc rc;

    stmt_id(s, &upto->node);
    stmt_i64(s, upto->entry);
    rc = stmt_run(s, -1, why);
    if (rc || !db->ops->changed(db))
        return rc;
    w->done += db->ops->changed(db);
    (void)snprintf(data, sizeof(data), "{\"upto\":\"%s\",\"entries\":%" PRId64 "}", ledger_text(upto, head), w->done);
    return ledger_add(&w->store->ledger, &w->page, db, &row, why);
}

static enum kf_rc run_log(struct slice_work *w, struct db *db, struct kf_err *why)
{
    struct ledger_head chains[CHAINS_MAX];
    struct stmt *s = stmt_begin(db, SQL_KEEP_LOG_UPTO);
    size_t n = 0;
    enum kf_rc rc;

    stmt_i64(s, w->before);
    for (; n < CHAINS_MAX && stmt_row(s); n++) {
        get_id(s, &chains[n].node);
        chains[n].entry = get_i64(s);
        get_fixed(s, chains[n].hash, LEDGER_HASH);
    }
    rc = stmt_end(s, why);
    for (size_t i = 0; i < n && !rc; i++)
        rc = prune(w, db, &chains[i], why);
    if (rc)
        return rc;
    s = stmt_begin(db, SQL_KEEP_LOG_PLAIN);
    stmt_i64(s, w->before);
    return stmt_run(s, -1, why);
}

static enum kf_rc run_class(struct slice_work *w, struct db *db, struct kf_err *why)
{
    switch (w->class) {
    case KEEP_MESSAGES:
        return run_talks(w, db, why);
    case KEEP_PAPERS:
        return run_papers(w, db, why);
    case KEEP_RAW_BODIES:
        return run_rows(w, db, SQL_KEEP_RAW, why);
    case KEEP_PROFILES:
        return run_rows(w, db, SQL_KEEP_PROFILES_EMPTY, why);
    case KEEP_REVIEWS:
        return run_reviews(w, db, why);
    case KEEP_LOG:
        return run_log(w, db, why);
    case KEEP_CLASSES:
    default:
        return KF_OK;
    }
}

/* ---- by the writer ---- */

static enum kf_rc slice_run(struct task *t, struct db *db, struct kf_err *why)
{
    struct slice_work *w = (struct slice_work *)t;
    enum kf_rc rc;

    w->done = 0;
    w->page = (struct ledger_page){ .begun = false };
    rc = run_class(w, db, why);
    if (!rc && w->done && w->class != KEEP_LOG) {
        char data[96];
        struct ledger_row row = { .site = "", .at = w->now, .kind = "retention", .role = ROLE_SYSTEM, .name = "", .data = data };

        (void)snprintf(data, sizeof(data), "{\"class\":\"%s\",\"before\":%" PRId64 ",\"removed\":%" PRId64 "}", classes[w->class].name,
                       w->before, w->done);
        rc = ledger_add(&w->store->ledger, &w->page, db, &row, why);
    }
    return rc ? rc : ledger_flush(&w->page, db, why);
}

static void slice_logged(struct awaited *a)
{
    struct slice_work *w = (struct slice_work *)a;

    writer_logged(w->store, &w->page);
}

static enum kf_rc one_slice(struct store *s, enum keep_class class, int64_t before, int64_t now, int64_t *done, struct kf_err *why)
{
    struct slice_work w = {
        .awaited = { .task.run = slice_run, .after = slice_logged }, .store = s, .class = class, .before = before, .now = now
    };
    enum kf_rc rc = writer_wait(s, &w.awaited, why);

    *done = w.done;
    return rc;
}

static enum kf_rc count(struct db *db, enum keep_class class, int64_t before, int64_t *rows, int64_t *bytes, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, classes[class].count);

    *rows = *bytes = 0;
    stmt_i64(s, before);
    if (stmt_row(s)) {
        *rows = get_i64(s);
        *bytes = get_i64(s);
    }
    return stmt_end(s, why);
}

enum kf_rc retain(struct store *s, struct db *db, const struct housekeeping *h, struct buf *report, struct kf_err *why)
{
    bool any = false;

    buf_str(report, "\"classes\":{");
    for (int i = 0; i < KEEP_CLASSES; i++) {
        int64_t keep = h->keep_ms[i] > 0 ? h->keep_ms[i] : i == KEEP_RAW_BODIES ? 7 * DAY_MS : 0, rows = 0, bytes = 0, done = 1;
        enum kf_rc rc = KF_OK;

        if (!keep)
            continue;
        rc = count(db, (enum keep_class)i, h->now - keep, &rows, &bytes, why);
        while (!rc && !h->dry && rows && done) {
            rc = one_slice(s, (enum keep_class)i, h->now - keep, h->now, &done, why);
            if (i == KEEP_LOG)
                break; /* all of it at once */
        }
        if (rc)
            return rc;
        buf_printf(report, "%s\"%s\":{\"rows\":%" PRId64 ",\"bytes\":%" PRId64 ",\"before\":%" PRId64 "}", any ? "," : "", classes[i].name,
                   rows, bytes, h->now - keep);
        any = true;
    }
    buf_str(report, "}");
    return KF_OK;
}
