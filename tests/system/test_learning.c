/* What a house learns from its reviews: calibration, samples that draw themselves. */
#include "quality_rig.h"

#include <math.h>
#include <time.h>

#define DOCUMENTS "/api/v1/sites/" SITE "/documents/"

static void document(const char *kind_and_key, const char *body)
{
    char path[120];
    struct reply r;

    (void)snprintf(path, sizeof(path), DOCUMENTS "%s", kind_and_key);
    r = web_expect(&d, 201,
                   &(struct ask){ .method = "PUT",
                                  .path = path,
                                  .cookie = supervisor.cookie,
                                  .csrf = supervisor.csrf,
                                  .origin = "",
                                  .headers = "If-None-Match: *\r\n",
                                  .body = body });
    reply_free(&r);
}

static void talk(const char *words)
{
    char conv[40];

    talk_over(words, GREETING, conv);
}

/* ---- reviews of a card on which any score can be given ---- */

static const char card[] = "{\"name\":\"甲\",\"pass\":85,\"sections\":[{\"key\":\"all\",\"name\":\"全部\",\"weight\":100,\"items\":["
                           "{\"key\":\"base\",\"name\":\"应答\",\"type\":\"yesno\",\"points\":10},{\"key\":\"off\",\"name\":\"扣分\","
                           "\"type\":\"deduct\",\"points\":50},"
                           "{\"key\":\"rude\",\"name\":\"辱骂\",\"type\":\"fatal\"}]}]}";

static void score(const struct staff *who, const char *review, int points, bool fatal)
{
    char path[120], body[200];

    (void)snprintf(path, sizeof(path), "/api/v1/reviews/%s/submit", review);
    (void)snprintf(body, sizeof(body),
                   "{\"revision\":1,\"contents\":{\"answers\":{\"base\":{\"value\":1},\"off\":{\"value\":%d},\"rude\":{\"value\":%d}}}}",
                   100 - points, fatal);
    json_decref(send(who, 200, "POST", path, body));
}

/* What this one has to do of a sample, in the order of its conversations. */
static json_t *todo(const struct staff *who, const char *sample)
{
    json_t *all = staff_get(who, &d, "/api/v1/reviews?site=" SITE "&list=mine"), *ret = json_array(), *one;
    size_t i;

    json_array_foreach(json_object_get(all, "items"), i, one)
    {
        if (strcmp(text_at(json_object_get(one, "sample"), "id"), sample) == 0)
            (void)json_array_append(ret, one);
    }
    json_decref(all);
    return ret;
}

static const char *review_at(const json_t *list, size_t i)
{
    return text_at(json_array_get(list, i), "id");
}

/* The review in `list` of the conversation that `other` is about. */
static const char *same_talk(const json_t *list, const json_t *other)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text_at(json_array_get(list, i), "conversation"), text_at(other, "conversation")) == 0)
            return review_at(list, i);
    fail_msg("nobody else reviews it");
    return NULL;
}

static void near(const json_t *at, const char *name, double want)
{
    const json_t *v = json_object_get(at, name);

    assert_true(json_is_number(v));
    if (fabs(json_number_value(v) - want) > 0.00006)
        fail_msg("%s is %f, not %f", name, json_number_value(v), want);
}

/* ---- what is promised ---- */

static void the_worked_figures_of_five_reviews_come_out(void **state)
{
    static const struct {
        int points;
        bool fatal;
    } rows[] = { { 92, false }, { 88, false }, { 100, false }, { 76, false }, { 95, true } };
    json_t *sample, *list, *f, *total;
    char id[40];

    (void)state;
    document("scorecard/worked", card);
    for (size_t i = 0; i < 5; i++)
        talk("灯坏了");
    sample = send(&supervisor, 201, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"worked\",\"n\":5}");
    assert_int_equal(number_at(sample, "drawn"), 5);
    (void)snprintf(id, sizeof(id), "%s", text_at(sample, "id"));
    json_decref(sample);
    list = todo(&reviewer, id);
    assert_int_equal(json_array_size(list), 5);
    for (size_t i = 0; i < 5; i++)
        score(&reviewer, review_at(list, i), rows[i].points, rows[i].fatal);
    json_decref(list);
    f = staff_get(&supervisor, &d, "/api/v1/quality?site=" SITE);
    total = json_object_get(f, "total");
    assert_int_equal(number_at(total, "reviews"), 5);
    assert_int_equal(number_at(total, "score_sum"), 35600); /* mean 71.2 */
    assert_int_equal(number_at(total, "plain_sum"), 45100); /* without fatal 90.2 */
    assert_int_equal(number_at(total, "fatal_free"), 4);    /* 80 % */
    assert_int_equal(number_at(total, "passed"), 3);        /* 85 and more: 3 of 5 */
    json_decref(f);
}

