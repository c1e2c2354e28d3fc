#include "store/words.h"

#include "core/hash.h"
#include "core/message.h"
#include "core/segment.h"
#include "store/inside.h"

#include <inttypes.h>
#include <stdlib.h>

#define PLACES_MAX 255          /* of one word */
#define PLACE_MAX  16383        /* the last one that is told apart */
#define VECTOR_MAX (768u << 10) /* bytes of text: beyond it the rest is not found */
#define LATE_ROWS  10000        /* of other nodes, that may be numbered before what was read and committed after it */
#define ALL_MS     60000
#define DENSE      "'.'" /* no word of ours: it has no letter */

/* ---- a message as a tsvector ---------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static size_t count_words(struct slice text, size_t *places)
{
    struct segmenter s;
    struct segment t;
    size_t n = 0;

    *places = 0;
    segmenter_init(&s, text);
    while (segmenter_next(&s, &t)) {
        n++;
        *places += t.apart ? 2 : 1;
    }
    return n;
}

/* Is one word there too often? Two words that look alike here only make it dense without need. */
static bool repeats(struct slice text, size_t n, bool *no_memory)
{
    uint64_t *all = calloc(n, sizeof(*all));
    struct segmenter s;
    struct segment t;
    size_t i = 0, run = 0;
    bool ret = false;

    *no_memory = !all;
    if (!all)
        return true;
    segmenter_init(&s, text);
    while (i < n && segmenter_next(&s, &t))
        all[i++] = hash_more(HASH_BASIS, t.token, t.n);
    qsort(all, n, sizeof(*all), by_number);
    for (i = 0; i < n && !ret; i++) {
        run = i && all[i] == all[i - 1] ? run + 1 : 1;
        ret = run > PLACES_MAX;
    }
    free(all);
    return ret;
}

static void put_vector(struct slice text, bool dense, struct buf *ret)
{
    struct segmenter s;
    struct segment t;
    int place = 0;

    if (dense)
        buf_str(ret, DENSE " ");
    segmenter_init(&s, text);
    while (buf_slice(ret).n < VECTOR_MAX && segmenter_next(&s, &t)) {
        buf_char(ret, '\'');
        buf_add(ret, (struct slice){ t.token, t.n }); /* letters and digits only */
        if (dense)
            buf_str(ret, "' ");
        else
            buf_printf(ret, "':%d ", place += t.apart ? 2 : 1);
    }
}

static enum kf_rc vector_of(struct slice text, bool *dense, struct buf *ret, struct kf_err *why)
{
    size_t places, n = count_words(text, &places);
    bool no_memory = false;

    *dense = places > PLACE_MAX || (n > PLACES_MAX && repeats(text, n, &no_memory));
    put_vector(text, *dense, ret);
    return no_memory || !buf_ok(ret) ? kf_fail(why, KF_NOMEM, "out of memory") : KF_OK;
}

/* ---- a round ------------------------------------------------------------------------------------------------------------------------- */

struct round {
    struct db *db;
    struct kf_err *why;
    struct buf numbers, messages; /* lists: what is done when this round is, and what it is about */
    int64_t from, last;           /* of the list */
    struct kf_key site;           /* the last one looked up */
    int64_t site_n;
};

static enum kf_rc site_number(struct round *r, const struct kf_key *site)
{
    struct stmt *s;
    enum kf_rc rc;

    if (r->site_n && key_eq(&r->site, site))
        return KF_OK;
    r->site = *site;
    r->site_n = 0;
    s = stmt_begin(r->db, SQL_INDEX_SITE_FIND);
    stmt_str(s, site->s);
    if (stmt_row(s))
        r->site_n = get_i64(s);
    rc = stmt_end(s, r->why);
    if (rc || r->site_n)
        return rc;
    s = stmt_begin(r->db, SQL_INDEX_SITE_ADD);
    stmt_str(s, site->s);
    return stmt_run_key(s, &r->site_n, r->why);
}

static enum kf_rc forget(struct round *r, int64_t id)
{
    struct stmt *s = stmt_begin(r->db, SQL_INDEX_DROP);

    stmt_i64(s, id);
    return stmt_run(s, -1, r->why);
}

static enum kf_rc learn(struct round *r, int64_t id, int64_t conv, const struct kf_key *site, struct slice text)
{
    struct buf vector;
    struct stmt *s;
    bool dense;
    enum kf_rc rc = site_number(r, site);

