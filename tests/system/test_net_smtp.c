/* Mail out through the client: against a relay that does as it is told. What libcurl says is held against the vectors, too. */
#include "net/client.h"
#include "tests/support/relay.h"

#include "protocols/sign.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static uv_loop_t loop;
static struct net_client *client;
static struct relay relay;

struct got {
    int calls, status;
    bool sent, refused;
    char failure[128], reply[1024];
};

static void got_answer(void *ctx, const struct http_resp *resp)
{
    struct got *g = ctx;

    g->calls++;
    g->status = resp->status;
    g->sent = resp->sent;
    g->refused = resp->refused;
    (void)snprintf(g->failure, sizeof(g->failure), "%s", resp->failure ? resp->failure : "");
    (void)snprintf(g->reply, sizeof(g->reply), "%.*s", (int)resp->body.n, resp->body.n ? resp->body.p : "");
}

static void tick(uv_timer_t *t)
{
    (void)t;
}

/* The loop turns until the answer is there. */
static void until(const int *calls)
{
    int64_t end = now_mono_ms() + patience_ms();
    uv_timer_t timer;

    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, tick, 5, 5);
    while (!*calls && now_mono_ms() < end)
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(*calls, 1);
}

static void open_client(const struct net_client_config *cfg)
{
    uv_loop_init(&loop);
    assert_int_equal(net_client_open(&client, &loop, cfg, NULL), KF_OK);
}

