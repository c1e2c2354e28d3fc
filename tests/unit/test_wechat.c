/* WeChat Official Accounts: what its vectors (test_wechat_vectors.c) do not say. */
#define _GNU_SOURCE
#include "channel_bench.h"
#include "channel_vectors.h"
#include "classes.h"
#include "wechat.h"

#include "protocols/wechat_impl.h"
#include "protocols/xml.h"

/* ---- an account to try things on ------------------------------------------------------------------------------------------------- */

#define SETTINGS                                                                                                                     \
    "{\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN "\",\"url\":\"https://api.example/\",\"replies\":4," \
    "\"kf_account\":\"eva@shop\",\"welcome\":\"欢迎\"}"

static int bench_setup(void **state)
{
    return bench_open(state, &wechat_ops, SETTINGS, (struct env){ .now_ms = 1718000210000, .token = SLICE("TKN") });
}

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

#define ENDS \
    "<ToUserName><![CDATA[" USER "]]></ToUserName><FromUserName><![CDATA[" OURS "]]></FromUserName><CreateTime>1718000210</CreateTime>"

/* ---- in ---------------------------------------------------------------------------------------------------------------------------- */

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

/* ---- out --------------------------------------------------------------------------------------------------------------------------- */

static struct errand an_errand(enum message_kind kind, const char *text)
{
    return (struct errand){ .user = USER, .peer = USER, .handle_left = -1, .message = { .kind = kind, .text = slice_of(text) } };
}

static json_t *sent(struct bench *t, const struct errand *e)
{
    struct http_req req;
    json_t *ret;

    assert_int_equal(wechat_ops.encode(t->ch, t->arena, e, &t->env, &req), KF_OK);
    assert_string_equal(req.method, "POST");
    ret = json_loadb(req.body.p, req.body.n, 0, NULL);
    assert_non_null(ret);
    return ret;
}

static void choices_are_a_menu_below_the_last_part(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_TEXT, "满意吗?");
    json_t *root;

    e.message.extra = "{\"choices\":[{\"id\":\"y\",\"label\":\"是 <b>\"},{\"id\":\"n\",\"label\":\"否\"}]}";
    root = sent(t, &e);
    v_expect_json(SLICE("{\"head_content\":\"满意吗?\",\"list\":[{\"id\":\"y\",\"content\":\"是 <b>\"},{\"id\":\"n\",\"content\":\"否\"}],"
                        "\"tail_content\":\"\"}"),
                  json_object_get(root, "msgmenu"));
    assert_string_equal(v_text(v_get(root, "customservice"), "kf_account"), "eva@shop");
    json_decref(root);
    e.more = true;
    root = sent(t, &e);
    assert_string_equal(v_text(root, "msgtype"), "text");
    json_decref(root);
}

static void a_card_is_an_article(void **state)
{
    static const struct {
        const char *text, *article, *picture;
    } rows[] = {
        { "退货说明\n七天内可以退。\n运费我们付。\nhttps://shop.example/r?a=1&b=2",
          "{\"title\":\"退货说明\",\"description\":\"七天内可以退。\\n运费我们付。\",\"url\":\"https://shop.example/r?a=1&b=2\"}", NULL },
        { "R\nhttp://shop.example", "{\"title\":\"R\",\"description\":\"\",\"url\":\"http://shop.example\"}", NULL },
        { "R\nhttp://shop.example",
          "{\"title\":\"R\",\"description\":\"\",\"url\":\"http://shop.example\",\"picurl\":\"https://kefud.example/files/1?exp=1&sig=2\"}",
          "https://kefud.example/files/1?exp=1&sig=2" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand(MESSAGE_CARD, rows[i].text);
        json_t *root, *articles;

        e.file_url = rows[i].picture;
        root = sent(t, &e);
        articles = json_object_get(json_object_get(root, "news"), "articles");
        assert_string_equal(v_text(root, "msgtype"), "news");
        assert_int_equal(json_array_size(articles), 1);
        v_expect_json(slice_of(rows[i].article), json_array_get(articles, 0));
        assert_string_equal(v_text(v_get(root, "customservice"), "kf_account"), "eva@shop");
        json_decref(root);
    }
}

static void a_mini_program_is_a_page_with_a_cover(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_CARD, "下单\n七折\nminiprogram:wx12/pages/a?x=1");
    const struct upload png = { .bytes = SLICE("0123456789"), .mime = "image/png", .name = "x" };
    struct kf_err why = { .rc = KF_OK };
    struct uploaded done;
    struct http_req req;
    json_t *root;

    assert_int_equal(channel_card(&wechat_ops, &e.message, &why), CARD_REFUSED);
    assert_string_equal(why.text, "file: the card of a mini program has to have a picture, JPEG or PNG");
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
    e.message.file = (struct kf_id){ { 1 } };
    assert_int_equal(channel_card(&wechat_ops, &e.message, NULL), CARD_UPLOADED);
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, NULL, &req, &done), KF_AGAIN);
    e.media_id = "M1";
    root = sent(t, &e);
    assert_string_equal(v_text(root, "msgtype"), "miniprogrampage");
    v_expect_json(SLICE("{\"title\":\"下单\",\"appid\":\"wx12\",\"pagepath\":\"pages/a?x=1\",\"thumb_media_id\":\"M1\"}"),
                  json_object_get(root, "miniprogrampage"));
    json_decref(root);
    t->env.answering = true;
    t->env.answer_key = SLICE("{\"to\":\"" USER "\",\"from\":\"" OURS "\"}");
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED); /* there is none inside an answer */
    e.message.text = SLICE("下单\nhttps://shop.example/");
    assert_int_equal(channel_card(&wechat_ops, &e.message, NULL), CARD_WHOLE); /* an article, whose picture is an address */
}

