/* WeCom's customer service: the vectors. What they do not say is tried by test_wecom.c and those beside it. */
#include "channel_vectors.h"
#include "wecom.h"

#include <stdlib.h>

static void setting(struct buf *b, const char *name, struct slice value, const char *otherwise)
{
    buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", name);
    buf_json(b, value.n ? value : slice_of(otherwise));
}

static void settings_of(const json_t *inputs, struct buf *b)
{
    struct slice token = v_slice(inputs, "token"); /* of a pull it is the notice's */

    buf_char(b, '{');
    setting(b, "corp_id", v_slice(inputs, "corp_id"), CORP);
    setting(b, "secret", SLICE(""), "0123456789abcdef");
    setting(b, "open_kfid", v_slice(inputs, "open_kfid"), OURS);
    setting(b, "token", token.n <= 32 ? token : SLICE(""), TOKEN);
    setting(b, "encoding_aes_key", v_slice(inputs, "encoding_aes_key"), AES_KEY);
    buf_str(b, ",\"names\":false}");
}

static void env_of(const json_t *inputs, struct env *env)
{
    (void)inputs;
    env->token = SLICE("TKN");
}

static void errand_of(const json_t *inputs, struct arena *a, struct errand *e, struct env *env)
{
    (void)a;
    (void)env;
    e->kind = ERRAND_SEND;
    e->user = v_text(inputs, "user");
    e->media_id = v_text(inputs, "media_id");
    e->message.kind = e->media_id ? MESSAGE_FILE : MESSAGE_TEXT;
    e->message.text = v_slice(inputs, "text");
}

static bool request_of(const struct channel *ch, const json_t *inputs, struct arena *a, const struct errand *e, const struct env *env,
                       struct http_req *ret)
{
    const struct wecom *w = wecom_of(ch);

    if (v_get(inputs, "code"))
        assert_int_equal(wecom_say_on_event(w, a, env->token, v_slice(inputs, "code"), v_slice(inputs, "text"), ret), KF_OK);
    else if (v_get(inputs, "state"))
        assert_int_equal(
            wecom_move(w, a, env->token, slice_of(e->user), (enum wecom_state)v_number(inputs, "state"), v_slice(inputs, "servicer"), ret),
            KF_OK);
    else
        return false;
    return true;
}

static bool member_is(const json_t *want, const char *name, const struct inbound *in)
{
    static const struct {
        const char *cls, *words;
    } classes[] = { { "window_closed", "more than 5 messages" } };

    if (!strcmp(name, "referral_param")) {
        assert_true(slice_eq(in->payload, v_slice(want, name)));
        return true;
    }
    if (!strcmp(name, "conversation")) { /* the account and the person; a channel of ours is one account */
        size_t n = in->account.n;

        assert_true(slice_starts(v_slice(want, name), in->account.p));
        assert_true(slice_is(in->peer, v_text(want, name) + n + 1));
        return true;
    }
    if (strcmp(name, "class") == 0)
        assert_int_equal(in->window_over, slice_is(v_slice(want, name), "window_closed"));
    if (strcmp(name, "class") != 0)
        return false;
    assert_string_equal(v_text(want, name), classes[0].cls);
    assert_true(slice_starts(in->reason, classes[0].words));
    return true;
}

static void notice_is(const struct channel *ch, struct arena *a, const json_t *inputs, const json_t *expected, const struct received *r)
{
    const json_t *action = v_get(expected, "action");

    (void)ch;
    (void)a;
    (void)inputs;
    if (!action)
        return;
    assert_int_equal(r->pull, json_is_object(action));
    if (!r->pull)
        return;
    assert_true(slice_eq(r->pull_token, v_slice(action, "token")));
    assert_true(slice_eq(r->pull_account, v_slice(action, "open_kfid")));
}

