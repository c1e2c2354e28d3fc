/* WeCom's customer service: the vectors, then what they do not say. */
#include "channel_bench.h"
#include "channel_vectors.h"
#include "classes.h"

#include "protocols/wecom_impl.h"
#include "protocols/xml.h"

#include <stdlib.h>

#define CORP    "ww7a31f0de55c28b90"
#define AES_KEY "Q5saW4j2yEykBcmuGibjvr1xfHiyh0SGMirZ4uPUC0J"
#define TOKEN   "Kefud2024Token"
#define OURS    "wkA1zQDAAAk9Tg7BwGm3rLpSxYv2Hfcw"
#define USER    "wmA1zQDAAAs5jPbQ4mXrVd8UeK0WnyTo"

/* ---- the vectors -------------------------------------------------------------------------------------------------------------------- */

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

/* ---- an account to try things on ------------------------------------------------------------------------------------------------- */

#define SETTINGS                                                                                         \
    "{\"corp_id\":\"" CORP "\",\"secret\":\"very-secret\",\"open_kfid\":\"" OURS "\",\"token\":\"" TOKEN \
    "\",\"encoding_aes_key\":\"" AES_KEY "\",\"url\":\"https://api.example/\""

static void open_with(struct bench *t, const char *more)
{
    const char *text = arena_printf(t->arena, SETTINGS "%s}", more);
    struct kf_err why = { .rc = KF_OK };

    wecom_kf_ops.close(t->ch);
    t->ch = NULL;
    if (channel_check(&wecom_kf_ops, slice_of(text), &why) || wecom_kf_ops.open(&t->ch, slice_of(text), &why))
        fail_msg("%s: %s", text, why.text);
}

static int bench_setup(void **state)
{
    return bench_open(state, &wecom_kf_ops, SETTINGS "}", (struct env){ .now_ms = 1718100105000, .token = SLICE("TKN") });
}

static struct errand an_errand(const char *text)
{
    return (struct errand){ .id = { { 1, 2, 3 } }, .user = USER, .handle_left = -1, .message = { .text = slice_of(text) } };
}

#define TEXT(id, user, at)                                                                                \
    "{\"msgid\":\"" id "\",\"open_kfid\":\"" OURS "\",\"external_userid\":\"" user "\",\"send_time\":" at \
    ",\"origin\":3,\"msgtype\":\"text\",\"text\":{\"content\":\"hi\"}}"
#define PAGE(items) "{\"errcode\":0,\"next_cursor\":\"c2\",\"has_more\":0,\"msg_list\":[" items "]}"

/* ---- in ---------------------------------------------------------------------------------------------------------------------------- */

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