static void a_card_rides_in_the_answer_as_an_article(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_CARD, "退货 ]]>\n七天\nhttps://shop.example/?a=1&b=2");
    const struct xml_node *articles, *item;
    struct xml_node *root;
    struct http_req out;

    t->env.answering = true;
    t->env.answer_key = SLICE("{\"to\":\"" USER "\",\"from\":\"" OURS "\"}");
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &out), KF_OK);
    assert_int_equal(xml_read(t->arena, out.body, &root, NULL), KF_OK);
    assert_true(slice_is(xml_text(root, "ToUserName"), USER));
    assert_true(slice_is(xml_text(root, "MsgType"), "news"));
    assert_true(slice_is(xml_text(root, "ArticleCount"), "1"));
    articles = xml_child(root, "Articles");
    item = xml_child(articles, "item");
    assert_true(slice_is(xml_text(item, "Title"), "退货 ]]>"));
    assert_true(slice_is(xml_text(item, "Description"), "七天"));
    assert_true(slice_is(xml_text(item, "Url"), "https://shop.example/?a=1&b=2"));
    assert_false(xml_text(item, "PicUrl").n);
    e.file_url = "https://kefud.example/files/1?exp=1&sig=2";
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &out), KF_OK);
    assert_int_equal(xml_read(t->arena, out.body, &root, NULL), KF_OK);
    assert_true(slice_is(xml_text(xml_child(xml_child(root, "Articles"), "item"), "PicUrl"), e.file_url));
}

/* Whatever an answer has an element for rides in it, once it is there. */
static void each_kind_of_answer_has_its_element(void **state)
{
    static const struct {
        enum message_kind kind;
        const char *text, *extra, *id, *mime, *name, *url, *document; /* behind the ends; NULL: none */
    } rows[] = {
        { MESSAGE_IMAGE, "", NULL, "M1", "image/jpeg", "a.jpg", NULL,
          "<MsgType><![CDATA[image]]></MsgType><Image><MediaId><![CDATA[M1]]></MediaId></Image>" },
        { MESSAGE_IMAGE, "", NULL, "M1", "image/gif", "a.gif", NULL, NULL },
        { MESSAGE_AUDIO, "", NULL, "M2", "audio/amr", "a.amr", NULL,
          "<MsgType><![CDATA[voice]]></MsgType><Voice><MediaId><![CDATA[M2]]></MediaId></Voice>" },
        { MESSAGE_FILE, "", NULL, "V8 T8", "video/mp4", "开箱.mp4", NULL,
          "<MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[V8]]></MediaId><Title><![CDATA[开箱.mp4]]></Title>"
          "<Description><![CDATA[]]></Description></Video>" },
        { MESSAGE_FILE, "", "{\"file\":{\"name\":\"价格.pdf\"}}", NULL, "application/pdf", "价格.pdf", "https://kefud.example/files/1",
          "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[价格.pdf\nhttps://kefud.example/files/1]]></Content>" },
        { MESSAGE_TEXT, "等待音乐\n请稍候",
          "{\"ready\":{\"reply\":true,\"key\":\"k\",\"kind\":\"music\",\"name\":\"https://shop.example/"
          "a.mp3\",\"values\":[[\"cover\",\"M3\"],"
          "[\"hq\",\"https://shop.example/b.mp3\"]]}}",
          NULL, NULL, NULL, NULL,
          "<MsgType><![CDATA[music]]></MsgType><Music><Title><![CDATA[等待音乐]]></Title><Description><![CDATA[请稍候]]></Description>"
          "<MusicUrl><![CDATA[https://shop.example/a.mp3]]></MusicUrl><HQMusicUrl><![CDATA[https://shop.example/b.mp3]]></HQMusicUrl>"
          "<ThumbMediaId><![CDATA[M3]]></ThumbMediaId></Music>" },
        { MESSAGE_TEXT, "满意吗?", "{\"choices\":[{\"id\":\"y\",\"label\":\"是\"}]}", NULL, NULL, NULL, NULL, NULL },
        { MESSAGE_TEXT, "", NULL, NULL, NULL, NULL, NULL, NULL },
    };
    struct bench *t = *state;

    t->env.answering = true;
    t->env.answer_key = SLICE("{\"to\":\"" USER "\",\"from\":\"" OURS "\"}");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand e = an_errand(rows[i].kind, rows[i].text);
        const char *whole = rows[i].document ? arena_printf(t->arena, "<xml>" ENDS "%s</xml>", rows[i].document) : NULL;
        struct http_req out;

        e.message.extra = rows[i].extra;
        if (rows[i].mime) {
            e.message.file = (struct kf_id){ { 1 } };
            assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &out), KF_AGAIN); /* it has to go there first */
            e.file = SLICE("its bytes");
        }
        e.media_id = rows[i].id;
        e.file_mime = rows[i].mime;
        e.file_name = rows[i].name;
        e.file_url = rows[i].url;
        assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &out), whole ? KF_OK : KF_UNSUPPORTED);
        if (whole && !slice_is(out.body, whole))
            fail_msg("%.*s", (int)out.body.n, out.body.p);
    }
}

