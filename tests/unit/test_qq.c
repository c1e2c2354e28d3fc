/* QQ bots: who is believed, what each event says, files and tokens. */
#include "qq.h"

static void what_was_signed_with_the_secret_before_is_still_believed(void **state)
{
    static const struct {
        const char *secret, *app, *refused;
    } rows[] = {
        { SECRET, "102345678", NULL },
        { "Kf9uD", "102345678", NULL },
        { "Kf9uE", "102345678", "bad_signature" },
        { SECRET, "102345679", "wrong_receiver" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_req req = posted(t, rows[i].secret, rows[i].app, "{\"op\":1,\"d\":41}");
        struct received got;

        assert_int_equal(qq_ops.receive(t->ch, t->arena, &req, &t->env, &got), KF_OK);
        if (rows[i].refused) {
            assert_string_equal(got.refused, rows[i].refused);
            assert_int_equal(got.status, 401);
        } else {
            assert_null(got.refused);
            assert_true(slice_is(got.body, "{\"op\":11,\"d\":41}"));
        }
    }
}

static void only_post_is_understood(void **state)
{
    struct bench *t = *state;
    struct http_req req = posted(t, SECRET, "102345678", "{\"op\":1}");
    struct received got;

    req.method = "GET";
    assert_int_equal(qq_ops.receive(t->ch, t->arena, &req, &t->env, &got), KF_OK);
    assert_int_equal(got.status, 405);
}

static void what_lacks_its_members_is_refused(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "[]",
        "",
        "{\"op\":13,\"d\":{\"plain_token\":\"x\"}}",
        "{\"op\":0,\"t\":\"C2C_MESSAGE_CREATE\",\"d\":{}}",
        "{\"op\":0,\"t\":\"FRIEND_ADD\",\"d\":{\"openid\":\"u\",\"timestamp\":\"soon\"}}",
        "{\"op\":0,\"t\":\"GROUP_AT_MESSAGE_CREATE\",\"d\":{\"id\":\"m\",\"author\":{\"member_openid\":\"u\"},\"timestamp\":1}}",
        "{\"op\":0,\"t\":\"FRIEND_ADD\",\"id\":\"e\",\"d\":{\"timestamp\":1}}",
        "{\"op\":0,\"t\":\"INTERACTION_CREATE\",\"id\":\"e\",\"d\":{\"id\":\"i\",\"timestamp\":1,\"user_openid\":\"u\",\"data\":{}}}",
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct received got = receive(t, bodies[i]);

        if (got.status != 400 || !got.refused)
            fail_msg("%s: %d", bodies[i], got.status);
    }
}

/* A time that cannot be read is that of the arrival: for that nobody's words are lost, and what can be answered is counted from then. */
static void what_says_no_time_has_just_been_said(void **state)
{
    static const char *const bodies[] = {
        "{\"op\":0,\"t\":\"C2C_MESSAGE_CREATE\",\"d\":{\"id\":\"m\",\"author\":{\"user_openid\":\"u\"},\"content\":\"x\",\"timestamp\":"
        "\"soon\"}}",
        "{\"op\":0,\"t\":\"C2C_MESSAGE_CREATE\",\"d\":{\"id\":\"m\",\"author\":{\"user_openid\":\"u\"},\"content\":\"x\"}}",
        "{\"op\":0,\"t\":\"INTERACTION_CREATE\",\"id\":\"e\",\"d\":{\"id\":\"i\",\"timestamp\":{},\"user_openid\":\"u\",\"data\":{"
        "\"resolved\":"
        "{\"button_id\":\"1\"}}}}",
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct received got = receive(t, bodies[i]);

        if (got.status != 200 || got.n != 1)
            fail_msg("%s: %d", bodies[i], got.status);
        assert_int_equal(got.inbound->at, t->env.now_ms);
        assert_int_equal(got.inbound->reply_expires_ms, t->env.now_ms + 60 * 60 * 1000);
    }
}