static void calibration_is_compared_when_all_are_in_and_its_figures_come_out(void **state)
{
    static const struct {
        size_t n;
        int first, second;
    } rows[] = { { 12, 90, 90 }, { 3, 90, 80 }, { 1, 80, 90 }, { 4, 80, 80 } };
    char body[300], path[140];
    json_t *sample, *first, *second, *a, *pair;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < 20; i++)
        talk("发票"); /* the five of before have scores that can be looked up: they are no exercise */
    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"worked\",\"kind\":\"calibration\",\"n\":20,\"reviewers\":[\"%s\",\"%s\"]}",
                   reviewer.id, supervisor.id);
    sample = send(&supervisor, 201, "POST", "/api/v1/samples?site=" SITE, body);
    assert_int_equal(number_at(sample, "drawn"), 40);
    assert_int_equal(number_at(sample, "conversations"), 20);
    (void)snprintf(path, sizeof(path), "/api/v1/samples/%s/agreement?site=" SITE, text_at(sample, "id"));
    first = todo(&reviewer, text_at(sample, "id"));
    second = todo(&supervisor, text_at(sample, "id"));
    assert_int_equal(json_array_size(first), 20);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < rows[i].n; k++, at++) {
            score(&reviewer, review_at(first, at), rows[i].first, false);
            if (at == 0) { /* blind: the other one has not said anything yet */
                a = staff_get(&supervisor, &d, path);
                assert_int_equal(number_at(a, "waiting"), 20);
                assert_int_equal(json_array_size(json_object_get(a, "conversations")), 0);
                json_decref(a);
            }
            score(&supervisor, same_talk(second, json_array_get(first, at)), rows[i].second, false);
        }
    a = staff_get(&reviewer, &d, path);
    assert_int_equal(number_at(a, "waiting"), 0);
    assert_int_equal(json_array_size(json_object_get(a, "conversations")), 20);
    near(json_object_get(a, "passed"), "alpha", 0.5357);
    pair = json_array_get(json_object_get(json_object_get(a, "passed"), "pairs"), 0);
    near(pair, "kappa", 0.5294);
    for (size_t i = 0, first_is_a = strcmp(text_at(json_object_get(pair, "a"), "id"), reviewer.id) == 0; i < 4; i++)
        assert_int_equal(json_integer_value(json_array_get(json_object_get(pair, "table"), i)), rows[i == 1 && !first_is_a   ? 2
                                                                                                     : i == 2 && !first_is_a ? 1
                                                                                                                             : i]
                                                                                                    .n);
    /* The first gave 85 and 90 on average, so is milder by 100 hundredths (200 of 20 × 10 points). */
    for (size_t i = 0; i < 2; i++) {
        const json_t *r = json_array_get(json_object_get(a, "reviewers"), i);

        near(r, "severity", strcmp(text_at(json_object_get(r, "person"), "id"), reviewer.id) == 0 ? 100 : -100);
    }
    pair = json_array_get(json_object_get(a, "items"), 1);
    assert_string_equal(text_at(pair, "key"), "off");
    assert_int_equal(number_at(pair, "rated"), 20);
    assert_int_equal(number_at(pair, "same"), 16);
    assert_int_equal(number_at(pair, "spread_max"), 2000); /* 10 of its 50 points */
    near(pair, "spread", 400);
    json_decref(a);
    refused(&agent, 403, "GET", path, NULL);
    refused(&admin, 403, "GET", path, NULL);
    refused(&reviewer, 404, "GET", "/api/v1/samples/01936b2e-0000-7000-8000-000000000001/agreement?site=" SITE, NULL);
    json_decref(first);
    json_decref(second);
    json_decref(sample);
}

