/* Quality review as the store keeps it: samples, what becomes of a review, its versions, appeals and comments. */
#include "tests/store/world.h"

#define AGENT    101
#define REVIEWER 102
#define OTHER    103

static struct actor person(uint32_t n, const char *name)
{
    return (struct actor){ .role = ROLE_AGENT, .id = id_of(n), .name = name };
}

static bool is_id(struct kf_id id, uint32_t n)
{
    struct kf_id want = id_of(n);

    return id_eq(&id, &want);
}

/* ---- making ---- */

/* One conversation of AGENT (and, if so wished, somebody before), closed at `at`. */
static struct kf_id closed_talk(struct world *w, const char *peer, uint32_t before, int64_t at)
{
    struct told t = commit(w, visitor_says(peer, NULL, "你好", at - MINUTE));
    struct kf_id conv = t.news.conv.id;
    struct change *c;
    int64_t epoch = t.news.conv.epoch;

    assert_int_equal(t.rc, KF_OK);
    if (before) {
        c = on_conv(&conv, at - MINUTE);
        add_step(c, CONV_ASSIGN, before, epoch);
        epoch = commit(w, c).news.conv.epoch;
        c = on_conv(&conv, at - MINUTE);
        add_step(c, CONV_TRANSFER_PERSON, AGENT, epoch);
        t = commit(w, c);
    } else {
        c = on_conv(&conv, at - MINUTE);
        add_step(c, CONV_ASSIGN, AGENT, epoch);
        t = commit(w, c);
    }
    assert_int_equal(t.rc, KF_OK);
    c = on_conv(&conv, at);
    add_step(c, CONV_CLOSE, AGENT, t.news.conv.epoch);
    assert_int_equal(commit(w, c).rc, KF_OK);
    return conv;
}

static struct act_sample *sample_act(struct change *c, uint32_t id, enum sample_kind kind, const char *body)
{
    struct act_sample *a = ARENA_NEW(c->arena, struct act_sample);

    assert_non_null(a);
    *a = (struct act_sample){
        .id = id_of(id), .name = "今日", .kind = kind, .seed = 42, .population = 9, .card = key("standard"), .card_version = 1
    };
    a->card_body = body;
    memset(a->card_sha256, body[2], sizeof(a->card_sha256));
    a->plan = "{}";
    a->picks = arena_array(c->arena, 4, sizeof(*a->picks));
    assert_non_null(a->picks);
    change_act(c, ACT_SAMPLE)->u.sample = a;
    return a;
}

static void pick(struct act_sample *a, uint32_t review, struct kf_id conv, uint32_t reviewer)
{
    a->picks[a->n_picks++] = (struct sample_pick){ .review = id_of(review),
                                                   .conv = conv,
                                                   .agent = id_of(AGENT),
                                                   .reviewer = id_of(reviewer),
                                                   .channel = key("web"),
                                                   .queue = key("sales"),
                                                   .closed_at = NOW };
}

/* One review, number 1, of one conversation. */
static void draw_conv(struct world *w, enum sample_kind kind, struct kf_id conv)
{
    struct change *c = new_change(NOW);
    struct act_sample *a = sample_act(c, 500, kind, "{\"a\":1}");

    c->by = person(REVIEWER, "周");
    pick(a, 1, conv, REVIEWER);
    assert_int_equal(commit(w, c).rc, KF_OK);
}

static void draw_one(struct world *w, enum sample_kind kind)
{
    draw_conv(w, kind, id_of(900));
}

struct doing {
    uint32_t who;
    int64_t revision, at;
    enum review_event event;
    const char *body;
    int score, plain;
    bool fatal;
    enum appeal_outcome outcome;
    const char *item, *text;
};

static enum kf_rc act_on(struct world *w, uint32_t review, struct doing d)
{
    struct change *c = new_change(d.at ? d.at : NOW);
    struct act_review *a = ARENA_NEW(c->arena, struct act_review);
    static struct review_line lines[2];
    static struct review_appeal appeals[1];