static void each_item_is_readable(void **state)
{
    static const struct {
        const char *type, *body;
        enum inbound_type is;
        const char *title, *text;
    } rows[] = {
        { "business_card", "{\"userid\":\"LiSi\"}", TYPE_CONTACT, "", "LiSi" },
        { "msgmenu",
          "{\"head_content\":\"选\",\"list\":[{\"type\":\"click\",\"click\":{\"id\":\"1\",\"content\":\"甲\"}},{\"type\":\"view\",\"view\":"
          "{\"url\":\"https://x.example\",\"content\":\"乙\"}},{\"type\":\"new\"}],\"tail_content\":\"完\"}",
          TYPE_RICH, "", "选\n甲\n乙\n完" },
        { "channels_shop_product", "{\"product_id\":\"1\",\"title\":\"椅子\",\"sales_price\":\"10905\",\"shop_nickname\":\"小店\"}",
          TYPE_RICH, "椅子", "¥109.05\n小店" },
        { "channels_shop_order", "{\"order_id\":\"37\",\"product_titles\":\"椅子\",\"price_wording\":\"109元\",\"state\":\"待发货\"}",
          TYPE_RICH, "椅子", "37\n109元\n待发货" },
        { "merged_msg",
          "{\"title\":\"聊天\",\"item\":[{\"msgtype\":\"text\",\"sender_name\":\"甲\",\"msg_content\":\"{\\\"text\\\":{\\\"content\\\":"
          "\\\"好\\\"}}\"},"
          "{\"msgtype\":\"image\",\"sender_name\":\"乙\",\"msg_content\":\"{}\"},{\"msgtype\":\"text\",\"msg_content\":\"oops\"}]}",
          TYPE_RICH, "聊天", "甲: 好\n乙: [image]\n: [text]" },
        { "merged_msg",
          "{\"title\":\"聊天\",\"item\":[{\"msgtype\":\"link\",\"sender_name\":\"甲\",\"msg_content\":\"{\\\"link\\\":{\\\"title\\\":"
          "\\\"退货\\\",\\\"url\\\":\\\"https://x.example/r\\\"}}\"},{\"msgtype\":\"location\",\"sender_name\":\"乙\",\"msg_content\":"
          "\"{\\\"location\\\":{\\\"latitude\\\":31.2,\\\"longitude\\\":121.4,\\\"name\\\":\\\"\\\",\\\"address\\\":\\\"人民大道\\\"}}\"},"
          "{\"msgtype\":\"channels_shop_product\",\"sender_name\":\"丙\",\"msg_content\":\"{\\\"channels_shop_product\\\":{\\\"title\\\":"
          "\\\"椅子\\\"}}\"},{\"msgtype\":\"merged_msg\",\"sender_name\":\"丁\",\"msg_content\":\"{\\\"merged_msg\\\":{\\\"title\\\":"
          "\\\"更早\\\",\\\"item\\\":[{}]}}\"},{\"msgtype\":\"image\",\"sender_name\":\"戊\",\"msg_content\":\"{\\\"image\\\":{\\\"media_"
          "id\\\":"
          "\\\"M\\\"}}\"},{\"msgtype\":\"location\",\"sender_name\":\"己\",\"msg_content\":\"{\\\"location\\\":{\\\"name\\\":\\\"x\\\","
          "\\\"latitude\\\":1000}}\"}]}",
          TYPE_RICH, "聊天", "甲: 退货 https://x.example/r\n乙: 人民大道\n丙: 椅子\n丁: 更早\n戊: [image]\n己: [location]" },
        { "channels", "{\"sub_type\":1,\"nickname\":\"小店\",\"title\":\"新品\"}", TYPE_RICH, "新品", "[post] 小店" },
        { "channels", "{\"sub_type\":2,\"nickname\":\"小店\",\"title\":\"今晚八点\"}", TYPE_RICH, "今晚八点", "[live] 小店" },
        { "channels", "{\"sub_type\":\"3\",\"nickname\":\"小店\"}", TYPE_RICH, "", "[channel] 小店" },
        { "channels", "{\"sub_type\":9,\"nickname\":\"小店\",\"title\":\"新\"}", TYPE_RICH, "新", "小店" },
        { "channels", "{\"sub_type\":2}", TYPE_UNSUPPORTED, "", "" },
        { "channels_shop_product", "{\"title\":\"椅子\",\"sales_price\":5}", TYPE_RICH, "椅子", "¥0.05" },
        { "channels_shop_product", "{\"title\":\"椅子\",\"sales_price\":\"much\"}", TYPE_RICH, "椅子", "" },
        { "link", "{\"title\":\"T\",\"url\":\"https://x.example\",\"pic_url\":\"javascript:1\"}", TYPE_LINK, "T", "" },
        { "image", "{}", TYPE_UNSUPPORTED, "", "" },
        { "location", "{\"latitude\":1000,\"longitude\":1,\"name\":\"x\"}", TYPE_UNSUPPORTED, "", "" },
        { "meeting", "null", TYPE_UNSUPPORTED, "", "[meeting]" },
        { "calendar", "{}", TYPE_UNSUPPORTED, "", "[calendar entry]" },
        { "note", "{}", TYPE_UNSUPPORTED, "", "[note]" },
        { "hologram", "{}", TYPE_UNSUPPORTED, "", "" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = arena_printf(t->arena,
                                        "{\"msgid\":\"m\",\"external_userid\":\"u\",\"send_time\":\"1718100099\",\"origin\":3,\"msgtype\":"
                                        "\"%s\",\"%s\":%s}",
                                        rows[i].type, rows[i].type, rows[i].body);
        json_t *item = json_loads(text, 0, NULL);
        struct inbound in;
        bool nomem;

        assert_true(wecom_item(wecom_of(t->ch), t->arena, item, &in, &nomem));
        assert_int_equal(in.type, rows[i].is);
        if (!slice_is(in.title, rows[i].title) || !slice_is(in.text, rows[i].text))
            fail_msg("%s: %.*s / %.*s", rows[i].type, (int)in.title.n, in.title.p, (int)in.text.n, in.text.p);
        assert_int_equal(in.raw.n > 0, in.type == TYPE_UNSUPPORTED);
        json_decref(item);
    }
}

static struct inbound item_of(struct bench *t, const char *text)
{
    json_t *item = json_loads(text, 0, NULL);
    struct inbound in;
    bool nomem;

    assert_true(wecom_item(wecom_of(t->ch), t->arena, item, &in, &nomem));
    json_decref(item);
    return in;
}

/* By what somebody came, with the video channel that it stood in. */
static void who_enters_says_from_where(void **state)
{
    static const struct {
        const char *fields, *referral, *payload, *title;
    } rows[] = {
        { "\"scene\":\"shop\",\"scene_param\":\"id%3D8\"", "shop", "id%3D8", "" },
        { "\"scene\":\"shop\",\"wechat_channels\":{\"nickname\":\"小店\",\"shop_nickname\":\"家具店\",\"scene\":4}", "shop", "",
          "小店 · 家具店 · 4" },
        { "\"wechat_channels\":{\"nickname\":\"小店\",\"scene\":1}", "wechat_channels", "", "小店 · 1" },
        { "\"wechat_channels\":{}", "", "", "" },
        { "\"wechat_channels\":null", "", "", "" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct inbound in = item_of(
            t, arena_printf(t->arena,
                            "{\"msgid\":\"m\",\"send_time\":1718100099,\"origin\":4,\"msgtype\":\"event\",\"event\":{\"event_type\":"
                            "\"enter_session\",\"open_kfid\":\"" OURS "\",\"external_userid\":\"u\",%s}}",
                            rows[i].fields));

        assert_true(slice_is(in.referral, rows[i].referral));
        assert_true(slice_is(in.payload, rows[i].payload));
        if (!slice_is(in.title, rows[i].title))
            fail_msg("%zu: %.*s", i, (int)in.title.n, in.title.p);
    }
}

/* Each with the reason that the staff read; of those that say that it was too late or too much, the window ends, too. */
static void each_failure_says_why(void **state)
{
    static const struct {
        int type;
        bool over;
        const char *words;
    } rows[] = {
        { 0, false, "the platform could not deliver it" },
        { 1, false, "the customer service account was deleted" },
        { 2, false, "the app was closed" },
        { 4, true, "more than 48 hours" },
        { 5, true, "the session is over" },
        { 6, true, "more than 5 messages" },
        { 8, false, "the company is not verified" },
        { 10, false, "refused by the customer" },
        { 11, false, "nobody of the company has signed in" },
        { 12, false, "this type of message is not allowed" },
        { 13, false, "refused for what it says" },
        { 99, false, "the platform could not deliver it" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct inbound in = item_of(
            t,
            arena_printf(t->arena,
                         "{\"msgid\":\"m\",\"send_time\":1718100099,\"origin\":4,\"msgtype\":\"event\",\"event\":{\"event_type\":"
                         "\"msg_send_fail\",\"open_kfid\":\"" OURS "\",\"external_userid\":\"u\",\"fail_msgid\":\"out\",\"fail_type\":%d}}",
                         rows[i].type));

        assert_int_equal(in.kind, INBOUND_STATUS);
        assert_int_equal(in.delivery, DELIVERY_FAILED);
        assert_true(slice_is(in.ref, "out"));
        assert_int_equal(in.window_over, rows[i].over);
        assert_true(slice_starts(in.reason, rows[i].words));
    }
}

/* What happens on the company's side is about nobody of those who write here, or names the one whom it is about. */
static void each_event_is_understood(void **state)
{
    static const struct {
        const char *type, *fields;
        enum inbound_kind kind;
        const char *code, *user, *ref, *handle;
    } rows[] = {
        { "servicer_status_change", "\"servicer_userid\":\"LiSi\",\"status\":2,\"stop_type\":1", INBOUND_SYSTEM, "servicer_status_change",
          "", "", "" },
        { "reject_customer_msg_switch_change", "\"external_userid\":\"u\",\"servicer_userid\":\"LiSi\",\"reject_switch\":1", INBOUND_SYSTEM,
          "reject_customer_msg_switch_change", "u", "", "" },
        { "session_status_change", "\"external_userid\":\"u\",\"change_type\":1,\"new_servicer_userid\":\"LiSi\",\"msg_code\":\"MC\"",
          INBOUND_SYSTEM, "session_taken", "u", "", "" },
        { "session_status_change", "\"external_userid\":\"u\",\"change_type\":2", INBOUND_SYSTEM, "session_transferred", "u", "", "" },
        { "session_status_change", "\"external_userid\":\"u\",\"change_type\":3,\"msg_code\":\"MC\"", INBOUND_SYSTEM, "session_ended", "u",
          "", "MC" },
        { "session_status_change", "\"external_userid\":\"u\",\"change_type\":4", INBOUND_SYSTEM, "session_reopened", "u", "", "" },
        { "user_recall_msg", "\"external_userid\":\"u\",\"recall_msgid\":\"m1\"", INBOUND_DELETE, "user_recall_msg", "u", "m1", "" },
        { "servicer_recall_msg", "\"external_userid\":\"u\",\"recall_msgid\":\"m1\",\"servicer_userid\":\"LiSi\"", INBOUND_DELETE,
          "servicer_recall_msg", "u", "m1", "" },
        { "user_recall_msg", "\"external_userid\":\"u\"", INBOUND_SYSTEM, "user_recall_msg", "u", "", "" },
        { "something_new", "\"external_userid\":\"u\"", INBOUND_SYSTEM, "something_new", "u", "", "" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct inbound in = item_of(
            t, arena_printf(t->arena,
                            "{\"msgid\":\"m\",\"send_time\":1718100099,\"origin\":4,\"msgtype\":\"event\",\"event\":{\"event_type\":"
                            "\"%s\",\"open_kfid\":\"" OURS "\",%s}}",
                            rows[i].type, rows[i].fields));

        if (in.kind != rows[i].kind || !slice_is(in.code, rows[i].code))
            fail_msg("%s: %d %.*s", rows[i].type, (int)in.kind, (int)in.code.n, in.code.p);
        assert_true(slice_is(in.user, rows[i].user));
        assert_true(slice_is(in.ref, rows[i].ref));
        /* the code with which a farewell may be said; whose session was taken has somebody to talk to */
        if (*rows[i].handle)
            assert_true(slice_is(in.reply_token, rows[i].handle));
    }
}

static void places_are_as_chinese_maps_have_them(void **state)
{
    struct bench *t = *state;
    struct inbound in =
        item_of(t, "{\"msgid\":\"p\",\"external_userid\":\"u\",\"send_time\":1718100099,\"origin\":3,\"msgtype\":\"location\","
                   "\"location\":{\"latitude\":31.2304,\"longitude\":121.4737,\"name\":\"人民广场\"}}");

    assert_true(in.gcj02);
    assert_true(in.lat > 31.23 && in.lat < 31.231);
}

/* What has so long a name is taken in under a short one, the same each time, so that what is said of it later finds it. */
static void an_overlong_id_costs_no_words(void **state)
{
    struct bench *t = *state;
    char id[301] = { 0 }, other[301] = { 0 }, text[1000];
    struct inbound first, again, different, recalled;

    memset(id, 'x', 300);
    memset(other, 'x', 299);
    other[299] = 'y';
    (void)snprintf(text, sizeof(text), TEXT("%s", "u1", "1718100099"), id);
    first = item_of(t, text);
    again = item_of(t, text);
    assert_true(slice_is(first.text, "hi"));
    assert_true(slice_starts(first.id, "sha256:"));
    assert_int_equal(first.id.n, 7 + 64);
    assert_true(slice_eq(first.dedupe, again.dedupe));
    assert_true(slice_eq(first.reply_token, first.id));
    (void)snprintf(text, sizeof(text), TEXT("%s", "u1", "1718100099"), other);
    different = item_of(t, text);
    assert_false(slice_eq(first.dedupe, different.dedupe));
    (void)snprintf(text, sizeof(text),
                   "{\"msgid\":\"r\",\"send_time\":1718100099,\"origin\":4,\"msgtype\":\"event\",\"event\":{\"event_type\":"
                   "\"user_recall_msg\",\"open_kfid\":\"" OURS "\",\"external_userid\":\"u1\",\"recall_msgid\":\"%s\"}}",
                   id);
    recalled = item_of(t, text);
    assert_int_equal(recalled.kind, INBOUND_DELETE);
    assert_true(slice_eq(recalled.ref, first.id));
    id[255] = '\0'; /* the longest that is kept as it is */
    (void)snprintf(text, sizeof(text), TEXT("%s", "u1", "1718100099"), id);
    assert_true(slice_is(item_of(t, text).id, id));
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

/* ---- out --------------------------------------------------------------------------------------------------------------------------- */

static json_t *sent(struct bench *t, const struct errand *e)
{
    struct http_req req;
    json_t *ret;

    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, e, &t->env, &req), KF_OK);
    ret = json_loadb(req.body.p, req.body.n, 0, NULL);
    assert_non_null(ret);
    return ret;
}

/* The same at each try, so that a repeat is none; others for the next part and when it is sent anew. */
static void a_send_has_a_name_of_its_own(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("hi");
    json_t *first = sent(t, &e), *next;
    struct http_resp last = answered(200, "{\"errcode\":95033}");
    struct outcome out;

    e.attempt = 3;
    next = sent(t, &e);
    assert_true(json_equal(first, next));
    assert_string_equal(v_text(first, "msgid"), "AQIDAAAAAAAAAAAAAAAAAA-0");
    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_ALREADY_ACCEPTED);
    assert_true(slice_is(out.ref, "AQIDAAAAAAAAAAAAAAAAAA-0"));
    json_decref(next);
    e.part = 1;
    next = sent(t, &e);
    assert_string_not_equal(v_text(first, "msgid"), v_text(next, "msgid"));
    json_decref(next);
    json_decref(first);
}

static void what_is_ready_goes_as_a_message(void **state)
{
    static const struct {
        const char *text, *ready, *body;
    } rows[] = {
        { "请选择\n查看订单\n退货说明\n电话 400-1",
          "\"kind\":\"msgmenu\",\"name\":\"help\",\"values\":[[\"link1\",\"miniprogram:wx5d3f/pages/o.html?id=7\"],[\"link2\",\"https://"
          "shop.example/"
          "r\"],[\"tail\",\"谢谢\"]]",
          "\"msgtype\":\"msgmenu\",\"msgmenu\":{\"head_content\":\"请选择\",\"list\":[{\"type\":\"miniprogram\",\"miniprogram\":{\"appid\":"
          "\"wx5d3f\",\"pagepath\":\"pages/o.html?id=7\",\"content\":\"查看订单\"}},{\"type\":\"view\",\"view\":{\"url\":\"https://"
          "shop.example/"
          "r\",\"content\":\"退货说明\"}},{\"type\":\"text\",\"text\":{\"content\":\"电话 400-1\"}}],\"tail_content\":\"谢谢\"}}" },
        { "加企业微信", "\"kind\":\"ca_link\",\"name\":\"https://work.weixin.qq.com/ca/cawc1\"",
          "\"msgtype\":\"ca_link\",\"ca_link\":{\"link_url\":\"https://work.weixin.qq.com/ca/cawc1\"}}" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand e = an_errand(rows[i].text);
        struct http_req req;
        char extra[500];
        const char *at;

        (void)snprintf(extra, sizeof(extra), "{\"ready\":{\"reply\":true,\"key\":\"k\",%s}}", rows[i].ready);
        e.message.extra = extra;
        e.handle = "h";
        e.handle_left = 1;
        assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        at = strstr(arena_text(t->arena, req.body), "\"msgtype\"");
        assert_string_equal(at, rows[i].body);
        e.handle_left = 0;
        assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
    }
}

static void what_is_not_ready_is_told(void **state)
{
    static const struct ready_row rows[] = {
        { { { { NULL, 0 }, { NULL, 0 } } }, { .name = "a", .text = "x" }, "kind: required here: msgmenu or ca_link" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "msgmenu", .name = "a", .text = "x" }, "text: below its first line" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "msgmenu", .name = "a", .text = "x\n\ny" }, "text: no line of a menu is empty" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "msgmenu", .name = "a", .text = "x\ny\n " }, "text: no line of a menu is empty" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "msgmenu", .name = "a", .text = "x\r\ny" }, "text: words, in lines" },
        { { { SLICE("link1"), SLICE("miniprogram:wx5d3f/pages/o.html?id={{order}}") } },
          { .kind = "msgmenu", .name = "a", .text = "x\ny {{order}}" },
          NULL },
        { { { SLICE("link1"), SLICE("miniprogram:{{app}}/pages/o.html") } },
          { .kind = "msgmenu", .name = "a", .text = "x\ny" },
          "values.link1: an address such as https://host/path, or miniprogram:APPID/PATH" },
        { { { SLICE("link1"), SLICE("tel:4001") } },
          { .kind = "msgmenu", .name = "a", .text = "x\ny" },
          "values.link1: an address such as" },
        { { { SLICE("link1"), SLICE("https://shop.example/a") }, { SLICE("link2"), SLICE("https://shop.example/b") } },
          { .kind = "msgmenu", .name = "a", .text = "x\ny" },
          "values.link2: the text has no line for it" },
        { { { { NULL, 0 }, { NULL, 0 } } }, { .kind = "ca_link", .name = "cawc1", .text = "x" }, "name: link_url, an address such as" },
        { { { { NULL, 0 }, { NULL, 0 } } },
          { .kind = "ca_link", .name = "https://work.weixin.qq.com/ca/1", .text = "{{1}}" },
          "text: the other side" },
    };

    (void)state;
    ready_things_are_judged(&wecom_kf_ops, rows, COUNT(rows));
}

