/* What has not got through to the fake platform: uncertain, failed, busy, and what people do about it. */
#include "fake_rig.h"

static void without_an_answer_nothing_is_sent_twice(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u5", "51", "断线")) }[0]);
    conv = assigned();
    seq = staff_say(&agent, conv, "r1", "到了没有");
    platform_take(&p);
    platform_drop(&p);
    status(seq, "uncertain");
    assert_false(platform_take_within(&p, 3000));
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again\",\"seq\":%d}", conv, (int)seq);
    assert_string_equal(wire_verdict(&agent.wire, "again"), "ack");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"code\":45015,\"msg\":\"too old\"}");
    assert_non_null(
        strstr(text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
               "too old"));
    close_talk(conv);
}

static json_t *outbox(const char *state)
{
    char path[80];
    struct reply r;
    json_t *ret;

    (void)snprintf(path, sizeof(path), "/api/v1/outbox?site=" SITE "&state=%s", state);
    r = web_expect(&d, 200, &(struct ask){ .path = path, .control = true });
    ret = json_incref(r.json);
    reply_free(&r);
    return ret;
}

static int handle(const char *id, const char *act)
{
    char path[120];
    struct reply r;
    int status;

    (void)snprintf(path, sizeof(path), "/api/v1/outbox/%s/%s?site=" SITE, id, act);
    web_ask(&d, &(struct ask){ .method = "POST", .path = path, .control = true }, &r);
    status = r.status;
    reply_free(&r);
    return status;
}

static void what_has_not_got_through_is_found_and_handled_by_hand(void **state)
{
    char conv[40], id[40], other[40];
    json_t *list;
    int64_t seq;

    (void)state;
    for (size_t i = json_array_size(value_at(list = outbox("trouble"), "items")); i-- > 0;) /* what the tests before have left */
        assert_int_equal(handle(text_at(json_array_get(value_at(list, "items"), i), "id"), "drop"), 204);
    json_decref(list);
    reply_free(&(struct reply[]){ notice(text_from("u55", "551", "有人吗")) }[0]);
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    seq = staff_say(&agent, conv, "r1", "没到");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"code\":43004,\"msg\":\"the user has blocked you\"}");
    status(seq, "failed");

    list = outbox("trouble");
    assert_int_equal(json_array_size(value_at(list, "items")), 1);
    assert_string_equal(text_at(list, "items.0.state"), "failed");
    assert_string_equal(text_at(list, "items.0.conversation"), conv);
    assert_int_equal(number_at(list, "items.0.seq"), seq);
    assert_non_null(strstr(text_at(list, "items.0.reason"), "the user has blocked you"));
    (void)snprintf(id, sizeof(id), "%s", text_at(list, "items.0.id"));
    json_decref(list);

    /* Sent again, it is in nobody's list; without an answer it is uncertain, and stays where it is until somebody says what to do. */
    assert_int_equal(handle(id, "resend"), 204);
    status(seq, "sending");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "text"), "没到");
    platform_drop(&p);
    status(seq, "uncertain");
    assert_int_equal(handle(id, "resend"), 409);
    list = outbox("all");
    assert_int_equal(json_array_size(value_at(list, "items")), 1);
    assert_string_equal(text_at(list, "items.0.state"), "uncertain");
    (void)snprintf(other, sizeof(other), "%s", text_at(list, "items.0.id"));
    assert_string_not_equal(other, id);
    json_decref(list);
    assert_int_equal(handle(other, "drop"), 204);
    assert_int_equal(handle(other, "drop"), 409);
    list = outbox("all");
    assert_int_equal(json_array_size(value_at(list, "items")), 0);
    json_decref(list);
    assert_int_equal(handle("01936b2e-0000-7000-8000-00000000dead", "drop"), 404);
    close_talk(conv);
}

static void a_busy_platform_is_asked_again(void **state)
{
    const char *conv;
    int64_t seq;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u6", "61", "忙吗")) }[0]);
    conv = assigned();
    seq = staff_say(&agent, conv, "r1", "不忙");
    platform_take(&p);
    platform_answer(&p, 200, NULL, "{\"code\":-1,\"msg\":\"busy\"}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "text"), "不忙");
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");
    close_talk(conv);
}

/* The last: it takes the channel away. */
static void nothing_is_said_to_a_channel_that_was_removed(void **state)
{
    const char *conv;

    (void)state;
    reply_free(&(struct reply[]){ notice(text_from("u7", "71", "还在吗")) }[0]);
    conv = assigned();
    web_status(&d, 204,
               &(struct ask){ .method = "DELETE",
                              .path = "/api/v1/sites/" SITE "/documents/channel/fake",
                              .headers = "If-Match: \"1\"\r\n",
                              .control = true });
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"gone\",\"kind\":\"text\",\"text\":\"在\"}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "gone"), "unsupported");
    close_talk(conv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_answer_nothing_is_sent_twice),
        cmocka_unit_test(what_has_not_got_through_is_found_and_handled_by_hand),
        cmocka_unit_test(a_busy_platform_is_asked_again),
        cmocka_unit_test(nothing_is_said_to_a_channel_that_was_removed),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
