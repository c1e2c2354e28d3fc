/* Machine checks with a real kefud: what is closed is looked at, whatever happens in between, and once. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE "demo"

static struct daemon d;
static struct staff agent, reviewer, supervisor, admin;

static void sign_in_all(void)
{
    staff_online(&agent, &d, "agent1@demo.example", SITE);
    staff_sign_in(&reviewer, &d, "reviewer@demo.example");
    staff_sign_in(&supervisor, &d, "supervisor@demo.example");
    staff_sign_in(&admin, &d, "admin@demo.example");
}

static void sign_out_all(void)
{
    staff_free(&agent);
    staff_free(&reviewer);
    staff_free(&supervisor);
    staff_free(&admin);
}

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    sign_in_all();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    sign_out_all();
    daemon_finish(&d);
    return 0;
}

/* ---- asking ---- */

static json_t *send(const struct staff *s, int status, const char *method, const char *path, const char *body)
{
    struct reply r = web_expect(
        &d, status, &(struct ask){ .method = method, .path = path, .cookie = s->cookie, .csrf = s->csrf, .origin = "", .body = body });
    json_t *ret = json_incref(r.json);

    reply_free(&r);
    return ret;
}

static void refused(const struct staff *s, int status, const char *method, const char *path, const char *body)
{
    json_decref(send(s, status, method, path, body));
}

/* A talk in which the agent says one line, closed by the visitor. */
static void talk(const char *words, const char *answer, char conv[40])
{
    struct visitor v = { 0 };

    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", words);
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    (void)staff_say(&agent, v.conv, "a1", answer);
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");
    (void)snprintf(conv, 40, "%s", v.conv);
    visitor_free(&v);
}

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
    talk("我的订单还没到", "不知道，你自己看", conv);
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
    talk("你好，请问几点关门", "您好，我们晚上十点关门", conv);
    got = wait_for_findings(conv);
    assert_null(of_check(got, "greeting"));
    assert_null(of_check(got, "forbidden"));
    json_decref(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_closed_is_looked_at_and_each_hit_cites_its_message, start, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