static void nothing_is_escaped_that_would_be_shown(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_TEXT, "<a href=\"https://x.example/?a=1&b=2\">您</a>\x01\n");
    struct http_req req;

    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(req.body, "{\"touser\":\"" USER "\",\"msgtype\":\"text\",\"text\":{\"content\":\"<a href=\\\"https://x.example/"
                                   "?a=1&b=2\\\">您</a>\\n\"},\"customservice\":{\"kf_account\":\"eva@shop\"}}"));
}

static void a_file_that_followers_cannot_get_is_an_address(void **state)
{
    static const struct upload pdf = { .bytes = { "%PDF", 4 }, .mime = "application/pdf", .name = "价格.pdf" };
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_FILE, "");
    struct uploaded done;
    struct http_req req;
    json_t *root;

    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &pdf, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    e.file_url = "https://kefud.example/files/1?exp=2&sig=3";
    e.message.extra = "{\"file\":{\"name\":\"价格.pdf\",\"mime\":\"application/pdf\"}}";
    root = sent(t, &e);
    assert_string_equal(v_text(v_get(root, "text"), "content"), "价格.pdf\nhttps://kefud.example/files/1?exp=2&sig=3");
    json_decref(root);
}

static void a_picture_is_taken_there_first(void **state)
{
    static const struct upload png = { .bytes = { "\x89PNG\r\n", 6 }, .mime = "image/png", .name = "a\"b\r\n.png" };
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_IMAGE, "");
    struct http_resp last = answered(200, "{\"type\":\"image\",\"media_id\":\"M1\",\"created_at\":1718000000}");
    struct uploaded done;
    struct http_req req;

    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=image");
    assert_true(slice_is(http_header(req.headers, req.n_headers, "content-type"),
                         "multipart/form-data; boundary=kefud-00000000000000000000000000000000"));
    assert_true(slice_is(req.body, "--kefud-00000000000000000000000000000000\r\nContent-Disposition: form-data; name=\"media\"; "
                                   "filename=\"a%22b%0D%0A.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n"
                                   "--kefud-00000000000000000000000000000000--\r\n"));
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, &last, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_SENT);
    assert_true(slice_is(done.id, "M1"));
    last = answered(200, "{\"errcode\":40005,\"errmsg\":\"invalid file type\"}");
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, &last, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_REJECTED);
    last = (struct http_resp){ .status = 0, .sent = true };
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, &last, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_RETRY);
}

/* The platform shows no film without a cover: one of ours goes before it. What it was called is kept from one answer to the next. */
static void a_film_goes_behind_a_cover(void **state)
{
    static const struct upload film = { .bytes = { "....ftypisom", 12 }, .mime = "video/mp4", .name = "开箱.mp4" };
    const struct http_resp thumb = answered(200, "{\"type\":\"thumb\",\"thumb_media_id\":\"T1\",\"created_at\":1718000000}");
    const struct http_resp taken = answered(200, "{\"type\":\"video\",\"media_id\":\"V1\",\"created_at\":1718000000}");
    const struct http_resp refused = answered(200, "{\"errcode\":40006,\"errmsg\":\"invalid media size\"}");
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_FILE, "");
    struct uploaded done = { .said = false };
    struct http_req req;
    json_t *root;

    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &film, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=thumb");
    assert_in_range(req.body.n, 500, 65536);
    assert_non_null(memmem(req.body.p, req.body.n, "\xff\xd8\xff", 3));
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &film, &t->env, &thumb, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=video");
    assert_non_null(memmem(req.body.p, req.body.n, "....ftypisom", 12));
    assert_true(slice_is(done.kept, "T1"));
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &film, &t->env, &taken, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_SENT);
    e.media_id = arena_text(t->arena, done.id);
    e.file_name = film.name;
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    root = json_loadb(req.body.p, req.body.n, 0, NULL);
    assert_string_equal(v_text(v_get(root, "video"), "title"), "开箱.mp4");
    assert_string_equal(v_text(root, "msgtype"), "video");
    assert_string_equal(v_text(v_get(root, "video"), "media_id"), "V1");
    assert_string_equal(v_text(v_get(root, "video"), "thumb_media_id"), "T1");
    json_decref(root);

    done = (struct uploaded){ .said = false };
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &film, &t->env, &refused, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_REJECTED);
}