static void derived(const struct channel *ch, const json_t *inputs, const json_t *expected)
{
    struct slice parts[] = { v_slice(inputs, "token"), v_slice(inputs, "timestamp"), v_slice(inputs, "nonce"), v_slice(inputs, "encrypt") };
    struct slice receiver = v_slice(inputs, "receive_id"), message;
    struct arena *a = arena_new(0);
    uint8_t random[WX_RANDOM];
    struct wx_key key;

    (void)ch;
    assert_true(wx_key_read(v_slice(inputs, "encoding_aes_key"), &key));
    if (!strcmp(v_text(inputs, "op"), "encrypt")) {
        for (size_t i = 0; i < WX_RANDOM; i++) {
            const char two[] = { v_text(inputs, "random_hex")[2 * i], v_text(inputs, "random_hex")[2 * i + 1], '\0' };

            random[i] = (uint8_t)strtol(two, NULL, 16);
        }
        assert_int_equal(wx_encrypt(&key, a, random, v_slice(inputs, "message"), receiver, &message), KF_OK);
        assert_true(slice_eq(message, v_slice(expected, "encrypt")));
    } else if (v_get(expected, "accept")) {
        assert_int_equal(wx_decrypt(&key, a, v_slice(inputs, "encrypt"), receiver, &message), KF_INVALID);
    } else {
        assert_int_equal(wx_decrypt(&key, a, v_slice(inputs, "encrypt"), receiver, &message), KF_OK);
        assert_true(slice_eq(message, v_slice(expected, "message")));
        assert_true(wx_signed(v_slice(expected, "msg_signature"), parts, 4));
    }
    arena_free(a);
}

/* An item is what a page of it yields; of a send, the name that we give it is ours to choose. */
static bool item_or_send(const struct channel *ch, struct arena *a, const json_t *vector)
{
    const json_t *inputs = v_get(vector, "inputs"), *expected = v_get(vector, "expected");
    struct env env = v_env(inputs);
    struct errand e = { .handle_left = -1 };
    struct http_req req;
    json_t *body;
    char *dumped;

    if (!strcmp(v_text(vector, "kind"), "item")) {
        json_t *page = json_pack("{s:i,s:s,s:i,s:[O]}", "errcode", 0, "next_cursor", "c", "has_more", 0, "msg_list", v_get(inputs, "item"));
        char *text = json_dumps(page, 0);
        struct http_resp last = { .status = 200, .body = slice_of(text) };
        struct pulled done = { .n = 0 };
        const char *name;
        json_t *value;

        env.token = SLICE("TKN");
        assert_int_equal(wecom_kf_ops.pull(ch, a, &env, SLICE(""), &last, &req, &done), KF_OK);
        assert_int_equal(done.n, json_array_size(v_get(expected, "events")));
        json_object_foreach(json_array_get(v_get(expected, "events"), 0), name, value)
        {
            json_t *one = json_pack("[{s:O}]", name, value);

            if (!member_is(json_array_get(one, 0), name, done.inbound))
                v_expect_events(one, done.inbound, 1);
            json_decref(one);
        }
        json_decref(page);
        free(text);
        return true;
    }
    if (!v_get(inputs, "msgid"))
        return false;
    errand_of(inputs, a, &e, &env);
    assert_int_equal(wecom_kf_ops.encode(ch, a, &e, &env, &req), KF_OK);
    body = json_loadb(req.body.p, req.body.n, 0, NULL);
    assert_in_range(json_string_length(v_get(body, "msgid")), 1, 32);
    json_object_set(body, "msgid", (json_t *)v_get(inputs, "msgid"));
    dumped = json_dumps(body, 0);
    assert_non_null(dumped);
    req.body = slice_of(dumped);
    v_expect_request(expected, &req);
    free(dumped);
    json_decref(body);
    return true;
}

static const struct vector_channel vectors = {
    .ops = &wecom_kf_ops,
    .settings = settings_of,
    .errand = errand_of,
    .request = request_of,
    .env = env_of,
    .answer = notice_is,
    .member = member_is,
    .derive = derived,
    .own = item_or_send,
};

int main(void)
{
    return vectors_run("wecom-kf", &vectors);
}