/* WeCom takes 256 bytes of an entry, which an agent can fill in. */
static void an_entry_that_is_filled_in_is_held_to_its_size(void **state)
{
    const struct template t = { .kind = "msgmenu", .name = "a", .text = "x\n{{order}}" };
    struct template_value value = { SLICE("order"), { NULL, 0 } };
    struct kf_err why = { .rc = KF_OK };
    char text[258];

    (void)state;
    memset(text, '7', sizeof(text));
    value.value = (struct slice){ text, 256 };
    assert_int_equal(ready_fits(ready_find(wecom_kf_ops.kinds, "msgmenu"), &t, &value, 1, &why), KF_OK);
    value.value.n = 257;
    assert_int_equal(ready_fits(ready_find(wecom_kf_ops.kinds, "msgmenu"), &t, &value, 1, &why), KF_LIMIT);
}

static void choices_are_a_menu_or_lines(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("选?");
    json_t *root;

    e.message.extra = "{\"choices\":[{\"id\":\"a_1\",\"label\":\"甲\"},{\"id\":\"b\",\"label\":\"乙\"}]}";
    root = sent(t, &e);
    v_expect_json(SLICE("{\"head_content\":\"选?\",\"list\":[{\"type\":\"click\",\"click\":{\"id\":\"a_1\",\"content\":\"甲\"}},"
                        "{\"type\":\"click\",\"click\":{\"id\":\"b\",\"content\":\"乙\"}}]}"),
                  json_object_get(root, "msgmenu"));
    json_decref(root);
    e.message.extra = "{\"choices\":[{\"id\":\"a-1\",\"label\":\"甲\"}]}"; /* an id that is not taken there */
    root = sent(t, &e);
    assert_string_equal(v_text(v_get(root, "text"), "content"), "选?\n1. 甲");
    json_decref(root);
}

