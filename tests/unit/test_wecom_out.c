/* WeCom's customer service: what goes out, and what the answers mean. */
#include "channel_vectors.h"
#include "classes.h"
#include "wecom.h"

static json_t *sent(struct bench *t, const struct errand *e)
{
    struct http_req req;
    json_t *ret;

    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, e, &t->env, &req), KF_OK);
    ret = json_loadb(req.body.p, req.body.n, 0, NULL);
    assert_non_null(ret);
    return ret;
}

/* The same at each try, so that a repeat is none; others for the next part and when it is sent anew. */
static void a_send_has_a_name_of_its_own(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("hi");
    json_t *first = sent(t, &e), *next;
    struct http_resp last = answered(200, "{\"errcode\":95033}");
    struct outcome out;

    e.attempt = 3;
    next = sent(t, &e);
    assert_true(json_equal(first, next));
    assert_string_equal(v_text(first, "msgid"), "AQIDAAAAAAAAAAAAAAAAAA-0");
    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_ALREADY_ACCEPTED);
    assert_true(slice_is(out.ref, "AQIDAAAAAAAAAAAAAAAAAA-0"));
    json_decref(next);
    e.part = 1;
    next = sent(t, &e);
    assert_string_not_equal(v_text(first, "msgid"), v_text(next, "msgid"));
    json_decref(next);
    json_decref(first);
}

static void what_is_ready_goes_as_a_message(void **state)
{
    static const struct {
        const char *text, *ready, *body;
    } rows[] = {
        { "请选择\n查看订单\n退货说明\n电话 400-1",
          "\"kind\":\"msgmenu\",\"name\":\"help\",\"values\":[[\"link1\",\"miniprogram:wx5d3f/pages/o.html?id=7\"],[\"link2\",\"https://"
          "shop.example/"
          "r\"],[\"tail\",\"谢谢\"]]",
          "\"msgtype\":\"msgmenu\",\"msgmenu\":{\"head_content\":\"请选择\",\"list\":[{\"type\":\"miniprogram\",\"miniprogram\":{\"appid\":"
          "\"wx5d3f\",\"pagepath\":\"pages/o.html?id=7\",\"content\":\"查看订单\"}},{\"type\":\"view\",\"view\":{\"url\":\"https://"
          "shop.example/"
          "r\",\"content\":\"退货说明\"}},{\"type\":\"text\",\"text\":{\"content\":\"电话 400-1\"}}],\"tail_content\":\"谢谢\"}}" },
        { "加企业微信", "\"kind\":\"ca_link\",\"name\":\"https://work.weixin.qq.com/ca/cawc1\"",
          "\"msgtype\":\"ca_link\",\"ca_link\":{\"link_url\":\"https://work.weixin.qq.com/ca/cawc1\"}}" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand e = an_errand(rows[i].text);
        struct http_req req;
        char extra[500];
        const char *at;

        (void)snprintf(extra, sizeof(extra), "{\"ready\":{\"reply\":true,\"key\":\"k\",%s}}", rows[i].ready);
        e.message.extra = extra;
        e.handle = "h";
        e.handle_left = 1;
        assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        at = strstr(arena_text(t->arena, req.body), "\"msgtype\"");
        assert_string_equal(at, rows[i].body);
        e.handle_left = 0;
        assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
    }
}

static void what_is_not_ready_is_told(void **state)
{
    static const struct ready_row rows[] = {
        { { { { NULL, 0 }, { NULL, 0 } } }, { .name = "a", .text = "x" }, "kind: required here: msgmenu or ca_link" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "msgmenu", .name = "a", .text = "x" }, "text: below its first line" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "msgmenu", .name = "a", .text = "x\n\ny" }, "text: no line of a menu is empty" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "msgmenu", .name = "a", .text = "x\ny\n " }, "text: no line of a menu is empty" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "msgmenu", .name = "a", .text = "x\r\ny" }, "text: words, in lines" },
        { { { SLICE("link1"), SLICE("miniprogram:wx5d3f/pages/o.html?id={{order}}") } },
          { .kind = "msgmenu", .name = "a", .text = "x\ny {{order}}" },
          NULL },
        { { { SLICE("link1"), SLICE("miniprogram:{{app}}/pages/o.html") } },
          { .kind = "msgmenu", .name = "a", .text = "x\ny" },
          "values.link1: an address such as https://host/path, or miniprogram:APPID/PATH" },
        { { { SLICE("link1"), SLICE("tel:4001") } },
          { .kind = "msgmenu", .name = "a", .text = "x\ny" },
          "values.link1: an address such as" },
        { { { SLICE("link1"), SLICE("https://shop.example/a") }, { SLICE("link2"), SLICE("https://shop.example/b") } },
          { .kind = "msgmenu", .name = "a", .text = "x\ny" },
          "values.link2: the text has no line for it" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "ca_link", .name = "cawc1", .text = "x" }, "name: link_url, an address such as" },
        { { { { NULL, 0 }, { NULL, 0 } } },
          { .kind = "ca_link", .name = "https://work.weixin.qq.com/ca/1", .text = "{{1}}" },
          "text: the other side" },
    };

    (void)state;
    ready_things_are_judged(&wecom_kf_ops, rows, COUNT(rows));
}

