/* reviews.c: reviews: what is to be done, reading one, and what becomes of it. */
#include "api/reviews.h"

#include "core/utf8.h"

#include <stdio.h>
#include <stdlib.h>

#define CONTENTS_MAX 131072
#define LIST_MAX     500

static int64_t clock_ms(struct turn *t)
{
    return turn_ports(t)->now_ms(turn_ports(t)->ctx);
}

/* ---- lists -------------------------------------------------------------------------------------------------------------------------- */

static bool is_listed(struct turn *t, const struct query *q, const struct review_filter *f, const struct review *r)
{
    if (q->by != REVIEWS_BY_TIME)
        return t->op || permit_review(f->reader, REVIEW_READ, r, r->kind == SAMPLE_CALIBRATION);
    return review_fits(f, r) && review_item_fits(f, &q->quality, r);
}

static void have_list(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    const struct review_filter *f = t->state;
    json_t *items, *ret;
    size_t n = 0, shown = 0;
    bool past = id_is_zero(&f->after), more = false; /* past: behind what the page before has ended with */

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    items = json_array();
    for (size_t i = 0; i < q->quality.n_reviews; i++) {
        const struct review *r = &q->quality.reviews[i];
        bool listed = is_listed(t, q, f, r);

        n += listed;
        more |= listed && past && shown == LIST_MAX;
        if (listed && past && shown < LIST_MAX)
            shown += json_array_append_new(items, review_json(t, r)) == 0;
        past |= id_eq(&f->after, &r->id);
    }
    ret = json_pack("{s:o,s:I,s:b}", "items", items, "count", (json_int_t)n, "more", (int)(q->more || more));
    if (more)
        (void)json_object_set(ret, "next", json_object_get(json_array_get(items, shown - 1), "id"));
    turn_jansson(t, 200, ret);
}

/* list=mine: what I review; about_me: what was told to me; appeals: what waits for a decision; all (or none): what was submitted. */
static struct query *list_query(struct turn *t, const struct site *site, const struct member *m)
{
    struct slice list = turn_query(t, "list"), sample = turn_query(t, "sample");
    bool all = !list.n || slice_is(list, "all"), of_all = all || slice_is(list, "appeals");
    struct query *q;

    if (of_all && !t->op && !permit(m, VERB_QUALITY, &site->key, NULL)) {
        turn_problem(t, 403, "the reviews of others need the role reviewer or supervisor");
        return NULL;
    }
    q = query_new(all && !sample.n ? QUERY_QUALITY : QUERY_REVIEWS);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return NULL;
    }
    q->site = site->key;
    q->id = t->person;
    if (sample.n && id_parse(sample, &q->id))
        q->by = REVIEWS_BY_SAMPLE;
    else if (slice_is(list, "mine"))
        q->by = REVIEWS_BY_REVIEWER;
    else if (slice_is(list, "about_me"))
        q->by = REVIEWS_BY_AGENT;
    else if (slice_is(list, "appeals"))
        q->by = REVIEWS_BY_APPEAL;
    else if (!all || sample.n) {
        arena_free(q->arena);
        turn_problem(t, 400, "list: mine, about_me, appeals or all; sample: the id of a sample");
        return NULL;
    }
    return q;
}

static void get_reviews(struct turn *t)
{
    const struct member *m;
    struct site *site = turn_site(t, &m);
    struct review_filter *f = site ? ARENA_NEW(t->arena, struct review_filter) : NULL;
    struct query *q;

    if (!site)
        return;
    if (!f) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    if (!review_filter_read(t, site, m, f))
        return;
    if (turn_query(t, "after").n && !id_parse(turn_query(t, "after"), &f->after)) {
        turn_problem(t, 400, "after: what the page before has told as next");
        return;
    }
    if (!(q = list_query(t, site, m)))
        return;
    t->state = f;
    q->after = f->from;
    q->before = f->to == INT64_MAX ? 0 : f->to;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_list, t);
}

/* ---- one ---------------------------------------------------------------------------------------------------------------------------- */

void opening_end(struct opening_review *o)
{
    json_decref(o->body);
    buf_finish(&o->out);
    free(o);
}

