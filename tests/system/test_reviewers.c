/* Whom a review is about, who makes it, what stands of it, and who learns of it: where queues, people and conversations change meanwhile. */
#include "quality_rig.h"

#include <time.h>
#include <unistd.h>

static const char *review_path(const char *id, const char *what)
{
    return path_of("reviews", id, what);
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
        { "\"base\":{\"na\":true},\"off\":{\"value\":3},\"fat\":{\"value\":1}", "base", 0, 9700, true },
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

/* ---- what is drawn ---- */

/* Asks so often before it reads the first answer; how many are 201, and the others are refusals. */
static int at_once(int n, const char *path, const char *body)
{
    char text[1200];
    int fds[16], ret = 0;

    (void)snprintf(text, sizeof(text),
                   "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nCookie: %s\r\nX-CSRF-Token: %s\r\n"
                   "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                   path, d.port, d.port, supervisor.cookie, supervisor.csrf, strlen(body), body);
    for (int i = 0; i < n; i++)
        fds[i] = web_connect(&d, false);
    for (int i = 0; i < n; i++)
        web_send(fds[i], text, strlen(text));
    for (int i = 0; i < n; i++) {
        struct reply r;

        assert_true(web_read(fds[i], false, &r));
        assert_true(r.status == 201 || r.status == 409 || r.status == 422);
        ret += r.status == 201;
        reply_free(&r);
        (void)close(fds[i]);
    }
    return ret;
}

/* Both have read the population before either commits: the questions are sent before the first answer is read. */
static void who_draws_at_once_draws_nothing_twice(void **state)
{
    char conv[40], body[200], path[300];
    sqlite3_stmt *st;
    sqlite3 *db;
    int drawn;

    (void)state;
    talk_over("先抽完", GREETING, conv);
    refused(&supervisor, 201, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"short\",\"n\":200}");
    for (int i = 0; i < 3; i++)
        talk_over("同时抽检", GREETING, conv);
    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"short\",\"n\":3}");
    drawn = at_once(6, "/api/v1/samples?site=" SITE, body);
    assert_int_equal(drawn, 1);
    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT COUNT(*) - COUNT(DISTINCT conv) FROM review", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(st, 0), 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

/* The card without what is taken off. */
#define LESS                                                                                                         \
    "{\"name\":\"简表\",\"pass\":85,\"sections\":[{\"key\":\"all\",\"name\":\"全部\",\"weight\":100,\"items\":[" \
    "{\"key\":\"base\",\"name\":\"基本\",\"type\":\"steps3\",\"points\":10}]}]}"

static void what_cannot_be_is_refused(void **state)
{
    static const char *const wrong[] = { "\"queues\":[\"nope\"]", "\"channels\":[\"nope\"]", "\"from\":2000,\"to\":1000" };
    char conv[40], id[40], body[400];
    json_t *r;

    (void)state;
    drawn_talk("只有一个人能评", conv, id);
    r = send(&reviewer, 200, "PUT", review_path(id, "draft"), "{\"revision\":1,\"contents\":{\"answers\":{\"base\":{\"na\":true}}}}");
    assert_true(json_is_true(json_object_get(r, "empty")));
    assert_null(json_object_get(r, "score"));
    assert_null(json_object_get(r, "passed"));
    json_decref(r);
    refused(&reviewer, 422, "POST", review_path(id, "submit"),
            "{\"revision\":2,\"contents\":{\"answers\":{\"base\":{\"na\":true},\"off\":{\"value\":0}}}}");
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(body, sizeof(body),
                       "{\"good\":true,\"title\":\"例\",\"conversation\":\"%s\",\"seqs\":[1],\"items\":[\"base\",\"nope\"]%s%s%s}", conv,
                       i ? ",\"review\":\"" : "", i ? id : "", i ? "\"" : "");
        r = send(&reviewer, 400, "POST", "/api/v1/examples?site=" SITE, body);
        assert_string_equal(text_at(r, "detail"), "items: no scorecard has an item \"nope\"");
        json_decref(r);
    }
    /* An item that its review has, though the card has lost it since. */
    put_card(1, LESS);
    (void)snprintf(body, sizeof(body),
                   "{\"good\":true,\"title\":\"例\",\"conversation\":\"%s\",\"seqs\":[1],\"items\":[\"off\"],\"review\":\"%s\"}", conv, id);
    refused(&reviewer, 201, "POST", "/api/v1/examples?site=" SITE, body);
    put_card(2, CARD);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"scorecard\":\"short\",\"dry_run\":true,%s}", wrong[i]);
        refused(&supervisor, 400, "POST", "/api/v1/samples?site=" SITE, body);
    }
}