/* WeCom takes 256 bytes of an entry, which an agent can fill in. */
static void an_entry_that_is_filled_in_is_held_to_its_size(void **state)
{
    const struct template t = { .kind = "msgmenu", .name = "a", .text = "x\n{{order}}" };
    struct template_value value = { SLICE("order"), { NULL, 0 } };
    struct kf_err why = { .rc = KF_OK };
    char text[258];

    (void)state;
    memset(text, '7', sizeof(text));
    value.value = (struct slice){ text, 256 };
    assert_int_equal(ready_fits(ready_find(wecom_kf_ops.kinds, "msgmenu"), &t, &value, 1, &why), KF_OK);
    value.value.n = 257;
    assert_int_equal(ready_fits(ready_find(wecom_kf_ops.kinds, "msgmenu"), &t, &value, 1, &why), KF_LIMIT);
}

static void choices_are_a_menu_or_lines(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("选?");
    json_t *root;

    e.message.extra = "{\"choices\":[{\"id\":\"a_1\",\"label\":\"甲\"},{\"id\":\"b\",\"label\":\"乙\"}]}";
    root = sent(t, &e);
    v_expect_json(SLICE("{\"head_content\":\"选?\",\"list\":[{\"type\":\"click\",\"click\":{\"id\":\"a_1\",\"content\":\"甲\"}},"
                        "{\"type\":\"click\",\"click\":{\"id\":\"b\",\"content\":\"乙\"}}]}"),
                  json_object_get(root, "msgmenu"));
    json_decref(root);
    e.message.extra = "{\"choices\":[{\"id\":\"a-1\",\"label\":\"甲\"}]}"; /* an id that is not taken there */
    root = sent(t, &e);
    assert_string_equal(v_text(v_get(root, "text"), "content"), "选?\n1. 甲");
    json_decref(root);
}

static void each_file_goes_as_what_it_is(void **state)
{
    static const struct {
        const char *mime, *type;
    } rows[] = {
        { "image/png", "image" }, { "image/gif", "file" },  { "audio/amr", "voice" },
        { "audio/mpeg", "file" }, { "video/mp4", "video" }, { "application/pdf", "file" },
    };
    struct bench *t = *state;
    struct errand e = an_errand("");
    struct uploaded done;
    struct http_req req;
    json_t *root;

    e.message.kind = MESSAGE_FILE;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct upload up = { .bytes = SLICE("0123456789"), .mime = rows[i].mime, .name = "x" };
        const char *want = arena_printf(t->arena, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=%s", rows[i].type);

        assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_AGAIN);
        assert_string_equal(req.url, want);
        e.media_id = "M1";
        e.message.extra = arena_printf(t->arena, "{\"file\":{\"name\":\"x\",\"mime\":\"%s\",\"size\":10}}", rows[i].mime);
        root = sent(t, &e);
        assert_string_equal(v_text(root, "msgtype"), rows[i].type);
        assert_string_equal(v_text(v_get(root, rows[i].type), "media_id"), "M1");
        json_decref(root);
    }
    {
        struct upload up = { .bytes = SLICE("12345"), .mime = "text/plain", .name = "x" };

        assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    }
    e.media_id = NULL;
    e.file_url = "https://kefud.example/files/1";
    root = sent(t, &e);
    assert_string_equal(v_text(v_get(root, "text"), "content"), "x\nhttps://kefud.example/files/1");
    json_decref(root);
}

