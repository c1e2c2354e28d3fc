/* QQ bots: the vectors, then keys, token, files and the whole way of a message. */
#include "channel_bench.h"
#include "channel_vectors.h"
#include "classes.h"

#include "protocols/qq_impl.h"

#define PERSON "7A31C09E5D82F4B66E10D9C4A8F2B735"
#define GROUP  "D40B8E61F9A3275C81E6F0247C9B5D13"
#define MEMBER "5A1C0C3E7B9D4F2AA6E8D0B1C3F5A792"
#define SECRET "rT5wQ8zLm2Xc9VbN"

static void settings_of(const json_t *inputs, struct buf *b)
{
    struct slice app = v_slice(inputs, "app_id"), secret = v_slice(inputs, v_get(inputs, "app_secret") ? "app_secret" : "secret");

    buf_str(b, "{\"app_id\":");
    buf_json(b, app.n ? app : SLICE("102345678"));
    buf_str(b, ",\"app_secret\":");
    buf_json(b, secret.n ? secret : SLICE(SECRET));
    buf_char(b, '}');
}

static void errand_of(const json_t *inputs, struct arena *a, struct errand *e, struct env *env)
{
    const char *event = v_text(inputs, "reply_to_event"), *type = v_text(inputs, "type");
    bool group = v_text(inputs, "scope") && !strcmp(v_text(inputs, "scope"), "group");

    (void)a;
    (void)env;
    e->kind = ERRAND_SEND;
    e->peer = v_text(inputs, "conversation_id") ? v_text(inputs, "conversation_id") : "p";
    e->user = group ? MEMBER : e->peer;
    e->handle = event ? event : v_text(inputs, "reply_to");
    e->handle_left = -1;
    e->handle_used = (int)v_number(inputs, "seq") - 1;
    e->file_url = v_text(inputs, "url");
    e->media_id = v_text(inputs, "file_info");
    e->message.kind = type || e->media_id ? MESSAGE_IMAGE : MESSAGE_TEXT;
    e->message.text = v_slice(inputs, "text");
}

static bool request_of(const struct channel *ch, const json_t *inputs, struct arena *a, const struct errand *e, const struct env *env,
                       struct http_req *ret)
{
    const struct upload up = { .mime = "image/png" };
    struct uploaded file;
    struct renewed token;

    if (v_get(inputs, "app_secret")) {
        assert_int_equal(qq_ops.renew(ch, a, env, NULL, ret, &token), KF_AGAIN);
        return true;
    }
    if (!v_get(inputs, "url"))
        return false;
    assert_int_equal(qq_ops.upload(ch, a, e, &up, env, NULL, ret, &file), KF_AGAIN);
    return true;
}

static void expect_hex(const uint8_t *bytes, size_t n, const json_t *expected, const char *name)
{
    assert_true(sign_equal_hex(v_slice(expected, name), bytes, n));
}

static void derive(const struct channel *ch, const json_t *inputs, const json_t *expected)
{
    const char *op = v_text(inputs, "op");
    uint8_t signature[SIGN_ED25519];
    struct slice message;
    struct qq_key key;
    struct buf b;

    (void)ch;
    assert_true(qq_derive(v_slice(inputs, "secret"), &key));
    if (!strcmp(op, "key")) {
        assert_true(sign_equal(key.seed, sizeof(key.seed), v_text(expected, "seed"), strlen(v_text(expected, "seed"))));
        expect_hex(key.public, sizeof(key.public), expected, "public_key_hex");
        return;
    }
    buf_init(&b, 65536);
    if (!strcmp(op, "validation"))
        buf_add(&b, v_slice(expected, "signed_text"));
    else {
        buf_add(&b, v_slice(inputs, "timestamp"));
        buf_add(&b, v_slice(inputs, "body"));
    }
    message = buf_slice(&b);
    assert_true(sign_ed25519(key.seed, message, signature));
    expect_hex(signature, sizeof(signature), v_get(expected, "response_json") ? v_get(expected, "response_json") : expected, "signature");
    assert_true(sign_ed25519_verify(key.public, message, signature));
    buf_finish(&b);
}

