/* A WeChat Official Account beside a real kefud: messages come encrypted, the first answer rides in the answer, others go by the API. */
#include "tests/support/desk.h"
#include "wx_scheme.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SITE     "oa"
#define TOKEN    "Kefud2026Token"
#define KEY      "Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J"
#define APP      "wx5d3f0c9a17be6e42"
#define OURS     "gh_4b1d7e90c2aa"

#define ORDER_ID "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY"

static struct daemon d;
static struct platform p;
static struct staff agent;
static char hook[64];
static int64_t clock_s;
static const struct wx_scheme scheme = { .token = TOKEN, .key = KEY, .receiver = APP };

static const char set[] =
    "{\"site\":{\"key\":\"" SITE "\",\"name\":\"公众号\",\"language\":\"zh-CN\"},\"queues\":{\"desk\":{\"name\":\"客服\"}},"
    "\"channels\":{\"oa\":{\"adapter\":\"wechat\",\"name\":\"公众号\",\"queue\":\"desk\",\"settings\":{\"url\":\"http://127.0.0.1:%d\","
    "\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN "\",\"mode\":\"safe\",\"encoding_aes_key\":\"" KEY
    "\",\"welcome\":\"欢迎关注\"},\"templates\":[{\"key\":\"order\",\"title\":\"订单进度\",\"name\":\"" ORDER_ID
    "\",\"text\":\"订单号：{{character_string1.DATA}}\\n状态：{{phrase2.DATA}}\",\"fields\":[\"订单号\",\"状态\"],\"url_field\":"
    "\"订单页面\"},{\"key\":\"coupon\",\"title\":\"九折券\",\"kind\":\"wxcard\",\"name\":\"pFS7Fjg8kV1I\",\"text\":\"九折券，到店出示\"},"
    "{\"key\":\"stock\",\"title\":\"到货\",\"kind\":\"subscribe\",\"name\":\"S-stock\",\"text\":\"到货：{{thing1.DATA}}\"},"
    "{\"key\":\"ship\",\"title\":\"发货\",\"kind\":\"templatepage\",\"name\":\"T-ship\",\"text\":\"单号：{{character_string1.DATA}}\","
    "\"values\":{\"app\":\"wx12\",\"path\":\"pages/o?id={{character_string1.DATA}}\"}},"
    "{\"key\":\"track\",\"title\":\"查看订单\",\"kind\":\"miniprogrampage\",\"name\":\"wx5d3f0c9a\",\"text\":\"查看订单 "
    "{{order}}\",\"fields\":["
    "\"订单号\"],\"values\":{\"path\":\"pages/"
    "order?id={{order}}\",\"cover\":\"M-cover\"}}]}},\"people\":[{\"email\":\"agent@oa.example\",\"name\":\"接线员\",\"number\":\"7\","
    "\"roles\":[\"agent\"],"
    "\"queues\":[\"desk\"],\"capacity\":50}]}";

