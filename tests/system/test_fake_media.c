/* Files from the fake platform, fetched after the answer, and to it. */
#include "fake_rig.h"

/* ---- files that come in ---- */

static const char gif[] = "GIF89a\x02\x01\x03\x01 and so on";

static const char *media_from(const char *user, const char *id, const char *kind, const char *media)
{
    static char body[600];

    (void)snprintf(body, sizeof(body),
                   "{\"to\":\"shop\",\"from\":\"%s\",\"at\":%lld,\"id\":%s,\"kind\":\"%s\",\"media\":\"%s\",\"handle\":\"h-%s\","
                   "\"handle_s\":3600}",
                   user, (long long)++clock_s, id, kind, media, user);
    return body;
}

/* The next request that is neither a reply nor a sign of typing. */
static void take_beside_replies(void)
{
    for (platform_take(&p); strncmp(p.path, "/api/send?", 10) == 0 || strncmp(p.path, "/api/typing?", 12) == 0; platform_take(&p))
        platform_answer(&p, 200, NULL, "{\"code\":0}");
}

/* What the agent is told of the message once its file is here, or is not; borrowed. */
static const json_t *changed(const char *conv)
{
    return wire_take(&agent.wire, "{s:s,s:s}", "type", "changed", "conversation", conv);
}

