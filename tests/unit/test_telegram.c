/* The Telegram channel: its vectors, then what it sends and how it is set up. */
#include "telegram.h"

/* ---- vectors --------------------------------------------------------------------------------------------------------------- */

static void settings_of(const json_t *inputs, struct buf *b)
{
    const char *token = v_text(inputs, "token"), *secret = v_text(inputs, "secret_token");

    buf_printf(b, "{\"token\":\"%s\",\"secrets\":[\"%s\"]}", token ? token : "bot:TESTTOKEN", secret ? secret : SECRET);
}

static void errand_of(const json_t *inputs, struct arena *a, struct errand *e, struct env *env)
{
    (void)a;
    (void)env;
    e->user = e->peer = v_text(inputs, "to");
    e->reply_ref = v_text(inputs, "reply_to");
    e->message.text = v_slice(inputs, "text");
}

/* What we hold otherwise: an album is as many messages, a card's number a line of its text, a place's name its title: its text is the street. */
static bool member(const json_t *want, const char *name, const struct inbound *in)
{
    if (!strcmp(name, "text") && in->type == TYPE_LOCATION) {
        assert_true(slice_is(in->title, v_text(want, name)));
        return true;
    }
    if (!strcmp(name, "phone")) {
        char *text = test_calloc(1, in->text.n + 1);

        memcpy(text, in->text.p, in->text.n);
        assert_non_null(strstr(text, v_text(want, name)));
        test_free(text);
        return true;
    }
    return !strcmp(name, "group");
}

/* A reply that could ride in the answer. Nobody would be told whether it got there: it goes by a call of its own, which says the same. */
static bool own(const struct channel *ch, struct arena *a, const json_t *vector)
{
    const json_t *reply = v_get(v_get(vector, "inputs"), "reply"), *expected = v_get(vector, "expected");
    struct env env = { .now_ms = NOW_MS, .answering = true };
    struct errand e = { .message = { .text = v_slice(reply, "text") } };
    struct http_req req;
    json_t *said;

    if (!reply)
        return false;
    e.peer = e.user = arena_printf(a, "%lld", (long long)v_number(reply, "chat_id"));
    assert_int_equal(telegram_ops.encode(ch, a, &e, &env, &req), KF_UNSUPPORTED);
    env.answering = false;
    assert_int_equal(telegram_ops.encode(ch, a, &e, &env, &req), KF_OK);
    said = json_deep_copy(v_get(expected, "response_body_json"));
    assert_string_equal(strrchr(req.url, '/') + 1, v_text(said, "method"));
    json_object_del(said, "method");
    v_expect_json(req.body, said);
    json_decref(said);
    return true;
}

static const struct vector_channel vectors = {
    .ops = &telegram_ops,
    .settings = settings_of,
    .errand = errand_of,
    .member = member,
    .own = own,
};

/* ---- out ------------------------------------------------------------------------------------------------------------------- */