static void an_exercise_that_is_closed_is_compared_without_those_who_are_missing(void **state)
{
    json_t *sample, *a, *first, *late, *got;
    char body[300], path[140], close[140];

    (void)state;
    (void)snprintf(body, sizeof(body), "{\"scorecard\":\"worked\",\"kind\":\"calibration\",\"n\":2,\"reviewers\":[\"%s\",\"%s\"]}",
                   reviewer.id, supervisor.id);
    sample = send(&reviewer, 201, "POST", "/api/v1/samples?site=" SITE, body);
    (void)snprintf(path, sizeof(path), "/api/v1/samples/%s/agreement?site=" SITE, text_at(sample, "id"));
    (void)snprintf(close, sizeof(close), "/api/v1/samples/%s/close?site=" SITE, text_at(sample, "id"));
    first = todo(&reviewer, text_at(sample, "id"));
    late = todo(&supervisor, text_at(sample, "id"));
    score(&reviewer, review_at(first, 0), 90, false);
    a = staff_get(&reviewer, &d, path);
    assert_true(json_is_true(json_object_get(a, "may_close")));
    json_decref(a);
    refused(&agent, 403, "POST", close, "{}");
    json_decref(send(&reviewer, 204, "POST", close, "{}"));
    refused(&reviewer, 409, "POST", close, "{}");
    a = staff_get(&supervisor, &d, path);
    assert_int_equal(number_at(a, "waiting"), 0);
    assert_false(json_is_true(json_object_get(a, "may_close")));
    assert_int_equal(json_array_size(json_object_get(a, "conversations")), 1); /* of the other one nobody is in */
    got = json_array_get(json_object_get(a, "conversations"), 0);
    assert_int_equal(json_array_size(json_object_get(got, "scores")), 1);
    assert_int_equal(json_array_size(json_object_get(got, "missing")), 1);
    for (size_t i = 0; i < 2; i++) {
        const json_t *r = json_array_get(json_object_get(a, "reviewers"), i);
        bool me = strcmp(text_at(json_object_get(r, "person"), "id"), reviewer.id) == 0;

        assert_int_equal(number_at(r, "reviews"), me ? 1 : 0);
        assert_int_equal(number_at(r, "missing"), me ? 1 : 2);
    }
    json_decref(a);
    (void)snprintf(path, sizeof(path), "/api/v1/reviews/%s/submit", review_at(late, 0));
    refused(&supervisor, 409, "POST", path, "{\"revision\":2,\"contents\":{\"answers\":{\"base\":{\"value\":1}}}}");
    json_decref(first);
    json_decref(late);
    json_decref(sample);
}

static void only_an_exercise_is_compared(void **state)
{
    json_t *all = staff_get(&reviewer, &d, "/api/v1/samples?site=" SITE), *last;
    char path[140];

    (void)state;
    last = json_array_get(json_object_get(all, "items"), json_array_size(json_object_get(all, "items")) - 1);
    (void)snprintf(path, sizeof(path), "/api/v1/samples/%s/agreement?site=" SITE, text_at(last, "id"));
    refused(&reviewer, 422, "GET", path, NULL);
    json_decref(all);
}

/* ---- schedules ---- */

static void in_store(const char *sql, long long *ret)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    char path[300];

    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) == SQLITE_ROW && ret)
        *ret = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static long long stored(const char *sql)
{
    long long ret = -1;

    in_store(sql, &ret);
    return ret;
}

