/* What strangers, the impatient and the wrong hands try, and what comes of it. */
#include "tests/support/cast.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AGENT1 "agent1@demo.example"
#define AGENT2 "agent2@demo.example"

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

static void close_by_agent(struct staff *a, const char *conv)
{
    wire_sendf(&a->wire, "{\"type\":\"close\",\"conversation\":\"%s\",\"cid\":\"bye-%.18s\"}", conv, conv + 18);
    wire_take(&a->wire, "{s:s,s:s}", "type", "ack", "conversation", conv);
}

/* Signs in as the i-th of the people that a new site came with. */
static void enter_as(struct staff *s, const json_t *site, size_t i, const char *key)
{
    char email[32], password[40];

    (void)snprintf(email, sizeof(email), "people.%zu.email", i);
    (void)snprintf(password, sizeof(password), "people.%zu.password", i);
    assert_int_equal(staff_try_sign_in(s, &d, text_at(site, email), text_at(site, password)), 201);
    staff_enter(s, &d, key);
    staff_presence(s, "online");
}

/* ---- too much at once ---- */

static void a_flood_of_frames_is_stemmed_and_harms_nobody_else(void **state)
{
    struct visitor flood = { 0 }, other = { 0 };
    const json_t *error;

    (void)state;
    visitor_enter(&flood, &d, "demo", NULL);
    visitor_enter(&other, &d, "demo", NULL);
    for (int i = 0; i < 200; i++)
        wire_sendf(&flood.wire, "{\"type\":\"profile\",\"cid\":\"p%d\",\"locale\":\"en\"}", i);
    assert_string_equal(wire_verdict(&flood.wire, "p0"), "ack");
    error = wire_take(&flood.wire, "{s:s,s:s}", "type", "error", "code", "rate_limited");
    assert_true(number_at(error, "retry_after_ms") > 0);
    assert_int_equal(visitor_say(&other, "c1", "在吗"), 1);
    visitor_free(&flood);
    visitor_free(&other);
}

static void bodies_are_refused_before_they_come(void **state)
{
    static char large[2 << 20];
    char path[80], other[80];
    json_t *site;

    (void)state;
    memset(large, 'x', sizeof(large));
    (void)snprintf(path, sizeof(path), "%s", hook_path(&d, "demo", "api"));
    (void)snprintf(other, sizeof(other), "/hooks/%032d", 7);
    web_status(&d, 404, &(struct ask){ .path = other, .body = large, .n_body = sizeof(large) });
    web_status(&d, 413, &(struct ask){ .path = path, .body = large, .n_body = sizeof(large) });

    site = site_add(&d, "{\"site\":{\"key\":\"small\",\"name\":\"Small\",\"file_max\":65536},\"queues\":{\"q\":{\"name\":\"Q\"}},"
                        "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"Web\",\"queue\":\"q\"}}}");
    json_decref(site);
    web_status(&d, 413, &(struct ask){ .path = "/files?site=small&name=a.bin", .body = large, .n_body = 70000 });
    web_status(&d, 401, &(struct ask){ .path = "/files?site=small&name=a.bin", .body = large, .n_body = 60000 });
}

static int ask_by_hand(const char *email)
{
    char body[160], text[512];
    int fd = web_connect(&d, false);

    (void)snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"not-the-right-password\"}", email);
    (void)snprintf(text, sizeof(text), "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n\r\n%s", d.port,
                   strlen(body), body);
    web_send(fd, text, strlen(text));
    return fd;
}

/* A failure counts when it is stored: without a bound on those under way, all that come at once would be tried. */
static void passwords_are_not_guessed_in_parallel(void **state)
{
    int fds[12], tried = 0, refused = 0;

    (void)state;
    for (int i = 0; i < 12; i++)
        fds[i] = ask_by_hand("reviewer@demo.example");
    for (int i = 0; i < 12; i++) {
        struct reply r = { 0 };

        assert_true(web_read(fds[i], false, &r));
        tried += r.status == 401;
        refused += r.status == 429;
        reply_free(&r);
    }
    assert_int_equal(tried + refused, 12);
    assert_true(tried <= 6);
}

/* ---- what is not one's own ---- */

