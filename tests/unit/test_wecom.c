/* WeCom's customer service: notices, the pages that they are about, and tokens. */
#include "wecom.h"

/* A notice as the platform seals it for `receiver`. */
static struct received noticed(struct bench *t, const char *receiver, const char *document)
{
    static const uint8_t random[WX_RANDOM] = { 7 };
    struct slice sealed, parts[] = { SLICE(TOKEN), SLICE("1718100100"), SLICE("42"), { NULL, 0 } };
    struct http_pair *query = arena_array(t->arena, 3, sizeof(*query));
    struct http_req req = { .method = "POST", .url = "/hooks/x", .query = query, .n_query = 3 };
    struct received ret;
    struct wx_key key;
    char digest[41];

    assert_true(wx_key_read(SLICE(AES_KEY), &key));
    assert_int_equal(wx_encrypt(&key, t->arena, random, slice_of(document), slice_of(receiver), &sealed), KF_OK);
    parts[3] = sealed;
    assert_true(wx_sign(parts, 4, digest));
    query[0] = (struct http_pair){ SLICE("msg_signature"), arena_copy(t->arena, slice_of(digest)) };
    query[1] = (struct http_pair){ SLICE("timestamp"), SLICE("1718100100") };
    query[2] = (struct http_pair){ SLICE("nonce"), SLICE("42") };
    req.body = slice_of(arena_printf(t->arena, "<xml><Encrypt><![CDATA[%.*s]]></Encrypt></xml>", (int)sealed.n, sealed.p));
    assert_int_equal(wecom_kf_ops.receive(t->ch, t->arena, &req, &t->env, &ret), KF_OK);
    return ret;
}

#define EVENT(word, more) "<xml><FromUserName>sys</FromUserName><MsgType>event</MsgType><Event>" word "</Event>" more "</xml>"

/* An account was granted: what has waited is fetched. It was withdrawn: the platform says so when it is asked, and the owner is told. */
static void a_change_of_accounts_is_looked_after_at_once(void **state)
{
#define ADD(id) "<AuthAddOpenKfId>" id "</AuthAddOpenKfId>"
#define DEL(id) "<AuthDelOpenKfId>" id "</AuthDelOpenKfId>"
    static const struct {
        const char *event, *account; /* NULL: nobody is asked */
    } rows[] = {
        { EVENT("kf_account_auth_change", ADD("wkOther") ADD(OURS)), OURS },
        { EVENT("kf_account_auth_change", ADD("wkOther") DEL(OURS)), OURS },
        { EVENT("kf_account_auth_change", DEL("wkOther") DEL("wkThird")), "wkOther" },
        { EVENT("kf_account_auth_change", ""), NULL },
        { EVENT("change_contact", ADD(OURS)), NULL },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct received got = noticed(t, CORP, rows[i].event);

        assert_null(got.refused);
        assert_int_equal(got.status, 200);
        assert_int_equal(got.body.n, 0);
        assert_int_equal(got.pull, rows[i].account != NULL);
        if (rows[i].account)
            assert_true(slice_is(got.pull_account, rows[i].account));
    }
}

/* What a third party's app is told ends with its suite's id; no other tail is believed. */
static void the_suite_of_a_third_party_may_stand_at_the_end(void **state)
{
    static const char document[] = EVENT("kf_msg_or_event", "<Token>N</Token><OpenKfId>" OURS "</OpenKfId>");
    struct bench *t = *state;

    assert_string_equal(noticed(t, "wwSUITE", document).refused, "wrong_receiver");
    open_with(t, ",\"suite_id\":\"wwSUITE\"");
    assert_true(noticed(t, "wwSUITE", document).pull);
    assert_true(noticed(t, CORP, document).pull);
    assert_string_equal(noticed(t, "wwELSE", document).refused, "wrong_receiver");
}

