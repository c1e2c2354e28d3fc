#include "store/sight.h"

#include "core/mask.h"
#include "core/segment.h"

#define MARKS_MAX 32
#define SEEN_MAX  (1U << 20) /* bytes of one text, masked */

void sight_init(struct sight *ret, struct db *db, const struct query *q)
{
    *ret = (struct sight){ .db = db, .q = q, .terms = q->search.terms };
    ret->blind = q->search.masked && segment_spells(ret->terms);
    buf_init(&ret->seen, SEEN_MAX);
}

void sight_finish(struct sight *s)
{
    buf_finish(&s->seen);
}

static enum kf_rc is_own(struct sight *s, int64_t conv, bool *ret, struct kf_err *why)
{
    const struct kf_id *self = &s->q->search.self;
    struct stmt *st;

    *ret = false;
    if (id_is_zero(self))
        return KF_OK;
    st = stmt_begin(s->db, SQL_CONV_SERVERS);
    stmt_i64(st, conv);
    if (stmt_row(st)) {
        struct kf_id owner, last;

        get_id(st, &owner);
        get_id(st, &last);
        *ret = id_eq(&owner, self) || id_eq(&last, self);
    }
    return stmt_end(st, why);
}

/* Whether a number is found must not tell its digits. *text is `s->seen` afterwards, or as it was. */
static enum kf_rc see(struct sight *s, int64_t conv, struct slice *text, struct kf_err *why)
{
    struct mask_span any = { .from = 0 };
    enum kf_rc rc;
    bool own;

    if (!s->blind || !mask_find(*text, &any, 1))
        return KF_OK;
    rc = is_own(s, conv, &own, why);
    if (rc || own)
        return rc;
    buf_clear(&s->seen);
    mask_blind(*text, &s->seen);
    if (!buf_ok(&s->seen))
        return kf_fail(why, KF_NOMEM, "out of memory");
    *text = buf_slice(&s->seen);
    return KF_OK;
}

enum kf_rc sight_match(struct sight *s, int64_t conv, struct slice text, bool *ret, struct kf_err *why)
{
    enum kf_rc rc = see(s, conv, &text, why);

    *ret = !rc && text.n && segment_match(text, s->terms);
    return rc;
}

enum kf_rc sight_has(struct sight *s, int64_t conv, int64_t message, bool *ret, struct kf_err *why)
{
    struct stmt *st = stmt_begin(s->db, SQL_HIT_GET);
    enum kf_rc rc = KF_OK;

    *ret = false;
    stmt_i64(st, message);
    if (stmt_row(st)) {
        (void)get_i64(st);
        (void)get_i64(st);
        rc = sight_match(s, conv, get_slice(st), ret, why);
    }
    if (rc)
        (void)stmt_end(st, NULL);
    return rc ? rc : stmt_end(st, why);
}

static enum kf_rc mark(struct sight *s, int64_t conv, struct search_hit *h, struct kf_err *why)
{
    struct slice text = h->text;
    int marks[MARKS_MAX][2], (*copy)[2];
    enum kf_rc rc = see(s, conv, &text, why);

    if (rc)
        return rc;
    h->n_marks = text.n ? segment_marks(text, s->terms, marks, MARKS_MAX) : 0;
    if (!h->n_marks)
        return KF_OK;
    copy = arena_array(s->q->arena, h->n_marks, sizeof(*copy));
    if (!copy)
        return kf_fail(why, KF_NOMEM, "out of memory");
    memcpy(copy, marks, h->n_marks * sizeof(*copy));
    h->marks = (const int(*)[2])copy;
    return KF_OK;
}

enum kf_rc sight_read(struct sight *s, int64_t conv, int64_t message, struct search_hit *ret, struct kf_err *why)
{
    struct stmt *st = stmt_begin(s->db, SQL_HIT_GET);
    enum kf_rc rc;

    stmt_i64(st, message);
    if (stmt_row(st)) {
        int64_t kind;

        ret->seq = get_i64(st);
        kind = get_i64(st);
        if (kind != MESSAGE_REMOVED)
            ret->text = get_copy(st, s->q->arena);
        if (kind == MESSAGE_CARD)
            ret->card = get_text(st, s->q->arena);
    }
    rc = stmt_end(st, why);
    return rc ? rc : mark(s, conv, ret, why);
}