static void only_what_has_failed_is_sent_again(void **state)
{
    struct staff a = { 0 };
    struct visitor v = { 0 };
    const char *verdict;
    int64_t seq;

    (void)state;
    staff_online(&a, &d, AGENT1, "demo");
    visitor_enter(&v, &d, "demo", NULL);
    (void)visitor_say(&v, "c1", "你好");
    wire_take(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_sendf(&a.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"r1\",\"seq\":1}", v.conv);
    assert_string_equal(wire_verdict(&a.wire, "r1"), "conflict");
    seq = staff_say(&a, v.conv, "a1", "您好");
    wire_sendf(&a.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"r2\",\"seq\":%lld}", v.conv, (long long)seq);
    verdict = wire_verdict(&a.wire, "r2");
    assert_true(strcmp(verdict, "conflict") == 0 || strcmp(verdict, "unsupported") == 0);
    close_by_agent(&a, v.conv);
    staff_presence(&a, "offline");
    staff_free(&a);
    visitor_free(&v);
}

/* ---- platforms ---- */

static const char platform_site[] =
    "{\"site\":{\"key\":\"plat\",\"name\":\"Platform\"},\"queues\":{\"q\":{\"name\":\"Q\"}},\"channels\":{\"api\":{\"adapter\":\"generic\","
    "\"name\":\"API\",\"queue\":\"q\",\"settings\":{\"url\":\"http://127.0.0.1:9/\",\"secrets\":[\"whsec_"
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"],\"send_secrets\":[\"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"]}}},"
    "\"people\":[{\"email\":\"one@plat.example\",\"name\":\"One\",\"roles\":[\"agent\"],\"queues\":[\"q\"]}]}";

/* A Standard Webhook, signed with that secret. */
static void post_hook(const char *id, const char *body)
{
    static const char secret[] = "0123456789abcdef0123456789abcdef";
    unsigned char mac[EVP_MAX_MD_SIZE];
    char text[1024], headers[512], base64[64];
    unsigned n = 0;
    long long at = (long long)time(NULL);

    (void)snprintf(text, sizeof(text), "%s.%lld.%s", id, at, body);
    assert_non_null(HMAC(EVP_sha256(), secret, sizeof(secret) - 1, (const unsigned char *)text, strlen(text), mac, &n));
    EVP_EncodeBlock((unsigned char *)base64, mac, (int)n);
    (void)snprintf(headers, sizeof(headers), "webhook-id: %s\r\nwebhook-timestamp: %lld\r\nwebhook-signature: v1,%s\r\n", id, at, base64);
    web_status(&d, 204, &(struct ask){ .path = hook_path(&d, "plat", "api"), .headers = headers, .body = body });
}

static void who_writes_from_a_platform_is_greeted_there(void **state)
{
    json_t *site = site_add(&d, platform_site);
    struct staff a = { 0 };
    const json_t *page;
    char conv[40];

    (void)state;
    enter_as(&a, site, 0, "plat");
    post_hook("evt-1", "{\"type\":\"message.created\",\"timestamp\":\"2026-09-21T11:26:40.123Z\",\"data\":{\"id\":\"m1\",\"user\":{\"id\":"
                       "\"u1\",\"name\":\"Ann\"},\"type\":\"text\",\"text\":\"Hello\"}}");
    page = wire_take(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "api");
    (void)snprintf(conv, sizeof(conv), "%s", text_at(page, "conversation.id"));
    /* Nobody listens there, so it will have failed in the end; what counts is that it is on its way. */
    wire_sendf(&a.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    page = wire_take(&a.wire, "{s:s}", "type", "history");
    assert_string_equal(text_at(page, "messages.1.from.role"), "system");
    assert_string_equal(text_at(page, "messages.1.kind"), "text");
    assert_true(*text_at(page, "messages.1.state"));
    staff_free(&a);
    json_decref(site);
}

/* ---- offers ---- */

static const char offering_site[] =
    "{\"site\":{\"key\":\"offers\",\"name\":\"Offers\"},\"queues\":{\"q\":{\"name\":\"Q\",\"offer\":true}},\"channels\":{\"web\":{"
    "\"adapter\":"
    "\"widget\",\"name\":\"Web\",\"queue\":\"q\"}},\"people\":[{\"email\":\"one@offers.example\",\"name\":\"One\",\"roles\":[\"agent\"],"
    "\"queues\":[\"q\"]},{\"email\":\"two@offers.example\",\"name\":\"Two\",\"roles\":[\"agent\"],\"queues\":[\"q\"]}]}";

static void who_refuses_is_not_asked_again_at_once(void **state)
{
    json_t *site = site_add(&d, offering_site);
    struct staff one = { 0 }, two = { 0 };
    struct visitor v = { 0 };

    (void)state;
    enter_as(&one, site, 0, "offers");
    visitor_enter(&v, &d, "offers", NULL);
    (void)visitor_say(&v, "c1", "在吗");
    wire_take(&one.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
    wire_sendf(&one.wire, "{\"type\":\"refuse\",\"conversation\":\"%s\",\"cid\":\"no\"}", v.conv);
    assert_string_equal(wire_verdict(&one.wire, "no"), "ack");
    wire_take(&one.wire, "{s:s}", "type", "released");
    enter_as(&two, site, 1, "offers");
    wire_take(&two.wire, "{s:s,s:{s:s}}", "type", "offered", "conversation", "id", v.conv);
    wire_none(&one.wire, "{s:s}", "type", "offered");
    wire_sendf(&two.wire, "{\"type\":\"accept\",\"conversation\":\"%s\",\"cid\":\"yes\"}", v.conv);
    assert_string_equal(wire_verdict(&two.wire, "yes"), "ack");
    wire_take(&v.wire, "{s:s,s:s,s:{s:s}}", "type", "state", "state", "served", "agent", "name", "Two");
    visitor_free(&v);
    staff_free(&one);
    staff_free(&two);
    json_decref(site);
}

/* ---- stopping and reloading ---- */

/* Under sanitizers this is what it is for: nothing that is under way may find its part gone. */
static void a_stop_amid_everything_loses_nothing_and_breaks_nothing(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    int fds[4];

    (void)state;
    staff_online(&a, &d, AGENT2, "demo");
    visitor_enter(&v, &d, "demo", NULL);
    (void)visitor_say(&v, "c1", "之前");
    daemon_signal(&d, SIGHUP);
    for (int i = 0; i < 4; i++)
        fds[i] = ask_by_hand(i % 2 ? AGENT1 : AGENT2);
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"c2\",\"kind\":\"text\",\"text\":\"停止时\"}");
    daemon_stop(&d);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    visitor_leave(&v);
    staff_free(&a);
    daemon_restart(&d);
    visitor_enter(&v, &d, "demo", NULL);
    /* What was not acknowledged is said again under its cid, and is there once. */
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"c2\",\"kind\":\"text\",\"text\":\"停止时\"}");
    assert_string_equal(wire_verdict(&v.wire, "c2"), "ack");
    visitor_free(&v);
}

