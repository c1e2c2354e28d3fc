/* WeChat Official Accounts: the vectors. What they do not say is tried by test_wechat.c and those beside it. */
#include "wechat.h"

#include "protocols/xml.h"

static void setting(struct buf *b, const char *name, struct slice value, const char *otherwise)
{
    if (!value.n && !otherwise)
        return;
    buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", name);
    buf_json(b, value.n ? value : slice_of(otherwise));
}

static void settings_of(const json_t *inputs, struct buf *b)
{
    struct slice token = v_slice(inputs, "token");

    buf_char(b, '{');
    setting(b, "app_id", v_slice(inputs, "app_id"), APP);
    setting(b, "app_secret", SLICE(""), "0123456789abcdef");
    setting(b, "token", token.n >= 3 ? token : SLICE(""), TOKEN); /* one vector signs with a shorter one */
    setting(b, "mode", v_slice(inputs, "mode"), NULL);
    setting(b, "account", v_slice(inputs, "account_id"), NULL);
    setting(b, "encoding_aes_key", v_slice(inputs, "encoding_aes_key"), NULL);
    setting(b, "previous_encoding_aes_key", v_slice(inputs, "previous_encoding_aes_key"), NULL);
    buf_char(b, '}');
}

static void errand_of(const json_t *inputs, struct arena *a, struct errand *e, struct env *env)
{
    (void)a;
    (void)env;
    e->kind = ERRAND_SEND;
    e->user = e->peer = v_text(inputs, "openid");
    e->media_id = v_text(inputs, "media_id");
    e->message.kind = e->media_id ? MESSAGE_IMAGE : MESSAGE_TEXT;
    e->message.text = v_slice(inputs, "text");
}

static void hex_is(const uint8_t *bytes, size_t n, const json_t *expected, const char *name)
{
    assert_true(sign_equal_hex(v_slice(expected, name), bytes, n));
}

static void signature_is(const json_t *inputs, struct slice sealed, struct slice want)
{
    struct slice parts[] = { v_slice(inputs, "token"), v_slice(inputs, "timestamp"), v_slice(inputs, "nonce"), sealed };
    size_t n = sealed.n ? 4 : 3;
    char text[41];

    assert_true(wx_signed(want, parts, n));
    assert_true(wx_sign(parts, n, text));
    assert_true(slice_is(want, text));
}

static void unhex(struct slice hex, uint8_t *ret)
{
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        const char two[] = { hex.p[i], hex.p[i + 1], '\0' };

        ret[i / 2] = (uint8_t)strtol(two, NULL, 16);
    }
}

static void encrypts_alike(const struct wx_key *key, const json_t *inputs, const json_t *expected)
{
    struct slice receiver = v_slice(inputs, v_get(inputs, "receive_id") ? "receive_id" : "app_id"), sealed, back;
    uint8_t random[WX_RANDOM];
    struct arena *a = arena_new(0);

    unhex(v_slice(inputs, "random_hex"), random);
    assert_int_equal(wx_encrypt(key, a, random, v_slice(inputs, "message"), receiver, &sealed), KF_OK);
    assert_true(slice_eq(sealed, v_slice(expected, "encrypt")));
    assert_int_equal(wx_decrypt(key, a, sealed, receiver, &back), KF_OK);
    assert_true(slice_eq(back, v_slice(inputs, "message")));
    if (v_get(expected, "msg_signature"))
        signature_is(inputs, sealed, v_slice(expected, "msg_signature"));
    arena_free(a);
}

static void decrypts_alike(const struct wx_key *key, const json_t *inputs, const json_t *expected)
{
    struct slice receiver = v_slice(inputs, v_get(inputs, "receive_id") ? "receive_id" : "app_id"), message;
    struct arena *a = arena_new(0);
    enum kf_rc rc = wx_decrypt(key, a, v_slice(inputs, "encrypt"), receiver, &message);

    if (v_get(expected, "accept")) {
        assert_true(rc == KF_INVALID || rc == KF_DENIED);
    } else {
        assert_int_equal(rc, KF_OK);
        assert_true(slice_eq(message, v_slice(expected, "message")));
        signature_is(inputs, v_slice(inputs, "encrypt"), v_slice(expected, "msg_signature"));
    }
    arena_free(a);
}