static void have_review(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct opening_review *o = ctx;
    struct turn *t = o->turn;
    struct kf_err wrong = { .rc = KF_OK };

    o->q = &q->quality;
    o->r = rc ? NULL : &q->quality.reviews[0];
    o->m = o->r ? turn_member(t, &o->r->site) : NULL;
    o->site = o->r ? desk_site(turn_desk(t), &o->r->site) : NULL;
    if (rc && rc != KF_ABSENT)
        turn_fail(t, rc, why);
    else if (!o->r || !o->site || !permit_review(o->m, REVIEW_READ, o->r, o->q->blind))
        turn_problem(t, 404, "there is no such review");
    else if (!permit_review(o->m, o->verb, o->r, o->q->blind))
        turn_problem(t, 403, "this review is not yours to do that with");
    else if (!o->q->n_cards)
        turn_problem(t, 500, "its scorecard is missing");
    else if (scorecard_parse(slice_of(o->q->cards[0].body), &o->q->cards[0].key, o->q->cards[0].version, q->arena, &o->card, &wrong))
        turn_fail(t, wrong.rc, &wrong);
    else {
        o->go(o);
        return;
    }
    opening_end(o);
}

void open_review(struct turn *t, enum review_verb verb, bool with_body, void (*go)(struct opening_review *o))
{
    struct opening_review *o;
    struct query *q;
    struct kf_id id;
    json_t *body = NULL;

    if (!id_parse(t->segment[0], &id)) {
        turn_problem(t, 404, "there is no such review");
        return;
    }
    if (with_body && !(body = turn_body(t)))
        return;
    o = calloc(1, sizeof(*o));
    q = o ? query_new(QUERY_REVIEW) : NULL;
    if (!q) {
        json_decref(body);
        free(o);
        turn_problem(t, 500, "out of memory");
        return;
    }
    *o = (struct opening_review){ .turn = t, .verb = verb, .go = go, .body = body, .id = id };
    buf_init(&o->out, 16u << 20);
    q->id = id;
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_review, o);
}

/* ---- reading one -------------------------------------------------------------------------------------------------------------------- */

static json_t *contents_json(const char *text)
{
    json_t *ret = *text ? json_loads(text, 0, NULL) : NULL;

    return ret ? ret : json_object();
}

/* The answers as numbers, without a word. */
static json_t *numbers_json(const struct scorecard *card, const struct score_answer *answers)
{
    json_t *all = json_object();

    for (size_t i = 0; i < card->n_items; i++)
        if (answers[i].na)
            (void)json_object_set_new(all, score_item(card, i, NULL)->key.s, json_pack("{s:b}", "na", 1));
        else if (answers[i].given)
            (void)json_object_set_new(all, score_item(card, i, NULL)->key.s, json_pack("{s:i}", "value", answers[i].value));
    return json_pack("{s:o}", "answers", all);
}

static bool words_are_gone(const struct opening_review *o)
{
    return review_is_in(o->r) && strcmp(o->q->body, "{}") == 0;
}

/* What was submitted; where its words were deleted since, the numbers, which are kept with the figures. */
static json_t *submitted_json(const struct opening_review *o)
{
    struct score_answer answers[SCORE_ITEMS_MAX] = { { .given = false } };

    if (!words_are_gone(o))
        return contents_json(o->q->body);
    for (size_t i = 0; i < o->q->n_lines; i++) {
        const struct review_line *l = &o->q->lines[i];
        const struct score_line line = { .earned = l->earned, .max = l->max, .failed = l->failed };
        int n = score_item_number(&o->card, slice_of(l->item.s));

        if (n >= 0)
            answers[n] = score_answer_of(score_item(&o->card, (size_t)n, NULL), &line);
    }
    return numbers_json(&o->card, answers);
}

