/* Who gets whom: offers, refusals, agents who vanish or go away, hours, and what visitors are told of it. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE "routed"

static struct daemon d;
static struct staff ann, bob, sue;

/* A queue that offers and one that does not; nobody is waited for longer than a second. */
static const char set[] =
    "{\"site\":{\"key\":\"" SITE "\",\"name\":\"路由店\",\"language\":\"zh-CN\",\"grace_ms\":1500,\"reopen_ms\":0,\"sticky_ms\":0},"
    "\"queues\":{\"offers\":{\"name\":\"贵宾\",\"offer\":true,\"offer_ms\":5000}},"
    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"offers\"}},"
    "\"people\":["
    "{\"email\":\"ann@x.example\",\"name\":\"安\",\"number\":\"1\",\"roles\":[\"agent\"],\"queues\":[\"offers\"],\"capacity\":2},"
    "{\"email\":\"bob@x.example\",\"name\":\"博\",\"number\":\"2\",\"roles\":[\"agent\"],\"queues\":[\"offers\"],\"capacity\":2},"
    "{\"email\":\"sue@x.example\",\"name\":\"苏\",\"number\":\"3\",\"roles\":[\"supervisor\",\"agent\"],\"queues\":[\"offers\"],"
    "\"capacity\":2}]}";

static const char night_set[] = "{\"site\":{\"key\":\"night\",\"name\":\"夜店\",\"language\":\"zh-CN\",\"zone\":\"Asia/Shanghai\"},"
                                "\"queues\":{\"main\":{\"name\":\"客服\",\"hours\":{\"week\":{}}}},"
                                "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"main\"}},\"people\":[]}";

static const char calm_set[] = "{\"site\":{\"key\":\"calm\",\"name\":\"静店\",\"language\":\"zh-CN\"},"
                               "\"queues\":{\"main\":{\"name\":\"客服\"}},"
                               "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"main\"}},"
                               "\"people\":[{\"email\":\"cat@x.example\",\"name\":\"卡\",\"number\":\"4\",\"roles\":[\"agent\"],"
                               "\"queues\":[\"main\"],\"capacity\":2}]}";

static void enter(struct staff *who, const json_t *made, const char *path)
{
    const json_t *one = value_at(made, path);

    assert_int_equal(staff_try_sign_in(who, &d, text_at(one, "email"), text_at(one, "password")), 201);
    staff_enter(who, &d, SITE);
}

static int start(void **state)
{
    json_t *made;

    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    made = site_add(&d, set);
    enter(&ann, made, "people.0");
    enter(&bob, made, "people.1");
    enter(&sue, made, "people.2");
    json_decref(made);
    daemon_log_wait(&d, "event=live_rebuilt site=" SITE);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&ann);
    staff_free(&bob);
    staff_free(&sue);
    daemon_finish(&d);
    return 0;
}

static void close_talk(struct visitor *v)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v->wire, "the-end"), "ack");
    visitor_free(v);
}

static void offline(struct staff *who)
{
    staff_presence(who, "offline");
    wire_forget(&who->wire);
}

/* The offer of this conversation to `who`. */
static void offered(struct staff *who, const char *conv)
{
    const json_t *offer = wire_take(&who->wire, "{s:s,s:{s:s,s:s}}", "type", "offered", "conversation", "id", conv, "state", "offered");

    assert_in_range(number_at(offer, "until"), now_wall_ms(), now_wall_ms() + 6000);
}

static const char *act(struct staff *who, const char *what, const char *conv, const char *cid)
{
    wire_sendf(&who->wire, "{\"type\":\"%s\",\"conversation\":\"%s\",\"cid\":\"%s\"}", what, conv, cid);
    return wire_verdict(&who->wire, cid);
}

/* ---- offers ---- */

