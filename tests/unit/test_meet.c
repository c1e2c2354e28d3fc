/* What a platform is asked by whoever sets a channel up, and what its answers mean: all channels that have one question only. */
#include "unit.h"

#include "core/buf.h"
#include "protocols/channel.h"

#include <string.h>

#define AES_KEY "Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J"

static const struct platform {
    const char *adapter, *settings, *method, *url;
} platforms[] = {
    { "qq", "{\"app_id\":\"1\",\"app_secret\":\"s\",\"url\":\"https://q.example/\"}", "GET", "https://q.example/users/@me" },
    { "wechat", "{\"app_id\":\"wx1\",\"app_secret\":\"12345678\",\"token\":\"abc\",\"url\":\"https://w.example\"}", "GET",
      "https://w.example/cgi-bin/getcallbackip?access_token=T" },
    { "wecom-kf",
      "{\"corp_id\":\"ww1\",\"secret\":\"12345678\",\"open_kfid\":\"wkOne\",\"token\":\"abc\",\"encoding_aes_key\":\"" AES_KEY
      "\",\"url\":\"https://c.example\"}",
      "POST", "https://c.example/cgi-bin/kf/account/list?access_token=T" },
    { "mail",
      "{\"provider\":\"postmark\",\"user\":\"u\",\"password\":\"123456\",\"address\":\"s@x.example\",\"token_secret\":\"0123456789abcdef\","
      "\"relay\":\"smtp://r.example:587\",\"relay_user\":\"u@r.example\",\"relay_password\":\"p\"}",
      "POST", "smtp://r.example:587/x.example" },
};

static const struct {
    const char *adapter;
    int status;
    const char *body;
    enum kf_rc rc;
    const char *words;
} rows[] = {
    { "qq", 200, "{\"id\":\"42\",\"username\":\"小林\"}", KF_OK, "the bot is 小林" },
    { "qq", 401, "{\"code\":11244,\"message\":\"token not exist or expire\"}", KF_AUTH, "QQ does not let us in: 11244 token not" },
    { "qq", 400, "{\"code\":11253,\"message\":\"no permission\"}", KF_REJECTED, "QQ says: 11253 no permission" },
    { "qq", 200, "{}", KF_IO, "QQ's answer could not be read: status 200" },
    { "qq", 502, "<html>", KF_IO, "QQ's answer could not be read: status 502" },
    { "qq", 0, "", KF_IO, "no answer from QQ: timeout" },
    { "wechat", 200, "{\"ip_list\":[\"192.0.2.1\",\"192.0.2.2\"]}", KF_OK, "wx1 may use the API; WeChat calls from 2 addresses" },
    { "wechat", 200, "{\"errcode\":40001,\"errmsg\":\"invalid credential\"}", KF_AUTH, "WeChat says: 40001 invalid credential" },
    { "wechat", 200, "{\"errcode\":48001,\"errmsg\":\"api unauthorized\"}", KF_REJECTED, "WeChat says: 48001 api unauthorized" },
    { "wechat", 200, "{\"ip_list\":[]}", KF_IO, "WeChat's answer could not be read: it names" },
    { "wechat", 200, "[]", KF_IO, "WeChat's answer could not be read" },
    { "wechat", 500, "{}", KF_IO, "WeChat's answer could not be read: status 500" },
    { "wechat", 0, "", KF_IO, "no answer from WeChat: timeout" },
    { "wecom-kf", 200,
      "{\"errcode\":0,\"errmsg\":\"ok\",\"account_list\":[{\"open_kfid\":\"wkTwo\",\"name\":\"b\"},{\"open_kfid\":\"wkOne\",\"name\":"
      "\"售后\"}]}",
      KF_AGAIN, "the account is 售后" }, /* and by which link it is reached, is asked for next */
    { "wecom-kf", 200, "{\"errcode\":0,\"account_list\":[{\"open_kfid\":\"wkTwo\"}]}", KF_REJECTED,
      "open_kfid: not one of the 1 accounts" },
    { "wecom-kf", 200, "{\"errcode\":0}", KF_REJECTED, "open_kfid: not one of the 0 accounts" },
    { "wecom-kf", 200, "{\"errcode\":42001,\"errmsg\":\"access_token expired\"}", KF_AUTH, "WeCom says: 42001" },
    { "wecom-kf", 200, "{\"errcode\":48002,\"errmsg\":\"api forbidden\"}", KF_REJECTED, "WeCom says: 48002 api forbidden" },
    { "wecom-kf", 0, "", KF_IO, "no answer from WeCom: timeout" },
    { "mail", 250, "250 2.0.0 Ok\r\n", KF_OK, "the relay lets us in as u@r.example" },
    { "mail", 535, "535 5.7.8 Authentication failed\r\n", KF_AUTH, "the relay does not let us in: 535 5.7.8 Authentication failed" },
    { "mail", 421, "421 4.7.0 Try again later\r\n", KF_REJECTED, "the relay says: 421 4.7.0 Try again later" },
    { "mail", 0, "", KF_IO, "no answer from the relay: timeout" },
};