static int start(void **state)
{
    (void)state;
    platform_open(&p);
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[channels]\nallow_http = yes\nallow_private = yes\n" });
    site_open(&d, set, p.port, &agent, hook);
    clock_s = now_wall_ms() / 1000;
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

/* ---- the platform's side ----------------------------------------------------------------------------------------------------------- */

/* The path and the body of a post. */
static void sealed_post(const char *user, const char *elements, char path[300], char body[9000])
{
    static int nonces;
    char document[2048], at[24], nonce[16], digest[41];

    (void)snprintf(document, sizeof(document),
                   "<xml><ToUserName><![CDATA[" OURS "]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%lld"
                   "</CreateTime>%s</xml>",
                   user, (long long)clock_s++, elements);
    (void)snprintf(body, 9000, "<xml><ToUserName><![CDATA[" OURS "]]></ToUserName><Encrypt><![CDATA[%s]]></Encrypt></xml>",
                   wx_seal(&scheme, document));
    (void)snprintf(at, sizeof(at), "%lld", (long long)clock_s);
    (void)snprintf(nonce, sizeof(nonce), "%d", 4000 + nonces++);
    wx_digest(&scheme, at, nonce, wx_element(body, "Encrypt"), digest);
    (void)snprintf(path, 300, "%s?signature=0&timestamp=%s&nonce=%s&openid=%s&encrypt_type=aes&msg_signature=%s", hook, at, nonce, user,
                   digest);
}

/* Posts a document as the platform would; freed by the caller. */
static struct reply post(const char *user, const char *elements)
{
    char body[9000], path[300];
    struct reply r;

    sealed_post(user, elements, path, body);
    web_ask(&d, &(struct ask){ .path = path, .body = body, .headers = "Content-Type: text/xml\r\n" }, &r);
    assert_int_equal(r.status, 200);
    return r;
}

static struct reply text_from(const char *user, const char *id, const char *text)
{
    char elements[600];

    (void)snprintf(elements, sizeof(elements), "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content><MsgId>%s</MsgId>",
                   text, id);
    return post(user, elements);
}

static void give_token(const char *token, bool forced)
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

static void takes_message(const char *token, const char *user, const char *text)
{
    char path[120];

    platform_take(&p);
    (void)snprintf(path, sizeof(path), "/cgi-bin/message/custom/send?access_token=%s", token);
    assert_string_equal(p.path, path);
    assert_string_equal(text_at(p.json, "touser"), user);
    assert_string_equal(text_at(p.json, "text.content"), text);
}

/* ---- the agent's side -------------------------------------------------------------------------------------------------------------- */

static const char *assigned(void)
{
    static char conv[40];

    (void)snprintf(
        conv, sizeof(conv), "%s",
        text_at(wire_take(&agent.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "channel", "oa"), "conversation.id"));
    return conv;
}

static void status(int64_t seq, const char *state)
{
    wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", state);
}

/* ---- the tests ----------------------------------------------------------------------------------------------------------------------- */

static void the_address_is_proved(void **state)
{
    char path[300], digest[41];
    struct reply r;

    (void)state;
    wx_digest(&scheme, "1718000100", "775530148", NULL, digest);
    (void)snprintf(path, sizeof(path), "%s?signature=%s&echostr=5837729166081234567&timestamp=1718000100&nonce=775530148", hook, digest);
    web_ask(&d, &(struct ask){ .path = path }, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "5837729166081234567");
    reply_free(&r);
    (void)snprintf(path, sizeof(path), "%s?signature=%s&echostr=5837729166081234567&timestamp=1718000101&nonce=775530148", hook, digest);
    web_ask(&d, &(struct ask){ .path = path }, &r);
    assert_int_equal(r.status, 403);
    assert_null(strstr(r.body, "5837729166081234567"));
    reply_free(&r);
}

static void a_clear_body_is_not_believed(void **state)
{
    char path[300], digest[41];
    struct reply r;

    (void)state;
    wx_digest(&scheme, "1718000100", "775530148", NULL, digest);
    (void)snprintf(path, sizeof(path), "%s?signature=%s&timestamp=1718000100&nonce=775530148", hook, digest);
    web_ask(&d,
            &(struct ask){ .path = path,
                           .body = "<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime>"
                                   "<MsgType>text</MsgType><Content>x</Content><MsgId>1</MsgId></xml>" },
            &r);
    assert_int_equal(r.status, 401);
    reply_free(&r);
}

static void a_new_follower_is_welcomed(void **state)
{
    struct reply r = post("o-1", "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event>");

    (void)state;
    assert_string_equal(wx_element(wx_unseal(&scheme, r.body), "Content"), "欢迎关注");
    reply_free(&r);
}

static void token_trouble(int status, const char *headers, const char *body)
{
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/stable_token");
    if (status)
        platform_answer(&p, status, headers, body);
    else
        platform_drop(&p);
}

static int begin_try(void)
{
    static const char ask[] = "POST /api/v1/sites/" SITE "/channels/oa/test HTTP/1.1\r\nHost: kefud\r\nContent-Type: application/json\r\n"
                              "Content-Length: 2\r\n\r\n{}";
    int fd = web_connect(&d, true);

    web_send(fd, ask, sizeof(ask) - 1);
    return fd;
}

/* What a try of the channel says when that is the answer to its question for a token; freed by the caller. */
static struct reply try_beside_token(int status, const char *body)
{
    int fd = begin_try();
    struct reply r;

    token_trouble(status, NULL, body);
    assert_true(web_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    (void)close(fd);
    return r;
}

/* What passes is waited for; what only a person can mend fails, in the platform's own words. */
static void trouble_with_the_token_is_waited_out(void **state)
{
    struct reply r = text_from("o-9", "24565000000000031", "有人吗"), test;
    const char *conv = assigned();
    int64_t seq, asked;

    (void)state;
    reply_free(&r);
    seq = staff_say(&agent, conv, "k1", "在的");
    token_trouble(503, "Retry-After: 1\r\n", "down");
    asked = p.at;
    token_trouble(200, NULL, "<html>busy</html>");
    assert_true(p.at - asked >= 1000); /* not before the time it named */
    token_trouble(0, NULL, NULL);
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"access_token\":\"T0\",\"expires_in\":1}");
    takes_message("T0", "o-9", "在的");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
    seq = staff_say(&agent, conv, "k2", "请说");
    token_trouble(200, NULL, "{\"errcode\":-1,\"errmsg\":\"system error\"}");
    token_trouble(200, NULL, "{\"errcode\":45009,\"errmsg\":\"reach max api daily quota limit\"}");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"access_token\":\"T0\",\"expires_in\":1}");
    takes_message("T0", "o-9", "请说");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
    seq = staff_say(&agent, conv, "k3", "喂?");
    token_trouble(200, NULL, "{\"errcode\":40164,\"errmsg\":\"invalid ip 192.0.2.7, not in whitelist\"}");
    assert_non_null(
        strstr(text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
               "40164 invalid ip 192.0.2.7"));
    test = try_beside_token(503, "down");
    assert_non_null(strstr(test.body, "at the moment (status 503)"));
    reply_free(&test);
    test = try_beside_token(200, "{\"errcode\":40013,\"errmsg\":\"invalid appid\"}");
    assert_non_null(strstr(test.body, "credentials (40013 invalid appid)"));
    reply_free(&test);
}

