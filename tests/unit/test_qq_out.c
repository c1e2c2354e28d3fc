/* QQ bots: what goes out, and what the answers mean. */
#include "channel_vectors.h"
#include "classes.h"
#include "qq.h"

static void replies_end_with_their_handle(void **state)
{
    static const struct {
        const char *handle;
        int left;
        int64_t now_ms;
        enum kf_rc rc;
    } rows[] = {
        { "ROBOT1.0_1", 1, 1718203599999, KF_OK },
        { "ROBOT1.0_1", 1, 1718203600000, KF_REJECTED },
        { "ROBOT1.0_1", 0, 0, KF_REJECTED },
        { "", 1, 0, KF_REJECTED },
        { NULL, 1, 0, KF_REJECTED },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand();
        struct http_req req;

        e.handle = rows[i].handle;
        e.handle_left = rows[i].left;
        t->env.now_ms = rows[i].now_ms;
        assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), rows[i].rc);
    }
}

static void each_scope_has_its_address(void **state)
{
    static const struct {
        const char *peer, *user, *url, *body;
    } rows[] = {
        { "u 1", "u 1", "https://api.sgroup.qq.com/v2/users/u%201/messages",
          "{\"content\":\"在\",\"msg_type\":0,\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":3}" },
        { "g", "m", "https://api.sgroup.qq.com/v2/groups/g/messages",
          "{\"content\":\"在\",\"msg_type\":0,\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":3}" },
        { "channel/8", "9", "https://api.sgroup.qq.com/channels/8/messages",
          "{\"content\":\"在\",\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":3}" },
        { "dms/7", "9", "https://api.sgroup.qq.com/dms/7/messages", "{\"content\":\"在\",\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":3}" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand();
        struct http_req req;

        e.peer = rows[i].peer;
        e.user = rows[i].user;
        assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        assert_string_equal(req.url, rows[i].url);
        assert_true(slice_is(req.body, rows[i].body));
    }
}

/* In a group the platform tells whom a reply is to; one person needs no telling, and a guild has other ids. */
static void who_is_answered_in_a_group_is_named(void **state)
{
#define AT "\"\\u003cqqbot-at-user id=\\\"" MEMBER "\\\" /\\u003e "
    static const struct {
        const char *peer, *extra, *content, *media;
        int part;
    } rows[] = {
        { GROUP, "{\"speaker\":\"QQ F5A792\",\"speaker_id\":\"" MEMBER "\"}", AT "在\"", AT "\"", 0 },
        { GROUP, "{\"speaker_id\":\"" MEMBER "\"}", "\"在\"", "\" \"", 1 }, /* of a long text the first part has said it */
        { GROUP, "{\"speaker_id\":\"a\\\" b=\\\"\"}", "\"在\"", "\" \"", 0 },
        { GROUP, "{}", "\"在\"", "\" \"", 0 },
        { GROUP, NULL, "\"在\"", "\" \"", 0 },
        { "u", "{\"speaker_id\":\"" MEMBER "\"}", "\"在\"", "\" \"", 0 },
        { "channel/8", "{\"speaker_id\":\"9\"}", "\"在\"", NULL, 0 },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand e = an_errand();
        struct http_req req;

        e.peer = rows[i].peer;
        e.user = strcmp(rows[i].peer, "u") == 0 ? "u" : MEMBER;
        e.reply_extra = rows[i].extra;
        e.part = rows[i].part;
        assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        if (!slice_is(json_member(req.body, "content"), rows[i].content))
            fail_msg("%zu: %.*s", i, (int)req.body.n, req.body.p);
        if (!rows[i].media)
            continue;
        e.media_id = "FI==";
        e.message.text = SLICE("");
        assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        if (!slice_is(json_member(req.body, "content"), rows[i].media))
            fail_msg("%zu: %.*s", i, (int)req.body.n, req.body.p);
    }
    assert_true(qq_ops.caps & CHAN_MENTION);
}

