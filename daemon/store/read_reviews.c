/* Reading what quality review has stored. */
#include "store/inside.h"
#include "store/row.h"

#define REVIEWS_MAX    20000
#define POPULATION_MAX 200000

void row_review(struct stmt *s, struct arena *a, struct review *r)
{
    r->n = get_i64(s);
    get_id(s, &r->id);
    get_key(s, &r->site);
    get_id(s, &r->sample);
    r->sample_name = get_str(s, a);
    r->kind = (enum sample_kind)get_i64(s);
    get_id(s, &r->conv);
    get_key(s, &r->channel);
    get_key(s, &r->queue);
    r->closed_at = get_i64(s);
    get_id(s, &r->agent);
    get_id(s, &r->reviewer);
    get_id(s, &r->decider);
    r->card_n = get_i64(s);
    get_key(s, &r->card);
    r->card_version = get_i64(s);
    r->state = (enum review_state)get_i64(s);
    r->revision = get_i64(s);
    r->version = get_i64(s);
    r->outcome = (enum appeal_outcome)get_i64(s);
    r->score = (int)get_i64(s);
    r->plain = (int)get_i64(s);
    r->fatal = get_i64(s) != 0;
    r->passed = get_i64(s) != 0;
    r->first_score = (int)get_i64(s);
    r->first_plain = (int)get_i64(s);
    r->first_fatal = get_i64(s) != 0;
    r->assigned_at = get_i64(s);
    r->submitted_at = get_i64(s);
    r->appeal_until = get_i64(s);
    r->acknowledged_at = get_i64(s);
    r->appealed_at = get_i64(s);
    r->decided_at = get_i64(s);
}

struct reading {
    struct db *db;
    struct query *q;
    struct stored_quality *ret;
    struct arena *arena;
    struct kf_err *why;
};

#define ROOM(r, array, n) ((array) = arena_more((r)->arena, (array), (n), sizeof(*(array))))

static enum kf_rc no_room(struct reading *r, struct stmt *s)
{
    (void)stmt_end(s, NULL);
    return kf_fail(r->why, KF_NOMEM, "out of memory");
}

static enum kf_rc take_reviews(struct reading *r, struct stmt *s)
{
    while (stmt_row(s)) {
        if (!ROOM(r, r->ret->reviews, r->ret->n_reviews))
            return no_room(r, s);
        row_review(s, r->arena, &r->ret->reviews[r->ret->n_reviews++]);
    }
    return stmt_end(s, r->why);
}

static int64_t limit_of(const struct query *q)
{
    return q->limit > 0 && q->limit < REVIEWS_MAX ? q->limit : REVIEWS_MAX;
}

static enum kf_rc read_list(struct reading *r)
{
    static const enum sql which[] = {
        [REVIEWS_BY_TIME] = SQL_REVIEWS_SITE,       [REVIEWS_BY_REVIEWER] = SQL_REVIEWS_REVIEWER, [REVIEWS_BY_AGENT] = SQL_REVIEWS_AGENT,
        [REVIEWS_BY_APPEAL] = SQL_REVIEWS_APPEALED, [REVIEWS_BY_SAMPLE] = SQL_REVIEWS_SAMPLE,     [REVIEWS_BY_CONV] = SQL_REVIEWS_CONV
    };
    struct query *q = r->q;
    struct stmt *s = stmt_begin(r->db, which[q->by]);
    enum kf_rc rc;

    if (q->by != REVIEWS_BY_SAMPLE && q->by != REVIEWS_BY_CONV)
        stmt_str(s, q->site.s);
    if (q->by == REVIEWS_BY_TIME) {
        stmt_i64(s, q->after);
        stmt_i64(s, q->before ? q->before : INT64_MAX);
    } else if (q->by != REVIEWS_BY_APPEAL)
        stmt_id(s, &q->id);
    stmt_i64(s, limit_of(q) + 1);
    rc = take_reviews(r, s);
    q->more = r->ret->n_reviews > (size_t)limit_of(q);
    r->ret->n_reviews -= q->more;
    return rc;
}