/* In, the greeting inside the answer, the agent's words by the API, with a token that dies early. */
static void a_follower_is_answered(void **state)
{
    struct reply r = text_from("o-2", "24565000000000001", "请问营业时间?");
    const char *document = wx_unseal(&scheme, r.body);
    const char *conv;
    int64_t seq;

    (void)state;
    assert_string_equal(wx_element(document, "ToUserName"), "o-2");
    assert_string_equal(wx_element(document, "FromUserName"), OURS);
    assert_true(*wx_element(document, "Content"));
    reply_free(&r);
    conv = assigned();
    seq = staff_say(&agent, conv, "r1", "九点到六点 <b>");
    give_token("T1", false);
    takes_message("T1", "o-2", "九点到六点 <b>");
    assert_null(strstr(p.body, "\\u"));
    platform_answer(&p, 200, NULL, "{\"errcode\":42001,\"errmsg\":\"access_token expired rid: 1\"}");
    give_token("T2", true);
    takes_message("T2", "o-2", "九点到六点 <b>");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"errmsg\":\"ok\"}");
    status(seq, "sent");
    for (int i = 2; i <= 5; i++) { /* five of them for one message of the follower */
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "r%d", i);
        seq = staff_say(&agent, conv, cid, "还有");
        takes_message("T2", "o-2", "还有");
        platform_answer(&p, 200, NULL, "{\"errcode\":0}");
        status(seq, "sent");
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "late", "left", 0);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"r6\",\"kind\":\"text\",\"text\":\"太多了\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "r6"), "conflict");
    wire_forget(&agent.wire);                          /* what was told of the window before: it was open once already */
    r = text_from("o-2", "24565000000000002", "谢谢"); /* which opens it anew */
    reply_free(&r);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5);
    seq = staff_say(&agent, conv, "r7", "不客气");
    takes_message("T2", "o-2", "不客气");
    platform_answer(&p, 200, NULL, "{\"errcode\":45015,\"errmsg\":\"response out of time limit rid: 2\"}");
    assert_non_null(strstr(
        text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"), "45015"));
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "late"); /* whatever our clock says */
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"r8\",\"kind\":\"text\",\"text\":\"还在吗\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "r8"), "conflict");
    wire_forget(&agent.wire);
    r = text_from("o-2", "24565000000000012", "在的");
    reply_free(&r);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5);
}

/* The platform tells the scene when there is nobody to tell it of yet; of a code that is scanned later, too. And who has gone is written to in
 * vain. */
static void where_a_follower_came_from_is_known_and_that_he_left(void **state)
{
    struct reply r = post("o-7", "<MsgType>event</MsgType><Event>subscribe</Event><EventKey>qrscene_SHOP12</EventKey>");
    char conv[40];
    const json_t *line;

    (void)state;
    reply_free(&r);
    r = post("o-7", "<MsgType>event</MsgType><Event>SCAN</Event><EventKey>TABLE3</EventKey>");
    reply_free(&r);
    r = text_from("o-7", "24565000000000041", "我刚扫了码");
    reply_free(&r);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    assert_true(staff_knows_came_by(&agent, &d, SITE, conv, "SHOP12"));
    assert_true(staff_knows_came_by(&agent, &d, SITE, conv, "TABLE3"));
    r = post("o-7", "<MsgType>event</MsgType><Event>SCAN</Event><EventKey>TABLE4</EventKey>");
    reply_free(&r);
    line = wire_take(&agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "follow");
    assert_string_equal(text_at(line, "entry.data.referral"), "TABLE4");
    r = post("o-7", "<MsgType>event</MsgType><Event>VIEW</Event><EventKey>https://shop.example/</EventKey>");
    reply_free(&r);
    wire_none(&agent.wire, "{s:s,s:{s:s}}", "type", "timeline", "entry", "kind", "follow");
    r = post("o-7", "<MsgType>event</MsgType><Event>unsubscribe</Event>");
    reply_free(&r);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "closed");
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"u1\",\"kind\":\"text\",\"text\":\"走了?\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "u1"), "conflict");
    wire_sendf(&agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"u2\",\"kind\":\"template\",\"template\":\"order\","
               "\"fields\":{\"character_string1\":\"x\",\"phrase2\":\"y\",\"url\":\"https://shop.example/\"}}",
               conv);
    assert_string_equal(wire_verdict(&agent.wire, "u2"), "conflict"); /* that is for followers, too */
}

