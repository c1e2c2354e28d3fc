/* agreement.c: calibration: what several reviewers made of the same conversations, once all of them are in, or the
 * one who leads it has closed it: how far apart they are on each
 * item, how far they agree beyond chance, and who is stricter than the others. */
#include "api/reviews.h"
#include "core/agree.h"

#include <math.h>

#define RATERS_MAX 64

/* Ratings as agree.h wants them: of each conversation by each reviewer. */
struct panel {
    struct turn *turn;
    const struct stored_quality *q;
    struct scorecard card;
    struct arena *arena;
    struct kf_id raters[RATERS_MAX];
    size_t n_raters;
    struct kf_id *convs; /* those that all are in of */
    size_t n_convs, waiting;
    double *score, *passed, *item; /* n_convs × n_raters; `item` is filled anew for each */
};

static int number_of(const struct kf_id *ids, size_t n, const struct kf_id *id)
{
    for (size_t i = 0; i < n; i++)
        if (id_eq(&ids[i], id))
            return (int)i;
    return -1;
}

/* Blind until all are in: then the reader may see it, unless it is about him or of a queue that is not his. Of what was closed those that
 * are in are told. */
static bool is_shown(const struct panel *p, const struct member *reader, const struct kf_id *conv, bool *blind)
{
    bool ret = true, any = false;

    *blind = false;
    for (size_t i = 0; i < p->q->n_reviews; i++) {
        const struct review *r = &p->q->reviews[i];

        if (!id_eq(&r->conv, conv))
            continue;
        *blind |= r->state < REVIEW_SUBMITTED;
        if (r->state == REVIEW_MISSED)
            continue;
        any = true;
        ret &= permit_review(reader, REVIEW_READ, r, false);
    }
    return ret && any && !*blind;
}

static bool find_convs(struct panel *p, const struct member *reader)
{
    struct kf_id *looked = arena_array(p->arena, p->q->n_reviews + 1, sizeof(*looked));
    size_t n = 0;

    p->convs = arena_array(p->arena, p->q->n_reviews + 1, sizeof(*p->convs));
    if (!looked || !p->convs)
        return false;
    for (size_t i = 0; i < p->q->n_reviews; i++) {
        const struct review *r = &p->q->reviews[i];
        bool blind;

        if (number_of(looked, n, &r->conv) >= 0)
            continue;
        looked[n++] = r->conv;
        if (is_shown(p, reader, &r->conv, &blind))
            p->convs[p->n_convs++] = r->conv;
        p->waiting += blind;
    }
    for (size_t i = 0; i < p->q->n_reviews; i++)
        if (p->n_raters < RATERS_MAX && number_of(p->raters, p->n_raters, &p->q->reviews[i].reviewer) < 0)
            p->raters[p->n_raters++] = p->q->reviews[i].reviewer;
    return true;
}

/* Where the rating of a review stands, -1: nowhere. */
static long place(const struct panel *p, const struct review *r)
{
    int unit = number_of(p->convs, p->n_convs, &r->conv), rater = number_of(p->raters, p->n_raters, &r->reviewer);

    return unit < 0 || rater < 0 ? -1 : (long)unit * (long)p->n_raters + rater;
}

static double *ratings_new(struct panel *p)
{
    double *ret = arena_array(p->arena, p->n_convs * p->n_raters + 1, sizeof(*ret));

    for (size_t i = 0; ret && i < p->n_convs * p->n_raters; i++)
        ret[i] = AGREE_NONE;
    return ret;
}

static bool fill(struct panel *p, const struct member *reader)
{
    if (!find_convs(p, reader))
        return false;
    p->score = ratings_new(p);
    p->passed = ratings_new(p);
    p->item = ratings_new(p);
    if (!p->score || !p->passed || !p->item)
        return false;
    for (size_t i = 0; i < p->q->n_reviews; i++) {
        const struct review *r = &p->q->reviews[i];
        long at = place(p, r);

        if (at >= 0 && review_is_in(r)) {
            p->score[at] = r->score;
            p->passed[at] = r->passed;
        }
    }
    return true;
}

/* ---- as JSON --------------------------------------------------------------------------------------------------------------------------- */

static json_t *real_or_null(bool any, double v)
{
    return any ? json_real(v) : json_null();
}

static json_t *alpha_json(const struct panel *p, const double *ratings, enum agree_level level)
{
    double v = 0;
    bool any = agree_alpha(ratings, p->n_convs, p->n_raters, level, &v);

    return real_or_null(any, v);
}

static json_t *reviewers_json(const struct panel *p, const struct kf_key *site)
{
    json_t *ret = json_array();

    for (size_t r = 0; r < p->n_raters; r++) {
        double severity = 0, sum = 0;
        bool any = agree_severity(p->score, p->n_convs, p->n_raters, r, &severity);
        size_t n = 0, missing = 0;

        for (size_t i = 0; i < p->q->n_reviews; i++)
            missing += p->q->reviews[i].state == REVIEW_MISSED && id_eq(&p->q->reviews[i].reviewer, &p->raters[r]);
        for (size_t u = 0; u < p->n_convs; u++)
            if (p->score[u * p->n_raters + r] > AGREE_NONE / 2) {
                sum += p->score[u * p->n_raters + r];
                n++;
            }
        (void)json_array_append_new(ret, json_pack("{s:o,s:I,s:I,s:I,s:o}", "person", review_person(p->turn, site, &p->raters[r]),
                                                   "reviews", (json_int_t)n, "missing", (json_int_t)missing, "score_sum",
                                                   (json_int_t)llround(sum), "severity", real_or_null(any, severity)));
    }
    return ret;
}

