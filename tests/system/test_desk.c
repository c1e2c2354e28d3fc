/* What the two sides of a conversation are told beside its messages, and in which order. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE   "demo"
#define AGENT1 "agent1@demo.example"
#define AGENT2 "agent2@demo.example"

static struct daemon d;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true,
                                               .config = "[limits]\nconversations = 1000\nmessage_burst = 1000\nmessage_rate = 1000\n" });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    return 0;
}

static void begin(struct visitor *v, struct staff *a)
{
    staff_online(a, &d, AGENT1, SITE);
    visitor_enter(v, &d, SITE, NULL);
    (void)visitor_say(v, "c1", "你好");
    wire_take(&a->wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv);
}

static void end(struct visitor *v, struct staff *a)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v->wire, "the-end"), "ack");
    staff_presence(a, "offline");
    staff_free(a);
    visitor_free(v);
}

/* ---- order ---- */

static void upload(const struct visitor *v, char file[40])
{
    char header[600];
    struct reply r;

    (void)snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", v->token);
    r = web_expect(&d, 201, &(struct ask){ .path = "/files?site=" SITE "&name=a.txt", .headers = header, .body = "picture" });
    (void)snprintf(file, 40, "%s", text_at(r.json, "id"));
    reply_free(&r);
}

static void a_text_does_not_overtake_the_file_before_it(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    char file[40], cid[16];

    (void)state;
    begin(&v, &a);
    upload(&v, file);
    for (int i = 0; i < 20; i++) {
        int64_t seq;

        wire_sendf(&v.wire, "{\"type\":\"message\",\"cid\":\"f%d\",\"kind\":\"file\",\"file\":\"%s\"}", i, file);
        wire_sendf(&v.wire, "{\"type\":\"message\",\"cid\":\"t%d\",\"kind\":\"text\",\"text\":\"看上面\"}", i);
        (void)snprintf(cid, sizeof(cid), "f%d", i);
        assert_string_equal(wire_verdict(&v.wire, cid), "ack");
        seq = number_at(v.wire.last, "seq");
        (void)snprintf(cid, sizeof(cid), "t%d", i);
        assert_string_equal(wire_verdict(&v.wire, cid), "ack");
        assert_int_equal(number_at(v.wire.last, "seq"), seq + 1);
    }
    /* What cannot be sent holds nobody up. */
    wire_sendf(&v.wire, "{\"type\":\"message\",\"cid\":\"none\",\"kind\":\"file\",\"file\":\"%s\"}", v.conv);
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"after\",\"kind\":\"text\",\"text\":\"算了\"}");
    assert_string_equal(wire_verdict(&v.wire, "none"), "not_found");
    assert_string_equal(wire_verdict(&v.wire, "after"), "ack");
    end(&v, &a);
}

