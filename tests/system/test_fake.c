/* The fake channel beside a real kefud: a platform as odd as the oddest (protocols/fake.h says how). */
#include "tests/support/cast.h"
#include "tests/support/platform.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITE  "odd"
#define TOKEN "shared-token"
#define APP   "our-app"

static struct daemon d;
static struct platform p;
static struct staff agent;
static char hook[64];

/* Time of the notices, in seconds: each has its own, as a platform's would. */
static int64_t clock_s;

static const char set[] =
    "{\"site\":{\"key\":\"" SITE
    "\",\"name\":\"怪店\",\"language\":\"zh-CN\",\"file_max\":65536},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"fake\":{\"adapter\":\"fake\",\"name\":\"怪平台\",\"queue\":\"desk\","
    "\"settings\":{\"url\":\"http://127.0.0.1:%d/api\",\"app\":\"" APP "\",\"secret\":\"very-secret\",\"token\":\"" TOKEN "\"}}},"
    "\"articles\":{\"return\":{\"published\":true,\"texts\":{\"zh-CN\":{\"title\":\"怎么退货\",\"body\":\"七天内可以退。\"}}}},"
    "\"people\":[{\"email\":\"agent@odd.example\",\"name\":\"接线员\",\"number\":\"7\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],"
    "\"capacity\":50}]}";

/* The two steps in which kefud gets its access token. */
static void give_token(const char *token)
{
    char proof[65], answer[120];

    platform_take(&p);
    assert_string_equal(p.path, "/api/token");
    assert_string_equal(text_at(p.json, "app"), APP);
    platform_answer(&p, 200, NULL, "{\"challenge\":\"prove-it\"}");
    platform_take(&p);
    hmac_hex("very-secret", "prove-it", proof);
    assert_string_equal(text_at(p.json, "challenge"), "prove-it");
    assert_string_equal(text_at(p.json, "proof"), proof);
    (void)snprintf(answer, sizeof(answer), "{\"token\":\"%s\",\"expires_in\":\"7200\"}", token);
    platform_answer(&p, 200, NULL, answer);
}

/* The next page that is asked for; greetings that are sent meanwhile are taken. */
static void take_pull(const char *token, const char *cursor)
{
    for (platform_take(&p); strncmp(p.path, "/api/send?", 10) == 0; platform_take(&p))
        platform_answer(&p, 200, NULL, "{\"code\":0}");
    assert_true(strncmp(p.path, "/api/pull?token=", 16) == 0);
    assert_string_equal(p.path + 16, token);
    assert_string_equal(text_at(p.json, "cursor"), cursor);
}

static int start(void **state)
{
    char text[1600];
    json_t *made;

    (void)state;
    platform_open(&p);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    (void)snprintf(text, sizeof(text), set, p.port);
    made = site_add(&d, text);
    (void)snprintf(hook, sizeof(hook), "%s", text_at(made, "channels.0.hook"));
    assert_int_equal(staff_try_sign_in(&agent, &d, "agent@odd.example", text_at(made, "people.0.password")), 201);
    json_decref(made);
    staff_enter(&agent, &d, SITE);
    staff_presence(&agent, "online");
    daemon_log_wait(&d, "event=live_rebuilt site=" SITE);
    clock_s = now_wall_ms() / 1000;
    give_token("token-one"); /* what came while we were away is asked for at once */
    take_pull("token-one", "");
    platform_answer(&p, 200, NULL, "{\"code\":0,\"items\":[],\"next\":\"\",\"more\":0}");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    daemon_finish(&d);
    platform_close(&p);
    return 0;
}

/* ---- the platform's side ---- */

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* hook?signature=…&timestamp=…&nonce=… ; static memory. */
static const char *signed_path(const char *token, const char *body)
{
    static char path[300];
    static int nonces;
    const char *parts[4];
    unsigned char digest[EVP_MAX_MD_SIZE];
    char at[24], nonce[16], hex[65];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned n = 0;

    (void)snprintf(at, sizeof(at), "%lld", (long long)clock_s);
    (void)snprintf(nonce, sizeof(nonce), "n%d", ++nonces);
    parts[0] = token;
    parts[1] = at;
    parts[2] = nonce;
    parts[3] = body;
    qsort(parts, 4, sizeof(parts[0]), by_bytes);
    EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    for (int i = 0; i < 4; i++)
        EVP_DigestUpdate(md, parts[i], strlen(parts[i]));
    EVP_DigestFinal_ex(md, digest, &n);
    EVP_MD_CTX_free(md);
    for (unsigned i = 0; i < n; i++)
        (void)snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
    (void)snprintf(path, sizeof(path), "%s?signature=%s&timestamp=%s&nonce=%s", hook, hex, at, nonce);
    return path;
}