static bool has_card(const struct stored_quality *ret, int64_t n)
{
    for (size_t i = 0; i < ret->n_cards; i++)
        if (ret->cards[i].n == n)
            return true;
    return false;
}

/* Each card that one of the reviews was made with. */
static enum kf_rc read_cards(struct reading *r)
{
    for (size_t i = 0; i < r->ret->n_reviews; i++) {
        struct stored_card *c;
        struct stmt *s;
        enum kf_rc rc;

        if (has_card(r->ret, r->ret->reviews[i].card_n))
            continue;
        s = stmt_begin(r->db, SQL_SCORECARD_GET);
        if (!ROOM(r, r->ret->cards, r->ret->n_cards))
            return no_room(r, s);
        c = &r->ret->cards[r->ret->n_cards];
        stmt_i64(s, r->ret->reviews[i].card_n);
        if (stmt_row(s)) {
            c->n = get_i64(s);
            get_key(s, &c->key);
            c->version = get_i64(s);
            c->body = get_str(s, r->arena);
            r->ret->n_cards++;
        }
        if ((rc = stmt_end(s, r->why)))
            return rc;
    }
    return KF_OK;
}

static enum kf_rc take_lines(struct reading *r, struct stmt *s)
{
    while (stmt_row(s)) {
        struct review_line *l;

        if (!ROOM(r, r->ret->lines, r->ret->n_lines))
            return no_room(r, s);
        l = &r->ret->lines[r->ret->n_lines++];
        l->review = get_i64(s);
        get_key(s, &l->item);
        l->earned = (int)get_i64(s);
        l->max = (int)get_i64(s);
        l->failed = get_i64(s) != 0;
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_lines(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_LINES);

    stmt_str(s, r->q->site.s);
    stmt_i64(s, r->q->after);
    stmt_i64(s, r->q->before ? r->q->before : INT64_MAX);
    return take_lines(r, s);
}

static enum kf_rc read_quality(struct reading *r)
{
    enum kf_rc rc;

    r->q->by = REVIEWS_BY_TIME;
    rc = read_list(r);
    r->q->capped = r->q->more;
    if (!rc)
        rc = read_lines(r);
    return rc ? rc : read_cards(r);
}

/* ---- one review ----------------------------------------------------------------------------------------------------------------- */

static enum kf_rc read_texts(struct reading *r, int64_t n)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_TEXTS);

    stmt_i64(s, n);
    if (stmt_row(s)) {
        r->ret->draft = get_str(s, r->arena);
        r->ret->body = get_str(s, r->arena);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_blind(struct reading *r, int64_t n)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_OPEN_BESIDE);

    stmt_i64(s, n);
    r->ret->blind = stmt_row(s) && get_i64(s) > 0 && r->ret->reviews[0].kind == SAMPLE_CALIBRATION;
    return stmt_end(s, r->why);
}

static enum kf_rc read_lines_one(struct reading *r, int64_t n)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_LINES_ONE);

    stmt_i64(s, n);
    return take_lines(r, s);
}

