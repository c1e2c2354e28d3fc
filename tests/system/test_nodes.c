/* Two nodes on one database and one Redis: whoever sits at one hears what was said and done at the other. */
#include "nodes_rig.h"
#include "tests/support/cast.h"

#include <string.h>

#define AGENT1 "agent1@demo.example"

static int start(void **state)
{
    (void)state;
    nodes_prepare();
    daemon_start(&a, &(struct daemon_options){ .demo = true, .config = config });
    daemon_start(&b, &(struct daemon_options){ .demo = true, .config = config });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    nodes_finish();
    return 0;
}

/* Was it acknowledged? */
static bool transferred(struct staff *s, const char *conv, const char *to)
{
    static int n;
    char cid[16];

    (void)snprintf(cid, sizeof(cid), "t%d", ++n);
    wire_sendf(&s->wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"%s\",\"to\":{\"agent\":\"%s\"}}", conv, cid, to);
    return strcmp(wire_verdict(&s->wire, cid), "ack") == 0;
}

static void what_is_said_at_one_node_is_heard_at_the_other(void **state)
{
    struct visitor v = { 0 };
    struct staff s = { 0 }, boss = { 0 }, other = { 0 };

    (void)state;
    staff_online(&s, &b, AGENT1, "demo");
    visitor_enter(&v, &a, "demo", NULL);
    visitor_sees_staff(&v);
    assert_int_equal(visitor_say(&v, "c1", "你好"), 1);
    wire_take(&s.wire, "{s:s,s:s,s:{s:s}}", "type", "assigned", "why", "only_one", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "1024");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined"); /* the greeting, from the other node, before or after it */
    wire_take(&v.wire, "{s:s,s:s,s:s}", "type", "message", "kind", "text", "lang", "zh-CN");

    assert_int_equal(staff_say(&s, v.conv, "a1", "您好"), 4);
    wire_take(&v.wire, "{s:s,s:i,s:s}", "type", "message", "seq", 4, "text", "您好");
    assert_int_equal(visitor_say(&v, "c2", "发票"), 5);
    wire_take(&s.wire, "{s:s,s:i,s:s}", "type", "message", "seq", 5, "text", "发票");

    wire_text(&v.wire, "{\"type\":\"read\",\"cid\":\"r1\",\"seq\":4}");
    wire_take(&s.wire, "{s:s,s:s,s:i}", "type", "read", "role", "visitor", "seq", 4);
    wire_sendf(&s.wire, "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"r2\",\"seq\":5}", v.conv);
    wire_take(&v.wire, "{s:s,s:s,s:i}", "type", "read", "role", "agent", "seq", 5);
    wire_sendf(&s.wire, "{\"type\":\"recall\",\"conversation\":\"%s\",\"cid\":\"q1\",\"seq\":4}", v.conv);
    wire_take(&v.wire, "{s:s,s:i,s:s}", "type", "changed", "seq", 4, "kind", "removed");

    wire_text(&v.wire, "{\"type\":\"typing\",\"on\":true}");
    wire_take(&s.wire, "{s:s,s:s,s:b,s:{s:s}}", "type", "typing", "conversation", v.conv, "on", 1, "from", "role", "visitor");
    wire_sendf(&s.wire, "{\"type\":\"typing\",\"conversation\":\"%s\",\"on\":true}", v.conv);
    wire_take(&v.wire, "{s:s,s:b,s:{s:s,s:s}}", "type", "typing", "on", 1, "from", "role", "agent", "number", "1024");

    staff_sign_in(&boss, &a, "supervisor@demo.example");
    staff_enter(&boss, &a, "demo");
    wire_sendf(&boss.wire, "{\"type\":\"note\",\"conversation\":\"%s\",\"cid\":\"n1\",\"text\":\"老客户\"}", v.conv);
    assert_string_equal(wire_verdict(&boss.wire, "n1"), "ack");
    wire_take(&s.wire, "{s:s,s:{s:s,s:{s:s}}}", "type", "timeline", "entry", "kind", "note", "data", "text", "老客户");
    staff_free(&boss);

    /* Why it has changed hands is known at the other node, too. */
    staff_online(&other, &a, "agent2@demo.example", "demo");
    UNTIL(transferred(&s, v.conv, other.id)); /* the other node has yet to look who is there */
    wire_take(&other.wire, "{s:s,s:s,s:{s:s}}", "type", "assigned", "why", "transferred", "conversation", "id", v.conv);
    staff_sign_in(&boss, &a, "supervisor@demo.example");
    staff_enter(&boss, &b, "demo");
    wire_sendf(&boss.wire, "{\"type\":\"accept\",\"conversation\":\"%s\",\"cid\":\"k1\"}", v.conv);
    assert_string_equal(wire_verdict(&boss.wire, "k1"), "ack");
    wire_take(&other.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "takeover");
    staff_presence(&other, "offline");
    staff_free(&other);

    wire_sendf(&boss.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"x1\"}", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "closed");
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "closed");
    staff_free(&boss);
    staff_presence(&s, "offline");
    staff_free(&s);
    visitor_free(&v);
}