/* The answer to a notice, freed by the caller. */
static struct reply notice(const char *body)
{
    struct reply r;

    web_ask(&d, &(struct ask){ .path = signed_path(TOKEN, body), .body = body }, &r);
    return r;
}

/* A notice that is answered with `success`, at once or after the time that an answer may be held. */
static void takes(const char *body)
{
    struct reply r = notice(body);

    if (r.status != 200 || !r.body || strcmp(r.body, "success") != 0)
        fail_msg("%s was answered with %d %s", body, r.status, r.body ? r.body : "");
    reply_free(&r);
}

/* A text of somebody, with a handle for replies; static memory. */
static const char *text_from(const char *user, const char *id, const char *text)
{
    static char body[600];

    (void)snprintf(
        body, sizeof(body),
        "{\"to\":\"shop\",\"from\":\"%s\",\"at\":%lld,\"id\":%s,\"kind\":\"text\",\"text\":\"%s\",\"name\":\"阿怪\",\"handle\":\"h-%s\","
        "\"handle_s\":3600}",
        user, (long long)++clock_s, id, text, user);
    return body;
}

/* ---- the agent's side ---- */

static const char *assigned(void)
{
    static char conv[40];

    (void)snprintf(
        conv, sizeof(conv), "%s",
        text_at(wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "fake"), "conversation.id"));
    return conv;
}

static void status(int64_t seq, const char *state)
{
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", state);
}

static void close_talk(const char *conv)
{
    wire_sendf(&agent.wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"bye\"}", conv);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "ack", "cid", "bye", "conversation", conv);
}

/* ---- the tests ---- */

static void the_handshake_is_echoed(void **state)
{
    char path[400];
    struct reply r;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s&echostr=a%%2Bb%%201", signed_path(TOKEN, ""));
    web_ask(&d, &(struct ask){ .path = path }, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "a+b 1");
    reply_free(&r);
    (void)snprintf(path, sizeof(path), "%s&echostr=a", signed_path("another", ""));
    web_ask(&d, &(struct ask){ .path = path }, &r);
    assert_int_equal(r.status, 403);
    reply_free(&r);
}

static void the_first_answer_rides_in_the_answer_to_the_notice(void **state)
{
    struct reply r = notice(text_from("u1", "9007199254740993", "你好"));

    (void)state;
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(r.json, "kind"), "text");
    assert_string_equal(text_at(r.json, "to"), "u1");
    assert_string_equal(text_at(r.json, "from"), "shop");
    assert_true(*text_at(r.json, "text")); /* the greeting */
    reply_free(&r);
    close_talk(assigned());
}

/* Signs and sends a notice, and leaves its answer for later. */
static int notice_begin(const char *body)
{
    char head[500];
    int fd = web_connect(&d, false), n;

    n = snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n\r\n", signed_path(TOKEN, body),
                 d.port, strlen(body));
    web_send(fd, head, (size_t)n);
    web_send(fd, body, strlen(body));
    return fd;
}

static void a_quick_reply_of_the_agent_rides_along_too(void **state)
{
    const char *conv;
    struct reply r;
    int64_t seq;
    int fd;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u2", "21", "在吗")) }[0]);
    conv = assigned();
    fd = notice_begin(text_from("u2", "22", "快点"));
    wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "快点");
    seq = staff_say(&agent, conv, "r1", "马上");
    assert_true(web_read(fd, false, &r));
    assert_string_equal(text_at(r.json, "text"), "马上");
    status(seq, "sent");
    reply_free(&r);
    (void)close(fd);
    close_talk(conv);
}

static void a_repeated_notice_is_one_message(void **state)
{
    char *body = strdup(text_from("u3", "31", "只此一次"));
    const json_t *page;
    const char *conv;
    int n = 0;

    (void)state;
    reply_free(&(struct reply[]){ notice(body) }[0]);
    conv = assigned();
    for (int i = 0; i < 2; i++)
        takes(body);
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    page = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    for (size_t i = 0; i < json_array_size(value_at(page, "messages")); i++)
        n += strcmp(text_at(json_array_get(value_at(page, "messages"), i), "text"), "只此一次") == 0;
    assert_int_equal(n, 1);
    free(body);
    close_talk(conv);
}