static void a_closed_window_is_not_tried(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_TEXT, "hi");
    struct http_req req;

    e.handle = "h";
    e.handle_expires_ms = t->env.now_ms + 1;
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    e.handle_expires_ms = t->env.now_ms;
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
    e.handle_expires_ms = t->env.now_ms + 1;
    e.handle_left = 0;
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
}

static void a_template_goes_whenever_it_is(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_TEXT, "订单号：A-1\nhttps://shop.example/o/1");
    struct http_req req;

    e.message.extra =
        "{\"template\":{\"key\":\"order\",\"name\":\"ngq_Ipb-1\",\"fields\":[[\"character_string1\",\"A \\\"1\\\"\"],[\"phrase2\","
        "\"已发货\"]],\"url\":\"https://shop.example/o/1\"}}";
    e.handle = "h";
    e.handle_left = 0;
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_string_equal(req.method, "POST");
    assert_string_equal(req.url, "https://api.example/cgi-bin/message/template/send?access_token=TKN");
    assert_true(slice_is(req.body, "{\"touser\":\"" USER "\",\"template_id\":\"ngq_Ipb-1\",\"url\":\"https://shop.example/o/1\",\"data\":{"
                                   "\"character_string1\":{\"value\":\"A \\\"1\\\"\"},\"phrase2\":{\"value\":\"已发货\"}}}"));
    e.message.extra = "{\"template\":{\"key\":\"hi\",\"name\":\"T2\",\"fields\":[]}}";
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(req.body, "{\"touser\":\"" USER "\",\"template_id\":\"T2\",\"data\":{}}"));
    t->env.token = SLICE("");
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_AUTH);
}

static void templates_that_wechat_does_not_have_are_told(void **state)
{
    static const struct template_row rows[] = {
        { { .name = "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY", .text = "{{thing1.DATA}}", .url_field = "Page" }, NULL },
        { { .name = "a.b", .text = "x" }, "name: the template's ID" },
        { { .name = "T", .text = "{{1}}" }, "text: blanks have names here" },
        { { .name = "T", .text = "x", .header = TEMPLATE_IMAGE }, "header: nothing stands above" },
        { { .kind = "subscribe", .name = "T", .text = "{{thing1.DATA}}", .url_field = "Page" }, NULL },
        { { .kind = "subscribe", .name = "a.b", .text = "x" }, "name: the template's ID" },
        { { .kind = "templatepage", .name = "T", .text = "x" }, "values.app: required: miniprogram.appid" },
        { { .kind = "wxcard", .name = "pFS7Fj", .text = "九折券" }, NULL },
        { { .kind = "coupon", .name = "p", .text = "x" },
          "kind: this channel has no coupon; it has mpnewsarticle, mpnews, wxcard, miniprogrampage, music, subscribe, templatepage" },
        { { .kind = "wxcard", .name = "p", .text = "{{1}}" }, "text: the other side does not read it" },
        { { .kind = "wxcard", .name = "{{id}}", .text = "x" }, "name: card_id, " },
        { { .kind = "wxcard", .name = "p", .text = "x", .header = TEMPLATE_IMAGE }, "header: nothing stands above" },
        { { .kind = "wxcard", .name = "p", .text = "x", .url_field = "Page" }, "url_field: where it leads" },
    };

    (void)state;
    templates_are_judged(&wechat_ops, rows, COUNT(rows));
}