static void a_place_goes_as_one_and_other_cards_as_texts(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("人民广场\n黄浦区\nhttps://map.example/");
    json_t *root;

    e.message.kind = MESSAGE_CARD;
    assert_int_equal(channel_card(&wecom_kf_ops, &e.message, NULL), CARD_AS_TEXT);
    e.message.extra = "{\"lat\":31.2304000,\"lon\":121.4737000}";
    assert_int_equal(channel_card(&wecom_kf_ops, &e.message, NULL), CARD_WHOLE);
    root = sent(t, &e);
    assert_string_equal(v_text(root, "msgtype"), "location");
    v_expect_json(SLICE("{\"name\":\"人民广场\",\"address\":\"黄浦区\",\"latitude\":31.2304,\"longitude\":121.4737}"),
                  json_object_get(root, "location"));
    json_decref(root);
}

/* Of a card with a picture that has been taken there, and of one that was not. */
static void a_card_with_a_picture_is_a_link(void **state)
{
    static const struct {
        const char *text, *extra;
        enum card_way way;
    } rows[] = {
        { "退货\n七天\nhttps://shop.example/", NULL, CARD_UPLOADED },
        { "退货\n七天\nhttps://shop.example/", "{\"file\":{\"mime\":\"image/png\"}}", CARD_UPLOADED },
        { "退货\n七天\nhttps://shop.example/", "{\"file\":{\"mime\":\"image/webp\"}}", CARD_AS_TEXT },
        { "退货\nhttps://map.example/", "{\"file\":{\"mime\":\"image/png\"},\"lat\":1,\"lon\":2}", CARD_UPLOADED },
        { "no card", NULL, CARD_AS_TEXT },
    };
    const struct upload png = { .bytes = SLICE("0123456789"), .mime = "image/png", .name = "x" };
    const struct upload gif = { .bytes = SLICE("0123456789"), .mime = "image/gif", .name = "x" };
    struct bench *t = *state;
    struct errand e = an_errand(rows[0].text);
    struct uploaded done;
    struct http_req req;
    struct buf b;
    json_t *root;

    e.message.kind = MESSAGE_CARD;
    e.message.file = (struct kf_id){ { 1 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        e.message.text = slice_of(rows[i].text);
        e.message.extra = rows[i].extra;
        assert_int_equal(channel_card(&wecom_kf_ops, &e.message, NULL), rows[i].way);
    }
    for (size_t title = 128; title <= 129; title++) { /* bytes, beyond which the platform cuts */
        buf_init(&b, 4096);
        for (size_t i = 0; i < title; i++)
            buf_char(&b, 't');
        buf_str(&b, "\nhttps://shop.example/");
        e.message.text = buf_slice(&b);
        assert_int_equal(channel_card(&wecom_kf_ops, &e.message, NULL), title == 128 ? CARD_UPLOADED : CARD_AS_TEXT);
        buf_finish(&b);
    }

    e.message.text = slice_of(rows[0].text);
    assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &png, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=image");
    assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &gif, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    e.media_id = "M1";
    root = sent(t, &e);
    assert_string_equal(v_text(root, "msgtype"), "link");
    v_expect_json(SLICE("{\"title\":\"退货\",\"desc\":\"七天\",\"url\":\"https://shop.example/\",\"thumb_media_id\":\"M1\"}"),
                  json_object_get(root, "link"));
    json_decref(root);
    e.media_id = NULL;
    root = sent(t, &e);
    assert_string_equal(v_text(v_get(root, "text"), "content"), rows[0].text);
    json_decref(root);
}

static void a_mini_program_goes_with_its_cover_or_is_refused(void **state)
{
    static const struct {
        const char *text, *extra;
        bool picture;
        enum card_way way;
        const char *why;
    } rows[] = {
        { "下单\nminiprogram:wx12/pages/a.html", "{\"file\":{\"mime\":\"image/jpeg\"}}", true, CARD_UPLOADED, "" },
        { "下单\nminiprogram:wx12/pages/a.html", NULL, false, CARD_REFUSED, "file: the card of a mini program has to have a picture" },
        { "下单\nminiprogram:wx12/pages/a.html", "{\"file\":{\"mime\":\"image/gif\"}}", true, CARD_REFUSED, "file: " },
        { "下单\nminiprogram:wx12/pages/a", NULL, true, CARD_REFUSED, "url: WeCom opens" },
        { "一二三四五六七八九十一二三四五六七八九十一二\nminiprogram:wx12/a.html", NULL, true, CARD_REFUSED, "title: at most 64 bytes" },
    };
    struct bench *t = *state;
    struct errand e = an_errand("");
    struct http_req req;
    json_t *root;

    e.message.kind = MESSAGE_CARD;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kf_err why = { .rc = KF_OK };

        e.message.text = slice_of(rows[i].text);
        e.message.extra = rows[i].extra;
        e.message.file = (struct kf_id){ { rows[i].picture } };
        assert_int_equal(channel_card(&wecom_kf_ops, &e.message, &why), rows[i].way);
        assert_true(strncmp(why.text, rows[i].why, strlen(rows[i].why)) == 0);
    }
    e.message.text = slice_of(rows[0].text);
    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED); /* its cover was too large */
    e.media_id = "M1";
    root = sent(t, &e);
    assert_string_equal(v_text(root, "msgtype"), "miniprogram");
    v_expect_json(SLICE("{\"appid\":\"wx12\",\"title\":\"下单\",\"thumb_media_id\":\"M1\",\"pagepath\":\"pages/a.html\"}"),
                  json_object_get(root, "miniprogram"));
    json_decref(root);
}