static void a_reply_takes_the_token_and_counts_the_handle(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u4", "41", "慢慢来")) }[0]);
    conv = assigned();
    seq = staff_say(&agent, conv, "r1", "第一句");
    platform_take(&p);
    assert_string_equal(p.path, "/api/send?token=token-one");
    assert_string_equal(text_at(p.json, "to"), "u4");
    assert_string_equal(text_at(p.json, "handle"), "h-u4");
    assert_string_equal(text_at(p.json, "text"), "第一句");
    assert_int_equal(number_at(p.json, "n"), 1);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");
    seq = staff_say(&agent, conv, "r2", "第二句");
    platform_take(&p); /* the same token, the next of five */
    assert_string_equal(p.path, "/api/send?token=token-one");
    assert_int_equal(number_at(p.json, "n"), 2);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");

    /* A token that has died early is renewed, and the same message goes out again. */
    seq = staff_say(&agent, conv, "r3", "第三句");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"code\":42001,\"msg\":\"expired\"}");
    give_token("token-two");
    platform_take(&p);
    assert_string_equal(p.path, "/api/send?token=token-two");
    assert_string_equal(text_at(p.json, "text"), "第三句");
    assert_int_equal(number_at(p.json, "n"), 3);
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");

    /* Two more, then the handle is used up: that is said at once, and nobody is asked. */
    for (int i = 4; i <= 5; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "r%d", i);
        seq = staff_say(&agent, conv, cid, "又一句");
        platform_take(&p);
        assert_int_equal(number_at(p.json, "n"), i);
        platform_answer(&p, 200, NULL, "{\"code\":0}");
        status(seq, "sent");
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "closed", "left", 0);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"r6\",\"kind\":\"text\",\"text\":\"第六句\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "r6"), "conflict");
    reply_free(&(struct reply[]){ notice(text_from("u4", "42", "还在吗")) }[0]);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5);
    close_talk(conv);
}

static void without_an_answer_nothing_is_sent_twice(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u5", "51", "断线")) }[0]);
    conv = assigned();
    seq = staff_say(&agent, conv, "r1", "到了没有");
    platform_take(&p);
    platform_drop(&p);
    status(seq, "uncertain");
    assert_false(platform_take_within(&p, 3000));
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again\",\"seq\":%d}", conv, (int)seq);
    assert_string_equal(wire_verdict(&agent.wire, "again"), "ack");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"code\":45015,\"msg\":\"too old\"}");
    assert_non_null(
        strstr(text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
               "too old"));
    close_talk(conv);
}

static json_t *outbox(const char *state)
{
    char path[80];
    struct reply r;
    json_t *ret;

    (void)snprintf(path, sizeof(path), "/api/v1/outbox?site=" SITE "&state=%s", state);
    r = web_expect(&d, 200, &(struct ask){ .path = path, .control = true });
    ret = json_incref(r.json);
    reply_free(&r);
    return ret;
}

static int handle(const char *id, const char *act)
{
    char path[120];
    struct reply r;
    int status;

    (void)snprintf(path, sizeof(path), "/api/v1/outbox/%s/%s?site=" SITE, id, act);
    web_ask(&d, &(struct ask){ .method = "POST", .path = path, .control = true }, &r);
    status = r.status;
    reply_free(&r);
    return status;
}

static void what_has_not_got_through_is_found_and_handled_by_hand(void **state)
{
    char conv[40], id[40], other[40];
    json_t *list;
    int64_t seq;

    (void)state;
    for (size_t i = json_array_size(value_at(list = outbox("trouble"), "items")); i-- > 0;) /* what the tests before have left */
        assert_int_equal(handle(text_at(json_array_get(value_at(list, "items"), i), "id"), "drop"), 204);
    json_decref(list);
    reply_free(&(struct reply[]){ notice(text_from("u55", "551", "有人吗")) }[0]);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    seq = staff_say(&agent, conv, "r1", "没到");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"code\":43004,\"msg\":\"the user has blocked you\"}");
    status(seq, "failed");

    list = outbox("trouble");
    assert_int_equal(json_array_size(value_at(list, "items")), 1);
    assert_string_equal(text_at(list, "items.0.state"), "failed");
    assert_string_equal(text_at(list, "items.0.conversation"), conv);
    assert_int_equal(number_at(list, "items.0.seq"), seq);
    assert_non_null(strstr(text_at(list, "items.0.reason"), "the user has blocked you"));
    (void)snprintf(id, sizeof(id), "%s", text_at(list, "items.0.id"));
    json_decref(list);

    /* Sent again, it is in nobody's list; without an answer it is uncertain, and stays where it is until somebody says what to do. */
    assert_int_equal(handle(id, "resend"), 204);
    status(seq, "sending");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "text"), "没到");
    platform_drop(&p);
    status(seq, "uncertain");
    assert_int_equal(handle(id, "resend"), 409);
    list = outbox("all");
    assert_int_equal(json_array_size(value_at(list, "items")), 1);
    assert_string_equal(text_at(list, "items.0.state"), "uncertain");
    (void)snprintf(other, sizeof(other), "%s", text_at(list, "items.0.id"));
    assert_string_not_equal(other, id);
    json_decref(list);
    assert_int_equal(handle(other, "drop"), 204);
    assert_int_equal(handle(other, "drop"), 409);
    list = outbox("all");
    assert_int_equal(json_array_size(value_at(list, "items")), 0);
    json_decref(list);
    assert_int_equal(handle("01936b2e-0000-7000-8000-00000000dead", "drop"), 404);
    close_talk(conv);
}

