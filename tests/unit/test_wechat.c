/* WeChat Official Accounts: what comes in, as far as its vectors (test_wechat_vectors.c) do not say it, who writes, and the settings. */
#include "wechat.h"

#include "protocols/xml.h"

static struct http_req signed_post(struct arena *a, struct slice body)
{
    struct slice parts[] = { SLICE(TOKEN), SLICE("1718000201"), SLICE("n") };
    struct http_pair *query = arena_array(a, 3, sizeof(*query));
    char text[41];

    assert_true(wx_sign(parts, 3, text));
    query[0] = (struct http_pair){ SLICE("signature"), arena_copy(a, slice_of(text)) };
    query[1] = (struct http_pair){ SLICE("timestamp"), SLICE("1718000201") };
    query[2] = (struct http_pair){ SLICE("nonce"), SLICE("n") };
    return (struct http_req){ .method = "POST", .url = "/hooks/x", .query = query, .n_query = 3, .body = body };
}

/* Posts a document with these elements. */
static const struct inbound *post(struct bench *t, const char *elements)
{
    const char *body = arena_printf(t->arena,
                                    "<xml><ToUserName>" OURS "</ToUserName><FromUserName>" USER "</FromUserName>"
                                    "<CreateTime>1718000200</CreateTime>%s</xml>",
                                    elements);
    struct http_req req = signed_post(t->arena, slice_of(body));

    assert_int_equal(wechat_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
    return t->got.n ? t->got.inbound : NULL;
}

static const struct inbound *post_whole(struct bench *t, const char *body)
{
    struct http_req req = signed_post(t->arena, slice_of(body));

    assert_int_equal(wechat_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
    return t->got.n ? t->got.inbound : NULL;
}

#define IN_JSON "{\"ToUserName\":\"" OURS "\",\"FromUserName\":\"" USER "\",\"CreateTime\":1718000200,"

static void a_message_opens_two_days_and_a_tap_one_minute(void **state)
{
    static const char *const minute[] = { "<Event>subscribe</Event>", "<Event>SCAN</Event><EventKey>T3</EventKey>",
                                          "<Event>scancode_push</Event><EventKey>K</EventKey>", "<Event>CLICK</Event>" };
    struct bench *t = *state;
    const struct inbound *in = post(t, "<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId>");

    assert_int_equal(in->reply_expires_ms, 1718000200000 + 48 * 3600000LL);
    assert_int_equal(in->reply_left, 4);
    assert_true(in->reply_token.n > 0);
    in = post(t, "<MsgType>event</MsgType><Event>CLICK</Event><EventKey>HUMAN</EventKey>");
    assert_int_equal(in->reply_expires_ms, 1718000260000);
    assert_int_equal(in->reply_left, 3);
    assert_true(slice_is(in->text, "HUMAN"));
    for (size_t i = 0; i < sizeof(minute) / sizeof(minute[0]); i++) {
        in = post(t, arena_printf(t->arena, "<MsgType>event</MsgType>%s", minute[i]));
        assert_int_equal(in->reply_expires_ms, 1718000260000);
        assert_int_equal(in->reply_left, 3);
        assert_true(slice_eq(in->reply_token, in->dedupe));
    }
    in = post(t, "<MsgType>event</MsgType><Event>VIEW</Event><EventKey>https://x.example</EventKey>");
    assert_int_equal(in->reply_token.n, 0);
}

static void each_event_is_what_it_is(void **state)
{
    static const struct {
        const char *elements;
        enum inbound_kind kind;
        const char *code, *text;
    } rows[] = {
        { "<Event>scancode_waitmsg</Event><EventKey>K</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>42</ScanResult>"
          "</ScanCodeInfo>",
          INBOUND_POSTBACK, "", "42" },
        { "<Event>scancode_push</Event><EventKey>K</EventKey>", INBOUND_POSTBACK, "", "K" },
        { "<Event>CLICK</Event>", INBOUND_SYSTEM, "", "" },
        { "<Event>pic_sysphoto</Event><EventKey>K</EventKey>", INBOUND_SYSTEM, "pic_sysphoto", "" },
        { "<Event>location_select</Event>", INBOUND_SYSTEM, "location_select", "" },
        { "<Event>some_new_event</Event>", INBOUND_SYSTEM, "some_new_event", "" },
        { "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>7</MsgID><Status>success</Status>", INBOUND_STATUS, "", "" },
        { "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>7</MsgID><Status>failed:user block</Status>", INBOUND_STATUS, "failed:user block",
          "" },
        { "<Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent><List><TemplateId>T</TemplateId><MsgID>9</MsgID>"
          "<ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>",
          INBOUND_STATUS, "", "" },
        { "<Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent><List><TemplateId>T</TemplateId><MsgID>9</MsgID>"
          "<ErrorCode>1</ErrorCode><ErrorStatus>refused</ErrorStatus></List></SubscribeMsgSentEvent>",
          INBOUND_STATUS, "1", "" },
        { "<Event>MASSSENDJOBFINISH</Event><MsgID>8</MsgID><Status>err(10001)</Status>", INBOUND_STATUS, "err(10001)", "" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct inbound *in = post(t, arena_printf(t->arena, "<MsgType>event</MsgType>%s", rows[i].elements));

        assert_non_null(in);
        assert_int_equal(in->kind, rows[i].kind);
        assert_true(slice_is(in->code, rows[i].code));
        assert_true(slice_is(in->text, rows[i].text));
        if (in->kind == INBOUND_STATUS)
            assert_int_equal(in->delivery, *rows[i].code ? DELIVERY_FAILED : DELIVERY_DELIVERED);
        if (in->kind == INBOUND_STATUS)
            assert_true(in->ref.n > 0 && (!*rows[i].code || in->reason.n > 0));
    }
}

/* One document names several templates, and what somebody thinks of each. */
static void each_template_of_a_list_is_an_event(void **state)
{
#define ENTRY(template, status) \
    "<List><TemplateId>" template "</TemplateId><SubscribeStatusString>" status "</SubscribeStatusString></List>"
    struct bench *t = *state;
    const struct inbound *in = post(t, "<MsgType>event</MsgType><Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent>" ENTRY(
                                           "T1", "accept") ENTRY("T2", "reject") "</SubscribeMsgPopupEvent>");

    assert_int_equal(t->got.n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(in[i].kind, INBOUND_SUBSCRIPTION);
        assert_true(slice_is(in[i].user, USER));
        assert_true(slice_is(in[i].ref, i ? "T2" : "T1"));
        assert_int_equal(in[i].on, !i);
    }
    assert_false(slice_eq(in[0].dedupe, in[1].dedupe));
    in = post(t, "<MsgType>event</MsgType><Event>subscribe_msg_change_event</Event><SubscribeMsgChangeEvent>" ENTRY(
                     "T1", "reject") "</SubscribeMsgChangeEvent>");
    assert_int_equal(t->got.n, 1);
    assert_true(in->kind == INBOUND_SUBSCRIPTION && !in->on && slice_is(in->ref, "T1"));
    in = post(t, "<MsgType>event</MsgType><Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent><List><MsgID>7</MsgID><ErrorCode>0"
                 "</ErrorCode></List><List><MsgID>8</MsgID><ErrorCode>1</ErrorCode></List></SubscribeMsgSentEvent>");
    assert_int_equal(t->got.n, 2);
    assert_true(slice_is(in[0].ref, "7") && in[0].delivery == DELIVERY_DELIVERED);
    assert_true(slice_is(in[1].ref, "8") && in[1].delivery == DELIVERY_FAILED && slice_is(in[1].reason, "1"));
    (void)post(t, "<MsgType>event</MsgType><Event>subscribe_msg_popup_event</Event>");
    assert_int_equal(t->got.n, 0);
    assert_true(slice_is(t->got.body, "success"));
#undef ENTRY
}

static void what_is_only_sometimes_there_is_read(void **state)
{
    struct bench *t = *state;
    const struct inbound *in = post(t, "<MsgType>voice</MsgType><MediaId16K>V16</MediaId16K><Format>speex</Format><MsgId>1</MsgId>");

    assert_true(in->type == TYPE_AUDIO && in->n_media == 1 && slice_is(in->media->id, "V16"));
    in = post(t, "<MsgType>voice</MsgType><MediaId>V8</MediaId><MediaId16K>V16</MediaId16K><MsgId>1</MsgId>");
    assert_true(slice_is(in->media->id, "V8"));
    in = post(t, "<MsgType>image</MsgType><PicUrl>https://mmbiz.example/1</PicUrl><MsgId>2</MsgId>");
    assert_true(in->type == TYPE_IMAGE && !in->media->id.n && slice_is(in->media->url, "https://mmbiz.example/1"));
    in = post(t, "<MsgType>miniprogrampage</MsgType><Title>下单</Title><AppId>wx12</AppId><PagePath>pages/a?x=1</PagePath><ThumbUrl>"
                 "https://mmbiz.example/2</ThumbUrl><ThumbMediaId>T</ThumbMediaId><MsgId>3</MsgId>");
    assert_true(in->type == TYPE_RICH && slice_is(in->title, "下单") && slice_is(in->url, "miniprogram:wx12/pages/a?x=1"));
    assert_true(slice_is(in->text, "pages/a?x=1"));
    in = post(t, "<MsgType>miniprogrampage</MsgType><Title>下单</Title><PagePath>pages/a</PagePath><MsgId>4</MsgId>");
    assert_true(in->type == TYPE_RICH && !in->url.n && slice_is(in->text, "pages/a"));
}

static void an_article_that_somebody_writes_from_is_a_line(void **state)
{
    struct bench *t = *state;
    const struct inbound *in =
        post(t, "<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId><MsgDataId>2247483655</MsgDataId><Idx>2</Idx>");
    struct slice once;

    assert_int_equal(t->got.n, 2);
    assert_true(in[0].kind == INBOUND_MESSAGE && slice_is(in[0].text, "hi") && slice_is(in[0].dedupe, "message:1"));
    assert_true(in[1].kind == INBOUND_SYSTEM && slice_is(in[1].referral, "article 2247483655_2") && slice_is(in[1].user, USER));
    once = in[1].dedupe;
    in = post(t, "<MsgType>text</MsgType><Content>ho</Content><MsgId>2</MsgId><MsgDataId>2247483655</MsgDataId><Idx>2</Idx>");
    assert_true(slice_eq(in[1].dedupe, once));
    assert_true(in[0].reply_token.n > 0 && !in[1].reply_token.n);
}

/* Whoever wants to answer in the platform's own client gets the messages there, and only there. */
static void a_message_may_be_handed_to_the_platform(void **state)
{
    struct bench *t = *state;
    struct channel *hands;

    assert_int_equal(wechat_ops.open(&hands,
                                     SLICE("{\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN
                                           "\",\"transfer\":true,\"kf_account\":\"eva@shop\"}"),
                                     NULL),
                     KF_OK);
    wechat_ops.close(t->ch);
    t->ch = hands;
    assert_null(post(t, "<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId>"));
    assert_true(slice_is(t->got.body, "<xml>" ENDS "<MsgType><![CDATA[transfer_customer_service]]></MsgType><TransInfo><KfAccount><![CDATA["
                                      "eva@shop]]></KfAccount></TransInfo></xml>"));
    assert_non_null(post(t, "<MsgType>event</MsgType><Event>CLICK</Event><EventKey>K</EventKey>"));
    assert_true(slice_is(t->got.body, "success"));
    assert_non_null(post_whole(t, IN_JSON "\"MsgType\":\"text\",\"Content\":\"hi\",\"MsgId\":2}")); /* which cannot be answered so */
}

static void two_taps_in_one_second_are_two(void **state)
{
    struct bench *t = *state;
    struct slice one = post(t, "<MsgType>event</MsgType><Event>CLICK</Event><EventKey>A</EventKey>")->dedupe;

    assert_false(slice_eq(one, post(t, "<MsgType>event</MsgType><Event>CLICK</Event><EventKey>B</EventKey>")->dedupe));
    assert_true(slice_eq(one, post(t, "<MsgType>event</MsgType><Event>CLICK</Event><EventKey>A</EventKey>")->dedupe));
}

static void a_new_follower_is_welcomed_in_the_answer(void **state)
{
    struct bench *t = *state;
    struct xml_node *root;

    (void)post(t, "<MsgType>event</MsgType><Event>subscribe</Event>");
    assert_int_equal(xml_read(t->arena, t->got.body, &root, NULL), KF_OK);
    assert_true(slice_is(xml_text(root, "ToUserName"), USER));
    assert_true(slice_is(xml_text(root, "Content"), "欢迎"));
}

static void what_cannot_be_shown_is_kept_as_it_came(void **state)
{
    static const char *const rows[] = {
        "<MsgType>file</MsgType><MsgId>1</MsgId><Title>a.pdf</Title>",
        "<MsgType>image</MsgType><MsgId>2</MsgId>",
        "<MsgType>location</MsgType><MsgId>3</MsgId><Location_X>91</Location_X><Location_Y>0</Location_Y>",
        "<MsgType>location</MsgType><MsgId>4</MsgId><Location_X>nan</Location_X><Location_Y>0</Location_Y>",
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct inbound *in = post(t, rows[i]);

        assert_int_equal(in->type, TYPE_UNSUPPORTED);
        assert_true(in->raw.n > 0);
        assert_int_equal(in->n_media, 0);
    }
}

/* Consoles offer JSON instead of XML, with the same names. */
static void a_post_may_be_in_json(void **state)
{
    struct bench *t = *state;
    const struct inbound *in = post_whole(t, " \n" IN_JSON "\"MsgType\":\"text\",\"Content\":\"您好\\n<b>\",\"MsgId\":24565000000000001}");

    assert_non_null(in);
    assert_true(slice_is(in->account, OURS) && slice_is(in->user, USER));
    assert_true(slice_is(in->text, "您好\n<b>"));
    assert_true(slice_is(in->id, "24565000000000001"));
    assert_int_equal(in->at, 1718000200000);
    assert_true(slice_is(t->got.body, "success"));
    assert_int_equal(t->got.answer_key.n, 0); /* nothing rides in that answer */
    in = post_whole(t, IN_JSON "\"MsgType\":\"location\",\"Location_X\":31.2304,\"Location_Y\":\"121.47\",\"Label\":null,\"MsgId\":\"2\"}");
    assert_true(in->type == TYPE_LOCATION && in->lat > 31.23 && in->lat < 31.231 && in->lon > 121.46 && !in->text.n);
    in = post_whole(t, IN_JSON
                    "\"MsgType\":\"event\",\"Event\":\"scancode_push\",\"EventKey\":\"K\",\"ScanCodeInfo\":{\"ScanResult\":\"42\"}}");
    assert_true(in->kind == INBOUND_POSTBACK && slice_is(in->text, "42"));
    (void)post_whole(t, IN_JSON "\"MsgType\":\"event\",\"Event\":\"subscribe_msg_popup_event\",\"SubscribeMsgPopupEvent\":{\"List\":["
                                "{\"TemplateId\":\"T1\",\"SubscribeStatusString\":\"accept\"},{\"TemplateId\":\"T2\"}]}}");
    assert_int_equal(t->got.n, 2);
    in = post_whole(t, IN_JSON "\"MsgType\":\"event\",\"Event\":\"subscribe_msg_change_event\",\"List\":{\"TemplateId\":\"T1\"}}");
    assert_true(t->got.n == 1 && slice_is(in->ref, "T1"));
    in = post_whole(t, IN_JSON "\"MsgType\":\"file\",\"MsgId\":3}");
    assert_true(in->type == TYPE_UNSUPPORTED && in->raw.n > 0 && in->raw.p[0] == '{');
    (void)post_whole(t, IN_JSON "\"MsgType\":\"event\",\"Event\":\"subscribe\"}");
    assert_true(slice_is(t->got.body, "success"));
}

/* Safe mode signs and encrypts what is inside, whatever it is. */
static void an_encrypted_post_may_be_in_json(void **state)
{
    static const char settings[] = "{\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN "\",\"mode\":\"safe\","
                                   "\"encoding_aes_key\":\"Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J\"}";
    static const uint8_t chance[WX_RANDOM] = { 1 };
    struct bench *t = *state;
    struct http_req req;
    struct channel *safe;
    struct slice sealed, parts[4];
    char signature[41];

    assert_int_equal(wechat_ops.open(&safe, slice_of(settings), NULL), KF_OK);
    assert_int_equal(wx_encrypt(&wechat_of(safe)->key, t->arena, chance,
                                SLICE(IN_JSON "\"MsgType\":\"text\",\"Content\":\"hi\",\"MsgId\":1}"), SLICE(APP), &sealed),
                     KF_OK);
    req = signed_post(t->arena,
                      slice_of(arena_printf(t->arena, "{\"ToUserName\":\"" OURS "\",\"Encrypt\":\"%.*s\"}", (int)sealed.n, sealed.p)));
    parts[0] = SLICE(TOKEN);
    parts[1] = req.query[1].value;
    parts[2] = req.query[2].value;
    parts[3] = sealed;
    assert_true(wx_sign(parts, 4, signature));
    req.query = (struct http_pair[]){ { SLICE("msg_signature"), slice_of(signature) }, req.query[1], req.query[2] };
    assert_int_equal(wechat_ops.receive(safe, t->arena, &req, &t->env, &t->got), KF_OK);
    assert_int_equal(t->got.status, 200);
    assert_int_equal(t->got.n, 1);
    assert_true(slice_is(t->got.inbound->text, "hi"));
    wechat_ops.close(safe);
}

static void a_document_that_is_none_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "hello",
        "<xml>",
        "<xml></xml>",
        "<xml><a><b><c><d><e><f><g><h>x</h></g></f></e></d></c></b></a></xml>",
        "<xml><MsgType>text</MsgType><FromUserName>u</FromUserName><CreateTime>yesterday</CreateTime><MsgId>1</MsgId></xml>",
        "<xml><MsgType>text</MsgType><FromUserName>u</FromUserName><CreateTime>1</CreateTime></xml>",
        "<xml><MsgType>text</MsgType><FromUserName>u</FromUserName><CreateTime>1</CreateTime><MsgId>1</MsgId><Content>\xff</Content></xml>",
        "<xml><MsgType>event</MsgType><FromUserName>u</FromUserName><CreateTime>1</CreateTime></xml>",
        "<!DOCTYPE x><xml/>",
        "{}",
        "{\"MsgType\":\"text\",\"FromUserName\":\"u\",\"CreateTime\":1,\"Content\":\"x\"}",
        "{\"MsgType\":\"text\",\"FromUserName\":\"u\",\"CreateTime\":1,\"MsgId\":1} and more",
        "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":1}}}}}}}}",
        "[1]",
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_req req = signed_post(t->arena, slice_of(rows[i]));

        assert_int_equal(wechat_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
        assert_string_equal(t->got.refused, "malformed_body");
        assert_int_equal(t->got.status, 400);
    }
}

