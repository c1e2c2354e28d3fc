/* Settings as administrators change them: versions, mistakes, secrets, history, whole sites, and what a change does at once. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DOCUMENTS "/api/v1/sites/demo/documents/"

static struct daemon d;
static struct staff admin, agent;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 1000\n" });
    staff_sign_in(&admin, &d, "admin@demo.example");
    staff_sign_in(&agent, &d, "agent1@demo.example");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&admin);
    staff_free(&agent);
    daemon_finish(&d);
    return 0;
}

/* Asks as `who`; `match` is a version that was seen, 0: for a new document, -1: nothing is said. */
static struct reply write_as(const struct staff *who, const char *method, const char *path, int match, const char *body, int status)
{
    char headers[80] = "";

    if (match > 0)
        (void)snprintf(headers, sizeof(headers), "If-Match: \"%d\"\r\n", match);
    else if (match == 0)
        (void)snprintf(headers, sizeof(headers), "If-None-Match: *\r\n");
    return web_expect(
        &d, status,
        &(struct ask){
            .method = method, .path = path, .headers = headers, .body = body, .cookie = who->cookie, .csrf = who->csrf, .origin = "" });
}

static void put(const struct staff *who, const char *what, int match, const char *body, int status)
{
    char path[160];
    struct reply r;

    (void)snprintf(path, sizeof(path), DOCUMENTS "%s", what);
    r = write_as(who, "PUT", path, match, body, status);
    reply_free(&r);
}

static struct reply get(const struct staff *who, const char *what, int status)
{
    char path[160];

    (void)snprintf(path, sizeof(path), DOCUMENTS "%s", what);
    return web_expect(&d, status, &(struct ask){ .path = path, .cookie = who->cookie });
}

static void a_version_is_named_as_it_was_given(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } rows[] = {
        { "", 428 },
        { "If-Match: *\r\n", 400 },
        { "If-Match: \"1\", \"2\"\r\n", 400 },
        { "If-Match: 1\r\n", 400 },
        { "If-None-Match: \"1\"\r\n", 400 },
        { "If-Match: \"1\"\r\nIf-None-Match: *\r\n", 412 },
        { "If-Match: W/\"1\"\r\n", 412 },
        { "If-Match: \"9\"\r\n", 412 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply r;

        web_ask(&d,
                &(struct ask){ .method = "PUT",
                               .path = DOCUMENTS "skill/nothing",
                               .headers = rows[i].headers,
                               .body = "{\"name\":\"x\"}",
                               .cookie = admin.cookie,
                               .csrf = admin.csrf,
                               .origin = "" },
                &r);
        if (r.status != rows[i].status)
            fail_msg("%s was answered with %d: %s", rows[i].headers, r.status, r.body);
        reply_free(&r);
    }
}

