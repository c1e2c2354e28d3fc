/* Order on the platform: who may not write, links, the same thing again, and wording that agents should not use. */
#include "tests/support/cast.h"
#include "tests/support/platform.h"

#include "protocols/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct daemon d;
static struct staff admin, supervisor, agent;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    staff_sign_in(&admin, &d, "admin@demo.example");
    staff_sign_in(&supervisor, &d, "supervisor@demo.example");
    staff_online(&agent, &d, "agent1@demo.example", "demo");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&admin);
    staff_free(&supervisor);
    staff_free(&agent);
    daemon_finish(&d);
    return 0;
}

/* `match` 0: a new document. */
static void put(const struct staff *who, const char *what, int match, const char *body, int status)
{
    char path[120], headers[64];
    struct reply r;

    (void)snprintf(path, sizeof(path), "/api/v1/sites/demo/documents/%s", what);
    (void)snprintf(headers, sizeof(headers), match ? "If-Match: \"%d\"\r\n" : "If-None-Match: *\r\n", match);
    r = web_expect(&d, status,
                   &(struct ask){ .method = body ? "PUT" : "DELETE",
                                  .path = path,
                                  .headers = headers,
                                  .body = body,
                                  .cookie = who->cookie,
                                  .csrf = who->csrf,
                                  .origin = "" });
    reply_free(&r);
}

static const char *say(struct visitor *v, const char *cid, const char *text)
{
    wire_pack(&v->wire, "{s:s,s:s,s:s,s:s}", "type", "message", "cid", cid, "kind", "text", "text", text);
    return wire_verdict(&v->wire, cid);
}

static void leave(struct visitor *v)
{
    wire_text(&v->wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v->wire, "the-end"), "ack");
    visitor_free(v);
}

static void who_is_blocked_cannot_write_until_that_is_taken_back(void **state)
{
    struct visitor v = { 0 }, other = { 0 };
    char body[200];

    (void)state;
    visitor_enter(&v, &d, "demo", NULL);
    visitor_enter(&other, &d, "demo", NULL);
    assert_string_equal(say(&v, "c1", "一"), "ack");
    (void)snprintf(body, sizeof(body), "{\"visitor\":\"%s\",\"reason\":\"辱骂\"}", v.id);
    put(&agent, "ban/b1", 0, body, 403); /* an agent asks a supervisor */
    put(&supervisor, "ban/b1", 0, body, 201);
    assert_string_equal(say(&v, "c2", "二"), "forbidden");
    assert_string_equal(say(&other, "c1", "三"), "ack");
    put(&supervisor, "ban/b1", 1, NULL, 204);
    assert_string_equal(say(&v, "c3", "四"), "ack");
    leave(&v);
    leave(&other);
}

/* What the site says to who may not write: in the visitor's language, and of the whole, whatever was sent. */
static void who_is_barred_is_told_so_in_the_visitors_language(void **state)
{
    static const char form[] =
        "{\"type\":\"message\",\"cid\":\"f1\",\"kind\":\"form\",\"form\":{\"phone\":\"13800000000\",\"text\":\"hi\"}}";
    static const char rate[] = "{\"type\":\"rate\",\"cid\":\"f1\",\"conversation\":\"00000000-0000-0000-0000-000000000001\",\"score\":5}";
    static const struct {
        const char *locale, *mute, *frame, *text;
    } rows[] = {
        { "zh-CN", "true", form, "您暂时无法在这里发送消息。" },          { "zh-TW", "true", form, "您暫時無法在這裡傳送訊息。" },
        { "en", "true", form, "You cannot send messages here for now." }, { "zh-CN", "false", form, "您已无法在这里发送消息。" },
        { "zh-TW", "false", form, "您已無法在這裡傳送訊息。" },           { "en", "false", form, "You can no longer send messages here." },
        { "zh-TW", "true", rate, "您暫時無法在這裡傳送訊息。" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct visitor v = { 0 };
        char hello[40], body[200], ban[20];
        const json_t *f;

        (void)snprintf(hello, sizeof(hello), ",\"locale\":\"%s\"", rows[i].locale);
        visitor_enter(&v, &d, "demo", hello);
        (void)snprintf(body, sizeof(body), "{\"visitor\":\"%s\",\"reason\":\"辱骂\",\"mute\":%s}", v.id, rows[i].mute);
        (void)snprintf(ban, sizeof(ban), "ban/told%zu", i);
        put(&supervisor, ban, 0, body, 201);
        wire_text(&v.wire, rows[i].frame);
        f = wire_take(&v.wire, "{s:s,s:s}", "type", "error", "cid", "f1");
        assert_string_equal(text_at(f, "code"), "forbidden");
        assert_string_equal(text_at(f, "text"), rows[i].text);
        assert_null(json_object_get(f, "field"));
        put(&supervisor, ban, 1, NULL, 204);
        visitor_free(&v);
    }
}

/* The status of an upload of this visitor. */
static int uploads(const struct visitor *v)
{
    char bearer[600];
    struct reply r;
    int ret;

    (void)snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s\r\n", v->token);
    web_ask(&d, &(struct ask){ .path = "/files?site=demo&name=a.txt", .headers = bearer, .body = "hello" }, &r);
    ret = r.status;
    reply_free(&r);
    return ret;
}

static const char *does(struct visitor *v, const char *cid, const char *act)
{
    wire_sendf(&v->wire, "{\"conversation\":\"%s\",\"cid\":\"%s\",%s}", v->conv, cid, act);
    return wire_verdict(&v->wire, cid);
}

/* The agent who serves it is told that nobody can answer there, and when somebody can again. */
static void told_barred(const char *conv, const char *barred, int64_t until)
{
    const json_t *f = wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "state", "conversation", conv, "barred", barred);

    assert_int_equal(number_at(f, "barred_until"), until);
}

