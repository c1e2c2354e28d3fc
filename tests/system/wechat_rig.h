/* wechat_rig.h: a kefud with a WeChat Official Account, its platform, and an agent who is online: what the tests of it share. */
#ifndef KF_TESTS_WECHAT_RIG_H
#define KF_TESTS_WECHAT_RIG_H

#include "tests/support/desk.h"
#include "wx_scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RIG_UNUSED __attribute__((unused))

#define SITE       "oa"
#define TOKEN      "Kefud2026Token"
#define KEY        "Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J"
#define APP        "wx5d3f0c9a17be6e42"
#define OURS       "gh_4b1d7e90c2aa"
#define ORDER_ID   "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY"

static struct daemon d;
static struct platform p;
static struct staff agent;
static char hook[64];
static const struct wx_scheme scheme = { .token = TOKEN, .key = KEY, .receiver = APP };

/* Time of the documents, in seconds: each has its own. */
static int64_t clock_s;

/* The set of a site with such an account. `settings`: more of them; `beside`: what stands beside them in its channel. Each with its comma. */
#define ACCOUNT_SET(settings, beside)                                                                                                       \
    "{\"site\":{\"key\":\"" SITE "\",\"name\":\"公众号\",\"language\":\"zh-CN\"},\"queues\":{\"desk\":{\"name\":\"客服\"}},"           \
    "\"channels\":{\"oa\":{\"adapter\":\"wechat\",\"name\":\"公众号\",\"queue\":\"desk\",\"settings\":{\"url\":\"http://127.0.0.1:%d\"," \
    "\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN "\"" settings "}" beside "}},"                               \
    "\"people\":[{\"email\":\"agent@oa.example\",\"name\":\"接线员\",\"number\":\"7\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],"      \
    "\"capacity\":50}]}"

/* Messages come encrypted, and there are templates and things that are ready. */
static const char safe_set[] = ACCOUNT_SET(
    ",\"mode\":\"safe\",\"encoding_aes_key\":\"" KEY "\",\"welcome\":\"欢迎关注\"",
    ",\"templates\":[{\"key\":\"order\",\"title\":\"订单进度\",\"name\":\"" ORDER_ID
    "\",\"text\":\"订单号：{{character_string1.DATA}}\\n状态：{{phrase2.DATA}}\",\"fields\":[\"订单号\",\"状态\"],\"url_field\":"
    "\"订单页面\"},"
    "{\"key\":\"coupon\",\"title\":\"九折券\",\"kind\":\"wxcard\",\"name\":\"pFS7Fjg8kV1I\",\"text\":\"九折券，到店出示\"},"
    "{\"key\":\"stock\",\"title\":\"到货\",\"kind\":\"subscribe\",\"name\":\"S-stock\",\"text\":\"到货：{{thing1.DATA}}\"},"
    "{\"key\":\"ship\",\"title\":\"发货\",\"kind\":\"templatepage\",\"name\":\"T-ship\",\"text\":\"单号：{{character_string1.DATA}}\","
    "\"values\":{\"app\":\"wx12\",\"path\":\"pages/o?id={{character_string1.DATA}}\"}},"
    "{\"key\":\"track\",\"title\":\"查看订单\",\"kind\":\"miniprogrampage\",\"name\":\"wx5d3f0c9a\",\"text\":\"查看订单 {{order}}\","
    "\"fields\":[\"订单号\"],\"values\":{\"path\":\"pages/order?id={{order}}\",\"cover\":\"M-cover\"}}]");