static void each_event_is_understood(void **state)
{
#define EVENT(word, d) "{\"id\":\"e1\",\"op\":0,\"t\":\"" word "\",\"d\":" d "}"
    static const struct {
        const char *body;
        enum inbound_kind kind;
        const char *user, *peer, *text, *dedupe, *handle;
        int64_t window_ms;
    } rows[] = {
        { EVENT("FRIEND_DEL", "{\"openid\":\"u\",\"timestamp\":\"1718200000\"}"), INBOUND_UNFOLLOW, "u", "u", "", "event:e1", "", 0 },
        { EVENT("C2C_MSG_REJECT", "{\"openid\":\"u\",\"timestamp\":1718200000}"), INBOUND_OPTOUT, "u", "u", "", "event:e1", "", 0 },
        { EVENT("C2C_MSG_RECEIVE", "{\"openid\":\"u\",\"timestamp\":1718200000}"), INBOUND_OPTIN, "u", "u", "", "event:e1", "e1", 3600000 },
        { EVENT("GROUP_DEL_ROBOT", "{\"group_openid\":\"g\",\"op_member_openid\":\"m\",\"timestamp\":1718200000}"), INBOUND_SYSTEM, "m",
          "g", "", "event:e1", "", 0 },
        { EVENT("GROUP_MSG_REJECT", "{\"group_openid\":\"g\",\"op_member_openid\":\"m\",\"timestamp\":1718200000}"), INBOUND_SYSTEM, "m",
          "g", "", "event:e1", "", 0 },
        { EVENT("GROUP_MSG_RECEIVE", "{\"group_openid\":\"g\",\"timestamp\":1718200000}"), INBOUND_SYSTEM, "g", "g", "", "event:e1", "e1",
          300000 },
        { EVENT("AT_MESSAGE_CREATE", "{\"id\":\"m1\",\"guild_id\":\"7\",\"channel_id\":\"8\",\"author\":{\"id\":\"9\",\"username\":\"Li\"},"
                                     "\"content\":\"<@!42> hi\",\"timestamp\":\"2024-06-12T21:46:40+08:00\"}"),
          INBOUND_MESSAGE, "9", "channel/8", "hi", "message:m1", "m1", 300000 },
        { EVENT("DIRECT_MESSAGE_CREATE", "{\"id\":\"m1\",\"guild_id\":\"7\",\"channel_id\":\"8\",\"author\":{\"id\":\"9\"},\"content\":"
                                         "\"<@all> hi\",\"timestamp\":\"2024-06-12T21:46:40+08:00\"}"),
          INBOUND_MESSAGE, "9", "dms/7", "<@all> hi", "message:m1", "m1", 300000 },
        { EVENT("INTERACTION_CREATE", "{\"id\":\"i1\",\"group_openid\":\"g\",\"group_member_openid\":\"m\",\"timestamp\":"
                                      "\"2024-06-12T21:46:40+08:00\",\"data\":{\"resolved\":{\"button_id\":\"21\"}}}"),
          INBOUND_POSTBACK, "m", "g", "21", "event:i1", "i1", 300000 },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct received got = receive(t, rows[i].body);
        const struct inbound *in = got.inbound;

        if (got.n != 1 || in->kind != rows[i].kind)
            fail_msg("%s: %s", rows[i].body, got.refused);
        assert_true(slice_is(in->user, rows[i].user));
        assert_true(slice_is(in->peer, rows[i].peer));
        assert_true(slice_is(in->text, rows[i].text));
        assert_true(slice_is(in->dedupe, rows[i].dedupe));
        assert_true(slice_is(in->reply_token, rows[i].handle));
        assert_int_equal(in->at, 1718200000000);
        assert_int_equal(in->reply_expires_ms, rows[i].window_ms ? in->at + rows[i].window_ms : 0);
    }
}

static void a_tap_is_acknowledged(void **state)
{
    struct bench *t = *state;
    struct received got =
        receive(t, EVENT("INTERACTION_CREATE", "{\"id\":\"i/1\",\"user_openid\":\"u\",\"timestamp\":1,\"data\":{\"resolved\":{"
                                               "\"button_data\":\"human\"}}}"));
    struct http_req req;

    assert_int_equal(got.n, 1);
    assert_int_equal(qq_ops.nod(t->ch, t->arena, &t->env, got.nod, &req), KF_OK);
    assert_string_equal(req.method, "PUT");
    assert_string_equal(req.url, "https://api.sgroup.qq.com/interactions/i%2F1");
    assert_true(slice_is(req.body, "{\"code\":0}"));
    assert_true(slice_is(http_header(req.headers, req.n_headers, "authorization"), "QQBot TKN"));
    assert_int_equal(receive(t, "{\"op\":1}").nod.n, 0);
    t->env.token = SLICE("");
    assert_int_equal(qq_ops.nod(t->ch, t->arena, &t->env, got.nod, &req), KF_AUTH);
}

