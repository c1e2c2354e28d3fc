/* The webhook of the fake platform: who is let in, what comes twice, and what is seen of those who were not. */
#include "fake_rig.h"

static void the_handshake_is_echoed(void **state)
{
    char path[400];
    struct reply r;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s&echostr=a%%2Bb%%201", signed_path(TOKEN, ""));
    web_ask(&d, &(struct ask){ .path = path }, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "a+b 1");
    reply_free(&r);
    (void)snprintf(path, sizeof(path), "%s&echostr=a", signed_path("another", ""));
    web_ask(&d, &(struct ask){ .path = path }, &r);
    assert_int_equal(r.status, 403);
    reply_free(&r);
}

static void a_repeated_notice_is_one_message(void **state)
{
    char *body = strdup(text_from("u3", "31", "只此一次"));
    const json_t *page;
    const char *conv;
    int n = 0;

    (void)state;
    reply_free(&(struct reply[]){ notice(body) }[0]);
    conv = assigned();
    for (int i = 0; i < 2; i++)
        takes(body);
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0}", conv);
    page = wire_take(&agent.wire, "{s:s,s:s}", "type", "history", "conversation", conv);
    for (size_t i = 0; i < json_array_size(value_at(page, "messages")); i++)
        n += strcmp(text_at(json_array_get(value_at(page, "messages"), i), "text"), "只此一次") == 0;
    assert_int_equal(n, 1);
    free(body);
    close_talk(conv);
}

static json_t *heard(void)
{
    struct reply r = web_expect(&d, 200, &(struct ask){ .path = "/api/v1/sites/" SITE "/channels", .control = true });
    json_t *ret = json_incref(json_array_get(value_at(r.json, "items"), 0));

    reply_free(&r);
    return ret;
}

static void what_a_webhook_failed_at_is_seen_and_no_secret_with_it(void **state)
{
    char path[200], *text;
    json_t *c;
    struct reply r;

    (void)state;
    takes("{\"to\":\"shop\",\"from\":\"u9\",\"at\":9,\"kind\":\"enter\"}");
    c = heard();
    assert_string_equal(text_at(c, "events.0.verdict"), "accepted");
    assert_int_equal(number_at(c, "events.0.status"), 200);
    json_decref(c);
    (void)snprintf(path, sizeof(path), "%s?signature=%064d&timestamp=1&nonce=n", hook, 0);
    web_ask(&d, &(struct ask){ .path = path, .body = "{}" }, &r);
    assert_int_equal(r.status, 401);
    reply_free(&r);
    web_ask(&d, &(struct ask){ .path = signed_path(TOKEN, "no json"), .body = "no json" }, &r);
    assert_int_equal(r.status, 400);
    reply_free(&r);
    c = heard();
    assert_string_equal(text_at(c, "events.0.verdict"), "malformed_body");
    assert_string_equal(text_at(c, "events.1.verdict"), "bad_signature");
    assert_non_null(strstr(text_at(c, "callback"), hook));
    assert_true(json_is_true(value_at(c, "opens")));
    assert_true(json_is_true(value_at(c, "token.held")));
    text = json_dumps(c, 0);
    assert_null(strstr(text, "very-secret"));
    assert_null(strstr(text, TOKEN));
    free(text);
    for (int i = 0; i < 30; i++) {
        web_ask(&d, &(struct ask){ .path = path, .body = "{}" }, &r);
        reply_free(&r);
    }
    json_decref(c);
    c = heard();
    assert_int_equal(json_array_size(value_at(c, "events")), 20);
    json_decref(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshake_is_echoed),
        cmocka_unit_test(a_repeated_notice_is_one_message),
        cmocka_unit_test(what_a_webhook_failed_at_is_seen_and_no_secret_with_it),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