static void close_client(void)
{
    net_client_close(client);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static struct got sent(const char *scheme, const struct smtp_envelope *envelope, const char *body, int timeout_ms)
{
    struct got g = { .calls = 0 };
    struct http_req req = { .method = "POST", .body = { body, strlen(body) }, .smtp = envelope, .timeout_ms = timeout_ms };
    char url[80];

    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d/kefud.example", scheme, relay.port);
    req.url = url;
    net_fetch(client, &req, got_answer, &g);
    assert_int_equal(g.calls, 0); /* never before the call has returned */
    until(&g.calls);
    return g;
}

static const struct smtp_envelope to_eva = { .from = "a@kefud.example", .to = "eva@mail.example", .plain = true };
#define MAIL "Subject: x\r\n\r\nhello\r\n"

static json_t *vector(json_t *root, const char *name)
{
    size_t i;
    json_t *v;

    json_array_foreach(json_object_get(root, "vectors"), i,
                       v) if (strcmp(json_string_value(json_object_get(v, "name")), name) == 0) return v;
    fail_msg("no vector %s", name);
    return NULL;
}

static const char *text_of(const json_t *v, const char *a, const char *b)
{
    return json_string_value(json_object_get(json_object_get(v, a), b));
}

/* ---- the tests ------------------------------------------------------------------------------------------------------------------ */

static void a_mail_is_taken(void **state)
{
    const struct relayed *m;
    struct got g;

    (void)state;
    relay_open(&relay, &(struct relay_options){ .auth = NULL });
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    g = sent("smtp", &to_eva, MAIL, 0);
    assert_int_equal(g.status, 250);
    assert_string_equal(g.reply, "250 2.0.0 Ok: queued as 4AB\r\n");
    assert_true(g.sent);
    m = relay_take(&relay);
    assert_non_null(strstr(m->said, "EHLO kefud.example\nMAIL FROM:<a@kefud.example>"));
    assert_non_null(strstr(m->said, "RCPT TO:<eva@mail.example>\nDATA\n"));
    assert_string_equal(m->data, MAIL ".\r\n");
    assert_false(m->over_tls);
    close_client();
    relay_close(&relay);
}

/* RFC 6531: said where it is needed and the relay has it. Where it has not, the relay is asked all the same, and says what it thinks of that. */
static void an_address_beyond_ascii_asks_for_smtputf8(void **state)
{
    static const struct smtp_envelope to_user = { .from = "a@kefud.example", .to = "用户@mail.example", .plain = true };
    const struct relayed *m;

    (void)state;
    relay_open(&relay, &(struct relay_options){ .utf8 = true });
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    assert_int_equal(sent("smtp", &to_user, MAIL, 0).status, 250);
    m = relay_take(&relay);
    assert_non_null(strstr(m->said, " SMTPUTF8\nRCPT TO:<用户@mail.example>\n"));
    assert_int_equal(sent("smtp", &to_eva, MAIL, 0).status, 250);
    assert_null(strstr(relay_take(&relay)->said, "SMTPUTF8"));
    relay_options(&relay, &(struct relay_options){ .rcpt = "553 5.6.7 Address not ASCII" });
    assert_int_equal(sent("smtp", &to_user, MAIL, 0).status, 553);
    assert_null(strstr(relay_take(&relay)->said, "SMTPUTF8"));
    close_client();
    relay_close(&relay);
}

static void dots_and_signing_in_are_as_the_vectors_say(void **state)
{
    json_t *root = json_load_file("tests/vectors/email.json", 0, NULL), *v;
    const struct relayed *m;
    const char *user, *password;

    (void)state;
    assert_non_null(root);
    relay_open(&relay, &(struct relay_options){ .auth = NULL });
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    v = vector(root, "smtp_dot_stuffing");
    assert_int_equal(sent("smtp", &to_eva, text_of(v, "inputs", "body"), 0).status, 250);
    assert_string_equal(relay_take(&relay)->data, text_of(v, "expected", "wire"));

    v = vector(root, "smtp_auth_plain");
    user = text_of(v, "inputs", "user");
    password = text_of(v, "inputs", "password");
    relay_options(&relay, &(struct relay_options){ .auth = "PLAIN" });
    assert_int_equal(sent("smtp", &(struct smtp_envelope){ "a@b.example", "c@d.example", user, password, true }, MAIL, 0).status, 250);
    m = relay_take(&relay);
    assert_non_null(strstr(m->said, text_of(v, "expected", "auth_plain_b64")));
    relay_options(&relay, &(struct relay_options){ .auth = "LOGIN" });
    assert_int_equal(sent("smtp", &(struct smtp_envelope){ "a@b.example", "c@d.example", user, password, true }, MAIL, 0).status, 250);
    m = relay_take(&relay);
    for (size_t i = 0; i < 2; i++)
        assert_non_null(
            strstr(m->said, json_string_value(json_array_get(json_object_get(json_object_get(v, "expected"), "auth_login_b64"), i))));

    v = vector(root, "smtp_auth_cram_md5");
    relay_options(&relay, &(struct relay_options){ .auth = "CRAM-MD5" });
    assert_int_equal(
        sent("smtp",
             &(struct smtp_envelope){ "a@b.example", "c@d.example", text_of(v, "inputs", "user"), text_of(v, "inputs", "password"), true },
             MAIL, 0)
            .status,
        250);
    assert_non_null(strstr(relay_take(&relay)->said, text_of(v, "expected", "response_b64")));
    close_client();
    relay_close(&relay);
    json_decref(root);
}

static void a_refusal_is_an_answer(void **state)
{
    static const struct {
        struct relay_options options;
        int status;
        const char *reply;
    } rows[] = {
        { { .rcpt = "550 5.1.1 User unknown" }, 550, "550 5.1.1 User unknown\r\n" },
        { { .rcpt = "450 4.2.0 Greylisted" }, 450, "450 4.2.0 Greylisted\r\n" },
        { { .answer = "554-5.7.1 Rejected\r\n554 5.7.1 as spam" }, 554, "554-5.7.1 Rejected\r\n554 5.7.1 as spam\r\n" },
        { { .greeting = "421 4.7.0 Try again later" }, 421, "421 4.7.0 Try again later\r\n" },
        { { .auth = "PLAIN", .auth_answer = "535 5.7.8 Authentication failed" }, 535, "535 5.7.8 Authentication failed\r\n" },
    };
    struct smtp_envelope envelope = to_eva;

    (void)state;
    envelope.user = "u";
    envelope.password = "p";
    relay_open(&relay, &rows[0].options);
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct got g;

        relay_options(&relay, &rows[i].options);
        g = sent("smtp", rows[i].options.auth ? &envelope : &to_eva, MAIL, 0);
        if (g.status != rows[i].status || strcmp(g.reply, rows[i].reply) != 0)
            fail_msg("%d %s %s, expected %s", g.status, g.reply, g.failure, rows[i].reply);
    }
    close_client();
    relay_close(&relay);
}