static void each_file_goes_as_what_it_is(void **state)
{
    static const struct {
        const char *mime, *type;
    } rows[] = {
        { "image/png", "image" }, { "image/gif", "file" },  { "audio/amr", "voice" },
        { "audio/mpeg", "file" }, { "video/mp4", "video" }, { "application/pdf", "file" },
    };
    struct bench *t = *state;
    struct errand e = an_errand("");
    struct uploaded done;
    struct http_req req;
    json_t *root;

    e.message.kind = MESSAGE_FILE;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct upload up = { .bytes = SLICE("0123456789"), .mime = rows[i].mime, .name = "x" };
        const char *want = arena_printf(t->arena, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=%s", rows[i].type);

        assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_AGAIN);
        assert_string_equal(req.url, want);
        e.media_id = "M1";
        e.message.extra = arena_printf(t->arena, "{\"file\":{\"name\":\"x\",\"mime\":\"%s\",\"size\":10}}", rows[i].mime);
        root = sent(t, &e);
        assert_string_equal(v_text(root, "msgtype"), rows[i].type);
        assert_string_equal(v_text(v_get(root, rows[i].type), "media_id"), "M1");
        json_decref(root);
    }
    {
        struct upload up = { .bytes = SLICE("12345"), .mime = "text/plain", .name = "x" };

        assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    }
    e.media_id = NULL;
    e.file_url = "https://kefud.example/files/1";
    root = sent(t, &e);
    assert_string_equal(v_text(v_get(root, "text"), "content"), "x\nhttps://kefud.example/files/1");
    json_decref(root);
}

