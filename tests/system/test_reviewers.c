/* Whom a review is about, who makes it, what stands of it, and who learns of it: where queues, people and conversations change meanwhile. */
#include "quality_rig.h"

#define CARD                                                                                                         \
    "{\"name\":\"简表\",\"pass\":85,\"sections\":[{\"key\":\"all\",\"name\":\"全部\",\"weight\":100,\"items\":[" \
    "{\"key\":\"base\",\"name\":\"基本\",\"type\":\"steps3\",\"points\":10},"                                      \
    "{\"key\":\"off\",\"name\":\"扣分\",\"type\":\"deduct\",\"points\":100},"                                      \
    "{\"key\":\"fat\",\"name\":\"致命\",\"type\":\"fatal\",\"scope\":\"all\"}]}]}"

static const char *path_of(const char *kind, const char *id, const char *what)
{
    static char ret[2][200];
    static int turn;
    char *to = ret[turn = !turn];

    (void)snprintf(to, sizeof(ret[0]), "/api/v1/%s/%s%s%s", kind, id, *what ? "/" : "", what);
    return to;
}

static const char *review_path(const char *id, const char *what)
{
    return path_of("reviews", id, what);
}

static int start_with_card(void **state)
{
    struct reply r;

    (void)start(state);
    r = web_expect(&d, 201,
                   &(struct ask){ .method = "PUT",
                                  .path = "/api/v1/sites/" SITE "/documents/scorecard/short",
                                  .cookie = supervisor.cookie,
                                  .csrf = supervisor.csrf,
                                  .origin = "",
                                  .headers = "If-None-Match: *\r\n",
                                  .body = CARD });
    reply_free(&r);
    return 0;
}

/* Draws with `wish` what was closed till now, for `who` alone; what is answered. */
static json_t *draw_for(const struct staff *who, int status, const char *wish)
{
    char body[600];

    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"short\",\"reviewers\":[\"%s\"],%s}", who->id, wish);
    return send(&supervisor, status, "POST", "/api/v1/samples?site=" SITE, body);
}

/* The review that `who` has of the conversation. */
static void review_of(const struct staff *who, const char *conv, char id[40])
{
    json_t *mine = staff_get(who, &d, "/api/v1/reviews?site=" SITE "&list=mine"), *one;
    size_t i;

    *id = 0;
    json_array_foreach(json_object_get(mine, "items"), i, one) if (strcmp(text_at(one, "conversation"), conv) == 0)(void)
        snprintf(id, 40, "%s", text_at(one, "id"));
    json_decref(mine);
    assert_true(*id);
}

/* A talk that the reviewer has a review of. */
static void drawn_talk(const char *words, char conv[40], char id[40])
{
    talk_over(words, GREETING, conv);
    json_decref(draw_for(&reviewer, 201, "\"n\":50"));
    review_of(&reviewer, conv, id);
}

/* ---- what stands when the words are gone ---- */

static void submit(const char *id, const char *answers)
{
    char body[400];

    (void)snprintf(body, sizeof(body), "{\"revision\":1,\"contents\":{\"answers\":{%s},\"summary\":\"他叫欧阳\"}}", answers);
    refused(&reviewer, 200, "POST", review_path(id, "submit"), body);
}

static void appeal(const char *id, const char *item)
{
    char body[200];

    (void)snprintf(body, sizeof(body), "{\"revision\":2,\"items\":[{\"item\":\"%s\",\"text\":\"不对\"}]}", item);
    refused(&agent, 200, "POST", review_path(id, "appeal"), body);
}

static void forget_visitor_of(const char *conv)
{
    json_t *t = staff_get(&supervisor, &d, path_of("transcripts", conv, ""));

    refused(&admin, 200, "POST", path_of("visitors", text_at(t, "conversation.visitor.id"), "erase?site=" SITE), "{}");
    json_decref(t);
}

/* With the contents as they are read, and `change` in place of one of them. */
static json_t *decide(const char *id, const char *item, const char *outcome, const char *change)
{
    json_t *r = staff_get(&supervisor, &d, review_path(id, "")), *contents = json_object_get(r, "contents"), *ret;
    char *text, body[2000];

    assert_null(json_object_get(contents, "summary"));
    if (change)
        assert_int_equal(json_object_set_new(json_object_get(contents, "answers"), item, json_loads(change, 0, NULL)), 0);
    text = json_dumps(contents, 0);
    (void)snprintf(body, sizeof(body),
                   "{\"revision\":%lld,\"contents\":%s,\"items\":[{\"item\":\"%s\",\"outcome\":\"%s\",\"text\":\"好\"}]}",
                   (long long)number_at(r, "revision"), text, item, outcome);
    free(text);
    json_decref(r);
    ret = send(&supervisor, 200, "POST", review_path(id, "decide"), body);
    return ret;
}

static void a_rejected_appeal_leaves_what_stands_though_the_words_are_gone(void **state)
{
    static const struct {
        const char *answers, *item;
        int score, plain;
        bool fatal;
    } rows[] = {
        { "\"base\":{\"value\":2,\"note\":\"欧阳\"},\"off\":{\"value\":10}", "off", 9000, 9000, false },
        { "\"base\":{\"value\":1},\"fat\":{\"value\":1}", "fat", 0, 5000, true },
        { "\"base\":{\"na\":true},\"off\":{\"value\":3}", "base", 9700, 9700, false },
    };
    char conv[40], id[40];
    json_t *r;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        drawn_talk("我是欧阳", conv, id);
        submit(id, rows[i].answers);
        appeal(id, rows[i].item);
        forget_visitor_of(conv);
        r = decide(id, rows[i].item, "rejected", NULL);
        assert_int_equal(number_at(r, "score"), rows[i].score);
        json_decref(r);
        r = staff_get(&supervisor, &d, review_path(id, ""));
        assert_int_equal(number_at(r, "score"), rows[i].score);
        assert_int_equal(number_at(r, "plain"), rows[i].plain);
        assert_int_equal(number_at(r, "first_score"), rows[i].score);
        assert_int_equal(json_is_true(value_at(r, "fatal")), rows[i].fatal);
        assert_int_equal(json_is_true(value_at(r, "passed")), rows[i].score >= 8500);
        assert_string_equal(text_at(r, "outcome"), "rejected");
        assert_int_equal(number_at(r, "versions.1.score"), rows[i].score);
        json_decref(r);
    }
}

/* A page that was opened before sends words that were deleted since: they are not taken. */
static void an_accepted_one_changes_its_item_alone(void **state)
{
    char conv[40], id[40];
    json_t *r;
    char *text;

    (void)state;
    drawn_talk("我也是欧阳", conv, id);
    submit(id, "\"base\":{\"value\":1},\"off\":{\"value\":10,\"note\":\"欧阳\"}");
    appeal(id, "off");
    forget_visitor_of(conv);
    r = decide(id, "off", "accepted", "{\"value\":0,\"note\":\"欧阳没说\"}");
    assert_int_equal(number_at(r, "score"), 5000);
    json_decref(r);
    r = staff_get(&supervisor, &d, review_path(id, ""));
    text = json_dumps(r, 0);
    assert_null(strstr(text, "欧阳"));
    assert_int_equal(number_at(r, "first_score"), 4000);
    assert_int_equal(number_at(r, "contents.answers.base.value"), 1);
    free(text);
    json_decref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_rejected_appeal_leaves_what_stands_though_the_words_are_gone),
                                        cmocka_unit_test(an_accepted_one_changes_its_item_alone) };

    return cmocka_run_group_tests(tests, start_with_card, finish);
}
