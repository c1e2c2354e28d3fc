/* Nobody waits for ever, and those who oversee see why: deadlines, hand-overs, helpers, supervisors. */
#include "tests/support/cast.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct daemon d;

#define PERSON(email, number, roles, more) \
    "{\"email\":\"" email "\",\"name\":\"" email "\",\"number\":\"" number "\",\"roles\":[" roles "],\"capacity\":1" more "}"
#define WEB(queue)         "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"" queue "\"}},"
#define SITE_OF(key, more) "\"site\":{\"key\":\"" key "\",\"name\":\"店\",\"language\":\"zh-CN\",\"sticky_ms\":0,\"reopen_ms\":0" more "},"

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

static json_t *found(const char *set, const char *site)
{
    char line[80];
    json_t *made = site_add(&d, set);

    (void)snprintf(line, sizeof(line), "event=live_rebuilt site=%s ", site);
    daemon_log_wait(&d, line);
    return made;
}

static void enter(struct staff *who, const json_t *made, int i, const char *site, const char *presence)
{
    char path[16];
    const json_t *one;

    (void)snprintf(path, sizeof(path), "people.%d", i);
    one = value_at(made, path);
    assert_int_equal(staff_try_sign_in(who, &d, text_at(one, "email"), text_at(one, "password")), 201);
    staff_enter(who, &d, site);
    if (presence)
        staff_presence(who, presence);
}

static const char *act(struct staff *who, const char *conv, const char *what, const char *more)
{
    static int n;
    char cid[16];

    (void)snprintf(cid, sizeof(cid), "act%d", ++n);
    wire_sendf(&who->wire, "{\"type\":\"%s\",\"conversation\":\"%s\",\"cid\":\"%s\"%s}", what, conv, cid, more);
    return wire_verdict(&who->wire, cid);
}

static void assigned(struct staff *who, const char *conv, const char *why)
{
    wire_take(&who->wire, "{s:s,s:{s:s,s:s},s:s}", "type", "assigned", "conversation", "id", conv, "state", "served", "why", why);
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

static void ask(struct visitor *v, const char *site)
{
    visitor_enter(v, &d, site, NULL);
    (void)visitor_say(v, "c1", "有人吗");
}

static void gone(struct visitor *v)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    (void)wire_verdict(&v->wire, "the-end");
    visitor_free(v);
}

static json_t *why_of(struct staff *who, const char *site, const char *conv)
{
    char path[160];

    (void)snprintf(path, sizeof(path), "/api/v1/sites/%s/conversations/%s/why", site, conv);
    return staff_get(who, &d, path);
}

/* ---- offers ---- */