/* A doctype in what somebody says is a text; a control character in it does not lose it. */
static void hostile_texts_arrive_whole(void **state)
{
    struct bench *t = *state;

    assert_true(slice_is(post(t, "<MsgType>text</MsgType><Content><![CDATA[<!DOCTYPE a>\x01&e;\t]]></Content><MsgId>1</MsgId>")->text,
                         "<!DOCTYPE a>\xef\xbf\xbd&e;\t"));
}

static void what_is_for_another_account_is_passed_over(void **state)
{
    struct bench *t = *state;
    struct channel *other;

    assert_int_equal(
        wechat_ops.open(&other,
                        SLICE("{\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN "\",\"account\":\"gh_another\"}"),
                        NULL),
        KF_OK);
    wechat_ops.close(t->ch);
    t->ch = other;
    assert_null(post(t, "<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId>"));
    assert_int_equal(t->got.status, 200);
    assert_true(slice_is(t->got.body, "success"));
}

static void settings_must_fit_together(void **state)
{
    static const struct {
        const char *more, *words;
    } rows[] = {
        { ",\"mode\":\"safe\"", "encoding_aes_key: required" },
        { ",\"mode\":\"none\"", "mode: plain, compat or safe" },
        { ",\"welcome\":\"two\\nlines\",\"mode\":\"none\"", "mode: plain, compat or safe" },
        { ",\"encoding_aes_key\":\"===========================================\"", "encoding_aes_key: 43" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kf_err why = { .rc = KF_OK };
        struct channel *ch;
        char text[300];

        (void)snprintf(text, sizeof(text), "{\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN "\"%s}",
                       rows[i].more);
        assert_int_equal(channel_check(&wechat_ops, slice_of(text), &why), KF_OK);
        assert_int_equal(wechat_ops.open(&ch, slice_of(text), &why), KF_INVALID);
        if (strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s: %s", text, why.text);
    }
}

static void who_writes_is_asked_for_where_the_owner_wants_it(void **state)
{
    static const struct {
        int status;
        const char *body, *profile; /* NULL: nothing is known of it */
        enum kf_rc rc;
    } rows[] = {
        { 200, "{\"subscribe\":1,\"openid\":\"o\",\"unionid\":\"o6_b\\\"x\"}", "{\"unionid\":\"o6_b\\\"x\"}", KF_OK },
        { 200, "{\"subscribe\":0,\"openid\":\"o\"}", NULL, KF_OK },
        { 200, "{\"errcode\":40003,\"errmsg\":\"invalid openid\"}", NULL, KF_IO },
        { 500, "{\"unionid\":\"x\"}", NULL, KF_IO },
        { 200, "busy", NULL, KF_IO },
        { 0, "", NULL, KF_IO },
    };
    struct bench *t = *state;
    struct slice profile;
    struct channel *asks;
    struct http_req req;

    (void)post(t, "<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId>");
    assert_int_equal(t->got.who.n, 0);
    assert_int_equal(wechat_ops.open(&asks,
                                     SLICE("{\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN
                                           "\",\"unionid\":true,\"url\":\"https://api.example\"}"),
                                     NULL),
                     KF_OK);
    wechat_ops.close(t->ch);
    t->ch = asks;
    (void)post(t, "<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId>");
    assert_true(slice_is(t->got.who, USER));
    (void)post(t, "<MsgType>event</MsgType><Event>VIEW</Event><EventKey>https://x.example</EventKey>");
    assert_int_equal(t->got.who.n, 0);
    assert_int_equal(wechat_ops.who(t->ch, t->arena, &t->env, SLICE("a b"), NULL, &req, NULL), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/user/info?access_token=TKN&openid=a%20b&lang=zh_CN");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_resp last = answered(rows[i].status, rows[i].body);

        profile = SLICE("");
        assert_int_equal(wechat_ops.who(t->ch, t->arena, &t->env, SLICE("o"), &last, NULL, &profile), rows[i].rc);
        assert_true(slice_is(profile, rows[i].profile ? rows[i].profile : ""));
    }
    t->env.token = SLICE("");
    assert_int_equal(wechat_ops.who(t->ch, t->arena, &t->env, SLICE("o"), NULL, &req, NULL), KF_AUTH);
}

static void memory_that_runs_out_loses_nothing(void **state)
{
    static const char body[] =
        "<xml><ToUserName>a</ToUserName><FromUserName>u</FromUserName><CreateTime>1</CreateTime><MsgType>voice</MsgType>"
        "<MediaId>m</MediaId><Recognition>some words</Recognition><MsgId>1</MsgId></xml>";
    struct bench *t = *state;
    struct http_req req = signed_post(t->arena, slice_of(body));

    for (size_t max = 1; max < 4096; max += 13) {
        struct arena *a = arena_new(max);
        struct received got;
        enum kf_rc rc = wechat_ops.receive(t->ch, a, &req, &t->env, &got);

        assert_true(rc == KF_NOMEM || (rc == KF_OK && got.status == 200 && got.n == 1 && got.inbound->text.n == 10 &&
                                       got.inbound->n_media == 1 && got.answer_key.n));
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_message_opens_two_days_and_a_tap_one_minute),
        BENCH(each_event_is_what_it_is),
        BENCH(each_template_of_a_list_is_an_event),
        BENCH(what_is_only_sometimes_there_is_read),
        BENCH(an_article_that_somebody_writes_from_is_a_line),
        BENCH(a_message_may_be_handed_to_the_platform),
        BENCH(two_taps_in_one_second_are_two),
        BENCH(a_new_follower_is_welcomed_in_the_answer),
        BENCH(what_cannot_be_shown_is_kept_as_it_came),
        BENCH(a_post_may_be_in_json),
        BENCH(an_encrypted_post_may_be_in_json),
        BENCH(a_document_that_is_none_is_refused),
        BENCH(hostile_texts_arrive_whole),
        BENCH(what_is_for_another_account_is_passed_over),
        cmocka_unit_test(settings_must_fit_together),
        BENCH(who_writes_is_asked_for_where_the_owner_wants_it),
        BENCH(memory_that_runs_out_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