static void what_is_not_ready_is_told(void **state)
{
    static const struct ready_row rows[] = {
        { { { SLICE("app"), SLICE("wx12") }, { SLICE("path"), SLICE("pages/o?id={{thing1.DATA}}") } },
          { .kind = "templatepage", .name = "T_1", .text = "单号：{{thing1.DATA}}", .url_field = "Page" },
          NULL },
        { { { SLICE("app"), SLICE("wx12") } }, { .kind = "subscribe", .name = "S_1", .text = "{{thing1.DATA}}" }, NULL },
        { { { SLICE("path"), SLICE("pages/o") } },
          { .kind = "subscribe", .name = "S_1", .text = "x" },
          "values.app: required where there is a path" },
        { { { SLICE("app"), SLICE("wx12") }, { SLICE("path"), SLICE("pages/o?id={{order}}") } },
          { .kind = "templatepage", .name = "T_1", .text = "单号：{{thing1.DATA}}" },
          "values.path: what is filled in there is one of the fields of the text" },
        { { { SLICE("app"), SLICE("wx12") } }, { .kind = "templatepage", .name = "a.b", .text = "x" }, "name: the template's ID" },
        { { { SLICE("cover"), SLICE("M") } },
          { .kind = "wxcard", .name = "p", .text = "x" },
          "values.cover: not known here; wxcard has none" },
        { { { SLICE("cover"), SLICE("M") } }, { .name = "T", .text = "x" }, "values: they belong to a kind" },
        { { { SLICE("path"), SLICE("pages/o?id={{order}}") }, { SLICE("cover"), SLICE("M") } },
          { .kind = "miniprogrampage", .name = "wx5d", .text = "订单 {{order}}" },
          NULL },
        { { { SLICE("path"), SLICE("pages/o") } },
          { .kind = "miniprogrampage", .name = "wx5d", .text = "x" },
          "values.cover: required: thumb_media_id" },
        { { { SLICE("path"), SLICE("{{page}}") }, { SLICE("cover"), SLICE("M") } },
          { .kind = "miniprogrampage", .name = "wx5d", .text = "x" },
          "values.path: a path such as" },
        { { { SLICE("path"), SLICE("p") }, { SLICE("cover"), SLICE("M") } },
          { .kind = "miniprogrampage", .name = "wx5d", .text = "a\nb" },
          "text: at most 1 line" },
        { { { SLICE("cover"), SLICE("M") }, { SLICE("hq"), SLICE("https://shop.example/{{n}}.mp3") } },
          { .kind = "music", .name = "https://shop.example/a.mp3", .text = "x" },
          NULL },
        { { { SLICE("cover"), SLICE("M") } },
          { .kind = "music", .name = "https://shop.example/{{n}}", .text = "x" },
          "name: musicurl, nothing to fill in" },
        { { { SLICE("cover"), SLICE("M") } }, { .kind = "music", .name = "a.mp3", .text = "x" }, "name: musicurl, an address such as" },
        { { { SLICE("cover"), SLICE("M") }, { SLICE("hq"), SLICE("https://{{host}}/a.mp3") } },
          { .kind = "music", .name = "https://shop.example/a.mp3", .text = "x" },
          "values.hq: an address such as https://host/path; what is to be filled in stands behind the host" },
    };

    (void)state;
    ready_things_are_judged(&wechat_ops, rows, COUNT(rows));
}

/* It stands there, and goes as a reply does. */
static void what_the_account_has_ready_goes_as_a_reply(void **state)
{
    static const struct {
        const char *text, *ready, *body; /* behind "msgtype": */
    } rows[] = {
        { "选购指南", "\"kind\":\"mpnewsarticle\",\"name\":\"ART_1-x\"",
          "\"mpnewsarticle\",\"mpnewsarticle\":{\"article_id\":\"ART_1-x\"}" },
        { "选购指南", "\"kind\":\"mpnews\",\"name\":\"MEDIA_1\"", "\"mpnews\",\"mpnews\":{\"media_id\":\"MEDIA_1\"}" },
        { "九折券", "\"kind\":\"wxcard\",\"name\":\"pFS7Fj\"", "\"wxcard\",\"wxcard\":{\"card_id\":\"pFS7Fj\"}" },
        { "订单 A 1",
          "\"kind\":\"miniprogrampage\",\"name\":\"wx5d3f\",\"fields\":[[\"order\",\"A 1\"]],\"values\":[[\"path\",\"pages/"
          "o?id=A%201\"],[\"cover\",\"M2\"]]",
          "\"miniprogrampage\",\"miniprogrampage\":{\"title\":\"订单 A 1\",\"appid\":\"wx5d3f\",\"pagepath\":\"pages/"
          "o?id=A%201\",\"thumb_media_id\":\"M2\"}" },
        { "等待音乐\n请稍候\n马上就来", "\"kind\":\"music\",\"name\":\"https://shop.example/a.mp3\",\"values\":[[\"cover\",\"M3\"]]",
          "\"music\",\"music\":{\"title\":\"等待音乐\",\"description\":\"请稍候\\n马上就来\",\"musicurl\":\"https://shop.example/"
          "a.mp3\",\"hqmusicurl\":\"https://shop.example/a.mp3\",\"thumb_media_id\":\"M3\"}" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand e = an_errand(MESSAGE_TEXT, rows[i].text);
        char extra[600], body[600];
        struct http_req req;

        (void)snprintf(extra, sizeof(extra), "{\"ready\":{\"reply\":true,\"key\":\"k\",%s}}", rows[i].ready);
        (void)snprintf(body, sizeof(body), "{\"touser\":\"" USER "\",\"msgtype\":%s,\"customservice\":{\"kf_account\":\"eva@shop\"}}",
                       rows[i].body);
        e.message.extra = extra;
        e.handle = "h";
        e.handle_left = 1;
        assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        assert_string_equal(req.url, "https://api.example/cgi-bin/message/custom/send?access_token=TKN");
        if (!slice_is(req.body, body))
            fail_msg("%.*s", (int)req.body.n, req.body.p);
        e.handle_left = 0;
        assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
        t->env.answering = true;
        t->env.answer_key = SLICE("{\"to\":\"u\",\"from\":\"o\",\"key\":0}");
        assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req),
                         strstr(rows[i].ready, "\"music\"") ? KF_OK : KF_UNSUPPORTED); /* an answer has no other such thing */
        t->env.answering = false;
    }
}

