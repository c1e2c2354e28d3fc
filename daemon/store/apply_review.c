/* The acts of quality review. What a review may become is review_step()'s to say, on the row as the transaction has it. */
#include "store/apply.h"

#include <inttypes.h>

/* ---- samples -------------------------------------------------------------------------------------------------------------------- */

static bool write_pick(struct work *w, int64_t sample, int64_t card, const struct sample_pick *p)
{
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_ADD);

    stmt_id(s, &p->review);
    stmt_str(s, w->change->site.s);
    stmt_i64(s, sample);
    stmt_i64(s, card);
    stmt_id(s, &p->conv);
    stmt_str(s, p->channel.s);
    stmt_str(s, p->queue.s);
    stmt_i64(s, p->closed_at);
    stmt_id(s, &p->agent);
    stmt_id(s, &p->reviewer);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_card(struct work *w, const struct act_sample *a, int64_t *n)
{
    struct kf_err why = { .rc = KF_OK };
    struct stmt *s = stmt_begin(w->db, SQL_SCORECARD_ADD);

    stmt_str(s, w->change->site.s);
    stmt_str(s, a->card.s);
    stmt_i64(s, a->card_version);
    stmt_bytes(s, (struct slice){ (const char *)a->card_sha256, sizeof(a->card_sha256) });
    stmt_str(s, a->card_body);
    stmt_i64(s, w->change->at);
    return stored(w, stmt_run_key(s, n, &why), &why);
}

/* The day is drawn, whatever came of it. */
static bool write_run(struct work *w, const struct act_sample *a, int64_t sample)
{
    struct stmt *s = stmt_begin(w->db, SQL_SAMPLE_RUN_ADD);

    stmt_str(s, w->change->site.s);
    stmt_str(s, a->schedule.s);
    stmt_i64(s, a->day);
    stmt_i64(s, sample);
    stmt_i64(s, a->upto);
    stmt_i64(s, a->population);
    stmt_i64(s, (int64_t)a->n_picks);
    stmt_i64(s, a->wanted);
    stmt_i64(s, w->change->at);
    return run(w, s);
}

static bool write_picks(struct work *w, const struct act_sample *a, int64_t *sample)
{
    struct kf_err why = { .rc = KF_OK };
    int64_t card = 0;
    struct stmt *s;

    if (!write_card(w, a, &card))
        return false;
    s = stmt_begin(w->db, SQL_SAMPLE_ADD);
    stmt_id(s, &a->id);
    stmt_str(s, w->change->site.s);
    stmt_str(s, a->name ? a->name : "");
    stmt_i64(s, a->kind);
    stmt_i64(s, a->seed);
    stmt_i64(s, a->population);
    stmt_i64(s, (int64_t)a->n_picks);
    stmt_i64(s, card);
    stmt_str(s, a->plan ? a->plan : "{}");
    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, w->change->by.name ? w->change->by.name : "");
    if (!stored(w, stmt_run_key(s, sample, &why), &why))
        return false;
    for (size_t i = 0; i < a->n_picks; i++)
        if (!write_pick(w, *sample, card, &a->picks[i]))
            return false;
    return true;
}

static bool write_sample(struct work *w, const struct op *op)
{
    const struct act_sample *a = op->what;
    int64_t sample = 0;

    if (a->n_picks && !write_picks(w, a, &sample))
        return false;
    return !*a->schedule.s || write_run(w, a, sample);
}

static bool has_row(struct work *w, enum sql which, const struct kf_id *id, bool *ret)
{
    struct stmt *s = stmt_begin(w->db, which);

    stmt_id(s, id);
    *ret = stmt_row(s);
    return ended(w, s);
}

/* Two who draw at once have read the same population: whoever commits second draws anew. */
static bool still_undrawn(struct work *w, const struct act_sample *a)
{
    bool any, drawn;

    for (size_t i = 0; a->once && i < a->n_picks; i++) {
        if (!has_row(w, SQL_SAMPLE_TALK, &a->picks[i].conv, &any) || !has_row(w, SQL_SAMPLE_RANDOM_FIND, &a->picks[i].conv, &drawn))
            return false;
        if (drawn)
            return refuse(w, KF_CONFLICT, "somebody else has drawn some of the same conversations meanwhile: draw again");
    }
    return true;
}