static void who_speaks_in_a_group_is_told_apart(void **state)
{
    struct bench *t = *state;
    struct received got =
        receive(t, "{\"id\":\"e1\",\"op\":0,\"t\":\"GROUP_AT_MESSAGE_CREATE\",\"d\":{\"id\":\"m1\",\"author\":{"
                   "\"member_openid\":\"" MEMBER "\"},\"group_openid\":\"" GROUP "\",\"content\":\"x\",\"timestamp\":1}}");

    assert_int_equal(got.n, 1);
    assert_true(slice_is(got.inbound->user_name, "QQ F5A792"));
}

static void attachments_have_their_kinds(void **state)
{
    struct bench *t = *state;
    struct received got = receive(
        t, "{\"id\":\"e1\",\"op\":0,\"t\":\"C2C_MESSAGE_CREATE\",\"d\":{\"id\":\"m1\",\"author\":{\"user_openid\":\"u\"},"
           "\"content\":\" \",\"timestamp\":1,\"attachments\":[{\"content_type\":\"video/mp4\",\"url\":\"cdn.example/1\"},"
           "{\"content_type\":\"voice\",\"url\":\"https://cdn.example/2\",\"size\":-4},{\"content_type\":\"file\",\"url\":\"ftp://x\"},"
           "{\"content_type\":\"file\",\"url\":\"https://cdn.example/3\",\"filename\":\"a.pdf\"}]}}");
    const struct media *m;

    assert_int_equal(got.n, 1);
    m = got.inbound->media;
    assert_int_equal(got.inbound->type, TYPE_VIDEO);
    assert_int_equal(got.inbound->n_media, 3);
    assert_true(slice_is(m[0].url, "https://cdn.example/1"));
    assert_true(m[0].type == TYPE_VIDEO && m[1].type == TYPE_AUDIO && m[2].type == TYPE_FILE);
    assert_int_equal(m[1].size, 0);
    assert_true(slice_is(m[2].name, "a.pdf"));
}

/* As the platform's own program shows them; what only looks like one stays as it was written. */
static void faces_are_read_as_words(void **state)
{
#define FACE(type, id, ext) "<faceType=" type ",faceId=\\\"" id "\\\"" ext ">"
    static const struct {
        const char *content, *text;
    } rows[] = {
        { FACE("1", "13", ",ext=\\\"eyJ0ZXh0Ijoi5ZGy54mZIn0=\\\""), "[呲牙]" },
        { " 好" FACE("1", "13", ",ext=\\\"eyJ0ZXh0Ijoi5ZGy54mZIn0=\\\"") FACE("3", "277", "") "！ ", "好[呲牙][face 277]！" },
        { FACE("1", "13", ",ext=\\\"not base64\\\""), "[face 13]" },
        { FACE("1", "13", ",ext=\\\"eyJ0ZXh0IjoxfQ==\\\""), "[1]" },
        { FACE("1", "x", ""), "<faceType=1,faceId=\"x\">" },
        { "<faceType=1", "<faceType=1" },
        { "<faceType=<faceType=1,faceId=\\\"2\\\"> 1 < 2 > 1", "[face 2] 1 < 2 > 1" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct received got;
        char body[500];

        (void)snprintf(body, sizeof(body),
                       "{\"op\":0,\"t\":\"C2C_MESSAGE_CREATE\",\"d\":{\"id\":\"m\",\"author\":{\"user_openid\":\"u\"},\"content\":\"%s\","
                       "\"timestamp\":1}}",
                       rows[i].content);
        got = receive(t, body);
        assert_int_equal(got.n, 1);
        if (!slice_is(got.inbound->text, rows[i].text))
            fail_msg("%s: %.*s", rows[i].content, (int)got.inbound->text.n, got.inbound->text.p);
    }
}

/* Five to a message: guilds count by the second instead. */
static void a_message_of_a_guild_is_answered_as_often_as_one_likes(void **state)
{
    struct bench *t = *state;
    const char *const bodies[] = {
        EVENT("DIRECT_MESSAGE_CREATE", "{\"id\":\"m1\",\"guild_id\":\"7\",\"author\":{\"id\":\"9\"},\"content\":\"x\",\"timestamp\":1}"),
        EVENT("AT_MESSAGE_CREATE", "{\"id\":\"m1\",\"channel_id\":\"7\",\"author\":{\"id\":\"9\"},\"content\":\"x\",\"timestamp\":1}"),
        EVENT("C2C_MESSAGE_CREATE", "{\"id\":\"m1\",\"author\":{\"id\":\"9\"},\"content\":\"x\",\"timestamp\":1}"),
    };

    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct received got = receive(t, bodies[i]);

        assert_int_equal(got.n, 1);
        assert_int_equal(got.inbound->reply_left, i < 2 ? -1 : 0);
    }
}