static void who_is_blocked_has_no_other_way_to_be_heard(void **state)
{
    static const char rate[] = "\"type\":\"rate\",\"score\":1,\"comment\":\"!!!\"";
    static const char name[] = "\"type\":\"profile\",\"profile\":{\"name\":\"!!!\"}";
    struct visitor v = { 0 };
    char body[200];

    (void)state;
    visitor_enter(&v, &d, "demo", NULL);
    (void)visitor_say(&v, "c1", "一");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    assert_int_equal(uploads(&v), 201);
    (void)snprintf(body, sizeof(body), "{\"visitor\":\"%s\",\"reason\":\"辱骂\",\"mute\":true}", v.id);
    put(&supervisor, "ban/b2", 0, body, 201);
    told_barred(v.conv, "muted", 0);
    assert_string_equal(does(&v, "r1", rate), "forbidden");
    assert_string_equal(does(&v, "p1", name), "forbidden");
    assert_int_equal(uploads(&v), 403);
    wire_text(&v.wire, "{\"type\":\"typing\",\"on\":true}");
    assert_string_equal(say(&v, "c2", "二"), "forbidden"); /* by now the agent would have heard of the typing */
    wire_none(&agent.wire, "{s:s,s:s}", "type", "typing", "conversation", v.conv);
    put(&supervisor, "ban/b2", 1, NULL, 204);
    told_barred(v.conv, "", -1);
    put(&supervisor, "ban/b3", 0, "{\"address\":\"127.0.0.0/8\",\"reason\":\"攻击\",\"until\":9999999999999}", 201);
    told_barred(v.conv, "blocked", 9999999999999);
    put(&supervisor, "ban/b3", 1, NULL, 204);
    told_barred(v.conv, "", -1);
    wire_text(&v.wire, "{\"type\":\"typing\",\"on\":true}");
    wire_take(&agent.wire, "{s:s,s:s}", "type", "typing", "conversation", v.conv);
    assert_string_equal(does(&v, "p1", name), "ack");
    assert_string_equal(does(&v, "r1", rate), "ack");
    assert_int_equal(uploads(&v), 201);
    leave(&v);
}

static void who_is_muted_may_write_again_by_itself(void **state)
{
    struct visitor v = { 0 };
    char body[200];
    int n = 0;

    (void)state;
    visitor_enter(&v, &d, "demo", NULL);
    assert_string_equal(say(&v, "c1", "一"), "ack");
    /* Long enough for the next word to be refused however slow the machine is; then shortened. */
    (void)snprintf(body, sizeof(body), "{\"visitor\":\"%s\",\"reason\":\"刷屏\",\"mute\":true,\"until\":%lld}", v.id,
                   (long long)now_wall_ms() + 3600000);
    put(&supervisor, "ban/m1", 0, body, 201);
    assert_string_equal(say(&v, "c2", "二"), "forbidden");
    (void)snprintf(body, sizeof(body), "{\"visitor\":\"%s\",\"reason\":\"刷屏\",\"mute\":true,\"until\":%lld}", v.id,
                   (long long)now_wall_ms() + 1500);
    put(&supervisor, "ban/m1", 1, body, 200);
    UNTIL((snprintf(body, sizeof(body), "m%d", ++n), strcmp(say(&v, body, "三"), "ack") == 0));
    leave(&v);
}