bool plan_sample(struct work *w, const struct act *act)
{
    const struct act_sample *a = act->u.sample;
    struct stmt *s;
    bool any;

    if (!a->n_picks && !*a->schedule.s)
        return refuse(w, KF_REJECTED, "nothing was drawn");
    if (!still_undrawn(w, a))
        return false;
    if (*a->schedule.s) {
        s = stmt_begin(w->db, SQL_SAMPLE_RUN_FIND);
        stmt_str(s, w->change->site.s);
        stmt_str(s, a->schedule.s);
        stmt_i64(s, a->day);
        any = stmt_row(s);
        if (!ended(w, s))
            return false;
        if (any)
            return refuse(w, KF_CONFLICT, "the sample of that day was drawn already");
    }
    return op_add(w, write_sample, a, NULL, 0);
}

static bool write_sample_close(struct work *w, const struct op *op)
{
    struct stmt *s = stmt_begin(w->db, SQL_SAMPLE_CLOSE);

    stmt_i64(s, op->number);
    return run(w, s);
}

bool plan_sample_close(struct work *w, const struct act *act)
{
    struct stmt *s = stmt_begin(w->db, SQL_SAMPLE_OPEN);
    int64_t n = 0, open = 0;

    stmt_id(s, &act->u.sample_close);
    stmt_str(s, w->change->site.s);
    if (stmt_row(s)) {
        n = get_i64(s);
        open = get_i64(s);
    }
    if (!ended(w, s))
        return false;
    if (!n)
        return refuse(w, KF_ABSENT, "there is no such calibration");
    if (!open)
        return refuse(w, KF_CONFLICT, "nobody is missing: there is nothing to close");
    return op_add(w, write_sample_close, NULL, NULL, n);
}

/* ---- reviews -------------------------------------------------------------------------------------------------------------------- */

/* The row, locked; refused where the site has none of it. */
static bool find_review(struct work *w, const struct kf_id *id, struct review *ret)
{
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_FIND);
    bool any;

    stmt_id(s, id);
    stmt_str(s, w->change->site.s);
    any = stmt_row(s);
    if (!ended(w, s))
        return false;
    if (!any)
        return refuse(w, KF_ABSENT, "there is no such review");
    s = stmt_begin(w->db, SQL_REVIEW_GET);
    stmt_id(s, id);
    if (stmt_row(s))
        row_review(s, w->arena, ret);
    return ended(w, s);
}

static bool write_handover(struct work *w, const struct op *op)
{
    const struct handover_move *m = op->what;
    struct stmt *s = stmt_begin(w->db, id_is_zero(&m->to) ? SQL_REVIEW_MISS : SQL_REVIEW_MOVE);

    if (!id_is_zero(&m->to)) {
        stmt_id(s, &m->to);
        stmt_i64(s, w->change->at);
    }
    stmt_i64(s, op->number);
    return run(w, s);
}

/* Whoever it is that submits one meanwhile was faster. */
bool plan_handover(struct work *w, const struct act *act)
{
    const struct act_handover *h = act->u.handover;

    for (size_t i = 0; i < h->n_moves; i++) {
        const struct handover_move *m = &h->moves[i];
        struct review row = { .n = 0 };

        if (!find_review(w, &m->review, &row))
            return false;
        if (row.state > REVIEW_DRAFT || !id_eq(&row.reviewer, &h->from))
            return refuse(w, KF_CONFLICT, "some of these reviews were submitted or given to somebody else meanwhile: look again");
        if (!id_is_zero(&m->to) && (row.kind == SAMPLE_CALIBRATION || id_eq(&m->to, &row.agent)))
            return refuse(w, KF_REJECTED, "nobody may review this one instead");
        if (!op_add(w, write_handover, m, NULL, row.n))
            return false;
    }
    return true;
}

struct planned {
    const struct act_review *act;
    struct review row;
    enum review_state to;
};