static json_t *heard(void)
{
    struct reply r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/sites/" SITE "/channels", .control = true });
    json_t *ret = json_incref(json_array_get(value_at(r.json, "items"), 0));

    reply_free(&r);
    return ret;
}

static void what_a_webhook_failed_at_is_seen_and_no_secret_with_it(void **state)
{
    char path[200], *text;
    json_t *c;
    struct reply r;

    (void)state;
    takes("{\"to\":\"shop\",\"from\":\"u9\",\"at\":9,\"kind\":\"enter\"}");
    c = heard();
    assert_string_equal(text_at(c, "events.0.verdict"), "accepted");
    assert_int_equal(number_at(c, "events.0.status"), 200);
    json_decref(c);
    (void)snprintf(path, sizeof(path), "%s?signature=%064d&timestamp=1&nonce=n", hook, 0);
    web_ask(&d, &(struct ask){ .path = path, .body = "{}" }, &r);
    assert_int_equal(r.status, 401);
    reply_free(&r);
    web_ask(&d, &(struct ask){ .path = signed_path(TOKEN, "no json"), .body = "no json" }, &r);
    assert_int_equal(r.status, 400);
    reply_free(&r);
    c = heard();
    assert_string_equal(text_at(c, "events.0.verdict"), "malformed_body");
    assert_string_equal(text_at(c, "events.1.verdict"), "bad_signature");
    assert_non_null(strstr(text_at(c, "callback"), hook));
    assert_true(json_is_true(value_at(c, "opens")));
    assert_true(json_is_true(value_at(c, "token.held")));
    text = json_dumps(c, 0);
    assert_null(strstr(text, "very-secret"));
    assert_null(strstr(text, TOKEN));
    free(text);
    for (int i = 0; i < 30; i++) {
        web_ask(&d, &(struct ask){ .path = path, .body = "{}" }, &r);
        reply_free(&r);
    }
    json_decref(c);
    c = heard();
    assert_int_equal(json_array_size(value_at(c, "events")), 20);
    json_decref(c);
}

static void a_busy_platform_is_asked_again(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u6", "61", "忙吗")) }[0]);
    conv = assigned();
    seq = staff_say(&agent, conv, "r1", "不忙");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"code\":-1,\"msg\":\"busy\"}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "text"), "不忙");
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");
    close_talk(conv);
}

static void news_are_fetched_page_by_page_and_once(void **state)
{
    char page[1400], item[600];
    const json_t *talk;
    const char *conv;

    (void)state;
    takes("{\"to\":\"shop\",\"from\":\"platform\",\"at\":1,\"kind\":\"news\",\"ticket\":\"t-1\"}");
    take_pull("token-two", "");
    assert_string_equal(text_at(p.json, "ticket"), "t-1");
    (void)snprintf(item, sizeof(item), "%s", text_from("u7", "71", "拉取一"));
    (void)snprintf(page, sizeof(page), "{\"code\":0,\"items\":[%s],\"next\":\"c-1\",\"more\":1}", item);
    platform_answer(&p, 200, NULL, page);
    conv = assigned();
    take_pull("token-two", "c-1");
    (void)snprintf(page, sizeof(page), "{\"code\":0,\"items\":[%s,7,%s],\"next\":\"c-2\",\"more\":0}", item,
                   text_from("u7", "72", "拉取二"));
    platform_answer(&p, 200, NULL, page);
    wire_take(&agent.wire, "{s:s,s:s}", "type", "message", "text", "拉取二");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    talk = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_int_equal(json_array_size(value_at(talk, "messages")), 4); /* with the greeting and the joining */
    takes("{\"to\":\"shop\",\"from\":\"platform\",\"at\":2,\"kind\":\"news\",\"ticket\":\"t-2\"}");
    take_pull("token-two", "c-2"); /* from where the last page has ended */
    platform_answer(&p, 200, NULL, "{\"code\":0,\"items\":[],\"next\":\"c-2\",\"more\":0}");
    close_talk(conv);
}