static void who_lets_two_offers_pass_is_away(void **state)
{
    static const char set[] =
        "{" SITE_OF("missing", ",\"refused_ms\":0") "\"queues\":{\"q\":{\"name\":\"Q\",\"offer\":true,\"offer_ms\":5000}}," WEB(
            "q") "\"people\":[" PERSON("m1@x.example", "1", "\"agent\"", "") "]}";
    json_t *made = found(set, "missing");
    struct staff ann = { 0 };
    struct visitor v[3];
    char conv[40];

    (void)state;
    memset(v, 0, sizeof(v));
    enter(&ann, made, 0, "missing", "online");
    for (int i = 0; i < 3; i++)
        ask(&v[i], "missing");
    for (int i = 0; i < 2; i++) {
        const json_t *offer = wire_take(&ann.wire, "{s:s}", "type", "offered");

        (void)snprintf(conv, sizeof(conv), "%s", text_at(offer, "conversation.id"));
        wire_take(&ann.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", conv, "why", "missed");
    }
    wire_take(&ann.wire, "{s:s,s:s,s:s}", "type", "presence", "presence", "away", "reason", "missed");
    wire_none(&ann.wire, "{s:s}", "type", "offered"); /* the others are not offered to somebody who is away */
    staff_presence(&ann, "online");
    (void)snprintf(conv, sizeof(conv), "%s", text_at(wire_take(&ann.wire, "{s:s}", "type", "offered"), "conversation.id"));
    assert_string_equal(act(&ann, conv, "accept", ""), "ack");
    for (int i = 0; i < 3; i++)
        gone(&v[i]);
    staff_free(&ann);
    json_decref(made);
}

/* Nobody waits for the end of an offer to somebody who does not want it. */
static void who_takes_nobody_any_more_lets_go_of_an_offer(void **state)
{
    static const char set[] = "{" SITE_OF("letgo", "") "\"queues\":{\"q\":{\"name\":\"Q\",\"offer\":true,\"offer_ms\":600000}}," WEB(
        "q") "\"people\":[" PERSON("letgo1@x.example", "1", "\"agent\"", "") "," PERSON("letgo2@x.example", "2", "\"agent\"", "") "]}";
    static const char *const presences[] = { "busy", "away", "offline" };
    json_t *made = found(set, "letgo");
    struct staff ann = { 0 }, bob = { 0 };
    struct visitor v = { 0 };

    (void)state;
    enter(&ann, made, 0, "letgo", "online");
    enter(&bob, made, 1, "letgo", NULL);
    ask(&v, "letgo");
    for (size_t i = 0; i < sizeof(presences) / sizeof(presences[0]); i++) {
        struct staff *from = i % 2 ? &bob : &ann, *to = i % 2 ? &ann : &bob;

        wire_take(&from->wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
        staff_presence(to, "online");
        staff_presence(from, presences[i]);
        wire_take(&from->wire, "{s:s,s:s}", "type", "released", "conversation", v.conv);
    }
    wire_take(&bob.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
    assert_string_equal(act(&bob, v.conv, "accept", ""), "ack");
    gone(&v);
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
    json_t *made = found(set, "flows");
    struct staff back = { 0 }, front = { 0 };
    struct visitor v = { 0 };

    (void)state;
    enter(&back, made, 0, "flows", "online");
    enter(&front, made, 1, "flows", "busy"); /* there, but takes nobody */
    ask(&v, "flows");
    assigned(&back, v.conv, "only_one");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    gone(&v);
    staff_free(&back);
    staff_free(&front);
    json_decref(made);
}

static void who_waits_for_ever_leaves_a_message(void **state)
{
    static const char set[] = "{" SITE_OF("limits", "") "\"queues\":{\"q\":{\"name\":\"Q\",\"limit_ms\":1000}}," WEB(
        "q") "\"people\":[" PERSON("l1@x.example", "1", "\"agent\"", "") "," PERSON("l2@x.example", "2", "\"supervisor\"", "") "]}";
    json_t *made = found(set, "limits"), *why;
    struct staff ann = { 0 }, sue = { 0 };
    struct visitor v = { 0 };
    bool told = false;

    (void)state;
    enter(&ann, made, 0, "limits", "busy");
    enter(&sue, made, 1, "limits", NULL);
    ask(&v, "limits");
    wire_take(&v.wire, "{s:s,s:{s:s},s:s}", "type", "message", "from", "role", "system", "form", "contact");
    why = why_of(&sue, "limits", v.conv);
    assert_string_equal(text_at(why, "state"), "parked");
    for (size_t i = 0; i < json_array_size(value_at(why, "decisions")); i++)
        told = told || strcmp(text_at(json_array_get(value_at(why, "decisions"), i), "kind"), "given_up") == 0;
    assert_true(told);
    json_decref(why);
    staff_presence(&ann, "online"); /* who writes again is not kept waiting for the hour */
    (void)visitor_say(&v, "c2", "我还在");
    assigned(&ann, v.conv, "only_one");
    gone(&v);
    staff_free(&ann);
    staff_free(&sue);
    json_decref(made);
}

/* The newest decision of that kind, or NULL. */
static const json_t *decision_in(const json_t *why, const char *kind)
{
    const json_t *list = value_at(why, "decisions"), *ret = NULL;

    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text_at(json_array_get(list, i), "kind"), kind) == 0)
            ret = json_array_get(list, i);
    return ret;
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
    json_t *made = found(set, "left"), *why;
    struct staff one = { 0 }, boss = { 0 }, other = { 0 };
    struct visitor v = { 0 };

    (void)state;
    enter(&one, made, 0, "left", NULL);
    enter(&boss, made, 1, "left", NULL);
    enter(&other, made, 2, "left", NULL);
    ask(&v, "left");
    wire_take(&v.wire, "{s:s,s:{s:s},s:s}", "type", "message", "from", "role", "system", "form", "contact");
    why = why_of(&boss, "left", v.conv);
    assert_string_equal(text_at(why, "state"), "parked");
    assert_string_equal(text_at(why, "parked.rule"), "nobody");
    assert_true(json_is_null(value_at(why, "parked.until"))); /* until somebody is there */
    json_decref(why);
    lists_parked(&boss, v.conv);
    lists_parked(&one, v.conv);
    lists_parked(&other, NULL);
    staff_presence(&one, "online");
    assigned(&one, v.conv, "only_one");
    lists_parked(&boss, NULL);
    staff_leave(&one);
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "returned");
    why = why_of(&boss, "left", v.conv);
    assert_string_equal(text_at(decision_in(why, "returned"), "data.why"), "gone");
    assert_string_equal(text_at(decision_in(why, "returned"), "data.person"), one.id);
    json_decref(why);
    gone(&v);
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
    json_t *made = found(set, "silent");
    struct staff ann = { 0 }, bob = { 0 }, sue = { 0 };
    struct visitor v = { 0 };

    (void)state;
    enter(&ann, made, 0, "silent", "online");
    enter(&bob, made, 1, "silent", NULL);
    enter(&sue, made, 2, "silent", NULL);
    ask(&v, "silent");
    assigned(&ann, v.conv, "only_one");
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
    assigned(&bob, v.conv, "only_one"); /* and not the one who did not answer */
    (void)staff_say(&bob, v.conv, "b1", "我在");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "returned");
    wire_forget(&bob.wire); /* on a busy machine he, too, was reminded before */
    wire_none(&bob.wire, "{s:s}", "type", "reminder");
    gone(&v);
    staff_free(&ann);
    staff_free(&bob);
    staff_free(&sue);
    json_decref(made);
}