static void who_has_the_version_already_is_not_sent_it_again(void **state)
{
    static const struct {
        const char *method, *headers;
        int status;
    } rows[] = {
        { "GET", "If-None-Match: \"1\"\r\n", 304 },
        { "GET", "If-None-Match: W/\"1\"\r\n", 304 },
        { "GET", "If-None-Match: \"7\", \"1\"\r\n", 304 },
        { "GET", "If-None-Match: *\r\n", 304 },
        { "HEAD", "If-None-Match: \"1\"\r\n", 304 },
        { "GET", "If-None-Match: \"11\"\r\n", 200 },
        { "GET", "If-None-Match: 1\r\n", 200 },
        { "GET", "", 200 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply r;

        web_ask(&d,
                &(struct ask){
                    .method = rows[i].method, .path = DOCUMENTS "queue/service", .headers = rows[i].headers, .cookie = admin.cookie },
                &r);
        if (r.status != rows[i].status)
            fail_msg("%s %s was answered with %d", rows[i].method, rows[i].headers, r.status);
        assert_string_equal(reply_header(&r, "ETag"), "\"1\"");
        assert_string_equal(reply_header(&r, "Cache-Control"), "private, no-store");
        assert_int_equal(r.n_body > 0, r.status == 200);
        reply_free(&r);
    }
}

static void a_version_that_was_not_seen_is_not_overwritten(void **state)
{
    struct reply r;

    (void)state;
    put(&admin, "skill/refund", -1, "{\"name\":\"退款\"}", 428);
    put(&admin, "skill/refund", 1, "{\"name\":\"退款\"}", 412);
    put(&admin, "skill/refund", 0, "{\"name\":\"退款\"}", 201);
    put(&admin, "skill/refund", 0, "{\"name\":\"另一个\"}", 412);
    r = get(&admin, "skill/refund", 200);
    assert_string_equal(reply_header(&r, "etag"), "\"1\"");
    assert_string_equal(text_at(r.json, "body.name"), "退款");
    reply_free(&r);
    put(&admin, "skill/refund", 1, "{\"name\":\"退款退货\"}", 200);
    put(&admin, "skill/refund", 1, "{\"name\":\"晚了\"}", 412);
    r = write_as(&admin, "DELETE", DOCUMENTS "skill/refund", 2, NULL, 204);
    reply_free(&r);
    r = get(&admin, "skill/refund", 404);
    reply_free(&r);
    put(&admin, "skill/refund", 0, "{\"name\":\"又来\"}", 201);
    r = get(&admin, "skill/refund/versions", 200);
    assert_int_equal(json_array_size(json_object_get(r.json, "items")), 4);
    assert_int_equal(number_at(r.json, "items.0.version"), 4);
    assert_true(json_is_true(value_at(r.json, "items.1.deleted")));
    assert_string_equal(text_at(r.json, "items.2.body.name"), "退款退货");
    assert_string_equal(text_at(r.json, "items.3.by"), "郑国栋");
    reply_free(&r);
}

static void only_administrators_change_the_house(void **state)
{
    struct reply r;

    (void)state;
    put(&agent, "skill/x", 0, "{\"name\":\"x\"}", 403);
    r = write_as(&agent, "PUT", DOCUMENTS "ban/b", 0, "{\"address\":\"192.0.2.1\",\"reason\":\"x\"}", 403);
    assert_non_null(strstr(r.body, "only supervisors and administrators of the site may do this"));
    reply_free(&r);
    r = get(&agent, "site/site", 403);
    reply_free(&r);
    put(&admin, "poem/x", 0, "{\"name\":\"x\"}", 404);
    put(&admin, "skill/X", 0, "{\"name\":\"x\"}", 404);
}

/* Replies of one's own are nobody else's business. */
static void agents_keep_replies_of_their_own(void **state)
{
    char body[300], other[300];
    struct reply r;

    (void)state;
    (void)snprintf(body, sizeof(body), "{\"code\":\"mine\",\"title\":\"我的\",\"text\":\"亲\",\"folder\":\"常用\",\"person\":\"%s\"}",
                   agent.id);
    (void)snprintf(other, sizeof(other), "{\"code\":\"theirs\",\"title\":\"别人的\",\"text\":\"亲\",\"person\":\"%s\"}", admin.id);
    put(&agent, "canned/mine", 0, body, 201);
    put(&agent, "canned/theirs", 0, other, 403);
    put(&agent, "canned/house", 0, "{\"code\":\"house\",\"title\":\"大家的\",\"text\":\"亲\"}", 403);
    put(&admin, "canned/house", 0, "{\"code\":\"house\",\"title\":\"大家的\",\"text\":\"您好\",\"queues\":[\"sales\"]}", 201);
    put(&agent, "canned/house", 1, "{\"deleted\":true}", 400);
    r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/sites/demo/canned", .cookie = agent.cookie });
    assert_non_null(strstr(r.body, "\"mine\""));
    assert_non_null(strstr(r.body, "常用"));
    reply_free(&r);
    r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/sites/demo/canned", .cookie = admin.cookie });
    assert_null(strstr(r.body, "\"mine\""));
    reply_free(&r);
    r = write_as(&agent, "DELETE", DOCUMENTS "canned/mine", 1, NULL, 204);
    reply_free(&r);
}

#define CANNED(code, queues) "{\"code\":\"x-" code "\",\"title\":\"" code "\",\"text\":\"好的\"" queues "}"
#define SELLER(number, queues) \
    "{\"email\":\"seller" number "@folders.example\",\"name\":\"" number "\",\"number\":\"" number "\",\"roles\":[\"agent\"]" queues "}"
#define SALES   ",\"queues\":[\"sales\"]"
#define SERVICE ",\"queues\":[\"service\"]"
#define BOTH    ",\"queues\":[\"sales\",\"service\"]"

#define REPLIES CANNED("house", "") "," CANNED("sales", SALES) "," CANNED("service", SERVICE) "," CANNED("both", BOTH)
#define SELLERS SELLER("1", SALES) "," SELLER("2", SERVICE) "," SELLER("3", "")

/* Replies of a queue are told to whoever works in it, to those who work in all, and to nobody else. */
static void replies_of_a_queue_are_for_those_who_work_in_it(void **state)
{
    static const char *const codes[] = { "x-house", "x-sales", "x-service", "x-both" };
    static const bool is_told[][4] = { { true, true, false, true }, { true, false, true, true }, { true, true, true, true } };
    static const char set[] =
        "{\"site\":{\"key\":\"folders\",\"name\":\"店\"},"
        "\"queues\":{\"sales\":{\"name\":\"售前\"},\"service\":{\"name\":\"售后\"}},\"canned\":[" REPLIES "],\"people\":[" SELLERS "]}";
    json_t *made = site_add(&d, set);

    (void)state;
    for (size_t i = 0; i < sizeof(is_told) / sizeof(is_told[0]); i++) {
        struct staff who = { 0 };
        const json_t *one;
        json_t *got;
        char path[16];

        (void)snprintf(path, sizeof(path), "people.%zu", i);
        one = value_at(made, path);
        assert_int_equal(staff_try_sign_in(&who, &d, text_at(one, "email"), text_at(one, "password")), 201);
        got = staff_get(&who, &d, "/api/v1/sites/folders/canned");
        for (size_t c = 0; c < 4; c++) {
            const json_t *item;
            bool told = false;
            size_t k;

            json_array_foreach(json_object_get(got, "items"), k, item) told |= strcmp(text_at(item, "code"), codes[c]) == 0;
            if (told != is_told[i][c])
                fail_msg("person %zu is %s %s", i + 1, told ? "told" : "not told", codes[c]);
        }
        json_decref(got);
        staff_free(&who);
    }
    json_decref(made);
}

#define ORDER                                                                                                           \
    "{\"key\":\"order\",\"title\":\"订单进度\",\"name\":\"order_update\",\"language\":\"zh_CN\",\"text\":\"订单 " \
    "{{1}} 已{{2}}\",\"fields\":[\"订单号\",\"状态\"]}"
#define WHATSAPP(templates)                                                                                             \
    "{\"adapter\":\"whatsapp\",\"name\":\"WhatsApp\",\"queue\":\"sales\",\"settings\":{\"number\":\"209715200000002\"," \
    "\"token\":\"EAA-token-1\",\"app_secrets\":[\"an-app-secret\"],\"verify_token\":\"kefud-verify-01\"},\"templates\":[" templates "]}"

#define LONG "订单号订单号订单号订单号"

static void a_mistake_is_refused_with_its_field_and_its_reason(void **state)
{
    static const struct {
        const char *what, *body, *field, *why;
    } rows[] = {
        { "queue/service", "{\"name\":\"\"}", "name", "0 characters" },
        { "queue/service", "{\"name\":\"a\",\"hours\":\"none\"}", "hours", "no document \\\"none\\\"" },
        { "queue/service", "{\"name\":\"a\",\"hours\":{\"week\":{\"mon\":[\"9-18\"]}}}", "hours.week.mon", "a span is" },
        { "rule/greeting", "{\"event\":\"opened\",\"actions\":[\"say\"],\"wording\":\"gone\"}", "wording", "no wording" },
        { "rule/x", "{\"event\":\"message\",\"actions\":[\"invite\"],\"when\":{\"position_min\":0}}", "when.position_min", "allowed is 1" },
        { "channel/web", "{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"gone\"}", "queue", "no queue" },
        { "channel/tg", "{\"adapter\":\"telephone\",\"name\":\"a\",\"queue\":\"sales\"}", "adapter", "no adapter" },
        { "channel/tg", "{\"adapter\":\"generic\",\"name\":\"a\",\"queue\":\"sales\",\"settings\":{\"url\":7}}", "settings.url",
          "a string" },
        { "channel/tg",
          "{\"adapter\":\"generic\",\"name\":\"a\",\"queue\":\"sales\",\"settings\":{\"url\":\"https://shop.example/"
          "in\",\"send_secrets\":[\"whsec_S2VmdWREb2NzRXhhbXBsZVNlY3JldDEyMzQ1Njc4OTA=\"],\"secrets\":[\"whsec_!!!\"]}}",
          "settings.secrets", "base64 of 16" },
        { "channel/web", "{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"sales\",\"templates\":[" ORDER "]}", "templates",
          "the adapter widget sends none" },
        { "channel/tg",
          "{\"adapter\":\"fake\",\"name\":\"a\",\"queue\":\"sales\",\"settings\":{\"url\":\"http://127.0.0.1:9/\",\"app\":\"a-plain-word\","
          "\"secret\":\"a-secret-of-the-platform\",\"token\":\"a-token-of-it\"},\"templates\":[" ORDER "]}",
          "templates", "the adapter fake sends none" },
        { "channel/wa", WHATSAPP("{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"{{1}} {{3}}\"}"), "templates[0].text",
          "{{2}} is missing" },
        { "channel/wa", WHATSAPP(ORDER ",{\"key\":\"a\",\"title\":\"A\",\"name\":\"a\",\"text\":\"x\"}"), "templates[1].language",
          "required here" },
        { "channel/wa", WHATSAPP("{\"key\":\"a\",\"title\":\"A\",\"name\":\"A-b\",\"language\":\"en\",\"text\":\"x\"}"),
          "templates[0].name", "as Meta has it" },
        { "channel/wa", WHATSAPP("{\"key\":\"a\",\"title\":\"A\",\"kind\":\"wxcard\",\"name\":\"p\",\"text\":\"x\"}"), "templates[0].kind",
          "this channel has no wxcard; it has buttons" },
        { "channel/wa", WHATSAPP("{\"key\":\"a\",\"title\":\"A\",\"name\":\"p\",\"text\":\"x\",\"values\":{\"path\":\"p\"}}"),
          "templates[0].values", "none is named" },
        /* A name that is too long to be said is cut between its characters: the words behind it are still there. */
        { "channel/wa", WHATSAPP("{\"key\":\"a\",\"title\":\"A\",\"name\":\"p\",\"text\":\"x\",\"values\":{\"a" LONG "\":\"\"}}"),
          "templates[0].values.a", "must be a text of one line" },
        { "channel/wa", WHATSAPP("{\"key\":\"a\",\"title\":\"A\",\"name\":\"p\",\"text\":\"x\",\"values\":{\"a" LONG "\":\"{{x\"}}"),
          "templates[0].values.a", "ends with }}" },
        { "channel/wa", WHATSAPP("{\"key\":\"a\",\"title\":\"A\",\"name\":\"p\",\"text\":\"{{" LONG LONG "}}\"}"), "templates[0].text",
          "of 1 to 32 letters" },
        { "wording/fr", "{}", "is", "not a language" },
        { "forbidden/rude", "{\"name\":\"a\",\"words\":[]}", "words", "0 entries" },
        { "forbidden/rude", "{\"name\":\"a\",\"words\":[\"。\"]}", "words", "never found" },
        { "wording/zh-cn", "{\"greeting\":\"\"}", "greeting", "the rule \\\"greeting\\\" says it" },
        { "wording/zh-cn", "{\"greeting\":\"你好 {nope}\"}", "greeting", "allowed are {site} {name}" },
        { "rule/x", "{\"event\":\"waiting\",\"actions\":[\"invite\"]}", "after_ms", "is missing" },
        { "rule/x", "{\"event\":\"message\",\"actions\":[\"invite\"],\"when\":{\"adapters\":[\"pigeon\"]}}", "when.adapters",
          "allowed are widget" },
        { "ban/b", "{\"reason\":\"x\",\"address\":\"192.0.2.1\",\"until\":1}", "until", "over already" },
        { "queue/sales", "{\"name\":\"a\",\"overflow_ms\":1000}", "overflow", "is missing" },
        { "channel/web", "{\"adapter\":\"widget\",\"name\":\"a\",\"queue\":\"sales\",\"weight\":6}", "weight", "allowed is 1 to 5" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[160];
        struct reply r;
        int version = 0;

        (void)snprintf(path, sizeof(path), DOCUMENTS "%s", rows[i].what);
        web_ask(&d, &(struct ask){ .path = path, .cookie = admin.cookie }, &r);
        if (r.status == 200)
            version = (int)number_at(r.json, "version");
        reply_free(&r);
        r = write_as(&admin, "PUT", path, version, rows[i].body, 400);
        if (strcmp(text_at(r.json, "field"), rows[i].field) != 0 || !strstr(r.body, rows[i].why))
            fail_msg("%s: %s", rows[i].body, r.body);
        reply_free(&r);
    }
}

static void what_others_need_cannot_be_taken_away(void **state)
{
    struct reply r = get(&admin, "queue/service", 200);
    int version = (int)number_at(r.json, "version");

    (void)state;
    reply_free(&r);
    r = write_as(&admin, "DELETE", DOCUMENTS "queue/service", version, NULL, 400);
    assert_non_null(strstr(r.body, "channel"));
    reply_free(&r);
}

static void secrets_are_written_and_never_read(void **state)
{
    struct reply r = get(&admin, "site/site", 200), all;
    int version = (int)number_at(r.json, "version");

    (void)state;
    assert_null(value_at(r.json, "body.token_secret"));
    assert_non_null(strstr(r.body, "\"secrets\":[\"token_secret\"]"));
    reply_free(&r);
    /* A visitor's token from before still holds after a change that says nothing of the secret. */
    {
        struct visitor v = { 0 };
        char id[40];

        visitor_enter(&v, &d, "demo", NULL);
        (void)snprintf(id, sizeof(id), "%s", v.id);
        visitor_leave(&v);
        put(&admin, "site/site", version, "{\"name\":\"小林家居\",\"language\":\"zh-CN\",\"color\":\"#0b5fd1\"}", 200);
        visitor_enter(&v, &d, "demo", NULL);
        assert_string_equal(v.id, id);
        assert_string_equal(text_at(v.welcome, "site.color"), "#0b5fd1");
        visitor_free(&v);
    }
    r = get(&admin, "channel/api", 200);
    assert_null(strstr(r.body, "whsec_"));
    assert_null(value_at(r.json, "body.hook"));
    reply_free(&r);
    all = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/sites/demo/set", .cookie = admin.cookie });
    assert_null(strstr(all.body, "whsec_"));
    assert_null(strstr(all.body, "token_secret"));
    reply_free(&all);
}

static bool found(const char *words)
{
    const char *const argv[] = { "grep", "-rqaF", words, d.state, NULL };
    char *out = NULL;
    int code = program_run(argv, NULL, &out);

    free(out);
    return code == 0;
}

static void the_disk_and_the_log_show_no_secret(void **state)
{
    char keys[128], hidden[128], *log;
    struct reply r;
    int code = 0;

    (void)state;
    put(&admin, "channel/fk", 0,
        "{\"name\":\"FK\",\"adapter\":\"fake\",\"queue\":\"service\",\"settings\":{\"url\":\"http://127.0.0.1:9/"
        "\",\"app\":\"a-plain-word\","
        "\"secret\":\"a-hidden-word-of-the-platform\",\"token\":\"a-hidden-word-too\"}}",
        201);
    r = get(&admin, "channel/fk", 200);
    assert_null(strstr(r.body, "a-hidden-word"));
    assert_non_null(strstr(r.body, "\"settings.secret\""));
    reply_free(&r);
    daemon_stop(&d);
    assert_true(found("a-plain-word"));
    assert_false(found("a-hidden-word"));
    log = daemon_log(&d);
    assert_null(strstr(log, "a-hidden-word"));
    free(log);
    /* Without its key kefud does not start, and says what it wants. */
    (void)snprintf(keys, sizeof(keys), "%s/secrets.key", d.state);
    (void)snprintf(hidden, sizeof(hidden), "%s/elsewhere", d.state);
    assert_int_equal(rename(keys, hidden), 0);
    assert_false(daemon_try(&d, &code));
    assert_int_not_equal(code, 0);
    daemon_log_wait(&d, "bring the file that was used with this database");
    assert_int_equal(rename(hidden, keys), 0);
    daemon_restart(&d);
    r = get(&admin, "channel/fk", 200);
    assert_non_null(strstr(r.body, "\"settings.secret\""));
    reply_free(&r);
}

static void a_change_counts_at_once(void **state)
{
    struct visitor v = { 0 };
    struct reply r = get(&admin, "wording/zh-cn", 200);
    int version = (int)number_at(r.json, "version");

    (void)state;
    reply_free(&r);
    put(&admin, "wording/zh-cn", version, "{\"greeting\":\"新的问候\"}", 200);
    visitor_enter(&v, &d, "demo", NULL);
    (void)visitor_say(&v, "c1", "你好");
    wire_take(&v.wire, "{s:s,s:s}", "type", "message", "text", "新的问候");
    visitor_free(&v);
    r = get(&admin, "rule/greeting", 404);
    reply_free(&r);
    put(&admin, "rule/greeting", 0, "{\"event\":\"opened\",\"off\":true,\"actions\":[\"say\"],\"wording\":\"greeting\"}", 201);
    visitor_enter(&v, &d, "demo", NULL);
    (void)visitor_say(&v, "c1", "你好");
    wire_take(&v.wire, "{s:s,s:s,s:s}", "type", "message", "form", "contact", "lang", "zh-CN"); /* nobody is there */
    wire_none(&v.wire, "{s:s,s:s}", "type", "message", "text", "新的问候");
    visitor_free(&v);
}

/* The queue of the website opens on that weekday (0: Monday) at that hour, and at no other time; -1: always. */
static void opens(int weekday, int hour)
{
    static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
    char body[160] = "{\"name\":\"客户服务\"}";
    struct reply r = get(&admin, "queue/service", 200);
    int version = atoi(reply_header(&r, "etag") + 1);

    reply_free(&r);
    if (weekday >= 0)
        (void)snprintf(body, sizeof(body), "{\"name\":\"客户服务\",\"hours\":{\"week\":{\"%s\":[\"%02d:00-%02d:00\"]}}}", days[weekday],
                       hour, hour + 1);
    put(&admin, "queue/service", version, body, 200);
}

/* The next time that the visitor is told; before that it may hear that it waits. */
static int64_t parked_until(struct visitor *v)
{
    const json_t *told;

    do
        told = wire_take(&v->wire, "{s:s,s:s}", "type", "state", "state", "waiting");
    while (!json_object_get(told, "until"));
    return number_at(told, "until");
}

static void who_waits_for_the_doors_is_told_when_the_hours_change(void **state)
{
    struct visitor v = { 0 };
    time_t later = time(NULL) + 3 * 86400;
    int day = (gmtime(&later)->tm_wday + 6) % 7; /* in three days, wherever the site is */
    const json_t *told;
    int64_t until;

    (void)state;
    opens(day, 9);
    visitor_enter(&v, &d, "demo", NULL);
    (void)visitor_say(&v, "c1", "关门了吗");
    until = parked_until(&v);
    assert_in_range(until, now_wall_ms() + 86400000, now_wall_ms() + 5 * 86400000LL);
    opens(day, 11); /* two hours later than it was said */
    assert_int_equal(parked_until(&v), until + 2 * 3600000);
    opens(-1, 0);
    do
        told = wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "waiting"); /* the doors are open; and in the line again */
    while (json_object_get(told, "until") || *text_at(told, "unattended") == 'c');
    visitor_free(&v);
}

static const json_t *rule_in(const json_t *answer, const char *key)
{
    const json_t *rules = json_object_get(answer, "rules");

    for (size_t i = 0; i < json_array_size(rules); i++)
        if (strcmp(text_at(json_array_get(rules, i), "rule"), key) == 0)
            return json_array_get(rules, i);
    return NULL;
}

static void a_sample_shows_which_rule_answers_and_why_the_others_do_not(void **state)
{
    static const struct {
        const char *sample, *rule, *verdict, *why;
    } rows[] = {
        { "{\"event\":\"message\",\"text\":\"我要投诉你们\"}", "angry", "fires", NULL },
        { "{\"event\":\"message\",\"text\":\"你好\"}", "angry", "silent", "keywords" },
        { "{\"event\":\"message\",\"text\":\"我要投诉你们\",\"served\":true}", "angry", "held", "mid_talk" },
        { "{\"event\":\"message\",\"text\":\"我要投诉你们\",\"automatic\":true}", "angry", "held", "automatic" },
        { "{\"event\":\"opened\",\"text\":\"hi\",\"staffed\":false}", "nobody", "fires", NULL },
        { "{\"event\":\"opened\",\"text\":\"hi\",\"open\":false}", "outside", "fires", NULL },
        { "{\"event\":\"waiting\",\"wait_ms\":10000}", "wait", "fires", NULL },
        { "{\"event\":\"waiting\",\"wait_ms\":9999}", "wait", "silent", "event" },
        { "{\"event\":\"silent_visitor\",\"wait_ms\":180000}", "silent_visitor", "fires", NULL },
        { "{\"event\":\"message\",\"text\":\"hi\"}", "closing", "silent", "off" },
        /* What is not named is as in a new conversation. */
        { "{\"event\":\"message\",\"text\":\"转人工\",\"staffed\":false}", "person_words_later", "silent", "messages" },
        { "{\"event\":\"message\",\"text\":\"转人工\",\"staffed\":false,\"messages\":2}", "person_words_later", "fires", NULL },
        { "{\"event\":\"message\",\"text\":\"转人工\",\"staffed\":false}", "nobody", "fires", NULL },
        /* Rules of other events have nothing to say. */
        { "{\"event\":\"closing\",\"wait_ms\":60000}", "wait", "silent", "event" },
        { "{\"event\":\"closing\",\"wait_ms\":60000}", "wait_more", "silent", "event" },
        { "{\"event\":\"due\",\"wait_ms\":20000}", "wait", "silent", "event" },
        { "{\"event\":\"due\",\"wait_ms\":20000}", "angry_waits", "fires", NULL },
        { "{\"event\":\"due\",\"wait_ms\":19999}", "angry_waits", "silent", "event" },
        { "{\"event\":\"back\"}", "back", "fires", NULL },
        { "{\"event\":\"away\"}", "away", "fires", NULL },
    };
    static const struct {
        const char *sample, *field;
    } wrong[] = {
        { "{\"text\":5}", "text" },
        { "{\"at\":-5}", "at" },
        { "{\"foo\":1}", "foo" },
        { "{\"staffed\":\"no\"}", "staffed" },
        { "{\"rating\":6}", "rating" },
        { "{\"facts\":{\"vip\":1}}", "facts" },
        { "{\"form\":{}}", "form" },
        { "{\"form\":\"hi\"}", "form" },
        { "{\"form\":{\"phone\":\"abc\"}}", "form" },
        { "{\"form\":{\"phone\":\"13800138000\",\"text\":\" \"}}", "form" },
        { "{\"event\":\"nope\"}", "event" },
        { "{\"queue\":\"nope\"}", "queue" },
        { "{\"channel\":\"nope\"}", "channel" },
    };

    struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r = write_as(&admin, "POST", "/api/v1/sites/demo/try", -1, rows[i].sample, 200);
        const json_t *rule = rule_in(r.json, rows[i].rule);

        if (strcmp(text_at(rule, "verdict"), rows[i].verdict) != 0 || (rows[i].why && strcmp(text_at(rule, "why"), rows[i].why) != 0))
            fail_msg("%s: %s", rows[i].sample, r.body);
        reply_free(&r);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        r = write_as(&admin, "POST", "/api/v1/sites/demo/try", -1, wrong[i].sample, 400);
        if (strcmp(text_at(r.json, "field"), wrong[i].field) != 0)
            fail_msg("%s: %s", wrong[i].sample, r.body);
        reply_free(&r);
    }
    r = write_as(&agent, "POST", "/api/v1/sites/demo/try", -1, "{}", 403);
    reply_free(&r);
}