static void a_subscription_message_goes_to_who_has_asked_for_it(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_TEXT, "到货：灯\nhttps://shop.example/p/1");
    struct http_req req;

    e.message.extra = "{\"template\":{\"key\":\"k\",\"kind\":\"subscribe\",\"name\":\"S_1\",\"fields\":[[\"thing1\",\"灯\"]],\"url\":"
                      "\"https://shop.example/p/1\"}}";
    e.handle = "h";
    e.handle_left = 0;
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_string_equal(req.url, "https://api.example/cgi-bin/message/subscribe/bizsend?access_token=TKN");
    assert_true(slice_is(req.body, "{\"touser\":\"" USER "\",\"template_id\":\"S_1\",\"page\":\"https://shop.example/p/1\",\"data\":{"
                                   "\"thing1\":{\"value\":\"灯\"}}}"));
}

static void a_mini_program_stands_behind_a_template(void **state)
{
    static const struct {
        const char *chosen, *url, *body;
    } rows[] = {
        { "\"kind\":\"templatepage\",\"name\":\"T_1\",\"fields\":[[\"thing1\",\"灯\"]],\"values\":[[\"app\",\"wx12\"],[\"path\",\"pages/"
          "o?id=A%201\"]]",
          "https://api.example/cgi-bin/message/template/send?access_token=TKN",
          "{\"touser\":\"" USER
          "\",\"template_id\":\"T_1\",\"miniprogram\":{\"appid\":\"wx12\",\"pagepath\":\"pages/o?id=A%201\"},\"data\":{"
          "\"thing1\":{\"value\":\"灯\"}}}" },
        { "\"kind\":\"subscribe\",\"name\":\"S_1\",\"fields\":[],\"values\":[[\"app\",\"wx12\"]],\"url\":\"https://shop.example/p\"",
          "https://api.example/cgi-bin/message/subscribe/bizsend?access_token=TKN",
          "{\"touser\":\"" USER "\",\"template_id\":\"S_1\",\"page\":\"https://shop.example/p\",\"miniprogram\":{\"appid\":\"wx12\"},"
          "\"data\":{}}" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand e = an_errand(MESSAGE_TEXT, "灯");
        struct http_req req;

        e.message.extra = arena_printf(t->arena, "{\"template\":{\"key\":\"k\",%s}}", rows[i].chosen);
        e.handle = "h";
        e.handle_left = 0; /* neither needs a reply that is left */
        assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        assert_string_equal(req.url, rows[i].url);
        if (!slice_is(req.body, rows[i].body))
            fail_msg("%.*s", (int)req.body.n, req.body.p);
    }
}

static void typing_begins_and_ends_and_nobody_waits_for_it(void **state)
{
    struct bench *t = *state;
    struct errand e = { .kind = ERRAND_TYPING, .user = USER };
    struct http_resp last = answered(200, "{\"errcode\":45080}");
    struct outcome out;
    json_t *root = sent(t, &e);

    assert_string_equal(v_text(root, "command"), "Typing");
    json_decref(root);
    e.kind = ERRAND_TYPING_OFF;
    root = sent(t, &e);
    assert_string_equal(v_text(root, "command"), "CancelTyping");
    json_decref(root);
    assert_int_equal(wechat_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_SENT);
}

static void an_outcome_that_nobody_knows_is_uncertain(void **state)
{
    static const struct {
        struct http_resp resp;
        enum outcome_class cls;
    } rows[] = {
        { { .status = 0, .sent = false, .failure = "connection refused" }, OUTCOME_RETRY },
        { { .status = 0, .sent = true, .failure = "timeout" }, OUTCOME_UNCERTAIN },
        { { .status = 502 }, OUTCOME_UNCERTAIN },
        { { .status = 200, .body = { "oops", 4 } }, OUTCOME_UNCERTAIN },
        { { .status = 200, .body = { "{}", 2 } }, OUTCOME_UNCERTAIN },
        { { .status = 500 }, OUTCOME_RETRY },
        { { .status = 429 }, OUTCOME_RATE_LIMITED },
        { { .status = 404 }, OUTCOME_FATAL },
        { { .status = 200, .body = { "{\"errcode\":\"48001\"}", 19 } }, OUTCOME_FATAL },
        { { .status = 200, .body = { "{\"errcode\":40164}", 17 } }, OUTCOME_AUTH },
    };
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_TEXT, "hi");

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome out;

        assert_int_equal(wechat_ops.settle(t->ch, t->arena, &e, &rows[i].resp, &out), KF_OK);
        assert_int_equal(out.cls, rows[i].cls);
    }
}

