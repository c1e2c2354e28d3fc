/* The filters of a search. Those that stand in the conversation's own row are looked at first; for the others a row of another table is
 * asked, the one that is the cheapest to be refused by before the others. */
#include "store/facets.h"

#include "core/buf.h"
#include "core/permit.h"

#define TAGS_MAX 4096
#define RARE     4000 /* rows that are sorted: some 20 ms */

static bool in_course(const struct search *f)
{
    return f->wait.set || f->response.set || f->silence.set || f->lasted.set || f->closed_by;
}

static bool in_row(const struct search *f)
{
    return *f->channel.s || f->n_queues || f->from || f->to || f->rating || f->reader || f->closed || !id_is_zero(&f->contact);
}

static bool elsewhere(const struct search *f)
{
    return !id_is_zero(&f->agent) || f->tag.n || *f->rule.s || *f->check.s || f->score.set || f->reviewed || *f->card.s || f->form ||
           in_course(f);
}

bool facets_asked(const struct search *f)
{
    return in_row(f) || elsewhere(f);
}

static bool queue_fits(const struct search *f, const struct kf_key *queue)
{
    for (size_t i = 0; i < f->n_queues; i++)
        if (key_eq(&f->queues[i], queue))
            return true;
    return f->n_queues == 0;
}

static bool range_fits(const struct search_range *r, int64_t v)
{
    return !r->set || (v >= r->min && v <= r->max);
}

/* The columns that every list has. */
static bool row_fits(const struct query *q, struct stmt *s, struct facets *ret)
{
    const struct search *f = &q->search;
    struct conv c = { .site = q->site };

    ret->n = get_i64(s);
    ret->seq = get_i64(s);
    get_key(s, &c.channel);
    get_key(s, &c.queue);
    ret->opened_at = get_i64(s);
    c.rating = (int)get_i64(s);
    get_id(s, &c.contact);
    c.state = (enum conv_state)get_i64(s);
    get_id(s, &c.owner);
    get_id(s, &c.last_agent);
    get_id(s, &c.helper);
    return (!*f->channel.s || key_eq(&f->channel, &c.channel)) && queue_fits(f, &c.queue) && (!f->from || ret->opened_at >= f->from) &&
           (!f->to || ret->opened_at < f->to) && (!f->rating || c.rating == f->rating) &&
           (!f->closed || (c.state == CONV_CLOSED) == (f->closed > 0)) && (id_is_zero(&f->contact) || id_eq(&f->contact, &c.contact)) &&
           (!f->reader || permit(f->reader, f->exporting ? VERB_EXPORT : VERB_TRANSCRIPT, &q->site, &c));
}

static enum kf_rc any_row(struct stmt *s, bool *ret, struct kf_err *why)
{
    *ret = stmt_row(s);
    return stmt_end(s, why);
}

static enum kf_rc served_by(struct db *db, const struct search *f, int64_t n, bool *fits, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_SERVED_FIND);

    stmt_id(s, &f->agent);
    stmt_i64(s, n);
    return any_row(s, fits, why);
}

/* Has it anything of that name? */
static enum kf_rc any_named(struct db *db, enum sql which, int64_t n, struct slice name, bool *fits, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, which);

    stmt_i64(s, n);
    stmt_text(s, name);
    return any_row(s, fits, why);
}

static enum kf_rc form_fits(struct db *db, const struct search *f, int64_t n, bool *fits, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_FORM_ANY);
    enum kf_rc rc;
    bool any;

    stmt_i64(s, n);
    rc = any_row(s, &any, why);
    *fits = any == (f->form > 0);
    return rc;
}

static enum kf_rc course_fits(struct db *db, const struct search *f, int64_t n, bool *fits, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_COURSE_GET);

    *fits = false;
    stmt_i64(s, n);
    if (stmt_row(s)) {
        int64_t wait = get_i64(s), response = get_i64(s), silence = get_i64(s), lasted = get_i64(s), by = get_i64(s);

        *fits = range_fits(&f->wait, wait) && range_fits(&f->response, response) && range_fits(&f->silence, silence) &&
                range_fits(&f->lasted, lasted) && (!f->closed_by || by == f->closed_by - 1);
    }
    return stmt_end(s, why);
}

static enum kf_rc score_of(struct db *db, int64_t n, int64_t *ret, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_SCORE_OF);

    *ret = -1;
    stmt_i64(s, n);
    if (stmt_row(s))
        *ret = get_i64(s);
    return stmt_end(s, why);
}

static enum kf_rc review_fits(struct db *db, const struct search *f, int64_t n, bool *fits, struct kf_err *why)
{
    int64_t score;
    enum kf_rc rc = score_of(db, n, &score, why);

    *fits = (f->reviewed == REVIEWED_ANY || (score >= 0) == (f->reviewed == REVIEWED_YES)) &&
            (!f->score.set || (score >= 0 && range_fits(&f->score, score)));
    return rc;
}