/* What the contents come to, item by item. */
static json_t *lines_json(const struct scorecard *card, json_t *contents)
{
    struct score_answer answers[SCORE_ITEMS_MAX];
    struct score_line lines[SCORE_ITEMS_MAX];
    json_t *ret = json_object();
    struct score_sum sum;

    if (answers_read(card, contents, answers, NULL))
        return ret;
    score_evaluate(card, answers, lines, &sum);
    for (size_t i = 0; i < card->n_items; i++)
        (void)json_object_set_new(
            ret, score_item(card, i, NULL)->key.s,
            json_pack("{s:i,s:i,s:b}", "earned", lines[i].earned, "max", lines[i].max, "failed", (int)lines[i].failed));
    return ret;
}

static json_t *versions_json(const struct stored_quality *q)
{
    json_t *ret = json_array();
    char id[KF_ID_TEXT];

    for (size_t i = 0; i < q->n_versions; i++) {
        const struct review_version *v = &q->versions[i];

        (void)json_array_append_new(ret,
                                    json_pack("{s:I,s:I,s:{s:s,s:s},s:i,s:i,s:b,s:o}", "version", (json_int_t)v->version, "at",
                                              (json_int_t)v->at, "by", "id", id_text(&v->by, id), "name", v->by_name, "score", v->score,
                                              "plain", v->plain, "fatal", (int)v->fatal, "contents", contents_json(v->body)));
    }
    return ret;
}

static json_t *appeals_json(const struct stored_quality *q)
{
    json_t *ret = json_array();

    for (size_t i = 0; i < q->n_appeals; i++) {
        const struct review_appeal *a = &q->appeals[i];
        json_t *one = json_pack("{s:s,s:s}", "item", a->item.s, "text", a->text);

        if (a->outcome != APPEAL_NONE) {
            (void)json_object_set_new(one, "outcome", json_string(appeal_outcome_name(a->outcome)));
            (void)json_object_set_new(one, "answer", json_string(a->answer));
        }
        (void)json_array_append_new(ret, one);
    }
    return ret;
}

/* What the asker may do with it now. */
static json_t *may_json(const struct opening_review *o)
{
    static const struct {
        const char *name;
        enum review_verb verb;
        enum review_event ev;
    } acts[] = { { "score", REVIEW_SCORE, REVIEW_SUBMIT },
                 { "acknowledge", REVIEW_ANSWER, REVIEW_ACKNOWLEDGE },
                 { "appeal", REVIEW_ANSWER, REVIEW_APPEAL },
                 { "decide", REVIEW_JUDGE, REVIEW_DECIDE } };
    json_t *ret = json_pack("{s:b}", "comment", (int)permit_review(o->m, REVIEW_COMMENT, o->r, o->q->blind));

    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        enum review_state to;
        bool may = permit_review(o->m, acts[i].verb, o->r, o->q->blind) &&
                   review_step(o->r, acts[i].ev, &o->turn->person, clock_ms(o->turn), &to, NULL) == KF_OK;

        (void)json_object_set_new(ret, acts[i].name, json_boolean(may));
    }
    return ret;
}

static void write_review(struct opening_review *o)
{
    json_t *root = review_json(o->turn, o->r), *card = contents_json(o->card.body);
    json_t *contents = review_is_in(o->r) ? submitted_json(o) : contents_json(o->q->draft);
    char *text;

    (void)json_object_set_new(root, "lines", lines_json(&o->card, contents));
    (void)json_object_set_new(root, "card", card);
    (void)json_object_set_new(root, "contents", contents);
    (void)json_object_set_new(root, "versions", versions_json(o->q));
    (void)json_object_set_new(root, "appeals", appeals_json(o->q));
    (void)json_object_set_new(root, "comments", comments_json(o));
    (void)json_object_set_new(root, "readers", readers_json(o));
    (void)json_object_set_new(root, "may", may_json(o));
    (void)json_object_set_new(root, "blind", json_boolean(o->q->blind));
    text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (text)
        buf_str(&o->out, text);
    else
        o->out.failed = true;
    free(text);
}

static void shown(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct opening_review *o = ctx;

    (void)news;
    if (rc)
        turn_fail(o->turn, rc, why);
    else
        turn_json(o->turn, 200, &o->out);
    opening_end(o);
}

