/* A WeChat Official Account that asks who has written: once, apart from the answer, and with no harm where nothing comes of it. */
#include "wechat_rig.h"

/* Messages come in clear. */
static const char asking_set[] = ACCOUNT_SET(",\"unionid\":true", "");

static int start_asking(void **state)
{
    (void)state;
    platform_open(&p);
    account_open(&d, &agent, asking_set);
    return 0;
}

static void says_to(const struct daemon *at_node, const char *user, const char *id, const char *text)
{
    char elements[600], body[2048], path[300], at[24], digest[41];
    int64_t now_s = now_wall_ms() / 1000;
    struct reply r;

    text_elements(id, text, elements);
    document_of(user, now_s, elements, body);
    (void)snprintf(at, sizeof(at), "%lld", (long long)now_s);
    wx_digest(&scheme, at, "77", NULL, digest);
    (void)snprintf(path, sizeof(path), "%s?signature=%s&timestamp=%s&nonce=77", hook, digest, at);
    web_ask(at_node, &(struct ask){ .path = path, .body = body, .headers = "Content-Type: text/xml\r\n" }, &r);
    assert_int_equal(r.status, 200);
    reply_free(&r);
}

static void says(const char *user, const char *id, const char *text)
{
    says_to(&d, user, id, text);
}

/* The next thing that the platform is asked is whom that openid belongs to. */
static void takes_question(const char *user, const char *answer)
{
    char path[200];

    platform_take(&p);
    (void)snprintf(path, sizeof(path), "/cgi-bin/user/info?access_token=T1&openid=%s&lang=zh_CN", user);
    assert_string_equal(p.path, path);
    platform_answer(&p, 200, NULL, answer);
}

static void who_writes_is_asked_for_once_and_shown(void **state)
{
    const char *conv;
    const json_t *told;

    (void)state;
    says("o-1", "24565000000000001", "在吗");
    conv = assigned();
    give_token("T1", false);
    takes_question("o-1", "{\"subscribe\":1,\"openid\":\"o-1\",\"nickname\":\"\",\"unionid\":\"o6_bmasdasdsad6_2sgVt7hMZOPfL\"}");
    told = wire_take(&agent.wire, "{s:s,s:s,s:{s:{s:s}}}", "type", "state", "conversation", conv, "customer", "profile", "unionid",
                     "o6_bmasdasdsad6_2sgVt7hMZOPfL");
    assert_string_equal(text_at(told, "customer.contacts.0.address"), "o-1");
    says("o-1", "24565000000000002", "有货吗");
    replies("T1", conv, "r1", "o-1", "有的"); /* nothing else is asked before it */
}

static void what_the_platform_does_not_tell_is_not_asked_again(void **state)
{
    static const struct {
        const char *user, *answer;
    } rows[] = {
        { "o-2", "{\"errcode\":48001,\"errmsg\":\"api unauthorized\"}" },
        { "o-3", "{\"subscribe\":1,\"openid\":\"o-3\"}" },
        { "o-4", "<html>busy</html>" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char cid[16], id[24];
        const char *conv;

        (void)snprintf(id, sizeof(id), "2456500000000010%zu", i);
        says(rows[i].user, id, "在吗");
        conv = assigned();
        takes_question(rows[i].user, rows[i].answer);
        (void)snprintf(id, sizeof(id), "2456500000000020%zu", i);
        says(rows[i].user, id, "有货吗");
        (void)snprintf(cid, sizeof(cid), "s%zu", i);
        replies("T1", conv, cid, rows[i].user, "没有");
    }
}

/* However many of them the platform leaves without an answer: what an agent writes gets there at once. */
static void questions_that_hang_hold_nothing_up(void **state)
{
    const char *conv = NULL;
    int hung[8], n = 0;
    int64_t seq;

    (void)state;
    for (int i = 0; i < 12; i++) {
        char user[16], id[24];

        (void)snprintf(user, sizeof(user), "o-h%d", i);
        (void)snprintf(id, sizeof(id), "2456500000000030%02d", i);
        says(user, id, "在吗");
        conv = assigned();
    }
    seq = staff_say(&agent, conv, "h1", "在的");
    for (platform_take(&p); strstr(p.path, "/cgi-bin/user/info"); platform_take(&p)) {
        assert_in_range(n, 0, 1);
        hung[n++] = p.conn;
        p.conn = -1;
    }
    assert_int_equal(n, 2);
    assert_string_equal(p.path, "/cgi-bin/message/custom/send?access_token=T1");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
    while (n)
        (void)close(hung[--n]);

    /* Who could not be asked for meanwhile is when he writes again. */
    do {
        static int next = 0;
        char id[24];

        (void)snprintf(id, sizeof(id), "2456500000000040%02d", next++);
        says("o-h11", id, "在吗");
    } while (!platform_take_within(&p, 200));
    assert_string_equal(p.path, "/cgi-bin/user/info?access_token=T1&openid=o-h11&lang=zh_CN");
    platform_answer(&p, 200, NULL, "{\"subscribe\":1,\"openid\":\"o-h11\",\"unionid\":\"u-h11\"}");
    wire_take(&agent.wire, "{s:s,s:s,s:{s:{s:s}}}", "type", "state", "conversation", conv, "customer", "profile", "unionid", "u-h11");
}

/* The channel becomes one of another platform, or what it was before. */
static void becomes(const struct daemon *at, const char *body)
{
    static const char path[] = "/api/v1/sites/" SITE "/documents/channel/oa";
    struct reply r = web_expect(at, 200, &(struct ask){ .path = path, .control = true });
    char match[60];

    (void)snprintf(match, sizeof(match), "If-Match: %s\r\n", reply_header(&r, "ETag"));
    reply_free(&r);
    web_status(at, 200, &(struct ask){ .method = "PUT", .path = path, .headers = match, .body = body, .control = true });
}

/* What was asked when the channel was still one of WeChat is answered when it has become another: nobody wants to know any more. */
static void a_channel_may_become_another_meanwhile(void **state)
{
    static const char other[] =
        "{\"adapter\":\"generic\",\"name\":\"API\",\"queue\":\"desk\",\"settings\":{\"url\":\"https://crm.example/in\","
        "\"secrets\":[\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"],\"send_secrets\":[\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]}}";
    static const char *const held[] = { "/cgi-bin/stable_token", "/cgi-bin/user/info" };

    (void)state;
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
        struct staff there = { 0 };
        struct daemon own = { 0 };

        account_open(&own, &there, asking_set);
        says_to(&own, "o-9", "24565000000000009", "在吗");
        for (platform_take(&p); !strstr(p.path, held[i]); platform_take(&p))
            platform_answer(&p, 200, NULL, "{\"access_token\":\"T1\",\"expires_in\":7200}");
        becomes(&own, other);
        platform_answer(&p, 200, NULL, "{\"access_token\":\"T1\",\"expires_in\":7200,\"unionid\":\"u-9\"}");
        daemon_log_wait(&own, i ? "event=who_not_told" : "event=who_not_asked");
        web_status(&own, 200, &(struct ask){ .path = "/api/v1/status", .control = true });
        staff_free(&there);
        daemon_finish(&own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_writes_is_asked_for_once_and_shown),
        cmocka_unit_test(what_the_platform_does_not_tell_is_not_asked_again),
        cmocka_unit_test(questions_that_hang_hold_nothing_up),
        cmocka_unit_test(a_channel_may_become_another_meanwhile),
    };

    return cmocka_run_group_tests(tests, start_asking, finish);
}