/* What stands in other tables; the list has asked one of them already. */
static enum kf_rc rest_fits(struct db *db, const struct query *q, int64_t n, enum sql listed, bool *fits, struct kf_err *why)
{
    const struct search *f = &q->search;
    enum kf_rc rc = KF_OK;

    *fits = true;
    if (!id_is_zero(&f->agent) && listed != SQL_LIST_AGENT)
        rc = served_by(db, f, n, fits, why);
    if (!rc && *fits && f->tag.n && listed != SQL_LIST_TAG)
        rc = any_named(db, SQL_TAG_FIND, n, f->tag, fits, why);
    if (!rc && *fits && *f->rule.s && listed != SQL_LIST_RULE)
        rc = any_named(db, SQL_FIRING_ANY, n, slice_of(f->rule.s), fits, why);
    if (!rc && *fits && *f->check.s)
        rc = any_named(db, SQL_FINDING_ANY, n, slice_of(f->check.s), fits, why); /* also of the list, which has the dismissed ones too */
    if (!rc && *fits && f->form && listed != SQL_LIST_FORM)
        rc = form_fits(db, f, n, fits, why);
    if (!rc && *fits && in_course(f))
        rc = course_fits(db, f, n, fits, why);
    if (!rc && *fits && (f->score.set || f->reviewed))
        rc = review_fits(db, f, n, fits, why);
    if (!rc && *fits && *f->card.s)
        rc = any_named(db, SQL_REVIEWED_WITH, n, slice_of(f->card.s), fits, why);
    return rc;
}

/* ---- where to start from ---------------------------------------------------------------------------------------------------------------- */

static struct stmt *ask_many(struct db *db, const struct query *q, enum sql list)
{
    const struct search *f = &q->search;
    struct stmt *s = stmt_begin(db, list == SQL_LIST_TAG     ? SQL_TAG_MANY
                                    : list == SQL_LIST_RULE  ? SQL_FIRING_MANY
                                    : list == SQL_LIST_CHECK ? SQL_FINDING_MANY
                                    : list == SQL_LIST_AGENT ? SQL_SERVED_MANY
                                    : list == SQL_LIST_FORM  ? SQL_FORM_MANY
                                                             : SQL_REVIEW_MANY);

    if (list == SQL_LIST_TAG)
        stmt_text(s, f->tag);
    else if (list == SQL_LIST_RULE)
        stmt_str(s, f->rule.s);
    else if (list == SQL_LIST_CHECK) {
        stmt_str(s, q->site.s);
        stmt_str(s, f->check.s);
    } else if (list == SQL_LIST_AGENT)
        stmt_id(s, &f->agent);
    else if (list != SQL_LIST_FORM) {
        stmt_str(s, q->site.s);
        stmt_i64(s, f->score.set ? f->score.min : INT64_MIN);
        stmt_i64(s, f->score.set ? f->score.max : INT64_MAX);
    }
    stmt_i64(s, RARE);
    return s;
}

/* Is that list short enough to be sorted? What cannot be told is not. */
static bool is_rare(struct db *db, const struct query *q, enum sql list)
{
    struct stmt *s = ask_many(db, q, list);
    bool many = stmt_row(s);

    return !stmt_end(s, NULL) && !many;
}

/* One visitor's are always few; then what is rare; the others lie in the order that is wanted, the one that leaves the fewest first. A time is
 * said beside each of them. */
static enum sql choose(struct db *db, const struct query *q)
{
    const struct search *f = &q->search;

    if (!id_is_zero(&f->contact))
        return SQL_LIST_CONTACT;
    if (f->tag.n && is_rare(db, q, SQL_LIST_TAG))
        return SQL_LIST_TAG;
    if ((f->score.set || f->reviewed == REVIEWED_YES || *f->card.s) && is_rare(db, q, SQL_LIST_REVIEWED))
        return SQL_LIST_REVIEWED;
    if (*f->check.s && is_rare(db, q, SQL_LIST_CHECK))
        return SQL_LIST_CHECK;
    if (*f->rule.s && is_rare(db, q, SQL_LIST_RULE))
        return SQL_LIST_RULE;
    if (f->form > 0 && is_rare(db, q, SQL_LIST_FORM))
        return SQL_LIST_FORM;
    if (!id_is_zero(&f->agent) && (f->reader || is_rare(db, q, SQL_LIST_AGENT)))
        return SQL_LIST_AGENT;
    return f->rating ? SQL_LIST_RATING : f->n_queues == 1 ? SQL_LIST_QUEUE : *f->channel.s ? SQL_LIST_CHANNEL : SQL_LIST_SITE;
}

struct stmt *facets_list(struct db *db, const struct query *q, enum sql *which)
{
    const struct search *f = &q->search;
    struct stmt *s;