/* What a form says is looked at like any other word; who has left a message is thanked, and not asked for one. */
static void a_sample_may_be_a_message_form(void **state)
{
#define FORM "\"form\":{\"phone\":\"13800138000\",\"text\":\"我要投诉\"}"
    static const struct {
        const char *sample, *rule, *verdict;
        bool says, mute, thanked;
    } rows[] = {
        { "{\"event\":\"message\"," FORM "}", "angry", "fires", false, false, true },
        { "{\"event\":\"opened\"," FORM ",\"staffed\":false}", "nobody", "fires", false, true, true },
        { "{\"event\":\"message\"," FORM ",\"served\":true}", "angry", "held", false, false, false },
        { "{\"event\":\"message\"," FORM ",\"automatic\":true}", "angry", "held", false, false, false },
        { "{\"event\":\"opened\",\"text\":\"hi\",\"staffed\":false}", "nobody", "fires", true, false, false },
        { "{\"event\":\"waiting\"," FORM ",\"wait_ms\":10000}", "wait", "fires", true, false, false },
    };
#undef FORM

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply r = write_as(&admin, "POST", "/api/v1/sites/demo/try", -1, rows[i].sample, 200);
        const json_t *rule = rule_in(r.json, rows[i].rule);

        if (strcmp(text_at(rule, "verdict"), rows[i].verdict) != 0 || (*text_at(rule, "text") != 0) != rows[i].says ||
            (strcmp(text_at(rule, "why"), "form") == 0) != rows[i].mute ||
            (strcmp(text_at(r.json, "thanks"), "您的留言已收到，谢谢。我们会尽快与您联系。") == 0) != rows[i].thanked)
            fail_msg("%s: %s", rows[i].sample, r.body);
        reply_free(&r);
    }
}