static bool check_event(const json_t *want, const char *name, const struct inbound *in)
{
    static const char *const scopes[] = { [QQ_C2C] = "c2c", [QQ_GROUP] = "group", [QQ_CHANNEL] = "guild", [QQ_DMS] = "guild" };

    if (strcmp(name, "scope") != 0)
        return false;
    assert_string_equal(scopes[qq_scope(in->peer, in->user)], v_text(want, name));
    return true;
}

static const struct vector_channel vectors = {
    .ops = &qq_ops, .settings = settings_of, .errand = errand_of, .derive = derive, .request = request_of, .member = check_event
};

/* ---- by hand ------------------------------------------------------------------------------------------------------------- */

#define SETTINGS "{\"app_id\":\"102345678\",\"app_secret\":\"" SECRET "\",\"previous_secret\":\"Kf9uD\",\"typing\":true}"

static int bench_setup(void **state)
{
    return bench_open(state, &qq_ops, SETTINGS, (struct env){ .now_ms = 1718200060000, .token = SLICE("TKN") });
}

/* A request that is signed as the platform would sign it. */
static struct http_req posted(struct bench *t, const char *secret, const char *app, const char *body)
{
    struct http_pair *headers = arena_array(t->arena, 3, sizeof(*headers));
    uint8_t signature[SIGN_ED25519];
    struct qq_key key;
    struct buf b;

    assert_true(qq_derive(slice_of(secret), &key));
    buf_init(&b, 65536);
    buf_str(&b, "1718200000");
    buf_str(&b, body);
    assert_true(sign_ed25519(key.seed, buf_slice(&b), signature));
    buf_clear(&b);
    sign_hex(&b, signature, sizeof(signature));
    headers[0] = (struct http_pair){ SLICE("X-Signature-Ed25519"), arena_copy(t->arena, buf_slice(&b)) };
    headers[1] = (struct http_pair){ SLICE("X-Signature-Timestamp"), SLICE("1718200000") };
    headers[2] = (struct http_pair){ SLICE("X-Bot-Appid"), slice_of(app) };
    buf_finish(&b);
    return (struct http_req){ .method = "POST", .url = "/hooks/x", .headers = headers, .n_headers = 3, .body = slice_of(body) };
}

static struct received receive(struct bench *t, const char *body)
{
    struct http_req req = posted(t, SECRET, "102345678", body);
    struct received ret;

    assert_int_equal(qq_ops.receive(t->ch, t->arena, &req, &t->env, &ret), KF_OK);
    return ret;
}

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

/* ---- out ------------------------------------------------------------------------------------------------------------------- */

static struct errand an_errand(void)
{
    return (struct errand){ .kind = ERRAND_SEND,
                            .peer = PERSON,
                            .user = PERSON,
                            .handle = "ROBOT1.0_1",
                            .handle_left = 3,
                            .handle_used = 2,
                            .handle_expires_ms = 1718203600000,
                            .message = { .text = SLICE("在") } };
}

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
        BENCH(replies_end_with_their_handle),
        BENCH(each_scope_has_its_address),
        BENCH(who_is_answered_in_a_group_is_named),
        BENCH(choices_are_a_keyboard_where_that_is_allowed),
        BENCH(a_card_is_markdown_where_that_is_allowed),
        BENCH(a_keyboard_has_five_rows_of_five),
        BENCH(what_qq_has_ready_goes_as_a_reply),
        BENCH(an_embed_is_for_guilds),
        BENCH(what_qq_does_not_have_ready_is_told),
        BENCH(what_is_answered_is_named_as_what_it_is),
        BENCH(what_cannot_be_uploaded_goes_as_an_address),
        BENCH(an_upload_says_how_it_went),
        BENCH(typing_is_told_to_one_person_and_counts_for_itself),
        BENCH(a_recall_names_what_was_sent),
        cmocka_unit_test(a_recall_comes_within_two_minutes),
        BENCH(each_answer_has_its_class),
        BENCH(each_code_has_its_class),
        BENCH(a_token_is_renewed_ahead_of_its_end),
        cmocka_unit_test(wrong_settings_are_named),
    };
    int failed = vectors_run("qq", &vectors);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