/* ---- hand-overs, helpers, supervisors: one site for all ---- */

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
    json_t *made = found(house, "house");

    (void)state;
    enter(&ann, made, 0, "house", NULL);
    enter(&bob, made, 1, "house", NULL);
    enter(&sue, made, 2, "house", NULL);
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

static void close_by(struct staff *who, struct visitor *v)
{
    assert_string_equal(act(who, v->conv, "close", ""), "ack");
    assert_string_equal(act(who, v->conv, "ready", ""), "ack");
    visitor_free(v);
}

static void what_is_handed_to_somebody_full_waits_and_comes_back(void **state)
{
    struct visitor v = { 0 }, w = { 0 };
    char to[80];

    (void)state;
    staff_presence(&ann, "online");
    ask(&v, "house");
    assigned(&ann, v.conv, "only_one");
    staff_presence(&bob, "online");
    ask(&w, "house");
    assigned(&bob, w.conv, "only_one");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"},\"note\":\"帮个忙\"", bob.id);
    assert_string_equal(act(&ann, v.conv, "transfer", to), "ack");
    wire_take(&bob.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    assert_string_equal(act(&bob, v.conv, "refuse", ""), "ack");
    assigned(&ann, v.conv, "refused");
    assert_true(staff_say(&ann, v.conv, "a1", "还是我来") > 0);
    assert_string_equal(act(&ann, v.conv, "transfer", to), "ack");
    wire_take(&bob.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
    close_by(&bob, &w); /* now there is a place */
    assigned(&bob, v.conv, "transferred");
    close_by(&bob, &v);
    staff_presence(&ann, "offline");
    staff_presence(&bob, "offline");
}

/* Who was to take it is lost: the visitor, who was told to expect that one, is told who has it. */
static void what_was_handed_to_somebody_who_is_lost_comes_back(void **state)
{
    static const char set[] = "{" SITE_OF("losing", ",\"grace_ms\":1000") "\"queues\":{\"q\":{\"name\":\"Q\"}}," WEB(
        "q") "\"people\":[" PERSON("losing1@x.example", "1", "\"agent\"", "") "," PERSON("losing2@x.example", "2", "\"agent\"", "") "]}";
    json_t *made = found(set, "losing");
    struct staff one = { 0 }, two = { 0 };
    struct visitor v = { 0 }, w = { 0 };
    char to[80];

    (void)state;
    enter(&one, made, 0, "losing", "online");
    ask(&v, "losing");
    assigned(&one, v.conv, "only_one");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    enter(&two, made, 1, "losing", "online");
    ask(&w, "losing");
    assigned(&two, w.conv, "only_one");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"}", two.id);
    assert_string_equal(act(&one, v.conv, "transfer", to), "ack");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
    staff_free(&two);
    assigned(&one, v.conv, "missed");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    gone(&v);
    gone(&w);
    staff_free(&one);
    json_decref(made);
}