/* ---- Origin ---- */

/* Whoever sends cookies is a browser, and a browser says where it comes from. */
static void a_cookie_of_any_kind_needs_an_origin(void **state)
{
    static const char *const cookies[] = { "__Host-kefu_v=v1.x.1.y", "__Host-kefu_s=00", "theme=dark" };
    static const char *const sides[][2] = { { "/ws/visitor?site=demo", "kefu.visitor.v1" }, { "/ws/agent?site=demo", "kefu.agent.v1" } };
    struct wire w = { .fd = -1 };

    (void)state;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(
            wire_open(&w, &d, &(struct wire_options){ .path = sides[i / 3][0], .protocol = sides[i / 3][1], .cookie = cookies[i % 3] }),
            403);
    assert_int_equal(wire_open(&w, &d, &(struct wire_options){ .path = sides[0][0], .protocol = sides[0][1] }), 101);
    wire_drop(&w);
}

static void the_public_url_is_the_only_origin(void **state)
{
    struct wire w = { .fd = -1 };

    (void)state;
    daemon_finish(&d);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[listen]\npublic_url = https://chat.example.com\n" });
    assert_int_equal(wire_open(&w, &d,
                               &(struct wire_options){
                                   .path = "/ws/visitor?site=demo", .protocol = "kefu.visitor.v1", .origin = "https://chat.example.com" }),
                     101);
    wire_drop(&w);
    assert_int_equal(
        wire_open(&w, &d, &(struct wire_options){ .path = "/ws/visitor?site=demo", .protocol = "kefu.visitor.v1", .origin = "" }), 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_frames_is_stemmed_and_harms_nobody_else),
        cmocka_unit_test(bodies_are_refused_before_they_come),
        cmocka_unit_test(passwords_are_not_guessed_in_parallel),
        cmocka_unit_test(only_what_has_failed_is_sent_again),
        cmocka_unit_test(who_writes_from_a_platform_is_greeted_there),
        cmocka_unit_test(who_refuses_is_not_asked_again_at_once),
        cmocka_unit_test(a_stop_amid_everything_loses_nothing_and_breaks_nothing),
        cmocka_unit_test(a_cookie_of_any_kind_needs_an_origin),
        cmocka_unit_test(the_public_url_is_the_only_origin), /* last: a daemon of its own */
    };

    return cmocka_run_group_tests(tests, start, finish);
}
