/* Hand-overs, helpers and supervisors, and that those who oversee see why: one site for all. */
#include "tests/support/shop.h"

#include <sqlite3.h>
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

/* How often the access log has that this one did that to the conversation. */
static int logged(const struct staff *who, const char *kind, const char *conv)
{
    static const char sql[] = "SELECT count(*) FROM audit WHERE kind = ?1 AND hex(by_id) = upper(replace(?2, '-', '')) AND "
                              "(data LIKE '%' || ?3 || '%' OR hex(conv) = upper(replace(?3, '-', '')))";
    char path[160];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int ret;

    (void)snprintf(path, sizeof(path), "%s/kefud.db", d.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, who->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, conv, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    ret = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return ret;
}

static struct staff ann, bob, sue;

static const char house[] = "{" SITE_OF(
    "house",
    ",\"wrapup_ms\":60000") "\"queues\":{\"q\":{\"name\":\"Q\",\"department\":\"desk\"},\"r\":{\"name\":\"R\","
                            "\"department\":\"repair\"}}," WEB("q") "\"people\":[" PERSON(
                                "h1@x.example", "1", "\"agent\"",
                                ",\"queues\":[\"q\"]") "," PERSON("h2@x.example", "2", "\"agent\"",
                                                                  ",\"queues\":[\"q\",\"r\"]") "," PERSON("h3@x.example", "3",
                                                                                                          "\"supervisor\",\"agent\"",
                                                                                                          ",\"queues\":[]") "]}";

static int move_in(void **state)
{
    json_t *made = shop_found(&d, house, "house");

    (void)state;
    shop_enter(&d, &ann, made, 0, "house", NULL);
    shop_enter(&d, &bob, made, 1, "house", NULL);
    shop_enter(&d, &sue, made, 2, "house", NULL);
    json_decref(made);
    return 0;
}

static int move_out(void **state)
{
    (void)state;
    staff_free(&ann);
    staff_free(&bob);
    staff_free(&sue);
    return 0;
}

static void what_is_handed_to_somebody_full_waits_and_comes_back(void **state)
{
    struct visitor v = { 0 }, w = { 0 };
    char to[80];

    (void)state;
    staff_presence(&ann, "online");
    shop_ask(&d, &v, "house");
    staff_takes(&ann, v.conv, "only_one");
    staff_presence(&bob, "online");
    shop_ask(&d, &w, "house");
    staff_takes(&bob, w.conv, "only_one");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"},\"note\":\"帮个忙\"", bob.id);
    assert_string_equal(staff_act(&ann, v.conv, "transfer", to), "ack");
    wire_take(&bob.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    assert_string_equal(staff_act(&bob, v.conv, "refuse", ""), "ack");
    staff_takes(&ann, v.conv, "refused");
    assert_true(staff_say(&ann, v.conv, "a1", "还是我来") > 0);
    assert_string_equal(staff_act(&ann, v.conv, "transfer", to), "ack");
    wire_take(&bob.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
    shop_close(&bob, &w); /* now there is a place */
    staff_takes(&bob, v.conv, "transferred");
    shop_close(&bob, &v);
    staff_presence(&ann, "offline");
    staff_presence(&bob, "offline");
}

/* Who was to take it is lost: the visitor, who was told to expect that one, is told who has it. */
static void what_was_handed_to_somebody_who_is_lost_comes_back(void **state)
{
    static const char set[] = "{" SITE_OF("losing", ",\"grace_ms\":1000") "\"queues\":{\"q\":{\"name\":\"Q\"}}," WEB(
        "q") "\"people\":[" PERSON("losing1@x.example", "1", "\"agent\"", "") "," PERSON("losing2@x.example", "2", "\"agent\"", "") "]}";
    json_t *made = shop_found(&d, set, "losing");
    struct staff one = { 0 }, two = { 0 };
    struct visitor v = { 0 }, w = { 0 };
    char to[80];

    (void)state;
    shop_enter(&d, &one, made, 0, "losing", "online");
    shop_ask(&d, &v, "losing");
    staff_takes(&one, v.conv, "only_one");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    shop_enter(&d, &two, made, 1, "losing", "online");
    shop_ask(&d, &w, "losing");
    staff_takes(&two, w.conv, "only_one");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"}", two.id);
    assert_string_equal(staff_act(&one, v.conv, "transfer", to), "ack");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    staff_free(&two);
    staff_takes(&one, v.conv, "missed");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    shop_leave(&v);
    shop_leave(&w);
    staff_free(&one);
    json_decref(made);
}

static void what_was_handed_over_at_once_can_be_given_back(void **state)
{
    struct visitor v = { 0 };
    char to[80];

    (void)state;
    staff_presence(&ann, "online");
    shop_ask(&d, &v, "house");
    staff_takes(&ann, v.conv, "only_one");
    staff_presence(&bob, "online");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"}", bob.id);
    assert_string_equal(staff_act(&ann, v.conv, "transfer", to), "ack");
    staff_takes(&bob, v.conv, "transferred");
    assert_string_equal(staff_act(&bob, v.conv, "refuse", ""), "ack");
    staff_takes(&ann, v.conv, "refused");
    assert_string_equal(staff_act(&ann, v.conv, "transfer", ",\"to\":{\"department\":\"repair\"}"), "ack");
    staff_takes(&bob, v.conv, "only_one");
    assert_string_equal(staff_act(&bob, v.conv, "refuse", ""), "forbidden"); /* the house has given it, nobody else */
    assert_int_equal(logged(&ann, "transfer", v.conv), 2);
    shop_close(&bob, &v);
    staff_presence(&ann, "offline");
    staff_presence(&bob, "offline");
}