static void event(const char *user, const char *elements)
{
    struct reply r = post(user, elements);

    reply_free(&r);
}

/* What is told of the window after what has just been done. */
static int64_t window_left(const char *conv, int left)
{
    return number_at(wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", left),
                     "until");
}

static void says(const char *conv, const char *cid, const char *user, int left)
{
    int64_t seq = staff_say(&agent, conv, cid, "请看");

    takes_message("T2", user, "请看");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
    if (left)
        (void)window_left(conv, left);
}

/* Who follows, and who scans, may be written to three times within the minute, where nothing better stands. */
static void an_event_opens_a_minute_and_shortens_nothing(void **state)
{
    struct reply r;
    char conv[40];
    int64_t until;

    (void)state;
    event("o-m", "<MsgType>event</MsgType><Event>SCAN</Event><EventKey>TABLE1</EventKey>"); /* nobody has spoken: nothing is opened */
    r = text_from("o-m", "24565000000000051", "我刚扫了码");
    reply_free(&r);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    until = window_left(conv, 5);
    wire_forget(&agent.wire);
    event("o-m", "<MsgType>event</MsgType><Event>SCAN</Event><EventKey>TABLE2</EventKey>");
    assert_int_equal(window_left(conv, 5), until);
    for (int i = 1; i <= 5; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "m%d", i);
        says(conv, cid, "o-m", 5 - i);
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "late", "left", 0);
    wire_forget(&agent.wire);
    event("o-m", "<MsgType>event</MsgType><Event>SCAN</Event><EventKey>TABLE3</EventKey>");
    until = window_left(conv, 3);
    assert_true(until > now_wall_ms() && until <= now_wall_ms() + 60000);
    says(conv, "m6", "o-m", 2);
    event("o-m", "<MsgType>event</MsgType><Event>unsubscribe</Event>");
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "window", "conversation", conv, "state", "closed");
    wire_forget(&agent.wire);
    event("o-m", "<MsgType>event</MsgType><Event>subscribe</Event>"); /* and there he is again */
    (void)window_left(conv, 3);
    says(conv, "m7", "o-m", 2);
}

static void a_voice_is_fetched_and_a_refusal_is_no_file(void **state)
{
    static const char amr[] = "#!AMR\nand so on";
    char disposition[] = "Content-Disposition: attachment; filename=\"v.amr\"\r\n";
    struct reply r = post("o-3", "<MsgType>voice</MsgType><MediaId>V1</MediaId><Format>amr</Format><Recognition>我想退货</Recognition>"
                                 "<MsgId>24565000000000003</MsgId>");
    const char *conv = assigned();

    (void)state;
    reply_free(&r);
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/get?access_token=T2&media_id=V1");
    platform_answer(&p, 200, NULL, "{\"errcode\":-1,\"errmsg\":\"system error\"}");
    platform_take(&p);
    platform_answer(&p, 200, disposition, amr);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:s,s:{s:s,s:s}}", "type", "changed", "conversation", conv, "kind", "audio", "text", "我想退货",
              "file", "name", "v.amr", "mime", "audio/amr");
    r = post("o-3", "<MsgType>voice</MsgType><MediaId>V2</MediaId><MsgId>24565000000000004</MsgId>");
    reply_free(&r);
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"errcode\":40007,\"errmsg\":\"invalid media_id\"}");
    wire_take(&agent.wire, "{s:s,s:s,s:{s:s,s:s}}", "type", "changed", "conversation", conv, "media", "state", "failed", "reason", "gone");
}