static void derived(const struct channel *ch, const json_t *inputs, const json_t *expected)
{
    const char *op = v_text(inputs, "op");
    struct wx_key key = { .set = false };

    (void)ch;
    if (!strcmp(op, "signature")) {
        signature_is(inputs, SLICE(""), v_slice(expected, "signature"));
        return;
    }
    assert_true(wx_key_read(v_slice(inputs, "encoding_aes_key"), &key));
    if (!strcmp(op, "key")) {
        hex_is(key.bytes, 32, expected, "key_hex");
        hex_is(key.bytes, 16, expected, "iv_hex");
    } else if (!strcmp(op, "encrypt")) {
        encrypts_alike(&key, inputs, expected);
    } else {
        assert_string_equal(op, "decrypt");
        decrypts_alike(&key, inputs, expected);
    }
}

/* The reply to an account's follower, as bytes: the one vector that is no request. */
static bool passive_reply(const struct channel *ch, struct arena *a, const json_t *vector)
{
    const json_t *inputs = v_get(vector, "inputs"), *expected = v_get(vector, "expected");
    const struct wechat_ends ends = { .to = v_slice(inputs, "openid"), .from = v_slice(inputs, "account_id") };
    const struct env env = { .now_ms = 1000 * v_number(inputs, "create_time") };
    struct slice body;

    if (!v_get(expected, "response_body_one_valid"))
        return false;
    assert_int_equal(wechat_answer(wechat_of(ch), a, &ends, v_slice(inputs, "text"), &env, &body), KF_OK);
    assert_true(slice_eq(body, v_slice(expected, "response_body_one_valid")));
    return true;
}

/* A reply to what came encrypted, opened again with the key that the vector names. */
static void sealed_reply(const struct channel *ch, struct arena *a, const json_t *inputs, const json_t *expected, const struct received *r)
{
    const bool previous = v_text(expected, "reply_key") != NULL;
    struct errand e = { .kind = ERRAND_SEND, .message = { .text = SLICE("好的 ]]>") } };
    struct env env = { .now_ms = 1718000400000, .chance = { 7, 8, 9 }, .answering = true, .answer_key = r->answer_key };
    struct xml_node *root;
    struct slice parts[4], document;
    struct wx_key key;
    struct http_req out;

    if (!v_get(expected, "decrypted"))
        return;
    assert_int_equal(wechat_ops.encode(ch, a, &e, &env, &out), KF_OK);
    assert_int_equal(xml_read(a, out.body, &root, NULL), KF_OK);
    parts[0] = v_slice(inputs, "token");
    parts[1] = xml_text(root, "TimeStamp");
    parts[2] = xml_text(root, "Nonce");
    parts[3] = xml_text(root, "Encrypt");
    assert_true(wx_key_read(v_slice(inputs, previous ? "previous_encoding_aes_key" : "encoding_aes_key"), &key));
    assert_int_equal(wx_decrypt(&key, a, parts[3], v_slice(inputs, "app_id"), &document), KF_OK);
    assert_true(wx_signed(xml_text(root, "MsgSignature"), parts, 4));
    assert_int_equal(xml_read(a, document, &root, NULL), KF_OK);
    assert_true(slice_is(xml_text(root, "ToUserName"), USER));
    assert_true(slice_is(xml_text(root, "FromUserName"), OURS));
    assert_true(slice_is(xml_text(root, "Content"), "好的 ]]>"));
}

static const struct vector_channel vectors = {
    .ops = &wechat_ops,
    .settings = settings_of,
    .errand = errand_of,
    .derive = derived,
    .own = passive_reply,
    .answer = sealed_reply,
};

int main(void)
{
    return vectors_run("wechat", &vectors);
}