/* The platform's page of errors, whole. */
static void each_code_has_its_class(void **state)
{
    static const struct class_row rows[] = {
        { OUTCOME_RETRY, 0, { -1 } },
        { OUTCOME_AUTH, 0, { 40001, 40014, 42001, 40002, 40013, 40125, 40164, 40243, 41001, 41002 } },
        { OUTCOME_NO_SUCH_USER, 0, { 40003 } },
        { OUTCOME_USER_BLOCKED, 0, { 43004, 43019, 48002 } },
        { OUTCOME_WINDOW_CLOSED, 0, { 45015, 45047 } },
        { OUTCOME_TOO_LARGE, 0, { 45002 } },
        { OUTCOME_RATE_LIMITED, 0, { 45009, 45011 } },
        { OUTCOME_REJECTED, 0, { 40004, 40005, 40006, 40007, 40008, 40033, 44002, 44004, 47001 } },
        { OUTCOME_FATAL, 0, { 48001, 48004, 50002, 61004, 65400, 99999 } },
    };
    static const struct class_row ignored = { OUTCOME_SENT, 0, { 45072, 45080, 45081 } };
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_TEXT, "hi"), typing = { .kind = ERRAND_TYPING, .user = USER };

    codes_have_their_class(&wechat_ops, t->ch, &e, "errcode", rows, sizeof(rows) / sizeof(rows[0]));
    codes_have_their_class(&wechat_ops, t->ch, &typing, "errcode", &ignored, 1);
}

static void a_file_that_was_lost_there_is_taken_once_more(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_IMAGE, "");
    struct http_resp last = answered(200, "{\"errcode\":40007,\"errmsg\":\"invalid media_id\"}");
    struct outcome out;

    e.media_id = "M1";
    assert_int_equal(wechat_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_RETRY);
    e.attempt = 1;
    assert_int_equal(wechat_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_REJECTED);
}

static void an_account_without_customer_service_messages_says_what_to_do(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_TEXT, "hi");
    struct http_resp last = answered(200, "{\"errcode\":48001,\"errmsg\":\"api unauthorized rid: 7\"}");
    struct outcome out;

    assert_int_equal(wechat_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_FATAL);
    assert_true(slice_starts(out.text, "api unauthorized rid: 7 ("));
    assert_non_null(strstr(out.text.p, "微信认证"));
}

/* ---- token and files ----------------------------------------------------------------------------------------------------------------- */

