/* Who leaves keeps no review: what is open of it goes to others, or back, and each review is about whom it concerns. */
#include "quality_rig.h"

static json_t *hand_over(const struct staff *who, int status, const char *from, const char *more)
{
    char body[400];

    (void)snprintf(body, sizeof(body), "{\"from\":\"%s\"%s}", from, more);
    return send(who, status, "POST", "/api/v1/samples/handover?site=" SITE, body);
}

/* Nothing came of it, and why. */
static void hands_nothing_over(const struct staff *who, const char *from, const char *code)
{
    json_t *r = hand_over(who, 422, from, "");

    assert_string_equal(text_at(r, "code"), code);
    json_decref(r);
}

/* What came of it: moved, taken back, left. */
static void hands_over(const struct staff *who, const char *from, const char *more, int moved, int taken, int left)
{
    json_t *r = hand_over(who, 200, from, more);

    assert_int_equal(number_at(r, "moved"), moved);
    assert_int_equal(number_at(r, "taken_back"), taken);
    assert_int_equal(number_at(r, "left"), left);
    json_decref(r);
}

static void disable(const struct staff *s)
{
    char path[120];

    (void)snprintf(path, sizeof(path), "/api/v1/people/%s/disable?site=" SITE, s->id);
    refused(&admin, 204, "POST", path, "{}");
}

/* How many of a state the person has. */
static size_t has(const struct staff *who, const char *state)
{
    json_t *mine = staff_get(who, &d, "/api/v1/reviews?site=" SITE "&list=mine"), *one;
    size_t i, ret = 0;

    json_array_foreach(json_object_get(mine, "items"), i, one) ret += strcmp(text_at(one, "state"), state) == 0;
    json_decref(mine);
    return ret;
}

static bool has_review(const struct staff *who, const char *id)
{
    json_t *mine = staff_get(who, &d, "/api/v1/reviews?site=" SITE "&list=mine"), *one;
    bool ret = false;
    size_t i;

    json_array_foreach(json_object_get(mine, "items"), i, one) ret |= strcmp(text_at(one, "id"), id) == 0;
    json_decref(mine);
    return ret;
}

/* The newest sample, as `who` sees it. */
static json_t *newest(const struct staff *who)
{
    json_t *all = staff_get(who, &d, "/api/v1/samples?site=" SITE), *ret = json_incref(value_at(all, "items.0"));

    json_decref(all);
    return ret;
}

static void as_drawn(const struct staff *to, const char *wish, int drawn)
{
    json_t *r = draw_for(to, 201, wish);

    assert_int_equal(number_at(r, "drawn"), drawn);
    json_decref(r);
}

static int64_t risky(const char *wish)
{
    char body[600];
    json_t *r;
    int64_t ret;

    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"short\",\"dry_run\":true,%s}", wish);
    r = send(&supervisor, 200, "POST", "/api/v1/samples?site=" SITE, body);
    ret = number_at(r, "population");
    json_decref(r);
    return ret;
}

/* Of three that somebody had who left, the agent of the talks gets none, and the two others share them by load; a draft is begun anew. */
static void what_somebody_has_left_is_spread_over_the_others(void **state)
{
    char conv[40], id[40], agents_too[80];
    struct staff left, other;
    const struct staff *heir;
    json_t *s, *r;

    (void)state;
    join(&left, "left", "\"reviewer\"", "");
    join(&other, "other", "\"reviewer\"", "");
    for (int i = 0; i < 3; i++)
        talk_over("谁来评", GREETING, conv);
    as_drawn(&left, "\"n\":50", 3);
    review_of(&left, conv, id);
    refused(&left, 200, "PUT", path_of("reviews", id, "draft"),
            "{\"revision\":1,\"contents\":{\"answers\":{\"base\":{\"value\":1}},\"summary\":\"半截\"}}");
    (void)snprintf(agents_too, sizeof(agents_too), ",\"to\":[\"%s\"]", agent.id);
    json_decref(hand_over(&supervisor, 400, left.id, agents_too));
    json_decref(hand_over(&reviewer, 403, left.id, ""));
    disable(&left);
    s = newest(&supervisor);
    assert_int_equal(number_at(s, "open.0.open"), 3);
    assert_true(json_is_true(value_at(s, "open.0.gone")));
    assert_string_equal(text_at(s, "open.0.person.id"), left.id);
    json_decref(s);
    s = newest(&reviewer);
    assert_null(value_at(s, "open"));
    json_decref(s);

    hands_over(&supervisor, left.id, "", 3, 0, 0);
    assert_int_equal(has(&reviewer, "assigned") + has(&other, "assigned"), 3);
    assert_true(has(&reviewer, "assigned") > 0 && has(&other, "assigned") > 0);
    heir = has_review(&other, id) ? &other : &reviewer;
    r = staff_get(heir, &d, path_of("reviews", id, ""));
    assert_string_equal(text_at(r, "state"), "assigned");
    assert_int_equal(number_at(r, "revision"), 3);
    assert_int_equal(json_object_size(value_at(r, "contents")), 0);
    json_decref(r);
    hands_nothing_over(&supervisor, left.id, "nothing_open");
    assert_int_equal(audited("reviews_handed_over"), 1);
    staff_free(&left);
    staff_free(&other);
}