    assert_non_null(a);
    lines[0] = (struct review_line){ .item = key("greeting"), .earned = d.score, .max = 10000, .failed = d.score < 10000 };
    lines[1] = (struct review_line){ .item = key("rude"), .failed = d.fatal };
    *a = (struct act_review){ .id = id_of(review),
                              .revision = d.revision,
                              .event = d.event,
                              .body = d.body ? d.body : "{}",
                              .sum = { .score = d.score, .plain = d.plain, .fatal = d.fatal, .passed = d.score >= 8500 },
                              .lines = lines,
                              .n_lines = 2,
                              .appeal_until = NOW + 3 * 1440 * MINUTE,
                              .outcome = d.outcome };
    if (d.item) {
        appeals[0] = (struct review_appeal){ .item = key(d.item), .text = d.text, .outcome = d.outcome, .answer = d.text };
        a->appeals = appeals;
        a->n_appeals = 1;
    }
    c->by = person(d.who, "某");
    change_act(c, ACT_REVIEW)->u.review = a;
    return commit(w, c).rc;
}

/* ---- looking ---- */

struct seen {
    struct review r;
    size_t n_reviews, n_versions, n_appeals, n_comments, n_lines, n_cards;
    char draft[64], body[64], first_body[64], card[64], appeal[64], answer[64], comment[64];
    struct kf_id parent;
    int64_t seq;
    bool blind, more;
    struct review_line lines[4];
};

static void look(const struct query *q, void *ctx)
{
    const struct stored_quality *s = &q->quality;
    struct seen *v = ctx;

    *v = (struct seen){ .n_reviews = s->n_reviews,
                        .n_versions = s->n_versions,
                        .n_appeals = s->n_appeals,
                        .n_comments = s->n_comments,
                        .n_lines = s->n_lines,
                        .n_cards = s->n_cards,
                        .blind = s->blind,
                        .more = q->more };
    if (s->n_reviews)
        v->r = s->reviews[0];
    snprintf(v->draft, sizeof(v->draft), "%s", s->draft ? s->draft : "");
    snprintf(v->body, sizeof(v->body), "%s", s->body ? s->body : "");
    if (s->n_versions)
        snprintf(v->first_body, sizeof(v->first_body), "%s", s->versions[0].body);
    if (s->n_cards)
        snprintf(v->card, sizeof(v->card), "%s", s->cards[0].body);
    if (s->n_appeals) {
        snprintf(v->appeal, sizeof(v->appeal), "%s:%s", s->appeals[0].item.s, s->appeals[0].text);
        snprintf(v->answer, sizeof(v->answer), "%s:%s", appeal_outcome_name(s->appeals[0].outcome), s->appeals[0].answer);
    }
    if (s->n_comments) {
        snprintf(v->comment, sizeof(v->comment), "%s", s->comments[0].text);
        v->seq = s->comments[0].seq;
        v->parent = s->comments[s->n_comments - 1].parent;
    }
    for (size_t i = 0; i < s->n_lines && i < 4; i++)
        v->lines[i] = s->lines[i];
}

static struct seen see(struct world *w, uint32_t review)
{
    struct query *q = query_new(QUERY_REVIEW);
    struct seen v;

    q->id = id_of(review);
    assert_int_equal(ask(w, q, look, &v), KF_OK);
    return v;
}

static struct seen list(struct world *w, const char *site, enum reviews_by by, uint32_t id, int64_t after, int limit)
{
    struct query *q = query_new(by == REVIEWS_BY_TIME ? QUERY_QUALITY : QUERY_REVIEWS);
    struct seen v;

    q->site = key(site);
    q->by = by;
    q->id = id_of(id);
    q->after = after;
    q->limit = limit;
    assert_int_equal(ask(w, q, look, &v), KF_OK);
    return v;
}

/* ---- what is promised ---- */

