/* A WeChat Official Account beside a real kefud: messages come encrypted, the first answer rides in the answer, others go by the API, for as long
 * as the window is open; and what becomes of the token. */
#include "wechat_rig.h"

/* ---- the address, and who follows ---- */

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

/* ---- the token ---- */

static void token_trouble(int status, const char *headers, const char *body)
{
    platform_take(&p);
    assert_string_equal(p.path, "/cgi-bin/stable_token");
    if (status)
        platform_answer(&p, status, headers, body);
    else
        platform_drop(&p);
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

/* ---- messages and events ---- */

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
        replies("T2", conv, cid, "o-2", "还有");
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
    replies("T2", conv, cid, user, "请看");
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
        cmocka_unit_test(what_stands_beside_a_message_is_told),
        cmocka_unit_test(who_wants_a_template_is_told),
        cmocka_unit_test(what_says_nothing_is_seen_all_the_same),
        cmocka_unit_test(a_try_gets_past_a_token_that_died_early),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
