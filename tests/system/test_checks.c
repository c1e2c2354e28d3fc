/* Machine checks with a real kefud: what is closed is looked at, whatever happens in between, and once. */
#include "quality_rig.h"

static json_t *findings_of(const struct staff *s, const char *conv)
{
    char path[160];

    (void)snprintf(path, sizeof(path), "/api/v1/findings?site=" SITE "&conversation=%s", conv);
    return staff_get(s, &d, path);
}

static const json_t *of_check(const json_t *got, const char *check)
{
    const json_t *items = json_object_get(got, "items"), *f;
    size_t i;

    json_array_foreach(items, i, f)
    {
        if (strcmp(json_string_value(json_object_get(f, "check")), check) == 0)
            return f;
    }
    return NULL;
}

/* What the machine has found, once it has looked: a talk that nobody has invited to rate always has something. */
static json_t *wait_for_findings(const char *conv)
{
    json_t *ret = NULL;

    UNTIL((json_decref(ret), ret = findings_of(&reviewer, conv), json_array_size(json_object_get(ret, "items"))));
    return ret;
}

/* ---- what is true ---- */

static void what_was_closed_is_looked_at_and_each_hit_cites_its_message(void **state)
{
    char conv[40];
    json_t *got;
    const json_t *f;

    (void)state;
    talk_over("我的订单还没到", "不知道，你自己看", conv);
    got = wait_for_findings(conv);
    f = of_check(got, "forbidden");
    assert_non_null(f);
    assert_string_equal(json_string_value(json_object_get(f, "word")), "不知道");
    assert_string_equal(json_string_value(json_object_get(f, "state")), "open");
    assert_string_equal(json_string_value(json_object_get(json_object_get(f, "agent"), "id")), agent.id);
    assert_true(json_integer_value(json_object_get(f, "seq")) > 1);
    assert_non_null(of_check(got, "greeting"));
    assert_non_null(of_check(got, "invited"));
    assert_null(of_check(got, "silence"));
    json_decref(got);
    refused(&agent, 403, "GET", "/api/v1/findings?site=" SITE, NULL);
    refused(&agent, 403, "GET", "/api/v1/checks?site=" SITE, NULL);
    refused(&reviewer, 400, "GET", "/api/v1/findings?site=" SITE "&state=none", NULL);
    talk_over("你好，请问几点关门", "您好，我们晚上十点关门", conv);
    got = wait_for_findings(conv);
    assert_null(of_check(got, "greeting"));
    assert_null(of_check(got, "forbidden"));
    json_decref(got);
}

static int64_t count(const char *sql)
{
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *s;
    int64_t ret;

    (void)snprintf(path, sizeof(path), "%s/state/kefud.db", d.dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, patience_ms()); /* it may be starting, or its last words being read back */
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return ret;
}

/* Killed between the closing and the looking: found again at the next start, and looked at once. */
static void what_a_kill_came_before_is_looked_at_afterwards(void **state)
{
    char conv[40];
    json_t *got;
    size_t n;

    (void)state;
    for (int i = 0;; i++) {
        talk_over("我的订单还没到", "不知道", conv);
        daemon_kill(&d);
        if (count("SELECT COUNT(*) FROM to_check"))
            break;
        assert_true(i < 10); /* it was faster, time and again */
        sign_off();
        daemon_restart(&d);
        sign_in();
    }
    assert_int_equal(count("SELECT COUNT(*) FROM finding WHERE conv IN (SELECT conv FROM to_check)"), 0);
    sign_off();
    daemon_restart(&d);
    sign_in();
    got = wait_for_findings(conv);
    n = json_array_size(json_object_get(got, "items"));
    json_decref(got);
    assert_true(n >= 2);
    UNTIL(count("SELECT COUNT(*) FROM to_check") == 0);
    daemon_kill(&d);
    sign_off();
    daemon_restart(&d);
    sign_in();
    got = findings_of(&reviewer, conv);
    assert_int_equal(json_array_size(json_object_get(got, "items")), n);
    json_decref(got);
}