    if (rc)
        return rc;
    buf_init(&vector, VECTOR_MAX + 4096);
    rc = vector_of(text, &dense, &vector, r->why);
    if (!rc) {
        s = stmt_begin(r->db, SQL_INDEX_ADD);
        stmt_i64(s, id);
        stmt_i64(s, conv);
        stmt_i64(s, r->site_n);
        stmt_i64(s, dense);
        stmt_text(s, buf_slice(&vector).n ? buf_slice(&vector) : SLICE(""));
        rc = stmt_run(s, 1, r->why);
    }
    buf_finish(&vector);
    return rc;
}

/* The messages as they now stand. Events are ours, not anybody's words; what was removed has none. */
static enum kf_rc learn_all(struct round *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_INDEXABLE);
    enum kf_rc rc = KF_OK, ended;

    stmt_text(s, buf_slice(&r->messages));
    while (!rc && stmt_row(s)) {
        int64_t id = get_i64(s), conv = get_i64(s), kind;
        struct kf_key site;
        struct slice text;

        get_key(s, &site);
        kind = get_i64(s);
        text = get_slice(s);
        rc = text.n && kind != MESSAGE_EVENT && kind != MESSAGE_REMOVED ? learn(r, id, conv, &site, text) : forget(r, id);
    }
    ended = stmt_end(s, rc ? NULL : r->why);
    return rc ? rc : ended;
}

static enum kf_rc read_next(struct round *r, int64_t max, int64_t *rows)
{
    struct stmt *s = stmt_begin(r->db, SQL_INDEX_NEXT);

    stmt_i64(s, r->from);
    stmt_i64(s, max);
    for (*rows = 0; stmt_row(s); ++*rows) {
        r->last = get_i64(s);
        buf_printf(&r->numbers, "%c%" PRId64, *rows ? ',' : '{', r->last);
        buf_printf(&r->messages, "%c%" PRId64, *rows ? ',' : '{', get_i64(s));
    }
    buf_char(&r->numbers, '}');
    buf_char(&r->messages, '}');
    if (!buf_ok(&r->numbers) || !buf_ok(&r->messages))
        return (void)stmt_end(s, NULL), kf_fail(r->why, KF_NOMEM, "out of memory");
    return stmt_end(s, r->why);
}

static enum kf_rc run_round(struct round *r, int64_t max, int64_t *rows)
{
    struct stmt *s;
    enum kf_rc rc = read_next(r, max, rows);

    if (rc || !*rows)
        return rc;
    rc = learn_all(r);
    if (rc)
        return rc;
    s = stmt_begin(r->db, SQL_INDEX_DONE);
    stmt_text(s, buf_slice(&r->numbers));
    rc = stmt_run(s, -1, r->why);
    return rc ? rc : db_commit(r->db, r->why);
}

enum kf_rc words_round(struct db *db, struct words_from *from, int64_t max, int64_t *rows, struct kf_err *why)
{
    int64_t now = clock_us() / 1000;
    struct round r = { .db = db, .why = why, .from = now < from->all_at ? from->n : 0 };
    enum kf_rc rc = db_begin(db, true, why);

    *rows = 0;
    if (rc)
        return rc;
    if (!r.from)
        from->all_at = now + ALL_MS;
    buf_init(&r.numbers, (size_t)max * 24 + 8);
    buf_init(&r.messages, (size_t)max * 24 + 8);
    rc = run_round(&r, max, rows);
    db_rollback(db);
    if (!rc && r.last > from->n + LATE_ROWS)
        from->n = r.last - LATE_ROWS;
    buf_finish(&r.numbers);
    buf_finish(&r.messages);
    return rc;
}

enum kf_rc words_start_over(struct db *db, struct kf_err *why)
{
    enum kf_rc rc = db_begin(db, true, why);

    if (!rc)
        rc = db_exec(db,
                     "TRUNCATE words; DELETE FROM unindexed; INSERT INTO unindexed (message, text) SELECT id, '' FROM message "
                     "WHERE text IS NOT NULL ORDER BY id",
                     why);
    if (!rc)
        rc = db_commit(db, why);
    db_rollback(db);
    return rc;
}

/* ---- queries ---------------------------------------------------------------------------------------------------------------------------- */

bool words_query(struct slice terms, struct buf *ret)
{
    buf_char(ret, '(');
    if (!segment_tsquery(terms, ret))
        return false;
    buf_str(ret, ") | (" DENSE);
    segment_tsquery_loose(terms, ret);
    buf_char(ret, ')');
    return true;
}