static void token_and_cursor_survive_and_what_was_missed_is_fetched(void **state)
{
    (void)state;
    staff_leave(&agent);
    daemon_kill(&d);
    daemon_restart(&d);
    staff_enter(&agent, &d, SITE);
    take_pull("token-two", "c-2");
    platform_answer(&p, 200, NULL, "{\"code\":0,\"items\":[],\"next\":\"c-2\",\"more\":0}");
}

static void a_visitor_may_take_a_message_back(void **state)
{
    char body[200];
    const char *conv;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u8", "81", "说漏嘴了")) }[0]);
    conv = assigned();
    (void)snprintf(body, sizeof(body), "{\"to\":\"shop\",\"from\":\"u8\",\"at\":%lld,\"kind\":\"recall\",\"ref\":\"81\"}",
                   (long long)++clock_s);
    takes(body);
    wire_take(&agent.wire, "{s:s,s:s,s:i,s:s}", "type", "changed", "conversation", conv, "seq", 1, "kind", "removed");
    close_talk(conv);
}

/* ---- files that come in ---- */

static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on";

static const char *media_from(const char *user, const char *id, const char *kind, const char *media)
{
    static char body[600];

    (void)snprintf(body, sizeof(body),
                   "{\"to\":\"shop\",\"from\":\"%s\",\"at\":%lld,\"id\":%s,\"kind\":\"%s\",\"media\":\"%s\",\"handle\":\"h-%s\","
                   "\"handle_s\":3600}",
                   user, (long long)++clock_s, id, kind, media, user);
    return body;
}

/* The first notice of somebody: the greeting may ride in its answer. */
static void opens(const char *body)
{
    struct reply r = notice(body);

    assert_int_equal(r.status, 200);
    reply_free(&r);
}

/* The next request that is neither a reply nor a sign of typing. */
static void take_beside_replies(void)
{
    for (platform_take(&p); strncmp(p.path, "/api/send?", 10) == 0 || strncmp(p.path, "/api/typing?", 12) == 0; platform_take(&p))
        platform_answer(&p, 200, NULL, "{\"code\":0}");
}

/* What the agent is told of the message once its file is here, or is not; borrowed. */
static const json_t *changed(const char *conv)
{
    return wire_take(&agent.wire, "{s:s,s:s}", "type", "changed", "conversation", conv);
}