static const char *finding_path(const json_t *f)
{
    static char ret[128];

    (void)snprintf(ret, sizeof(ret), "/api/v1/findings/%s", json_string_value(json_object_get(f, "id")));
    return ret;
}

static void who_may_takes_a_finding_over_or_dismisses_it(void **state)
{
    char conv[40];
    json_t *got, *f;

    (void)state;
    talk_over("我的订单还没到", "不知道", conv);
    got = wait_for_findings(conv);
    f = (json_t *)of_check(got, "forbidden");
    assert_non_null(f);
    refused(&agent, 404, "POST", finding_path(f), "{\"state\":\"dismissed\"}");
    refused(&reviewer, 400, "POST", finding_path(f), "{\"state\":\"else\"}");
    json_decref(send(&reviewer, 200, "POST", finding_path(f), "{\"state\":\"dismissed\"}"));
    json_decref(got);
    got = findings_of(&supervisor, conv);
    f = (json_t *)of_check(got, "forbidden");
    assert_string_equal(json_string_value(json_object_get(f, "state")), "dismissed");
    assert_true(json_integer_value(json_object_get(json_object_get(f, "decided"), "at")) > 0);
    json_decref(got);
    got = staff_get(&supervisor, &d, "/api/v1/findings?site=" SITE "&check=forbidden&state=open");
    assert_int_equal(json_array_size(json_object_get(got, "items")), 0);
    json_decref(got);
}

/* What a list of forbidden words would have hit last week, before it is saved; and what was found so far and would not be any more. */
static void a_check_is_tried_on_what_was_closed_before_it_is_saved(void **state)
{
    static const char wider[] = "{\"key\":\"forbidden\",\"check\":{\"name\":\"禁语\",\"type\":\"forbidden\",\"words\":[\"自己查\"]}}";
    char conv[40], other[40];
    json_t *got;
    const json_t *item;

    (void)state;
    talk_over("我的订单还没到", "不知道，给 13800138000 打电话", conv);
    json_decref(wait_for_findings(conv));
    talk_over("我的订单还没到", "您自己查一下", other);
    json_decref(wait_for_findings(other));
    refused(&agent, 403, "POST", "/api/v1/checks/try?site=" SITE, wider);
    refused(&reviewer, 403, "POST", "/api/v1/checks/try?site=" SITE, wider);
    refused(&supervisor, 400, "POST", "/api/v1/checks/try?site=" SITE, "{\"key\":\"forbidden\",\"check\":{\"type\":\"forbidden\"}}");
    got = send(&supervisor, 200, "POST", "/api/v1/checks/try?site=" SITE, wider);
    assert_int_equal(json_integer_value(json_object_get(got, "looked")), 2);
    assert_int_equal(json_integer_value(json_object_get(got, "hits")), 1);
    assert_int_equal(json_integer_value(json_object_get(got, "new")), 1);
    assert_int_equal(json_integer_value(json_object_get(got, "gone")), 1);
    assert_true(json_is_null(json_object_get(got, "next")));
    item = json_array_get(json_object_get(got, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "conversation")), other);
    assert_string_equal(json_string_value(json_object_get(item, "change")), "new");
    assert_string_equal(json_string_value(json_object_get(item, "text")), "您自己查一下");
    item = json_array_get(json_object_get(got, "items"), 1);
    assert_string_equal(json_string_value(json_object_get(item, "change")), "gone");
    assert_null(strstr(json_string_value(json_object_get(item, "text")), "13800138000"));
    json_decref(got);
    assert_int_equal(count("SELECT COUNT(*) FROM audit WHERE kind = 'check_tried'"), 1);
    got = findings_of(&reviewer, other); /* nothing was changed by it */
    assert_null(of_check(got, "forbidden"));
    json_decref(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_closed_is_looked_at_and_each_hit_cites_its_message, start, finish),
        cmocka_unit_test_setup_teardown(what_a_kill_came_before_is_looked_at_afterwards, start, finish),
        cmocka_unit_test_setup_teardown(who_may_takes_a_finding_over_or_dismisses_it, start, finish),
        cmocka_unit_test_setup_teardown(a_check_is_tried_on_what_was_closed_before_it_is_saved, start, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
