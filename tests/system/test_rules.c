/* Auto-replies as visitors read them: for each situation exactly these messages, in three languages, and the cases in which nothing is
 * said. The rules are the shipped ones with shorter times, and a few of the house. */
#include "tests/support/cast.h"

#include "core/buf.h"
#include "core/wording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct daemon d;
static json_t *words; /* config/defaults/wordings.json */

#define PEOPLE                                                                                                                       \
    "\"people\":[{\"email\":\"%s@x.example\",\"name\":\"安\",\"number\":\"7\",\"roles\":[\"agent\",\"supervisor\"],\"capacity\":3}" \
    "]"

/* `night`: the queue is never open. A second queue takes what is moved there; nobody works in it. */
static const char set[] =
    "{\"site\":{\"key\":\"%s\",\"name\":\"House\",\"language\":\"zh-CN\",\"sticky_ms\":0},"
    "\"queues\":{\"main\":{\"name\":\"M\"%s},\"refunds\":{\"name\":\"R\"}},"
    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"W\",\"queue\":\"main\"}},"
    "\"wordings\":{\"zh-CN\":{\"menu\":\"请选择\",\"how\":\"怎么退款\"},\"zh-TW\":{\"menu\":\"請選擇\",\"how\":\"怎麼退款\"},"
    "\"en\":{\"menu\":\"Please choose\",\"how\":\"How to get a refund\"}},"
    "\"rules\":["
    "{\"key\":\"wait\",\"order\":40,\"event\":\"waiting\",\"after_ms\":2000,\"actions\":[\"say\"],\"wording\":\"wait\"},"
    "{\"key\":\"wait_more\",\"order\":41,\"event\":\"waiting\",\"after_ms\":3000,\"actions\":[\"say\"],\"wording\":\"wait_more\"},"
    "{\"key\":\"silent_agent\",\"event\":\"silent_agent\",\"after_ms\":60000,\"actions\":[\"say\"],\"wording\":\"silent_agent\"},"
    "{\"key\":\"silent_visitor\",\"event\":\"silent_visitor\",\"after_ms\":1500,\"notice_ms\":1500,\"actions\":[\"say\",\"close\","
    "\"invite\"],"
    "\"wording\":\"silent_visitor\",\"closing_wording\":\"closed_idle\"},"
    "{\"key\":\"thanks\",\"event\":\"rated\",\"actions\":[\"say\"],\"wording\":\"rated_thanks\"},"
    "{\"key\":\"menu\",\"event\":\"message\",\"when\":{\"keywords\":[\"退款\",\"refund\"]},\"cooldown_ms\":60000,\"actions\":[\"say\","
    "\"choices\","
    "\"tag\"],\"tags\":[\"refund\"],\"wording\":\"menu\",\"choices\":[{\"id\":\"how\",\"wording\":\"how\"},{\"id\":\"human\",\"wording\":"
    "\"talk_to_person\"}]},"
    "{\"key\":\"to_refunds\",\"event\":\"message\",\"when\":{\"choices\":[\"human\"]},\"actions\":[\"move\",\"priority\"],\"to\":"
    "\"refunds\","
    "\"priority\":3}"
    "]," PEOPLE "}";

static const char *const languages[] = { "zh-CN", "zh-TW", "en" };

static int start(void **state)
{
    (void)state;
    words = json_load_file("config/defaults/wordings.json", 0, NULL);
    assert_non_null(words);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    json_decref(words);
    return 0;
}

/* A site of its own, and its agent, who is not there yet. */
static void found(const char *key, bool night, struct staff *who)
{
    char text[sizeof(set) + 200], line[64];
    json_t *made;

    (void)snprintf(text, sizeof(text), set, key, night ? ",\"hours\":{\"week\":{}}" : "", key);
    made = site_add(&d, text);
    assert_int_equal(staff_try_sign_in(who, &d, text_at(made, "people.0.email"), text_at(made, "people.0.password")), 201);
    json_decref(made);
    staff_enter(who, &d, key);
    (void)snprintf(line, sizeof(line), "event=live_rebuilt site=%s", key);
    daemon_log_wait(&d, line);
}

static void enter_as(struct visitor *v, const char *site, const char *language)
{
    char extra[64];

    (void)snprintf(extra, sizeof(extra), ",\"locale\":\"%s\"", language);
    visitor_enter(v, &d, site, extra);
}

