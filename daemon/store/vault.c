/* vault.c: secrets on their way into the database and out of it. What seals them is the caller's. */
#include "store/inside.h"

#include <string.h>
#include <time.h>

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool turn(const struct store_vault *v, store_turn *how, const char *kind, const char *where, struct slice in, struct arena *a,
                 struct slice *ret, struct kf_err *why)
{
    if (!where) {
        (void)kf_fail(why, KF_NOMEM, "out of memory");
        return false;
    }
    return how(v->ctx, kind, slice_of(where), in, a, ret, why) == KF_OK;
}

static char *document_place(struct arena *a, const struct kf_key *site, const struct kf_key *kind, const struct kf_key *key)
{
    return arena_printf(a, "%s/%s/%s", site->s, kind->s, key->s);
}

static char *token_place(struct arena *a, const struct kf_key *site, const struct kf_key *channel)
{
    return arena_printf(a, "%s/token/%s", site->s, channel->s);
}

static char *factor_place(struct arena *a, const struct kf_id *person)
{
    char id[KF_ID_TEXT];

    return arena_printf(a, "totp/%s", id_text(person, id));
}

/* ---- in ---- */

bool vault_close_document(const struct store_vault *v, struct arena *a, const struct kf_key *site, const struct kf_key *kind,
                          const struct kf_key *key, struct slice body, struct slice *ret, struct kf_err *why)
{
    *ret = body;
    return !v->key || turn(v, v->seal, kind->s, document_place(a, site, kind, key), body, a, ret, why);
}

bool vault_close_token(const struct store_vault *v, struct arena *a, const struct kf_key *site, const struct kf_key *channel,
                       struct slice token, struct slice *ret, struct kf_err *why)
{
    *ret = token;
    return !v->key || turn(v, v->seal, NULL, token_place(a, site, channel), token, a, ret, why);
}

bool vault_close_factor(const struct store_vault *v, struct arena *a, const struct kf_id *person, struct slice secret, struct slice *ret,
                        struct kf_err *why)
{
    *ret = secret;
    return !v->key || turn(v, v->seal, NULL, factor_place(a, person), secret, a, ret, why);
}

/* ---- out ---- */

enum kf_rc vault_open_document(const struct store_vault *v, struct arena *a, struct stored_document *d, struct kf_err *why)
{
    struct slice body = slice_of(d->body);

    if (!v->key)
        return KF_OK;
    if (!turn(v, v->open, d->kind.s, document_place(a, &d->site, &d->kind, &d->key), body, a, &body, why))
        return why->rc;
    d->body = arena_text(a, body);
    return d->body ? KF_OK : kf_fail(why, KF_NOMEM, "out of memory");
}

enum kf_rc vault_open_token(const struct store_vault *v, struct arena *a, const struct kf_key *site, const struct kf_key *channel,
                            struct slice *token, struct kf_err *why)
{
    return !v->key || turn(v, v->open, NULL, token_place(a, site, channel), *token, a, token, why) ? KF_OK : why->rc;
}

enum kf_rc vault_open_factor(const struct store_vault *v, struct arena *a, const struct kf_id *person, struct slice *secret,
                             struct kf_err *why)
{
    if (!v->key || turn(v, v->open, NULL, factor_place(a, person), *secret, a, secret, why))
        return KF_OK;
    return why->rc == KF_ABSENT ? why->rc = KF_IO : why->rc; /* never "there is none": it is still asked for */
}

/* ---- all of it anew ---- */

struct sealing {
    const struct store_vault *v;
    struct db *db;
    struct arena *arena;
    bool plain; /* nothing is sealed yet */
    struct kf_err *why;
};

/* Rows that were read, and are to be written. */
struct sealed_row {
    struct kf_key site, kind, key;
    struct kf_id person;
    int64_t version;
    struct slice bytes;
    struct sealed_row *next;
};

enum sealed { DOCUMENTS, TOKENS, FACTORS };

static const enum sql read_of[] = { SQL_VAULT_DOCUMENTS, SQL_VAULT_TOKENS, SQL_VAULT_FACTORS };

static void read_row(struct sealing *all, struct stmt *s, enum sealed what, struct sealed_row *r)
{
    if (what == FACTORS)
        get_id(s, &r->person);
    else
        get_key(s, &r->site);
    if (what == DOCUMENTS)
        get_key(s, &r->kind);
    if (what != FACTORS)
        get_key(s, &r->key);
    if (what == DOCUMENTS)
        r->version = get_i64(s);
    r->bytes = what == DOCUMENTS ? slice_of(get_str(s, all->arena)) : get_copy(s, all->arena);
}

