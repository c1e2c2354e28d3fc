#include "store/erase.h"

#include "store/inside.h"

#include <stdio.h>

struct target {
    struct db *db;
    int64_t n;
    const struct kf_id *conv, *of;
    int64_t now;
    struct kf_err *why;
    enum kf_rc rc; /* the first error sticks */
};

static const struct kf_id nobody;

/* Runs what is bound already; how many rows. */
static int64_t run(struct target *t, struct stmt *s)
{
    enum kf_rc rc = stmt_run(s, -1, t->rc ? NULL : t->why);

    t->rc = t->rc ? t->rc : rc;
    return rc ? 0 : t->db->ops->changed(t->db);
}

/* Three arguments: the conversation, and what of it. */
static struct stmt *of_whom(struct target *t, struct stmt *s)
{
    stmt_i64(s, t->n);
    stmt_i64(s, t->of != NULL);
    stmt_id(s, t->of ? t->of : &nobody);
    return s;
}

static int64_t with_number(struct target *t, enum sql which)
{
    struct stmt *s = stmt_begin(t->db, which);

    stmt_i64(s, t->n);
    return run(t, s);
}

static void with_id(struct target *t, enum sql which)
{
    struct stmt *s = stmt_begin(t->db, which);

    stmt_id(s, t->conv);
    (void)run(t, s);
}

static int64_t erase_raw(struct target *t)
{
    char id[KF_ID_TEXT], from[RAW_KIND], to[RAW_KIND];
    struct stmt *s = stmt_begin(t->db, SQL_ERASE_RAW);

    (void)snprintf(from, sizeof(from), "unsupported %s ", id_text(t->conv, id));
    (void)snprintf(to, sizeof(to), "unsupported %s!", id); /* the character after a space */
    stmt_str(s, from);
    stmt_str(s, to);
    return run(t, s);
}

static void erase_reviews(struct target *t)
{
    with_id(t, SQL_ERASE_DRAFTS);
    with_id(t, SQL_ERASE_VERSIONS);
    with_id(t, SQL_ERASE_APPEALS);
    with_id(t, SQL_ERASE_COMMENTS);
    with_id(t, SQL_ERASE_REVEALS);
    with_id(t, SQL_ERASE_EXAMPLES);
    with_id(t, SQL_ERASE_COACHING);
    with_id(t, SQL_ERASE_HOLD);
}

/* What is about all of it, and not said by anybody in particular. */
static void erase_rest(struct target *t, const char *peer)
{
    struct stmt *s;

    if (*peer)
        (void)with_number(t, SQL_ERASE_FOLLOWS); /* what waits for the next talk under the old name */
    (void)with_number(t, SQL_ERASE_TAGS);
    (void)with_number(t, SQL_ERASE_FIRINGS);
    (void)with_number(t, SQL_ERASE_HANDLE);
    (void)with_number(t, SQL_ERASE_REFS);
    (void)with_number(t, SQL_ERASE_FINDINGS);
    s = stmt_begin(t->db, SQL_ERASE_ERRANDS);
    stmt_i64(s, t->now);
    stmt_i64(s, t->n);
    (void)run(t, s);
    erase_reviews(t);
    s = stmt_begin(t->db, SQL_ERASE_CONV);
    stmt_i64(s, t->now);
    stmt_str(s, peer);
    stmt_i64(s, t->n);
    (void)run(t, s);
}

enum kf_rc erase_conv(struct db *db, int64_t n, const struct kf_id *conv, const struct kf_id *of, const char *peer, int64_t now,
                      struct erased *sum, struct kf_err *why)
{
    struct target t = { .db = db, .n = n, .conv = conv, .of = of, .now = now, .why = why };
    struct stmt *s;

    (void)run(&t, of_whom(&t, stmt_begin(db, SQL_ERASE_UNINDEX)));
    (void)run(&t, of_whom(&t, stmt_begin(db, SQL_ERASE_PARKED)));
    s = stmt_begin(db, SQL_ERASE_GONE);
    stmt_i64(s, now);
    (void)run(&t, of_whom(&t, s));
    sum->files += run(&t, of_whom(&t, stmt_begin(db, SQL_ERASE_FILES)));
    (void)run(&t, of_whom(&t, stmt_begin(db, SQL_ERASE_HANDLES)));
    sum->messages += run(&t, of_whom(&t, stmt_begin(db, SQL_ERASE_MESSAGES)));
    (void)run(&t, of_whom(&t, stmt_begin(db, SQL_ERASE_TIMELINE)));
    sum->raw += erase_raw(&t);
    if (!of)
        erase_rest(&t, peer);
    sum->conversations += !t.rc;
    return t.rc;
}

enum kf_rc erase_due(struct db *db, int64_t now, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_CHORE_SET);

    stmt_str(s, CHORE_WIPE);
    stmt_i64(s, now);
    return stmt_run(s, -1, why);
}