static void one_visitor_has_one_conversation_on_both(void **state)
{
    struct visitor here = { 0 }, there = { 0 };

    (void)state;
    visitor_enter(&here, &a, "demo", NULL);
    assert_int_equal(visitor_say(&here, "c1", "这边"), 1);
    memcpy(there.token, here.token, sizeof(there.token));
    visitor_enter(&there, &b, "demo", NULL);
    assert_string_equal(there.conv, here.conv);
    (void)visitor_say(&there, "c2", "那边");
    wire_take(&here.wire, "{s:s,s:s}", "type", "message", "text", "那边");
    /* The same cid at the other node is the same message. */
    wire_text(&there.wire, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"这边\"}");
    wire_take(&there.wire, "{s:s,s:s,s:i}", "type", "ack", "cid", "c1", "seq", 1);
    wire_text(&here.wire, "{\"type\":\"close\",\"cid\":\"x\"}");
    wire_take(&there.wire, "{s:s,s:s}", "type", "state", "state", "closed");
    visitor_free(&here);
    visitor_free(&there);
}

/* Who is switched off does not come back: nobody waits for the grace time, which is half a minute, whichever node keeps house. */
static void who_is_disabled_at_one_node_serves_nobody_at_the_other(void **state)
{
    struct staff s = { 0 }, admin = { 0 };
    struct visitor v = { 0 };
    int64_t began;

    (void)state;
    staff_online(&s, &b, "agent2@demo.example", "demo");
    visitor_enter(&v, &a, "demo", NULL);
    assert_int_equal(visitor_say(&v, "c1", "你好"), 1);
    wire_take(&s.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served");
    staff_sign_in(&admin, &a, "admin@demo.example");
    began = now_mono_ms();
    web_status(&a, 204,
               &(struct ask){ .method = "POST",
                              .path = "/api/v1/people/agent2@demo.example/disable",
                              .cookie = admin.cookie,
                              .csrf = admin.csrf,
                              .origin = "" });
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "waiting");
    assert_true(now_mono_ms() - began < 20000);
    (void)wire_closed(&s.wire);
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"x1\"}");
    assert_string_equal(wire_verdict(&v.wire, "x1"), "ack");
    visitor_free(&v);
    staff_free(&s);
    staff_free(&admin);
}

/* What is changed at one node counts at the other, without a restart. */
/* Both pages were there before anything was said: the second one hears the first words, too, and in order. */
static void a_page_at_the_other_node_hears_a_conversation_from_its_beginning(void **state)
{
    struct visitor here = { 0 }, there = { 0 };

    (void)state;
    visitor_enter(&here, &a, "demo", NULL);
    memcpy(there.token, here.token, sizeof(there.token));
    visitor_enter(&there, &b, "demo", NULL);
    assert_true(json_is_null(value_at(there.welcome, "conversation")));
    assert_int_equal(visitor_say(&here, "c1", "在吗"), 1);
    for (int seq = 1; seq <= 2; seq++) { /* 2 is the greeting */
        json_t *m = wire_take(&there.wire, "{s:s}", "type", "message");

        assert_int_equal(json_integer_value(json_object_get(m, "seq")), seq);
        if (seq == 1)
            assert_string_equal(json_string_value(json_object_get(m, "cid")), "c1");
    }
    visitor_free(&there);
    visitor_free(&here);
}

static void a_setting_that_is_changed_counts_on_both(void **state)
{
    struct staff admin = { 0 };
    struct visitor v = { 0 };
    struct reply r;

    (void)state;
    staff_sign_in(&admin, &a, "admin@demo.example");
    r = web_expect(
        &a, 201,
        &(struct ask){ .method = "PUT",
                       .path = "/api/v1/sites/demo/documents/rule/greeting",
                       .headers = "If-None-Match: *\r\n",
                       .body = "{\"event\":\"opened\",\"actions\":[\"say\"],\"wording\":\"rated_thanks\",\"often\":\"conversation\"}",
                       .cookie = admin.cookie,
                       .csrf = admin.csrf,
                       .origin = "" });
    reply_free(&r);
    UNTIL((r = web_expect(&b, 200,
                          &(struct ask){ .method = "POST",
                                         .path = "/api/v1/sites/demo/try",
                                         .body = "{\"event\":\"opened\"}",
                                         .cookie = admin.cookie,
                                         .csrf = admin.csrf,
                                         .origin = "" }),
           strstr(r.body, "感谢您的评价")) ||
          (reply_free(&r), false));
    reply_free(&r);
    visitor_enter(&v, &b, "demo", NULL);
    (void)visitor_say(&v, "c1", "你好");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "感谢您的评价！");
    visitor_free(&v);
    staff_free(&admin);
}

/* Who is killed with the node comes back at the other one, and nothing is missing. */
static bool is_ready(const struct daemon *d)
{
    struct reply r = web_expect(d, 200, &(struct ask){ .path = "/readyz" });
    bool ret = strncmp(r.body, "ready", 5) == 0;

    reply_free(&r);
    return ret;
}

