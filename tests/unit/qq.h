/* qq.h: the bot that the tests of QQ speak for, what its platform posts, and what it answers. */
#ifndef KF_TESTS_QQ_H
#define KF_TESTS_QQ_H

#include "channel_bench.h"

#include "protocols/qq_impl.h"

#define PERSON   "7A31C09E5D82F4B66E10D9C4A8F2B735"
#define GROUP    "D40B8E61F9A3275C81E6F0247C9B5D13"
#define MEMBER   "5A1C0C3E7B9D4F2AA6E8D0B1C3F5A792"
#define SECRET   "rT5wQ8zLm2Xc9VbN"

#define SETTINGS "{\"app_id\":\"102345678\",\"app_secret\":\"" SECRET "\",\"previous_secret\":\"Kf9uD\",\"typing\":true}"

static inline int bench_setup(void **state)
{
    return bench_open(state, &qq_ops, SETTINGS, (struct env){ .now_ms = 1718200060000, .token = SLICE("TKN") });
}

/* A request that is signed as the platform would sign it. */
static inline struct http_req posted(struct bench *t, const char *secret, const char *app, const char *body)
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

static inline struct received receive(struct bench *t, const char *body)
{
    struct http_req req = posted(t, SECRET, "102345678", body);
    struct received ret;

    assert_int_equal(qq_ops.receive(t->ch, t->arena, &req, &t->env, &ret), KF_OK);
    return ret;
}

static inline struct errand an_errand(void)
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

#endif
