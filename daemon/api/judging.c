/* judging.c: what becomes of a review: its draft, its score, the appeal and what is decided on it. */
#include "api/reviews.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTENTS_MAX 131072

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
        opening_audit(o, c, kind);
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

/* ---- appeals ---- */

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
    json_t *old = opening_submitted(o);
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
    bool gone = opening_words_gone(o);
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
    numbers = review_numbers_json(&o->card, answers);
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

/* ---- the resources ---- */

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

const struct route_entry routes_judging[] = { { "PUT", "/api/v1/reviews/*/draft", GATE_STAFF, put_draft },
                                              { "POST", "/api/v1/reviews/*/submit", GATE_STAFF, post_submit },
                                              { "POST", "/api/v1/reviews/*/acknowledge", GATE_STAFF, post_acknowledge },
                                              { "POST", "/api/v1/reviews/*/appeal", GATE_STAFF, post_appeal },
                                              { "POST", "/api/v1/reviews/*/decide", GATE_STAFF, post_decide },
                                              { NULL, NULL, GATE_OPEN, NULL } };