static void a_picture_goes_there_first(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on";
    struct reply r = text_from("o-4", "24565000000000005", "有图吗"), up;
    char headers[300], frame[300];
    const char *conv = assigned();
    int64_t seq;

    (void)state;
    reply_free(&r);
    (void)snprintf(headers, sizeof(headers), "X-CSRF-Token: %s\r\n", agent.csrf);
    up = web_expect(&d, 201,
                    &(struct ask){ .path = "/files?site=" SITE "&name=a.gif", .headers = headers, .cookie = agent.cookie, .body = gif });
    (void)snprintf(frame, sizeof(frame), "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"f1\",\"kind\":\"image\",\"file\":\"%s\"}",
                   conv, text_at(up.json, "id"));
    reply_free(&up);
    wire_text(&agent.wire, frame);
    assert_string_equal(wire_verdict(&agent.wire, "f1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=image");
    assert_non_null(strstr(p.body, "GIF89a"));
    platform_answer(&p, 200, NULL, "{\"type\":\"image\",\"media_id\":\"M0\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "image.media_id"), "M0");
    platform_answer(&p, 200, NULL, "{\"errcode\":40007,\"errmsg\":\"invalid media_id\"}"); /* lost there: it is taken once more */
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=image");
    platform_answer(&p, 200, NULL, "{\"type\":\"image\",\"media_id\":\"M1\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "msgtype"), "image");
    assert_string_equal(text_at(p.json, "image.media_id"), "M1");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
}

/* Posts a text and leaves the answer to be read; the connection. */
static int text_open(const char *user, const char *id, const char *text)
{
    char elements[600], body[9000], path[300], request[10000];
    int fd = web_connect(&d, false);

    (void)snprintf(elements, sizeof(elements), "<MsgType>text</MsgType><Content>%s</Content><MsgId>%s</MsgId>", text, id);
    sealed_post(user, elements, path, body);
    (void)snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nHost: kefud\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n\r\n%s",
                   path, strlen(body), body);
    web_send(fd, request, strlen(request));
    return fd;
}

/* True: the picture rode in the answer to that post, which waits while it is taken there. Else it went by the API: the machine was slower
 * than the two seconds that an answer may wait. */
static bool picture_rides(const char *conv, const char *file, int turn)
{
    char id[40], cid[16], words[24];
    int64_t seq;
    int fd;
    struct reply r;
    bool rode;

    (void)snprintf(id, sizeof(id), "2456500000000009%d", turn);
    (void)snprintf(cid, sizeof(cid), "p%d", turn);
    (void)snprintf(words, sizeof(words), "再来%d", turn);
    fd = text_open("o-11", id, words);
    wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "text", words);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"image\",\"file\":\"%s\"}", conv, cid,
               file);
    assert_string_equal(wire_verdict(&agent.wire, cid), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=image");
    platform_answer(&p, 200, NULL, "{\"type\":\"image\",\"media_id\":\"M9\",\"created_at\":1718000000}");
    assert_true(web_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    (void)close(fd);
    rode = strcmp(r.body, "success") != 0;
    if (rode) {
        const char *document = wx_unseal(&scheme, r.body);

        assert_string_equal(wx_element(document, "ToUserName"), "o-11");
        assert_string_equal(wx_element(document, "MsgType"), "image");
        assert_string_equal(wx_element(document, "MediaId"), "M9");
    } else {
        platform_take(&p);
        assert_string_equal(text_at(p.json, "image.media_id"), "M9");
        platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    }
    status(seq, "sent");
    reply_free(&r);
    return rode;
}

static void a_picture_rides_in_the_answer_when_it_is_there_in_time(void **state)
{
    struct reply r = text_from("o-11", "24565000000000090", "有图吗"), up;
    char conv[40], id[40];
    int turn = 1;

    (void)state;
    reply_free(&r);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    up = web_expect(&d, 201,
                    &(struct ask){ .path = "/files?site=" SITE "&name=c.jpg",
                                   .csrf = agent.csrf,
                                   .cookie = agent.cookie,
                                   .origin = "",
                                   .body = "\xff\xd8\xff\xe0 and so on" });
    (void)snprintf(id, sizeof(id), "%s", text_at(up.json, "id"));
    reply_free(&up);
    wire_forget(&agent.wire);
    while (!picture_rides(conv, id, turn))
        assert_true(++turn < 9);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5); /* it used up none */
}

/* The platform has no place for words beside a picture: they are not lost. */
static void words_of_a_picture_follow_it(void **state)
{
    static const char gif[] = "GIF89a\x02\x01\x03\x01 and more";
    struct reply r = text_from("o-5", "24565000000000006", "是哪一款"), up;
    char headers[300], frame[400];
    const char *conv = assigned();
    int64_t seq;

    (void)state;
    reply_free(&r);
    (void)snprintf(headers, sizeof(headers), "X-CSRF-Token: %s\r\n", agent.csrf);
    up = web_expect(&d, 201,
                    &(struct ask){ .path = "/files?site=" SITE "&name=b.gif", .headers = headers, .cookie = agent.cookie, .body = gif });
    (void)snprintf(frame, sizeof(frame),
                   "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"w1\",\"kind\":\"image\",\"text\":\"是这一款\",\"file\":\"%s\"}",
                   conv, text_at(up.json, "id"));
    reply_free(&up);
    wire_text(&agent.wire, frame);
    assert_string_equal(wire_verdict(&agent.wire, "w1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=image");
    platform_answer(&p, 200, NULL, "{\"type\":\"image\",\"media_id\":\"M2\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "image.media_id"), "M2");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    takes_message("T2", "o-5", "是这一款");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
}

/* From which article somebody writes is a line of its own, told once; a page of a mini program says which one it is. */
static void what_stands_beside_a_message_is_told(void **state)
{
    struct reply r =
        post("o-13", "<MsgType>text</MsgType><Content>这款还有吗</Content><MsgId>24565000000000110</MsgId><MsgDataId>2247483655"
                     "</MsgDataId><Idx>1</Idx>");
    char conv[40];
    const json_t *line;

    (void)state;
    reply_free(&r);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    assert_true(staff_knows_came_by(&agent, &d, SITE, conv, "article 2247483655_1"));
    wire_forget(&agent.wire);
    r = post("o-13", "<MsgType>miniprogrampage</MsgType><Title>下单</Title><AppId>wx12</AppId><PagePath>pages/a?x=1</PagePath><MsgId>"
                     "24565000000000111</MsgId><MsgDataId>2247483655</MsgDataId><Idx>1</Idx>");
    reply_free(&r);
    line = wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "kind", "card");
    assert_string_equal(text_at(line, "text"), "下单\npages/a?x=1\nminiprogram:wx12/pages/a?x=1");
    wire_none(&agent.wire, "{s:s,s:{s:s}}", "type", "timeline", "entry", "kind", "follow");
}

/* What may be sent to somebody from now on is seen by who serves them, by the name that it has here. */
static void who_wants_a_template_is_told(void **state)
{
    struct reply r = text_from("o-12", "24565000000000100", "到货告诉我");
    char conv[40];
    const json_t *line;

    (void)state;
    reply_free(&r);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    r = post("o-12", "<MsgType>event</MsgType><Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent><List><TemplateId>S-stock"
                     "</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>2</PopupScene></List><List><TemplateId>"
                     "S-other</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgPopupEvent>");
    assert_string_equal(r.body, "success");
    reply_free(&r);
    line = wire_take(&agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "subscribed");
    assert_string_equal(text_at(line, "entry.data.template"), "到货");
    line = wire_take(&agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "unsubscribed");
    assert_string_equal(text_at(line, "entry.data.template"), "S-other");
    r = post("o-12", "<MsgType>event</MsgType><Event>subscribe_msg_change_event</Event><SubscribeMsgChangeEvent><List><TemplateId>S-stock"
                     "</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgChangeEvent>");
    reply_free(&r);
    line = wire_take(&agent.wire, "{s:s,s:s,s:{s:s}}", "type", "timeline", "conversation", conv, "entry", "kind", "unsubscribed");
    assert_string_equal(text_at(line, "entry.data.template"), "到货");
}

/* Two files are taken there for it, and one message shows both. */
static void a_film_goes_with_a_cover(void **state)
{
    struct reply r = text_from("o-8", "24565000000000061", "怎么装"), up;
    char conv[40], id[40];
    int64_t seq;

    (void)state;
    reply_free(&r);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    up = web_expect(&d, 201,
                    &(struct ask){ .path = "/files?site=" SITE "&name=%E5%BC%80%E7%AE%B1",
                                   .csrf = agent.csrf,
                                   .cookie = agent.cookie,
                                   .origin = "",
                                   .body = "....ftypisom and so on" });
    (void)snprintf(id, sizeof(id), "%s", text_at(up.json, "id"));
    reply_free(&up);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"f1\",\"kind\":\"file\",\"file\":\"%s\"}", conv, id);
    assert_string_equal(wire_verdict(&agent.wire, "f1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=thumb");
    platform_answer(&p, 200, NULL, "{\"type\":\"thumb\",\"thumb_media_id\":\"T8\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/media/upload?access_token=T2&type=video");
    assert_non_null(strstr(p.body, "开箱.mp4\""));
    platform_answer(&p, 200, NULL, "{\"type\":\"video\",\"media_id\":\"V8\",\"created_at\":1718000000}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "msgtype"), "video");
    assert_string_equal(text_at(p.json, "video.media_id"), "V8");
    assert_string_equal(text_at(p.json, "video.thumb_media_id"), "T8");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
}

static void chooses(const char *conv, const char *cid, const char *url)
{
    wire_sendf(&agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"template\",\"template\":\"order\",\"fields\":{"
               "\"character_string1\":\"A-1024\",\"phrase2\":\"已发货\",\"url\":\"%s\"}}",
               conv, cid, url);
}

/* What became of a job; the platform tells it once the template has been shown, or has not. */
static void job_ends(const char *user, const char *id, const char *how)
{
    char elements[300];
    struct reply r;

    (void)snprintf(elements, sizeof(elements),
                   "<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event><MsgID>%s</MsgID><Status>%s</Status>", id, how);
    r = post(user, elements);
    reply_free(&r);
}

/* The next template that the platform is sent. */
static void takes_template(const char *user)
{
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/message/template/send?access_token=T2");
    assert_string_equal(text_at(p.json, "touser"), user);
    assert_string_equal(text_at(p.json, "template_id"), ORDER_ID);
    assert_string_equal(text_at(p.json, "data.character_string1.value"), "A-1024");
    assert_string_equal(text_at(p.json, "data.phrase2.value"), "已发货");
    assert_null(strstr(p.body, "\\u"));
}

static void a_template_goes_when_no_reply_is_left(void **state)
{
    struct reply r = text_from("o-6", "24565000000000020", "我的订单呢");
    const char *conv = assigned();
    const json_t *told;
    int64_t seq;

    (void)state;
    reply_free(&r);
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i,s:b}", "type", "window", "conversation", conv, "state", "open", "left", 5, "templates", 1);
    chooses(conv, "t0", "javascript:alert(1)");
    assert_string_equal(wire_verdict(&agent.wire, "t0"), "bad_request");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "fields.url: an http or https address"));

    /* It costs none of the replies, also while it is on its way. */
    wire_forget(&agent.wire);
    chooses(conv, "t1", "https://shop.example/o/1024");
    assert_string_equal(wire_verdict(&agent.wire, "t1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    takes_template("o-6");
    assert_string_equal(text_at(p.json, "url"), "https://shop.example/o/1024");
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "open", "left", 5);
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":3504711867345846273}");
    status(seq, "sent");
    job_ends("o-6", "3504711867345846273", "success");
    status(seq, "delivered");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":1}", conv, (long long)seq + 1);
    told = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "订单号：A-1024\n状态：已发货\nhttps://shop.example/o/1024");
    for (int i = 1; i <= 5; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "m%d", i);
        seq = staff_say(&agent, conv, cid, "在查");
        takes_message("T2", "o-6", "在查");
        platform_answer(&p, 200, NULL, "{\"errcode\":0}");
        status(seq, "sent");
    }

    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i,s:b,s:b}", "type", "window", "conversation", conv, "state", "late", "left", 0, "late", 1,
              "templates", 1);
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"m6\",\"kind\":\"text\",\"text\":\"太多了\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "m6"), "conflict");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "no reply is left: choose a template"));
    chooses(conv, "t2", "https://shop.example/o/1024");
    assert_string_equal(wire_verdict(&agent.wire, "t2"), "ack");
    seq = number_at(agent.wire.last, "seq");
    takes_template("o-6");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":3504711867345846274}");
    status(seq, "sent");
    job_ends("o-6", "3504711867345846274", "failed:user block");
    assert_string_equal(
        text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
        "failed:user block");
}