/* Back to who has handed it to the queue, for nobody else is there: the record names that one as who could take it. */
static void a_recorded_decision_does_not_exclude_its_winner(void **state)
{
    struct visitor v = { 0 };
    const json_t *last;
    json_t *why;

    (void)state;
    staff_presence(&ann, "online");
    shop_ask(&d, &v, "house");
    staff_takes(&ann, v.conv, "only_one");
    assert_string_equal(staff_act(&ann, v.conv, "transfer", ",\"to\":{\"queue\":\"q\"}"), "ack");
    staff_takes(&ann, v.conv, "only_one");
    why = shop_why(&d, &ann, "house", v.conv);
    last = decision_in(why, "assigned");
    assert_string_equal(text_at(last, "data.agent"), ann.id);
    assert_string_equal(text_at(last, "data.candidates.0.agent"), ann.id);
    assert_int_equal(json_array_size(value_at(last, "data.excluded")), 0);
    json_decref(why);
    shop_close(&ann, &v);
    staff_presence(&ann, "offline");
}

static void a_second_agent_helps(void **state)
{
    struct visitor v = { 0 };
    char to[80];

    (void)state;
    staff_presence(&ann, "online");
    shop_ask(&d, &v, "house");
    staff_takes(&ann, v.conv, "only_one");
    staff_presence(&bob, "busy");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"}", bob.id);
    UNTIL(strcmp(staff_act(&ann, v.conv, "help", to), "ack") == 0); /* the desk has yet to look who is there */
    staff_takes(&bob, v.conv, "helper");
    wire_take(&ann.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "conversation", v.conv, "helper", "number", "2");
    assert_true(staff_say(&bob, v.conv, "b1", "我也在") > 0);
    wire_take(&ann.wire, "{s:s,s:s}", "type", "message", "text", "我也在");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined"); /* ann */
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined"); /* bob */
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "message", "text", "我也在", "from", "number", "2");
    assert_string_equal(staff_act(&ann, v.conv, "help", to), "conflict"); /* he is there already: the visitor is not told again */
    assert_string_not_equal(staff_act(&bob, v.conv, "close", ""), "ack"); /* the owner stays the one */
    assert_string_equal(staff_act(&bob, v.conv, "leave", ""), "ack");
    wire_take(&bob.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "helper_left");
    assert_string_not_equal(
        (wire_sendf(&bob.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"b2\",\"kind\":\"text\",\"text\":\"x\"}", v.conv),
         wire_verdict(&bob.wire, "b2")),
        "ack");
    wire_none(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    shop_close(&ann, &v);
    staff_presence(&ann, "offline");
    staff_presence(&bob, "offline");
}