/* The next message of the system is this wording, in this language; "event:word" instead: an event of that word. */
static void expect(struct visitor *v, const char *language, const char *wording)
{
    const struct wording_value values[] = { { "site", "House" }, { "name", "安" }, { "number", "7" }, { "position", "1" } };
    const char *text = json_string_value(json_object_get(json_object_get(words, language), wording));
    const json_t *m = wire_take(&v->wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "system");
    struct buf b;

    buf_init(&b, 4096);
    if (strncmp(wording, "event:", 6) == 0)
        assert_string_equal(text_at(m, "event"), wording + 6);
    else {
        wording_fill(text ? text : wording, values, 4, &b);
        if (strcmp(text_at(m, "text"), b.p) != 0 && !(strcmp(wording, "wait") == 0 || strcmp(wording, "wait_more") == 0))
            fail_msg("%s in %s: \"%s\", not \"%s\"", wording, language, text_at(m, "text"), b.p);
        assert_string_equal(text_at(m, "lang"), language);
    }
    buf_finish(&b);
}

/* Nothing more is said while the visitor writes once more and is acknowledged, beyond what the test has named. */
static void expect_silence(struct visitor *v)
{
    wire_none(&v->wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "system");
}

static void choose(struct visitor *v, const char *cid, const char *id)
{
    wire_sendf(&v->wire, "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"choice\",\"choice\":\"%s\"}", cid, id);
    assert_string_equal(wire_verdict(&v->wire, cid), "ack");
}

static json_t *timeline(const struct staff *who, const char *site, const char *conv)
{
    char path[160];

    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=%s", conv, site);
    return staff_get(who, &d, path);
}

/* How many entries of the timeline fit. */
static size_t entries(const json_t *transcript, const char *kind, const char *member, const char *value)
{
    const json_t *all = json_object_get(transcript, "timeline");
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *e = json_array_get(all, i);

        n += strcmp(text_at(e, "kind"), kind) == 0 && strcmp(text_at(json_object_get(e, "data"), member), value) == 0;
    }
    return n;
}

/* ---- each situation, in three languages ---- */

static void nobody_is_there(void **state)
{
    struct staff who = { 0 };

    (void)state;
    found("alone", false, &who);
    for (size_t i = 0; i < 3; i++) {
        struct visitor v = { 0 };

        enter_as(&v, "alone", languages[i]);
        (void)visitor_say(&v, "c1", "?");
        expect(&v, languages[i], "greeting");
        expect(&v, languages[i], "nobody");
        (void)visitor_say(&v, "c2", "??");
        expect_silence(&v);
        visitor_free(&v);
    }
    staff_free(&who);
}

static void it_is_night(void **state)
{
    struct staff who = { 0 };

    (void)state;
    found("dark", true, &who);
    for (size_t i = 0; i < 3; i++) {
        struct visitor v = { 0 };

        enter_as(&v, "dark", languages[i]);
        (void)visitor_say(&v, "c1", "?");
        expect(&v, languages[i], "greeting");
        expect(&v, languages[i], "outside");
        (void)visitor_say(&v, "c2", "??");
        expect_silence(&v);
        visitor_free(&v);
    }
    staff_free(&who);
}

static void everybody_is_busy(void **state)
{
    struct staff who = { 0 };

    (void)state;
    found("full", false, &who);
    staff_presence(&who, "busy");
    for (size_t i = 0; i < 3; i++) {
        struct visitor v = { 0 };

        enter_as(&v, "full", languages[i]);
        (void)visitor_say(&v, "c1", "?");
        expect(&v, languages[i], "greeting");
        expect(&v, languages[i], "wait");
        expect(&v, languages[i], "wait_more");
        expect_silence(&v);
        visitor_free(&v);
    }
    staff_free(&who);
}

/* All was said that is said to who waits, and then the last agent goes: nothing else would ever happen to that visitor. */
static void the_last_one_goes_while_visitors_wait(void **state)
{
    struct staff who = { 0 };
    struct visitor v[3] = { 0 };

    (void)state;
    found("left", false, &who);
    staff_presence(&who, "busy");
    for (size_t i = 0; i < 3; i++) {
        enter_as(&v[i], "left", languages[i]);
        (void)visitor_say(&v[i], "c1", "?");
        expect(&v[i], languages[i], "greeting");
        expect(&v[i], languages[i], "wait");
        expect(&v[i], languages[i], "wait_more");
    }
    staff_presence(&who, "offline");
    for (size_t i = 0; i < 3; i++) {
        expect(&v[i], languages[i], "nobody");
        expect_silence(&v[i]);
    }
    staff_presence(&who, "online"); /* and comes back */
    for (size_t i = 0; i < 3; i++) {
        expect(&v[i], languages[i], "event:joined");
        visitor_free(&v[i]);
    }
    staff_free(&who);
}

