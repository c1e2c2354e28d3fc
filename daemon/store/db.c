#include "store/db.h"

void db_close(struct db *db)
{
    if (db)
        db->ops->close(db);
}

struct stmt *stmt_begin(struct db *db, enum sql which)
{
    struct stmt *s = &db->stmts[which];

    s->db = db;
    s->arg = 0;
    s->col = 0;
    s->rc = s->handle ? KF_OK : db->ops->prepare(s, which);
    return s;
}

void stmt_i64(struct stmt *s, int64_t v)
{
    s->arg++;
    if (!s->rc)
        s->rc = s->db->ops->bind_i64(s, v);
}

static void bind_null(struct stmt *s)
{
    s->arg++;
    if (!s->rc)
        s->rc = s->db->ops->bind_null(s);
}

void stmt_i64_or_null(struct stmt *s, int64_t v)
{
    if (v)
        stmt_i64(s, v);
    else
        bind_null(s);
}

void stmt_bytes(struct stmt *s, struct slice bytes)
{
    if (!bytes.p) {
        bind_null(s);
        return;
    }
    s->arg++;
    if (!s->rc)
        s->rc = s->db->ops->bind_bytes(s, bytes);
}

void stmt_id(struct stmt *s, const struct kf_id *id)
{
    if (id_is_zero(id))
        bind_null(s);
    else
        stmt_bytes(s, (struct slice){ (const char *)id->b, sizeof(id->b) });
}

void stmt_text(struct stmt *s, struct slice text)
{
    if (!text.p) {
        bind_null(s);
        return;
    }
    s->arg++;
    if (!s->rc)
        s->rc = s->db->ops->bind_text(s, text);
}

void stmt_str(struct stmt *s, const char *text)
{
    stmt_text(s, text ? slice_of(text) : (struct slice){ NULL, 0 });
}

bool stmt_row(struct stmt *s)
{
    if (s->rc)
        return false;
    s->col = 0;
    return s->db->ops->step(s);
}

int64_t get_i64(struct stmt *s)
{
    return s->db->ops->get_i64(s, s->col++);
}

struct slice get_slice(struct stmt *s)
{
    return s->db->ops->get_bytes(s, s->col++);
}

void get_fixed(struct stmt *s, void *ret, size_t n)
{
    struct slice got = get_slice(s);

    if (got.p && got.n == n)
        memcpy(ret, got.p, n);
    else
        memset(ret, 0, n);
}

void get_id(struct stmt *s, struct kf_id *ret)
{
    get_fixed(s, ret->b, sizeof(ret->b));
}

void get_key(struct stmt *s, struct kf_key *ret)
{
    struct slice got = get_slice(s);
    size_t n = got.n > KF_KEY_MAX ? KF_KEY_MAX : got.n;

    memset(ret, 0, sizeof(*ret));
    if (n)
        memcpy(ret->s, got.p, n);
}

struct slice get_copy(struct stmt *s, struct arena *a)
{
    struct slice got = get_slice(s);

    if (!got.p)
        return got;
    got = arena_copy(a, got);
    if (!got.p && !s->rc)
        s->rc = kf_fail(&s->db->why, KF_NOMEM, "out of memory while reading");
    return got;
}

const char *get_text(struct stmt *s, struct arena *a)
{
    return get_copy(s, a).p;
}

const char *get_str(struct stmt *s, struct arena *a)
{
    const char *ret = get_text(s, a);

    return ret ? ret : "";
}

enum kf_rc stmt_end(struct stmt *s, struct kf_err *why)
{
    if (s->handle)
        s->db->ops->reset(s);
    if (s->rc && why)
        *why = s->db->why;
    return s->rc;
}

enum kf_rc stmt_run_key(struct stmt *s, int64_t *ret, struct kf_err *why)
{
    *ret = stmt_row(s) ? get_i64(s) : 0;
    while (stmt_row(s))
        ;
    return stmt_end(s, why);
}

enum kf_rc stmt_run(struct stmt *s, int64_t rows, struct kf_err *why)
{
    enum kf_rc rc;

    if (!s->rc && s->db->ops->later && s->db->ops->later(s, rows))
        return stmt_end(s, why);
    while (stmt_row(s))
        ;
    rc = stmt_end(s, why);
    if (!rc && rows >= 0 && s->db->ops->changed(s->db) != rows)
        return kf_fail(why, KF_CONFLICT, "somebody was faster");
    return rc;
}