static void who_writes_too_fast_is_told_so_in_the_visitors_language(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, "demo", ",\"locale\":\"en\"");
    for (int i = 0; i < 40; i++) /* more than one may say at once */
        wire_sendf(&v.wire, "{\"type\":\"message\",\"cid\":\"h%d\",\"kind\":\"text\",\"text\":\"no. %d\"}", i, i);
    assert_string_equal(text_at(wire_take(&v.wire, "{s:s,s:s}", "type", "error", "code", "rate_limited"), "text"),
                        "That was a little too fast. Please wait a moment and try again.");
    UNTIL((wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}"), strcmp(wire_verdict(&v.wire, "the-end"), "ack") == 0));
    visitor_free(&v);
}

static void an_address_is_blocked_with_all_who_come_from_it(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    put(&supervisor, "ban/net", 0, "{\"address\":\"127.0.0.0/8\",\"reason\":\"攻击\"}", 201);
    visitor_enter(&v, &d, "demo", NULL);
    assert_string_equal(say(&v, "c1", "一"), "forbidden");
    put(&supervisor, "ban/net", 1, NULL, 204);
    assert_string_equal(say(&v, "c1", "一"), "ack");
    leave(&v);
}

/* As above, but for the one that is refused: in the site's words. */
static void is_told(struct visitor *v, const char *cid, const char *text, const char *code, const char *words)
{
    const json_t *f;

    wire_pack(&v->wire, "{s:s,s:s,s:s,s:s}", "type", "message", "cid", cid, "kind", "text", "text", text);
    f = wire_take(&v->wire, "{s:s,s:s}", "type", "error", "cid", cid);
    assert_string_equal(text_at(f, "code"), code);
    assert_string_equal(text_at(f, "text"), words);
}

static void links_and_repeats_stop_at_what_the_site_says(void **state)
{
    static const char *const spelled[] = { "在吗", "在 吗", "在吗？", "（在吗）", "在\u3000吗！" };
    struct visitor v = { 0 };
    struct reply r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/sites/demo/documents/site/site", .cookie = admin.cookie });
    int version = (int)number_at(r.json, "version");
    char cid[16];

    (void)state;
    reply_free(&r);
    put(&admin, "site/site", version,
        "{\"name\":\"小林家居\",\"links\":\"listed\",\"link_hosts\":[\"xiaolin.example\"],\"duplicate_max\":3}", 200);
    visitor_enter(&v, &d, "demo", NULL);
    is_told(&v, "l1", "看 ｈttps：//spam。example/x", "forbidden", "这里不能发送链接，请去掉链接后再发。");
    assert_string_equal(say(&v, "l2", "看 https://shop.xiaolin.example/x"), "ack");
    for (int i = 0; i < 4; i++) {
        (void)snprintf(cid, sizeof(cid), "d%d", i);
        assert_string_equal(say(&v, cid, spelled[i]), i < 3 ? "ack" : "rate_limited");
    }
    is_told(&v, "d4", spelled[4], "rate_limited", "这句话您刚才已经发过，请稍候再发。");
    assert_string_equal(say(&v, "d2", spelled[2]), "ack"); /* sent again, not said again */
    assert_string_equal(say(&v, "d9", "在不在"), "ack");
    put(&admin, "site/site", version + 1, "{\"name\":\"小林家居\",\"links\":\"none\"}", 200);
    assert_string_equal(say(&v, "l3", "看 shop.xiaolin.example.com"), "forbidden");
    assert_string_equal(say(&v, "l2", "看 https://shop.xiaolin.example/x"), "ack");
    put(&admin, "site/site", version + 2, "{\"name\":\"小林家居\"}", 200);
    assert_string_equal(say(&v, "l4", "看 shop.xiaolin.example.com"), "ack");
    leave(&v);
}

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static int64_t clock_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return 1000LL * t.tv_sec + t.tv_nsec / 1000000;
}

/* Another system's visitor says something, so long ago; `id` names the event. */
static void heard(const char *hook, const char *id, const char *user, int64_t ago_ms, const char *text)
{
    char body[400], stamp[STAMP_TEXT];

    (void)snprintf(body, sizeof(body),
                   "{\"type\":\"message.created\",\"timestamp\":\"%s\",\"data\":{\"id\":\"%s\",\"user\":{\"id\":\"%s\"},\"type\":"
                   "\"text\",\"text\":\"%s\"}}",
                   stamp_text(clock_ms() - ago_ms, stamp), id, user, text);
    assert_int_equal(hook_post(&d, hook, SECRET, id, 0, body), 204); /* it was taken, whatever becomes of it */
}

