/* What is said of a browser's frame that is wrong. */
#include "tests/unit/frame.h"

struct wrong {
    enum frame_side side;
    enum kf_rc rc;
    const char *words; /* how the message begins: the member */
    const char *text;
};

static void each_wrong_member_is_named(void **state)
{
    static const struct wrong rows[] = {
        { V, KF_INVALID, "empty", "" },
        { V, KF_INVALID, "not valid JSON", "hello" },
        { V, KF_INVALID, "not valid JSON", "{\"type\":\"ping\"" },
        { V, KF_INVALID, "not valid JSON", "{\"type\":'ping'}" },
        { V, KF_INVALID, "not a JSON object", "[]" },
        { V, KF_INVALID, "text after", "{\"type\":\"ping\"} {}" },
        { V, KF_INVALID, "a JSON object has the same key twice", "{\"type\":\"ping\",\"type\":\"close\"}" },
        { V, KF_INVALID, "a JSON object has the same key twice", "{\"type\":\"ping\",\"x\":{\"a\":1,\"a\":1}}" },
        { V, KF_INVALID, "seq: an integer from", "{\"type\":\"read\",\"cid\":\"1\",\"seq\":1e400}" },
        { V, KF_INVALID, "seq: an integer from", "{\"type\":\"read\",\"cid\":\"1\",\"seq\":99999999999999999999}" },
        { V, KF_INVALID, "not valid JSON", "{\"type\":\"ping\",\"x\":1.e400}" },
        { V, KF_INVALID, "not valid JSON", "{\"type\":\"ping\",\"x\":1e+}" },
        { V, KF_INVALID, "not valid UTF-8", "{\"type\":\"ping\",\"x\":\"\xff\"}" },
        { V, KF_INVALID, "not valid UTF-8", "{\"type\":\"ping\",\"x\":\"\xed\xa0\x80\"}" },
        { V, KF_INVALID, "type:", "{}" },
        { V, KF_INVALID, "type:", "{\"type\":1}" },
        { V, KF_UNSUPPORTED, "type: none of those allowed here: message, typing, read, ping, hello, history, rate, close, profile",
          "{\"type\":\"dance\"}" },
        { V, KF_UNSUPPORTED, "type:", "{\"type\":\"note\"," IN_CONV ",\"text\":\"n\"}" },
        { S, KF_UNSUPPORTED,
          "type: none of those allowed here: message, typing, read, ping, hello, history, close, presence, watch, whisper,",
          "{\"type\":\"rate\"," IN_CONV ",\"score\":5}" },
        { S, KF_UNSUPPORTED, "type:", "{\"type\":\"profile\",\"cid\":\"1\"}" },

        { V, KF_INVALID, "cid:", "{\"type\":\"message\",\"kind\":\"text\",\"text\":\"x\"}" },
        { V, KF_INVALID, "cid:", "{\"type\":\"message\",\"cid\":\"\",\"kind\":\"text\",\"text\":\"x\"}" },
        { V, KF_INVALID, "cid:", "{\"type\":\"message\",\"cid\":7,\"kind\":\"text\",\"text\":\"x\"}" },
        { V, KF_INVALID, "cid:", "{\"type\":\"message\",\"cid\":\"a b\",\"kind\":\"text\",\"text\":\"x\"}" },
        { V, KF_INVALID, "cid:", "{\"type\":\"message\",\"cid\":\"a\\u0000\",\"kind\":\"text\",\"text\":\"x\"}" },
        { V, KF_INVALID, "cid:", "{\"type\":\"close\",\"cid\":\"12345678901234567890123456789012345678901234567890123456789012345\"}" },
        { V, KF_INVALID, "kind:", "{\"type\":\"message\",\"cid\":\"1\",\"text\":\"x\"}" },
        { V, KF_INVALID, "kind:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"card\",\"text\":\"x\"}" },
        { V, KF_INVALID, "kind:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":[],\"text\":\"x\"}" },
        { S, KF_INVALID, "kind:", "{\"type\":\"message\"," IN_CONV ",\"kind\":\"form\",\"form\":{}}" },
        { S, KF_INVALID, "kind:", "{\"type\":\"message\"," IN_CONV ",\"kind\":\"choice\",\"choice\":\"x\"}" },
        { V, KF_INVALID, "kind: text, image, file, audio, choice or form",
          "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"card\",\"title\":\"x\",\"url\":\"https://x.example/\"}" },
        { S, KF_INVALID, "lon: lat and lon stand together", CARD("\"title\":\"x\",\"lat\":1") },
        { S, KF_INVALID, "lat: lat and lon stand together", CARD("\"title\":\"x\",\"lon\":1,\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "url: a place has none", CARD("\"title\":\"x\",\"lat\":1,\"lon\":1,\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "lat: degrees, a number from -90 to 90", CARD("\"title\":\"x\",\"lat\":90.1,\"lon\":1") },
        { S, KF_INVALID, "lon: degrees, a number from -180 to 180", CARD("\"title\":\"x\",\"lat\":90,\"lon\":-180.1") },
        { S, KF_INVALID, "lon: degrees", CARD("\"title\":\"x\",\"lat\":90,\"lon\":\"1\"") },
        { S, KF_INVALID, "kind: text, image, file, audio, card or template", "{\"type\":\"message\"," IN_CONV ",\"kind\":\"form\"}" },
        { S, KF_INVALID, "title: required", CARD("\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "title:", CARD("\"title\":7,\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "title: empty", CARD("\"title\":\"\\u3000\",\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "title: one line", CARD("\"title\":\"a\\nb\",\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "title: one line", CARD("\"title\":\"a\\u0085b\",\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "title: one line", CARD("\"title\":\"a\\u2028b\",\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "text:", CARD("\"title\":\"a\",\"text\":[],\"url\":\"https://x.example/\"") },
        { S, KF_INVALID, "url: required", CARD("\"title\":\"a\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":7") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"shop.example\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"javascript:alert(1)\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"ftp://x.example/\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"https://\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"https://bank.example@x.example/\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"https://a:b@x.example/\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"https://x.example/a b\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"https://x.example/\\n\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"https://x.example/#a b\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"https://x.example/#a\\u0000b\"") },
        { S, KF_INVALID, "url: an http", CARD("\"title\":\"a\",\"url\":\"https://x.example/退货\"") },
        { S, KF_INVALID, "file:", CARD("\"title\":\"a\",\"url\":\"https://x.example/\",\"file\":\"a.png\"") },
        { V, KF_INVALID, "text:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\"}" },
        { V, KF_INVALID, "text:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":7}" },
        { V, KF_INVALID, "text:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"\"}" },
        { V, KF_INVALID, "text:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\" \\n\"}" },
        { V, KF_INVALID, "text:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"\\u3000\\u00a0\\u200b\"}" },
        { S, KF_INVALID, "text:", "{\"type\":\"note\"," IN_CONV ",\"text\":\"\\u2003\\ufeff\"}" },
        { V, KF_INVALID, "reply_to:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"x\",\"reply_to\":0}" },
        { V, KF_INVALID, "reply_to:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"x\",\"reply_to\":1.5}" },
        { V, KF_INVALID, "reply_to:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"x\",\"reply_to\":\"1\"}" },
        { V, KF_INVALID, "file:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"file\"}" },
        { V, KF_INVALID, "file:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"file\",\"file\":\"../etc/passwd\"}" },
        { V, KF_INVALID,
          "file:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"file\",\"file\":\"00000000-0000-0000-0000-000000000000\"}" },
        { V, KF_INVALID, "choice:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"choice\"}" },
        { V, KF_INVALID, "choice:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"choice\",\"choice\":\"\"}" },
        { V, KF_INVALID, "form:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"form\"}" },
        { V, KF_INVALID, "form:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"form\",\"form\":[]}" },
        { V, KF_INVALID, "form:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"form\",\"form\":{\"a\":{}}}" },
        { V, KF_INVALID, "form:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"form\",\"form\":{\"a\":[[1]]}}" },
        { V, KF_INVALID, "form:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"form\",\"form\":{\"\":1}}" },

        { V, KF_INVALID, "token:", "{\"type\":\"hello\",\"token\":\"\"}" },
        { V, KF_INVALID, "token:", "{\"type\":\"hello\",\"token\":[]}" },
        { V, KF_INVALID, "form: empty", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"form\",\"form\":{}}" },
        { V, KF_INVALID, "locale:", "{\"type\":\"hello\",\"locale\":\"zh CN\"}" },
        { V, KF_INVALID, "locale:", "{\"type\":\"hello\",\"locale\":1}" },
        { V, KF_INVALID, "locale:", "{\"type\":\"hello\",\"locale\":\"zh-hant-hk-x-0123456789-0123456789-a\"}" },
        { V, KF_INVALID, "page:", "{\"type\":\"hello\",\"page\":\"https://x.example/\"}" },
        { V, KF_INVALID, "page.url:", "{\"type\":\"hello\",\"page\":{\"url\":1}}" },
        { V, KF_INVALID, "page.title:", "{\"type\":\"hello\",\"page\":{\"title\":{}}}" },
        { V, KF_INVALID, "profile:", "{\"type\":\"hello\",\"profile\":\"Ann\"}" },
        { V, KF_INVALID, "profile:", "{\"type\":\"hello\",\"profile\":{\"a\":[1]}}" },
        { V, KF_INVALID, "identity:", "{\"type\":\"hello\",\"identity\":\"u1\"}" },
        { V, KF_INVALID, "identity.id:", "{\"type\":\"hello\",\"identity\":{\"hash\":\"" HASH "\"}}" },
        { V, KF_INVALID, "identity.hash:", "{\"type\":\"hello\",\"identity\":{\"id\":\"u1\"}}" },
        { V, KF_INVALID, "identity.hash:", "{\"type\":\"hello\",\"identity\":{\"id\":\"u1\",\"hash\":\"abc\"}}" },
        { V, KF_INVALID, "conversation:", "{\"type\":\"hello\",\"conversation\":\"c1\"}" },
        { V, KF_INVALID, "last_seq:", "{\"type\":\"hello\",\"last_seq\":-1}" },
        { V, KF_INVALID, "last_seq:", "{\"type\":\"hello\",\"last_seq\":9007199254740992}" },

        { V, KF_INVALID, "history:", "{\"type\":\"history\"}" },
        { V, KF_INVALID, "history:", "{\"type\":\"history\",\"after\":1,\"before\":2}" },
        { V, KF_INVALID, "after:", "{\"type\":\"history\",\"after\":-1}" },
        { V, KF_INVALID, "before:", "{\"type\":\"history\",\"before\":0}" },
        { V, KF_INVALID, "limit:", "{\"type\":\"history\",\"after\":0,\"limit\":0}" },
        { V, KF_INVALID, "limit:", "{\"type\":\"history\",\"after\":0,\"limit\":201}" },
        { S, KF_INVALID, "conversation:", "{\"type\":\"history\",\"after\":0}" },
        { V, KF_INVALID, "on:", "{\"type\":\"typing\"}" },
        { V, KF_INVALID, "on:", "{\"type\":\"typing\",\"on\":1}" },
        { S, KF_INVALID, "conversation:", "{\"type\":\"typing\",\"on\":true}" },
        { V, KF_INVALID, "cid:", "{\"type\":\"read\",\"seq\":1}" },
        { V, KF_INVALID, "seq:", "{\"type\":\"read\",\"cid\":\"1\"}" },
        { V, KF_INVALID, "seq:", "{\"type\":\"read\",\"cid\":\"1\",\"seq\":0}" },
        { V, KF_INVALID, "conversation:", "{\"type\":\"rate\",\"cid\":\"1\",\"score\":1}" },
        { V, KF_INVALID, "score:", "{\"type\":\"rate\"," IN_CONV "}" },
        { V, KF_INVALID, "score:", "{\"type\":\"rate\"," IN_CONV ",\"score\":0}" },
        { V, KF_INVALID, "score:", "{\"type\":\"rate\"," IN_CONV ",\"score\":6}" },
        { V, KF_INVALID, "score:", "{\"type\":\"rate\"," IN_CONV ",\"score\":\"5\"}" },
        { V, KF_INVALID, "tags:", "{\"type\":\"rate\"," IN_CONV ",\"score\":5,\"tags\":\"x\"}" },
        { V, KF_INVALID, "tags:", "{\"type\":\"rate\"," IN_CONV ",\"score\":5,\"tags\":[\"\"]}" },
        { V, KF_INVALID, "tags:", "{\"type\":\"rate\"," IN_CONV ",\"score\":5,\"tags\":[1]}" },
        { V, KF_INVALID, "tags:",
          "{\"type\":\"rate\"," IN_CONV ",\"score\":5,\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\"]}" },
        { V, KF_INVALID, "comment:", "{\"type\":\"rate\"," IN_CONV ",\"score\":5,\"comment\":{}}" },
        { V, KF_INVALID, "cid:", "{\"type\":\"close\"}" },
        { S, KF_INVALID, "conversation:", "{\"type\":\"close\",\"cid\":\"1\"}" },
        { V, KF_INVALID, "cid:", "{\"type\":\"profile\",\"profile\":{}}" },

        { S, KF_INVALID, "conversation:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"x\"}" },
        { S, KF_INVALID, "presence:", "{\"type\":\"presence\",\"cid\":\"1\"}" },
        { S, KF_INVALID, "presence:", "{\"type\":\"presence\",\"cid\":\"1\",\"presence\":\"gone\"}" },
        { S, KF_INVALID, "presence:", "{\"type\":\"presence\",\"cid\":\"1\",\"presence\":3}" },
        { S, KF_INVALID, "reason:", "{\"type\":\"presence\",\"cid\":\"1\",\"presence\":\"away\",\"reason\":1}" },
        { S, KF_INVALID, "cid:", "{\"type\":\"accept\",\"conversation\":\"" CONV "\"}" },
        { S, KF_INVALID, "conversation:", "{\"type\":\"accept\",\"cid\":\"1\"}" },
        { S, KF_INVALID, "conversation:", "{\"type\":\"refuse\",\"cid\":\"1\",\"conversation\":7}" },
        { V, KF_INVALID, "kind:", "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"template\",\"template\":\"order\"}" },
        { S, KF_INVALID, "template: required", "{\"type\":\"message\"," IN_CONV ",\"kind\":\"template\"}" },
        { S, KF_INVALID, "template: 1 to 32", "{\"type\":\"message\"," IN_CONV ",\"kind\":\"template\",\"template\":\"A\"}" },
        { S, KF_INVALID, "fields: an object",
          "{\"type\":\"message\"," IN_CONV ",\"kind\":\"template\",\"template\":\"a\",\"fields\":\"x\"}" },
        { S, KF_INVALID,
          "fields.1:", "{\"type\":\"message\"," IN_CONV ",\"kind\":\"template\",\"template\":\"a\",\"fields\":{\"1\":null}}" },
        { S, KF_INVALID, "fields.:", "{\"type\":\"message\"," IN_CONV ",\"kind\":\"template\",\"template\":\"a\",\"fields\":{\"\":\"\"}}" },
        { S, KF_INVALID, "seq:", "{\"type\":\"recall\"," IN_CONV "}" },
        { S, KF_INVALID, "seq:", "{\"type\":\"resend\"," IN_CONV ",\"seq\":\"7\"}" },
        { S, KF_INVALID, "emoji: required", "{\"type\":\"react\"," IN_CONV ",\"seq\":7}" },
        { S, KF_INVALID, "emoji: one", "{\"type\":\"react\"," IN_CONV ",\"seq\":7,\"emoji\":true}" },
        { S, KF_INVALID, "emoji: one", "{\"type\":\"react\"," IN_CONV ",\"seq\":7,\"emoji\":\"好\"}" },
        { S, KF_INVALID, "emoji: one", "{\"type\":\"react\"," IN_CONV ",\"seq\":7,\"emoji\":\"👍👍\"}" },
        { S, KF_INVALID, "seq:", "{\"type\":\"react\"," IN_CONV ",\"emoji\":\"👍\"}" },
        { V, KF_UNSUPPORTED, "type:", "{\"type\":\"react\"," IN_CONV ",\"seq\":7,\"emoji\":\"👍\"}" },
        { S, KF_INVALID, "text:", "{\"type\":\"note\"," IN_CONV "}" },
        { S, KF_INVALID, "text:", "{\"type\":\"note\"," IN_CONV ",\"text\":\"\"}" },
        { S, KF_INVALID, "to:", "{\"type\":\"transfer\"," IN_CONV "}" },
        { S, KF_INVALID, "to:", "{\"type\":\"transfer\"," IN_CONV ",\"to\":{}}" },
        { S, KF_INVALID, "to:", "{\"type\":\"transfer\"," IN_CONV ",\"to\":\"sales\"}" },
        { S, KF_INVALID, "to:", "{\"type\":\"transfer\"," IN_CONV ",\"to\":{\"agent\":\"" CONV "\",\"queue\":\"sales\"}}" },
        { S, KF_INVALID, "to.agent:", "{\"type\":\"transfer\"," IN_CONV ",\"to\":{\"agent\":\"ann\"}}" },
        { S, KF_INVALID, "to.queue:", "{\"type\":\"transfer\"," IN_CONV ",\"to\":{\"queue\":\"Sales!\"}}" },
        { S, KF_INVALID, "to.queue:", "{\"type\":\"transfer\"," IN_CONV ",\"to\":{\"queue\":1}}" },
        { S, KF_INVALID, "note:", "{\"type\":\"transfer\"," IN_CONV ",\"to\":{\"queue\":\"s\"},\"note\":1}" },
        { S, KF_INVALID, "conversation:", "{\"type\":\"invite\",\"cid\":\"1\"}" },
    };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum kf_rc rc = decode(&t, rows[i].side, slice_of(rows[i].text));

        if (rc != rows[i].rc || t.why.rc != rc || strncmp(t.why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s\n: rc %s, words \"%s\", expected %s \"%s\"", rows[i].text, kf_rc_name(rc), t.why.text, kf_rc_name(rows[i].rc),
                     rows[i].words);
        end(&t);
    }
}

static void a_failure_still_knows_its_cid(void **state)
{
    struct turn t;

    (void)state;
    assert_int_equal(decode(&t, V, slice_of("{\"cid\":\"c9\",\"type\":\"message\",\"kind\":\"text\"}")), KF_INVALID);
    expect_slice(t.in.cid, "c9");
    end(&t);
    assert_int_equal(decode(&t, V, slice_of("{\"type\":\"dance\",\"cid\":\"c9\"}")), KF_UNSUPPORTED);
    expect_slice(t.in.cid, "c9");
    end(&t);
    assert_int_equal(decode(&t, V, slice_of("{\"type\":\"message\",\"cid\":\"no good\"}")), KF_INVALID);
    assert_int_equal(t.in.cid.n, 0);
    end(&t);
}

static void what_cannot_be_read_is_named_by_the_cid_that_it_seems_to_have(void **state)
{
    static const struct {
        const char *text, *cid;
    } rows[] = {
        { "{\"type\":\"close\",\"cid\":\"c9\",\"cid_2\":1,\"x\":1,\"x\":2}", "c9" },
        { "{\"x\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]],\"cid\" : \"c9\"}", "c9" },
        { "{\"type\":\"close\",\"text\":\"\\\"cid\\\":\\\"c1\\\"\",\"cid\":\"c9\",", "c9" },
        { "{\"cid\":\"c9\",\"text\":\"never en", "c9" },
        { "{\"x\":{\"cid\":\"c1\"},\"cid\":\"c9\",}", "c9" },
        { "{\"cid\":\"c1\",\"cid\":\"c2\"}", "" },
        { "{\"x\":{\"cid\":\"c1\"},}", "" },
        { "[\"cid\":\"c1\"", "c1" },
        { "\"cid\":\"c1\"", "" },
        { "{\"cid\":\"no good\",}", "" },
        { "{\"cid\":\"c1", "" },
        { "{\"cid\":\"", "" },
        { "{\"cid\":", "" },
        { "{\"cid\"", "" },
        { "{\"cid", "" },
        { "{\"cid\":7,}", "" },
    };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(decode(&t, V, slice_of(rows[i].text)), KF_INVALID);
        expect_slice(t.in.cid, rows[i].cid);
        end(&t);
    }
}

static void a_number_that_nothing_can_hold_is_ignored_with_its_member(void **state)
{
    static const char *const numbers[] = { "1e400", "-1E+999", "99999999999999999999", "9223372036854775808", "123.5e999999999999" };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char text[128];

        (void)snprintf(text, sizeof(text), "{\"type\":\"close\",\"cid\":\"c9\",\"newer\":%s}", numbers[i]);
        assert_int_equal(decode(&t, V, slice_of(text)), KF_OK);
        expect_slice(t.in.cid, "c9");
        end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_member_is_named),
        cmocka_unit_test(a_failure_still_knows_its_cid),
        cmocka_unit_test(what_cannot_be_read_is_named_by_the_cid_that_it_seems_to_have),
        cmocka_unit_test(a_number_that_nothing_can_hold_is_ignored_with_its_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
