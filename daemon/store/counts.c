/* Figures for status pages and metrics: counted where that is cheap, else by the highest number. */
#include "core/buf.h"
#include "core/conv.h"
#include "store/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

static int64_t count_one(struct db *db, enum sql which, const char *site, const int64_t *number)
{
    struct stmt *s = stmt_begin(db, which);
    int64_t ret = 0;

    if (site)
        stmt_str(s, site);
    if (number)
        stmt_i64(s, *number);
    if (stmt_row(s))
        ret = get_i64(s);
    return stmt_end(s, NULL) ? 0 : ret;
}

static int64_t count_states(struct reader *r, const struct query *q, struct buf *b)
{
    struct stmt *s = stmt_begin(r->db, SQL_COUNT_STATES);
    int64_t open = 0, n;

    stmt_str(s, q->site.s);
    while (stmt_row(s)) {
        buf_printf(b, "\"%s\":", conv_state_name((enum conv_state)get_i64(s)));
        n = get_i64(s);
        buf_printf(b, "%" PRId64 ",", n);
        open += n;
    }
    (void)stmt_end(s, NULL);
    return open;
}

static void count_errands(struct reader *r, const struct query *q, struct buf *b)
{
    static const char *const names[] = { "queued", "sending", "done", "failed", "uncertain", "handled" };
    struct stmt *s = stmt_begin(r->db, SQL_COUNT_ERRANDS);
    bool any = false;

    stmt_str(s, q->site.s);
    while (stmt_row(s)) {
        int64_t state = get_i64(s);

        buf_printf(b, "%s\"%s\":%" PRId64, any ? "," : "", state >= 0 && state < 6 ? names[state] : "?", get_i64(s));
        any = true;
    }
    (void)stmt_end(s, NULL);
}

static int64_t size_of_file(const char *path, const char *tail)
{
    char name[4096];
    struct stat st;

    if (!*path || snprintf(name, sizeof(name), "%s%s", path, tail) >= (int)sizeof(name) || stat(name, &st))
        return 0;
    return (int64_t)st.st_size;
}

static void count_files(struct reader *r, struct buf *b)
{
    struct stmt *s;

    if (!r->files)
        return;
    s = stmt_begin(r->files, SQL_COUNT_CONTENTS);
    if (stmt_row(s)) {
        buf_printf(b, ",\"files\":{\"contents\":%" PRId64, get_i64(s));
        buf_printf(b, ",\"bytes\":%" PRId64 "}", get_i64(s));
    }
    (void)stmt_end(s, NULL);
}

enum kf_rc counts_run(struct reader *r, struct query *q, struct kf_err *why)
{
    const struct store *st = r->store;
    const char *site = q->site.s;
    int64_t open, all = *site ? count_one(r->db, SQL_COUNT_CONVS_SITE, site, NULL) : count_one(r->db, SQL_COUNT_CONVS, NULL, NULL);
    struct buf b;

    buf_init(&b, 65536);
    buf_str(&b, "{\"conversations\":{");
    open = count_states(r, q, &b);
    buf_printf(&b, "\"closed\":%" PRId64 "},\"messages\":%" PRId64, all - open, count_one(r->db, SQL_MESSAGE_NEWEST, NULL, NULL));
    buf_printf(&b, ",\"due\":%" PRId64, count_one(r->db, SQL_COUNT_DUE, NULL, &q->now));
    buf_printf(&b, ",\"customers\":%" PRId64, count_one(r->db, SQL_COUNT_CUSTOMERS, NULL, NULL));
    buf_printf(&b, ",\"people\":%" PRId64, count_one(r->db, SQL_COUNT_PEOPLE, NULL, NULL));
    buf_printf(&b, ",\"sessions\":%" PRId64, count_one(r->db, SQL_COUNT_SESSIONS, NULL, NULL));
    buf_str(&b, ",\"errands\":{");
    count_errands(r, q, &b);
    buf_char(&b, '}');
    count_files(r, &b);
    buf_printf(&b, ",\"sizes\":{\"messages\":%" PRId64 ",\"log\":%" PRId64 ",\"index\":%" PRId64 ",\"files\":%" PRId64 "}}",
               st->postgres ? count_one(r->db, SQL_DATABASE_SIZE, NULL, NULL) : size_of_file(st->path, ""), size_of_file(st->path, "-wal"),
               size_of_file(st->index_path, ""), size_of_file(st->files_path, ""));
    q->text_out = buf_ok(&b) ? arena_text(q->arena, buf_slice(&b)) : NULL;
    buf_finish(&b);
    return q->text_out ? KF_OK : kf_fail(why, KF_NOMEM, "out of memory");
}