/* What stands on a list with its score is no exercise, and what is an exercise for somebody stands on no list. */
static void a_calibration_is_of_what_nobody_can_look_up(void **state)
{
    struct staff second, third;
    char conv[40], open[40], id[40], wish[300];
    json_t *r;

    (void)state;
    join(&second, "second", "\"reviewer\"", "");
    join(&third, "third", "\"reviewer\"", "\"sales\"");
    drawn_talk("已评过的", conv, id);
    submit(id, "\"base\":{\"value\":2}");
    talk_over("没评过的", GREETING, open);
    (void)snprintf(wish, sizeof(wish), "{\"scorecard\":\"short\",\"kind\":\"calibration\",\"n\":200,\"reviewers\":[\"%s\",\"%s\"]}",
                   reviewer.id, second.id);
    r = send(&supervisor, 201, "POST", "/api/v1/samples?site=" SITE, wish);
    assert_int_equal(number_at(r, "drawn"), 2);
    json_decref(r);
    review_of(&second, open, id);
    refused(&supervisor, 422, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"short\",\"n\":200}");

    /* One alone has nothing to be compared with. */
    talk_over("只有一个人能评的", GREETING, conv);
    (void)snprintf(wish, sizeof(wish), "{\"scorecard\":\"short\",\"kind\":\"calibration\",\"n\":200,\"reviewers\":[\"%s\",\"%s\"]}",
                   second.id, third.id);
    refused(&supervisor, 422, "POST", "/api/v1/samples?site=" SITE, wish);
    staff_free(&second);
    staff_free(&third);
}

/* ---- queues ---- */

static size_t items_of(const struct staff *s, const char *path)
{
    json_t *list = staff_get(s, &d, path);
    size_t ret = json_array_size(json_object_get(list, "items"));

    json_decref(list);
    return ret;
}

static long long now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000LL;
}

static void coach(const struct staff *who, int status, const struct staff *whom, const char *review, long long at, char id[40])
{
    char body[400];
    json_t *r;

    (void)snprintf(body, sizeof(body), "{\"agent\":\"%s\",\"text\":\"慢一点\",\"follow_at\":%lld%s%s%s}", whom->id, at,
                   review ? ",\"review\":\"" : "", review ? review : "", review ? "\"" : "");
    r = send(who, status, "POST", "/api/v1/coaching?site=" SITE, body);
    if (id)
        (void)snprintf(id, 40, "%s", text_at(r, "id"));
    json_decref(r);
}

/* Of another queue as of another site: it is not listed, and whoever knows its id is told that there is none. */
static void supervisors_of_one_queue_act_in_no_other(void **state)
{
    struct staff sales, sold;
    char conv[40], id[40], hold[40], note[40], exercise[40], body[300];
    json_t *r;

    (void)state;
    join(&sales, "supsales", "\"supervisor\"", "\"sales\"");
    join(&sold, "revsales", "\"reviewer\"", "\"sales\"");
    drawn_talk("服务部的事", conv, id);
    submit(id, "\"base\":{\"value\":2}");
    refused(&sales, 404, "GET", path_of("transcripts", conv, ""), NULL);

    (void)snprintf(body, sizeof(body), "{\"conversation\":\"%s\",\"reason\":\"卷宗\"}", conv);
    refused(&sales, 404, "POST", "/api/v1/holds?site=" SITE, body);
    r = send(&supervisor, 201, "POST", "/api/v1/holds?site=" SITE, body);
    (void)snprintf(hold, sizeof(hold), "%s", text_at(r, "id"));
    json_decref(r);
    assert_int_equal(items_of(&supervisor, "/api/v1/holds?site=" SITE), 1);
    assert_int_equal(items_of(&sales, "/api/v1/holds?site=" SITE), 0);
    assert_int_equal(items_of(&admin, "/api/v1/holds?site=" SITE), 1);
    (void)snprintf(body, sizeof(body), "%s?site=" SITE, path_of("holds", hold, ""));
    refused(&sales, 404, "DELETE", body, NULL);
    refused(&supervisor, 204, "DELETE", body, NULL);
    r = staff_get(&supervisor, &d, path_of("transcripts", conv, ""));
    (void)snprintf(body, sizeof(body), "{\"visitor\":\"%s\",\"reason\":\"卷宗\"}", text_at(r, "conversation.visitor.id"));
    json_decref(r);
    refused(&sales, 404, "POST", "/api/v1/holds?site=" SITE, body);

    assert_true(items_of(&supervisor, "/api/v1/samples?site=" SITE) > 0);
    assert_int_equal(items_of(&sales, "/api/v1/samples?site=" SITE), 0);
    assert_int_equal(items_of(&sold, "/api/v1/samples?site=" SITE), 0);
    talk_over("校准", GREETING, conv);
    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"short\",\"kind\":\"calibration\",\"n\":50,\"reviewers\":[\"%s\",\"%s\"]}",
                   reviewer.id, supervisor.id);
    r = send(&supervisor, 201, "POST", "/api/v1/samples?site=" SITE, body);
    (void)snprintf(exercise, sizeof(exercise), "%s", text_at(r, "id"));
    json_decref(r);
    (void)snprintf(body, sizeof(body), "%s?site=" SITE, path_of("samples", exercise, "close"));
    refused(&sales, 404, "POST", body, "{}");
    refused(&supervisor, 204, "POST", body, "{}");

    coach(&supervisor, 201, &agent, id, now_ms(), note);
    coach(&sales, 400, &agent, id, now_ms(), NULL);
    assert_int_equal(items_of(&sales, "/api/v1/coaching?site=" SITE), 0);
    refused(&sales, 404, "POST", path_of("coaching", note, "close"), "{\"revision\":1,\"outcome\":\"好\"}");
    refused(&supervisor, 200, "POST", path_of("coaching", note, "close"), "{\"revision\":1,\"outcome\":\"好\"}");
    staff_free(&sales);
    staff_free(&sold);
}