/* Yesterday's conversations are drawn at midnight, that is at once; once, however often kefud is killed meanwhile. */
static void a_schedule_draws_its_day_once_through_kills(void **state)
{
    json_t *all, *one;

    (void)state;
    refused(&agent, 403, "GET", "/api/v1/schedules?site=" SITE, NULL);
    talk("退货");
    sign_off();
    daemon_kill(&d);
    in_store("UPDATE conversation SET closed_at = closed_at - 86400000 WHERE state = 5", NULL);
    daemon_restart(&d);
    sign_in();
    document(
        "schedule/daily",
        "{\"name\":\"每日抽检\",\"scorecard\":\"worked\",\"at\":\"00:00\",\"workdays\":false,\"way\":\"plain\",\"n\":3,\"again\":true}");
    UNTIL(stored("SELECT count(*) FROM sample_run") == 1);
    assert_int_equal(stored("SELECT drawn FROM sample_run"), 3);
    for (int i = 0; i < 2; i++) {
        sign_off();
        daemon_kill(&d);
        daemon_restart(&d);
        sign_in();
    }
    document("schedule/second", "{\"name\":\"第二\",\"scorecard\":\"worked\",\"at\":\"00:00\",\"workdays\":false,\"way\":\"plain\","
                                "\"share\":10,\"again\":true}");
    UNTIL(stored("SELECT count(*) FROM sample_run WHERE schedule = 'second'") == 1); /* so the first one was looked at, too */
    assert_int_equal(stored("SELECT count(*) FROM sample_run WHERE schedule = 'daily'"), 1);
    assert_int_equal(stored("SELECT count(*) FROM sample WHERE name = '每日抽检'"), 1);
    all = staff_get(&reviewer, &d, "/api/v1/schedules?site=" SITE);
    assert_string_equal(text_at(all, "zone"), "Asia/Shanghai");
    one = json_array_get(json_object_get(all, "items"), 0);
    assert_string_equal(text_at(one, "key"), "daily");
    assert_true(number_at(one, "next_at") > 0);
    assert_int_equal(number_at(json_object_get(one, "last"), "drawn"), 3);
    assert_int_equal(number_at(json_object_get(one, "last"), "population"), 26);
    assert_int_equal(number_at(json_object_get(one, "last"), "needed"), 25);
    assert_int_equal(number_at(one, "n"), 3);
    assert_null(json_object_get(one, "share"));
    one = json_array_get(json_object_get(all, "items"), 1);
    assert_int_equal(number_at(one, "share"), 10);
    assert_null(json_object_get(one, "n"));
    assert_int_equal(number_at(json_object_get(one, "last"), "drawn"), 3); /* 2.6 of 26 */
    json_decref(all);
    all = staff_get(&reviewer, &d, "/api/v1/samples?site=" SITE);
    one = json_array_get(json_object_get(all, "items"), 1);
    assert_string_equal(text_at(one, "schedule"), "daily");
    assert_int_equal(number_at(one, "needed"), 25);
    json_decref(all);
}