static void a_review_goes_from_the_sample_to_the_decision_and_keeps_each_version(void **state)
{
    struct world *w = *state;
    struct seen v;

    draw_one(w, SAMPLE_RANDOM);
    v = see(w, 1);
    assert_int_equal(v.r.state, REVIEW_ASSIGNED);
    assert_int_equal(v.r.revision, 1);
    assert_string_equal(v.card, "{\"a\":1}");
    assert_int_equal(act_on(w, 1, (struct doing){ .who = REVIEWER, .revision = 1, .event = REVIEW_SAVE, .body = "{\"d\":1}" }), KF_OK);
    assert_int_equal(act_on(w, 1, (struct doing){ .who = REVIEWER, .revision = 2, .event = REVIEW_SAVE, .body = "{\"d\":2}" }), KF_OK);
    v = see(w, 1);
    assert_int_equal(v.r.state, REVIEW_DRAFT);
    assert_string_equal(v.draft, "{\"d\":2}");
    assert_int_equal(v.n_versions, 0);
    assert_int_equal(
        act_on(w, 1,
               (struct doing){ .who = REVIEWER, .revision = 3, .event = REVIEW_SUBMIT, .body = "{\"v\":1}", .plain = 9500, .fatal = true }),
        KF_OK);
    v = see(w, 1);
    assert_int_equal(v.r.state, REVIEW_SUBMITTED);
    assert_int_equal(v.r.submitted_at, NOW);
    assert_int_equal(v.r.appeal_until, NOW + 3 * 1440 * MINUTE);
    assert_string_equal(v.draft, "");
    assert_string_equal(v.body, "{\"v\":1}");
    assert_true(v.r.fatal && v.r.first_fatal);
    assert_int_equal(
        act_on(w, 1,
               (struct doing){ .who = AGENT, .revision = 4, .at = NOW + MINUTE, .event = REVIEW_APPEAL, .item = "rude", .text = "没有" }),
        KF_OK);
    assert_int_equal(see(w, 1).r.appealed_at, NOW + MINUTE);
    assert_string_equal(see(w, 1).appeal, "rude:没有");
    assert_int_equal(list(w, "demo", REVIEWS_BY_APPEAL, 0, 0, 10).n_reviews, 1);
    assert_int_equal(act_on(w, 1,
                            (struct doing){ .who = OTHER,
                                            .revision = 5,
                                            .at = NOW + 2 * MINUTE,
                                            .event = REVIEW_DECIDE,
                                            .body = "{\"v\":2}",
                                            .score = 9500,
                                            .plain = 9500,
                                            .outcome = APPEAL_ACCEPTED,
                                            .item = "rude",
                                            .text = "同意" }),
                     KF_OK);
    v = see(w, 1);
    assert_int_equal(v.r.state, REVIEW_FINAL);
    assert_int_equal(v.r.score, 9500);
    assert_int_equal(v.r.first_score, 0);
    assert_false(v.r.fatal);
    assert_true(v.r.passed && v.r.first_fatal);
    assert_int_equal(v.r.outcome, APPEAL_ACCEPTED);
    assert_true(is_id(v.r.decider, OTHER));
    assert_int_equal(v.n_versions, 2);
    assert_string_equal(v.first_body, "{\"v\":1}");
    assert_string_equal(v.body, "{\"v\":2}");
    assert_string_equal(v.answer, "accepted:同意");
    assert_int_equal(list(w, "demo", REVIEWS_BY_APPEAL, 0, 0, 10).n_reviews, 0);
}

static void who_has_not_seen_the_newest_is_refused(void **state)
{
    struct world *w = *state;
    static const struct {
        struct doing d;
        enum kf_rc rc;
    } rows[] = {
        { { .who = REVIEWER, .revision = 0, .event = REVIEW_SAVE }, KF_CONFLICT },
        { { .who = REVIEWER, .revision = 2, .event = REVIEW_SAVE }, KF_CONFLICT },
        { { .who = OTHER, .revision = 1, .event = REVIEW_SAVE }, KF_DENIED },
        { { .who = AGENT, .revision = 1, .event = REVIEW_APPEAL }, KF_DENIED },
        { { .who = REVIEWER, .revision = 1, .event = REVIEW_SUBMIT, .score = 9000 }, KF_OK },
        { { .who = REVIEWER, .revision = 2, .event = REVIEW_SUBMIT, .score = 9900 }, KF_CONFLICT },
        { { .who = OTHER, .revision = 2, .event = REVIEW_DECIDE }, KF_CONFLICT },
        { { .who = AGENT, .revision = 2, .at = NOW + 4LL * 1440 * MINUTE, .event = REVIEW_APPEAL }, KF_CONFLICT },
        { { .who = AGENT, .revision = 2, .event = REVIEW_ACKNOWLEDGE }, KF_OK },
        { { .who = AGENT, .revision = 3, .event = REVIEW_APPEAL }, KF_CONFLICT },
    };

    draw_one(w, SAMPLE_RANDOM);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(act_on(w, 1, rows[i].d), rows[i].rc);
    assert_int_equal(see(w, 1).r.score, 9000);
    assert_int_equal(act_on(w, 77, rows[0].d), KF_ABSENT);
}