static void names_are_asked_for_once_a_page(void **state)
{
    struct bench *t = *state;
    struct http_resp last =
        answered(200, PAGE(TEXT("1", "u1", "1718100099") "," TEXT("2", "u2", "1718100099") "," TEXT("3", "u1", "1718100099")));
    struct pulled done = { .n = 0 };
    struct http_req req;

    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE("n"), NULL, &req, &done), KF_AGAIN);
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE("n"), &last, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/kf/customer/batchget?access_token=TKN");
    assert_true(slice_is(req.body, "{\"external_userid_list\":[\"u1\",\"u2\"],\"need_enter_session_context\":0}"));
    last = answered(200, "{\"errcode\":0,\"customer_list\":[{\"external_userid\":\"u1\",\"nickname\":\"张三😀\",\"gender\":1,\"unionid\":"
                         "\"oUNI\\\"7\"}],\"invalid_external_userid\":[\"u2\"]}");
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE("n"), &last, &req, &done), KF_OK);
    assert_int_equal(done.n, 3);
    assert_true(slice_is(done.inbound[0].user_name, "张三😀"));
    assert_int_equal(done.inbound[1].user_name.n, 0);
    assert_true(slice_is(done.inbound[2].user_name, "张三😀"));
    assert_true(slice_is(done.inbound[2].profile, "{\"unionid\":\"oUNI\\\"7\"}"));
    assert_int_equal(done.inbound[1].profile.n, 0);
    assert_true(slice_is(done.cursor, "c2"));
}

static void a_page_does_not_wait_for_names(void **state)
{
    static const struct http_resp rows[] = { { .status = 0 }, { .status = 500 }, { .status = 200, .body = { "{\"errcode\":95014}", 17 } } };
    struct bench *t = *state;

    for (size_t i = 0; i < 3; i++) {
        struct http_resp last = answered(200, PAGE(TEXT("1", "u1", "1718100099")));
        struct pulled done = { .n = 0 };
        struct http_req req;

        assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_AGAIN);
        assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &rows[i], &req, &done), KF_OK);
        assert_int_equal(done.n, 1);
        assert_true(slice_is(done.cursor, "c2"));
    }
}

static void who_enters_is_welcomed_while_the_code_holds(void **state)
{
    static const char entered[] =
        PAGE("{\"msgid\":\"e\",\"send_time\":1718100099,\"origin\":4,\"msgtype\":\"event\",\"event\":{\"event_type\":"
             "\"enter_session\",\"open_kfid\":\"" OURS "\",\"external_userid\":\"u1\",\"welcome_code\":\"WC1\"}}");
    struct bench *t = *state;
    struct http_resp last = answered(200, entered);
    struct pulled done = { .n = 0 };
    struct http_req req;

    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_OK);
    assert_int_equal(done.n_after, 0);
    open_with(t, ",\"welcome\":\"欢迎\"");
    done = (struct pulled){ .n = 0 };
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_OK);
    assert_int_equal(done.n_after, 1);
    assert_string_equal(done.after[0].url, "https://api.example/cgi-bin/kf/send_msg_on_event?access_token=TKN");
    assert_true(slice_is(done.after[0].body, "{\"code\":\"WC1\",\"msgtype\":\"text\",\"text\":{\"content\":\"欢迎\"}}"));
    open_with(t, ",\"welcome\":\"欢迎\",\"welcome_choices\":[\"查订单\",\"退货\"]");
    done = (struct pulled){ .n = 0 };
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_OK);
    assert_int_equal(done.n_after, 1);
    assert_true(slice_is(done.after[0].body,
                         "{\"code\":\"WC1\",\"msgtype\":\"msgmenu\",\"msgmenu\":{\"head_content\":\"欢迎\",\"list\":[{"
                         "\"type\":\"click\",\"click\":{\"id\":\"welcome_1\",\"content\":\"查订单\"}},{\"type\":\"click\","
                         "\"click\":{\"id\":\"welcome_2\",\"content\":\"退货\"}}]}}"));
    t->env.now_ms = 1718100119000; /* 20 s later */
    done = (struct pulled){ .n = 0 };
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_OK);
    assert_int_equal(done.n_after, 0);
}

#define CHANGED(type)                                                                                                                   \
    "{\"msgid\":\"s\",\"send_time\":1718100099,\"origin\":4,\"msgtype\":\"event\",\"event\":{\"event_type\":\"session_status_change\"," \
    "\"open_kfid\":\"" OURS "\",\"external_userid\":\"u1\",\"change_type\":" type ",\"msg_code\":\"MC1\"}}"