static void a_helper_who_is_lost_helps_no_more(void **state)
{
    static const char set[] = "{" SITE_OF("fallen", ",\"grace_ms\":1000") "\"queues\":{\"q\":{\"name\":\"Q\"}}," WEB(
        "q") "\"people\":[" PERSON("fallen1@x.example", "1", "\"agent\"", "") "," PERSON("fallen2@x.example", "2", "\"agent\"", "") "]}";
    json_t *made = shop_found(&d, set, "fallen");
    struct staff one = { 0 }, two = { 0 };
    struct visitor v = { 0 };
    char to[80];

    (void)state;
    shop_enter(&d, &one, made, 0, "fallen", "online");
    shop_ask(&d, &v, "fallen");
    staff_takes(&one, v.conv, "only_one");
    shop_enter(&d, &two, made, 1, "fallen", "busy");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"}", two.id);
    UNTIL(strcmp(staff_act(&one, v.conv, "help", to), "ack") == 0); /* the desk has yet to look who is there */
    wire_take(&one.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "conversation", v.conv, "helper", "number", "2");
    wire_drop(&two.wire);
    wire_take(&one.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", v.conv, "entry", "kind", "helper_left");
    UNTIL(strcmp(staff_act(&one, v.conv, "help", to), "conflict") == 0);   /* and who is not there is not asked either */
    assert_string_equal(staff_act(&one, v.conv, "leave", ""), "conflict"); /* nobody helps */
    shop_leave(&v);
    staff_free(&one);
    staff_free(&two);
    json_decref(made);
}