static void what_was_handed_over_at_once_can_be_given_back(void **state)
{
    struct visitor v = { 0 };
    char to[80];

    (void)state;
    staff_presence(&ann, "online");
    ask(&v, "house");
    assigned(&ann, v.conv, "only_one");
    staff_presence(&bob, "online");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"}", bob.id);
    assert_string_equal(act(&ann, v.conv, "transfer", to), "ack");
    assigned(&bob, v.conv, "transferred");
    assert_string_equal(act(&bob, v.conv, "refuse", ""), "ack");
    assigned(&ann, v.conv, "refused");
    assert_string_equal(act(&ann, v.conv, "transfer", ",\"to\":{\"department\":\"repair\"}"), "ack");
    assigned(&bob, v.conv, "only_one");
    assert_string_equal(act(&bob, v.conv, "refuse", ""), "forbidden"); /* the house has given it, nobody else */
    assert_int_equal(logged(&ann, "transfer", v.conv), 2);
    close_by(&bob, &v);
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
    ask(&v, "house");
    assigned(&ann, v.conv, "only_one");
    assert_string_equal(act(&ann, v.conv, "transfer", ",\"to\":{\"queue\":\"q\"}"), "ack");
    assigned(&ann, v.conv, "only_one");
    why = why_of(&ann, "house", v.conv);
    last = decision_in(why, "assigned");
    assert_string_equal(text_at(last, "data.agent"), ann.id);
    assert_string_equal(text_at(last, "data.candidates.0.agent"), ann.id);
    assert_int_equal(json_array_size(value_at(last, "data.excluded")), 0);
    json_decref(why);
    close_by(&ann, &v);
    staff_presence(&ann, "offline");
}

static void a_second_agent_helps(void **state)
{
    struct visitor v = { 0 };
    char to[80];

    (void)state;
    staff_presence(&ann, "online");
    ask(&v, "house");
    assigned(&ann, v.conv, "only_one");
    staff_presence(&bob, "busy");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"}", bob.id);
    UNTIL(strcmp(act(&ann, v.conv, "help", to), "ack") == 0); /* the desk has yet to look who is there */
    assigned(&bob, v.conv, "helper");
    wire_take(&ann.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "conversation", v.conv, "helper", "number", "2");
    assert_true(staff_say(&bob, v.conv, "b1", "我也在") > 0);
    wire_take(&ann.wire, "{s:s,s:s}", "type", "message", "text", "我也在");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined"); /* ann */
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined"); /* bob */
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "message", "text", "我也在", "from", "number", "2");
    assert_string_equal(act(&ann, v.conv, "help", to), "conflict"); /* he is there already: the visitor is not told again */
    assert_string_not_equal(act(&bob, v.conv, "close", ""), "ack"); /* the owner stays the one */
    assert_string_equal(act(&bob, v.conv, "leave", ""), "ack");
    wire_take(&bob.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "helper_left");
    assert_string_not_equal(
        (wire_sendf(&bob.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"b2\",\"kind\":\"text\",\"text\":\"x\"}", v.conv),
         wire_verdict(&bob.wire, "b2")),
        "ack");
    wire_none(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    close_by(&ann, &v);
    staff_presence(&ann, "offline");
    staff_presence(&bob, "offline");
}