static enum kf_rc read_versions(struct reading *r, int64_t n)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_VERSIONS);

    stmt_i64(s, n);
    while (stmt_row(s)) {
        struct review_version *v;

        if (!ROOM(r, r->ret->versions, r->ret->n_versions))
            return no_room(r, s);
        v = &r->ret->versions[r->ret->n_versions++];
        v->version = get_i64(s);
        v->at = get_i64(s);
        get_id(s, &v->by);
        v->by_name = get_str(s, r->arena);
        v->score = (int)get_i64(s);
        v->plain = (int)get_i64(s);
        v->fatal = get_i64(s) != 0;
        v->body = get_str(s, r->arena);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_appeals(struct reading *r, int64_t n)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_APPEALS);

    stmt_i64(s, n);
    while (stmt_row(s)) {
        struct review_appeal *a;

        if (!ROOM(r, r->ret->appeals, r->ret->n_appeals))
            return no_room(r, s);
        a = &r->ret->appeals[r->ret->n_appeals++];
        get_key(s, &a->item);
        a->text = get_str(s, r->arena);
        a->outcome = (enum appeal_outcome)get_i64(s);
        a->answer = get_str(s, r->arena);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_comments(struct reading *r, int64_t n)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_COMMENTS);

    stmt_i64(s, n);
    while (stmt_row(s)) {
        struct review_comment *c;

        if (!ROOM(r, r->ret->comments, r->ret->n_comments))
            return no_room(r, s);
        c = &r->ret->comments[r->ret->n_comments++];
        get_id(s, &c->id);
        c->seq = get_i64(s);
        get_id(s, &c->parent);
        c->at = get_i64(s);
        get_id(s, &c->by);
        c->by_name = get_str(s, r->arena);
        c->text = get_str(s, r->arena);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_mentions(struct reading *r, int64_t n)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_MENTIONS);

    stmt_i64(s, n);
    while (stmt_row(s)) {
        struct comment_mention *m;

        if (!ROOM(r, r->ret->mentions, r->ret->n_mentions))
            return no_room(r, s);
        m = &r->ret->mentions[r->ret->n_mentions++];
        get_id(s, &m->comment);
        get_id(s, &m->who.person);
        m->who.name = get_str(s, r->arena);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_one(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_GET);
    enum kf_rc rc;
    int64_t n;

    stmt_id(s, &r->q->id);
    rc = take_reviews(r, s);
    if (rc || !r->ret->n_reviews)
        return rc ? rc : kf_fail(r->why, KF_ABSENT, "there is no such review");
    n = r->ret->reviews[0].n;
    r->ret->draft = r->ret->body = "";
    if ((rc = read_cards(r)) || (rc = read_texts(r, n)) || (rc = read_lines_one(r, n)) || (rc = read_blind(r, n)) ||
        (rc = read_versions(r, n)) || (rc = read_appeals(r, n)) || (rc = read_comments(r, n)))
        return rc;
    return read_mentions(r, n);
}

/* ---- samples -------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc take_samples(struct reading *r, struct stmt *s)
{
    while (stmt_row(s)) {
        struct stored_sample *m;

        if (!ROOM(r, r->ret->samples, r->ret->n_samples))
            return no_room(r, s);
        m = &r->ret->samples[r->ret->n_samples++];
        get_id(s, &m->id);
        m->name = get_str(s, r->arena);
        m->kind = (enum sample_kind)get_i64(s);
        m->seed = get_i64(s);
        m->population = get_i64(s);
        m->drawn = get_i64(s);
        get_key(s, &m->card);
        m->card_version = get_i64(s);
        m->plan = get_str(s, r->arena);
        m->at = get_i64(s);
        get_id(s, &m->by);
        m->by_name = get_str(s, r->arena);
        m->done = get_i64(s);
        get_key(s, &m->schedule);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_parts(struct reading *r, struct stored_sample *m)
{
    struct stmt *s = stmt_begin(r->db, SQL_SAMPLE_PARTS);

    stmt_id(s, &m->id);
    while (stmt_row(s)) {
        if (!ROOM(r, m->parts, m->n_parts))
            return no_room(r, s);
        get_key(s, &m->parts[m->n_parts].queue);
        get_id(s, &m->parts[m->n_parts].reviewer);
        m->parts[m->n_parts].open = get_i64(s);
        m->parts[m->n_parts++].missed = get_i64(s);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_all_parts(struct reading *r)
{
    enum kf_rc rc = KF_OK;

    for (size_t i = 0; !rc && i < r->ret->n_samples; i++)
        rc = read_parts(r, &r->ret->samples[i]);
    return rc;
}

static enum kf_rc read_samples(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_SAMPLES);
    enum kf_rc rc;

    stmt_str(s, r->q->site.s);
    stmt_i64(s, limit_of(r->q));
    rc = take_samples(r, s);
    return rc ? rc : read_all_parts(r);
}

/* One sample with all that was made of it. */
static enum kf_rc read_agreement(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_SAMPLE_GET);
    enum kf_rc rc;

    stmt_str(s, r->q->site.s);
    stmt_id(s, &r->q->id);
    rc = take_samples(r, s);
    if (rc || !r->ret->n_samples)
        return rc ? rc : kf_fail(r->why, KF_ABSENT, "there is no such sample");
    r->q->by = REVIEWS_BY_SAMPLE;
    if ((rc = read_all_parts(r)) || (rc = read_list(r)) || (rc = read_cards(r)))
        return rc;
    s = stmt_begin(r->db, SQL_REVIEW_LINES_SAMPLE);
    stmt_id(s, &r->q->id);
    return take_lines(r, s);
}