static void a_refused_history_says_what_it_was_about(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    wire_sendf(&v.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", v.id);
    wire_take(&v.wire, "{s:s,s:s,s:s,s:s}", "type", "error", "code", "not_found", "of", "history", "conversation", v.id);
    wire_sendf(&v.wire, "{\"type\":\"history\",\"conversation\":\"%s\"}", v.id);
    wire_take(&v.wire, "{s:s,s:s,s:s,s:s}", "type", "error", "code", "bad_request", "of", "history", "conversation", v.id);
    visitor_free(&v);
}

/* ---- handing on ---- */

static void what_an_agent_hands_to_a_queue_goes_to_somebody_else(void **state)
{
    struct visitor v = { 0 }, w = { 0 };
    struct staff a = { 0 }, b = { 0 };

    (void)state;
    begin(&v, &a);
    staff_online(&b, &d, AGENT2, SITE);
    visitor_enter(&w, &d, SITE, NULL);
    (void)visitor_say(&w, "c1", "在吗");
    wire_take(&b.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", w.conv);
    /* The one who hands it on has less to do then, and would have it back at once. */
    wire_sendf(&a.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t1\",\"to\":{\"queue\":\"service\"}}", v.conv);
    assert_string_equal(wire_verdict(&a.wire, "t1"), "ack");
    wire_take(&b.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_none(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    /* Who is left alone may have it again. */
    wire_sendf(&b.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t2\",\"to\":{\"queue\":\"service\"}}", v.conv);
    assert_string_equal(wire_verdict(&b.wire, "t2"), "ack");
    wire_take(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    staff_presence(&b, "offline");
    wire_sendf(&a.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t3\",\"to\":{\"queue\":\"service\"}}", v.conv);
    assert_string_equal(wire_verdict(&a.wire, "t3"), "ack");
    wire_take(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_text(&w.wire, "{\"type\":\"close\",\"cid\":\"w-end\"}");
    assert_string_equal(wire_verdict(&w.wire, "w-end"), "ack");
    visitor_free(&w);
    staff_free(&b);
    end(&v, &a);
}

/* ---- what staff are told ---- */

static void a_conversation_is_listed_with_its_last_message(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 }, supervisor = { 0 };
    json_t *list;

    (void)state;
    begin(&v, &a);
    (void)staff_say(&a, v.conv, "a1", "最后一句");
    staff_leave(&a);
    staff_enter(&a, &d, SITE);
    assert_string_equal(text_at(a.welcome, "conversations.0.last.text"), "最后一句");
    staff_sign_in(&supervisor, &d, "supervisor@demo.example");
    list = staff_get(&supervisor, &d, "/api/v1/sites/" SITE "/conversations?state=served");
    assert_string_equal(text_at(list, "items.0.last.text"), "最后一句");
    json_decref(list);
    staff_free(&supervisor);
    end(&v, &a);
}

static void a_presence_is_told_to_all_tabs(void **state)
{
    struct staff a = { 0 }, tab = { 0 };

    (void)state;
    staff_sign_in(&a, &d, AGENT1);
    staff_enter(&a, &d, SITE);
    (void)snprintf(tab.cookie, sizeof(tab.cookie), "%s", a.cookie);
    staff_enter(&tab, &d, SITE);
    wire_text(&a.wire, "{\"type\":\"presence\",\"cid\":\"p1\",\"presence\":\"away\",\"reason\":\"午饭\"}");
    wire_take(&tab.wire, "{s:s,s:s,s:s}", "type", "presence", "presence", "away", "reason", "午饭");
    staff_presence(&a, "offline");
    wire_take(&tab.wire, "{s:s,s:s}", "type", "presence", "presence", "offline");
    staff_free(&tab);
    staff_free(&a);
}

static void what_becomes_of_a_closed_one_is_told(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };

    (void)state;
    begin(&v, &a);
    wire_sendf(&a.wire, "{\"type\":\"invite\",\"conversation\":\"%s\",\"cid\":\"i\"}", v.conv);
    wire_take(&a.wire, "{s:s,s:s,s:s,s:b}", "type", "state", "conversation", v.conv, "state", "served", "invited", 1);
    wire_sendf(&a.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"x\"}", v.conv);
    wire_take(&a.wire, "{s:s,s:s,s:s}", "type", "state", "conversation", v.conv, "state", "closed");
    wire_take(&a.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "closed");
    wire_sendf(&v.wire, "{\"type\":\"rate\",\"cid\":\"r\",\"conversation\":\"%s\",\"score\":4}", v.conv);
    wire_take(&a.wire, "{s:s,s:s,s:s,s:i}", "type", "state", "conversation", v.conv, "state", "closed", "rating", 4);
    staff_presence(&a, "offline");
    staff_free(&a);
    visitor_free(&v);
}

static void who_gets_a_conversation_is_told_why(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 }, b = { 0 }, supervisor = { 0 };

    (void)state;
    staff_online(&a, &d, AGENT1, SITE);
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "c1", "你好");
    wire_take(&a.wire, "{s:s,s:{s:s},s:s}", "type", "assigned", "conversation", "id", v.conv, "why", "only_one");
    staff_online(&b, &d, AGENT2, SITE);
    wire_sendf(&a.wire, "{\"type\":\"transfer\",\"conversation\":\"%s\",\"cid\":\"t\",\"to\":{\"agent\":\"%s\"}}", v.conv, b.id);
    wire_take(&b.wire, "{s:s,s:{s:s},s:s}", "type", "assigned", "conversation", "id", v.conv, "why", "transferred");
    staff_sign_in(&supervisor, &d, "supervisor@demo.example");
    staff_enter(&supervisor, &d, SITE);
    wire_sendf(&supervisor.wire, "{\"type\":\"accept\",\"conversation\":\"%s\",\"cid\":\"y\"}", v.conv);
    wire_take(&supervisor.wire, "{s:s,s:{s:s},s:s}", "type", "assigned", "conversation", "id", v.conv, "why", "takeover");
    wire_take(&b.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "takeover");
    staff_presence(&b, "offline");
    staff_free(&b);
    staff_free(&supervisor);
    end(&v, &a);
}

/* ---- what visitors are told ---- */

static void a_page_learns_when_somebody_comes_and_goes(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };

    (void)state;
    staff_sign_in(&a, &d, AGENT1);
    visitor_enter(&v, &d, SITE, NULL);
    staff_enter(&a, &d, SITE);
    staff_presence(&a, "online");
    wire_take(&v.wire, "{s:s,s:b,s:b}", "type", "site", "staffed", 1, "hours_open", 1);
    staff_presence(&a, "offline");
    wire_take(&v.wire, "{s:s,s:b}", "type", "site", "staffed", 0);
    staff_free(&a);
    visitor_free(&v);
}

static void what_was_shown_before_the_first_word_is_on_record(void **state)
{
    struct visitor v = { 0 };
    struct staff supervisor = { 0 };
    const json_t *opened = NULL;
    char path[120];
    json_t *one;

    (void)state;
    visitor_enter(&v, &d, SITE, ",\"locale\":\"en\",\"page\":{\"url\":\"https://shop.example/\"}");
    (void)visitor_say(&v, "c1", "hello");
    staff_sign_in(&supervisor, &d, "supervisor@demo.example");
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", v.conv);
    one = staff_get(&supervisor, &d, path);
    for (size_t i = 0; i < json_array_size(value_at(one, "timeline")); i++)
        if (strcmp(text_at(json_array_get(value_at(one, "timeline"), i), "kind"), "opened") == 0)
            opened = json_array_get(value_at(one, "timeline"), i);
    assert_non_null(opened);
    assert_string_equal(text_at(opened, "data.page.url"), "https://shop.example/");
    assert_string_equal(text_at(opened, "data.shown.language"), "en");
    assert_string_equal(text_at(opened, "data.shown.greeting"), text_at(v.welcome, "site.greeting"));
    assert_string_equal(text_at(opened, "data.shown.consent"), text_at(v.welcome, "site.consent"));
    assert_int_equal(strlen(text_at(opened, "data.shown.consent_sha256")), *text_at(v.welcome, "site.consent") ? 64 : 0);
    json_decref(one);
    staff_free(&supervisor);
    visitor_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_learns_when_somebody_comes_and_goes),
        cmocka_unit_test(a_text_does_not_overtake_the_file_before_it),
        cmocka_unit_test(a_refused_history_says_what_it_was_about),
        cmocka_unit_test(what_an_agent_hands_to_a_queue_goes_to_somebody_else),
        cmocka_unit_test(a_conversation_is_listed_with_its_last_message),
        cmocka_unit_test(a_presence_is_told_to_all_tabs),
        cmocka_unit_test(what_becomes_of_a_closed_one_is_told),
        cmocka_unit_test(who_gets_a_conversation_is_told_why),
        cmocka_unit_test(what_was_shown_before_the_first_word_is_on_record),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