static void ready(const char *conv, const char *cid, const char *key, const char *fields)
{
    wire_sendf(&agent.wire,
               "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"template\",\"template\":\"%s\",\"fields\":{%s}}",
               conv, cid, key, fields);
}

/* A coupon, and a page of a mini program: replies like others, which no call is made for once they are used up. */
static void what_is_ready_goes_as_a_reply_and_is_counted(void **state)
{
    struct reply r = text_from("o-10", "24565000000000030", "有优惠吗");
    const char *conv = assigned();
    const json_t *told;
    int64_t seq;

    (void)state;
    reply_free(&r);
    wire_take(&agent.wire, "{s:s,s:s,s:i,s:b,s:b}", "type", "window", "conversation", conv, "left", 5, "templates", 1, "ready", 1);
    ready(conv, "r0", "track", "");
    assert_string_equal(wire_verdict(&agent.wire, "r0"), "bad_request");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "fields.order: required (订单号)"));

    wire_forget(&agent.wire);
    ready(conv, "r1", "coupon", "");
    assert_string_equal(wire_verdict(&agent.wire, "r1"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/message/custom/send?access_token=T2");
    assert_string_equal(text_at(p.json, "touser"), "o-10");
    assert_string_equal(text_at(p.json, "msgtype"), "wxcard");
    assert_string_equal(text_at(p.json, "wxcard.card_id"), "pFS7Fjg8kV1I");
    wire_take(&agent.wire, "{s:s,s:s,s:i}", "type", "window", "conversation", conv, "left", 4); /* on its way */
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
    ready(conv, "r2", "track", "\"order\":\"A 1\"");
    assert_string_equal(wire_verdict(&agent.wire, "r2"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "miniprogrampage.title"), "查看订单 A 1");
    assert_string_equal(text_at(p.json, "miniprogrampage.pagepath"), "pages/order?id=A%201");
    assert_string_equal(text_at(p.json, "miniprogrampage.thumb_media_id"), "M-cover");
    platform_answer(&p, 200, NULL, "{\"errcode\":0}");
    status(seq, "sent");
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"before\":%lld,\"limit\":2}", conv, (long long)seq + 1);
    told = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    assert_string_equal(text_at(told, "messages.0.text"), "九折券，到店出示");
    assert_string_equal(text_at(told, "messages.1.text"), "查看订单 A 1");

    for (int i = 1; i <= 3; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "n%d", i);
        seq = staff_say(&agent, conv, cid, "请看");
        takes_message("T2", "o-10", "请看");
        platform_answer(&p, 200, NULL, "{\"errcode\":0}");
        status(seq, "sent");
    }
    wire_take(&agent.wire, "{s:s,s:s,s:s,s:i}", "type", "window", "conversation", conv, "state", "late", "left", 0);
    ready(conv, "r3", "coupon", "");
    assert_string_equal(wire_verdict(&agent.wire, "r3"), "conflict");
    assert_non_null(strstr(text_at(agent.wire.last, "message"), "no reply is left"));
    chooses(conv, "r4", "https://shop.example/o/1024"); /* the next thing that the platform is asked: the coupon never came there */
    takes_template("o-10");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"msgid\":3504711867345846275}");

    ready(conv, "r5", "stock", "\"thing1\":\"灯\""); /* whoever has asked for it gets it all the same */
    assert_string_equal(wire_verdict(&agent.wire, "r5"), "ack");
    seq = number_at(agent.wire.last, "seq");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/message/subscribe/bizsend?access_token=T2");
    assert_string_equal(text_at(p.json, "template_id"), "S-stock");
    assert_string_equal(text_at(p.json, "data.thing1.value"), "灯");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"msgid\":1700827132819554304}");
    status(seq, "sent");
    r = post("o-10", "<MsgType>event</MsgType><Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent><List><TemplateId>S-stock"
                     "</TemplateId><MsgID>1700827132819554304</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List>"
                     "</SubscribeMsgSentEvent>");
    reply_free(&r);
    status(seq, "delivered");

    ready(conv, "r6", "ship", "\"character_string1\":\"A 1\"");
    assert_string_equal(wire_verdict(&agent.wire, "r6"), "ack");
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/message/template/send?access_token=T2");
    assert_string_equal(text_at(p.json, "miniprogram.appid"), "wx12");
    assert_string_equal(text_at(p.json, "miniprogram.pagepath"), "pages/o?id=A%201");
    assert_string_equal(text_at(p.json, "data.character_string1.value"), "A 1");
    platform_answer(&p, 200, NULL, "{\"errcode\":0,\"msgid\":3504711867345846276}");
}