/* Tried, then said: the same words, with the hour at which the doors open. */
static void what_is_tried_reads_as_what_is_said(void **state)
{
    struct visitor v = { 0 };
    struct reply r;
    time_t later = time(NULL) + 3 * 86400;
    char said[400];

    (void)state;
    opens((gmtime(&later)->tm_wday + 6) % 7, 9);
    visitor_enter(&v, &d, "demo", NULL);
    (void)visitor_say(&v, "c1", "关门了吗");
    (void)snprintf(said, sizeof(said), "%s", text_at(wire_take(&v.wire, "{s:s,s:s}", "type", "message", "form", "contact"), "text"));
    r = write_as(&admin, "POST", "/api/v1/sites/demo/try", -1, "{\"event\":\"outside\",\"text\":\"关门了吗\"}", 200);
    assert_string_equal(text_at(rule_in(r.json, "outside"), "text"), said);
    assert_non_null(strstr(said, "09:00"));
    reply_free(&r);
    opens(-1, 0);
    visitor_free(&v);
}

static void what_is_not_saved_yet_can_be_tried_and_is_checked_like_a_save(void **state)
{
#define ARTICLE(published)                                                                                                                \
    "{\"kind\":\"article\",\"key\":\"stairs\",\"body\":{\"texts\":{\"zh-CN\":{\"title\":\"送货上楼收费吗\",\"body\":\"免费\"}}," \
    "\"published\":" published "}}"
#define ANSWERING(threshold)                                                                                                    \
    "{\"kind\":\"rule\",\"key\":\"ours\",\"body\":{\"event\":\"message\",\"actions\":[\"answer\"],\"wording\":\"suggestions\"," \
    "\"threshold\":" threshold "}}"
    static const struct {
        const char *documents;
        int status;
        const char *verdict, *why; /* of the rule "ours"; or what is in the refusal */
        int hits;                  /* articles that are near */
    } rows[] = {
        { ANSWERING("70") "," ARTICLE("true"), 200, "fires", NULL, 2 },
        { ANSWERING("100") "," ARTICLE("true"), 200, "silent", "articles", 2 },
        { ANSWERING("70") "," ARTICLE("false"), 200, "silent", "articles", 1 },
        { ANSWERING("101"), 400, NULL, "threshold", 0 },
        { "{\"kind\":\"queue\",\"key\":\"fresh\",\"body\":{\"name\":\"x\",\"bot\":\"nobody\"}}", 400, NULL, "there is no bot", 0 },
        { "{\"kind\":\"rule\",\"key\":\"NO\",\"body\":{}}", 400, NULL, "a key is", 0 },
        { "{\"kind\":\"rule\",\"key\":\"ours\"}", 400, NULL, "a body must be an object", 0 },
    };
    char body[1200];
    struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"text\":\"送货上楼要收费吗\",\"staffed\":true,\"open\":true,\"documents\":[%s]}",
                       rows[i].documents);
        r = write_as(&admin, "POST", "/api/v1/sites/demo/try", -1, body, rows[i].status);
        if (rows[i].verdict) {
            const json_t *rule = rule_in(r.json, "ours");

            if (strcmp(text_at(rule, "verdict"), rows[i].verdict) != 0 || (rows[i].why && strcmp(text_at(rule, "why"), rows[i].why) != 0) ||
                json_array_size(json_object_get(r.json, "articles")) != (size_t)rows[i].hits)
                fail_msg("%s: %s", body, r.body);
        } else if (!strstr(r.body, rows[i].why))
            fail_msg("%s: %s", body, r.body);
        reply_free(&r);
    }
    r = get(&admin, "rule/ours", 404); /* nothing was stored */
    reply_free(&r);
    r = write_as(&agent, "POST", "/api/v1/sites/demo/try", -1, "{\"documents\":[]}", 403);
    reply_free(&r);