static void add_audit(struct opening_review *o, struct change *c, const char *kind)
{
    char id[KF_ID_TEXT], conv[KF_ID_TEXT];

    change_act(c, ACT_AUDIT)->u.entry = (struct entry){ .at = c->at,
                                                        .kind = kind,
                                                        .by = c->by,
                                                        .data = change_printf(c, "{\"review\":\"%s\",\"conversation\":\"%s\"}",
                                                                              id_text(&o->id, id), id_text(&o->r->conv, conv)) };
}

struct change *opening_change(struct opening_review *o)
{
    struct change *c = change_new(&o->r->site, clock_ms(o->turn));

    if (c)
        c->by = turn_actor(o->turn, c);
    else
        turn_problem(o->turn, 500, "out of memory");
    return c;
}

/* Who is neither its agent nor its reviewer leaves a line. */
static void show(struct opening_review *o)
{
    struct turn *t = o->turn;
    struct change *c;

    write_review(o);
    if (id_eq(&o->r->agent, &t->person) || id_eq(&o->r->reviewer, &t->person)) {
        turn_json(t, 200, &o->out);
        opening_end(o);
        return;
    }
    c = opening_change(o);
    if (!c) {
        opening_end(o);
        return;
    }
    add_audit(o, c, "review_read");
    turn_ports(t)->commit(turn_ports(t)->ctx, c, shown, o);
}

static void get_review(struct turn *t)
{
    open_review(t, REVIEW_READ, false, show);
}

/* ---- changing one ------------------------------------------------------------------------------------------------------------------- */

void opening_concerns(struct opening_review *o, bool anybody)
{
    o->told = anybody;
    o->site_key = o->r->site;
    o->agent = o->r->agent;
    o->reviewer = o->r->reviewer;
}

static void tell_one(const struct opening_review *o, const struct kf_id *person)
{
    if (!id_eq(person, &o->turn->person))
        desk_notice(turn_desk(o->turn), &o->site_key, person);
}

void opening_tell(const struct opening_review *o)
{
    struct desk *d = turn_desk(o->turn);
    const struct member *m;

    for (size_t i = 0; i < o->n_mentioned; i++)
        tell_one(o, &o->mentioned[i]);
    if (!o->told)
        return;
    tell_one(o, &o->agent);
    tell_one(o, &o->reviewer);
    for (size_t i = 0; o->to_supervisors && (m = desk_member_at(d, &o->site_key, i)); i++)
        if (!m->disabled && (m->roles & MEMBER_SUPERVISOR))
            tell_one(o, &m->person);
}

static void changed(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why)
{
    struct opening_review *o = ctx;

    if (rc)
        turn_fail(o->turn, rc, why);
    else {
        buf_printf(&o->out, "\"revision\":%lld}", (long long)news->version);
        turn_json(o->turn, 200, &o->out);
        opening_tell(o);
    }
    opening_end(o);
}

/* An act in a change of its own, or NULL: answered, and `o` is gone. */
static struct act_review *begin(struct opening_review *o, enum review_event ev, struct change **change)
{
    const json_t *revision = json_object_get(o->body, "revision");
    struct act_review *a = NULL;

    *change = NULL;
    if (!json_is_integer(revision))
        turn_problem(o->turn, 400, "revision: the number that was seen last");
    else if ((*change = opening_change(o))) {
        a = ARENA_NEW((*change)->arena, struct act_review);
        if (!a) {
            change_free(*change);
            turn_problem(o->turn, 500, "out of memory");
        }
    }
    if (!a) {
        opening_end(o);
        return NULL;
    }
    *a = (struct act_review){ .id = o->id, .event = ev, .revision = json_integer_value(revision) };
    change_act(*change, ACT_REVIEW)->u.review = a;
    return a;
}

static void give_up(struct opening_review *o, struct change *c, const struct kf_err *why)
{
    change_free(c);
    turn_fail(o->turn, why->rc, why);
    opening_end(o);
}

static void commit(struct opening_review *o, struct change *c, const char *kind)
{
    if (kind)
        add_audit(o, c, kind);
    opening_concerns(o, kind && o->r->kind != SAMPLE_CALIBRATION); /* drafts concern nobody else, and exercises no agent */
    turn_ports(o->turn)->commit(turn_ports(o->turn)->ctx, c, changed, o);
}