/* A page that is loaded anew is no agent who has gone. */
static void who_is_off_the_net_for_a_moment_has_not_gone(void **state)
{
    struct staff who = { 0 };
    struct visitor v = { 0 };

    (void)state;
    found("blink", false, &who);
    staff_presence(&who, "busy");
    enter_as(&v, "blink", "en");
    (void)visitor_say(&v, "c1", "?");
    expect(&v, "en", "greeting");
    expect(&v, "en", "wait");
    staff_leave(&who);
    expect(&v, "en", "wait_more"); /* a sweep has looked */
    staff_enter(&who, &d, "blink");
    staff_presence(&who, "online");
    expect(&v, "en", "event:joined");
    visitor_free(&v);
    staff_free(&who);
}

/* The visitor falls silent: asked once, closed with an invitation to rate, greeted on the way back. */
static void the_visitor_is_silent_and_comes_back(void **state)
{
    struct staff who = { 0 };

    (void)state;
    found("quiet", false, &who);
    staff_presence(&who, "online");
    for (size_t i = 0; i < 3; i++) {
        struct visitor v = { 0 };

        enter_as(&v, "quiet", languages[i]);
        (void)visitor_say(&v, "c1", "?");
        (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
        expect(&v, languages[i], "greeting");
        (void)staff_say(&who, v.conv, "a1", "!");
        expect(&v, languages[i], "silent_visitor");
        expect(&v, languages[i], "closed_idle");
        expect(&v, languages[i], "event:invited");
        wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "closed");
        wire_sendf(&v.wire, "{\"type\":\"rate\",\"cid\":\"r1\",\"conversation\":\"%s\",\"score\":5}", v.conv);
        assert_string_equal(wire_verdict(&v.wire, "r1"), "ack");
        expect(&v, languages[i], "rated_thanks");
        staff_presence(&who, "busy");
        (void)visitor_say(&v, "c2", "!?");
        expect(&v, languages[i], "reopened");
        expect(&v, languages[i], "wait");
        wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"x1\"}");
        assert_string_equal(wire_verdict(&v.wire, "x1"), "ack");
        staff_presence(&who, "online");
        visitor_free(&v);
    }
    staff_free(&who);
}

static void a_word_opens_a_menu_and_a_choice_moves_the_visitor(void **state)
{
    static const char *const menus[] = { "请选择", "請選擇", "Please choose" };
    static const char *const hows[] = { "怎么退款", "怎麼退款", "How to get a refund" };
    struct staff who = { 0 };

    (void)state;
    found("menu", false, &who);
    for (size_t i = 0; i < 3; i++) {
        struct visitor v = { 0 };
        const json_t *m;
        json_t *t;

        enter_as(&v, "menu", languages[i]);
        (void)visitor_say(&v, "c1", i < 2 ? "我要退款" : "Refund, please");
        expect(&v, languages[i], "greeting");
        expect(&v, languages[i], "nobody");
        m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", menus[i]);
        assert_string_equal(text_at(m, "choices.0.id"), "how");
        assert_string_equal(text_at(m, "choices.0.label"), hows[i]);
        assert_string_equal(text_at(m, "choices.1.label"),
                            json_string_value(json_object_get(json_object_get(words, languages[i]), "talk_to_person")));
        (void)visitor_say(&v, "c2", "退款!"); /* it cools down */
        expect_silence(&v);
        wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"c2b\",\"kind\":\"choice\",\"choice\":\"refund\"}"); /* not on the menu */
        assert_string_equal(wire_verdict(&v.wire, "c2b"), "bad_request");
        choose(&v, "c3", "human");
        UNTIL((t = timeline(&who, "menu", v.conv)) != NULL &&
              (strcmp(text_at(t, "conversation.queue"), "refunds") == 0 || (json_decref(t), false)));
        assert_int_equal(entries(t, "rule", "held", "cooldown"), 1);
        assert_int_equal(entries(t, "tagged", "tag", "refund"), 1);
        assert_string_equal(text_at(t, "tags.0"), "refund");
        assert_int_equal(entries(t, "rule", "rule", "to_refunds"), 1);
        assert_int_equal(entries(t, "priority", "rule", "to_refunds"), 1);
        assert_int_equal(entries(t, "moved", "queue", "refunds"), 1);
        json_decref(t);
        visitor_free(&v);
    }
    staff_free(&who);
}

/* ---- never ---- */