static bool write_version(struct work *w, const struct planned *p)
{
    const struct act_review *a = p->act;
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_VERSION_ADD);

    stmt_i64(s, p->row.n);
    stmt_i64(s, p->row.version + 1);
    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, w->change->by.name ? w->change->by.name : "");
    stmt_i64(s, a->sum.score);
    stmt_i64(s, a->sum.plain);
    stmt_i64(s, a->sum.fatal);
    stmt_str(s, a->body);
    if (!run(w, s))
        return false;
    s = stmt_begin(w->db, SQL_REVIEW_LINES_DROP);
    stmt_i64(s, p->row.n);
    if (!run(w, s))
        return false;
    for (size_t i = 0; i < a->n_lines; i++) {
        s = stmt_begin(w->db, SQL_REVIEW_LINE_ADD);
        stmt_i64(s, p->row.n);
        stmt_str(s, a->lines[i].item.s);
        stmt_i64(s, a->lines[i].earned);
        stmt_i64(s, a->lines[i].max);
        stmt_i64(s, a->lines[i].failed);
        if (!run(w, s))
            return false;
    }
    return true;
}

static bool write_version_again(struct work *w, const struct planned *p)
{
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_VERSION_AGAIN);

    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, w->change->by.name ? w->change->by.name : "");
    stmt_i64(s, p->row.n);
    stmt_i64(s, p->row.version);
    return run(w, s);
}

static void bind_sum(struct stmt *s, const struct score_sum *sum)
{
    stmt_i64(s, sum->score);
    stmt_i64(s, sum->plain);
    stmt_i64(s, sum->fatal);
    stmt_i64(s, sum->passed);
}

static bool write_draft(struct work *w, const struct planned *p)
{
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_DRAFT);

    stmt_i64(s, p->to);
    stmt_i64(s, p->row.revision + 1);
    stmt_str(s, p->act->body);
    stmt_i64(s, p->row.n);
    return run(w, s);
}

static bool write_submitted(struct work *w, const struct planned *p)
{
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_SUBMITTED);

    stmt_i64(s, p->to);
    stmt_i64(s, p->row.revision + 1);
    stmt_i64(s, p->row.version + 1);
    bind_sum(s, &p->act->sum);
    stmt_i64(s, w->change->at);
    stmt_i64(s, p->act->appeal_until);
    stmt_i64(s, p->row.n);
    return run(w, s) && write_version(w, p);
}

static bool write_told(struct work *w, const struct planned *p)
{
    bool appeal = p->act->event == REVIEW_APPEAL;
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_TOLD);

    stmt_i64(s, p->to);
    stmt_i64(s, p->row.revision + 1);
    stmt_i64(s, appeal ? 0 : w->change->at);
    stmt_i64(s, appeal ? w->change->at : 0);
    stmt_i64(s, p->row.n);
    if (!run(w, s))
        return false;
    for (size_t i = 0; appeal && i < p->act->n_appeals; i++) {
        s = stmt_begin(w->db, SQL_REVIEW_APPEAL_ADD);
        stmt_i64(s, p->row.n);
        stmt_str(s, p->act->appeals[i].item.s);
        stmt_str(s, p->act->appeals[i].text);
        if (!run(w, s))
            return false;
    }
    return true;
}

/* Where all was rejected, what stood stands: not what the answers come to, which may be gone by then. */
static bool write_decided(struct work *w, const struct planned *p)
{
    bool rejected = p->act->outcome == APPEAL_REJECTED;
    struct score_sum stood = { .score = p->row.score, .plain = p->row.plain, .fatal = p->row.fatal, .passed = p->row.passed };
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_DECIDED);

    stmt_i64(s, p->to);
    stmt_i64(s, p->row.revision + 1);
    stmt_i64(s, p->row.version + 1);
    bind_sum(s, rejected ? &stood : &p->act->sum);
    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_i64(s, p->act->outcome);
    stmt_i64(s, p->row.n);
    if (!run(w, s) || !(rejected ? write_version_again(w, p) : write_version(w, p)))
        return false;
    for (size_t i = 0; i < p->act->n_appeals; i++) {
        s = stmt_begin(w->db, SQL_REVIEW_APPEAL_SET);
        stmt_i64(s, p->act->appeals[i].outcome);
        stmt_str(s, p->act->appeals[i].answer);
        stmt_i64(s, p->row.n);
        stmt_str(s, p->act->appeals[i].item.s);
        if (!run(w, s))
            return false;
    }
    return true;
}

