/* WeChat Official Accounts: templates, and what the account has ready. */
#include "wechat.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_template_goes_whenever_it_is),
        BENCH(what_is_not_ready_is_told),
        BENCH(what_the_account_has_ready_goes_as_a_reply),
        BENCH(a_subscription_message_goes_to_who_has_asked_for_it),
        BENCH(a_mini_program_stands_behind_a_template),
        BENCH(templates_that_wechat_does_not_have_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