static enum kf_rc read_runs(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_SAMPLE_RUNS);

    stmt_str(s, r->q->site.s);
    while (stmt_row(s)) {
        struct stored_run *run;

        if (!ROOM(r, r->ret->runs, r->ret->n_runs))
            return no_room(r, s);
        run = &r->ret->runs[r->ret->n_runs++];
        get_key(s, &run->schedule);
        run->day = get_i64(s);
        run->upto = get_i64(s);
        run->population = get_i64(s);
        run->drawn = get_i64(s);
        run->wanted = get_i64(s);
        run->at = get_i64(s);
        get_id(s, &run->sample);
    }
    return stmt_end(s, r->why);
}

static bool more_units(struct reading *r)
{
    struct stored_quality *ret = r->ret;
    size_t n = ret->n_units;

    return ROOM(r, ret->units, n) && ROOM(r, ret->since, n) && ROOM(r, ret->reviewed, n);
}

static bool add_served(struct reading *r, struct stmt *s, struct sample_unit *u)
{
    struct kf_id *served = arena_more(r->arena, (void *)u->served, u->n_served, sizeof(*served));

    if (!served)
        return false;
    u->served = served;
    get_id(s, &served[u->n_served++]);
    return true;
}

/* A conversation comes once for each person who has served it. */
static enum kf_rc read_units(struct reading *r)
{
    struct stored_quality *ret = r->ret;
    struct stmt *s = stmt_begin(r->db, SQL_POPULATION);
    int64_t last = 0;

    stmt_str(s, r->q->site.s);
    stmt_i64(s, r->q->after);
    stmt_i64(s, r->q->before ? r->q->before : INT64_MAX);
    while (stmt_row(s)) {
        int64_t n = get_i64(s);
        struct sample_unit *u;

        if (n != last) {
            if (ret->n_units == POPULATION_MAX) {
                r->q->capped = true;
                break;
            }
            if (!more_units(r))
                return no_room(r, s);
            ret->n_units++;
            last = n;
        }
        u = &ret->units[ret->n_units - 1];
        get_id(s, &u->conv);
        get_id(s, &u->agent);
        get_key(s, &u->channel);
        get_key(s, &u->queue);
        u->closed_at = get_i64(s);
        u->rating = (int)get_i64(s);
        ret->since[ret->n_units - 1] = get_i64(s);
        ret->reviewed[ret->n_units - 1] = get_i64(s) > 0;
        u->scored = get_i64(s) > 0;
        u->calibrating = get_i64(s) > 0;
        u->risky = get_i64(s) > 0;
        if (!add_served(r, s, u))
            return no_room(r, s);
    }
    return stmt_end(s, r->why);
}

/* Of the units, which stand in the order of the conversations: the first from *i on that is not before `conv`; NULL: none is left. */
static struct sample_unit *unit_from(const struct stored_quality *q, size_t *i, const struct kf_id *conv)
{
    while (*i < q->n_units && memcmp(&q->units[*i].conv, conv, sizeof(*conv)) < 0)
        ++*i;
    return *i < q->n_units ? &q->units[*i] : NULL;
}

/* Tags stand in the order of the conversations. */
static enum kf_rc read_unit_tags(struct reading *r)
{
    struct stored_quality *ret = r->ret;
    struct stmt *s = stmt_begin(r->db, SQL_POPULATION_TAGS);
    size_t i = 0;