/* Reads the contents, adds them up, and writes all that into the act. */
static enum kf_rc take_contents(struct opening_review *o, struct change *c, struct act_review *a, struct score_answer *answers,
                                struct kf_err *why)
{
    json_t *contents = json_object_get(o->body, "contents");
    struct score_line lines[SCORE_ITEMS_MAX];
    char *text;
    enum kf_rc rc;

    if (!json_is_object(contents))
        return kf_fail(why, KF_INVALID, "contents must be an object");
    if ((rc = answers_read(&o->card, contents, answers, why)))
        return rc;
    score_evaluate(&o->card, answers, lines, &a->sum);
    text = json_dumps(contents, JSON_COMPACT);
    if (!text || strlen(text) > CONTENTS_MAX) {
        free(text);
        return kf_fail(why, text ? KF_LIMIT : KF_NOMEM, "contents: at most %d bytes", CONTENTS_MAX);
    }
    a->body = change_text(c, slice_of(text));
    free(text);
    a->lines = arena_array(c->arena, o->card.n_items, sizeof(*a->lines));
    if (!a->lines)
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < o->card.n_items; i++)
        if (answers[i].given || answers[i].na || !lines[i].max)
            a->lines[a->n_lines++] = (struct review_line){
                .item = score_item(&o->card, i, NULL)->key, .earned = lines[i].earned, .max = lines[i].max, .failed = lines[i].failed
            };
    return KF_OK;
}

/* Where nothing that has weight is judged, there is no score to tell. */
static void sum_json(struct opening_review *o, const struct act_review *a, enum review_state state)
{
    if (a->sum.empty) {
        buf_printf(&o->out, "{\"state\":\"%s\",\"empty\":true,\"fatal\":%s,", review_state_name(state), a->sum.fatal ? "true" : "false");
        return;
    }
    buf_printf(&o->out, "{\"state\":\"%s\",\"score\":%d,\"plain\":%d,\"fatal\":%s,\"passed\":%s,", review_state_name(state), a->sum.score,
               a->sum.plain, a->sum.fatal ? "true" : "false", a->sum.passed ? "true" : "false");
}

/* What is not applicable throughout has no score that could be counted. */
static enum kf_rc is_judged(const struct act_review *a, struct kf_err *why)
{
    return a->sum.empty ? kf_fail(why, KF_REJECTED, "no item that has weight is judged: at least one must be, not all be not applicable")
                        : KF_OK;
}

static void score(struct opening_review *o, enum review_event ev)
{
    struct score_answer answers[SCORE_ITEMS_MAX];
    struct kf_err why = { .rc = KF_OK };
    struct change *c;
    struct act_review *a = begin(o, ev, &c);

    if (!a)
        return;
    if (!take_contents(o, c, a, answers, &why) && ev == REVIEW_SUBMIT) {
        if (a->sum.missing)
            (void)kf_fail(&why, KF_REJECTED, "%zu items are not answered", a->sum.missing);
        else
            (void)is_judged(a, &why);
    }
    if (why.rc) {
        give_up(o, c, &why);
        return;
    }
    a->appeal_until = review_window(&o->site->hours, c->at, o->card.appeal_days);
    sum_json(o, a, ev == REVIEW_SAVE ? REVIEW_DRAFT : REVIEW_SUBMITTED);
    commit(o, c, ev == REVIEW_SAVE ? NULL : "review_submitted");
}

static void save(struct opening_review *o)
{
    score(o, REVIEW_SAVE);
}

static void submit(struct opening_review *o)
{
    score(o, REVIEW_SUBMIT);
}

static void acknowledge(struct opening_review *o)
{
    struct change *c;

    if (!begin(o, REVIEW_ACKNOWLEDGE, &c))
        return;
    buf_str(&o->out, "{\"state\":\"acknowledged\",");
    commit(o, c, "review_acknowledged");
}

bool review_is_text(const json_t *v)
{
    const char *text = json_string_value(v);

    return text && *text && utf8_length(slice_of(text)) <= REVIEW_TEXT_CP;
}