/* Whoever takes, ends or opens a session in the WeCom client ends what we may say; a code is left of the taking, for two days. */
static void a_session_that_changes_hands_leaves_one_code(void **state)
{
    static const struct {
        const char *page, *code, *said;
        bool ends;
    } rows[] = {
        { PAGE(CHANGED("1")), "MC1", NULL, true },
        { PAGE(CHANGED("2")), "", NULL, false },
        { PAGE(CHANGED("3")), "MC1", "{\"code\":\"MC1\",\"msgtype\":\"text\",\"text\":{\"content\":\"再见\"}}", true },
        { PAGE(CHANGED("4")), "", NULL, true },
    };
    struct bench *t = *state;

    open_with(t, ",\"welcome\":\"欢迎\",\"goodbye\":\"再见\"");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_resp last = answered(200, rows[i].page);
        struct pulled done = { .n = 0 };
        struct http_req req;

        assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_OK);
        assert_int_equal(done.n, 1);
        assert_true(slice_is(done.inbound[0].reply_token, rows[i].code));
        assert_int_equal(done.inbound[0].reply_code, i == 0); /* kept for the agents */
        assert_int_equal(done.inbound[0].reply_now, i == 2);
        assert_int_equal(done.inbound[0].reply_ends, rows[i].ends);
        assert_int_equal(done.n_after, rows[i].said != NULL);
        if (rows[i].said)
            assert_true(slice_is(done.after[0].body, rows[i].said));
        if (i == 0)
            assert_int_equal(done.inbound[0].reply_expires_ms, 1718100099000 + 48 * 3600000LL);
    }
}

static void a_welcome_that_is_no_menu_is_refused(void **state)
{
#define ELEVEN "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\"]"
    static const struct settings_row rows[] = {
        { SETTINGS ",\"welcome_choices\":[\"退货\"]}", "welcome_choices: they stand below a welcome" },
        { SETTINGS ",\"welcome\":\"欢迎\",\"welcome_choices\":[\"a\\nb\"]}", "welcome_choices[0]: one line of at most 128 bytes" },
        { SETTINGS ",\"welcome\":\"欢迎\",\"welcome_choices\":[\"a\",\" \"]}", "welcome_choices[1]: one line" },
        { SETTINGS ",\"welcome\":\"欢迎\",\"welcome_choices\":" ELEVEN "}", "welcome_choices: 0 to 10 entries" },
    };

    (void)state;
    settings_are_refused(&wecom_kf_ops, rows, sizeof(rows) / sizeof(rows[0]));
#undef ELEVEN
}

static void sessions_are_taken_once_for_each_who_writes(void **state)
{
    struct bench *t = *state;
    struct http_resp last = answered(200, PAGE(TEXT("1", "u1", "1718100099") "," TEXT("2", "u1", "1718100099")));
    struct pulled done = { .n = 0 };
    struct http_req req;

    open_with(t, ",\"take\":true,\"names\":false");
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_OK);
    assert_int_equal(done.n_after, 1);
    assert_string_equal(done.after[0].url, "https://api.example/cgi-bin/kf/service_state/trans?access_token=TKN");
    assert_true(slice_is(done.after[0].body, "{\"open_kfid\":\"" OURS "\",\"external_userid\":\"u1\",\"service_state\":1}"));
}

static void what_is_older_than_the_channel_stays_there(void **state)
{
    struct bench *t = *state;
    struct http_resp last = answered(200, PAGE(TEXT("1", "u1", "1718099999") "," TEXT("2", "u1", "1718100000")));
    struct pulled done = { .n = 0 };
    struct http_req req;

    open_with(t, ",\"since\":\"2024-06-11T10:00:00Z\",\"names\":false");
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_OK);
    assert_int_equal(done.n, 1);
    assert_true(slice_is(done.inbound[0].id, "2"));
    assert_int_equal(done.inbound[0].reply_expires_ms, 1718100000000 + 48 * 3600000LL);
}

static void a_stale_notice_is_asked_about_without_its_token_once(void **state)
{
    struct bench *t = *state;
    struct http_resp last = answered(200, "{\"errcode\":95007,\"errmsg\":\"invalid token\"}");
    struct pulled done = { .n = 0 };
    struct http_req req;

    t->env.cursor = SLICE("c1");
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE("NT"), NULL, &req, &done), KF_AGAIN);
    assert_true(slice_is(req.body, "{\"open_kfid\":\"" OURS "\",\"cursor\":\"c1\",\"token\":\"NT\",\"limit\":1000}"));
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE("NT"), &last, &req, &done), KF_AGAIN);
    assert_true(slice_is(req.body, "{\"open_kfid\":\"" OURS "\",\"cursor\":\"c1\",\"limit\":1000}"));
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE("NT"), &last, &req, &done), KF_IO);
}

static void a_page_that_is_too_large_is_asked_for_in_small(void **state)
{
    struct bench *t = *state;
    struct http_resp last = { .status = 0, .sent = true, .too_large = true };
    struct pulled done = { .n = 0 };
    struct http_req req;

    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_AGAIN);
    assert_true(slice_is(req.body, "{\"open_kfid\":\"" OURS "\",\"limit\":50}"));
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), KF_IO);
}