static void a_place_goes_as_one_and_other_cards_as_texts(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("人民广场\n黄浦区\nhttps://map.example/");
    json_t *root;

    e.message.kind = MESSAGE_CARD;
    assert_int_equal(channel_card(&wecom_kf_ops, &e.message, NULL), CARD_AS_TEXT);
    e.message.extra = "{\"lat\":31.2304000,\"lon\":121.4737000}";
    assert_int_equal(channel_card(&wecom_kf_ops, &e.message, NULL), CARD_WHOLE);
    root = sent(t, &e);
    assert_string_equal(v_text(root, "msgtype"), "location");
    v_expect_json(SLICE("{\"name\":\"人民广场\",\"address\":\"黄浦区\",\"latitude\":31.2304,\"longitude\":121.4737}"),
                  json_object_get(root, "location"));
    json_decref(root);
}

/* Of a card with a picture that has been taken there, and of one that was not. */
static void a_card_with_a_picture_is_a_link(void **state)
{
    static const struct {
        const char *text, *extra;
        enum card_way way;
    } rows[] = {
        { "退货\n七天\nhttps://shop.example/", NULL, CARD_UPLOADED },
        { "退货\n七天\nhttps://shop.example/", "{\"file\":{\"mime\":\"image/png\"}}", CARD_UPLOADED },
        { "退货\n七天\nhttps://shop.example/", "{\"file\":{\"mime\":\"image/webp\"}}", CARD_AS_TEXT },
        { "退货\nhttps://map.example/", "{\"file\":{\"mime\":\"image/png\"},\"lat\":1,\"lon\":2}", CARD_UPLOADED },
        { "no card", NULL, CARD_AS_TEXT },
    };
    const struct upload png = { .bytes = SLICE("0123456789"), .mime = "image/png", .name = "x" };
    const struct upload gif = { .bytes = SLICE("0123456789"), .mime = "image/gif", .name = "x" };
    struct bench *t = *state;
    struct errand e = an_errand(rows[0].text);
    struct uploaded done;
    struct http_req req;
    struct buf b;
    json_t *root;

    e.message.kind = MESSAGE_CARD;
    e.message.file = (struct kf_id){ { 1 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        e.message.text = slice_of(rows[i].text);
        e.message.extra = rows[i].extra;
        assert_int_equal(channel_card(&wecom_kf_ops, &e.message, NULL), rows[i].way);
    }
    for (size_t title = 128; title <= 129; title++) { /* bytes, beyond which the platform cuts */
        buf_init(&b, 4096);
        for (size_t i = 0; i < title; i++)
            buf_char(&b, 't');
        buf_str(&b, "\nhttps://shop.example/");
        e.message.text = buf_slice(&b);
        assert_int_equal(channel_card(&wecom_kf_ops, &e.message, NULL), title == 128 ? CARD_UPLOADED : CARD_AS_TEXT);
        buf_finish(&b);
    }

    e.message.text = slice_of(rows[0].text);
    assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &png, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=image");
    assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &gif, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    e.media_id = "M1";
    root = sent(t, &e);
    assert_string_equal(v_text(root, "msgtype"), "link");
    v_expect_json(SLICE("{\"title\":\"退货\",\"desc\":\"七天\",\"url\":\"https://shop.example/\",\"thumb_media_id\":\"M1\"}"),
                  json_object_get(root, "link"));
    json_decref(root);
    e.media_id = NULL;
    root = sent(t, &e);
    assert_string_equal(v_text(v_get(root, "text"), "content"), rows[0].text);
    json_decref(root);
}

static void a_mini_program_goes_with_its_cover_or_is_refused(void **state)
{
    static const struct {
        const char *text, *extra;
        bool picture;
        enum card_way way;
        const char *why;
    } rows[] = {
        { "下单\nminiprogram:wx12/pages/a.html", "{\"file\":{\"mime\":\"image/jpeg\"}}", true, CARD_UPLOADED, "" },
        { "下单\nminiprogram:wx12/pages/a.html", NULL, false, CARD_REFUSED, "file: the card of a mini program has to have a picture" },
        { "下单\nminiprogram:wx12/pages/a.html", "{\"file\":{\"mime\":\"image/gif\"}}", true, CARD_REFUSED, "file: " },
        { "下单\nminiprogram:wx12/pages/a", NULL, true, CARD_REFUSED, "url: WeCom opens" },
        { "一二三四五六七八九十一二三四五六七八九十一二\nminiprogram:wx12/a.html", NULL, true, CARD_REFUSED, "title: at most 64 bytes" },
    };
    struct bench *t = *state;
    struct errand e = an_errand("");
    struct http_req req;
    json_t *root;

    e.message.kind = MESSAGE_CARD;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kf_err why = { .rc = KF_OK };

        e.message.text = slice_of(rows[i].text);
        e.message.extra = rows[i].extra;
        e.message.file = (struct kf_id){ { rows[i].picture } };
        assert_int_equal(channel_card(&wecom_kf_ops, &e.message, &why), rows[i].way);
        assert_true(strncmp(why.text, rows[i].why, strlen(rows[i].why)) == 0);
    }
    e.message.text = slice_of(rows[0].text);
    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED); /* its cover was too large */
    e.media_id = "M1";
    root = sent(t, &e);
    assert_string_equal(v_text(root, "msgtype"), "miniprogram");
    v_expect_json(SLICE("{\"appid\":\"wx12\",\"title\":\"下单\",\"thumb_media_id\":\"M1\",\"pagepath\":\"pages/a.html\"}"),
                  json_object_get(root, "miniprogram"));
    json_decref(root);
}