/* [{"item","text"}]: each item of the card at most once. */
static enum kf_rc take_appeals(struct opening_review *o, struct change *c, struct act_review *a, struct kf_err *why)
{
    json_t *items = json_object_get(o->body, "items");
    size_t n = json_array_size(items);

    if (!json_is_array(items) || n < 1 || n > o->card.n_items)
        return kf_fail(why, KF_INVALID, "items: a list of {\"item\",\"text\"} for each item that is appealed against");
    a->appeals = arena_array(c->arena, n, sizeof(*a->appeals));
    if (!a->appeals)
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(items, i);
        struct slice key = slice_of(json_string_value(json_object_get(one, "item")));
        struct review_appeal *to = &a->appeals[i];

        if (score_item_number(&o->card, key) < 0 || !key_parse(key, &to->item))
            return kf_fail(why, KF_INVALID, "items: there is no item \"%.*s\"", (int)(key.n < 32 ? key.n : 32), key.p);
        if (!review_is_text(json_object_get(one, "text")))
            return kf_fail(why, KF_INVALID, "items: %s: text: say why, in at most %d characters", to->item.s, REVIEW_TEXT_CP);
        for (size_t k = 0; k < i; k++)
            if (key_eq(&a->appeals[k].item, &to->item))
                return kf_fail(why, KF_INVALID, "items: %s is there twice", to->item.s);
        to->text = change_text(c, slice_of(json_string_value(json_object_get(one, "text"))));
        a->n_appeals++;
    }
    return KF_OK;
}

static void appeal(struct opening_review *o)
{
    struct kf_err why = { .rc = KF_OK };
    struct change *c;
    struct act_review *a = begin(o, REVIEW_APPEAL, &c);

    if (!a)
        return;
    if (take_appeals(o, c, a, &why)) {
        give_up(o, c, &why);
        return;
    }
    o->to_supervisors = true;
    buf_str(&o->out, "{\"state\":\"appealed\",");
    commit(o, c, "review_appealed");
}

/* Each item that was appealed against is accepted or rejected, with an answer. */
static enum kf_rc take_decisions(struct opening_review *o, struct change *c, struct act_review *a, struct kf_err *why)
{
    json_t *items = json_object_get(o->body, "items");
    size_t accepted = 0;

    if (!o->q->n_appeals)
        return kf_fail(why, KF_CONFLICT, "no appeal waits to be decided");
    if (json_array_size(items) != o->q->n_appeals)
        return kf_fail(why, KF_INVALID, "items: a list of {\"item\",\"outcome\",\"text\"} for each item that was appealed against");
    a->appeals = arena_array(c->arena, o->q->n_appeals + 1, sizeof(*a->appeals));
    if (!a->appeals)
        return kf_fail(why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < o->q->n_appeals; i++) {
        struct review_appeal *to = &a->appeals[a->n_appeals++];
        const json_t *one = NULL;

        to->item = o->q->appeals[i].item;
        for (size_t k = 0; k < json_array_size(items); k++)
            if (slice_is(slice_of(json_string_value(json_object_get(json_array_get(items, k), "item"))), to->item.s))
                one = json_array_get(items, k);
        if (!one || !appeal_outcome_parse(slice_of(json_string_value(json_object_get(one, "outcome"))), &to->outcome) ||
            (to->outcome != APPEAL_ACCEPTED && to->outcome != APPEAL_REJECTED))
            return kf_fail(why, KF_INVALID, "items: %s: outcome: accepted or rejected", to->item.s);
        if (!review_is_text(json_object_get(one, "text")))
            return kf_fail(why, KF_INVALID, "items: %s: text: say why, in at most %d characters", to->item.s, REVIEW_TEXT_CP);
        to->answer = change_text(c, slice_of(json_string_value(json_object_get(one, "text"))));
        accepted += to->outcome == APPEAL_ACCEPTED;
    }
    a->outcome = accepted == a->n_appeals ? APPEAL_ACCEPTED : accepted ? APPEAL_PARTLY : APPEAL_REJECTED;
    return KF_OK;
}