    *which = choose(db, q);
    s = stmt_begin(db, *which);
    stmt_str(s, q->site.s);
    stmt_i64(s, f->from);
    stmt_i64(s, f->to ? f->to : INT64_MAX);
    if (*which == SQL_LIST_CONTACT)
        stmt_id(s, &f->contact);
    else if (*which == SQL_LIST_TAG)
        stmt_text(s, f->tag);
    else if (*which == SQL_LIST_REVIEWED) {
        stmt_i64(s, f->score.set ? f->score.min : INT64_MIN);
        stmt_i64(s, f->score.set ? f->score.max : INT64_MAX);
    } else if (*which == SQL_LIST_RATING)
        stmt_i64(s, f->rating);
    else if (*which == SQL_LIST_AGENT)
        stmt_id(s, &f->agent);
    else if (*which == SQL_LIST_RULE)
        stmt_str(s, f->rule.s);
    else if (*which == SQL_LIST_CHECK)
        stmt_str(s, f->check.s);
    else if (*which == SQL_LIST_QUEUE)
        stmt_str(s, f->queues[0].s);
    else if (*which == SQL_LIST_CHANNEL)
        stmt_str(s, f->channel.s);
    return s;
}

enum kf_rc facets_row(struct db *db, const struct query *q, struct stmt *row, enum sql which, struct facets *ret, bool *fits,
                      struct kf_err *why)
{
    *fits = row_fits(q, row, ret);
    return *fits && elsewhere(&q->search) ? rest_fits(db, q, ret->n, which, fits, why) : KF_OK;
}

/* Of the filters that an index names the conversations of without a look at their rows. */
struct stmt *facets_numbers(struct db *db, const struct query *q, size_t i, int64_t limit)
{
    const struct search *f = &q->search;
    struct stmt *s = NULL;

    if (i == 0 && f->rating > 0) {
        s = stmt_begin(db, SQL_NUMBERS_RATING);
        stmt_str(s, q->site.s);
        stmt_i64(s, f->from);
        stmt_i64(s, f->to ? f->to : INT64_MAX);
        stmt_i64(s, f->rating);
    } else if (i == 1 && !id_is_zero(&f->agent)) {
        s = stmt_begin(db, SQL_NUMBERS_AGENT);
        stmt_id(s, &f->agent);
    } else if (i == 2 && f->tag.n) {
        s = stmt_begin(db, SQL_NUMBERS_TAG);
        stmt_text(s, f->tag);
    } else if (i == 3 && *f->rule.s) {
        s = stmt_begin(db, SQL_NUMBERS_RULE);
        stmt_str(s, f->rule.s);
    } else if (i == 4 && f->form > 0) {
        s = stmt_begin(db, SQL_NUMBERS_FORM);
    }
    if (s)
        stmt_i64(s, limit);
    return s;
}

enum kf_rc facets_of(struct db *db, const struct query *q, int64_t n, struct facets *ret, bool *fits, struct kf_err *why)
{
    enum kf_rc rc = KF_OK;
    struct facets f;

    *fits = true;
    if (ret || in_row(&q->search)) {
        struct stmt *s = stmt_begin(db, SQL_CONV_FACETS);

        stmt_i64(s, n);
        stmt_str(s, q->site.s);
        *fits = stmt_row(s) && row_fits(q, s, ret ? ret : &f);
        rc = stmt_end(s, why);
    }
    return !rc && *fits && elsewhere(&q->search) ? rest_fits(db, q, n, SQL_CONV_FACETS, fits, why) : rc;
}

static enum kf_rc tags_of(struct db *db, int64_t n, struct arena *a, const char **ret, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_TAGS_BY_N);
    struct buf b;
    enum kf_rc rc;

    buf_init(&b, TAGS_MAX);
    stmt_i64(s, n);
    for (int i = 0; stmt_row(s); i++) {
        buf_str(&b, i ? ", " : "");
        buf_add(&b, get_slice(s));
    }
    rc = stmt_end(s, why);
    *ret = b.n ? arena_text(a, buf_slice(&b)) : "";
    if (!rc && (!buf_ok(&b) || !*ret))
        rc = kf_fail(why, KF_NOMEM, "out of memory");
    buf_finish(&b);
    return rc;
}

enum kf_rc facets_beside(struct db *db, int64_t n, struct arena *a, struct search_row *ret, struct kf_err *why)
{
    struct stmt *s = stmt_begin(db, SQL_COURSE_GET);
    enum kf_rc rc;

    *ret = (struct search_row){ .wait = -1, .response = -1, .silence = -1, .lasted = -1, .closed_by = -1 };
    stmt_i64(s, n);
    if (stmt_row(s)) {
        ret->wait = get_i64(s);
        ret->response = get_i64(s);
        ret->silence = get_i64(s);
        ret->lasted = get_i64(s);
        ret->closed_by = (int)get_i64(s);
    }
    rc = stmt_end(s, why);
    if (!rc)
        rc = score_of(db, n, &ret->score, why);
    return rc ? rc : tags_of(db, n, a, &ret->tags, why);
}
