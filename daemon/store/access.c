/* Reading what lets people and programs in beside passwords: keys, second factors. */
#include "store/inside.h"

static void row_key(struct stmt *s, struct arena *a, struct api_key *k)
{
    get_id(s, &k->id);
    get_key(s, &k->site);
    k->name = get_str(s, a);
    k->verbs = get_str(s, a);
    get_id(s, &k->by);
    k->by_name = get_str(s, a);
    k->created_at = get_i64(s);
    k->seen_at = get_i64(s);
    k->expires_at = get_i64(s);
    k->revoked_at = get_i64(s);
}

static enum kf_rc read_keys(struct reader *r, struct query *q, struct kf_err *why)
{
    size_t cap = 0;
    struct stmt *s = stmt_begin(r->db, q->kind == QUERY_KEY ? SQL_KEY_BY_HASH : SQL_KEYS);
    enum kf_rc rc = KF_OK, ended;

    if (q->kind == QUERY_KEY)
        stmt_bytes(s, q->bytes);
    else
        stmt_str(s, q->site.s);
    while (!rc && stmt_row(s)) {
        if (q->n_keys == cap) {
            struct api_key *more = arena_array(q->arena, cap ? 2 * cap : 16, sizeof(*more));

            if (!more) {
                rc = kf_fail(why, KF_NOMEM, "out of memory");
                break;
            }
            if (cap)
                memcpy(more, q->keys, cap * sizeof(*more));
            cap = cap ? 2 * cap : 16;
            q->keys = more;
        }
        row_key(s, q->arena, &q->keys[q->n_keys++]);
    }
    ended = stmt_end(s, rc ? NULL : why);
    rc = rc ? rc : ended;
    return !rc && q->kind == QUERY_KEY && !q->n_keys ? kf_fail(why, KF_ABSENT, "there is no such key") : rc;
}

static enum kf_rc read_totp(struct reader *r, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(r->db, SQL_TOTP_GET);
    struct totp *t = &q->totp;
    struct slice secret = { NULL, 0 };
    bool any;
    enum kf_rc rc;

    stmt_id(s, &q->id);
    any = stmt_row(s);
    if (any) {
        secret = get_copy(s, q->arena);
        t->created_at = get_i64(s);
        t->confirmed_at = get_i64(s);
        t->step = get_i64(s);
    }
    rc = stmt_end(s, why);
    if (rc || !any)
        return rc ? rc : kf_fail(why, KF_ABSENT, "there is no second factor");
    rc = vault_open_factor(&r->store->vault, q->arena, &q->id, &secret, why);
    if (rc)
        return rc;
    if (secret.n != sizeof(t->secret))
        return kf_fail(why, KF_IO, "the second factor cannot be read");
    memcpy(t->secret, secret.p, sizeof(t->secret));
    s = stmt_begin(r->db, SQL_RECOVERY_LEFT);
    stmt_id(s, &q->id);
    if (stmt_row(s))
        t->recovery_left = (int)get_i64(s);
    return stmt_end(s, why);
}

enum kf_rc access_run(struct reader *r, struct query *q, struct kf_err *why)
{
    return q->kind == QUERY_TOTP ? read_totp(r, q, why) : read_keys(r, q, why);
}