#undef ARTICLE
#undef ANSWERING
}

static int ctl(char **out, const char *a, const char *b, const char *c)
{
    const char *argv[] = { daemon_program("kefuctl"), "--state", d.state, a, b, c, NULL };

    return program_run(argv, NULL, out);
}

static void a_whole_site_goes_out_and_comes_back(void **state)
{
    char path[120], *out, *set;
    json_t *root, *listed;
    FILE *f;

    (void)state;
    put(&admin, "channel/wa", 0, WHATSAPP(ORDER), 201);
    if (ctl(&set, "site", "export", "demo") != 0)
        fail_msg("%s", set);
    (void)snprintf(path, sizeof(path), "%s/set.json", d.dir);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(set, f) >= 0 && fclose(f) == 0);
    if (ctl(&out, "site", "diff", path) != 0)
        fail_msg("%s", out);
    assert_string_equal(out, "nothing differs\n");
    free(out);
    root = json_loads(set, 0, NULL);
    assert_non_null(root);
    free(set);
    listed = value_at(root, "channels.wa.templates.0");
    assert_string_equal(text_at(listed, "fields.1"), "状态");
    json_object_set_new(listed, "title", json_string("订单"));
    json_object_set_new(json_object_get(root, "queues"), "vip", json_pack("{s:s}", "name", "贵宾"));
    json_object_set_new(value_at(root, "queues.sales"), "name", json_string("售前"));
    json_array_remove(json_object_get(root, "canned"), 0);
    assert_int_equal(json_dump_file(root, path, 0), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ctl(&out, "site", i ? "apply" : "diff", path), 0);
        assert_non_null(strstr(out, "adds     queue vip"));
        assert_non_null(strstr(out, "changes  queue sales"));
        assert_non_null(strstr(out, "changes  channel wa"));
        assert_non_null(strstr(out, "removes  canned "));
        free(out);
    }
    assert_int_equal(ctl(&out, "site", "diff", path), 0);
    assert_string_equal(out, "nothing differs\n");
    free(out);
    json_object_set_new(value_at(root, "channels.web"), "templates", json_pack("[O]", listed));
    assert_int_equal(json_dump_file(root, path, 0), 0);
    assert_int_equal(ctl(&out, "site", "apply", path), 1);
    assert_non_null(strstr(out, "the adapter widget sends none"));
    free(out);
    json_object_del(value_at(root, "channels.web"), "templates");
    json_object_set_new(value_at(root, "queues.sales"), "name", json_string(""));
    assert_int_equal(json_dump_file(root, path, 0), 0);
    assert_int_equal(ctl(&out, "site", "apply", path), 1);
    assert_non_null(strstr(out, "name has 0 characters"));
    free(out);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_that_was_not_seen_is_not_overwritten),
        cmocka_unit_test(a_version_is_named_as_it_was_given),
        cmocka_unit_test(who_has_the_version_already_is_not_sent_it_again),
        cmocka_unit_test(only_administrators_change_the_house),
        cmocka_unit_test(agents_keep_replies_of_their_own),
        cmocka_unit_test(replies_of_a_queue_are_for_those_who_work_in_it),
        cmocka_unit_test(a_mistake_is_refused_with_its_field_and_its_reason),
        cmocka_unit_test(what_others_need_cannot_be_taken_away),
        cmocka_unit_test(secrets_are_written_and_never_read),
        cmocka_unit_test(the_disk_and_the_log_show_no_secret),
        cmocka_unit_test(a_change_counts_at_once),
        cmocka_unit_test(who_waits_for_the_doors_is_told_when_the_hours_change),
        cmocka_unit_test(a_sample_shows_which_rule_answers_and_why_the_others_do_not),
        cmocka_unit_test(a_sample_may_be_a_message_form),
        cmocka_unit_test(what_is_tried_reads_as_what_is_said),
        cmocka_unit_test(what_is_not_saved_yet_can_be_tried_and_is_checked_like_a_save),
        cmocka_unit_test(a_whole_site_goes_out_and_comes_back),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