static void a_card_that_was_used_is_stored_once_and_stays_as_it_was(void **state)
{
    struct world *w = *state;
    static const char *const bodies[] = { "{\"a\":1}", "{\"a\":1}", "{\"b\":2}" };

    for (uint32_t i = 0; i < 3; i++) {
        struct change *c = new_change(NOW);
        struct act_sample *a = sample_act(c, 600 + i, SAMPLE_RANDOM, bodies[i]);

        pick(a, 10 + i, id_of(900), REVIEWER);
        assert_int_equal(commit(w, c).rc, KF_OK);
    }
    assert_int_equal(number(w, "SELECT COUNT(*) FROM scorecard"), 2);
    assert_string_equal(see(w, 10).card, "{\"a\":1}");
    assert_string_equal(see(w, 12).card, "{\"b\":2}");
}

static void an_empty_sample_is_refused(void **state)
{
    struct world *w = *state;
    struct change *c = new_change(NOW);

    (void)sample_act(c, 500, SAMPLE_RANDOM, "{\"a\":1}");
    assert_int_equal(commit(w, c).rc, KF_REJECTED);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM sample"), 0);
}

static void lists_are_of_the_site_and_of_whom_they_concern(void **state)
{
    struct world *w = *state;
    struct change *c = new_change(NOW);
    struct act_sample *a = sample_act(c, 500, SAMPLE_RANDOM, "{\"a\":1}");
    struct seen v;

    pick(a, 1, id_of(900), REVIEWER);
    pick(a, 2, id_of(901), REVIEWER);
    pick(a, 3, id_of(902), OTHER);
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(act_on(w, 1, (struct doing){ .who = REVIEWER, .revision = 1, .event = REVIEW_SUBMIT, .score = 10000 }), KF_OK);
    assert_int_equal(
        act_on(w, 3, (struct doing){ .who = OTHER, .revision = 1, .at = NOW + 5, .event = REVIEW_SUBMIT, .score = 5000, .fatal = true }),
        KF_OK);
    assert_int_equal(list(w, "demo", REVIEWS_BY_REVIEWER, REVIEWER, 0, 10).n_reviews, 2);
    v = list(w, "demo", REVIEWS_BY_REVIEWER, REVIEWER, 0, 1);
    assert_int_equal(v.n_reviews, 1);
    assert_true(v.more);
    assert_int_equal(list(w, "demo", REVIEWS_BY_AGENT, AGENT, 0, 10).n_reviews, 2); /* no drafts */
    assert_int_equal(list(w, "blog", REVIEWS_BY_AGENT, AGENT, 0, 10).n_reviews, 0);
    assert_int_equal(list(w, "demo", REVIEWS_BY_SAMPLE, 500, 0, 10).n_reviews, 3);
    assert_int_equal(list(w, "demo", REVIEWS_BY_CONV, 901, 0, 10).n_reviews, 1);
    v = list(w, "demo", REVIEWS_BY_TIME, 0, NOW, 10);
    assert_int_equal(v.n_reviews, 2);
    assert_int_equal(v.n_lines, 4);
    assert_int_equal(v.n_cards, 1);
    assert_int_equal(v.lines[0].review, v.r.n);
    assert_string_equal(v.lines[0].item.s, "greeting");
    assert_int_equal(v.lines[0].earned, 5000);
    assert_int_equal(list(w, "demo", REVIEWS_BY_TIME, 0, NOW + 1, 10).n_reviews, 1);
    assert_int_equal(list(w, "demo", REVIEWS_BY_TIME, 0, NOW + 6, 10).n_reviews, 0);
}

static enum kf_rc comment(struct world *w, uint32_t id, uint32_t review, uint32_t parent, int64_t seq, const char *text)
{
    struct change *c = new_change(NOW);