static void a_closed_conversation_moves_its_session_where_asked(void **state)
{
    static const struct {
        const char *more, *body;
    } rows[] = {
        { ",\"on_close\":\"end\"", "{\"open_kfid\":\"" OURS "\",\"external_userid\":\"" USER "\",\"service_state\":4}" },
        { ",\"on_close\":\"pool\"", "{\"open_kfid\":\"" OURS "\",\"external_userid\":\"" USER "\",\"service_state\":2}" },
        { ",\"on_close\":\"to:ZhangSan\"",
          "{\"open_kfid\":\"" OURS "\",\"external_userid\":\"" USER "\",\"service_state\":3,\"servicer_userid\":\"ZhangSan\"}" },
    };
    struct bench *t = *state;
    struct errand e = { .kind = ERRAND_CLOSED, .user = USER };
    struct http_resp last = answered(200, "{\"errcode\":95016,\"errmsg\":\"not allowed\"}");
    struct outcome out;
    struct http_req req;
    struct channel *ch;

    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
    for (size_t i = 0; i < 3; i++) {
        open_with(t, rows[i].more);
        assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        assert_true(slice_is(req.body, rows[i].body));
    }
    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_SENT);
    assert_int_equal(wecom_kf_ops.open(&ch, SLICE(SETTINGS ",\"on_close\":\"burn\"}"), NULL), KF_INVALID);
}