static void each_errand_is_one_call(void **state)
{
    static const struct {
        struct errand e;
        const char *path, *body; /* NULL: not possible */
    } rows[] = {
        { { .peer = "52", .message = { .text = { "hi", 2 } } }, "sendMessage", "{\"chat_id\":52,\"text\":\"hi\"}" },
        { { .peer = "-1002147483700/7", .message = { .text = { "hi", 2 } } },
          "sendMessage",
          "{\"chat_id\":-1002147483700,\"message_thread_id\":7,\"text\":\"hi\"}" },
        { { .peer = "52@bc", .message = { .text = { "hi", 2 } } },
          "sendMessage",
          "{\"chat_id\":52,\"business_connection_id\":\"bc\",\"text\":\"hi\"}" },
        { { .peer = "@news", .message = { .text = { "hi", 2 } } }, "sendMessage", "{\"chat_id\":\"@news\",\"text\":\"hi\"}" },
        { { .peer = "52", .reply_ref = "callback", .message = { .text = { "hi", 2 } } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"hi\"}" },
        { { .peer = "52", .part = 1, .reply_ref = "52:3", .message = { .text = { "hi", 2 } } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"hi\"}" },
        { { .peer = "52",
            .message = { .text = { "Well?", 5 },
                         .extra = "{\"choices\":[{\"id\":\"y\",\"label\":\"Yes\"},{\"id\":\"0123456789012345678901234567890123456789"
                                  "01234567890123456789abcde\",\"label\":\"Perhaps\"}]}" } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Well?\\n- "
          "Perhaps\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Yes\",\"callback_data\":\"y\"}]]}}" },
        { { .peer = "52", .message = { .kind = MESSAGE_CARD, .text = SLICE("Returns\nSeven days.\nhttps://shop.example:444/r?a=1#t") } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Returns\\nSeven days.\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"shop.example\","
          "\"url\":\"https://shop.example:444/r?a=1#t\"}]]}}" },
        { { .peer = "52", .message = { .kind = MESSAGE_CARD, .text = SLICE("Returns\nhttps://shop.example") } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Returns\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"shop.example\","
          "\"url\":\"https://shop.example\"}]]}}" },
        { { .peer = "52",
            .file_url = "https://kefud.example/files/1?exp=1&sig=2",
            .message = { .kind = MESSAGE_CARD,
                         .text = SLICE("Returns\nhttps://shop.example"),
                         .extra = "{\"file\":{\"size\":5242881}}" } }, /* more than Telegram fetches */
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Returns\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"shop.example\","
          "\"url\":\"https://shop.example\"}]]}}" },
        { { .peer = "52",
            .file_url = "https://kefud.example/files/1?exp=1&sig=2",
            .message = { .kind = MESSAGE_CARD,
                         .text = SLICE("Returns\nSeven days.\nhttps://shop.example"),
                         .extra = "{\"file\":{\"size\":5242880}}" } },
          "sendPhoto",
          "{\"chat_id\":52,\"photo\":\"https://kefud.example/files/1?exp=1\\u0026sig=2\",\"caption\":\"Returns\\nSeven "
          "days.\",\"reply_markup\":"
          "{\"inline_keyboard\":[[{\"text\":\"shop.example\",\"url\":\"https://shop.example\"}]]}}" },
        { { .peer = "52/4",
            .reply_ref = "52:3",
            .message = { .kind = MESSAGE_CARD,
                         .text = SLICE("Park\n1 Lake Road\nBack gate\nhttps://map.example/"),
                         .extra = "{\"lat\":31.2304000,\"lon\":-121.4737000}" } },
          "sendVenue",
          "{\"chat_id\":52,\"message_thread_id\":4,\"latitude\":31.2304,\"longitude\":-121.4737,\"title\":\"Park\","
          "\"address\":\"1 Lake Road\\nBack gate\",\"reply_parameters\":{\"message_id\":3,\"allow_sending_without_reply\":true}}" },
        { { .peer = "52",
            .message = { .kind = MESSAGE_CARD,
                         .text = SLICE("Park\nhttps://map.example/"),
                         .extra = "{\"lat\":31.2304000,\"lon\":-121.4737000}" } },
          "sendVenue",
          "{\"chat_id\":52,\"latitude\":31.2304,\"longitude\":-121.4737,\"title\":\"Park\",\"address\":\"31.2304, -121.4737\"}" },
        { { .peer = "52",
            .file_url = "https://kefud.example/files/1?exp=1&sig=2",
            .message = { .kind = MESSAGE_CARD,
                         .file = { { 1 } }, /* with a picture it is a card that leads to the map */
                         .text = SLICE("Park\nhttps://map.example/"),
                         .extra = "{\"file\":{\"size\":10},\"lat\":31.2304000,\"lon\":-121.4737000}" } },
          "sendPhoto",
          "{\"chat_id\":52,\"photo\":\"https://kefud.example/files/1?exp=1\\u0026sig=2\",\"caption\":\"Park\",\"reply_markup\":"
          "{\"inline_keyboard\":[[{\"text\":\"map.example\",\"url\":\"https://map.example/\"}]]}}" },
        { { .peer = "52", .message = { .kind = MESSAGE_CARD, .text = SLICE("Returns\nhttp://intranet/r") } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Returns\\nhttp://intranet/r\"}" },
        { { .kind = ERRAND_EDIT, .peer = "52", .message = { .ref = "52:31", .text = { "new", 3 } } },
          "editMessageText",
          "{\"chat_id\":52,\"message_id\":31,\"text\":\"new\"}" },
        { { .kind = ERRAND_EDIT, .peer = "52", .message = { .text = { "new", 3 } } }, NULL, NULL },
        { { .kind = ERRAND_DELETE, .peer = "52", .message = { .ref = "52:31" } }, "deleteMessage", "{\"chat_id\":52,\"message_id\":31}" },
        { { .kind = ERRAND_TYPING, .peer = "52/4" }, "sendChatAction", "{\"chat_id\":52,\"message_thread_id\":4,\"action\":\"typing\"}" },
        { { .kind = ERRAND_READ, .peer = "52" }, NULL, NULL },
        { { .kind = ERRAND_REACT, .peer = "-100/4", .emoji = "❤️", .message = { .ref = "-100:31" } },
          "setMessageReaction",
          "{\"chat_id\":-100,\"message_id\":31,\"reaction\":[{\"type\":\"emoji\",\"emoji\":\"❤\"}]}" },
        { { .kind = ERRAND_REACT, .peer = "52", .emoji = "", .message = { .ref = "52:31" } },
          "setMessageReaction",
          "{\"chat_id\":52,\"message_id\":31,\"reaction\":[]}" },
        { { .kind = ERRAND_REACT, .peer = "52", .emoji = "❤️" }, NULL, NULL },
        { { .kind = ERRAND_REACT, .peer = "52", .message = { .ref = "52:31" } }, NULL, NULL },
        { { .kind = ERRAND_CLOSED, .peer = "52" }, NULL, NULL },
        { { .peer = "52", .message = { .text = { "", 0 } } }, NULL, NULL },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_req req;
        enum kf_rc rc = telegram_ops.encode(t->ch, t->arena, &rows[i].e, &t->env, &req);
        json_t *want;

        assert_int_equal(rc, rows[i].path ? KF_OK : KF_UNSUPPORTED);
        if (rc)
            continue;
        want = json_loads(rows[i].body, 0, NULL);
        assert_true(slice_starts(slice_of(req.url), "https://tg.example/bot123456:TEST_TOKEN-1/"));
        assert_string_equal(strrchr(req.url, '/') + 1, rows[i].path);
        v_expect_json(req.body, want);
        json_decref(want);
    }
}

static void each_answer_has_its_class(void **state)
{
    static const struct {
        int status;
        bool sent;
        enum errand_kind kind;
        const char *body;
        enum outcome_class cls;
        const char *ref;
    } rows[] = {
        { 200, true, ERRAND_SEND, "{\"ok\":true,\"result\":{\"message_id\":31,\"chat\":{\"id\":-1002147483700}}}", OUTCOME_SENT,
          "-1002147483700:31" },
        { 200, true, ERRAND_TYPING, "{\"ok\":true,\"result\":true}", OUTCOME_SENT, "" },
        { 200, true, ERRAND_SEND, "<html>", OUTCOME_UNCERTAIN, "" },
        { 0, true, ERRAND_SEND, "", OUTCOME_UNCERTAIN, "" },
        { 0, false, ERRAND_SEND, "", OUTCOME_RETRY, "" },
        { 500, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":500,\"description\":\"Internal Server Error\"}", OUTCOME_RETRY, "" },
        { 502, true, ERRAND_SEND, "<html>", OUTCOME_UNCERTAIN, "" },
        { 502, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":502,\"description\":\"Bad Gateway\"}", OUTCOME_RETRY, "" },
        { 401, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", OUTCOME_AUTH, "" },
        { 404, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}", OUTCOME_AUTH, "" },
        { 403, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was kicked from the group chat\"}",
          OUTCOME_USER_BLOCKED, "" },
        { 403, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: user is deactivated\"}",
          OUTCOME_USER_BLOCKED, "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: Chat Not Found\"}", OUTCOME_NO_SUCH_USER,
          "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: PEER_ID_INVALID\"}",
          OUTCOME_NO_SUCH_USER, "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message is too long\"}",
          OUTCOME_TOO_LARGE, "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: can't parse entities\"}", OUTCOME_FATAL,
          "" },
        { 400, true, ERRAND_EDIT, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message is not modified: ...\"}",
          OUTCOME_SENT, "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message is not modified: ...\"}",
          OUTCOME_FATAL, "" },
        { 400, true, ERRAND_DELETE, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message to delete not found\"}",
          OUTCOME_SENT, "" },
        { 400, true, ERRAND_REACT, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: REACTION_INVALID\"}", OUTCOME_FATAL,
          "" },
        { 400, true, ERRAND_REACT, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: MESSAGE_NOT_MODIFIED\"}", OUTCOME_SENT,
          "" },
        { 413, true, ERRAND_SEND, "", OUTCOME_TOO_LARGE, "" },
        { 429, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":7}}", OUTCOME_RATE_LIMITED, "" },
        { 418, true, ERRAND_SEND, "", OUTCOME_FATAL, "" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .sent = rows[i].sent, .body = slice_of(rows[i].body) };
        const struct errand e = { .kind = rows[i].kind, .peer = "52" };
        struct outcome out;

        assert_int_equal(telegram_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
        assert_string_equal(outcome_name(out.cls), outcome_name(rows[i].cls));
        assert_true(slice_is(out.ref, rows[i].ref));
    }
}

static void a_group_that_moved_is_told_by_the_answer_too(void **state)
{
    const struct http_resp resp = { .status = 400,
                                    .sent = true,
                                    .body = SLICE("{\"ok\":false,\"error_code\":400,\"parameters\":{\"migrate_to_chat_id\":-1005}}") };
    const struct errand e = { .peer = "-5" };
    struct bench *t = *state;
    struct outcome out;

    assert_int_equal(telegram_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_RETRY_WITH_NEW_CONVERSATION);
    assert_true(slice_is(out.peer, "-1005"));
}

/* ---- setting up ------------------------------------------------------------------------------------------------------------ */

#define HOOK "https://kefud.example/hooks/0123"

static void a_bot_is_met_step_by_step(void **state)
{
    static const struct {
        bool tell;
        int status;
        const char *body;
        enum kf_rc rc;
        const char *next, *words; /* the call that follows, or what is said */
    } rows[] = {
        { false, 200, "{\"ok\":true,\"result\":{\"id\":123456,\"is_bot\":true}}", KF_AGAIN, "getWebhookInfo", NULL },
        { true, 200, "{\"ok\":true,\"result\":{\"id\":123456,\"is_bot\":true}}", KF_AGAIN, "setWebhook", NULL },
        { true, 200, "{\"ok\":true,\"result\":true}", KF_AGAIN, "getWebhookInfo", NULL },
        { false, 200, "{\"ok\":true,\"result\":{\"url\":\"" HOOK "\",\"pending_update_count\":0}}", KF_OK, NULL,
          "bot 123456, without reactions" },
        { false, 200,
          "{\"ok\":true,\"result\":{\"url\":\"" HOOK
          "\",\"allowed_updates\":[\"message\",\"edited_message\",\"callback_query\",\"my_chat_member\",\"message_reaction\"]}}",
          KF_OK, NULL, "bot 123456, its webhook is set" },
        { false, 200,
          "{\"ok\":true,\"result\":{\"url\":\"" HOOK
          "\",\"allowed_updates\":[\"message\",\"edited_message\",\"callback_query\",\"my_chat_member\"]}}",
          KF_OK, NULL, "bot 123456, without reactions" },
        { false, 200, "{\"ok\":true,\"result\":{\"url\":\"" HOOK "\",\"allowed_updates\":[\"message\",\"edited_message\"]}}", KF_REJECTED,
          NULL, "Telegram is not asked for callback_query" },
        { false, 200, "{\"ok\":true,\"result\":{\"url\":\"\",\"pending_update_count\":0}}", KF_REJECTED, NULL, "Telegram has no address" },
        { false, 200, "{\"ok\":true,\"result\":{\"url\":\"https://x.example\"}}", KF_REJECTED, NULL, "Telegram calls another" },
        { false, 200,
          "{\"ok\":true,\"result\":{\"url\":\"" HOOK "\",\"pending_update_count\":3,\"last_error_message\":\"401 Unauthorized\"}}",
          KF_REJECTED, NULL, "3 updates wait, because: 401" },
        { true, 400, "{\"ok\":false,\"description\":\"Bad Request: bad webhook\"}", KF_REJECTED, NULL,
          "Telegram says: Bad Request: bad webhook" },
        { false, 401, "{\"ok\":false,\"description\":\"Unauthorized\"}", KF_AUTH, NULL, "Telegram does not know that token" },
        { false, 200, "<html>", KF_IO, NULL, "Telegram's answer" },
        { false, 0, "", KF_IO, NULL, "no answer from Telegram" },
    };
    struct bench *t = *state;
    struct http_req req;
    struct kf_err why;

    assert_int_equal(telegram_ops.meet(t->ch, t->arena, &t->env, HOOK, false, NULL, &req, &why), KF_AGAIN);
    assert_string_equal(strrchr(req.url, '/') + 1, "getMe");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .body = slice_of(rows[i].body) };

        row_int_equal(rows[i].body, telegram_ops.meet(t->ch, t->arena, &t->env, HOOK, rows[i].tell, &resp, &req, &why), rows[i].rc);
        if (rows[i].next)
            assert_string_equal(strrchr(req.url, '/') + 1, rows[i].next);
        else if (strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s: %s", rows[i].body, why.text);
        if (rows[i].next && !strcmp(rows[i].next, "setWebhook")) {
            assert_true(holds(req.body, "\"url\":\"" HOOK "\",\"secret_token\":\"old-but-still-good\",\"allowed_updates\":[\"message\""));
            assert_true(holds(req.body, "\"message_reaction\""));
        }
    }
}

/* ---- settings -------------------------------------------------------------------------------------------------------------- */

static void settings_that_do_not_work_are_told(void **state)
{
    static const struct settings_row rows[] = {
        { "{\"token\":\"123456:abc\",\"secrets\":[]}", "secrets: " },
        { "{\"token\":\"123456:abc\",\"secrets\":[\"short\"]}", "secrets[0]: " },
        { "{\"token\":\"123456:abc\",\"secrets\":[\"no blanks here\"]}", "secrets[0]: " },
        { "{\"token\":\"123456-abc\",\"secrets\":[\"" SECRET "\"]}", "token: " },
        { "{\"token\":\":123456abc\",\"secrets\":[\"" SECRET "\"]}", "token: " },
        { "{\"token\":\"123456:a/../b\",\"secrets\":[\"" SECRET "\"]}", "token: " },
    };

    (void)state;
    settings_are_refused(&telegram_ops, rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(each_errand_is_one_call),
        BENCH(each_answer_has_its_class),
        BENCH(a_group_that_moved_is_told_by_the_answer_too),
        BENCH(a_bot_is_met_step_by_step),
        cmocka_unit_test(settings_that_do_not_work_are_told),
    };
    int failed = vectors_run("telegram", &vectors);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
