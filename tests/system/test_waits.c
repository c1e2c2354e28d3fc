/* Nobody waits for ever: offers, deadlines, who stands further ahead, and the place that a close keeps. */
#include "tests/support/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct daemon d;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    return 0;
}

/* ---- offers ---- */

static void who_lets_two_offers_pass_is_away(void **state)
{
    static const char set[] =
        "{" SITE_OF("missing", ",\"refused_ms\":0") "\"queues\":{\"q\":{\"name\":\"Q\",\"offer\":true,\"offer_ms\":5000}}," WEB(
            "q") "\"people\":[" PERSON("m1@x.example", "1", "\"agent\"", "") "]}";
    json_t *made = shop_found(&d, set, "missing");
    struct staff ann = { 0 };
    struct visitor v[3];
    char conv[40];

    (void)state;
    memset(v, 0, sizeof(v));
    shop_enter(&d, &ann, made, 0, "missing", "online");
    for (int i = 0; i < 3; i++)
        shop_ask(&d, &v[i], "missing");
    for (int i = 0; i < 2; i++) {
        const json_t *offer = wire_take(&ann.wire, "{s:s}", "type", "offered");

        (void)snprintf(conv, sizeof(conv), "%s", text_at(offer, "conversation.id"));
        wire_take(&ann.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", conv, "why", "missed");
    }
    wire_take(&ann.wire, "{s:s,s:s,s:s}", "type", "presence", "presence", "away", "reason", "missed");
    wire_none(&ann.wire, "{s:s}", "type", "offered"); /* the others are not offered to somebody who is away */
    staff_presence(&ann, "online");
    (void)snprintf(conv, sizeof(conv), "%s", text_at(wire_take(&ann.wire, "{s:s}", "type", "offered"), "conversation.id"));
    assert_string_equal(staff_act(&ann, conv, "accept", ""), "ack");
    for (int i = 0; i < 3; i++)
        shop_leave(&v[i]);
    staff_free(&ann);
    json_decref(made);
}

/* Nobody waits for the end of an offer to somebody who does not want it. */
static void who_takes_nobody_any_more_lets_go_of_an_offer(void **state)
{
    static const char set[] = "{" SITE_OF("letgo", "") "\"queues\":{\"q\":{\"name\":\"Q\",\"offer\":true,\"offer_ms\":600000}}," WEB(
        "q") "\"people\":[" PERSON("letgo1@x.example", "1", "\"agent\"", "") "," PERSON("letgo2@x.example", "2", "\"agent\"", "") "]}";
    static const char *const presences[] = { "busy", "away", "offline" };
    json_t *made = shop_found(&d, set, "letgo");
    struct staff ann = { 0 }, bob = { 0 };
    struct visitor v = { 0 };

    (void)state;
    shop_enter(&d, &ann, made, 0, "letgo", "online");
    shop_enter(&d, &bob, made, 1, "letgo", NULL);
    shop_ask(&d, &v, "letgo");
    for (size_t i = 0; i < sizeof(presences) / sizeof(presences[0]); i++) {
        struct staff *from = i % 2 ? &bob : &ann, *to = i % 2 ? &ann : &bob;

        wire_take(&from->wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
        staff_presence(to, "online");
        staff_presence(from, presences[i]);
        wire_take(&from->wire, "{s:s,s:s}", "type", "released", "conversation", v.conv);
    }
    wire_take(&bob.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
    assert_string_equal(staff_act(&bob, v.conv, "accept", ""), "ack");
    shop_leave(&v);
    staff_free(&ann);
    staff_free(&bob);
    json_decref(made);
}

/* ---- deadlines ---- */

static void who_waits_too_long_goes_on_to_another_queue(void **state)
{
    static const char set[] =
        "{" SITE_OF("flows", "") "\"queues\":{\"front\":{\"name\":\"F\",\"skills\":[\"magic\"],\"overflow_ms\":1000,"
                                 "\"overflow\":\"back\"},\"back\":{\"name\":\"B\"}}," WEB("front") "\"people\":[" PERSON(
                                     "f1@x.example", "1", "\"agent\"",
                                     ",\"queues\":[\"back\"]") "," PERSON("f2@x.example", "2", "\"agent\"",
                                                                          ",\"queues\":[\"front\"],\"skills\":[\"magic:5\"]") "]}";
    json_t *made = shop_found(&d, set, "flows");
    struct staff back = { 0 }, front = { 0 };
    struct visitor v = { 0 };

    (void)state;
    shop_enter(&d, &back, made, 0, "flows", "online");
    shop_enter(&d, &front, made, 1, "flows", "busy"); /* there, but takes nobody */
    shop_ask(&d, &v, "flows");
    staff_takes(&back, v.conv, "only_one");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    shop_leave(&v);
    staff_free(&back);
    staff_free(&front);
    json_decref(made);
}

static void who_waits_for_ever_leaves_a_message(void **state)
{
    static const char set[] = "{" SITE_OF("limits", "") "\"queues\":{\"q\":{\"name\":\"Q\",\"limit_ms\":1000}}," WEB(
        "q") "\"people\":[" PERSON("l1@x.example", "1", "\"agent\"", "") "," PERSON("l2@x.example", "2", "\"supervisor\"", "") "]}";
    json_t *made = shop_found(&d, set, "limits"), *why;
    struct staff ann = { 0 }, sue = { 0 };
    struct visitor v = { 0 };
    bool told = false;

    (void)state;
    shop_enter(&d, &ann, made, 0, "limits", "busy");
    shop_enter(&d, &sue, made, 1, "limits", NULL);
    shop_ask(&d, &v, "limits");
    wire_take(&v.wire, "{s:s,s:{s:s},s:s}", "type", "message", "from", "role", "system", "form", "contact");
    why = shop_why(&d, &sue, "limits", v.conv);
    assert_string_equal(text_at(why, "state"), "parked");
    for (size_t i = 0; i < json_array_size(value_at(why, "decisions")); i++)
        told = told || strcmp(text_at(json_array_get(value_at(why, "decisions"), i), "kind"), "given_up") == 0;
    assert_true(told);
    json_decref(why);
    staff_presence(&ann, "online"); /* who writes again is not kept waiting for the hour */
    (void)visitor_say(&v, "c2", "我还在");
    staff_takes(&ann, v.conv, "only_one");
    shop_leave(&v);
    staff_free(&ann);
    staff_free(&sue);
    json_decref(made);
}

static void lists_parked(struct staff *who, const char *conv)
{
    json_t *list = staff_get(who, &d, "/api/v1/sites/left/conversations?state=parked");

    assert_int_equal(json_array_size(value_at(list, "items")), conv ? 1 : 0);
    if (conv)
        assert_string_equal(text_at(list, "items.0.id"), conv);
    json_decref(list);
}

static void who_left_a_message_is_listed_and_why(void **state)
{
    static const char set[] =
        "{" SITE_OF("left", ",\"grace_ms\":500") "\"queues\":{\"q\":{\"name\":\"Q\"},\"other\":{\"name\":\"O\"}}," WEB(
            "q") "\"people\":[" PERSON("g1@x.example", "1", "\"agent\"",
                                       ",\"queues\":[\"q\"]") "," PERSON("g2@x.example", "2", "\"supervisor\"",
                                                                         "") "," PERSON("g3@x.example", "3", "\"agent\"",
                                                                                        ",\"queues\":[\"other\"]") "]}";
    json_t *made = shop_found(&d, set, "left"), *why;
    struct staff one = { 0 }, boss = { 0 }, other = { 0 };
    struct visitor v = { 0 };

    (void)state;
    shop_enter(&d, &one, made, 0, "left", NULL);
    shop_enter(&d, &boss, made, 1, "left", NULL);
    shop_enter(&d, &other, made, 2, "left", NULL);
    shop_ask(&d, &v, "left");
    wire_take(&v.wire, "{s:s,s:{s:s},s:s}", "type", "message", "from", "role", "system", "form", "contact");
    why = shop_why(&d, &boss, "left", v.conv);
    assert_string_equal(text_at(why, "state"), "parked");
    assert_string_equal(text_at(why, "parked.rule"), "nobody");
    assert_true(json_is_null(value_at(why, "parked.until"))); /* until somebody is there */
    json_decref(why);
    lists_parked(&boss, v.conv);
    lists_parked(&one, v.conv);
    lists_parked(&other, NULL);
    staff_presence(&one, "online");
    staff_takes(&one, v.conv, "only_one");
    lists_parked(&boss, NULL);
    staff_leave(&one);
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "returned");
    why = shop_why(&d, &boss, "left", v.conv);
    assert_string_equal(text_at(decision_in(why, "returned"), "data.why"), "gone");
    assert_string_equal(text_at(decision_in(why, "returned"), "data.person"), one.id);
    json_decref(why);
    shop_leave(&v);
    staff_free(&one);
    staff_free(&boss);
    staff_free(&other);
    json_decref(made);
}

static void an_agent_who_does_not_answer_is_not_waited_for(void **state)
{
    static const char set[] =
        "{" SITE_OF("silent", "") "\"queues\":{\"q\":{\"name\":\"Q\",\"remind_ms\":500,\"alert_ms\":500,\"requeue_ms\":8000}}," WEB(
            "q") "\"people\":[" PERSON("s1@x.example", "1", "\"agent\"", "") "," PERSON("s2@x.example", "2", "\"agent\"",
                                                                                        "") "," PERSON("s3@x.example", "3",
                                                                                                       "\"supervisor\",\"admin\"", "") "]}";
    json_t *made = shop_found(&d, set, "silent");
    struct staff ann = { 0 }, bob = { 0 }, sue = { 0 };
    struct visitor v = { 0 };

    (void)state;
    shop_enter(&d, &ann, made, 0, "silent", "online");
    shop_enter(&d, &bob, made, 1, "silent", NULL);
    shop_enter(&d, &sue, made, 2, "silent", NULL);
    shop_ask(&d, &v, "silent");
    staff_takes(&ann, v.conv, "only_one");
    wire_take(&ann.wire, "{s:s,s:s}", "type", "reminder", "conversation", v.conv); /* though the alert is due at the same time */
    wire_take(&sue.wire, "{s:s,s:s,s:s,s:{s:s}}", "type", "alert", "conversation", v.conv, "kind", "silent", "agent", "number", "1");
    wire_take(&ann.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "silent");
    web_status(&d, 200, /* who comes now may take the time to answer */
               &(struct ask){ .method = "PUT",
                              .path = "/api/v1/sites/silent/documents/queue/q",
                              .headers = "If-Match: \"1\"\r\n",
                              .cookie = sue.cookie,
                              .csrf = sue.csrf,
                              .origin = "",
                              .body = "{\"name\":\"Q\",\"remind_ms\":500,\"alert_ms\":500,\"requeue_ms\":0}" });
    staff_presence(&bob, "online");
    staff_takes(&bob, v.conv, "only_one"); /* and not the one who did not answer */
    (void)staff_say(&bob, v.conv, "b1", "我在");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "returned");
    wire_forget(&bob.wire); /* on a busy machine he, too, was reminded before */
    wire_none(&bob.wire, "{s:s}", "type", "reminder");
    shop_leave(&v);
    staff_free(&ann);
    staff_free(&bob);
    staff_free(&sue);
    json_decref(made);
}

/* The queue's own time after a close holds for what a rule closes, too. */
static void a_close_by_a_rule_keeps_the_place_as_long_as_the_queue_says(void **state)
{
    static const char set[] = "{" SITE_OF("tidy", "") "\"queues\":{\"q\":{\"name\":\"Q\",\"wrapup_ms\":600000}}," WEB(
        "q") "\"rules\":[{\"key\":\"bye\",\"event\":\"message\",\"mid_talk\":true,\"when\":{\"keywords\":[\"再见\"]},\"actions\":["
             "\"close\"]}],\"people\":[" PERSON("tidy1@x.example", "1", "\"agent\"", "") "]}";
    json_t *made = shop_found(&d, set, "tidy");
    struct staff one = { 0 };
    struct visitor v = { 0 }, w = { 0 };

    (void)state;
    shop_enter(&d, &one, made, 0, "tidy", "online");
    shop_ask(&d, &v, "tidy");
    staff_takes(&one, v.conv, "only_one");
    (void)visitor_say(&v, "c2", "再见");
    assert_true(
        number_at(wire_take(&one.wire, "{s:s,s:s,s:s}", "type", "state", "conversation", v.conv, "state", "closed"), "wrapup_until") > 0);
    shop_ask(&d, &w, "tidy");
    wire_take(&w.wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 1);
    wire_none(&one.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", w.conv);
    assert_string_equal(staff_act(&one, v.conv, "ready", ""), "ack");
    staff_takes(&one, w.conv, "only_one");
    shop_leave(&w);
    visitor_free(&v);
    staff_free(&one);
    json_decref(made);
}

/* ---- who stands further ahead ---- */

#define SECRET "0123456789abcdef0123456789abcdef"

/* What a new conversation of the visitor's stands ahead by; it is closed again. */
static int rank_of(struct staff *who, struct visitor *v, const char *cid)
{
    int ret;

    (void)visitor_say(v, cid, "有人吗");
    ret =
        (int)number_at(wire_take(&who->wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv), "conversation.priority");
    assert_string_equal(staff_act(who, v->conv, "close", ""), "ack");
    assert_string_equal(staff_act(who, v->conv, "ready", ""), "ack");
    return ret;
}

static void a_channel_a_queue_a_level_and_a_return_put_one_further_ahead(void **state)
{
    static const char set[] =
        "{\"site\":{\"key\":\"ranks\",\"name\":\"店\",\"language\":\"zh-CN\",\"sticky_ms\":0,\"reopen_ms\":0,\"identity_secret\":\"" SECRET
        "\",\"vip_priority\":4,\"returning_ms\":600000,\"returning_priority\":3},\"queues\":{\"q\":{\"name\":\"Q\",\"priority\":1}},"
        "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"q\",\"priority\":2}},"
        "\"people\":[" PERSON("r1@x.example", "1", "\"agent\"", "") "]}";
    json_t *made = shop_found(&d, set, "ranks");
    struct staff one = { 0 };
    struct visitor plain = { 0 }, said = { 0 }, proven = { 0 };
    char hash[65], extra[200];

    (void)state;
    shop_enter(&d, &one, made, 0, "ranks", "online");
    visitor_enter(&plain, &d, "ranks", NULL);
    assert_int_equal(rank_of(&one, &plain, "c1"), 1 + 2);
    assert_int_equal(rank_of(&one, &plain, "c2"), 1 + 2 + 3);
    visitor_enter(&said, &d, "ranks", ",\"profile\":{\"vip\":2}");
    assert_int_equal(rank_of(&one, &said, "c1"), 1 + 2); /* anybody may say so */
    hmac_hex(SECRET, "u-1", hash);
    (void)snprintf(extra, sizeof(extra), ",\"profile\":{\"vip\":2},\"identity\":{\"id\":\"u-1\",\"hash\":\"%s\"}", hash);
    visitor_enter(&proven, &d, "ranks", extra);
    assert_int_equal(rank_of(&one, &proven, "c1"), 1 + 2 + 2 * 4);
    visitor_free(&plain);
    visitor_free(&said);
    visitor_free(&proven);
    staff_free(&one);
    json_decref(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_too_long_goes_on_to_another_queue),
        cmocka_unit_test(who_left_a_message_is_listed_and_why),
        cmocka_unit_test(who_waits_for_ever_leaves_a_message),
        cmocka_unit_test(an_agent_who_does_not_answer_is_not_waited_for),
        cmocka_unit_test(a_channel_a_queue_a_level_and_a_return_put_one_further_ahead),
        cmocka_unit_test(who_lets_two_offers_pass_is_away),
        cmocka_unit_test(who_takes_nobody_any_more_lets_go_of_an_offer),
        cmocka_unit_test(a_close_by_a_rule_keeps_the_place_as_long_as_the_queue_says),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