static void a_helper_who_is_lost_helps_no_more(void **state)
{
    static const char set[] = "{" SITE_OF("fallen", ",\"grace_ms\":1000") "\"queues\":{\"q\":{\"name\":\"Q\"}}," WEB(
        "q") "\"people\":[" PERSON("fallen1@x.example", "1", "\"agent\"", "") "," PERSON("fallen2@x.example", "2", "\"agent\"", "") "]}";
    json_t *made = found(set, "fallen");
    struct staff one = { 0 }, two = { 0 };
    struct visitor v = { 0 };
    char to[80];

    (void)state;
    enter(&one, made, 0, "fallen", "online");
    ask(&v, "fallen");
    assigned(&one, v.conv, "only_one");
    enter(&two, made, 1, "fallen", "busy");
    (void)snprintf(to, sizeof(to), ",\"to\":{\"agent\":\"%s\"}", two.id);
    UNTIL(strcmp(act(&one, v.conv, "help", to), "ack") == 0); /* the desk has yet to look who is there */
    wire_take(&one.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "conversation", v.conv, "helper", "number", "2");
    wire_drop(&two.wire);
    wire_take(&one.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", v.conv, "entry", "kind", "helper_left");
    UNTIL(strcmp(act(&one, v.conv, "help", to), "conflict") == 0);   /* and who is not there is not asked either */
    assert_string_equal(act(&one, v.conv, "leave", ""), "conflict"); /* nobody helps */
    gone(&v);
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
    ask(&v, "house");
    assigned(&ann, v.conv, "only_one");
    assert_string_equal(act(&bob, v.conv, "watch", ",\"on\":true"), "not_found"); /* not one's own */
    assert_string_equal(act(&sue, v.conv, "watch", ",\"on\":true"), "ack");
    (void)visitor_say(&v, "c2", "你们真慢");
    wire_take(&sue.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", v.conv, "text", "你们真慢");
    assert_string_equal(act(&sue, v.conv, "whisper", ",\"text\":\"先道歉\""), "ack");
    wire_take(&ann.wire, "{s:s,s:{s:s,s:{s:s}}}", "type", "timeline", "entry", "kind", "whisper", "data", "text", "先道歉");
    wire_none(&v.wire, "{s:s}", "type", "timeline");
    assert_string_equal(act(&sue, v.conv, "read", ",\"seq\":3"), "forbidden");
    wire_none(&v.wire, "{s:s,s:s}", "type", "read", "role", "agent"); /* to look on is not to have read */
    assert_string_equal(act(&sue, v.conv, "join", ""), "ack");
    for (int i = 0; i < 2; i++) /* the agent, and now the supervisor */
        joined = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "joined");
    assert_non_null(strstr(text_at(joined, "text"), "h3@x.example"));
    assert_true(staff_say(&sue, v.conv, "s1", "我来看看") > 0);
    assert_string_equal(act(&sue, v.conv, "leave", ""), "ack");
    assert_string_equal(act(&sue, v.conv, "watch", ",\"on\":false"), "ack");
    wire_forget(&sue.wire);
    (void)visitor_say(&v, "c3", "好");
    wire_take(&ann.wire, "{s:s,s:s}", "type", "message", "text", "好");
    wire_none(&sue.wire, "{s:s}", "type", "message");
    why = why_of(&ann, "house", v.conv);
    assert_string_equal(text_at(why, "decisions.0.data.why"), "only_one");
    assert_string_equal(text_at(why, "decisions.0.data.candidates.0.agent"), ann.id);
    assert_string_equal(text_at(why, "decisions.0.data.agent"), ann.id); /* among several it would not be known who was chosen */
    json_decref(why);
    assert_string_equal(act(&sue, v.conv, "accept", ""), "ack");
    assigned(&sue, v.conv, "takeover");
    wire_take(&ann.wire, "{s:s,s:s,s:s}", "type", "released", "conversation", v.conv, "why", "takeover");
    wire_none(&v.wire, "{s:s,s:s}", "type", "read", "role", "agent");
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (logged(&sue, acts[i], v.conv) != 1)
            fail_msg("\"%s\" stands %d times in the access log", acts[i], logged(&sue, acts[i], v.conv));
    assert_true(logged(&sue, "login", "") > 0);
    close_by(&sue, &v);
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
    ask(&v, "house");
    assigned(&ann, v.conv, "only_one");
    for (size_t i = 0; i < 2; i++) {
        char cid[8], text[16];

        assert_string_equal(act(&sue, v.conv, "watch", ",\"on\":true"), "ack");
        (void)snprintf(path, sizeof(path), "/api/v1/people/%s?site=house", sue.id);
        (void)snprintf(body, sizeof(body), "{\"number\":\"3\",\"capacity\":1,%s}", rows[i]);
        web_status(&d, 204, &(struct ask){ .method = "PUT", .path = path, .body = body, .control = true });
        wire_forget(&sue.wire);
        (void)snprintf(cid, sizeof(cid), "w%zu", i);
        (void)snprintf(text, sizeof(text), "外人别看%zu", i);
        (void)visitor_say(&v, cid, text);
        wire_take(&ann.wire, "{s:s,s:s}", "type", "message", "text", text);
        assert_string_equal(act(&ann, v.conv, "note", ",\"text\":\"自己人\""), "ack");
        wire_none(&sue.wire, "{s:s}", "type", "message");
        wire_none(&sue.wire, "{s:s}", "type", "timeline");
        assert_string_equal(act(&sue, v.conv, "whisper", ",\"text\":\"?\""), "not_found");
        (void)snprintf(body, sizeof(body), "{\"number\":\"3\",\"capacity\":1,\"roles\":[\"agent\",\"supervisor\"]}");
        web_status(&d, 204, &(struct ask){ .method = "PUT", .path = path, .body = body, .control = true });
    }
    close_by(&ann, &v);
    staff_presence(&ann, "offline");
}

static void a_supervisor_sets_presence_and_priority(void **state)
{
    struct visitor first = { 0 }, second = { 0 };
    char whose[120], entry[120];
    json_t *why;

    (void)state;
    staff_presence(&ann, "busy");
    ask(&first, "house");
    ask(&second, "house");
    wire_take(&second.wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 2);
    assert_string_equal(act(&sue, second.conv, "priority", ",\"priority\":5"), "ack");
    wire_take(&second.wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 1);
    wire_take(&first.wire, "{s:s,s:s,s:i,s:s}", "type", "state", "state", "waiting", "position", 2, "why", "priority");
    why = why_of(&sue, "house", first.conv);
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
    assigned(&ann, second.conv, "only_one");
    close_by(&ann, &second);
    assigned(&ann, first.conv, "only_one");
    close_by(&ann, &first);
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
    ask(&v, "house");
    UNTIL((why = why_of(&sue, "house", v.conv),
           json_is_true(value_at(why, "paused")) ? (json_decref(why), true) : (json_decref(why), false)));
    wire_none(&ann.wire, "{s:s}", "type", "assigned");
    pause(&sue, 204, false);
    assigned(&ann, v.conv, "only_one");
    close_by(&ann, &v);
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
        ask(&v[i], "house");
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
    assigned(&bob, v[0].conv, "only_one"); /* a hand-over among those who wait keeps their place */
    close_by(&bob, &v[0]);
    for (int i = 1; i < 3; i++) {
        assigned(&bob, v[i].conv, "only_one");
        close_by(&bob, &v[i]);
    }
    staff_presence(&bob, "offline");
    staff_presence(&ann, "offline");
}

/* The queue's own time after a close holds for what a rule closes, too. */
static void a_close_by_a_rule_keeps_the_place_as_long_as_the_queue_says(void **state)
{
    static const char set[] = "{" SITE_OF("tidy", "") "\"queues\":{\"q\":{\"name\":\"Q\",\"wrapup_ms\":600000}}," WEB(
        "q") "\"rules\":[{\"key\":\"bye\",\"event\":\"message\",\"mid_talk\":true,\"when\":{\"keywords\":[\"再见\"]},\"actions\":["
             "\"close\"]}],\"people\":[" PERSON("tidy1@x.example", "1", "\"agent\"", "") "]}";
    json_t *made = found(set, "tidy");
    struct staff one = { 0 };
    struct visitor v = { 0 }, w = { 0 };

    (void)state;
    enter(&one, made, 0, "tidy", "online");
    ask(&v, "tidy");
    assigned(&one, v.conv, "only_one");
    (void)visitor_say(&v, "c2", "再见");
    assert_true(
        number_at(wire_take(&one.wire, "{s:s,s:s,s:s}", "type", "state", "conversation", v.conv, "state", "closed"), "wrapup_until") > 0);
    ask(&w, "tidy");
    wire_take(&w.wire, "{s:s,s:s,s:i}", "type", "state", "state", "waiting", "position", 1);
    wire_none(&one.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", w.conv);
    assert_string_equal(act(&one, v.conv, "ready", ""), "ack");
    assigned(&one, w.conv, "only_one");
    gone(&w);
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
    assert_string_equal(act(who, v->conv, "close", ""), "ack");
    assert_string_equal(act(who, v->conv, "ready", ""), "ack");
    return ret;
}

static void a_channel_a_queue_a_level_and_a_return_put_one_further_ahead(void **state)
{
    static const char set[] =
        "{\"site\":{\"key\":\"ranks\",\"name\":\"店\",\"language\":\"zh-CN\",\"sticky_ms\":0,\"reopen_ms\":0,\"identity_secret\":\"" SECRET
        "\",\"vip_priority\":4,\"returning_ms\":600000,\"returning_priority\":3},\"queues\":{\"q\":{\"name\":\"Q\",\"priority\":1}},"
        "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"官网\",\"queue\":\"q\",\"priority\":2}},"
        "\"people\":[" PERSON("r1@x.example", "1", "\"agent\"", "") "]}";
    json_t *made = found(set, "ranks");
    struct staff one = { 0 };
    struct visitor plain = { 0 }, said = { 0 }, proven = { 0 };
    char hash[65], extra[200];

    (void)state;
    enter(&one, made, 0, "ranks", "online");
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

/* Who hands a visitor to a queue learns before and with the ack that nobody is there, and the visitor is told that alone. */
static void a_queue_where_nobody_is_promises_nobody(void **state)
{
    static const struct {
        const char *queue, *warning, *said;
    } rows[] = {
        { "open", "", "您的咨询已经转接给维修组，请稍候，同事会尽快接待您。" },
        { "empty", "nobody", "" },
        { "night", "closed", "" },
    };
    static const struct {
        const char *to, *warning;
    } many[] = { { "\"queue\":\"night\"", "closed" }, { "\"department\":\"none\"", "nobody" }, { "\"department\":\"some\"", "" } };
    static const struct {
        const char *queue, *then;
    } told[] = { { "empty", "抱歉，客服暂时都不在线" }, { "night", "您好，现在是非工作时间" } };
    struct staff giver = { 0 }, taker = { 0 };
    struct visitor v = { 0 };
    json_t *made, *list;
    const json_t *m;

    (void)state;
    made = found("{" SITE_OF("shut", ",\"duplicate_max\":0")
                     WEB("q") "\"skills\":{\"none\":{\"name\":\"无\"}},"
                              "\"queues\":{\"q\":{\"name\":\"客服\"},\"open\":{\"name\":\"维修组\",\"department\":\"some\"},"
                              "\"empty\":{\"name\":\"空\",\"skills\":[\"none\"],\"department\":\"none\"},"
                              "\"empty2\":{\"name\":\"空二\",\"skills\":[\"none\"],\"department\":\"some\"},"
                              "\"night\":{\"name\":\"夜\",\"skills\":[\"none\"],\"hours\":{\"week\":{}}}},"
                              "\"people\":[" PERSON("giver@shut.example", "1", "\"agent\"", "") "," PERSON("taker@shut.example", "2",
                                                                                                           "\"agent\"", "") "]}",
                 "shut");
    enter(&giver, made, 0, "shut", "online");
    enter(&taker, made, 1, "shut", "busy"); /* somebody is in the queue "open", and takes nothing */
    list = staff_get(&giver, &d, "/api/v1/sites/shut/colleagues");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char to[64];
        size_t k = 0;

        for (; strcmp(text_at(json_array_get(json_object_get(list, "queues"), k), "key"), rows[i].queue) != 0; k++)
            assert_true(k < 8);
        assert_string_equal(text_at(json_array_get(json_object_get(list, "queues"), k), "warning"), rows[i].warning);
        ask(&v, "shut");
        assigned(&giver, v.conv, "only_one");
        (void)snprintf(to, sizeof(to), ",\"to\":{\"queue\":\"%s\"}", rows[i].queue);
        assert_string_equal(act(&giver, v.conv, "transfer", to), "ack");
        assert_string_equal(text_at(giver.wire.last, "warning"), rows[i].warning);
        m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "event", "transferred");
        assert_string_equal(text_at(m, "text"), rows[i].said);
        if (*rows[i].warning) /* and the page need not believe that somebody comes, because somebody is where it let the visitor in */
            (void)wire_take(&v.wire, "{s:s,s:s,s:s}", "type", "state", "state", "waiting", "unattended", rows[i].warning);
        for (size_t t = 0; t < sizeof(told) / sizeof(told[0]); t++)
            if (strcmp(told[t].queue, rows[i].queue) == 0) {
                m = wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact");
                assert_int_equal(strncmp(text_at(m, "text"), told[t].then, strlen(told[t].then)), 0);
            }
        gone(&v);
    }
    for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) { /* as each of many that are handed on at once is told */
        char body[200];
        struct reply r;

        ask(&v, "shut");
        assigned(&giver, v.conv, "only_one");
        (void)snprintf(body, sizeof(body), "{\"conversations\":[\"%s\",\"%s\"],\"to\":{%s}}", v.conv, giver.id, many[i].to);
        r = web_expect(&d, 200,
                       &(struct ask){ .path = "/api/v1/sites/shut/conversations/transfer",
                                      .cookie = giver.cookie,
                                      .csrf = giver.csrf,
                                      .origin = "",
                                      .body = body });
        assert_true(json_is_true(value_at(r.json, "items.0.done")));
        assert_string_equal(text_at(r.json, "items.0.warning"), many[i].warning);
        assert_string_equal(text_at(r.json, "items.1.warning"), ""); /* there is no such conversation: nothing was done */
        reply_free(&r);
        gone(&v);
    }
    json_decref(list);
    json_decref(made);
    staff_free(&giver);
    staff_free(&taker);
}