static void what_says_nothing_is_seen_all_the_same(void **state)
{
    static const char *const nothing[] = { "", "  ", "\xe2\x80\x8b" };
    struct reply r = text_from("o-14", "24565000000000201", "在吗");
    const char *conv = assigned();
    char id[24];

    (void)state;
    reply_free(&r);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(id, sizeof(id), "2456500000000021%d", i);
        r = text_from("o-14", id, nothing[i]);
        reply_free(&r);
        wire_take(&agent.wire, "{s:s,s:s,s:s}", "type", "message", "conversation", conv, "text", "[empty message]");
    }
}

/* That a token has ended early says nothing of the credentials: another one is got, as for a message, and nobody is sent to look for a fault. */
static void a_try_gets_past_a_token_that_died_early(void **state)
{
    int fd = begin_try();
    struct reply r;

    (void)state;
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/getcallbackip?access_token=T2");
    platform_answer(&p, 200, NULL, "{\"errcode\":42001,\"errmsg\":\"access_token expired\"}");
    give_token("T3", true);
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/getcallbackip?access_token=T3");
    platform_answer(&p, 200, NULL, "{\"ip_list\":[\"192.0.2.1\"]}");
    assert_true(web_read(fd, false, &r));
    assert_int_equal(r.status, 200);
    assert_true(json_is_true(json_object_get(r.json, "good")));
    reply_free(&r);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_is_proved),
        cmocka_unit_test(a_clear_body_is_not_believed),
        cmocka_unit_test(a_new_follower_is_welcomed),
        cmocka_unit_test(trouble_with_the_token_is_waited_out),
        cmocka_unit_test(a_follower_is_answered),
        cmocka_unit_test(where_a_follower_came_from_is_known_and_that_he_left),
        cmocka_unit_test(an_event_opens_a_minute_and_shortens_nothing),
        cmocka_unit_test(a_voice_is_fetched_and_a_refusal_is_no_file),
        cmocka_unit_test(a_picture_goes_there_first),
        cmocka_unit_test(a_picture_rides_in_the_answer_when_it_is_there_in_time),
        cmocka_unit_test(words_of_a_picture_follow_it),
        cmocka_unit_test(what_stands_beside_a_message_is_told),
        cmocka_unit_test(who_wants_a_template_is_told),
        cmocka_unit_test(a_film_goes_with_a_cover),
        cmocka_unit_test(a_template_goes_when_no_reply_is_left),
        cmocka_unit_test(what_is_ready_goes_as_a_reply_and_is_counted),
        cmocka_unit_test(what_says_nothing_is_seen_all_the_same),
        cmocka_unit_test(a_try_gets_past_a_token_that_died_early),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