static void a_supervisor_looks_on_whispers_joins_and_takes_over(void **state)
{
    static const char *const acts[] = { "watch", "whisper", "join", "takeover" };
    struct visitor v = { 0 };
    const json_t *joined = NULL;
    json_t *why;

    (void)state;
    staff_presence(&ann, "online");
    shop_ask(&d, &v, "house");
    staff_takes(&ann, v.conv, "only_one");
    assert_string_equal(staff_act(&bob, v.conv, "watch", ",\"on\":true"), "not_found"); /* not one's own */
    assert_string_equal(staff_act(&sue, v.conv, "watch", ",\"on\":true"), "ack");
    (void)visitor_say(&v, "c2", "你们真慢");
    wire_take(&sue.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", v.conv, "text", "你们真慢");
    assert_string_equal(staff_act(&sue, v.conv, "whisper", ",\"text\":\"先道歉\""), "ack");
    wire_take(&ann.wire, "{s:s,s:{s:s,s:{s:s}}}", "type", "timeline", "entry", "kind", "whisper", "data", "text", "先道歉");
    wire_none(&v.wire, "{s:s}", "type", "timeline");
    assert_string_equal(staff_act(&sue, v.conv, "read", ",\"seq\":3"), "forbidden");
    wire_none(&v.wire, "{s:s,s:s}", "type", "read", "role", "agent"); /* to look on is not to have read */
    assert_string_equal(staff_act(&sue, v.conv, "join", ""), "ack");
    for (int i = 0; i < 2; i++) /* the agent, and now the supervisor */
        joined = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    assert_non_null(strstr(text_at(joined, "text"), "h3@x.example"));
    assert_true(staff_say(&sue, v.conv, "s1", "我来看看") > 0);
    assert_string_equal(staff_act(&sue, v.conv, "leave", ""), "ack");
    assert_string_equal(staff_act(&sue, v.conv, "watch", ",\"on\":false"), "ack");
    wire_forget(&sue.wire);
    (void)visitor_say(&v, "c3", "好");
    wire_take(&ann.wire, "{s:s,s:s}", "type", "message", "text", "好");
    wire_none(&sue.wire, "{s:s}", "type", "message");
    why = shop_why(&d, &ann, "house", v.conv);
    assert_string_equal(text_at(why, "decisions.0.data.why"), "only_one");
    assert_string_equal(text_at(why, "decisions.0.data.candidates.0.agent"), ann.id);
    assert_string_equal(text_at(why, "decisions.0.data.agent"), ann.id); /* among several it would not be known who was chosen */
    json_decref(why);
    assert_string_equal(staff_act(&sue, v.conv, "accept", ""), "ack");
    staff_takes(&sue, v.conv, "takeover");
    wire_take(&ann.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "takeover");
    wire_none(&v.wire, "{s:s,s:s}", "type", "read", "role", "agent");
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (logged(&sue, acts[i], v.conv) != 1)
            fail_msg("\"%s\" stands %d times in the access log", acts[i], logged(&sue, acts[i], v.conv));
    assert_true(logged(&sue, "login", "") > 0);
    shop_close(&sue, &v);
    staff_presence(&ann, "offline");
}

/* Sue of the house becomes an agent, and then a supervisor of another queue: the sockets stay, what they see does not. */
static void who_may_look_on_no_longer_sees_nothing_more(void **state)
{
    static const char *const rows[] = { "\"roles\":[\"agent\"]", "\"roles\":[\"agent\",\"supervisor\"],\"queues\":[\"r\"]" };
    struct visitor v = { 0 };
    char path[128], body[160];

    (void)state;
    staff_presence(&ann, "online");
    shop_ask(&d, &v, "house");
    staff_takes(&ann, v.conv, "only_one");
    for (size_t i = 0; i < 2; i++) {
        char cid[8], text[16];

        assert_string_equal(staff_act(&sue, v.conv, "watch", ",\"on\":true"), "ack");
        (void)snprintf(path, sizeof(path), "/api/v1/people/%s?site=house", sue.id);
        (void)snprintf(body, sizeof(body), "{\"number\":\"3\",\"capacity\":1,%s}", rows[i]);
        web_status(&d, 204, &(struct ask){ .method = "PUT", .path = path, .body = body, .control = true });
        wire_forget(&sue.wire);
        (void)snprintf(cid, sizeof(cid), "w%zu", i);
        (void)snprintf(text, sizeof(text), "外人别看%zu", i);
        (void)visitor_say(&v, cid, text);
        wire_take(&ann.wire, "{s:s,s:s}", "type", "message", "text", text);
        assert_string_equal(staff_act(&ann, v.conv, "note", ",\"text\":\"自己人\""), "ack");
        wire_none(&sue.wire, "{s:s}", "type", "message");
        wire_none(&sue.wire, "{s:s}", "type", "timeline");
        assert_string_equal(staff_act(&sue, v.conv, "whisper", ",\"text\":\"?\""), "not_found");
        (void)snprintf(body, sizeof(body), "{\"number\":\"3\",\"capacity\":1,\"roles\":[\"agent\",\"supervisor\"]}");
        web_status(&d, 204, &(struct ask){ .method = "PUT", .path = path, .body = body, .control = true });
    }
    shop_close(&ann, &v);
    staff_presence(&ann, "offline");
}

static void a_supervisor_sets_presence_and_priority(void **state)
{
    struct visitor first = { 0 }, second = { 0 };
    char whose[120], entry[120];
    json_t *why;

    (void)state;
    staff_presence(&ann, "busy");
    shop_ask(&d, &first, "house");
    shop_ask(&d, &second, "house");
    wire_take(&second.wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 2);
    assert_string_equal(staff_act(&sue, second.conv, "priority", ",\"priority\":5"), "ack");
    wire_take(&second.wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 1);
    wire_take(&first.wire, "{s:s,s:s,s:i,s:s}", "type", "state", "state", "waiting", "position", 2, "why", "priority");
    why = shop_why(&d, &sue, "house", first.conv);
    assert_int_equal(number_at(why, "position"), 2);
    assert_int_equal(number_at(why, "barred.absent"), 3);
    assert_true(json_is_null(value_at(why, "wait_s")) || number_at(why, "wait_s") > 0);
    json_decref(why);
    (void)snprintf(whose, sizeof(whose), "{\"type\":\"presence\",\"cid\":\"set\",\"presence\":\"online\",\"agent\":\"%s\"}", ann.id);
    wire_text(&bob.wire, whose);
    assert_string_equal(wire_verdict(&bob.wire, "set"), "forbidden");
    assert_int_equal(logged(&sue, "presence_set", ann.id), 0);
    wire_text(&sue.wire, whose);
    assert_string_equal(wire_verdict(&sue.wire, "set"), "ack");
    wire_take(&ann.wire, "{s:s,s:s}", "type", "presence", "presence", "online");
    assert_int_equal(logged(&sue, "presence_set", ann.id), 1);
    (void)snprintf(entry, sizeof(entry), "{\"person\":\"%s\",\"presence\":\"online\"}", ann.id);
    assert_int_equal(logged(&sue, "presence_set", entry), 1);
    assert_int_equal(logged(&bob, "presence_set", ann.id), 0); /* what was refused was not done */
    staff_takes(&ann, second.conv, "only_one");
    shop_close(&ann, &second);
    staff_takes(&ann, first.conv, "only_one");
    shop_close(&ann, &first);
    staff_presence(&ann, "offline");
}

static void pause(struct staff *who, int status, bool on)
{
    web_status(&d, status,
               &(struct ask){ .path = "/api/v1/sites/house/queues/q/pause",
                              .cookie = who->cookie,
                              .csrf = who->csrf,
                              .origin = "",
                              .body = on ? "{\"paused\":true}" : "{\"paused\":false}" });
}

static void a_paused_queue_gives_nothing_out(void **state)
{
    struct visitor v = { 0 };
    json_t *why;

    (void)state;
    pause(&bob, 403, true);
    pause(&sue, 204, true);
    staff_presence(&ann, "online");
    shop_ask(&d, &v, "house");
    UNTIL((why = shop_why(&d, &sue, "house", v.conv),
           json_is_true(value_at(why, "paused")) ? (json_decref(why), true) : (json_decref(why), false)));
    wire_none(&ann.wire, "{s:s}", "type", "assigned");
    pause(&sue, 204, false);
    staff_takes(&ann, v.conv, "only_one");
    shop_close(&ann, &v);
    staff_presence(&ann, "offline");
}

static void many_are_handed_on_at_once(void **state)
{
    struct visitor v[3] = { 0 };
    struct reply r;
    char body[400];

    (void)state;
    staff_presence(&ann, "busy");
    staff_presence(&bob, "busy"); /* both queues have somebody: else a message would be taken */
    for (int i = 0; i < 3; i++)
        shop_ask(&d, &v[i], "house");
    wire_take(&v[1].wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 2);
    (void)snprintf(body, sizeof(body), "{\"conversations\":[\"%s\",\"%s\",\"%s\"],\"to\":{\"queue\":\"r\"}}", v[0].conv, v[1].conv, ann.id);
    r = web_expect(
        &d, 200,
        &(struct ask){
            .path = "/api/v1/sites/house/conversations/transfer", .cookie = sue.cookie, .csrf = sue.csrf, .origin = "", .body = body });
    assert_true(json_is_true(value_at(r.json, "items.0.done")));
    assert_true(json_is_true(value_at(r.json, "items.1.done")));
    assert_string_equal(text_at(r.json, "items.2.code"), "not_found");
    reply_free(&r);
    wire_take(&v[1].wire, "{s:s,s:s,s:i,s:s}", "type", "state", "state", "waiting", "position", 2, "why", "queue");
    staff_presence(&bob, "online");
    staff_takes(&bob, v[0].conv, "only_one"); /* a hand-over among those who wait keeps their place */
    shop_close(&bob, &v[0]);
    for (int i = 1; i < 3; i++) {
        staff_takes(&bob, v[i].conv, "only_one");
        shop_close(&bob, &v[i]);
    }
    staff_presence(&bob, "offline");
    staff_presence(&ann, "offline");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_handed_to_somebody_full_waits_and_comes_back, move_in),
        cmocka_unit_test(what_was_handed_over_at_once_can_be_given_back),
        cmocka_unit_test(a_recorded_decision_does_not_exclude_its_winner),
        cmocka_unit_test(a_second_agent_helps),
        cmocka_unit_test(a_helper_who_is_lost_helps_no_more),
        cmocka_unit_test(what_was_handed_to_somebody_who_is_lost_comes_back),
        cmocka_unit_test(a_supervisor_looks_on_whispers_joins_and_takes_over),
        cmocka_unit_test(who_may_look_on_no_longer_sees_nothing_more),
        cmocka_unit_test(a_supervisor_sets_presence_and_priority),
        cmocka_unit_test(a_paused_queue_gives_nothing_out),
        cmocka_unit_test_teardown(many_are_handed_on_at_once, move_out),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