/* The platform's page of errors, whole. */
static void each_code_has_its_class(void **state)
{
    static const struct class_row rows[] = {
        { OUTCOME_RETRY, 0, { -1 } },
        { OUTCOME_AUTH, 0, { 40014, 42001, 40001, 40013, 41001, 60020, 48002, 301002 } },
        { OUTCOME_REJECTED, 0, { 40007, 40058, 95008, 95009, 95030 } },
        { OUTCOME_NO_SUCH_USER, 0, { 40096 } },
        { OUTCOME_WINDOW_CLOSED, 0, { 95001, 95002, 95013, 95018, 95031 } },
        { OUTCOME_RATE_LIMITED, 0, { 45009, 45033 } },
        { OUTCOME_FATAL, 0, { 95000, 95004, 95003, 95011, 95012, 95017, 95023, 99999 } },
        { OUTCOME_ALREADY_ACCEPTED, 0, { 95033 } },
    };
    static const int64_t alerting[] = { 95000, 95004, 95003, 95011, 95012, 95017, 95023 };
    static const struct class_row harmless = { OUTCOME_SENT, 0, { 95013, 95016, 95018 } };
    struct bench *t = *state;
    struct errand e = an_errand("hi"), closed = { .kind = ERRAND_CLOSED, .user = USER };

    codes_have_their_class(&wecom_kf_ops, t->ch, &e, "errcode", rows, sizeof(rows) / sizeof(rows[0]));
    for (size_t i = 0; i <= COUNT(alerting); i++) { /* who runs the account is told, whichever question it was */
        const char *body = arena_printf(t->arena, "{\"errcode\":%lld}", i < COUNT(alerting) ? (long long)alerting[i] : 40058LL);
        struct upload up = { .mime = "image/png", .bytes = SLICE("12345678"), .name = "a.png" };
        struct http_resp last = { .status = 200, .body = slice_of(body) };
        struct uploaded file;
        struct outcome out;
        struct http_req req;

        assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
        assert_int_equal(out.alert, i < COUNT(alerting));
        assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &up, &t->env, &last, &req, &file), KF_OK);
        assert_int_equal(file.outcome.alert, i < COUNT(alerting));
    }
    /* the session is where it should be, or with somebody faster */
    codes_have_their_class(&wecom_kf_ops, t->ch, &closed, "errcode", &harmless, 1);
}

/* One text, under a name of its own; whatever is no text is not even tried. */
static void by_a_code_goes_a_text(void **state)
{
    static const char choices[] = "{\"choices\":[{\"id\":\"a\",\"label\":\"退货\"}]}";
    struct bench *t = *state;
    struct errand e = an_errand("稍等");
    struct http_resp last = answered(200, "{\"errcode\":99999,\"errmsg\":\"invalid code\"}");
    struct outcome out;
    struct http_req req;
    json_t *root;

    e.handle = "code:MC1";
    e.handle_left = 1;
    e.handle_expires_ms = t->env.now_ms + 1;
    e.message.extra = choices;
    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_string_equal(req.url, "https://api.example/cgi-bin/kf/send_msg_on_event?access_token=TKN");
    root = sent(t, &e);
    assert_string_equal(json_string_value(json_object_get(root, "code")), "MC1");
    assert_in_range(json_string_length(json_object_get(root, "msgid")), 1, 32);
    assert_null(json_object_get(root, "touser"));
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "text"), "content")), "稍等\n1. 退货");
    json_decref(root);
    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_WINDOW_CLOSED); /* and it is not tried once more */
    e.message.kind = MESSAGE_IMAGE;
    e.media_id = "M1";
    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
    e = an_errand("稍等");
    e.handle = "code:MC1";
    e.handle_left = 1;
    e.handle_expires_ms = t->env.now_ms;
    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
}

static void a_session_of_somebody_else_is_told_in_words(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("hi");
    struct http_resp last = answered(200, "{\"errcode\":95018,\"errmsg\":\"send msg session status invalid\"}");
    struct outcome out;

    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_WINDOW_CLOSED);
    assert_true(slice_starts(out.text, "the session is with a colleague"));
    last = (struct http_resp){ .status = 0, .sent = true };
    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_UNCERTAIN); /* which the shell sends again under the same name */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_send_has_a_name_of_its_own),
        BENCH(what_is_ready_goes_as_a_message),
        BENCH(what_is_not_ready_is_told),
        BENCH(an_entry_that_is_filled_in_is_held_to_its_size),
        BENCH(choices_are_a_menu_or_lines),
        BENCH(each_file_goes_as_what_it_is),
        BENCH(a_place_goes_as_one_and_other_cards_as_texts),
        BENCH(a_card_with_a_picture_is_a_link),
        BENCH(a_mini_program_goes_with_its_cover_or_is_refused),
        BENCH(a_closed_conversation_moves_its_session_where_asked),
        BENCH(each_code_has_its_class),
        BENCH(by_a_code_goes_a_text),
        BENCH(a_session_of_somebody_else_is_told_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