static void a_token_is_forced_only_when_the_one_we_have_was_refused(void **state)
{
    struct bench *t = *state;
    struct renewed done = { .expires_ms = 0 };
    struct http_resp last;
    struct http_req req;

    assert_int_equal(wechat_ops.renew(t->ch, t->arena, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/stable_token");
    assert_non_null(strstr(req.body.p, "\"force_refresh\":false"));
    t->env.token_expires_ms = t->env.now_ms + 1;
    assert_int_equal(wechat_ops.renew(t->ch, t->arena, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_true(slice_is(req.body,
                         "{\"grant_type\":\"client_credential\",\"appid\":\"" APP "\",\"secret\":\"very-secret\",\"force_refresh\":true}"));
    last = answered(200, "{\"access_token\":\"T2\",\"expires_in\":7200}");
    assert_int_equal(wechat_ops.renew(t->ch, t->arena, &t->env, &last, &req, &done), KF_OK);
    assert_true(slice_is(done.token, "T2"));
    assert_int_equal(done.expires_ms, t->env.now_ms + 6900000);
}

static void a_token_that_is_refused_says_what_to_do(void **state)
{
    static const struct renewal_row rows[] = {
        { 200, "{\"errcode\":40125,\"errmsg\":\"invalid appsecret\"}", KF_AUTH, 0 },
        { 200, "{\"errcode\":40164,\"errmsg\":\"invalid ip\"}", KF_AUTH, 0 },
        { 200, "{\"errcode\":-1}", KF_IO, 0 },
        { 200, "{\"errcode\":45009}", KF_IO, 0 },
        { 200, "{\"access_token\":\"T\"}", KF_IO, 0 },
        { 200, "", KF_IO, 0 },
        { 500, "{\"access_token\":\"T\",\"expires_in\":7200}", KF_IO, 0 },
        { 0, "", KF_IO, 0 },
        { 200, "{\"errcode\":0,\"access_token\":\"T\",\"expires_in\":\"60\"}", KF_OK, 30000 },
    };
    struct bench *t = *state;

    renewals_end_so(t, rows, COUNT(rows));
}

static void the_older_way_to_a_token_is_one_address(void **state)
{
    struct bench *t = *state;
    struct channel *older;
    struct http_req req;

    assert_int_equal(
        wechat_ops.open(&older, SLICE("{\"app_id\":\"" APP "\",\"app_secret\":\"a&b=c\",\"token\":\"" TOKEN "\",\"stable_token\":false}"),
                        NULL),
        KF_OK);
    assert_int_equal(wechat_ops.renew(older, t->arena, &t->env, NULL, &req, NULL), KF_AGAIN);
    assert_string_equal(req.url, "https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&appid=" APP "&secret=a%26b%3Dc");
    wechat_ops.close(older);
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

static void files_are_fetched_by_id(void **state)
{
    static const struct {
        const char *body, *url; /* of what is asked next; NULL: the answer was the file */
        bool stranger;
        enum kf_rc rc;
    } rows[] = {
        { "\xff\xd8\xff jpeg", NULL, false, KF_OK },
        { "{\"errcode\":42001}", NULL, false, KF_AUTH },
        { "{\"errcode\":-1}", NULL, false, KF_RATE },
        { "{\"errcode\":40007}", "http://mmbiz.example/1", true, KF_OK }, /* the id has ended, the picture's address may not have */
        { "{\"video_url\":\"https://video.example/1.mp4\"}", "https://video.example/1.mp4", true, KF_OK },
        { "{\"video_url\":\"https://api.example/1.mp4\"}", "https://api.example/1.mp4", false, KF_OK },
        { "{\"video_url\":\"file:///etc/passwd\"}", NULL, false, KF_IO },
    };
    struct bench *t = *state;
    const struct media m = { .type = TYPE_IMAGE, .id = SLICE("a/b c"), .url = SLICE("http://mmbiz.example/1") };
    struct http_req req;

    assert_int_equal(wechat_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/get?access_token=TKN&media_id=a%2Fb%20c");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_resp last = answered(200, rows[i].body);

        req = (struct http_req){ .url = NULL };
        assert_int_equal(wechat_ops.media(t->ch, t->arena, &t->env, &m, &last, &req), rows[i].rc);
        if (rows[i].rc != KF_OK)
            continue;
        assert_int_equal(req.url != NULL, rows[i].url != NULL);
        if (req.url)
            assert_string_equal(req.url, rows[i].url);
        assert_int_equal(req.stranger, rows[i].stranger);
    }
    t->env.token = SLICE("");
    assert_int_equal(wechat_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_AUTH);
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
        BENCH(memory_that_runs_out_loses_nothing),
        BENCH(choices_are_a_menu_below_the_last_part),
        BENCH(a_card_is_an_article),
        BENCH(a_mini_program_is_a_page_with_a_cover),
        BENCH(a_card_rides_in_the_answer_as_an_article),
        BENCH(each_kind_of_answer_has_its_element),
        BENCH(nothing_is_escaped_that_would_be_shown),
        BENCH(a_file_that_followers_cannot_get_is_an_address),
        BENCH(a_picture_is_taken_there_first),
        BENCH(a_film_goes_behind_a_cover),
        BENCH(a_closed_window_is_not_tried),
        BENCH(a_template_goes_whenever_it_is),
        BENCH(what_is_not_ready_is_told),
        BENCH(what_the_account_has_ready_goes_as_a_reply),
        BENCH(a_subscription_message_goes_to_who_has_asked_for_it),
        BENCH(a_mini_program_stands_behind_a_template),
        BENCH(templates_that_wechat_does_not_have_are_told),
        BENCH(typing_begins_and_ends_and_nobody_waits_for_it),
        BENCH(an_outcome_that_nobody_knows_is_uncertain),
        BENCH(each_code_has_its_class),
        BENCH(a_file_that_was_lost_there_is_taken_once_more),
        BENCH(an_account_without_customer_service_messages_says_what_to_do),
        BENCH(a_token_is_forced_only_when_the_one_we_have_was_refused),
        BENCH(a_token_that_is_refused_says_what_to_do),
        BENCH(the_older_way_to_a_token_is_one_address),
        BENCH(who_writes_is_asked_for_where_the_owner_wants_it),
        BENCH(files_are_fetched_by_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