static void an_image_is_fetched_after_it_was_acknowledged_and_then_shown(void **state)
{
    const json_t *m;
    char conv[40], path[64];
    struct reply r;

    (void)state;
    opens(media_from("u-img", "70001", "image", "m/1"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0,\"limit\":1}", conv);
    m = wire_take(&agent.wire, "{s:s}", "type", "history");
    assert_string_equal(text_at(m, "messages.0.text"), "[image]");
    assert_string_equal(text_at(m, "messages.0.media.state"), "fetching");
    assert_null(value_at(m, "messages.0.fetch"));
    take_beside_replies();
    assert_string_equal(p.method, "GET");
    assert_true(strncmp(p.path, "/api/media?token=token-", 23) == 0);
    assert_non_null(strstr(p.path, "&id=m%2F1"));
    platform_answer(&p, 200, "Content-Type: text/html\r\n", gif);
    m = changed(conv);
    assert_string_equal(text_at(m, "kind"), "image");
    assert_string_equal(text_at(m, "text"), "");
    assert_string_equal(text_at(m, "file.mime"), "image/gif");
    assert_int_equal(number_at(m, "file.width"), 258);
    assert_int_equal(number_at(m, "file.size"), (int64_t)strlen(gif));
    assert_null(value_at(m, "media"));
    (void)snprintf(path, sizeof(path), "/files/%s", text_at(m, "file.id"));
    r = web_expect(&d, 200, &(struct ask){ .path = path, .cookie = agent.cookie });
    assert_string_equal(r.body, gif);
    reply_free(&r);
    web_status(&d, 404, &(struct ask){ .path = path });
    close_talk(conv);
}

static void a_voice_is_fetched_where_the_platform_says_and_not_everywhere(void **state)
{
    char conv[40], answer[200];
    const json_t *m;

    (void)state;
    opens(media_from("u-voice", "70011", "voice", "v1"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    take_beside_replies();
    (void)snprintf(answer, sizeof(answer), "{\"url\":\"http://127.0.0.1:%d/cdn/v1\"}", p.port);
    platform_answer(&p, 200, NULL, answer);
    take_beside_replies();
    assert_string_equal(p.path, "/cdn/v1"); /* without the token */
    platform_answer(&p, 200, NULL, "#!AMR\n and sound");
    m = changed(conv);
    assert_string_equal(text_at(m, "file.name"), "file");

    /* Another name of this machine is another host, and a private one: nobody asks there, whoever says so. */
    takes(media_from("u-voice", "70012", "voice", "v2"));
    take_beside_replies();
    (void)snprintf(answer, sizeof(answer), "{\"url\":\"http://localhost:%d/cdn/v2\"}", p.port);
    platform_answer(&p, 200, NULL, answer);
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "[audio: could not be fetched, its address is not allowed]");
    assert_string_equal(text_at(m, "media.state"), "failed");
    assert_string_equal(text_at(m, "media.reason"), "refused");
    close_talk(conv);
}

static void what_cannot_be_fetched_says_so_and_loses_nothing(void **state)
{
    static char large[70000];
    char conv[40];
    const json_t *m;

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    opens(media_from("u-lost", "70021", "image", "gone"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    take_beside_replies();
    platform_answer(&p, 404, NULL, "no such media");
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "[image: could not be fetched, it is not there any more]");
    assert_string_equal(text_at(m, "media.reason"), "gone");

    /* Asked for again by hand, it may be there after all; what is there, or never failed, is not asked for. */
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again1\",\"seq\":1}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "again1"), "ack");
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "[image]");
    assert_string_equal(text_at(m, "media.state"), "fetching");
    take_beside_replies();
    platform_answer(&p, 404, NULL, "still no such media");
    assert_string_equal(text_at(changed(conv), "media.reason"), "gone");
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again2\",\"seq\":1}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "again2"), "ack");
    assert_string_equal(text_at(changed(conv), "media.state"), "fetching");
    take_beside_replies();
    platform_answer(&p, 200, NULL, gif);
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "");
    assert_string_equal(text_at(m, "file.mime"), "image/gif");
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again3\",\"seq\":1}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "again3"), "conflict");
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again2\",\"seq\":1}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "again2"), "ack"); /* the repeat is answered as before */

    takes(media_from("u-lost", "70022", "image", "large"));
    take_beside_replies();
    platform_answer(&p, 200, NULL, large);
    m = changed(conv);
    assert_string_equal(text_at(m, "media.reason"), "too_large");

    /* Trouble that passes is waited for; words do not wait behind it. */
    takes(media_from("u-lost", "70023", "image", "later"));
    take_beside_replies();
    platform_answer(&p, 503, NULL, NULL);
    (void)staff_say(&agent, conv, "m1", "收到");
    for (bool said = false, got = false; !said || !got;) {
        platform_take(&p);
        if (strncmp(p.path, "/api/send?", 10) == 0) {
            said |= strcmp(text_at(p.json, "text"), "收到") == 0;
            platform_answer(&p, 200, NULL, "{\"code\":0}");
        } else {
            got = true;
            platform_answer(&p, 200, NULL, gif);
        }
    }
    assert_string_equal(text_at(changed(conv), "file.mime"), "image/gif");
    close_talk(conv);
}

/* ---- files that go out ---- */

static const char *agents_file(const char *name, const char *bytes)
{
    static char id[40];
    char path[100];
    struct reply r;

    (void)snprintf(path, sizeof(path), "/files?site=" SITE "&name=%s", name);
    r = web_expect(&d, 201, &(struct ask){ .path = path, .cookie = agent.cookie, .csrf = agent.csrf, .origin = "", .body = bytes });
    (void)snprintf(id, sizeof(id), "%s", text_at(r.json, "id"));
    reply_free(&r);
    return id;
}

static int64_t say_image(const char *conv, const char *cid)
{
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"image\",\"file\":\"%s\"}", conv, cid,
               agents_file("a.gif", gif));
    return number_at(wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
}

static void an_image_is_taken_there_before_it_is_sent(void **state)
{
    char conv[40];
    int64_t seq;

    (void)state;
    opens(text_from("u-out", "70031", "请发图"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    seq = say_image(conv, "i1");
    take_beside_replies();
    assert_true(strncmp(p.path, "/api/upload?token=token-", 24) == 0);
    assert_string_equal(head_value(p.head, "Content-Type"), "image/gif");
    assert_string_equal(p.body, gif);
    platform_answer(&p, 200, NULL, "{\"code\":-1,\"msg\":\"busy\"}"); /* once more, from the beginning */
    take_beside_replies();
    assert_true(strncmp(p.path, "/api/upload?token=token-", 24) == 0);
    platform_answer(&p, 200, NULL, "{\"code\":0,\"media\":\"up-1\"}");
    platform_take(&p);
    assert_true(strncmp(p.path, "/api/send?", 10) == 0);
    assert_string_equal(text_at(p.json, "kind"), "image");
    assert_string_equal(text_at(p.json, "media"), "up-1");
    assert_null(json_object_get(p.json, "url"));
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");

    seq = say_image(conv, "i2");
    take_beside_replies();
    platform_answer(&p, 200, NULL, "{\"code\":40007,\"msg\":\"not an image\"}");
    assert_non_null(
        strstr(text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
               "not an image"));
    close_talk(conv);
}

static void a_long_text_goes_in_parts_and_is_one_message(void **state)
{
    static char line[61], text[1300];
    char conv[40], got[1300] = "";
    int64_t seq;
    int parts = 0;

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    for (int i = 0; i < 20; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.58s%d\n", line, i % 10);
    opens(text_from("u-long", "70071", "说明书"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    wire_sendf(&agent.wire, "{\"type\":\"read\",\"conversation\":\"%s\",\"cid\":\"rd\",\"seq\":1}", conv);
    seq = number_at((wire_pack(&agent.wire, "{s:s,s:s,s:s,s:s,s:s}", "type", "message", "conversation", conv, "cid", "long", "kind", "text",
                               "text", text),
                     wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", "long")),
                    "seq");
    while (strlen(got) < strlen(text)) {
        platform_take(&p);
        if (strncmp(p.path, "/api/send?", 10) == 0 && text_at(p.json, "text")[0] == 'x') {
            assert_true(strlen(text_at(p.json, "text")) <= 600);
            assert_int_equal(number_at(p.json, "n") > parts, true); /* each costs a reply */
            (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s", text_at(p.json, "text"));
            parts++;
        }
        platform_answer(&p, 200, NULL, "{\"code\":0}");
    }
    assert_string_equal(got, text);
    assert_int_equal(parts, 2);
    status(seq, "sent");
    close_talk(conv);
}

/* ---- what else people do there ---- */

static void notice_about(const char *user, const char *more)
{
    char body[400];

    (void)snprintf(body, sizeof(body), "{\"to\":\"shop\",\"from\":\"%s\",\"at\":%lld,%s}", user, (long long)++clock_s, more);
    takes(body);
}

static void what_a_colleague_writes_in_the_platforms_own_app_is_part_of_the_talk(void **state)
{
    char conv[40];
    const json_t *m;

    (void)state;
    opens(text_from("u-echo", "70041", "在吗"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    notice_about("u-echo", "\"id\":70042,\"kind\":\"text\",\"text\":\"我在手机上答的\",\"origin\":5,\"by\":\"小李\"");
    m = wire_take(&agent.wire, "{s:s,s:s,s:{s:s,s:s}}", "type", "message", "text", "我在手机上答的", "from", "role", "agent", "name",
                  "小李");
    assert_string_equal(text_at(m, "conversation"), conv);
    assert_string_equal(text_at(m, "state"), ""); /* it is not sent there a second time */
    notice_about("u-echo", "\"id\":70042,\"kind\":\"text\",\"text\":\"我在手机上答的\",\"origin\":5,\"by\":\"小李\"");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "我在手机上答的");
    close_talk(conv);
    /* It opens nothing: whoever has never written is no visitor yet. */
    notice_about("u-nobody", "\"id\":70043,\"kind\":\"text\",\"text\":\"您好\",\"origin\":5");
    wire_none(&agent.wire, "{s:s,s:s}", "type", "message", "text", "您好");
}

static void likes_and_comings_and_goings_stand_on_the_timeline(void **state)
{
    char conv[40];

    (void)state;
    opens(text_from("u-like", "70051", "很好"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    notice_about("u-like", "\"kind\":\"like\",\"ref\":\"70051\",\"emoji\":\"👍\",\"on\":1");
    wire_take(&agent.wire, "{s:s,s:s,s:{s:s,s:i,s:{s:b,s:s}}}", "type", "timeline", "conversation", conv, "entry", "kind", "reaction",
              "after_seq", 1, "data", "on", 1, "emoji", "👍");
    notice_about("u-like", "\"kind\":\"leave\"");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "timeline", "entry", "kind", "unfollow");
    close_talk(conv);
}

static void whoever_wants_no_machines_hears_from_people_only(void **state)
{
    char conv[40];

    (void)state;
    opens(text_from("u-stop", "70061", "退订"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    while (platform_take_within(&p, 300)) /* the greeting, which was before */
        platform_answer(&p, 200, NULL, "{\"code\":0}");
    notice_about("u-stop", "\"kind\":\"stop\"");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "timeline", "entry", "kind", "optout");
    staff_presence(&agent, "away"); /* the rule that tells visitors so */
    wire_take(&agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "withheld");
    (void)staff_say(&agent, conv, "m1", "已为您退订");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "text"), "已为您退订");
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    staff_presence(&agent, "online");
    notice_about("u-stop", "\"kind\":\"start\"");
    wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "timeline", "entry", "kind", "optin");
    close_talk(conv);
}

/* It has no buttons: choices are numbered lines, and a number that is written picks one. Whatever the platform is sent meanwhile. */
static const char *sent_with(const char *words)
{
    do {
        platform_take(&p);
        platform_answer(&p, 200, NULL, "{\"code\":0}");
    } while (!strstr(text_at(p.json, "text"), words));
    return text_at(p.json, "text");
}

static void a_number_picks_a_choice(void **state)
{
    struct reply r;

    (void)state;
    staff_presence(&agent, "offline");
    reply_free(&(struct reply[]){ notice(text_from("u90", "9001", "怎么退货")) }[0]);
    assert_non_null(strstr(sent_with("1. 怎么退货"), "\n2. 转人工客服"));
    (void)sent_with("请留下您的称呼"); /* nobody is there */
    r = notice(text_from("u90", "9002", "１"));
    assert_non_null(strstr(text_at(r.json, "text"), "七天内可以退。"));
    assert_non_null(strstr(text_at(r.json, "text"), "\n1. 已解决\n2. 未解决\n3. 转人工客服"));
    reply_free(&r);
    r = notice(text_from("u90", "9003", "1"));
    assert_non_null(strstr(text_at(r.json, "text"), "很高兴能帮到您"));
    reply_free(&r);
    takes(text_from("u90", "9004", "9")); /* there is no such choice */
    staff_presence(&agent, "online");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshake_is_echoed),
        cmocka_unit_test(the_first_answer_rides_in_the_answer_to_the_notice),
        cmocka_unit_test(a_quick_reply_of_the_agent_rides_along_too),
        cmocka_unit_test(a_repeated_notice_is_one_message),
        cmocka_unit_test(a_reply_takes_the_token_and_counts_the_handle),
        cmocka_unit_test(without_an_answer_nothing_is_sent_twice),
        cmocka_unit_test(what_has_not_got_through_is_found_and_handled_by_hand),
        cmocka_unit_test(what_a_webhook_failed_at_is_seen_and_no_secret_with_it),
        cmocka_unit_test(a_busy_platform_is_asked_again),
        cmocka_unit_test(news_are_fetched_page_by_page_and_once),
        cmocka_unit_test(token_and_cursor_survive_and_what_was_missed_is_fetched),
        cmocka_unit_test(a_visitor_may_take_a_message_back),
        cmocka_unit_test(an_image_is_fetched_after_it_was_acknowledged_and_then_shown),
        cmocka_unit_test(a_voice_is_fetched_where_the_platform_says_and_not_everywhere),
        cmocka_unit_test(what_cannot_be_fetched_says_so_and_loses_nothing),
        cmocka_unit_test(an_image_is_taken_there_before_it_is_sent),
        cmocka_unit_test(a_long_text_goes_in_parts_and_is_one_message),
        cmocka_unit_test(what_a_colleague_writes_in_the_platforms_own_app_is_part_of_the_talk),
        cmocka_unit_test(likes_and_comings_and_goings_stand_on_the_timeline),
        cmocka_unit_test(whoever_wants_no_machines_hears_from_people_only),
        cmocka_unit_test(a_number_picks_a_choice),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