/* Starts a kefud beside the platform, with that set. */
RIG_UNUSED static void account_open(struct daemon *on, struct staff *who, const char *set)
{
    daemon_start(on, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    site_open(on, set, p.port, who, hook);
}

RIG_UNUSED static int start(void **state)
{
    (void)state;
    platform_open(&p);
    account_open(&d, &agent, safe_set);
    clock_s = now_wall_ms() / 1000;
    return 0;
}

RIG_UNUSED static int finish(void **state)
{
    (void)state;
    staff_free(&agent);
    daemon_finish(&d);
    platform_close(&p);
    return 0;
}

/* ---- the platform's side ---- */

/* What it posts of somebody. */
RIG_UNUSED static void document_of(const char *user, int64_t at_s, const char *elements, char ret[2048])
{
    (void)snprintf(ret, 2048,
                   "<xml><ToUserName><![CDATA[" OURS "]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%lld"
                   "</CreateTime>%s</xml>",
                   user, (long long)at_s, elements);
}

/* What a document of a text has. */
RIG_UNUSED static void text_elements(const char *id, const char *text, char ret[600])
{
    (void)snprintf(ret, 600, "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content><MsgId>%s</MsgId>", text, id);
}

/* The path and the body of a post. */
RIG_UNUSED static void sealed_post(const char *user, const char *elements, char path[300], char body[9000])
{
    static int nonces;
    char text[2048], at[24], nonce[16], digest[41];

    document_of(user, clock_s++, elements, text);
    (void)snprintf(body, 9000, "<xml><ToUserName><![CDATA[" OURS "]]></ToUserName><Encrypt><![CDATA[%s]]></Encrypt></xml>",
                   wx_seal(&scheme, text));
    (void)snprintf(at, sizeof(at), "%lld", (long long)clock_s);
    (void)snprintf(nonce, sizeof(nonce), "%d", 4000 + nonces++);
    wx_digest(&scheme, at, nonce, wx_element(body, "Encrypt"), digest);
    (void)snprintf(path, 300, "%s?signature=0&timestamp=%s&nonce=%s&openid=%s&encrypt_type=aes&msg_signature=%s", hook, at, nonce, user,
                   digest);
}

/* Posts a document as the platform would; freed by the caller. */
RIG_UNUSED static struct reply post(const char *user, const char *elements)
{
    char body[9000], path[300];
    struct reply r;

    sealed_post(user, elements, path, body);
    web_ask(&d, &(struct ask){ .path = path, .body = body, .headers = "Content-Type: text/xml\r\n" }, &r);
    assert_int_equal(r.status, 200);
    return r;
}

RIG_UNUSED static struct reply text_from(const char *user, const char *id, const char *text)
{
    char elements[600];

    text_elements(id, text, elements);
    return post(user, elements);
}

RIG_UNUSED static void give_token(const char *token, bool forced)
{
    char answer[120];

    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/stable_token");
    assert_string_equal(text_at(p.json, "appid"), APP);
    assert_string_equal(text_at(p.json, "secret"), "very-secret");
    assert_int_equal(json_is_true(value_at(p.json, "force_refresh")), forced);
    (void)snprintf(answer, sizeof(answer), "{\"access_token\":\"%s\",\"expires_in\":7200}", token);
    platform_answer(&p, 200, NULL, answer);
}

RIG_UNUSED static void takes_message(const char *token, const char *user, const char *text)
{
    char path[120];

    platform_take(&p);
    (void)snprintf(path, sizeof(path), "/cgi-bin/message/custom/send?access_token=%s", token);
    assert_string_equal(p.path, path);
    assert_string_equal(text_at(p.json, "touser"), user);
    assert_string_equal(text_at(p.json, "text.content"), text);
}

/* ---- the agent's side ---- */

/* The conversation that is assigned next; static memory. */
RIG_UNUSED static const char *assigned(void)
{
    static char conv[40];

    (void)snprintf(
        conv, sizeof(conv), "%s",
        text_at(wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "oa"), "conversation.id"));
    return conv;
}

RIG_UNUSED static void status(int64_t seq, const char *state)
{
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", state);
}

/* The agent writes, and that is what the platform is asked to send next. */
RIG_UNUSED static void replies(const char *token, const char *conv, const char *cid, const char *user, const char *text)
{
    int64_t seq = staff_say(&agent, conv, cid, text);

    takes_message(token, user, text);
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
}

/* ---- a try of the channel ---- */

/* Begins one; the connection, on which its answer comes. */
RIG_UNUSED static int begin_try(void)
{
    static const char ask[] = "POST /api/v1/sites/" SITE "/channels/oa/test HTTP/1.1\r\nHost: kefud\r\nContent-Type: application/json\r\n"
                              "Content-Length: 2\r\n\r\n{}";
    int fd = web_connect(&d, true);

    web_send(fd, ask, sizeof(ask) - 1);
    return fd;
}

/* As start(), and the token has been got: it is T2. */
RIG_UNUSED static int start_with_token(void **state)
{
    struct reply r;
    int fd;

    (void)start(state);
    fd = begin_try();
    give_token("T2", false);
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/getcallbackip?access_token=T2");
    platform_answer(&p, 200, NULL, "{\"ip_list\":[\"192.0.2.1\"]}");
    assert_true(web_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    reply_free(&r);
    (void)close(fd);
    return 0;
}

#endif