/* Nobody makes it: it counts for nothing, and can be drawn again. */
static void what_is_taken_back_can_be_drawn_again(void **state)
{
    char conv[40], id[40];
    json_t *s;
    size_t before = has(&reviewer, "assigned");

    (void)state;
    talk_over("先收回", GREETING, conv);
    as_drawn(&reviewer, "\"n\":50", 1);
    review_of(&reviewer, conv, id);
    json_decref(draw_for(&reviewer, 422, "\"n\":50"));
    hands_over(&supervisor, reviewer.id, ",\"take_back\":true", 0, (int)before + 1, 0);
    assert_int_equal(has(&reviewer, "missed"), before + 1);
    refused(&reviewer, 409, "POST", path_of("reviews", id, "submit"),
            "{\"revision\":2,\"contents\":{\"answers\":{\"base\":{\"value\":2}}}}");
    s = newest(&supervisor);
    assert_int_equal(number_at(s, "missed"), 1);
    assert_null(value_at(s, "open"));
    json_decref(s);
    as_drawn(&reviewer, "\"n\":50", (int)before + 1);
}

/* A calibration stays with whom it was given to; without the one who has left it ends. */
static void a_calibration_ends_without_who_has_left(void **state)
{
    static const char done[] = "{\"revision\":1,\"contents\":{\"answers\":{\"base\":{\"value\":2}}}}";
    char conv[40], id[40], body[300], exercise[40];
    struct staff left, other;
    json_t *r;

    (void)state;
    join(&left, "cal1", "\"reviewer\"", "");
    join(&other, "cal2", "\"reviewer\"", "");
    talk_over("校准", GREETING, conv);
    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"short\",\"kind\":\"calibration\",\"n\":50,\"reviewers\":[\"%s\",\"%s\",\"%s\"]}",
                   left.id, other.id, reviewer.id);
    r = send(&supervisor, 201, "POST", "/api/v1/samples?site=" SITE, body);
    assert_int_equal(number_at(r, "drawn"), 3);
    (void)snprintf(exercise, sizeof(exercise), "%s", text_at(r, "id"));
    json_decref(r);
    review_of(&other, conv, id);
    refused(&other, 200, "POST", path_of("reviews", id, "submit"), done);
    review_of(&reviewer, conv, id);
    refused(&reviewer, 200, "POST", path_of("reviews", id, "submit"), done);
    hands_nothing_over(&supervisor, left.id, "nobody_else"); /* whoever is here judges it */
    disable(&left);
    r = staff_get(&supervisor, &d, path_of("samples", exercise, "agreement"));
    assert_int_equal(number_at(r, "waiting"), 1);
    json_decref(r);
    hands_over(&supervisor, left.id, "", 0, 1, 0);
    r = staff_get(&supervisor, &d, path_of("samples", exercise, "agreement"));
    assert_int_equal(number_at(r, "waiting"), 0);
    assert_int_equal(json_array_size(value_at(r, "conversations")), 1);
    json_decref(r);
    staff_free(&left);
    staff_free(&other);
}

/* Whom of a talk that was handed on a review is about, and who may make it. */
static void a_finding_is_about_whoever_it_was_found_about(void **state)
{
    char id[40], body[300];
    struct visitor v = { 0 };
    struct staff both, sales, left;
    json_t *r;

    (void)state;
    join(&both, "both", "\"agent\",\"reviewer\"", "");
    join(&sales, "supsales", "\"supervisor\"", "\"sales\"");
    join(&left, "left3", "\"reviewer\"", "");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "怎么退款");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    (void)staff_say(&agent, v.conv, "a1", "这不归我管");
    staff_enter(&both, &d, SITE);
    staff_presence(&both, "online");
    wire_sendf(&agent.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t\",\"to\":{\"agent\":\"%s\"}}", v.conv, both.id);
    wire_take(&both.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    (void)staff_say(&both, v.conv, "b1", "我来帮您");
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");

    (void)snprintf(body, sizeof(body), "\"kind\":\"risk\",\"tags\":[],\"findings\":true,\"agents\":[\"%s\"]", agent.id);
    UNTIL(risky(body) > 0);
    as_drawn(&reviewer, body, 1);
    review_of(&reviewer, v.conv, id);
    r = staff_get(&reviewer, &d, path_of("reviews", id, ""));
    assert_string_equal(text_at(r, "agent.id"), agent.id);
    json_decref(r);
    refused(&reviewer, 200, "POST", path_of("reviews", id, "submit"),
            "{\"revision\":1,\"contents\":{\"answers\":{\"base\":{\"value\":0}}}}");
    r = staff_get(&agent, &d, path_of("reviews", id, ""));
    assert_int_equal(number_at(r, "score"), 0);
    json_decref(r);
    refused(&both, 200, "GET", path_of("reviews", id, ""), NULL);
    r = staff_get(&agent, &d, path_of("transcripts", v.conv, "")); /* the lines that it is about */
    assert_true(json_is_true(value_at(r, "masked")));
    json_decref(r);

    (void)snprintf(body, sizeof(body), "\"agents\":[\"%s\"]", both.id);
    as_drawn(&left, body, 1);
    review_of(&left, v.conv, id);
    r = staff_get(&left, &d, path_of("reviews", id, ""));
    assert_string_equal(text_at(r, "agent.id"), both.id);
    json_decref(r);
    (void)snprintf(body, sizeof(body), ",\"to\":[\"%s\"]", both.id);
    json_decref(hand_over(&supervisor, 422, left.id, body)); /* nobody gets own ones */
    json_decref(hand_over(&sales, 422, left.id, ""));        /* of another queue */
    hands_over(&supervisor, left.id, "", 1, 0, 0);
    assert_false(has_review(&both, id));
    visitor_free(&v);
    staff_free(&both);
    staff_free(&sales);
    staff_free(&left);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_somebody_has_left_is_spread_over_the_others),
                                        cmocka_unit_test(what_is_taken_back_can_be_drawn_again),
                                        cmocka_unit_test(a_calibration_ends_without_who_has_left),
                                        cmocka_unit_test(a_finding_is_about_whoever_it_was_found_about) };

    return cmocka_run_group_tests(tests, start_with_card, finish);
}