static void an_offer_is_accepted(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    staff_presence(&ann, "online");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "贵宾来了");
    offered(&ann, v.conv);
    wire_none(&v.wire, "{s:s,s:s}", "type", "state", "state", "served"); /* who may still refuse is not promised */
    assert_string_equal(act(&ann, "accept", v.conv, "y1"), "ack");
    wire_take(&ann.wire, "{s:s,s:{s:s,s:s}}", "type", "assigned", "conversation", "id", v.conv, "state", "served");
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "1");
    assert_string_equal(act(&ann, "accept", v.conv, "y1"), "ack");     /* a repeat */
    assert_string_not_equal(act(&ann, "refuse", v.conv, "y2"), "ack"); /* too late */
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");
    wire_sendf(&ann.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"m\",\"kind\":\"text\",\"text\":\"还在吗\"}", v.conv);
    assert_string_equal(wire_verdict(&ann.wire, "m"), "conflict"); /* it has been closed while she wrote: not that she may not */
    visitor_free(&v);
    offline(&ann);
}

/* The sweep is each second: five times at its mercy would take some two and a half of them. */
static void who_waits_for_somebody_to_come_is_taken_at_once(void **state)
{
    int64_t waited = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct visitor v = { 0 };
        int64_t came;

        visitor_enter(&v, &d, SITE, NULL);
        (void)visitor_say(&v, "c1", "没有人吗");
        wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact");
        came = now_wall_ms();
        staff_presence(&ann, "online");
        offered(&ann, v.conv);
        waited += now_wall_ms() - came;
        assert_string_equal(act(&ann, "accept", v.conv, "y1"), "ack");
        close_talk(&v);
        offline(&ann);
    }
    assert_in_range(waited, 0, 1250);
}

static void a_refused_offer_goes_to_somebody_else(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    staff_presence(&ann, "online");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "有人吗");
    offered(&ann, v.conv);
    staff_presence(&bob, "online");
    assert_string_equal(act(&ann, "refuse", v.conv, "n1"), "ack");
    wire_take(&ann.wire, "{s:s,s:s}", "type", "released", "conversation", v.conv);
    offered(&bob, v.conv);
    assert_string_equal(act(&ann, "accept", v.conv, "late"), "not_found"); /* no longer hers to see */
    assert_string_equal(act(&bob, "accept", v.conv, "y1"), "ack");
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "2");
    close_talk(&v);
    offline(&ann);
    offline(&bob);
}

static void an_offer_that_nobody_answers_goes_on(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    staff_presence(&ann, "online");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "等五秒");
    offered(&ann, v.conv);
    staff_presence(&bob, "online");
    wire_take(&ann.wire, "{s:s,s:s}", "type", "released", "conversation", v.conv);
    offered(&bob, v.conv);
    assert_string_equal(act(&bob, "accept", v.conv, "y1"), "ack");
    close_talk(&v);
    offline(&ann);
    offline(&bob);
}

/* ---- agents who are not there ---- */

/* What colleagues are told of somebody, soon. */
static bool shown_as(const struct staff *by, const char *id, const char *presence, bool connected)
{
    int64_t end_at = now_mono_ms() + patience_ms();
    bool ret = false;

    while (!ret && now_mono_ms() < end_at) {
        json_t *got = staff_get(by, &d, "/api/v1/sites/" SITE "/colleagues"), *one;
        size_t i;

        json_array_foreach(value_at(got, "agents"), i, one) ret |= strcmp(text_at(one, "id"), id) == 0 &&
                                                                   strcmp(text_at(one, "presence"), presence) == 0 &&
                                                                   json_is_true(json_object_get(one, "connected")) == connected;
        json_decref(got);
        if (!ret)
            breathe();
    }
    return ret;
}

static void who_vanishes_loses_the_conversation_after_the_grace_time(void **state)
{
    struct visitor v = { 0 };
    int64_t seq;

    (void)state;
    staff_presence(&ann, "online");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "别走");
    offered(&ann, v.conv);
    assert_string_equal(act(&ann, "accept", v.conv, "y1"), "ack");
    staff_presence(&bob, "online");
    staff_leave(&ann);
    offered(&bob, v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "returned");
    assert_string_equal(act(&bob, "accept", v.conv, "y2"), "ack");
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "2");
    assert_true(shown_as(&bob, ann.id, "online", false)); /* as chosen, and not there */
    assert_true(shown_as(&bob, bob.id, "online", true));
    staff_enter(&ann, &d, SITE);
    assert_true(shown_as(&bob, ann.id, "online", true));
    assert_int_equal(json_array_size(value_at(ann.welcome, "conversations")), 0);
    seq = staff_say(&bob, v.conv, "b1", "我来了");
    wire_take(&v.wire, "{s:s,s:I}", "type", "message", "seq", (json_int_t)seq);
    close_talk(&v);
    offline(&ann);
    offline(&bob);
}