#define BUTTON(n, label, id)                                                                                                          \
    "{\"id\":\"" n "\",\"render_data\":{\"label\":\"" label "\",\"visited_label\":\"" label "\",\"style\":1},\"action\":{\"type\":1," \
    "\"permission\":{\"type\":2},\"data\":\"" id "\",\"unsupport_tips\":\"" label "\"}}"

/* Where the platform has allowed it, and the settings say so. The tap brings the id of the choice. */
static void choices_are_a_keyboard_where_that_is_allowed(void **state)
{
    static const char extra[] = "{\"choices\":[{\"id\":\"refund\",\"label\":\"退款\"},{\"id\":\"human\",\"label\":\"人工\"}]}";
    struct bench *t = *state;
    struct errand e = an_errand();
    struct channel *allowed;
    struct http_req req;
    struct received got;

    e.message.text = SLICE("请选择");
    e.message.extra = extra;
    assert_false(qq_ops.buttons(t->ch));
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(json_member(req.body, "content"), "\"请选择\"")); /* the desk has written the lines */

    assert_int_equal(qq_ops.open(&allowed, SLICE("{\"app_id\":\"102345678\",\"app_secret\":\"" SECRET "\",\"keyboard\":true}"), NULL),
                     KF_OK);
    assert_true(qq_ops.buttons(allowed));
    assert_int_equal(qq_ops.encode(allowed, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(req.body, "{\"markdown\":{\"content\":\"请选择\"},\"msg_type\":2,\"keyboard\":{\"content\":{\"rows\":["
                                   "{\"buttons\":[" BUTTON("1", "退款", "refund") "]},{\"buttons\":[" BUTTON(
                                       "2", "人工", "human") "]}]}},"
                                                             "\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":3}"));
    e.peer = "channel/8"; /* guilds have other ways */
    assert_int_equal(qq_ops.encode(allowed, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(json_member(req.body, "content"), "\"请选择\\n1. 退款\\n2. 人工\""));
    qq_ops.close(allowed);

    got =
        receive(t, "{\"id\":\"x\",\"op\":0,\"t\":\"INTERACTION_CREATE\",\"d\":{\"id\":\"a1b2c3d4-0000-4abc-9def-0123456789ab\",\"type\":11,"
                   "\"scene\":\"c2c\",\"chat_type\":2,\"timestamp\":\"2024-06-12T21:46:40+08:00\",\"user_openid\":\"" PERSON "\","
                   "\"data\":{\"resolved\":{\"button_id\":\"1\",\"button_data\":\"refund\"}}}}");
    assert_int_equal(got.n, 1);
    assert_int_equal(got.inbound[0].kind, INBOUND_POSTBACK);
    assert_true(slice_is(got.inbound[0].payload, "refund"));
}

/* Likewise, with a button that leads there; elsewhere the card is its lines, and its picture stays away from either. */
static void a_card_is_markdown_where_that_is_allowed(void **state)
{
    static const char lines[] = "退货说明\n七天之内\nhttps://shop.example:444/r?a=1#t";
    struct bench *t = *state;
    struct errand e = an_errand();
    struct channel *allowed;
    struct http_req req;

    e.message.kind = MESSAGE_CARD;
    e.message.text = slice_of(lines);
    e.file_url = "https://kefud.example/files/1";
    assert_int_equal(channel_card(&qq_ops, &e.message, NULL), CARD_WHOLE);
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(json_member(req.body, "content"), "\"退货说明\\n七天之内\\nhttps://shop.example:444/r?a=1#t\""));
    assert_int_equal(qq_ops.open(&allowed, SLICE("{\"app_id\":\"102345678\",\"app_secret\":\"" SECRET "\",\"keyboard\":true}"), NULL),
                     KF_OK);
    assert_int_equal(qq_ops.encode(allowed, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(
        req.body, "{\"markdown\":{\"content\":\"**退货说明**\\n七天之内\"},\"msg_type\":2,\"keyboard\":{\"content\":{\"rows\":["
                  "{\"buttons\":[{\"id\":\"1\",\"render_data\":{\"label\":\"shop.example\",\"visited_label\":\"shop.example\",\"style\":1},"
                  "\"action\":{\"type\":0,\"permission\":{\"type\":2},\"data\":\"https://shop.example:444/r?a=1#t\","
                  "\"unsupport_tips\":\"https://shop.example:444/r?a=1#t\"}}]}]}},\"msg_id\":\"ROBOT1.0_1\",\"msg_seq\":3}"));
    e.peer = "channel/8"; /* guilds have other ways */
    assert_int_equal(qq_ops.encode(allowed, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(json_member(req.body, "content"), "\"退货说明\\n七天之内\\nhttps://shop.example:444/r?a=1#t\""));
    qq_ops.close(allowed);
}

static void a_keyboard_has_five_rows_of_five(void **state)
{
    static const struct {
        size_t n, rows, first;
    } rows[] = { { 1, 1, 1 }, { 5, 5, 1 }, { 6, 3, 2 }, { 11, 4, 3 }, { 25, 5, 5 }, { 26, 0, 0 } };
    struct bench *t = *state;
    struct errand e = an_errand();
    struct channel *allowed;
    struct http_req req;

    assert_int_equal(qq_ops.open(&allowed, SLICE("{\"app_id\":\"102345678\",\"app_secret\":\"" SECRET "\",\"keyboard\":true}"), NULL),
                     KF_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const json_t *list;
        json_t *root;
        struct buf b;

        buf_init(&b, 65536);
        for (size_t k = 0; k < rows[i].n; k++)
            buf_printf(&b, "%s{\"id\":\"c%zu\",\"label\":\"%zu\"}", k ? "," : "{\"choices\":[", k, k);
        buf_str(&b, "]}");
        e.message.extra = b.p;
        assert_int_equal(qq_ops.encode(allowed, t->arena, &e, &t->env, &req), KF_OK);
        root = json_loadb(req.body.p, req.body.n, 0, NULL);
        list = v_get(v_get(v_get(root, "keyboard"), "content"), "rows");
        assert_int_equal(json_array_size(list), rows[i].rows);
        assert_int_equal(json_array_size(v_get(json_array_get(list, 0), "buttons")), rows[i].first);
        assert_int_equal(v_get(root, "content") != NULL, !rows[i].rows); /* more of them are numbered lines */
        json_decref(root);
        buf_finish(&b);
    }
    qq_ops.close(allowed);
}

static void what_is_answered_is_named_as_what_it_is(void **state)
{
    static const struct {
        const char *handle;
        bool event;
    } rows[] = {
        { "ROBOT1.0_c2c.001", false },
        { "08f1a4ed97d0b0e1d1a10110e4a5b80638b50148a6e0aa06", false },
        { "FRIEND_ADD:f1", true },
        { "C2C_MSG_RECEIVE:x", true },
        { "GROUP_ADD_ROBOT:g1", true },
        { "a1b2c3d4-0000-4abc-9def-0123456789ab", true },
        { ":x", false },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand();
        struct http_req req;

        e.handle = rows[i].handle;
        assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        assert_int_equal(json_member(req.body, "event_id").p != NULL, rows[i].event);
        assert_int_equal(json_member(req.body, "msg_id").p != NULL, !rows[i].event);
    }
}

static void what_cannot_be_uploaded_goes_as_an_address(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand();
    struct upload up = { .mime = "application/pdf" };
    struct uploaded done;
    struct http_req req;

    e.message = (struct message){ .kind = MESSAGE_FILE, .text = SLICE(""), .extra = "{\"file\":{\"name\":\"报价.pdf\"}}" };
    e.file_url = "https://kefud.example/files/1?sig=2";
    assert_int_equal(qq_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(json_member(req.body, "content"), "\"报价.pdf\\nhttps://kefud.example/files/1?sig=2\""));
    e.file_url = NULL;
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
    e = an_errand();
    e.peer = "channel/8";
    e.message = (struct message){ .kind = MESSAGE_IMAGE, .text = SLICE("") };
    e.file_url = "https://kefud.example/files/1";
    up.mime = "image/png";
    assert_int_equal(qq_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(json_member(req.body, "image"), "\"https://kefud.example/files/1\""));
}

static void an_upload_says_how_it_went(void **state)
{
    static const struct {
        int status;
        bool sent;
        const char *body;
        enum outcome_class cls;
    } rows[] = {
        { 200, true, "{\"file_uuid\":\"x\",\"file_info\":\"FI==\",\"ttl\":0}", OUTCOME_SENT },
        { 200, true, "{\"file_uuid\":\"x\"}", OUTCOME_RETRY },
        { 400, true, "{\"code\":304082,\"message\":\"upload media info fail\"}", OUTCOME_RETRY },
        { 400, true, "{\"code\":304020,\"message\":\"file size exceeds\"}", OUTCOME_TOO_LARGE },
        { 401, true, "{\"code\":11244}", OUTCOME_AUTH },
        { 500, true, "", OUTCOME_RETRY },
        { 0, true, "", OUTCOME_RETRY },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand();
        struct upload up = { .mime = "image/png" };
        struct http_resp resp = { .status = rows[i].status, .sent = rows[i].sent, .body = slice_of(rows[i].body) };
        struct uploaded done;
        struct http_req req;

        e.message.kind = MESSAGE_IMAGE;
        e.file_url = "https://kefud.example/f";
        assert_int_equal(qq_ops.upload(t->ch, t->arena, &e, &up, &t->env, &resp, &req, &done), KF_OK);
        if (done.outcome.cls != rows[i].cls)
            fail_msg("%s: %s", rows[i].body, outcome_name(done.outcome.cls));
        if (rows[i].cls == OUTCOME_SENT)
            assert_true(slice_is(done.id, "FI=="));
    }
    t->env.token = SLICE("");
    {
        struct errand e = an_errand();
        struct upload up = { .mime = "image/png" };
        struct uploaded done;
        struct http_req req;

        e.file_url = "https://kefud.example/f";
        assert_int_equal(qq_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_OK);
        assert_int_equal(done.outcome.cls, OUTCOME_AUTH);
    }
}

static void typing_is_told_to_one_person_and_counts_for_itself(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand();
    struct http_req req;

    e.kind = ERRAND_TYPING;
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_true(slice_is(req.body, "{\"msg_type\":6,\"input_notify\":{\"input_type\":1,\"input_second\":10},\"msg_id\":\"ROBOT1.0_1\","
                                   "\"msg_seq\":10000}"));
    e.peer = GROUP;
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
}

static void a_recall_names_what_was_sent(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand();
    struct http_resp resp = { .status = 200, .sent = true };
    struct outcome out;
    struct http_req req;

    e.kind = ERRAND_DELETE;
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
    e.message.ref = "ROBOT1.0_o/1";
    assert_int_equal(qq_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_string_equal(req.method, "DELETE");
    assert_string_equal(req.url, "https://api.sgroup.qq.com/v2/users/" PERSON "/messages/ROBOT1.0_o%2F1");
    assert_int_equal(qq_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_SENT);
}

/* Two minutes there, whatever the site allows: later it would be gone here alone. */
static void a_recall_comes_within_two_minutes(void **state)
{
    static const struct channel_ops any = { .name = "any" };

    (void)state;
    assert_int_equal(channel_recall_ms(&qq_ops, 3600000), 120000);
    assert_int_equal(channel_recall_ms(&qq_ops, 60000), 60000);
    assert_int_equal(channel_recall_ms(&qq_ops, 0), 120000);
    assert_int_equal(channel_recall_ms(&any, 3600000), 3600000);
    assert_int_equal(channel_recall_ms(NULL, 3600000), 3600000);
}

static void each_answer_has_its_class(void **state)
{
    static const struct {
        int status, attempt;
        bool sent;
        const char *body;
        enum outcome_class cls;
    } rows[] = {
        { 0, 0, false, "", OUTCOME_RETRY },
        { 0, 0, true, "", OUTCOME_UNCERTAIN },
        { 200, 0, true, "oops", OUTCOME_UNCERTAIN },
        { 502, 0, true, "", OUTCOME_UNCERTAIN },
        { 503, 0, true, "", OUTCOME_RETRY },
        { 404, 0, true, "", OUTCOME_FATAL },
        { 202, 0, true, "", OUTCOME_SENT },
        { 202, 0, true, "{\"id\":\"ROBOT1.0_o1\"}", OUTCOME_SENT },
        { 202, 0, true, "{\"code\":304024}", OUTCOME_SENT },
        { 200, 0, true, "{\"code\":304025}", OUTCOME_REJECTED },
        { 400, 0, true, "{\"code\":40054005}", OUTCOME_ALREADY_ACCEPTED },
        { 500, 0, true, "{\"code\":11281}", OUTCOME_RETRY },
        { 500, 1, true, "{\"code\":11281}", OUTCOME_FATAL },
        { 403, 0, true, "{\"code\":11265}", OUTCOME_AUTH },
        { 400, 0, true, "{\"code\":1100104}", OUTCOME_NO_SUCH_USER },
        { 400, 0, true, "{\"code\":\"304022\"}", OUTCOME_WINDOW_CLOSED },
        { 400, 0, true, "{\"code\":99}", OUTCOME_FATAL },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand();
        struct http_resp resp = { .status = rows[i].status, .sent = rows[i].sent, .body = slice_of(rows[i].body) };
        struct outcome out;

        e.attempt = rows[i].attempt;
        assert_int_equal(qq_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
        if (out.cls != rows[i].cls)
            fail_msg("%d %s: %s", rows[i].status, rows[i].body, outcome_name(out.cls));
        assert_int_equal(out.note.n > 0, rows[i].status == 202); /* whoever has sent it sees that it may wait */
    }
}

/* The platform's page of errors, whole. */
static void each_code_has_its_class(void **state)
{
    static const struct class_row rows[] = {
        { OUTCOME_SENT, 202, { 304023, 304024 } },
        { OUTCOME_AUTH, 401, { 11241, 11243, 11244, 11251, 11253, 11254, 11261, 11265 } },
        { OUTCOME_RETRY, 400, { 11242, 11252, 11281, 304082, 304083 } },
        { OUTCOME_RATE_LIMITED, 400, { 22009, 20028, 1100100 } },
        { OUTCOME_WINDOW_CLOSED, 400, { 304027, 304022 } },
        { OUTCOME_REJECTED, 400, { 304026, 304028, 304003, 304025, 1100101, 1100103, 12002, 50006 } },
        { OUTCOME_TOO_LARGE, 400, { 304020 } },
        { OUTCOME_NO_SUCH_USER, 400, { 1100104 } },
    };
    struct bench *t = *state;
    struct errand e = an_errand();

    codes_have_their_class(&qq_ops, t->ch, &e, "code", rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(replies_end_with_their_handle),
        BENCH(each_scope_has_its_address),
        BENCH(who_is_answered_in_a_group_is_named),
        BENCH(choices_are_a_keyboard_where_that_is_allowed),
        BENCH(a_card_is_markdown_where_that_is_allowed),
        BENCH(a_keyboard_has_five_rows_of_five),
        BENCH(what_is_answered_is_named_as_what_it_is),
        BENCH(what_cannot_be_uploaded_goes_as_an_address),
        BENCH(an_upload_says_how_it_went),
        BENCH(typing_is_told_to_one_person_and_counts_for_itself),
        BENCH(a_recall_names_what_was_sent),
        cmocka_unit_test(a_recall_comes_within_two_minutes),
        BENCH(each_answer_has_its_class),
        BENCH(each_code_has_its_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