    stmt_str(s, r->q->site.s);
    stmt_i64(s, r->q->after);
    stmt_i64(s, r->q->before ? r->q->before : INT64_MAX);
    while (stmt_row(s)) {
        struct sample_unit *u;
        const char **tags;
        struct kf_id conv;

        get_id(s, &conv);
        u = unit_from(ret, &i, &conv);
        if (!u)
            break;
        if (!id_eq(&u->conv, &conv)) /* it was closed between the two statements */
            continue;
        tags = arena_more(r->arena, (void *)u->tags, u->n_tags, sizeof(*tags));
        if (!tags)
            return no_room(r, s);
        u->tags = tags;
        tags[u->n_tags++] = get_str(s, r->arena);
    }
    return stmt_end(s, r->why);
}

/* In the same order: the first one counts, but for the last agent, who is judged as he is for all else. */
static enum kf_rc read_unit_risks(struct reading *r)
{
    struct stored_quality *ret = r->ret;
    struct stmt *s = stmt_begin(r->db, SQL_POPULATION_RISKS);
    size_t i = 0;

    stmt_str(s, r->q->site.s);
    stmt_i64(s, r->q->after);
    stmt_i64(s, r->q->before ? r->q->before : INT64_MAX);
    while (stmt_row(s)) {
        struct sample_unit *u;
        struct kf_id conv, agent;

        get_id(s, &conv);
        get_id(s, &agent);
        u = unit_from(ret, &i, &conv);
        if (!u)
            break;
        if (!id_eq(&u->conv, &conv) || (!id_is_zero(&u->risk) && !id_eq(&agent, &u->agent)))
            continue;
        u->risk = agent;
        u->risk_since = get_i64(s);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_loads(struct reading *r)
{
    struct stmt *s = stmt_begin(r->db, SQL_REVIEW_LOADS);

    stmt_str(s, r->q->site.s);
    while (stmt_row(s)) {
        struct sample_reviewer *l;

        if (!ROOM(r, r->ret->loads, r->ret->n_loads))
            return no_room(r, s);
        l = &r->ret->loads[r->ret->n_loads++];
        get_id(s, &l->person);
        l->load = (size_t)get_i64(s);
    }
    return stmt_end(s, r->why);
}

static enum kf_rc read_population(struct reading *r)
{
    enum kf_rc rc = read_units(r);

    if (!rc && r->q->with_tags && !(rc = read_unit_tags(r)))
        rc = read_unit_risks(r);
    return rc ? rc : read_loads(r);
}

/* What somebody still has to review, with who has served each. */
static enum kf_rc read_open(struct reading *r)
{
    struct stored_quality *ret = r->ret;
    struct stmt *s = stmt_begin(r->db, SQL_REVIEWS_OPEN);
    int64_t last = 0;

    stmt_str(s, r->q->site.s);
    stmt_id(s, &r->q->id);
    while (stmt_row(s)) {
        int64_t n = get_i64(s);
        struct open_review *o;
        struct sample_unit *u;

        if (n != last) {
            if (!ROOM(r, ret->open, ret->n_units) || !ROOM(r, ret->units, ret->n_units))
                return no_room(r, s);
            ret->n_units++;
            last = n;
        }
        o = &ret->open[ret->n_units - 1];
        u = &ret->units[ret->n_units - 1];
        get_id(s, &o->id);
        get_id(s, &o->sample);
        o->kind = (enum sample_kind)get_i64(s);
        get_id(s, &u->conv);
        get_id(s, &u->agent);
        get_key(s, &u->queue);
        if (!add_served(r, s, u))
            return no_room(r, s);
    }
    return stmt_end(s, r->why);
}

enum kf_rc reviews_run(struct reader *reader, struct query *q, struct kf_err *why)
{
    struct reading r = { reader->db, q, &q->quality, q->arena, why };

    switch (q->kind) {
    case QUERY_REVIEWS:
        return read_list(&r);
    case QUERY_REVIEW:
        return read_one(&r);
    case QUERY_QUALITY:
        return read_quality(&r);
    case QUERY_SAMPLES:
        return read_samples(&r);
    case QUERY_AGREEMENT:
        return read_agreement(&r);
    case QUERY_RUNS:
        return read_runs(&r);
    case QUERY_OPEN_REVIEWS: {
        enum kf_rc rc = read_open(&r);

        return rc ? rc : read_loads(&r);
    }
    case QUERY_POPULATION:
    default:
        return read_population(&r);
    }
}