static void coaching_is_of_its_agent_and_to_come(void **state)
{
    char conv[40], id[40];

    (void)state;
    drawn_talk("辅导", conv, id);
    coach(&supervisor, 400, &agent, id, now_ms(), NULL); /* it is not submitted yet */
    submit(id, "\"base\":{\"value\":2}");
    coach(&supervisor, 400, &agent2, id, now_ms(), NULL);
    coach(&supervisor, 400, &agent, id, 1000, NULL);
    coach(&supervisor, 400, &agent, NULL, now_ms() * 1000, NULL);
    coach(&supervisor, 201, &agent, id, now_ms(), NULL);
}

/* ---- many ---- */

static void a_review_has_at_most_a_hundred_comments(void **state)
{
    char conv[40], id[40];

    (void)state;
    drawn_talk("评论", conv, id);
    for (int i = 0; i < 100; i++)
        refused(&reviewer, 201, "POST", review_path(id, "comments"), "{\"text\":\"又一条\"}");
    refused(&reviewer, 409, "POST", review_path(id, "comments"), "{\"text\":\"又一条\"}");
}

static void run_sql(const char *sql)
{
    char path[300];
    sqlite3 *db;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_long_list_is_read_page_by_page_and_counted_whole(void **state)
{
    char conv[40], id[40], path[200];
    json_t *page, *again;
    long long all;

    (void)state;
    drawn_talk("很多", conv, id);
    run_sql("WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 1100) INSERT INTO review (id, site, sample, card, "
            "conv, channel, "
            "queue, closed_at, agent, reviewer, state, revision, version, outcome, score, plain, fatal, passed, first_score, first_plain, "
            "first_fatal, "
            "assigned_at, submitted_at, appeal_until, acknowledged_at, appealed_at, decided_at, draft) SELECT randomblob(16), site, "
            "sample, card, "
            "randomblob(16), channel, queue, closed_at, agent, reviewer, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, assigned_at, 0, 0, 0, 0, 0, '' "
            "FROM k, (SELECT "
            "* FROM review WHERE state = 0 LIMIT 1)");
    page = staff_get(&reviewer, &d, "/api/v1/reviews?site=" SITE "&list=mine");
    all = number_at(page, "count");
    assert_true(all > 1100);
    assert_int_equal(json_array_size(value_at(page, "items")), 500);
    assert_true(json_is_true(value_at(page, "more")));
    for (long long left = all - 500; left > 0; left -= 500) {
        (void)snprintf(path, sizeof(path), "/api/v1/reviews?site=" SITE "&list=mine&after=%s", text_at(page, "next"));
        again = staff_get(&reviewer, &d, path);
        assert_string_not_equal(text_at(again, "items.0.id"), text_at(page, "items.0.id"));
        assert_int_equal(number_at(again, "count"), all);
        assert_int_equal(json_array_size(value_at(again, "items")), left > 500 ? 500 : left);
        json_decref(page);
        page = again;
    }
    assert_false(json_is_true(value_at(page, "more")));
    assert_null(value_at(page, "next"));
    json_decref(page);
    refused(&reviewer, 400, "GET", "/api/v1/reviews?site=" SITE "&list=mine&after=x", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_rejected_appeal_leaves_what_stands_though_the_words_are_gone),
                                        cmocka_unit_test(an_accepted_one_changes_its_item_alone),
                                        cmocka_unit_test(who_draws_at_once_draws_nothing_twice),
                                        cmocka_unit_test(what_cannot_be_is_refused),
                                        cmocka_unit_test(a_calibration_is_of_what_nobody_can_look_up),
                                        cmocka_unit_test(supervisors_of_one_queue_act_in_no_other),
                                        cmocka_unit_test(coaching_is_of_its_agent_and_to_come),
                                        cmocka_unit_test(a_review_has_at_most_a_hundred_comments),
                                        cmocka_unit_test(a_long_list_is_read_page_by_page_and_counted_whole) };

    return cmocka_run_group_tests(tests, start_with_card, finish);
}