static bool write_review(struct work *w, const struct op *op)
{
    const struct planned *p = op->what;

    switch (p->act->event) {
    case REVIEW_SAVE:
        return write_draft(w, p);
    case REVIEW_SUBMIT:
        return write_submitted(w, p);
    case REVIEW_ACKNOWLEDGE:
    case REVIEW_APPEAL:
        return write_told(w, p);
    case REVIEW_DECIDE:
    default:
        return write_decided(w, p);
    }
}

bool plan_review(struct work *w, const struct act *act)
{
    struct planned *p = ARENA_NEW(w->arena, struct planned);
    struct kf_err why = { .rc = KF_OK };

    if (!p)
        return refuse(w, KF_NOMEM, "out of memory");
    p->act = act->u.review;
    if (!find_review(w, &p->act->id, &p->row))
        return false;
    if (review_step(&p->row, p->act->event, &w->change->by.id, w->change->at, &p->to, &why))
        return refuse(w, why.rc, "%s", why.text);
    if (p->act->revision != p->row.revision)
        return refuse(w, KF_CONFLICT, "the review was changed meanwhile: it is at revision %lld", (long long)p->row.revision);
    w->news->version = p->row.revision + 1;
    return op_add(w, write_review, p, NULL, 0);
}

/* ---- comments ------------------------------------------------------------------------------------------------------------------- */

static bool write_comment(struct work *w, const struct op *op)
{
    const struct act_comment *c = op->what;
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_COMMENT_ADD);

    stmt_id(s, &c->id);
    stmt_i64(s, op->number);
    stmt_i64(s, c->seq);
    stmt_id(s, &c->parent);
    stmt_i64(s, w->change->at);
    stmt_id(s, &w->change->by.id);
    stmt_str(s, w->change->by.name ? w->change->by.name : "");
    stmt_str(s, c->text);
    if (!run(w, s))
        return false;
    for (size_t i = 0; i < c->n_mentions; i++) {
        s = stmt_begin(w->db, SQL_MENTION_ADD);
        stmt_id(s, &c->mentions[i].person);
        stmt_id(s, &c->id);
        stmt_str(s, c->mentions[i].name);
        if (!run(w, s))
            return false;
    }
    return true;
}

/* Messages are numbered without gaps, and one that was erased keeps its number. */
static bool find_anchor(struct work *w, const struct act_comment *c, int64_t review)
{
    struct stmt *s;
    int64_t n = 0;

    if (c->seq == 0)
        return true;
    s = stmt_begin(w->db, SQL_REVIEW_TALK_SEQ);
    stmt_i64(s, review);
    if (stmt_row(s))
        n = get_i64(s);
    if (!ended(w, s))
        return false;
    return c->seq <= n
               ? true
               : refuse(w, KF_INVALID, "seq: there is no message %" PRId64 " in the conversation of this review, which has 1 to %" PRId64,
                        c->seq, n);
}

static bool has_room(struct work *w, int64_t review)
{
    struct stmt *s = stmt_begin(w->db, SQL_REVIEW_COMMENT_COUNT);
    int64_t n = 0;

    stmt_i64(s, review);
    if (stmt_row(s))
        n = get_i64(s);
    if (!ended(w, s))
        return false;
    return n < REVIEW_COMMENTS_MAX ? true : refuse(w, KF_CONFLICT, "a review has at most %d comments", REVIEW_COMMENTS_MAX);
}

bool plan_comment(struct work *w, const struct act *act)
{
    const struct act_comment *c = &act->u.comment;
    struct review row = { .n = 0 };
    struct stmt *s;
    bool any;

    if (!find_review(w, &c->review, &row) || !find_anchor(w, c, row.n) || !has_room(w, row.n))
        return false;
    if (!id_is_zero(&c->parent)) {
        s = stmt_begin(w->db, SQL_REVIEW_COMMENT_FIND);
        stmt_id(s, &c->parent);
        stmt_i64(s, row.n);
        any = stmt_row(s);
        if (!ended(w, s))
            return false;
        if (!any)
            return refuse(w, KF_ABSENT, "there is no comment to answer");
    }
    return op_add(w, write_comment, c, NULL, row.n);
}