static void a_closed_conversation_moves_its_session_where_asked(void **state)
{
    static const struct {
        const char *more, *body;
    } rows[] = {
        { ",\"on_close\":\"end\"", "{\"open_kfid\":\"" OURS "\",\"external_userid\":\"" USER "\",\"service_state\":4}" },
        { ",\"on_close\":\"pool\"", "{\"open_kfid\":\"" OURS "\",\"external_userid\":\"" USER "\",\"service_state\":2}" },
        { ",\"on_close\":\"to:ZhangSan\"",
          "{\"open_kfid\":\"" OURS "\",\"external_userid\":\"" USER "\",\"service_state\":3,\"servicer_userid\":\"ZhangSan\"}" },
    };
    struct bench *t = *state;
    struct errand e = { .kind = ERRAND_CLOSED, .user = USER };
    struct http_resp last = answered(200, "{\"errcode\":95016,\"errmsg\":\"not allowed\"}");
    struct outcome out;
    struct http_req req;
    struct channel *ch;

    assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
    for (size_t i = 0; i < 3; i++) {
        open_with(t, rows[i].more);
        assert_int_equal(wecom_kf_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
        assert_true(slice_is(req.body, rows[i].body));
    }
    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_SENT);
    assert_int_equal(wecom_kf_ops.open(&ch, SLICE(SETTINGS ",\"on_close\":\"burn\"}"), NULL), KF_INVALID);
}