/* On a site of its own: the grace time of the other one is shorter than a slow machine may take to come back. */
static void a_short_absence_changes_nothing(void **state)
{
    json_t *made = site_add(&d, calm_set);
    struct staff cat = { 0 };
    struct visitor v = { 0 };

    (void)state;
    assert_int_equal(staff_try_sign_in(&cat, &d, text_at(made, "people.0.email"), text_at(made, "people.0.password")), 201);
    staff_enter(&cat, &d, "calm");
    staff_presence(&cat, "online");
    visitor_enter(&v, &d, "calm", NULL);
    (void)visitor_say(&v, "c1", "刷新一下页面");
    wire_take(&cat.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    staff_leave(&cat);
    staff_enter(&cat, &d, "calm");
    assert_string_equal(text_at(cat.welcome, "conversations.0.id"), v.conv);
    assert_string_equal(text_at(cat.welcome, "presence"), "online");
    assert_true(staff_say(&cat, v.conv, "c1", "还是我") > 0);
    close_talk(&v);
    staff_free(&cat);
    json_decref(made);
}

static void visitors_are_told_when_their_agent_goes_away(void **state)
{
    struct visitor v = { 0 };
    int64_t before;

    (void)state;
    staff_presence(&ann, "online");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "您去哪");
    offered(&ann, v.conv);
    assert_string_equal(act(&ann, "accept", v.conv, "y1"), "ack");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    before = staff_say(&ann, v.conv, "a1", "稍等");
    staff_presence(&ann, "away");
    assert_non_null(
        strstr(text_at(wire_take(&v.wire, "{s:s,s:I,s:{s:s}}", "type", "message", "seq", (json_int_t)before + 1, "from", "role", "system"),
                       "text"),
               "安"));
    staff_presence(&ann, "online");
    wire_take(&v.wire, "{s:s,s:I,s:{s:s}}", "type", "message", "seq", (json_int_t)before + 2, "from", "role", "system"); /* and is back */
    assert_true(staff_say(&ann, v.conv, "a2", "久等了") == before + 3);
    close_talk(&v);
    offline(&ann);
}

static void nobody_gets_more_than_the_capacity(void **state)
{
    struct visitor v[3] = { 0 };

    (void)state;
    staff_presence(&ann, "online");
    for (int i = 0; i < 3; i++) {
        visitor_enter(&v[i], &d, SITE, NULL);
        (void)visitor_say(&v[i], "c1", "一起来");
    }
    for (int i = 0; i < 2; i++) {
        offered(&ann, v[i].conv);
        assert_string_equal(act(&ann, "accept", v[i].conv, "y1"), "ack");
    }
    wire_take(&v[2].wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 1);
    wire_none(&ann.wire, "{s:s}", "type", "offered");
    assert_string_equal(act(&ann, "close", v[0].conv, "x"), "ack");
    offered(&ann, v[2].conv);
    assert_string_equal(act(&ann, "accept", v[2].conv, "y2"), "ack");
    for (int i = 1; i < 3; i++)
        close_talk(&v[i]);
    visitor_free(&v[0]);
    offline(&ann);
}