/* What whoever sets a channel up asks: is the relay there, and does it let us in? */
static void a_relay_is_asked_without_a_mail(void **state)
{
    static const struct {
        struct relay_options options;
        int status;
    } rows[] = {
        { { .auth = "PLAIN" }, 250 },
        { { .auth = "PLAIN", .auth_answer = "535 5.7.8 Authentication failed" }, 535 },
        { { .auth = "GSSAPI" }, 535 },
        { { .greeting = "421 4.7.0 Try again later" }, 421 },
    };
    const struct smtp_envelope nobody = { .user = "u", .password = "p", .plain = true };

    (void)state;
    relay_open(&relay, &rows[0].options);
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct relayed *m;
        struct got g;

        relay_options(&relay, &rows[i].options);
        g = sent("smtp", &nobody, "", 0);
        if (g.status != rows[i].status || g.sent)
            fail_msg("%d %s %s, expected %d", g.status, g.reply, g.failure, rows[i].status);
        if (rows[i].options.greeting)
            continue; /* nobody said a word to that one */
        m = relay_take(&relay);
        assert_null(m->data);
        assert_null(strstr(m->said, "MAIL"));
    }
    close_client();
    relay_close(&relay);
}

static void only_the_whole_mail_without_a_reply_is_uncertain(void **state)
{
    struct got g;

    (void)state;
    relay_open(&relay, &(struct relay_options){ .drop_at_dot = true });
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    g = sent("smtp", &to_eva, MAIL, 0);
    assert_int_equal(g.status, 0);
    assert_true(g.sent);
    assert_string_equal(g.failure, "connection lost");
    relay_options(&relay, &(struct relay_options){ .silent = true });
    g = sent("smtp", &to_eva, MAIL, 300);
    assert_int_equal(g.status, 0);
    assert_false(g.sent);
    assert_string_equal(g.failure, "timeout");
    close_client();
    relay_close(&relay);
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    g = sent("smtp", &to_eva, MAIL, 0);
    assert_int_equal(g.status, 0);
    assert_false(g.sent);
    assert_string_equal(g.failure, "connection refused");
    close_client();
}

static void without_tls_nothing_is_sent(void **state)
{
    struct smtp_envelope envelope = to_eva;
    struct got g;

    (void)state;
    relay_open(&relay, &(struct relay_options){ .auth = NULL });
    open_client(&(struct net_client_config){ .allow_private = true });
    g = sent("smtp", &to_eva, MAIL, 0); /* plain, where http is not allowed */
    assert_string_equal(g.failure, "the relay offers no TLS");
    assert_null(strstr(relay_take(&relay)->said, "MAIL"));
    close_client();
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    envelope.plain = false;
    g = sent("smtp", &envelope, MAIL, 0);
    assert_string_equal(g.failure, "the relay offers no TLS");
    close_client();
    relay_close(&relay);
}