/* How many messages of that user there are, and lines about those that were kept out for `why`. */
static void count(const char *user, const char *why, size_t *messages, size_t *kept_out)
{
    json_t *all = staff_get(&supervisor, &d, "/api/v1/transcripts?site=demo&channel=guarded&limit=50"), *one = NULL;
    size_t said = 0, lines = 0;

    for (size_t i = 0; i < json_array_size(json_object_get(all, "items")); i++) {
        const char *id = text_at(json_array_get(json_object_get(all, "items"), i), "conversation.id");
        char path[120];

        (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=demo", id);
        one = staff_get(&supervisor, &d, path);
        if (strstr(text_at(one, "messages.0.text"), user)) {
            for (size_t k = 0; k < json_array_size(json_object_get(one, "messages")); k++)
                said += strcmp(text_at(json_array_get(json_object_get(one, "messages"), k), "from.role"), "visitor") == 0;
            for (size_t k = 0; k < json_array_size(json_object_get(one, "timeline")); k++) {
                const json_t *e = json_array_get(json_object_get(one, "timeline"), k);

                lines += strcmp(text_at(e, "kind"), "kept_out") == 0 && strcmp(text_at(e, "data.why"), why) == 0;
            }
        }
        json_decref(one);
    }
    json_decref(all);
    *messages = said;
    *kept_out = lines;
}

static void has(const char *user, size_t messages, const char *why, size_t kept_out)
{
    size_t said, lines;

    count(user, why, &said, &lines);
    if (said != messages || lines != kept_out)
        fail_msg("%s: %zu messages, %zu kept out for %s", user, said, lines, why);
}

static void platforms_are_held_to_the_same(void **state)
{
    struct reply r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/sites/demo/documents/site/site", .cookie = admin.cookie });
    int version = (int)number_at(r.json, "version");
    char hook[64], id[24], text[40];
    size_t said, lines;

    (void)state;
    reply_free(&r);
    put(&admin, "channel/guarded", 0,
        "{\"adapter\":\"generic\",\"name\":\"G\",\"queue\":\"service\",\"settings\":{\"url\":\"https://crm.example/in\",\"secrets\":"
        "[\"" SECRET "\"],\"send_secrets\":[\"" SECRET "\"]}}",
        201);
    put(&admin, "site/site", version,
        "{\"name\":\"小林家居\",\"links\":\"listed\",\"link_hosts\":[\"xiaolin.example\"],\"duplicate_max\":3,\"message_burst\":4,"
        "\"message_rate\":1}",
        200);
    (void)snprintf(hook, sizeof(hook), "%s", hook_path(&d, "demo", "guarded"));
    /* Whom the platform calls so is blocked there, and nobody else is. */
    for (int i = 0; i < 3; i++) {
        static const char *const bans[] = { "{\"channel\":\"guarded\",\"user\":\"bai\",\"reason\":\"辱骂\"}",
                                            "{\"channel\":\"guarded\",\"user\":\"bai\",\"reason\":\"刷屏\",\"mute\":true}",
                                            "{\"channel\":\"guarded\",\"user\":\"bai2\",\"reason\":\"辱骂\"}" };
        static const size_t is_heard[] = { 1, 2, 4 }; /* "bai2" is somebody else */

        (void)snprintf(id, sizeof(id), "b%d", i);
        (void)snprintf(text, sizeof(text), "ban/u%d", i);
        heard(hook, id, "bai", 0, "bai says hello");
        has("bai", is_heard[i] - (i == 2), "links", 0);
        put(&supervisor, text, 0, bans[i], 201);
        (void)snprintf(id, sizeof(id), "c%d", i);
        heard(hook, id, "bai", 0, "bai again");
        has("bai", is_heard[i], "links", 0);
        put(&supervisor, text, 1, NULL, 204);
    }
    /* Links. */
    heard(hook, "l0", "lin", 0, "lin says hello");
    heard(hook, "l1", "lin", 0, "https://spam.example/x");
    heard(hook, "l1", "lin", 0, "https://spam.example/x"); /* the platform repeats itself: one line */
    heard(hook, "l2", "lin", 0, "https://shop.xiaolin.example/x");
    has("lin", 2, "links", 1);
    /* The same again and again; but the same event is the same event. */
    for (int i = 0; i < 5; i++) {
        (void)snprintf(id, sizeof(id), "r%d", i);
        heard(hook, id, "rui", 0, "rui?");
        heard(hook, id, "rui", 0, "rui?");
    }
    has("rui", 5, "repeats", 1); /* none is lost, and one line says that they are not listened to */
    /* What comes late is no flood, nor is an album. */
    for (int i = 0; i < 30; i++) {
        (void)snprintf(id, sizeof(id), "s%d", i);
        (void)snprintf(text, sizeof(text), "shu %d", i);
        heard(hook, id, "shu", 120000, text);
    }
    has("shu", 30, "flood", 0);
    for (int i = 0; i < 12; i++) {
        (void)snprintf(id, sizeof(id), "f%d", i);
        (void)snprintf(text, sizeof(text), "fen %d", i);
        heard(hook, id, "fen", 0, text);
    }
    has("fen", 12, "flood", 0);
    put(&admin, "site/site", version + 1, "{\"name\":\"小林家居\",\"message_burst\":1,\"message_rate\":1}", 200);
    for (int i = 0; i < 15; i++) {
        (void)snprintf(id, sizeof(id), "g%d", i);
        (void)snprintf(text, sizeof(text), "gao %d", i);
        heard(hook, id, "gao", 0, text);
    }
    count("gao", "flood", &said, &lines);
    assert_int_equal(said, 15); /* what a platform was told that we have is there */
    assert_int_equal(lines, 1);
    put(&admin, "site/site", version + 2, "{\"name\":\"小林家居\"}", 200);
}

static void wording_that_should_not_be_used_asks_once_more(void **state)
{
    struct visitor v = { 0 };
    const json_t *f;
    json_t *t;
    char path[120];
    bool written = false;

    (void)state;
    put(&admin, "forbidden/cold", 0, "{\"name\":\"冷漠\",\"words\":[\"不知道\",\"随便\"],\"advice\":\"我帮您查一下\"}", 201);
    visitor_enter(&v, &d, "demo", NULL);
    (void)visitor_say(&v, "c1", "怎么安装");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"w1\",\"kind\":\"text\",\"text\":\"不 知道，随便\"}",
               v.conv);
    f = wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "error", "cid", "w1", "code", "forbidden");
    assert_string_equal(json_string_value(value_at(f, "words.0")), "不知道");
    assert_string_equal(json_string_value(value_at(f, "words.1")), "随便");
    assert_string_equal(text_at(f, "advice"), "我帮您查一下");
    wire_none(&v.wire, "{s:s,s:{s:s}}", "type", "message", "from", "role", "agent");
    wire_sendf(
        &agent.wire,
        "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"w1\",\"kind\":\"text\",\"text\":\"不 知道，随便\",\"confirm\":true}",
        v.conv);
    assert_string_equal(wire_verdict(&agent.wire, "w1"), "ack");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "不 知道，随便");
    /* Words beside a file are words. */
    wire_sendf(&agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"w3\",\"kind\":\"image\",\"text\":\"随便\",\"file\":\"%s\"}", v.conv,
               v.conv);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "error", "cid", "w3", "code", "forbidden");
    (void)staff_say(&agent, v.conv, "w2", "我帮您查一下");
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s?site=demo", v.conv);
    t = staff_get(&supervisor, &d, path);
    for (size_t i = 0; i < json_array_size(json_object_get(t, "timeline")); i++)
        written |= strcmp(text_at(json_array_get(json_object_get(t, "timeline"), i), "kind"), "forbidden") == 0;
    assert_true(written);
    json_decref(t);
    leave(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_blocked_cannot_write_until_that_is_taken_back),
        cmocka_unit_test(who_is_barred_is_told_so_in_the_visitors_language),
        cmocka_unit_test(who_is_muted_may_write_again_by_itself),
        cmocka_unit_test(who_writes_too_fast_is_told_so_in_the_visitors_language),
        cmocka_unit_test(an_address_is_blocked_with_all_who_come_from_it),
        cmocka_unit_test(who_is_blocked_has_no_other_way_to_be_heard),
        cmocka_unit_test(links_and_repeats_stop_at_what_the_site_says),
        cmocka_unit_test(wording_that_should_not_be_used_asks_once_more),
        cmocka_unit_test(platforms_are_held_to_the_same), /* last: it leaves many waiting */
    };

    return cmocka_run_group_tests(tests, start, finish);
}