static void a_supervisor_reads_along_and_takes_over(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    staff_presence(&ann, "online");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "叫你们经理来");
    offered(&ann, v.conv);
    assert_string_equal(act(&ann, "accept", v.conv, "y1"), "ack");
    wire_sendf(&sue.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", v.conv);
    wire_take(&sue.wire, "{s:s,s:s}", "type", "history", "conversation", v.conv);
    wire_sendf(&sue.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"m\",\"kind\":\"text\",\"text\":\"我是经理\"}", v.conv);
    assert_string_equal(wire_verdict(&sue.wire, "m"), "forbidden"); /* a conversation has one voice at a time */
    assert_string_equal(act(&sue, "accept", v.conv, "take"), "ack");
    wire_take(&sue.wire, "{s:s,s:{s:s,s:s}}", "type", "assigned", "conversation", "id", v.conv, "state", "served");
    wire_take(&ann.wire, "{s:s,s:s}", "type", "released", "conversation", v.conv);
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "number", "3");
    assert_true(staff_say(&sue, v.conv, "s1", "我是经理") > 0);
    close_talk(&v);
    offline(&ann);
}

/* ---- time ---- */

static void after_the_reopening_time_there_is_a_new_conversation(void **state)
{
    struct visitor v = { 0 };
    char first[40];
    json_t *row;

    (void)state;
    staff_presence(&ann, "online");
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "第一次");
    (void)snprintf(first, sizeof(first), "%s", v.conv);
    offered(&ann, v.conv);
    assert_string_equal(act(&ann, "accept", v.conv, "y1"), "ack");
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"x\"}");
    assert_string_equal(wire_verdict(&v.wire, "x"), "ack");
    assert_int_equal(visitor_say(&v, "c2", "第二次"), 1);
    assert_string_not_equal(v.conv, first);
    row = json_incref(wire_take(&ann.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv));
    assert_string_equal(text_at(row, "conversation.previous"), first);
    json_decref(row);
    wire_sendf(&v.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", first); /* the old one can still be read */
    assert_string_equal(text_at(wire_take(&v.wire, "{s:s,s:s}", "type", "history", "conversation", first), "messages.0.text"), "第一次");
    assert_string_equal(act(&ann, "accept", v.conv, "y2"), "ack");
    close_talk(&v);
    offline(&ann);
}

static void outside_hours_a_message_is_taken(void **state)
{
    struct visitor v = { 0 };
    json_t *made = site_add(&d, night_set);

    (void)state;
    visitor_enter(&v, &d, "night", NULL);
    assert_true(json_is_false(value_at(v.welcome, "site.hours_open")));
    (void)visitor_say(&v, "c1", "开门了吗");
    wire_take(&v.wire, "{s:s,s:i,s:{s:s},s:s}", "type", "message", "seq", 3, "from", "role", "system", "form", "contact");
    visitor_free(&v);
    json_decref(made);
}

static void who_waits_for_ten_seconds_is_asked_to_wait(void **state)
{
    struct visitor v = { 0 };
    const json_t *m;
    int64_t said;

    (void)state;
    staff_presence(&ann, "busy"); /* there, but takes nobody */
    visitor_enter(&v, &d, SITE, NULL);
    said = now_mono_ms();
    (void)visitor_say(&v, "c1", "等");
    wire_take(&v.wire, "{s:s,s:i}", "type", "message", "seq", 2); /* the greeting */
    m = wire_take(&v.wire, "{s:s,s:i,s:{s:s}}", "type", "message", "seq", 3, "from", "role", "system");
    assert_in_range(now_mono_ms() - said, 9900, 14000);
    assert_non_null(strstr(text_at(m, "text"), "第 1 位"));
    close_talk(&v);
    offline(&ann);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_is_accepted),
        cmocka_unit_test(a_refused_offer_goes_to_somebody_else),
        cmocka_unit_test(who_waits_for_somebody_to_come_is_taken_at_once),
        cmocka_unit_test(an_offer_that_nobody_answers_goes_on),
        cmocka_unit_test(who_vanishes_loses_the_conversation_after_the_grace_time),
        cmocka_unit_test(a_short_absence_changes_nothing),
        cmocka_unit_test(visitors_are_told_when_their_agent_goes_away),
        cmocka_unit_test(nobody_gets_more_than_the_capacity),
        cmocka_unit_test(a_supervisor_reads_along_and_takes_over),
        cmocka_unit_test(after_the_reopening_time_there_is_a_new_conversation),
        cmocka_unit_test(outside_hours_a_message_is_taken),
        cmocka_unit_test(who_waits_for_ten_seconds_is_asked_to_wait),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
