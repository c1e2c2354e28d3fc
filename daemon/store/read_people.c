/* Accounts: people, where they are members, their sessions, and how they have tried to sign in. */
#include "store/reading.h"
#include "store/row.h"

enum kf_rc read_person(struct reading *r)
{
    struct query *q = r->q;
    struct person *p = ARENA_NEW(q->arena, struct person);
    struct stmt *s = stmt_begin(r->db, q->text.n ? SQL_PERSON_BY_EMAIL : SQL_PERSON_BY_ID);
    bool any;
    enum kf_rc rc;

    if (q->text.n)
        stmt_text(s, q->text);
    else
        stmt_id(s, &q->id);
    any = p && stmt_row(s);
    if (any)
        row_person(s, q->arena, p);
    rc = stmt_end(s, r->why);
    if (rc || !p)
        return p ? rc : reading_no_memory(r);
    if (!any)
        return reading_absent(r, "person");
    q->person = p;
    return KF_OK;
}

enum kf_rc read_members(struct reading *r)
{
    struct query *q = r->q;
    bool one = !id_is_zero(&q->id);
    struct stmt *s = stmt_begin(r->db, one ? SQL_MEMBERS_OF : *q->site.s ? SQL_MEMBERS : SQL_MEMBERS_ALL);

    if (one)
        stmt_id(s, &q->id);
    if (one || *q->site.s)
        stmt_str(s, q->site.s);
    while (stmt_row(s)) {
        struct member *m = arena_more(r->q->arena, q->members, q->n_members, sizeof(*m));

        if (!m) {
            (void)stmt_end(s, NULL);
            return reading_no_memory(r);
        }
        q->members = m;
        row_member(s, q->arena, &m[q->n_members++]);
    }
    return stmt_end(s, r->why);
}

enum kf_rc read_session(struct reading *r)
{
    struct stored_session *n = &r->q->session;
    struct stmt *s = stmt_begin(r->db, SQL_SESSION_GET);
    bool any;
    enum kf_rc rc;

    stmt_bytes(s, r->q->bytes);
    any = stmt_row(s);
    if (any) {
        get_id(s, &n->person);
        get_fixed(s, n->csrf, sizeof(n->csrf));
        n->created_at = get_i64(s);
        n->seen_at = get_i64(s);
        n->expires_at = get_i64(s);
    }
    rc = stmt_end(s, r->why);
    return !rc && !any ? reading_absent(r, "session") : rc;
}

static enum kf_rc login_next(struct reading *r, struct slice account, struct slice address, int64_t *next)
{
    struct stmt *s = stmt_begin(r->db, SQL_LOGIN_GET);
    int64_t at = 0;

    stmt_text(s, account.p ? account : SLICE(""));
    stmt_text(s, address.p ? address : SLICE(""));
    if (stmt_row(s)) {
        (void)get_i64(s);
        (void)get_i64(s);
        at = get_i64(s);
    }
    if (at > *next)
        *next = at;
    return stmt_end(s, r->why);
}

enum kf_rc read_login(struct reading *r)
{
    struct query *q = r->q;
    int64_t next = 0;
    enum kf_rc rc = login_next(r, q->text, SLICE(""), &next);

    if (!rc)
        rc = login_next(r, SLICE(""), q->text2, &next);
    q->number = next > q->now ? next - q->now : 0;
    return rc;
}