struct bench {
    struct arena *arena;
    struct channel *ch;
    const struct channel_ops *ops;
    const struct platform *platform;
    struct env env;
};

static void bench_open(struct bench *t, const char *adapter)
{
    struct kf_err why = { .rc = KF_OK };

    *t = (struct bench){ .arena = arena_new(0), .ops = channel_find(adapter), .env = { .token = SLICE("T"), .now_ms = 1 } };
    for (size_t i = 0; i < COUNT(platforms); i++)
        if (!strcmp(platforms[i].adapter, adapter))
            t->platform = &platforms[i];
    if (t->ops->open(&t->ch, slice_of(t->platform->settings), &why))
        fail_msg("%s: %s", adapter, why.text);
}

static void bench_close(struct bench *t)
{
    t->ops->close(t->ch);
    arena_free(t->arena);
}

static void one_question_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(platforms); i++) {
        struct http_req req = { 0 };
        struct bench t;

        bench_open(&t, platforms[i].adapter);
        assert_int_equal(t.ops->meet(t.ch, t.arena, &t.env, "https://h.example", true, NULL, &req, NULL), KF_AGAIN);
        assert_string_equal(req.method, platforms[i].method);
        assert_string_equal(req.url, platforms[i].url);
        if (req.smtp) {
            assert_null(req.smtp->to);
            assert_string_equal(req.smtp->user, "u@r.example");
            assert_false(req.smtp->plain);
        }
        bench_close(&t);
    }
}

static void the_answer_is_told_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .body = slice_of(rows[i].body), .failure = "timeout" };
        struct kf_err why = { .rc = KF_OK };
        struct http_req req = { 0 };
        struct bench t;

        bench_open(&t, rows[i].adapter);
        row_int_equal(rows[i].body, t.ops->meet(t.ch, t.arena, &t.env, "https://h.example", false, &resp, &req, &why), rows[i].rc);
        if (strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s %s: %s, expected %s", rows[i].adapter, rows[i].body, why.text, rows[i].words);
        bench_close(&t);
    }
}

static void an_account_among_very_many_may_be_ours(void **state)
{
    struct kf_err why = { .rc = KF_OK };
    struct http_req req = { 0 };
    struct http_resp resp = { .status = 200 };
    struct bench t;
    struct buf b;

    (void)state;
    bench_open(&t, "wecom-kf");
    buf_init(&b, 65536);
    buf_str(&b, "{\"errcode\":0,\"account_list\":[");
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "%s{\"open_kfid\":\"wk%d\"}", i ? "," : "", i);
    buf_str(&b, "]}");
    resp.body = buf_slice(&b);
    assert_int_equal(t.ops->meet(t.ch, t.arena, &t.env, "", false, &resp, &req, &why), KF_AGAIN);
    assert_non_null(strstr(why.text, "not among the first 100"));
    buf_finish(&b);
    bench_close(&t);
}

/* By which link customers open the chat is told beside it; that it is not given is no trouble of the account. */
static void an_account_is_told_with_its_link(void **state)
{
    static const struct {
        int status;
        const char *body, *words;
    } answers[] = {
        { 200, "{\"errcode\":0,\"errmsg\":\"ok\",\"url\":\"https://work.weixin.qq.com/kfid/kfc7a31f0de\"}",
          "the account is 售后; customers open it by https://work.weixin.qq.com/kfid/kfc7a31f0de" },
        { 200, "{\"errcode\":48002,\"errmsg\":\"api forbidden\"}", "the account is 售后" },
        { 200, "{\"errcode\":0,\"url\":\"javascript:1\"}", "the account is 售后" },
        { 500, "<html>", "the account is 售后" },
        { 0, "", "the account is 售后" },
    };
    static const struct http_resp first = { .status = 200,
                                            .body =
                                                SLICE("{\"errcode\":0,\"account_list\":[{\"open_kfid\":\"wkOne\",\"name\":\"售后\"}]}") };

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        const struct http_resp second = { .status = answers[i].status, .body = slice_of(answers[i].body) };
        struct kf_err why = { .rc = KF_OK };
        struct http_req req = { 0 };
        struct bench t;

        bench_open(&t, "wecom-kf");
        assert_int_equal(t.ops->meet(t.ch, t.arena, &t.env, "", false, &first, &req, &why), KF_AGAIN);
        assert_string_equal(req.url, "https://c.example/cgi-bin/kf/add_contact_way?access_token=T");
        assert_true(slice_is(req.body, "{\"open_kfid\":\"wkOne\",\"scene\":\"kefud\"}"));
        assert_int_equal(t.ops->meet(t.ch, t.arena, &t.env, "", false, &second, &req, &why), KF_OK);
        assert_string_equal(why.text, answers[i].words);
        bench_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_question_is_asked),
        cmocka_unit_test(the_answer_is_told_in_words),
        cmocka_unit_test(an_account_among_very_many_may_be_ours),
        cmocka_unit_test(an_account_is_told_with_its_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