    c->by = person(AGENT, "林");
    change_act(c, ACT_COMMENT)->u.comment = (struct act_comment){
        .id = id_of(id), .review = id_of(review), .seq = seq, .parent = parent ? id_of(parent) : (struct kf_id){ { 0 } }, .text = text
    };
    return commit(w, c).rc;
}

static void comments_stand_at_a_message_and_answer_each_other(void **state)
{
    struct world *w = *state;
    struct seen v;

    draw_conv(w, SAMPLE_RANDOM, closed_talk(w, "a", 0, NOW));
    assert_int_equal(comment(w, 50, 1, 0, 1, "这句很好"), KF_OK);
    assert_int_equal(comment(w, 51, 1, 50, 0, "谢谢"), KF_OK);
    assert_int_equal(comment(w, 52, 1, 99, 0, "?"), KF_ABSENT);
    assert_int_equal(comment(w, 53, 7, 0, 0, "?"), KF_ABSENT);
    assert_int_equal(comment(w, 54, 1, 0, 2, "?"), KF_INVALID); /* the conversation has one message */
    v = see(w, 1);
    assert_int_equal(v.n_comments, 2);
    assert_string_equal(v.comment, "这句很好");
    assert_int_equal(v.seq, 1);
    assert_true(is_id(v.parent, 50));
}

static void calibration_is_blind_until_all_are_in(void **state)
{
    struct world *w = *state;
    struct change *c = new_change(NOW);
    struct act_sample *a = sample_act(c, 500, SAMPLE_CALIBRATION, "{\"a\":1}");

    pick(a, 1, id_of(900), REVIEWER);
    pick(a, 2, id_of(900), OTHER);
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(act_on(w, 1, (struct doing){ .who = REVIEWER, .revision = 1, .event = REVIEW_SUBMIT }), KF_OK);
    assert_true(see(w, 1).blind);
    assert_int_equal(act_on(w, 2, (struct doing){ .who = OTHER, .revision = 1, .event = REVIEW_SUBMIT }), KF_OK);
    assert_false(see(w, 1).blind);
}

static enum kf_rc close_sample(struct world *w, uint32_t sample)
{
    struct change *c = new_change(NOW + 1);

    c->by = person(REVIEWER, "周");
    change_act(c, ACT_SAMPLE_CLOSE)->u.sample_close = id_of(sample);
    return commit(w, c).rc;
}

static void a_calibration_that_is_closed_is_blind_no_more_and_the_others_have_missed_it(void **state)
{
    struct world *w = *state;
    struct change *c = new_change(NOW);
    struct act_sample *a = sample_act(c, 500, SAMPLE_CALIBRATION, "{\"a\":1}");
    struct seen v;

    pick(a, 1, id_of(900), REVIEWER);
    pick(a, 2, id_of(900), OTHER);
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(act_on(w, 1, (struct doing){ .who = REVIEWER, .revision = 1, .event = REVIEW_SUBMIT, .score = 9000 }), KF_OK);
    assert_int_equal(act_on(w, 2, (struct doing){ .who = OTHER, .revision = 1, .event = REVIEW_SAVE, .body = "{\"x\":1}" }), KF_OK);
    assert_true(see(w, 1).blind);
    assert_int_equal(close_sample(w, 501), KF_ABSENT);
    assert_int_equal(close_sample(w, 500), KF_OK);
    assert_int_equal(close_sample(w, 500), KF_CONFLICT); /* there is nothing left to close */
    assert_false(see(w, 1).blind);
    v = see(w, 2);
    assert_int_equal(v.r.state, REVIEW_MISSED);
    assert_string_equal(v.draft, "{\"x\":1}");
    assert_int_equal(act_on(w, 2, (struct doing){ .who = OTHER, .revision = 3, .event = REVIEW_SUBMIT }), KF_CONFLICT);
    c = new_change(NOW);
    pick(sample_act(c, 600, SAMPLE_RANDOM, "{\"a\":1}"), 3, id_of(900), REVIEWER);
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(close_sample(w, 600), KF_ABSENT); /* no exercise */
}

struct crowd {
    size_t n, served, reviewed, loads, load;
    bool by_other;
};