/* One that is closed, so many times more, since yesterday. Nobody is there who would know of them. */
static void copy_closed_talks(int n)
{
    static const char values[] =
        "SELECT 'INSERT INTO conversation (' || group_concat(name) || ') WITH RECURSIVE copy(i) AS (SELECT 1 UNION ALL "
        "SELECT i + 1 FROM copy WHERE i < %d) SELECT ' || group_concat(CASE name WHEN 'n' THEN 'NULL' WHEN 'id' THEN "
        "'randomblob(16)' WHEN 'peer' THEN 'c.peer || i' WHEN 'closed_at' THEN '(unixepoch() - 86400) * 1000' ELSE "
        "'c.' || name END) || ' FROM (SELECT * FROM conversation WHERE state = 5 LIMIT 1) c, copy' FROM "
        "pragma_table_info('conversation')";
    char path[300], sql[sizeof(values) + 16];
    char *insert;
    sqlite3 *db;
    sqlite3_stmt *st;

    (void)snprintf(sql, sizeof(sql), values, n);
    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    insert = strdup((const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    if (sqlite3_exec(db, insert, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(db), insert);
    free(insert);
    sqlite3_close(db);
}

/* The members of `last`, owned by the caller. */
static json_t *last_of(const char *key)
{
    json_t *all = staff_get(&supervisor, &d, "/api/v1/schedules?site=" SITE), *one, *ret = NULL;
    size_t i;

    json_array_foreach(json_object_get(all, "items"), i, one) if (strcmp(text_at(one, "key"), key) == 0) ret =
        json_incref(json_object_get(one, "last"));
    json_decref(all);
    assert_non_null(ret);
    return ret;
}

/* Only so many are drawn, and whoever looks is told. */
static void a_share_of_very_many_is_cut_and_says_so(void **state)
{
    static const char *const ways[] = { "plain", "per_agent", "strata" };
    json_t *last;

    (void)state;
    sign_off();
    daemon_kill(&d);
    copy_closed_talks(2100);
    daemon_restart(&d);
    sign_in();
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char key[40], body[300], sql[120];

        (void)snprintf(key, sizeof(key), "schedule/all-%zu", i);
        (void)snprintf(
            body, sizeof(body),
            "{\"name\":\"全部\",\"scorecard\":\"worked\",\"at\":\"00:00\",\"workdays\":false,\"way\":\"%s\",\"share\":100,\"again\":true}",
            ways[i]);
        document(key, body);
        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM sample_run WHERE schedule = '%s'", key + strlen("schedule/"));
        UNTIL(stored(sql) == 1);
        last = last_of(key + strlen("schedule/"));
        assert_int_equal(number_at(last, "drawn"), 2000);
        assert_true(number_at(last, "population") > 2100);
        assert_int_equal(number_at(last, "wanted"), number_at(last, "population"));
        json_decref(last);
    }
    last = last_of("daily");
    assert_null(json_object_get(last, "wanted"));
    json_decref(last);
}

static void a_schedule_that_makes_no_sense_is_refused_with_its_member(void **state)
{
    static const struct {
        const char *body, *member;
    } rows[] = {
        { "{\"name\":\"x\",\"scorecard\":\"nothing\"}", "scorecard" },
        { "{\"name\":\"x\",\"scorecard\":\"worked\",\"at\":\"24:00\"}", "at" },
        { "{\"name\":\"x\",\"scorecard\":\"worked\",\"at\":\"8:00\"}", "at" },
        { "{\"name\":\"x\",\"scorecard\":\"worked\",\"kind\":\"calibration\"}", "kind" },
        { "{\"name\":\"x\",\"scorecard\":\"worked\",\"n\":0}", "n" },
        { "{\"name\":\"x\",\"scorecard\":\"worked\",\"share\":101}", "share" },
        { "{\"name\":\"x\",\"scorecard\":\"worked\",\"share\":5,\"n\":2}", "share" },
        { "{\"name\":\"x\",\"scorecard\":\"worked\",\"reviewers\":[\"me\"]}", "reviewers" },
        { "{\"name\":\"x\",\"scorecard\":\"worked\",\"often\":true}", "often" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply r = web_expect(&d, 400,
                                    &(struct ask){ .method = "PUT",
                                                   .path = DOCUMENTS "schedule/wrong",
                                                   .cookie = supervisor.cookie,
                                                   .csrf = supervisor.csrf,
                                                   .origin = "",
                                                   .headers = "If-None-Match: *\r\n",
                                                   .body = rows[i].body });

        assert_string_equal(text_at(r.json, "field"), rows[i].member);
        reply_free(&r);
    }
}

/* ---- coaching, and who is told ---- */

static void coaching_is_planned_acknowledged_and_closed_and_each_is_told(void **state)
{
    char body[400], path[140];
    json_t *a, *one;

    (void)state;
    (void)snprintf(body, sizeof(body), "{\"agent\":\"%s\",\"text\":\"先安抚，再查单\",\"follow_at\":%lld}", agent.id,
                   (long long)time(NULL) * 1000 - 1000);
    refused(&agent, 403, "POST", "/api/v1/coaching?site=" SITE, body);
    refused(&reviewer, 403, "POST", "/api/v1/coaching?site=" SITE, body);
    refused(&supervisor, 400, "POST", "/api/v1/coaching?site=" SITE, "{\"agent\":\"x\",\"text\":\"?\",\"follow_at\":1}");
    a = send(&supervisor, 201, "POST", "/api/v1/coaching?site=" SITE, body);
    (void)snprintf(path, sizeof(path), "/api/v1/coaching/%s/acknowledge", text_at(a, "id"));
    json_decref(a);
    wire_take(&agent.wire, "{s:s,s:s}", "type", "notice", "about", "quality");

    refused(&agent, 403, "GET", "/api/v1/coaching?site=" SITE, NULL);
    a = staff_get(&supervisor, &d, "/api/v1/coaching?site=" SITE);
    assert_int_equal(number_at(a, "due"), 1); /* its day is over */
    json_decref(a);
    a = staff_get(&agent, &d, "/api/v1/coaching?site=" SITE "&list=mine");
    one = json_array_get(json_object_get(a, "items"), 0);
    assert_string_equal(text_at(one, "text"), "先安抚，再查单");
    assert_string_equal(text_at(one, "state"), "planned");
    assert_true(json_is_true(json_object_get(json_object_get(one, "may"), "acknowledge")));
    assert_false(json_is_true(json_object_get(json_object_get(one, "may"), "close")));
    json_decref(a);

    refused(&agent2, 404, "POST", path, "{\"revision\":1}");
    refused(&supervisor, 403, "POST", path, "{\"revision\":1}");
    refused(&agent, 409, "POST", path, "{\"revision\":2,\"answer\":\"好\"}");
    json_decref(send(&agent, 200, "POST", path, "{\"revision\":1,\"answer\":\"好的\"}"));
    refused(&agent, 409, "POST", path, "{\"revision\":2}");
    memcpy(strstr(path, "/acknowledge"), "/close", sizeof("/close"));
    refused(&agent, 403, "POST", path, "{\"revision\":2,\"outcome\":\"改好了\"}");
    refused(&supervisor, 400, "POST", path, "{\"revision\":2}");
    json_decref(send(&supervisor, 200, "POST", path, "{\"revision\":2,\"outcome\":\"改好了\"}"));
    wire_take(&agent.wire, "{s:s,s:s}", "type", "notice", "about", "quality");
    a = staff_get(&agent, &d, "/api/v1/coaching?site=" SITE "&list=mine");
    one = json_array_get(json_object_get(a, "items"), 0);
    assert_string_equal(text_at(one, "state"), "done");
    assert_string_equal(text_at(one, "answer"), "好的");
    assert_string_equal(text_at(one, "outcome"), "改好了");
    json_decref(a);
}

static void a_review_and_its_decision_reach_the_people_concerned_live(void **state)
{
    struct staff watch = { 0 };
    char body[300], path[140], id[40];
    json_t *sample, *list;

    (void)state;
    staff_sign_in(&watch, &d, "supervisor@demo.example");
    staff_enter(&watch, &d, SITE);
    talk("改地址");
    sample = send(&supervisor, 201, "POST", "/api/v1/samples?site=" SITE, "{\"scorecard\":\"worked\",\"n\":1,\"again\":true}");
    list = todo(&reviewer, text_at(sample, "id"));
    (void)snprintf(id, sizeof(id), "%s", review_at(list, 0));
    score(&reviewer, id, 80, false);
    wire_take(&agent.wire, "{s:s}", "type", "notice");
    (void)snprintf(path, sizeof(path), "/api/v1/reviews/%s/appeal", id);
    json_decref(send(&agent, 200, "POST", path, "{\"revision\":2,\"items\":[{\"item\":\"off\",\"text\":\"没有扣分的理由\"}]}"));
    wire_take(&watch.wire, "{s:s}", "type", "notice");
    (void)snprintf(path, sizeof(path), "/api/v1/reviews/%s/decide", id);
    (void)snprintf(body, sizeof(body),
                   "{\"revision\":3,\"contents\":{\"answers\":{\"base\":{\"value\":1},\"off\":{\"value\":0},\"rude\":{\"value\":0}}},"
                   "\"items\":[{\"item\":\"off\",\"outcome\":\"accepted\",\"text\":\"同意\"}]}");
    json_decref(send(&supervisor, 200, "POST", path, body));
    wire_take(&agent.wire, "{s:s}", "type", "notice");
    json_decref(list);
    json_decref(sample);
    staff_free(&watch);
}

/* ---- the case library ---- */

static void an_example_has_no_names_and_leads_its_readers_to_nobody(void **state)
{
    static const char words[] =
        ",\"good\":true,\"title\":\"先安抚\",\"note\":\"\",\"tags\":[\"退款\"],\"items\":[\"empathy\"],\"collection\":\"新人\"";
    static const char named[] =
        ",\"good\":true,\"title\":\"王芳 13800138000\",\"note\":\"客户王芳 电话13911112222，林小雨\",\"tags\":[\"王芳\"],"
        "\"items\":[],\"collection\":\"13911112222\"";
    struct visitor v = { 0 };
    char body[700], path[140], *text;
    json_t *a, *one, *lines;

    (void)state;
    visitor_enter(&v, &d, SITE, ",\"profile\":{\"name\":\"王芳\"}");
    (void)visitor_say(&v, "c1", "我是王芳，电话13800138000，孩子叫小宝");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    (void)staff_say(&agent, v.conv, "a1", "王芳您好，我是林晓");
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");

    (void)snprintf(body, sizeof(body), "{\"conversation\":\"%s\",\"seqs\":[1,2,3,4,5],\"strike\":[\"小宝\"],\"dry_run\":true}", v.conv);
    refused(&agent, 403, "POST", "/api/v1/examples?site=" SITE, body);
    refused(&admin, 403, "GET", "/api/v1/examples?site=" SITE, NULL);
    a = send(&reviewer, 200, "POST", "/api/v1/examples?site=" SITE, body);
    lines = json_object_get(a, "lines");
    text = json_dumps(lines, JSON_COMPACT);
    assert_non_null(strstr(text, "我是{visitor}，电话138****8000，孩子叫{name}"));
    assert_null(strstr(text, "王芳"));
    assert_null(strstr(text, "小宝"));
    free(text);
    json_decref(a);
    (void)snprintf(body, sizeof(body), "{\"conversation\":\"%s\",\"seqs\":[1],\"dry_run\":true%s}", v.conv, named);
    a = send(&reviewer, 200, "POST", "/api/v1/examples?site=" SITE, body);
    assert_string_equal(text_at(a, "title"), "{visitor} 138****8000");
    assert_string_equal(text_at(a, "note"), "客户{visitor} 电话139****2222，{agent}");
    assert_string_equal(text_at(a, "tags.0"), "{visitor}");
    assert_string_equal(text_at(a, "collection"), "139****2222");
    json_decref(a);
    assert_int_equal(stored("SELECT count(*) FROM example"), 0);

    (void)snprintf(body, sizeof(body), "{\"conversation\":\"%s\",\"seqs\":[1],\"strike\":[\"小宝\"]%s}", v.conv, words);
    a = send(&reviewer, 201, "POST", "/api/v1/examples?site=" SITE, body);
    (void)snprintf(path, sizeof(path), "/api/v1/examples/%s?site=" SITE, text_at(a, "id"));
    json_decref(a);
    a = staff_get(&agent2, &d, "/api/v1/examples?site=" SITE "&item=empathy&good=1");
    assert_false(json_is_true(json_object_get(a, "may_write")));
    one = json_array_get(json_object_get(a, "items"), 0);
    assert_string_equal(text_at(one, "title"), "先安抚");
    assert_null(json_object_get(one, "conversation"));
    json_decref(a);
    a = staff_get(&agent2, &d, "/api/v1/examples?site=" SITE "&item=tone");
    assert_int_equal(json_array_size(json_object_get(a, "items")), 0);
    json_decref(a);
    (void)snprintf(body, sizeof(body), "{\"revision\":1%s}", words);
    json_decref(send(&supervisor, 200, "PUT", path, body));
    refused(&supervisor, 409, "PUT", path, body);
    (void)snprintf(body, sizeof(body), "{\"revision\":2%s}", named);
    json_decref(send(&supervisor, 200, "PUT", path, body));
    assert_int_equal(stored("SELECT count(*) FROM example WHERE title || note || tags || collection LIKE '%王芳%' OR note LIKE '%139111%'"),
                     0);
    (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "&revision=3");
    refused(&agent, 403, "DELETE", path, NULL);
    json_decref(send(&reviewer, 204, "DELETE", path, NULL));
    assert_int_equal(stored("SELECT count(*) FROM example WHERE gone = 0 OR lines <> '[]'"), 0);
    visitor_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_worked_figures_of_five_reviews_come_out),
                                        cmocka_unit_test(calibration_is_compared_when_all_are_in_and_its_figures_come_out),
                                        cmocka_unit_test(an_exercise_that_is_closed_is_compared_without_those_who_are_missing),
                                        cmocka_unit_test(only_an_exercise_is_compared),
                                        cmocka_unit_test(a_schedule_draws_its_day_once_through_kills),
                                        cmocka_unit_test(a_schedule_that_makes_no_sense_is_refused_with_its_member),
                                        cmocka_unit_test(coaching_is_planned_acknowledged_and_closed_and_each_is_told),
                                        cmocka_unit_test(a_review_and_its_decision_reach_the_people_concerned_live),
                                        cmocka_unit_test(an_example_has_no_names_and_leads_its_readers_to_nobody),
                                        cmocka_unit_test(a_share_of_very_many_is_cut_and_says_so) };

    return cmocka_run_group_tests(tests, start, finish);
}
