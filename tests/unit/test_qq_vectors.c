/* QQ bots: the vectors. What they do not say is tried by test_qq.c and those beside it. */
#include "channel_vectors.h"
#include "qq.h"

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

int main(void)
{
    return vectors_run("qq", &vectors);
}