static void look_population(const struct query *q, void *ctx)
{
    const struct stored_quality *s = &q->quality;
    struct crowd *c = ctx;

    *c = (struct crowd){ .n = s->n_units, .loads = s->n_loads, .load = s->n_loads ? s->loads[0].load : 0 };
    for (size_t i = 0; i < s->n_units; i++) {
        c->served += s->units[i].n_served;
        c->reviewed += s->reviewed[i];
        for (size_t k = 0; k < s->units[i].n_served; k++)
            c->by_other |= is_id(s->units[i].served[k], OTHER);
        assert_true(is_id(s->units[i].agent, AGENT));
    }
}

static struct crowd population(struct world *w, int64_t after, int64_t before)
{
    struct query *q = query_new(QUERY_POPULATION);
    struct crowd c;

    q->site = key("demo");
    q->after = after;
    q->before = before;
    assert_int_equal(ask(w, q, look_population, &c), KF_OK);
    return c;
}

static void the_population_is_what_was_closed_in_time_with_all_who_served_it(void **state)
{
    struct world *w = *state;
    struct kf_id first = closed_talk(w, "v1", 0, NOW);
    struct crowd c;

    (void)closed_talk(w, "v2", OTHER, NOW + 1000);
    (void)closed_talk(w, "v3", 0, NOW + 9000);
    assert_int_equal(commit(w, visitor_says("v4", NULL, "还开着", NOW)).rc, KF_OK);
    c = population(w, NOW, NOW + 5000);
    assert_int_equal(c.n, 2);
    assert_int_equal(c.served, 3);
    assert_true(c.by_other);
    assert_int_equal(c.reviewed, 0);
    assert_int_equal(population(w, NOW, 0).n, 3);
    assert_int_equal(population(w, NOW + 1, NOW + 1000).n, 0);
    {
        struct change *ch = new_change(NOW);

        pick(sample_act(ch, 500, SAMPLE_RANDOM, "{\"a\":1}"), 1, first, REVIEWER);
        assert_int_equal(commit(w, ch).rc, KF_OK);
    }
    c = population(w, NOW, 0);
    assert_int_equal(c.reviewed, 1);
    assert_int_equal(c.loads, 1);
    assert_int_equal(c.load, 1);
}

static void keep_count(const struct query *q, void *ctx)
{
    *(size_t *)ctx = q->n_convs;
}

static size_t reviewed_with(struct world *w, const char *card)
{
    struct query *q = query_new(QUERY_TRANSCRIPTS);
    size_t ret = 9;

    q->site = key("demo");
    q->search.card = key(card);
    assert_int_equal(ask(w, q, keep_count, &ret), KF_OK);
    return ret;
}

static void a_conversation_is_found_by_the_card_that_it_was_judged_with(void **state)
{
    struct world *w = *state;
    struct kf_id conv = closed_talk(w, "v1", 0, NOW);
    struct change *c = new_change(NOW);

    (void)closed_talk(w, "v2", 0, NOW + 1);
    pick(sample_act(c, 500, SAMPLE_RANDOM, "{\"a\":1}"), 1, conv, REVIEWER);
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(reviewed_with(w, "standard"), 0);
    assert_int_equal(act_on(w, 1, (struct doing){ .who = REVIEWER, .revision = 1, .event = REVIEW_SUBMIT, .score = 9000 }), KF_OK);
    assert_int_equal(reviewed_with(w, "standard"), 1);
    assert_int_equal(reviewed_with(w, "sales"), 0);
}

/* ---- samples of each day ---- */

static enum kf_rc draw_day(struct world *w, const char *schedule, int64_t day, uint32_t sample, uint32_t review)
{
    struct change *c = new_change(NOW);
    struct act_sample *a = sample_act(c, sample, SAMPLE_RANDOM, "{\"a\":1}");

    a->schedule = key(schedule);
    a->day = day;
    a->upto = NOW + day;
    if (review)
        pick(a, review, id_of(900), REVIEWER);
    return commit(w, c).rc;
}

struct drawn {
    size_t n, n_samples;
    struct stored_run runs[3];
    struct kf_key first;
};

static void look_drawn(const struct query *q, void *ctx)
{
    struct drawn *v = ctx;

    *v = (struct drawn){ .n = q->quality.n_runs, .n_samples = q->quality.n_samples };
    for (size_t i = 0; i < v->n && i < 3; i++)
        v->runs[i] = q->quality.runs[i];
    if (v->n_samples)
        v->first = q->quality.samples[0].schedule;
}