/* The next word on its state that the visitor gets: is there anybody to wait for? */
static void waits_for(struct visitor *v, const char *unattended)
{
    const json_t *f;

    do
        f = wire_take(&v->wire, "{s:s,s:s,s:s}", "type", "state", "conversation", v->conv, "state", "waiting");
    while (strcmp(text_at(f, "unattended"), unattended) != 0);
}

/* No rule takes a message here, so that nothing becomes of the conversation itself. */
static void who_waits_is_told_when_somebody_comes_and_the_last_one_goes(void **state)
{
    static const char set[] = "{" SITE_OF("lonely", "") "\"queues\":{\"q\":{\"name\":\"Q\"}}," WEB(
        "q") "\"rules\":[{\"key\":\"nobody\",\"event\":\"nobody\",\"actions\":[\"say\"],\"wording\":\"nobody\",\"off\":true}],"
             "\"people\":[" PERSON("lonely1@x.example", "1", "\"agent\"", "") "]}";
    json_t *made = found(set, "lonely");
    struct staff one = { 0 };
    struct visitor v = { 0 }, again = { 0 };

    (void)state;
    enter(&one, made, 0, "lonely", "offline");
    ask(&v, "lonely");
    waits_for(&v, "nobody");
    memcpy(again.token, v.token, sizeof(again.token));
    visitor_enter(&again, &d, "lonely", NULL); /* a second page of the same visitor */
    assert_string_equal(text_at(again.welcome, "conversation.unattended"), "nobody");
    visitor_free(&again);
    staff_presence(&one, "busy"); /* takes nothing, but is there */
    waits_for(&v, "");
    staff_presence(&one, "offline");
    waits_for(&v, "nobody");
    staff_presence(&one, "online");
    assigned(&one, v.conv, "only_one");
    assert_string_equal(text_at(wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served"), "unattended"), "");
    close_by(&one, &v);
    json_decref(made);
    staff_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_where_nobody_is_promises_nobody),
        cmocka_unit_test(who_waits_is_told_when_somebody_comes_and_the_last_one_goes),
        cmocka_unit_test(who_waits_too_long_goes_on_to_another_queue),
        cmocka_unit_test(who_left_a_message_is_listed_and_why),
        cmocka_unit_test(who_waits_for_ever_leaves_a_message),
        cmocka_unit_test(an_agent_who_does_not_answer_is_not_waited_for),
        cmocka_unit_test_setup(what_is_handed_to_somebody_full_waits_and_comes_back, move_in),
        cmocka_unit_test(what_was_handed_over_at_once_can_be_given_back),
        cmocka_unit_test(a_recorded_decision_does_not_exclude_its_winner),
        cmocka_unit_test(a_second_agent_helps),
        cmocka_unit_test(a_helper_who_is_lost_helps_no_more),
        cmocka_unit_test(what_was_handed_to_somebody_who_is_lost_comes_back),
        cmocka_unit_test(a_supervisor_looks_on_whispers_joins_and_takes_over),
        cmocka_unit_test(who_may_look_on_no_longer_sees_nothing_more),
        cmocka_unit_test(a_channel_a_queue_a_level_and_a_return_put_one_further_ahead),
        cmocka_unit_test(a_supervisor_sets_presence_and_priority),
        cmocka_unit_test(a_paused_queue_gives_nothing_out),
        cmocka_unit_test_teardown(many_are_handed_on_at_once, move_out),
        cmocka_unit_test(who_lets_two_offers_pass_is_away),
        cmocka_unit_test(who_takes_nobody_any_more_lets_go_of_an_offer),
        cmocka_unit_test(a_close_by_a_rule_keeps_the_place_as_long_as_the_queue_says),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