static json_t *unit_json(const struct panel *p, size_t u)
{
    char id[KF_ID_TEXT];
    json_t *scores = json_array(), *missing = json_array(), *ret = json_object();
    double spread = 0;

    (void)agree_spread(&p->score[u * p->n_raters], p->n_raters, &spread);
    for (size_t i = 0; i < p->q->n_reviews; i++) {
        const struct review *r = &p->q->reviews[i];

        if (!id_eq(&r->conv, &p->convs[u]))
            continue;
        if (!json_object_size(ret))
            (void)json_object_update_new(ret, json_pack("{s:s,s:o,s:s,s:I,s:I}", "conversation", id_text(&r->conv, id), "agent",
                                                        review_person(p->turn, &r->site, &r->agent), "channel", r->channel.s, "closed_at",
                                                        (json_int_t)r->closed_at, "spread", (json_int_t)llround(spread)));
        if (r->state == REVIEW_MISSED)
            (void)json_array_append_new(missing, json_integer(number_of(p->raters, p->n_raters, &r->reviewer)));
        else
            (void)json_array_append_new(scores, json_pack("{s:s,s:i,s:i,s:b,s:b}", "review", id_text(&r->id, id), "reviewer",
                                                          number_of(p->raters, p->n_raters, &r->reviewer), "score", r->score, "passed",
                                                          (int)r->passed, "fatal", (int)r->fatal));
    }
    (void)json_object_set_new(ret, "scores", scores);
    (void)json_object_set_new(ret, "missing", missing);
    return ret;
}

static const struct review *review_of(const struct panel *p, int64_t n)
{
    for (size_t i = 0; i < p->q->n_reviews; i++)
        if (p->q->reviews[i].n == n)
            return &p->q->reviews[i];
    return NULL;
}

/* What was given, of 10,000; a fatal item is hit (10,000) or not. */
static double value_of(const struct score_item *it, const struct review_line *l)
{
    switch (it->type) {
    case SCORE_FATAL:
        return l->failed ? SCORE_FULL : 0;
    case SCORE_ADD:
    case SCORE_DEDUCT:
        return 1.0 * SCORE_FULL * l->earned / (100 * it->points);
    default:
        return l->max ? 1.0 * SCORE_FULL * l->earned / l->max : AGREE_NONE;
    }
}

static json_t *item_json(struct panel *p, const struct score_item *it)
{
    size_t units = 0, same = 0, na = 0;
    double sum = 0, most = 0, spread;

    for (size_t i = 0; i < p->n_convs * p->n_raters; i++)
        p->item[i] = AGREE_NONE;
    for (size_t i = 0; i < p->q->n_lines; i++) {
        const struct review_line *l = &p->q->lines[i];
        const struct review *r = key_eq(&l->item, &it->key) ? review_of(p, l->review) : NULL;
        long at = r ? place(p, r) : -1;

        if (at < 0)
            continue;
        p->item[at] = value_of(it, l);
        na += p->item[at] < AGREE_NONE / 2;
    }
    for (size_t u = 0; u < p->n_convs; u++) {
        if (!agree_spread(&p->item[u * p->n_raters], p->n_raters, &spread))
            continue;
        units++;
        same += spread < 0.5;
        sum += spread;
        most = spread > most ? spread : most;
    }
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:o,s:I,s:o}", "key", it->key.s, "name", it->name, "type", score_type_name(it->type),
                     "rated", (json_int_t)units, "same", (json_int_t)same, "na", (json_int_t)na, "spread",
                     real_or_null(units > 0, units ? sum / (double)units : 0), "spread_max", (json_int_t)llround(most), "alpha",
                     alpha_json(p, p->item, AGREE_INTERVAL));
}

/* Passed or not, of two reviewers: both, only the first, only the second, neither. */
static json_t *pair_json(const struct panel *p, size_t a, size_t b, const struct kf_key *site)
{
    int table[4] = { 0 };
    double kappa = 0;
    bool any;

    for (size_t u = 0; u < p->n_convs; u++) {
        double x = p->passed[u * p->n_raters + a], y = p->passed[u * p->n_raters + b];

        if (x > AGREE_NONE / 2 && y > AGREE_NONE / 2)
            table[(x < 0.5 ? 2 : 0) + (y < 0.5 ? 1 : 0)]++;
    }
    any = agree_kappa(table, 2, &kappa);
    return json_pack("{s:o,s:o,s:[i,i,i,i],s:o}", "a", review_person(p->turn, site, &p->raters[a]), "b",
                     review_person(p->turn, site, &p->raters[b]), "table", table[0], table[1], table[2], table[3], "kappa",
                     real_or_null(any, kappa));
}