static struct drawn drawn(struct world *w, enum query_kind kind)
{
    struct query *q = query_new(kind);
    struct drawn v;

    q->site = key("demo");
    assert_int_equal(ask(w, q, look_drawn, &v), KF_OK);
    return v;
}

static void a_schedule_draws_a_day_once_even_when_nothing_is_there(void **state)
{
    struct world *w = *state;
    struct drawn v;

    assert_int_equal(draw_day(w, "daily", 20000, 500, 1), KF_OK);
    assert_int_equal(draw_day(w, "daily", 20000, 501, 2), KF_CONFLICT);
    assert_int_equal(draw_day(w, "risk", 20000, 502, 3), KF_OK);
    assert_int_equal(draw_day(w, "daily", 20001, 503, 0), KF_OK);
    assert_int_equal(draw_day(w, "daily", 20001, 504, 4), KF_CONFLICT);
    v = drawn(w, QUERY_RUNS);
    assert_int_equal(v.n, 2);
    assert_string_equal(v.runs[0].schedule.s, "daily");
    assert_int_equal(v.runs[0].day, 20001);
    assert_int_equal(v.runs[0].upto, NOW + 20001);
    assert_int_equal(v.runs[0].population, 9);
    assert_int_equal(v.runs[0].drawn, 0);
    assert_true(id_is_zero(&v.runs[0].sample));
    assert_true(is_id(v.runs[1].sample, 502));
    v = drawn(w, QUERY_SAMPLES);
    assert_int_equal(v.n_samples, 2);
    assert_string_equal(v.first.s, "risk");
    assert_int_equal(number(w, "SELECT COUNT(*) FROM review"), 2);
}

static void an_exercise_is_read_with_the_lines_of_all(void **state)
{
    struct world *w = *state;
    struct change *c = new_change(NOW);
    struct act_sample *a = sample_act(c, 500, SAMPLE_CALIBRATION, "{\"a\":1}");
    struct query *q;
    struct seen v;

    pick(a, 1, id_of(900), REVIEWER);
    pick(a, 2, id_of(900), OTHER);
    assert_int_equal(commit(w, c).rc, KF_OK);
    assert_int_equal(act_on(w, 1, (struct doing){ .who = REVIEWER, .revision = 1, .event = REVIEW_SUBMIT, .score = 9000 }), KF_OK);
    assert_int_equal(act_on(w, 2, (struct doing){ .who = OTHER, .revision = 1, .event = REVIEW_SUBMIT, .score = 8000 }), KF_OK);
    q = query_new(QUERY_AGREEMENT);
    q->site = key("demo");
    q->id = id_of(500);
    assert_int_equal(ask(w, q, look, &v), KF_OK);
    assert_int_equal(v.n_reviews, 2);
    assert_int_equal(v.n_lines, 4);
    assert_int_equal(v.n_cards, 1);
    q = query_new(QUERY_AGREEMENT);
    q->site = key("blog");
    q->id = id_of(500);
    assert_int_equal(ask(w, q, look, &v), KF_ABSENT);
}

/* ---- the case library and coaching ---- */

static enum kf_rc put_example(struct world *w, int64_t revision, bool gone, const char *title)
{
    struct change *c = new_change(NOW);
    struct example *e = ARENA_NEW(c->arena, struct example);

    assert_non_null(e);
    *e =
        (struct example){ .id = id_of(700), .revision = revision, .good = true, .gone = gone, .title = title, .tags = "[]", .items = "[]" };
    e->lines = "[{}]";
    e->conv = id_of(900);
    c->by = person(REVIEWER, "周");
    change_act(c, ACT_EXAMPLE)->u.example = e;
    return commit(w, c).rc;
}

static void look_examples(const struct query *q, void *ctx)
{
    char *title = ctx;

    snprintf(title, 64, "%zu %s", q->n_examples, q->n_examples ? q->examples[0].title : "");
}