static void a_pull_in_trouble_does_not_move_its_cursor(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum kf_rc rc;
        bool expired;
    } rows[] = {
        { 200, "{\"errcode\":-1,\"next_cursor\":\"c2\"}", KF_RATE, false },
        { 200, "{\"errcode\":45009}", KF_RATE, false },
        { 200, "{\"errcode\":60020}", KF_AUTH, false },
        { 200, "{\"errcode\":95000}", KF_AUTH, false }, /* nothing will come until somebody looks after the account */
        { 200, "{\"errcode\":95004}", KF_AUTH, false },
        { 200, "{\"errcode\":95017,\"errmsg\":\"api is occupied\"}", KF_AUTH, false },
        { 200, "{\"errcode\":40058}", KF_IO, false },
        { 200, "{\"errcode\":95007}", KF_IO, false }, /* there was no token to leave out */
        { 200, "{\"errcode\":40014,\"next_cursor\":\"c2\",\"has_more\":1}", KF_OK, true },
        { 200, "{\"next_cursor\":\"c2\"}", KF_IO, false },
        { 200, "oops", KF_IO, false },
        { 500, "", KF_IO, false },
        { 0, "", KF_IO, false },
        { 200, "{\"errcode\":0,\"next_cursor\":\"c1\",\"has_more\":1,\"msg_list\":[7,{},null]}", KF_OK, false }, /* it does not move */
        { 200, "{\"errcode\":0,\"has_more\":1}", KF_OK, false },
    };
    struct bench *t = *state;

    t->env.cursor = SLICE("c1");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_resp last = answered(rows[i].status, rows[i].body);
        struct pulled done = { .n = 0 };
        struct http_req req;

        assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), &last, &req, &done), rows[i].rc);
        assert_int_equal(done.token_expired, rows[i].expired);
        assert_int_equal(done.n, 0);
        assert_false(done.more);
        assert_int_equal(done.words.n > 0, rows[i].rc == KF_AUTH);
        if (rows[i].rc == KF_OK)
            assert_true(slice_is(done.cursor, "c1"));
    }
    t->env.token = SLICE("");
    assert_int_equal(wecom_kf_ops.pull(t->ch, t->arena, &t->env, SLICE(""), NULL, NULL, NULL), KF_AUTH);
}

static void memory_that_runs_out_loses_nothing(void **state)
{
    struct bench *t = *state;
    struct http_resp last = answered(200, PAGE(TEXT("1", "u1", "1718100099") "," TEXT("2", "u2", "1718100099")));

    for (size_t max = 1; max < 8192; max += 29) {
        struct arena *a = arena_new(max);
        struct pulled done = { .n = 0 };
        struct http_req req;
        enum kf_rc rc = wecom_kf_ops.pull(t->ch, a, &t->env, SLICE(""), &last, &req, &done);

        assert_true(rc == KF_NOMEM || rc == KF_IO || (rc == KF_AGAIN && done.n == 2));
        arena_free(a);
    }
}

static void a_token_is_one_address(void **state)
{
    struct bench *t = *state;
    struct renewed done = { .expires_ms = 0 };
    struct http_resp last = answered(200, "{\"errcode\":0,\"errmsg\":\"ok\",\"access_token\":\"T2\",\"expires_in\":7200}");
    struct http_req req;

    assert_int_equal(wecom_kf_ops.renew(t->ch, t->arena, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/gettoken?corpid=" CORP "&corpsecret=very-secret");
    assert_int_equal(wecom_kf_ops.renew(t->ch, t->arena, &t->env, &last, &req, &done), KF_OK);
    assert_true(slice_is(done.token, "T2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_change_of_accounts_is_looked_after_at_once),
        BENCH(the_suite_of_a_third_party_may_stand_at_the_end),
        BENCH(names_are_asked_for_once_a_page),
        BENCH(a_page_does_not_wait_for_names),
        BENCH(who_enters_is_welcomed_while_the_code_holds),
        BENCH(a_session_that_changes_hands_leaves_one_code),
        BENCH(a_welcome_that_is_no_menu_is_refused),
        BENCH(sessions_are_taken_once_for_each_who_writes),
        BENCH(what_is_older_than_the_channel_stays_there),
        BENCH(a_stale_notice_is_asked_about_without_its_token_once),
        BENCH(a_page_that_is_too_large_is_asked_for_in_small),
        BENCH(a_pull_in_trouble_does_not_move_its_cursor),
        BENCH(memory_that_runs_out_loses_nothing),
        BENCH(a_token_is_one_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
