/* QQ bots: what QQ has ready, and what of it may stand in a document. */
#include "qq.h"

static void what_qq_has_ready_goes_as_a_reply(void **state)
{
    static const struct {
        const char *text, *ready, *body;
    } rows[] = {
        { "订单 7\n已发货\n查看物流", "\"kind\":\"ark23\",\"name\":\"23\",\"values\":[[\"link3\",\"https://shop.example/o/7\"]]",
          "\"ark\":{\"template_id\":23,\"kv\":[{\"key\":\"#PROMPT#\",\"value\":\"订单 7\"},{\"key\":\"#DESC#\",\"value\":\"订单 "
          "7\"},{\"key\":"
          "\"#LIST#\",\"obj\":[{\"obj_kv\":[{\"key\":\"desc\",\"value\":\"订单 "
          "7\"}]},{\"obj_kv\":[{\"key\":\"desc\",\"value\":\"已发货\"}]},{"
          "\"obj_kv\":[{\"key\":\"desc\",\"value\":\"查看物流\"},{\"key\":\"link\",\"value\":\"https://shop.example/o/"
          "7\"}]}]}]},\"msg_type\":3" },
        { "新品\n今日到店",
          "\"kind\":\"ark24\",\"name\":\"24\",\"values\":[[\"image\",\"https://shop.example/a.png\"],[\"link\",\"https://shop.example/\"],["
          "\"prompt\",\"到货\"],[\"subtitle\",\"小店\"]]",
          "\"ark\":{\"template_id\":24,\"kv\":[{\"key\":\"#PROMPT#\",\"value\":\"到货\"},{\"key\":\"#DESC#\",\"value\":\"新品\"},{\"key\":"
          "\"#TITLE#\",\"value\":\"新品\"},{\"key\":\"#METADESC#\",\"value\":\"今日到店\"},{\"key\":\"#IMG#\",\"value\":\"https://"
          "shop.example/"
          "a.png\"},{\"key\":\"#LINK#\",\"value\":\"https://shop.example/"
          "\"},{\"key\":\"#SUBTITLE#\",\"value\":\"小店\"}]},\"msg_type\":3" },
        { "会员日", "\"kind\":\"ark37\",\"name\":\"37\",\"values\":[[\"image\",\"https://shop.example/b.png\"]]",
          "\"ark\":{\"template_id\":37,\"kv\":[{\"key\":\"#PROMPT#\",\"value\":\"会员日\"},{\"key\":\"#METATITLE#\",\"value\":\"会员日\"},{"
          "\"key\":"
          "\"#METACOVER#\",\"value\":\"https://shop.example/b.png\"}]},\"msg_type\":3" },
        { "您的订单 7 已发货",
          "\"kind\":\"markdown\",\"name\":\"102_1\",\"fields\":[[\"order\",\"7\"],[\"state\",\"发货\"]],\"values\":[[\"keyboard\",\"102_"
          "2\"]]",
          "\"markdown\":{\"custom_template_id\":\"102_1\",\"params\":[{\"key\":\"order\",\"values\":[\"7\"]},{\"key\":\"state\",\"values\":"
          "["
          "\"发货\"]}]},\"keyboard\":{\"id\":\"102_2\"},\"msg_type\":2" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand e = an_errand();
        char extra[700], body[900];
        struct http_req req;
        size_t typed = strlen(rows[i].body) - strlen(",\"msg_type\":3");

        (void)snprintf(extra, sizeof(extra), "{\"ready\":{\"reply\":true,\"key\":\"k\",%s}}", rows[i].ready);
        e.message.text = slice_of(rows[i].text);
        e.message.extra = extra;
        e.handle = "ROBOT1.0_1";
        e.handle_left = 1;
        assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        (void)snprintf(body, sizeof(body), "{%s,\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":%d}", rows[i].body, e.handle_used + 1);
        if (!slice_is(req.body, body))
            fail_msg("%.*s", (int)req.body.n, req.body.p);
        e.peer = "channel/77"; /* a guild names no type */
        assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        (void)snprintf(body, sizeof(body), "{%.*s,\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":%d}", (int)typed, rows[i].body, e.handle_used + 1);
        assert_true(slice_is(req.body, body));
        e.handle_left = 0;
        assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
    }
}

/* A title with lines below it, in guilds; elsewhere there is none, and it is a text. */
static void an_embed_is_for_guilds(void **state)
{
    static const char extra[] = "{\"ready\":{\"reply\":true,\"key\":\"k\",\"kind\":\"embed\",\"name\":\"order\",\"values\":[[\"image\","
                                "\"https://shop.example/a.png\"]]}}";
    struct bench *t = *state;
    struct errand e = an_errand();
    struct http_req req;

    e.message.text = SLICE("订单 7\n已发货\n明天到");
    e.message.extra = extra;
    e.peer = "dms/7";
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(req.body,
                         "{\"embed\":{\"title\":\"订单 7\",\"prompt\":\"订单 7\",\"thumbnail\":{\"url\":\"https://shop.example/a.png\"},"
                         "\"fields\":[{\"name\":\"已发货\"},{\"name\":\"明天到\"}]},\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":3}"));
    e.peer = PERSON;
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(json_member(req.body, "content"), "\"订单 7\\n已发货\\n明天到\""));
    assert_true(slice_is(json_member(req.body, "msg_type"), "0"));
}

static void what_qq_does_not_have_ready_is_told(void **state)
{
    static const struct ready_row rows[] = {
        { { { { NULL, 0 }, { NULL, 0 } } }, { .name = "23", .text = "x" }, "kind: required here: ark23" },
        { { { { NULL, 0 }, { NULL, 0 } } },
          { .kind = "ark99", .name = "99", .text = "x" },
          "kind: this channel has no ark99; it has ark23, ark24, ark37, markdown, embed" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "ark23", .name = "x23", .text = "x" }, "name: template_id, digits" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "ark23", .name = "023", .text = "x" }, "name: template_id, digits" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "ark23", .name = "2323232323", .text = "x" }, "name: template_id, digits" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "ark23", .name = "23", .text = "\nx" }, "text: no line of it is empty" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "ark24", .name = "24", .text = "x\n " }, "text: no line of it is empty" },
        { { { { NULL, 0 }, { NULL, 0 } } },
          { .kind = "ark23", .name = "23", .text = "1\n2\n3\n4\n5\n6\n7\n8\n9" },
          "text: at most 8 lines" },
        { { { SLICE("link8"), SLICE("https://shop.example/{{n}}") } }, { .kind = "ark23", .name = "23", .text = "1\n2" }, NULL },
        { { { SLICE("link9"), SLICE("https://shop.example/") } },
          { .kind = "ark23", .name = "23", .text = "1" },
          "values.link9: not known here" },
        { { { SLICE("link"), SLICE("shop.example") } }, { .kind = "ark24", .name = "24", .text = "1" }, "values.link: an address such as" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "ark37", .name = "37", .text = "1" }, "values.image: required: the picture" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "markdown", .name = "102_1", .text = "{{1}}" }, "text: blanks have the names" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "markdown", .name = "102_1", .text = "{{order}}" }, NULL },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "embed", .name = "order", .text = "1\n{{1}}" }, NULL },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "embed", .name = "order", .text = "1\n\n2" }, "text: no line of it is empty" },
    };

    (void)state;
    ready_things_are_judged(&qq_ops, rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(what_qq_has_ready_goes_as_a_reply),
        BENCH(an_embed_is_for_guilds),
        BENCH(what_qq_does_not_have_ready_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