static void tls_is_checked_against_the_certificates_that_are_trusted(void **state)
{
    static const struct {
        struct relay_options options;
        const char *scheme;
    } rows[] = { { { .starttls = true, .auth = "PLAIN" }, "smtp" }, { { .tls = true, .auth = "PLAIN" }, "smtps" } };
    const struct smtp_envelope envelope = { "a@kefud.example", "eva@mail.example", "u", "p", false };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct relayed *m;
        struct got g;

        relay_open(&relay, &rows[i].options);
        open_client(&(struct net_client_config){ .allow_private = true });
        g = sent(rows[i].scheme, &envelope, MAIL, 0);
        assert_string_equal(g.failure, "the certificate is not trusted");
        assert_int_equal(g.status, 0);
        close_client();
        relay_close(&relay);

        relay_open(&relay, &rows[i].options);
        open_client(&(struct net_client_config){ .allow_private = true, .ca_file = relay.ca });
        g = sent(rows[i].scheme, &envelope, MAIL, 0);
        if (g.status != 250)
            fail_msg("%s %s", g.failure, g.reply);
        m = relay_take(&relay);
        assert_true(m->over_tls);
        assert_string_equal(m->data, MAIL ".\r\n");
        close_client();
        relay_close(&relay);
    }
}

static void private_addresses_are_refused(void **state)
{
    struct got g;

    (void)state;
    relay_open(&relay, &(struct relay_options){ .auth = NULL });
    open_client(&(struct net_client_config){ .allow_http = true });
    g = sent("smtp", &to_eva, MAIL, 0);
    assert_true(g.refused);
    assert_string_equal(g.failure, "the address is private");
    close_client();
    relay_close(&relay);
}

/* The loop turns while a relay keeps us waiting, also for its last word; closing does not wait for it. */
static void the_loop_waits_for_no_relay(void **state)
{
    struct http_req req = { .method = "POST", .body = SLICE(MAIL), .smtp = &to_eva, .timeout_ms = 60000 };
    struct got g = { .calls = 0 };
    int64_t began = now_mono_ms();
    char url[80];

    (void)state;
    relay_open(&relay, &(struct relay_options){ .silent = true });
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    (void)snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", relay.port);
    req.url = url;
    net_fetch(client, &req, got_answer, &g);
    while (now_mono_ms() - began < 200) {
        uv_run(&loop, UV_RUN_NOWAIT);
        breathe();
    }
    assert_int_equal(g.calls, 0);
    close_client();
    assert_int_equal(g.calls, 1);
    assert_string_equal(g.failure, "going down");
    assert_true(now_mono_ms() - began < patience_ms());
    relay_close(&relay);
}

/* Others' mail does not wait for it either, however much there is for it. */
static void a_relay_that_is_silent_holds_up_its_own_mail_only(void **state)
{
    struct http_req req = { .method = "POST", .body = SLICE(MAIL), .smtp = &to_eva, .timeout_ms = 600000 };
    struct got mute[9] = { { .calls = 0 } };
    struct relay other;
    char url[80];

    (void)state;
    relay_open(&other, &(struct relay_options){ .silent = true });
    relay_open(&relay, &(struct relay_options){ .auth = NULL });
    open_client(&(struct net_client_config){ .allow_private = true, .allow_http = true });
    (void)snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", other.port);
    req.url = url;
    assert_int_equal(sent("smtp", &to_eva, MAIL, 0).status, 250); /* from then on a thread is idle, which is not counted on twice */
    for (int i = 0; i < 9; i++)
        net_fetch(client, &req, got_answer, &mute[i]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sent("smtp", &to_eva, MAIL, 0).status, 250);
    for (int i = 0; i < 9; i++)
        assert_int_equal(mute[i].calls, 0);
    close_client();
    for (int i = 0; i < 9; i++)
        assert_int_equal(mute[i].calls, 1);
    relay_close(&relay);
    relay_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_is_taken),
        cmocka_unit_test(an_address_beyond_ascii_asks_for_smtputf8),
        cmocka_unit_test(dots_and_signing_in_are_as_the_vectors_say),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(a_relay_is_asked_without_a_mail),
        cmocka_unit_test(only_the_whole_mail_without_a_reply_is_uncertain),
        cmocka_unit_test(without_tls_nothing_is_sent),
        cmocka_unit_test(tls_is_checked_against_the_certificates_that_are_trusted),
        cmocka_unit_test(private_addresses_are_refused),
        cmocka_unit_test(the_loop_waits_for_no_relay),
        cmocka_unit_test(a_relay_that_is_silent_holds_up_its_own_mail_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
