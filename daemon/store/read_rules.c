/* What the rules must know of a conversation before they look at it. */
#include "core/buf.h"
#include "store/inside.h"
#include "store/row.h"

#define ECHO_MIN 8 /* bytes: a shorter text says nothing about where it comes from */
#define TAGS_MAX 65536

static enum kf_rc no_memory(struct kf_err *why)
{
    return kf_fail(why, KF_NOMEM, "out of memory");
}

static enum kf_rc read_fired(struct db *db, struct query *q, bool contact, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, contact ? SQL_FIRINGS_CONTACT : SQL_FIRINGS);

    stmt_id(s, &q->id);
    while (stmt_row(s)) {
        struct rule_fired *f;

        q->fired = arena_more(q->arena, q->fired, q->n_fired, sizeof(*q->fired));
        if (!q->fired) {
            (void)stmt_end(s, NULL);
            return no_memory(why);
        }
        f = &q->fired[q->n_fired++];
        get_key(s, &f->rule);
        f->cause = get_str(s, q->arena);
        f->at = get_i64(s);
        f->elsewhere = contact;
    }
    return stmt_end(s, why);
}

/* So many of the newest messages are looked at. */
#define LOOK_BACK 200

/* Our own mark, as the desk wrote it down. */
static bool is_marked(const char *extra)
{
    return extra && strstr(extra, "\"automatic\":true");
}

/* What was picked from choices was not asked. */
static bool is_choice(const char *extra)
{
    return extra && (strstr(extra, "\"choice\":") || strstr(extra, "\"payload\":"));
}

static enum kf_rc read_offered(struct db *db, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_OFFERED);

    stmt_id(s, &q->id);
    stmt_i64(s, LOOK_BACK);
    if (stmt_row(s)) {
        q->past.offered_seq = get_i64(s);
        q->past.offered = get_text(s, q->arena);
    }
    return stmt_end(s, why);
}

static enum kf_rc read_said(struct db *db, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_VISITOR_SAID);
    struct slice newest = { NULL, 0 };
    enum kf_rc rc;

    stmt_id(s, &q->id);
    stmt_i64(s, RULE_REPEATS_MAX);
    for (int i = 0; stmt_row(s); i++) {
        struct slice text = get_copy(s, q->arena);
        const char *extra = get_text(s, q->arena);

        if (!i) {
            newest = text;
            q->past.marked = is_marked(extra);
        }
        if (text.n && q->past.n_said < RULE_SAID_MAX && !is_choice(extra))
            q->past.said[q->past.n_said++] = text;
        q->past.repeats += q->past.repeats == i && text.n && slice_eq(text, newest);
    }
    rc = stmt_end(s, why);
    if (rc || newest.n < ECHO_MIN)
        return rc;
    s = stmt_begin(db, SQL_SYSTEM_SAID);
    stmt_id(s, &q->id);
    stmt_i64(s, LOOK_BACK);
    stmt_text(s, newest);
    q->past.echo = stmt_row(s);
    return stmt_end(s, why);
}

static enum kf_rc read_count(struct db *db, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_VISITOR_COUNT);

    stmt_id(s, &q->id);
    stmt_i64(s, q->limit);
    if (stmt_row(s))
        q->past.messages = get_i64(s);
    return stmt_end(s, why);
}

static enum kf_rc read_known(struct db *db, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_VISITOR_PROFILE);

    stmt_id(s, &q->id);
    if (stmt_row(s))
        q->text_out = get_str(s, q->arena);
    return stmt_end(s, why);
}

enum kf_rc rules_run(struct reader *reader, struct query *q, struct kf_err *why)
{
    enum kf_rc rc = read_fired(reader->db, q, false, why);

    q->text_out = "{}";
    if (!rc && q->needs & RULE_NEED_FIRED)
        rc = read_fired(reader->db, q, true, why);
    if (!rc)
        rc = read_said(reader->db, q, why);
    if (!rc && q->limit > 0)
        rc = read_count(reader->db, q, why);
    if (!rc && q->needs & RULE_NEED_OFFERED)
        rc = read_offered(reader->db, q, why);
    if (!rc && q->needs & RULE_NEED_PROFILE)
        rc = read_known(reader->db, q, why);
    return rc;
}

enum kf_rc tags_run(struct reader *reader, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(reader->db, SQL_TAGS);
    enum kf_rc rc;
    struct buf b;

    buf_init(&b, TAGS_MAX);
    buf_char(&b, '[');
    stmt_id(s, &q->id);
    for (int n = 0; stmt_row(s); n++) {
        if (n)
            buf_char(&b, ',');
        buf_json(&b, get_slice(s));
    }
    buf_char(&b, ']');
    rc = stmt_end(s, why);
    if (!rc && (!buf_ok(&b) || !(q->text_out = arena_text(q->arena, buf_slice(&b)))))
        rc = no_memory(why);
    buf_finish(&b);
    return rc;
}

enum kf_rc articles_run(struct reader *reader, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(reader->db, SQL_ARTICLE_COUNTS);

    stmt_str(s, q->site.s);
    while (stmt_row(s)) {
        struct article_count *a;

        q->articles = arena_more(q->arena, q->articles, q->n_articles, sizeof(*q->articles));
        if (!q->articles) {
            (void)stmt_end(s, NULL);
            return no_memory(why);
        }
        a = &q->articles[q->n_articles++];
        get_key(s, &a->key);
        a->suggested = get_i64(s);
        a->shown = get_i64(s);
        a->helped = get_i64(s);
        a->not_helped = get_i64(s);
    }
    return stmt_end(s, why);
}