/* No hint can come: each looks by itself at what it shows. */
static void a_conversation_over_both_goes_on_without_redis(void **state)
{
    struct visitor v = { 0 };
    struct staff s = { 0 };

    (void)state;
    staff_online(&s, &b, AGENT1, "demo");
    visitor_enter(&v, &a, "demo", NULL);
    visitor_say(&v, "w1", "在吗");
    wire_take(&s.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served");
    redis_kill(&redis);
    UNTIL(!is_ready(&a) && !is_ready(&b));
    visitor_say(&v, "w2", "发票");
    wire_take(&s.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", v.conv, "text", "发票");
    staff_say(&s, v.conv, "w3", "好的");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "好的");
    redis_start(&redis, false);
    UNTIL(is_ready(&a) && is_ready(&b));
    wire_sendf(&s.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"w4\"}", v.conv);
    assert_string_equal(wire_verdict(&s.wire, "w4"), "ack");
    staff_free(&s);
    visitor_free(&v);
}

/* What is said here before this node has heard of a move does not hide why it was made. */
static void a_move_that_is_seen_by_a_message_first_has_its_reason(void **state)
{
    struct visitor v = { 0 };
    struct staff from = { 0 }, to = { 0 };

    (void)state;
    staff_online(&from, &b, AGENT1, "demo");
    visitor_enter(&v, &a, "demo", NULL);
    visitor_say(&v, "m1", "在吗");
    wire_take(&from.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served");
    staff_online(&to, &a, "agent2@demo.example", "demo");
    redis_kill(&redis); /* no hint comes */
    UNTIL(!is_ready(&a) && !is_ready(&b));
    UNTIL(transferred(&from, v.conv, to.id));
    visitor_say(&v, "m2", "发票");
    wire_take(&to.wire, "{s:s,s:s,s:{s:s}}", "type", "assigned", "why", "transferred", "conversation", "id", v.conv);
    wire_take(&from.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "transferred");
    redis_start(&redis, false);
    UNTIL(is_ready(&a) && is_ready(&b));
    wire_sendf(&to.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"m3\"}", v.conv);
    assert_string_equal(wire_verdict(&to.wire, "m3"), "ack");
    staff_presence(&to, "offline");
    staff_presence(&from, "offline");
    staff_free(&to);
    staff_free(&from);
    visitor_free(&v);
}

static void a_conversation_goes_on_at_the_other_node(void **state)
{
    struct visitor v = { 0 };
    struct staff s = { 0 };

    (void)state;
    staff_online(&s, &a, AGENT1, "demo");
    visitor_enter(&v, &a, "demo", NULL);
    (void)visitor_say(&v, "c1", "别走");
    wire_take(&s.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    daemon_kill(&a);
    visitor_leave(&v);
    staff_leave(&s);
    staff_enter(&s, &b, "demo"); /* the session is in the database */
    visitor_enter(&v, &b, "demo", NULL);
    assert_true(staff_say(&s, v.conv, "a1", "我在") > 1);
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "我在");
    wire_text(&v.wire, "{\"type\":\"history\",\"after\":0}");
    assert_string_equal(text_at(wire_take(&v.wire, "{s:s}", "type", "history"), "messages.0.text"), "别走");
    staff_free(&s);
    visitor_free(&v);
}

/* One of the two nodes keeps house; a visitor's page may be at the other. */
static void who_has_joined_is_told_in_the_visitors_language(void **state)
{
    struct visitor v[2] = { 0 };
    struct staff s = { 0 };

    (void)state;
    staff_online(&s, &a, AGENT1, "demo");
    visitor_enter(&v[0], &a, "demo", ",\"locale\":\"en\"");
    visitor_enter(&v[1], &b, "demo", ",\"locale\":\"en\"");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(visitor_say(&v[i], "c1", "hello"), 1);
        assert_string_equal(text_at(wire_take(&v[i].wire, "{s:s,s:s}", "type", "message", "event", "joined"), "lang"), "en");
        wire_text(&v[i].wire, "{\"type\":\"close\",\"cid\":\"x1\"}");
        assert_string_equal(wire_verdict(&v[i].wire, "x1"), "ack");
        visitor_free(&v[i]);
    }
    staff_presence(&s, "offline");
    staff_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_at_one_node_is_heard_at_the_other),
        cmocka_unit_test(one_visitor_has_one_conversation_on_both),
        cmocka_unit_test(a_page_at_the_other_node_hears_a_conversation_from_its_beginning),
        cmocka_unit_test(who_has_joined_is_told_in_the_visitors_language),
        cmocka_unit_test(a_move_that_is_seen_by_a_message_first_has_its_reason),
        cmocka_unit_test(who_is_disabled_at_one_node_serves_nobody_at_the_other),
        cmocka_unit_test(a_setting_that_is_changed_counts_on_both),
        cmocka_unit_test(a_conversation_over_both_goes_on_without_redis),
        cmocka_unit_test(a_conversation_goes_on_at_the_other_node), /* last: it kills one */
    };

    return cmocka_run_group_tests(tests, start, finish);
}