/* KF_ABSENT: its key is lost, it stays as it is. */
static enum kf_rc anew(struct sealing *all, enum sealed what, struct sealed_row *r)
{
    char *where = what == DOCUMENTS ? document_place(all->arena, &r->site, &r->kind, &r->key)
                  : what == TOKENS  ? token_place(all->arena, &r->site, &r->key)
                                    : factor_place(all->arena, &r->person);
    const char *kind = what == DOCUMENTS ? r->kind.s : NULL;

    if (!all->plain && !turn(all->v, all->v->open, kind, where, r->bytes, all->arena, &r->bytes, all->why))
        return all->why->rc;
    return turn(all->v, all->v->seal, kind, where, r->bytes, all->arena, &r->bytes, all->why) ? KF_OK : all->why->rc;
}

static enum kf_rc write_row(struct sealing *all, enum sealed what, const struct sealed_row *r)
{
    static const enum sql which[] = { SQL_VAULT_DOCUMENT, SQL_VAULT_TOKEN, SQL_VAULT_FACTOR };
    struct stmt *s = stmt_begin(all->db, which[what]);

    if (what == DOCUMENTS)
        stmt_text(s, r->bytes);
    else
        stmt_bytes(s, r->bytes);
    if (what == FACTORS)
        stmt_id(s, &r->person);
    else
        stmt_str(s, r->site.s);
    if (what == DOCUMENTS)
        stmt_str(s, r->kind.s);
    if (what != FACTORS)
        stmt_str(s, r->key.s);
    if (what == DOCUMENTS)
        stmt_i64(s, r->version);
    return stmt_run(s, 1, all->why);
}

static enum kf_rc seal_rows(struct sealing *all, enum sealed what)
{
    struct stmt *s = stmt_begin(all->db, read_of[what]);
    struct sealed_row *rows = NULL;
    enum kf_rc rc = KF_OK;

    while (stmt_row(s)) {
        struct sealed_row *r = ARENA_NEW(all->arena, struct sealed_row);

        if (!r) {
            (void)stmt_end(s, NULL);
            return kf_fail(all->why, KF_NOMEM, "out of memory");
        }
        read_row(all, s, what, r);
        r->next = rows;
        rows = r;
    }
    rc = stmt_end(s, all->why);
    for (struct sealed_row *r = rows; r && !rc; r = r->next) {
        rc = anew(all, what, r);
        rc = rc == KF_ABSENT ? KF_OK : rc ? rc : write_row(all, what, r);
    }
    return rc;
}

static enum kf_rc seal_all(struct sealing *all)
{
    struct stmt *s;
    enum kf_rc rc = KF_OK;

    for (int what = DOCUMENTS; what <= FACTORS && !rc; what++)
        rc = seal_rows(all, (enum sealed)what);
    if (rc)
        return rc;
    s = stmt_begin(all->db, SQL_VAULT_SET);
    stmt_str(s, all->v->key);
    stmt_i64(s, wall_ms());
    return stmt_run(s, 1, all->why);
}

/* Inside a transaction. */
static enum kf_rc enter(struct sealing *all)
{
    struct stmt *s = stmt_begin(all->db, SQL_VAULT_GET);
    const char *key = NULL;
    enum kf_rc rc;

    if (stmt_row(s))
        key = get_text(s, all->arena);
    rc = stmt_end(s, all->why);
    if (rc || (key && strcmp(key, all->v->key) == 0))
        return rc;
    if (key && !all->v->knows(all->v->ctx, key))
        return kf_fail(
            all->why, KF_INVALID,
            "the secrets in the database are sealed with key %s, which is not in the key file: bring the file that was used with "
            "this database",
            key);
    all->plain = !key;
    return seal_all(all);
}

enum kf_rc vault_enter(struct store *st, struct db *db, struct kf_err *why)
{
    struct kf_err local = { .rc = KF_OK };
    struct sealing all = { .v = &st->vault, .db = db, .arena = arena_new(0), .why = why ? why : &local };
    enum kf_rc rc = all.arena ? KF_OK : kf_fail(all.why, KF_NOMEM, "out of memory");

    /* Where plain text lay nothing of it shall stay: not in the pages, and not in SQLite's log, which a checkpoint empties. */
    if (!rc && !st->postgres)
        rc = db_exec(db, "PRAGMA secure_delete = ON", all.why);
    if (!rc)
        rc = db_begin(db, true, all.why);
    if (!rc && db->ops->schema_lock)
        rc = db->ops->schema_lock(db, all.why);
    if (!rc)
        rc = enter(&all);
    if (!rc)
        rc = db_commit(db, all.why);
    if (rc)
        db_rollback(db);
    if (!rc && !st->postgres)
        rc = db_exec(db, "PRAGMA secure_delete = OFF; PRAGMA wal_checkpoint(TRUNCATE)", all.why);
    arena_free(all.arena);
    return rc;
}