/* The platform's page of errors, whole. */
static void each_code_has_its_class(void **state)
{
    static const struct class_row rows[] = {
        { OUTCOME_RETRY, 0, { -1 } },
        { OUTCOME_AUTH, 0, { 40014, 42001, 40001, 40013, 41001, 60020, 48002, 301002 } },
        { OUTCOME_REJECTED, 0, { 40007, 40058, 95008, 95009, 95030 } },
        { OUTCOME_NO_SUCH_USER, 0, { 40096 } },
        { OUTCOME_WINDOW_CLOSED, 0, { 95001, 95002, 95013, 95018, 95031 } },
        { OUTCOME_RATE_LIMITED, 0, { 45009, 45033 } },
        { OUTCOME_FATAL, 0, { 95000, 95004, 95003, 95011, 95012, 95017, 95023, 99999 } },
        { OUTCOME_ALREADY_ACCEPTED, 0, { 95033 } },
    };
    static const int64_t alerting[] = { 95000, 95004, 95003, 95011, 95012, 95017, 95023 };
    static const struct class_row harmless = { OUTCOME_SENT, 0, { 95013, 95016, 95018 } };
    struct bench *t = *state;
    struct errand e = an_errand("hi"), closed = { .kind = ERRAND_CLOSED, .user = USER };

    codes_have_their_class(&wecom_kf_ops, t->ch, &e, "errcode", rows, sizeof(rows) / sizeof(rows[0]));
    for (size_t i = 0; i <= COUNT(alerting); i++) { /* who runs the account is told, whichever question it was */
        const char *body = arena_printf(t->arena, "{\"errcode\":%lld}", i < COUNT(alerting) ? (long long)alerting[i] : 40058LL);
        struct upload up = { .mime = "image/png", .bytes = SLICE("12345678"), .name = "a.png" };
        struct http_resp last = { .status = 200, .body = slice_of(body) };
        struct uploaded file;
        struct outcome out;
        struct http_req req;

        assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
        assert_int_equal(out.alert, i < COUNT(alerting));
        assert_int_equal(wecom_kf_ops.upload(t->ch, t->arena, &e, &up, &t->env, &last, &req, &file), KF_OK);
        assert_int_equal(file.outcome.alert, i < COUNT(alerting));
    }
    /* the session is where it should be, or with somebody faster */
    codes_have_their_class(&wecom_kf_ops, t->ch, &closed, "errcode", &harmless, 1);
}