static void a_file_is_fetched_where_no_private_address_is_asked(void **state)
{
    struct bench *t = *state;
    struct media m = { .type = TYPE_IMAGE, .url = SLICE("https://multimedia.nt.qq.com.cn/1?x=2") };
    struct http_req req;

    assert_int_equal(qq_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_OK);
    assert_string_equal(req.url, "https://multimedia.nt.qq.com.cn/1?x=2");
    assert_true(req.stranger);
    assert_int_equal(req.n_headers, 0); /* the token is not shown */
    m.url = SLICE("https://api.sgroup.qq.com/1");
    assert_int_equal(qq_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_OK);
    assert_false(req.stranger);
    m.url = SLICE("file:///etc/passwd");
    assert_int_equal(qq_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_INVALID);
}

static void memory_that_runs_out_loses_nothing(void **state)
{
    struct bench *t = *state;
    struct http_req req =
        posted(t, SECRET, "102345678",
               "{\"id\":\"e1\",\"op\":0,\"t\":\"GROUP_AT_MESSAGE_CREATE\",\"d\":{\"id\":\"m1\",\"author\":{\"member_openid\":\"u\"},"
               "\"group_openid\":\"g\",\"content\":\"some words\",\"timestamp\":1,\"attachments\":[{\"content_type\":\"image/png\","
               "\"filename\":\"a.png\",\"url\":\"https://cdn.example/1\"}]}}");

    for (size_t max = 1; max < 3072; max += 7) {
        struct arena *a = arena_new(max);
        struct received got;
        enum kf_rc rc = qq_ops.receive(t->ch, a, &req, &t->env, &got);

        assert_true(rc == KF_NOMEM || (rc == KF_OK && got.status == 200 && got.n == 1 && got.inbound->text.n == 10 &&
                                       got.inbound->n_media == 1 && got.inbound->media->url.n == 21));
        arena_free(a);
    }
}

static void a_token_is_renewed_ahead_of_its_end(void **state)
{
    static const struct renewal_row rows[] = {
        { 200, "{\"access_token\":\"T\",\"expires_in\":\"7200\"}", KF_OK, 7145000 },
        { 200, "{\"access_token\":\"T\",\"expires_in\":7200}", KF_OK, 7145000 },
        { 200, "{\"access_token\":\"T\",\"expires_in\":\"40\"}", KF_OK, 20000 },
        { 200, "{\"access_token\":\"T\"}", KF_IO, 0 },
        { 200, "{\"code\":100016,\"message\":\"invalid appid or secret\"}", KF_AUTH, 0 },
        { 400, "{\"code\":100007,\"message\":\"appid invalid\"}", KF_AUTH, 0 },
        { 500, "", KF_IO, 0 },
        { 0, "", KF_IO, 0 },
    };
    struct bench *t = *state;

    renewals_end_so(t, rows, COUNT(rows));
}

static void wrong_settings_are_named(void **state)
{
    static const struct settings_row rows[] = {
        { "{\"app_secret\":\"x\"}", "app_id: required" },
        { "{\"app_id\":\"12\"}", "app_secret: required" },
        { "{\"app_id\":\"12\",\"app_secret\":\"\"}", "app_secret: 1 to 128 bytes" },
        { "{\"app_id\":\"12a\",\"app_secret\":\"x\"}", "app_id: digits" },
        { "{\"app_id\":\"12\",\"app_secret\":\"x\",\"url\":\"ftp://x\"}", "url:" },
    };

    (void)state;
    settings_are_refused(&qq_ops, rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(what_was_signed_with_the_secret_before_is_still_believed),
        BENCH(only_post_is_understood),
        BENCH(what_lacks_its_members_is_refused),
        BENCH(what_says_no_time_has_just_been_said),
        BENCH(each_event_is_understood),
        BENCH(a_tap_is_acknowledged),
        BENCH(who_speaks_in_a_group_is_told_apart),
        BENCH(attachments_have_their_kinds),
        BENCH(faces_are_read_as_words),
        BENCH(a_message_of_a_guild_is_answered_as_often_as_one_likes),
        BENCH(a_file_is_fetched_where_no_private_address_is_asked),
        BENCH(memory_that_runs_out_loses_nothing),
        BENCH(a_token_is_renewed_ahead_of_its_end),
        cmocka_unit_test(wrong_settings_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