static json_t *panel_json(struct panel *p, const struct member *m, const struct kf_key *site)
{
    bool may_close = p->waiting && permit_close(m, site, &p->q->samples[0].by) && sample_seen(m, &p->q->samples[0], true);
    json_t *units = json_array(), *items = json_array(), *pairs = json_array();

    for (size_t u = 0; u < p->n_convs; u++)
        (void)json_array_append_new(units, unit_json(p, u));
    for (size_t i = 0; i < p->card.n_items; i++)
        (void)json_array_append_new(items, item_json(p, score_item(&p->card, i, NULL)));
    for (size_t a = 0; a < p->n_raters; a++)
        for (size_t b = a + 1; b < p->n_raters; b++)
            (void)json_array_append_new(pairs, pair_json(p, a, b, site));
    return json_pack("{s:o,s:I,s:b,s:o,s:o,s:o,s:{s:o,s:o},s:{s:o}}", "sample", sample_json(&p->q->samples[0]), "waiting",
                     (json_int_t)p->waiting, "may_close", (int)may_close, "reviewers", reviewers_json(p, site), "conversations", units,
                     "items", items, "passed", "alpha", alpha_json(p, p->passed, AGREE_NOMINAL), "pairs", pairs, "score", "alpha",
                     alpha_json(p, p->score, AGREE_INTERVAL));
}

/* ---- asking ---------------------------------------------------------------------------------------------------------------------------- */

static void have_agreement(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct member *m = turn_member(t, &q->site);
    struct panel *p = ARENA_NEW(q->arena, struct panel);
    struct kf_err wrong = { .rc = KF_OK };

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    if (!m || !sample_seen(m, &q->quality.samples[0], false)) {
        turn_problem(t, 404, "there is no such sample");
        return;
    }
    if (!p || !q->quality.n_cards) {
        turn_problem(t, 500, p ? "its scorecard is missing" : "out of memory");
        return;
    }
    *p = (struct panel){ .turn = t, .q = &q->quality, .arena = q->arena };
    if (q->quality.samples[0].kind != SAMPLE_CALIBRATION)
        turn_problem(t, 422, "only what several have reviewed can be compared: this sample is no calibration");
    else if (scorecard_parse(slice_of(q->quality.cards[0].body), &q->quality.cards[0].key, q->quality.cards[0].version, q->arena, &p->card,
                             &wrong))
        turn_fail(t, wrong.rc, &wrong);
    else if (!fill(p, m))
        turn_problem(t, 500, "out of memory");
    else
        turn_jansson(t, 200, panel_json(p, m, &q->site));
}

/* Asks for a sample with all that was made of it. */
static void ask_sample(struct turn *t, store_answer *then)
{
    const struct member *m;
    struct site *site = sampling_site(t, &m);
    struct query *q;
    struct kf_id id;

    if (!site)
        return;
    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "there is no such sample");
        return;
    }
    q = query_new(QUERY_AGREEMENT);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    q->site = site->key;
    q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, then, t);
}

static void get_agreement(struct turn *t)
{
    ask_sample(t, have_agreement);
}

/* ---- closing ------------------------------------------------------------------------------------------------------------------------- */

static void closed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    (void)news;
    if (rc)
        turn_fail(ctx, rc, why);
    else
        turn_empty(ctx, 204);
}

static void commit_close(struct turn *t, const struct query *q)
{
    const struct ports *p = turn_ports(t);
    struct change *c = change_new(&q->site, p->now_ms(p->ctx));
    char id[KF_ID_TEXT];

    if (!c) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    c->by = turn_actor(t, c);
    change_act(c, ACT_SAMPLE_CLOSE)->u.sample_close = q->id;
    change_act(c, ACT_AUDIT)->u.entry = (struct entry){
        .at = c->at, .kind = "calibration_closed", .by = c->by, .data = change_printf(c, "{\"sample\":\"%s\"}", id_text(&q->id, id))
    };
    p->commit(p->ctx, c, closed, t);
}

static void have_exercise(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;

    const struct member *m = turn_member(t, &q->site);

    if (rc)
        turn_fail(t, rc, why);
    else if (!m || !sample_seen(m, &q->quality.samples[0], false))
        turn_problem(t, 404, "there is no such sample");
    else if (q->quality.samples[0].kind != SAMPLE_CALIBRATION)
        turn_problem(t, 422, "only a calibration is closed");
    else if (!permit_close(m, &q->site, &q->quality.samples[0].by) || !sample_seen(m, &q->quality.samples[0], true))
        turn_problem(t, 403, "a calibration is closed by whoever has drawn it, or a supervisor");
    else
        commit_close(t, q);
}

static void post_close(struct turn *t)
{
    ask_sample(t, have_exercise);
}

const struct route_entry routes_agreement[] = { { "GET", "/api/v1/samples/*/agreement", GATE_STAFF, get_agreement },
                                                { "POST", "/api/v1/samples/*/close", GATE_STAFF, post_close },
                                                { NULL, NULL, GATE_OPEN, NULL } };
