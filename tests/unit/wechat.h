/* wechat.h: a WeChat Official Account to try things on, and its follower. */
#ifndef KF_TESTS_WECHAT_H
#define KF_TESTS_WECHAT_H

#include "channel_bench.h"
#include "channel_vectors.h"

#include "protocols/wechat_impl.h"

#define APP   "wx5d3f0c9a17be6e42"
#define TOKEN "Kefud2024Token"
#define USER  "oKf7d5Q0mZ1xYc9RtWb3nLpHsVuE"
#define OURS  "gh_4b1d7e90c2aa"

#define SETTINGS                                                                                                                     \
    "{\"app_id\":\"" APP "\",\"app_secret\":\"very-secret\",\"token\":\"" TOKEN "\",\"url\":\"https://api.example/\",\"replies\":4," \
    "\"kf_account\":\"eva@shop\",\"welcome\":\"欢迎\"}"

/* What an answer to the follower begins with. */
#define ENDS \
    "<ToUserName><![CDATA[" USER "]]></ToUserName><FromUserName><![CDATA[" OURS "]]></FromUserName><CreateTime>1718000210</CreateTime>"

static inline int bench_setup(void **state)
{
    return bench_open(state, &wechat_ops, SETTINGS, (struct env){ .now_ms = 1718000210000, .token = SLICE("TKN") });
}

static inline struct errand an_errand(enum message_kind kind, const char *text)
{
    return (struct errand){ .user = USER, .peer = USER, .handle_left = -1, .message = { .kind = kind, .text = slice_of(text) } };
}

/* What goes out for it; freed by the caller. */
static inline json_t *sent(struct bench *t, const struct errand *e)
{
    struct http_req req;
    json_t *ret;

    assert_int_equal(wechat_ops.encode(t->ch, t->arena, e, &t->env, &req), KF_OK);
    assert_string_equal(req.method, "POST");
    ret = json_loadb(req.body.p, req.body.n, 0, NULL);
    assert_non_null(ret);
    return ret;
}

#endif