static void a_session_of_somebody_else_is_told_in_words(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand("hi");
    struct http_resp last = answered(200, "{\"errcode\":95018,\"errmsg\":\"send msg session status invalid\"}");
    struct outcome out;

    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_WINDOW_CLOSED);
    assert_true(slice_starts(out.text, "the session is with a colleague"));
    last = (struct http_resp){ .status = 0, .sent = true };
    assert_int_equal(wecom_kf_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_UNCERTAIN); /* which the shell sends again under the same name */
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
        BENCH(a_welcome_that_is_no_menu_is_refused),
        BENCH(sessions_are_taken_once_for_each_who_writes),
        BENCH(what_is_older_than_the_channel_stays_there),
        BENCH(a_stale_notice_is_asked_about_without_its_token_once),
        BENCH(a_page_that_is_too_large_is_asked_for_in_small),
        BENCH(a_pull_in_trouble_does_not_move_its_cursor),
        BENCH(each_item_is_readable),
        BENCH(who_enters_says_from_where),
        BENCH(each_failure_says_why),
        BENCH(each_event_is_understood),
        BENCH(an_overlong_id_costs_no_words),
        BENCH(places_are_as_chinese_maps_have_them),
        BENCH(memory_that_runs_out_loses_nothing),
        BENCH(a_send_has_a_name_of_its_own),
        BENCH(what_is_ready_goes_as_a_message),
        BENCH(what_is_not_ready_is_told),
        BENCH(an_entry_that_is_filled_in_is_held_to_its_size),
        BENCH(choices_are_a_menu_or_lines),
        BENCH(each_file_goes_as_what_it_is),
        BENCH(a_place_goes_as_one_and_other_cards_as_texts),
        BENCH(a_card_with_a_picture_is_a_link),
        BENCH(a_mini_program_goes_with_its_cover_or_is_refused),
        BENCH(a_closed_conversation_moves_its_session_where_asked),
        BENCH(each_code_has_its_class),
        BENCH(a_session_of_somebody_else_is_told_in_words),
        BENCH(a_token_is_one_address),
    };
    int failed = vectors_run("wecom-kf", &vectors);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