static void never_into_a_talk_between_people(void **state)
{
    struct staff who = { 0 };
    struct visitor v = { 0 };
    json_t *t;

    (void)state;
    found("talk", false, &who);
    staff_presence(&who, "online");
    enter_as(&v, "talk", "zh-CN");
    (void)visitor_say(&v, "c1", "?");
    (void)wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    expect(&v, "zh-CN", "greeting");
    (void)staff_say(&who, v.conv, "a1", "您好");
    (void)visitor_say(&v, "c2", "我要退款");
    (void)visitor_say(&v, "c3", "退款");
    UNTIL((t = timeline(&who, "talk", v.conv)) != NULL && (entries(t, "rule", "held", "mid_talk") == 1 || (json_decref(t), false)));
    assert_int_equal(entries(t, "rule", "rule", "menu"), 1);
    json_decref(t);
    (void)staff_say(&who, v.conv, "a2", "好的");
    expect_silence(&v);
    visitor_free(&v);
    staff_free(&who);
}

/* A machine on the other side sends back what it was told, or the same thing again and again. */
static void never_to_a_machine(void **state)
{
    struct staff who = { 0 };
    struct visitor echo = { 0 }, parrot = { 0 };
    json_t *t;
    char greeting[256];

    (void)state;
    found("loops", false, &who);
    staff_presence(&who, "busy");
    enter_as(&echo, "loops", "zh-CN");
    (void)visitor_say(&echo, "c1", "?");
    (void)snprintf(greeting, sizeof(greeting), "%s",
                   text_at(wire_take(&echo.wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "system"), "text"));
    (void)visitor_say(&echo, "c2", greeting);
    UNTIL((t = timeline(&who, "loops", echo.conv)) != NULL && (entries(t, "rule", "held", "automatic") > 0 || (json_decref(t), false)));
    assert_int_equal(entries(t, "rule", "held", "automatic"), entries(t, "rule", "cause", "-automatic"));
    json_decref(t);
    enter_as(&parrot, "loops", "zh-CN");
    for (int i = 0; i < 5; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "p%d", i);
        (void)visitor_say(&parrot, cid, "退款退款");
    }
    UNTIL((t = timeline(&who, "loops", parrot.conv)) != NULL && (entries(t, "rule", "held", "automatic") > 0 || (json_decref(t), false)));
    json_decref(t);
    visitor_free(&echo);
    visitor_free(&parrot);
    staff_free(&who);
}

static size_t said(const json_t *transcript, const char *text)
{
    const json_t *all = json_object_get(transcript, "messages");
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(all); i++)
        n += strcmp(text_at(json_array_get(all, i), "text"), text) == 0;
    return n;
}

/* The node dies somewhere between the visitor's word and the answer to it: the next one answers, once. */
static void never_twice_and_never_not_at_all_when_the_node_is_killed(void **state)
{
    const char *nobody = json_string_value(json_object_get(json_object_get(words, "en"), "nobody"));
    struct staff who = { 0 };
    struct visitor v[6] = { 0 };

    (void)state;
    found("killed", false, &who);
    for (size_t i = 0; i < 6; i++) {
        enter_as(&v[i], "killed", "en");
        (void)visitor_say(&v[i], "c1", "hello"); /* acknowledged, and perhaps no more than that */
        daemon_kill(&d);
        visitor_leave(&v[i]);
        daemon_restart(&d);
    }
    for (size_t i = 0; i < 6; i++) {
        json_t *t;

        UNTIL((t = timeline(&who, "killed", v[i].conv)) != NULL && (said(t, nobody) > 0 || (json_decref(t), false)));
        assert_int_equal(said(t, nobody), 1);
        assert_int_equal(entries(t, "rule", "rule", "greeting"), 1);
        assert_int_equal(entries(t, "rule", "rule", "nobody"), 1);
        json_decref(t);
        visitor_free(&v[i]);
    }
    staff_free(&who);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(it_is_night),
        cmocka_unit_test(everybody_is_busy),
        cmocka_unit_test(the_last_one_goes_while_visitors_wait),
        cmocka_unit_test(who_is_off_the_net_for_a_moment_has_not_gone),
        cmocka_unit_test(the_visitor_is_silent_and_comes_back),
        cmocka_unit_test(a_word_opens_a_menu_and_a_choice_moves_the_visitor),
        cmocka_unit_test(never_into_a_talk_between_people),
        cmocka_unit_test(never_to_a_machine),
        cmocka_unit_test(never_twice_and_never_not_at_all_when_the_node_is_killed),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
