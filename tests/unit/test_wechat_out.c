/* WeChat Official Accounts: messages that go out, and what the answers mean. */
#include "classes.h"
#include "wechat.h"

#include "protocols/xml.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(choices_are_a_menu_below_the_last_part),
        BENCH(a_card_is_an_article),
        BENCH(a_mini_program_is_a_page_with_a_cover),
        BENCH(a_card_rides_in_the_answer_as_an_article),
        BENCH(each_kind_of_answer_has_its_element),
        BENCH(nothing_is_escaped_that_would_be_shown),
        BENCH(a_closed_window_is_not_tried),
        BENCH(typing_begins_and_ends_and_nobody_waits_for_it),
        BENCH(an_outcome_that_nobody_knows_is_uncertain),
        BENCH(each_code_has_its_class),
        BENCH(an_account_without_customer_service_messages_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