static bool is_accepted(const struct act_review *a, const struct score_item *it)
{
    for (size_t i = 0; a->appeals && i < a->n_appeals; i++)
        if (key_eq(&a->appeals[i].item, &it->key))
            return a->appeals[i].outcome == APPEAL_ACCEPTED;
    return false;
}

/* Nothing else changes than what was appealed against with success. */
static enum kf_rc check_changes(struct opening_review *o, const struct act_review *a, const struct score_answer *now, struct kf_err *why)
{
    struct score_answer before[SCORE_ITEMS_MAX];
    json_t *old = submitted_json(o);
    enum kf_rc rc = answers_read(&o->card, old, before, why);
    const struct score_item *it;

    for (size_t i = 0; !rc && (it = score_item(&o->card, i, NULL)); i++)
        if ((before[i].given != now[i].given || before[i].na != now[i].na || before[i].value != now[i].value) && !is_accepted(a, it))
            rc = kf_fail(why, KF_REJECTED, "contents: %s may not change: no appeal against it was accepted", it->key.s);
    json_decref(old);
    return rc;
}

/* Words that were deleted do not come back with a page that was opened before. */
static enum kf_rc take_decided(struct opening_review *o, struct change *c, struct act_review *a, struct kf_err *why)
{
    struct score_answer answers[SCORE_ITEMS_MAX] = { { .given = false } };
    bool gone = words_are_gone(o);
    json_t *numbers;
    char *text;
    enum kf_rc rc;

    if ((rc = take_contents(o, c, a, answers, why)) || (rc = take_decisions(o, c, a, why)) ||
        (!(gone && a->outcome == APPEAL_REJECTED) && (rc = check_changes(o, a, answers, why))) ||
        (a->outcome != APPEAL_REJECTED && (rc = is_judged(a, why))))
        return rc;
    if (a->outcome == APPEAL_REJECTED)
        a->sum = (struct score_sum){ .score = o->r->score, .plain = o->r->plain, .fatal = o->r->fatal, .passed = o->r->passed };
    if (!gone)
        return KF_OK;
    numbers = numbers_json(&o->card, answers);
    text = json_dumps(numbers, JSON_COMPACT);
    a->body = change_text(c, slice_of(text ? text : "{}"));
    free(text);
    json_decref(numbers);
    return KF_OK;
}

static void decide(struct opening_review *o)
{
    struct kf_err why = { .rc = KF_OK };
    struct change *c;
    struct act_review *a = begin(o, REVIEW_DECIDE, &c);

    if (!a)
        return;
    if (take_decided(o, c, a, &why)) {
        give_up(o, c, &why);
        return;
    }
    sum_json(o, a, REVIEW_FINAL);
    commit(o, c, "review_decided");
}

static void put_draft(struct turn *t)
{
    open_review(t, REVIEW_SCORE, true, save);
}

static void post_submit(struct turn *t)
{
    open_review(t, REVIEW_SCORE, true, submit);
}

static void post_acknowledge(struct turn *t)
{
    open_review(t, REVIEW_ANSWER, true, acknowledge);
}

static void post_appeal(struct turn *t)
{
    open_review(t, REVIEW_ANSWER, true, appeal);
}

static void post_decide(struct turn *t)
{
    open_review(t, REVIEW_JUDGE, true, decide);
}

const struct route_entry routes_reviews[] = { { "GET", "/api/v1/reviews", GATE_EITHER_KEY, get_reviews },
                                              { "GET", "/api/v1/reviews/*", GATE_STAFF_KEY, get_review },
                                              { "PUT", "/api/v1/reviews/*/draft", GATE_STAFF, put_draft },
                                              { "POST", "/api/v1/reviews/*/submit", GATE_STAFF, post_submit },
                                              { "POST", "/api/v1/reviews/*/acknowledge", GATE_STAFF, post_acknowledge },
                                              { "POST", "/api/v1/reviews/*/appeal", GATE_STAFF, post_appeal },
                                              { "POST", "/api/v1/reviews/*/decide", GATE_STAFF, post_decide },
                                              { "POST", "/api/v1/reviews/*/comments", GATE_STAFF, comment_post },
                                              { NULL, NULL, GATE_OPEN, NULL } };