static void an_example_is_changed_by_who_has_seen_it_and_goes_with_its_words(void **state)
{
    struct world *w = *state;
    char seen[64];

    for (int step = 0; step < 2; step++) {
        struct query *q = query_new(QUERY_EXAMPLES);

        if (step == 0) {
            assert_int_equal(put_example(w, 0, false, "先安抚"), KF_OK);
            assert_int_equal(put_example(w, 2, false, "?"), KF_CONFLICT);
            assert_int_equal(put_example(w, 1, false, "先道歉"), KF_OK);
        } else
            assert_int_equal(put_example(w, 2, true, ""), KF_OK);
        q->site = key("demo");
        assert_int_equal(ask(w, q, look_examples, seen), KF_OK);
        assert_string_equal(seen, step == 0 ? "1 先道歉" : "0 ");
    }
    assert_int_equal(put_example(w, 3, false, "?"), KF_ABSENT);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM example WHERE lines <> '[]'"), 0);
}

static enum kf_rc coach(struct world *w, enum coaching_event event, int64_t revision)
{
    struct change *c = new_change(NOW);
    struct act_coaching *a = ARENA_NEW(c->arena, struct act_coaching);

    assert_non_null(a);
    *a = (struct act_coaching){
        .event = event, .note = { .id = id_of(800), .revision = revision, .agent = id_of(AGENT), .text = "先安抚", .follow_at = NOW }
    };
    a->note.answer = "好";
    a->note.outcome = "改好了";
    c->by = person(OTHER, "吴");
    change_act(c, ACT_COACHING)->u.coaching = a;
    return commit(w, c).rc;
}

static void look_coaching(const struct query *q, void *ctx)
{
    char *text = ctx;

    snprintf(text, 64, "%zu", q->n_coachings);
    if (q->n_coachings)
        snprintf(text, 64, "%s %s %s", coaching_state_name(q->coachings[0].state), q->coachings[0].answer, q->coachings[0].outcome);
}

static const char *coached(struct world *w, enum query_kind kind, uint32_t id, char ret[64])
{
    struct query *q = query_new(kind);

    q->site = key("demo");
    q->id = id_of(id);
    assert_int_equal(ask(w, q, look_coaching, ret), KF_OK);
    return ret;
}

static void a_note_is_planned_acknowledged_and_closed(void **state)
{
    struct world *w = *state;
    char seen[64];

    assert_int_equal(coach(w, COACHING_ACKNOWLEDGE, 1), KF_ABSENT);
    assert_int_equal(coach(w, COACHING_PLAN, 0), KF_OK);
    assert_int_equal(coach(w, COACHING_ACKNOWLEDGE, 2), KF_CONFLICT);
    assert_int_equal(coach(w, COACHING_ACKNOWLEDGE, 1), KF_OK);
    assert_int_equal(coach(w, COACHING_ACKNOWLEDGE, 2), KF_CONFLICT);
    assert_string_equal(coached(w, QUERY_COACHING, AGENT, seen), "acknowledged 好 ");
    assert_string_equal(coached(w, QUERY_COACHING, OTHER, seen), "0");
    assert_int_equal(coach(w, COACHING_CLOSE, 2), KF_OK);
    assert_int_equal(coach(w, COACHING_CLOSE, 3), KF_CONFLICT);
    assert_string_equal(coached(w, QUERY_COACHED, 800, seen), "done 好 改好了");
}

static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)
    TEST(a_review_goes_from_the_sample_to_the_decision_and_keeps_each_version),
    TEST(who_has_not_seen_the_newest_is_refused),
    TEST(a_card_that_was_used_is_stored_once_and_stays_as_it_was),
    TEST(an_empty_sample_is_refused),
    TEST(lists_are_of_the_site_and_of_whom_they_concern),
    TEST(comments_stand_at_a_message_and_answer_each_other),
    TEST(calibration_is_blind_until_all_are_in),
    TEST(a_calibration_that_is_closed_is_blind_no_more_and_the_others_have_missed_it),
    TEST(the_population_is_what_was_closed_in_time_with_all_who_served_it),
    TEST(a_conversation_is_found_by_the_card_that_it_was_judged_with),
    TEST(a_schedule_draws_a_day_once_even_when_nothing_is_there),
    TEST(an_exercise_is_read_with_the_lines_of_all),
    TEST(an_example_is_changed_by_who_has_seen_it_and_goes_with_its_words),
    TEST(a_note_is_planned_acknowledged_and_closed),
};

RUN_BOTH(tests)