static void an_image_is_fetched_after_it_was_acknowledged_and_then_shown(void **state)
{
    const json_t *m;
    char conv[40], path[64];
    struct reply r;

    (void)state;
    opens(media_from("u-img", "70001", "image", "m/1"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    wire_sendf(&agent.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0,\"limit\":1}", conv);
    m = wire_take(&agent.wire, "{s:s}", "type", "history");
    assert_string_equal(text_at(m, "messages.0.text"), "[image]");
    assert_string_equal(text_at(m, "messages.0.media.state"), "fetching");
    assert_null(value_at(m, "messages.0.fetch"));
    take_beside_replies();
    assert_string_equal(p.method, "GET");
    assert_true(strncmp(p.path, "/api/media?token=token-", 23) == 0);
    assert_non_null(strstr(p.path, "&id=m%2F1"));
    platform_answer(&p, 200, "Content-Type: text/html\r\n", gif);
    m = changed(conv);
    assert_string_equal(text_at(m, "kind"), "image");
    assert_string_equal(text_at(m, "text"), "");
    assert_string_equal(text_at(m, "file.mime"), "image/gif");
    assert_int_equal(number_at(m, "file.width"), 258);
    assert_int_equal(number_at(m, "file.size"), (int64_t)strlen(gif));
    assert_null(value_at(m, "media"));
    (void)snprintf(path, sizeof(path), "/files/%s", text_at(m, "file.id"));
    r = web_expect(&d, 200, &(struct ask){ .path = path, .cookie = agent.cookie });
    assert_string_equal(r.body, gif);
    reply_free(&r);
    web_status(&d, 404, &(struct ask){ .path = path });
    close_talk(conv);
}

static void a_voice_is_fetched_where_the_platform_says_and_not_everywhere(void **state)
{
    char conv[40], answer[200];
    const json_t *m;

    (void)state;
    opens(media_from("u-voice", "70011", "voice", "v1"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    take_beside_replies();
    (void)snprintf(answer, sizeof(answer), "{\"url\":\"http://127.0.0.1:%d/cdn/v1\"}", p.port);
    platform_answer(&p, 200, NULL, answer);
    take_beside_replies();
    assert_string_equal(p.path, "/cdn/v1"); /* without the token */
    platform_answer(&p, 200, NULL, "#!AMR\n and sound");
    m = changed(conv);
    assert_string_equal(text_at(m, "file.name"), "file");

    /* Another name of this machine is another host, and a private one: nobody asks there, whoever says so. */
    takes(media_from("u-voice", "70012", "voice", "v2"));
    take_beside_replies();
    (void)snprintf(answer, sizeof(answer), "{\"url\":\"http://localhost:%d/cdn/v2\"}", p.port);
    platform_answer(&p, 200, NULL, answer);
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "[audio: could not be fetched, its address is not allowed]");
    assert_string_equal(text_at(m, "media.state"), "failed");
    assert_string_equal(text_at(m, "media.reason"), "refused");
    close_talk(conv);
}

static void what_cannot_be_fetched_says_so_and_loses_nothing(void **state)
{
    static char large[70000];
    char conv[40];
    const json_t *m;

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    opens(media_from("u-lost", "70021", "image", "gone"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    take_beside_replies();
    platform_answer(&p, 404, NULL, "no such media");
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "[image: could not be fetched, it is not there any more]");
    assert_string_equal(text_at(m, "media.reason"), "gone");

    /* Asked for again by hand, it may be there after all; what is there, or never failed, is not asked for. */
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again1\",\"seq\":1}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "again1"), "ack");
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "[image]");
    assert_string_equal(text_at(m, "media.state"), "fetching");
    take_beside_replies();
    platform_answer(&p, 404, NULL, "still no such media");
    assert_string_equal(text_at(changed(conv), "media.reason"), "gone");
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again2\",\"seq\":1}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "again2"), "ack");
    assert_string_equal(text_at(changed(conv), "media.state"), "fetching");
    take_beside_replies();
    platform_answer(&p, 200, NULL, gif);
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "");
    assert_string_equal(text_at(m, "file.mime"), "image/gif");
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again3\",\"seq\":1}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "again3"), "conflict");
    wire_sendf(&agent.wire, "{\"type\":\"resend\",\"conversation\":\"%s\",\"cid\":\"again2\",\"seq\":1}", conv);
    assert_string_equal(wire_verdict(&agent.wire, "again2"), "ack"); /* the repeat is answered as before */

    takes(media_from("u-lost", "70022", "image", "large"));
    take_beside_replies();
    platform_answer(&p, 200, NULL, large);
    m = changed(conv);
    assert_string_equal(text_at(m, "media.reason"), "too_large");

    /* Trouble that passes is waited for; words do not wait behind it. */
    takes(media_from("u-lost", "70023", "image", "later"));
    take_beside_replies();
    platform_answer(&p, 503, NULL, NULL);
    (void)staff_say(&agent, conv, "m1", "收到");
    for (bool said = false, got = false; !said || !got;) {
        platform_take(&p);
        if (strncmp(p.path, "/api/send?", 10) == 0) {
            said |= strcmp(text_at(p.json, "text"), "收到") == 0;
            platform_answer(&p, 200, NULL, "{\"code\":0}");
        } else {
            got = true;
            platform_answer(&p, 200, NULL, gif);
        }
    }
    assert_string_equal(text_at(changed(conv), "file.mime"), "image/gif");
    close_talk(conv);
}

/* A 200 whose body is an error, an empty page, JSON: the picture is asked for again, and then the message says why there is none. */
static void words_in_place_of_a_picture_are_not_the_picture(void **state)
{
    static const char *const words[] = { "{\"errcode\":-1,\"errmsg\":\"system busy\"}", "<!DOCTYPE html><title>502</title>",
                                         "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>", "upstream is not ready" };
    char conv[40];
    const json_t *m;

    (void)state;
    opens(media_from("u-words", "70081", "image", "w1"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    for (int i = 0; i < 2; i++) {
        take_beside_replies();
        assert_non_null(strstr(p.path, "&id=w1"));
        platform_answer(&p, 200, "Content-Type: image/png\r\n", words[i]);
    }
    take_beside_replies();
    platform_answer(&p, 200, NULL, gif); /* the trouble was over */
    assert_string_equal(text_at(changed(conv), "file.mime"), "image/gif");

    takes(media_from("u-words", "70082", "image", "w2"));
    for (int i = 0; i < 4; i++) {
        take_beside_replies();
        assert_non_null(strstr(p.path, "&id=w2"));
        platform_answer(&p, 200, NULL, words[i]);
    }
    m = changed(conv);
    assert_string_equal(text_at(m, "text"), "[image: could not be fetched, what the platform gave is not the file]");
    assert_string_equal(text_at(m, "media.state"), "failed");
    assert_string_equal(text_at(m, "media.reason"), "mistaken");
    assert_null(value_at(m, "file"));
    close_talk(conv);
}

/* The platform names a time, and until then others come: also those of the same conversation. */
static void a_file_is_asked_for_again_when_the_platform_says_so(void **state)
{
    char conv[40];
    int64_t refused;

    (void)state;
    opens(media_from("u-slow", "70051", "image", "busy"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    take_beside_replies();
    assert_non_null(strstr(p.path, "&id=busy"));
    platform_answer(&p, 503, "Retry-After: 3\r\n", NULL);
    refused = now_mono_ms();
    takes(media_from("u-slow", "70052", "image", "free"));
    take_beside_replies();
    assert_non_null(strstr(p.path, "&id=free"));
    platform_answer(&p, 200, NULL, gif);
    assert_int_equal(number_at(changed(conv), "seq") > 1, true);
    take_beside_replies();
    assert_non_null(strstr(p.path, "&id=busy"));
    assert_true(p.at - refused >= 2900);
    platform_answer(&p, 200, NULL, gif);
    assert_string_equal(text_at(changed(conv), "file.mime"), "image/gif");
    close_talk(conv);
}

/* A place for files is not held for a minute by whoever drips. */
static void a_file_that_comes_too_slowly_is_let_go(void **state)
{
    static const char begun[] = "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\nGIF89a";
    char conv[40];
    int64_t began;
    int slow;

    (void)state;
    opens(media_from("u-drip", "70061", "image", "drip"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    take_beside_replies();
    web_send(p.conn, begun, sizeof(begun) - 1);
    slow = p.conn;
    p.conn = -1;
    began = p.at;
    take_beside_replies();
    assert_non_null(strstr(p.path, "&id=drip"));
    assert_true(p.at - began < 40000);
    platform_answer(&p, 200, NULL, gif);
    assert_string_equal(text_at(changed(conv), "file.mime"), "image/gif");
    (void)close(slow);
    close_talk(conv);
}

/* ---- files that go out ---- */

static const char *agents_file(const char *name, const char *bytes)
{
    static char id[40];

    staff_upload(&agent, &d, SITE, name, bytes, strlen(bytes), id);
    return id;
}

static int64_t say_image(const char *conv, const char *cid)
{
    wire_sendf(&agent.wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"image\",\"file\":\"%s\"}", conv, cid,
               agents_file("a.gif", gif));
    return number_at(wire_take(&agent.wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
}

static void an_image_is_taken_there_before_it_is_sent(void **state)
{
    char conv[40];
    int64_t seq;

    (void)state;
    opens(text_from("u-out", "70031", "请发图"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    seq = say_image(conv, "i1");
    take_beside_replies();
    assert_true(strncmp(p.path, "/api/upload?token=token-", 24) == 0);
    assert_string_equal(head_value(p.head, "Content-Type"), "image/gif");
    assert_string_equal(p.body, gif);
    platform_answer(&p, 200, NULL, "{\"code\":-1,\"msg\":\"busy\"}"); /* once more, from the beginning */
    take_beside_replies();
    assert_true(strncmp(p.path, "/api/upload?token=token-", 24) == 0);
    platform_answer(&p, 200, NULL, "{\"code\":0,\"media\":\"up-1\"}");
    platform_take(&p);
    assert_true(strncmp(p.path, "/api/send?", 10) == 0);
    assert_string_equal(text_at(p.json, "kind"), "image");
    assert_string_equal(text_at(p.json, "media"), "up-1");
    assert_null(json_object_get(p.json, "url"));
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");

    seq = say_image(conv, "i2");
    take_beside_replies();
    platform_answer(&p, 200, NULL, "{\"code\":40007,\"msg\":\"not an image\"}");
    assert_non_null(
        strstr(text_at(wire_take(&agent.wire, "{s:s,s:I,s:s}", "type", "status", "seq", (json_int_t)seq, "state", "failed"), "reason"),
               "not an image"));
    close_talk(conv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_fetched_after_it_was_acknowledged_and_then_shown),
        cmocka_unit_test(a_voice_is_fetched_where_the_platform_says_and_not_everywhere),
        cmocka_unit_test(what_cannot_be_fetched_says_so_and_loses_nothing),
        cmocka_unit_test(words_in_place_of_a_picture_are_not_the_picture),
        cmocka_unit_test(a_file_is_asked_for_again_when_the_platform_says_so),
        cmocka_unit_test(a_file_that_comes_too_slowly_is_let_go),
        cmocka_unit_test(an_image_is_taken_there_before_it_is_sent),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
