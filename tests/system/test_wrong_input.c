/* Bad input is bounded and answered with a clear error, and harms nobody else. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITE     "demo"
#define AGENT1   "agent1@demo.example"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct daemon d;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true,
                                               .config = "[limits]\nhello_time = 1 s\nheader_time = 1 s\nbody_time = 1 s\n"
                                                         "message_burst = 1000\nmessage_rate = 1000\n" });
    return 0;
}

static int start_with_defaults(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true, .config = "[limits]\nconversations = 3\n" });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    return 0;
}

/* ---- frames ---- */

#define DEEP16 "[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]"

struct row {
    const char *frame, *code, *cid; /* cid: that of the error, NULL none */
};

static const struct row visitor_rows[] = {
    { "", "bad_request", NULL },
    { "nonsense", "bad_request", NULL },
    { "[1]", "bad_request", NULL },
    { "\"text\"", "bad_request", NULL },
    { "{\"type\":\"ping\"} {}", "bad_request", NULL },
    { "{\"type\":\"ping\",}", "bad_request", NULL },
    { "{\"type\":1}", "bad_request", NULL },
    { "{\"cid\":\"w1\"}", "bad_request", "w1" },
    { "{\"type\":\"ping\",\"type\":\"ping\"}", "bad_request", NULL },
    { "{\"type\":\"profile\",\"cid\":\"w2\",\"profile\":{\"a\":1,\"a\":2}}", "bad_request", "w2" },
    { "{\"type\":\"ping\",\"x\":[" DEEP16 "]}", "bad_request", NULL },
    { "{\"type\":\"dance\",\"cid\":\"w3\"}", "unsupported", "w3" },
    { "{\"type\":\"accept\",\"cid\":\"w4\",\"conversation\":\"01936b2e-0000-7000-8000-000000000001\"}", "unsupported", "w4" },
    { "{\"type\":\"message\",\"kind\":\"text\",\"text\":\"a\"}", "bad_request", NULL },
    { "{\"type\":\"message\",\"cid\":\"a b\",\"kind\":\"text\",\"text\":\"a\"}", "bad_request", NULL },
    { "{\"type\":\"message\",\"cid\":\"\",\"kind\":\"text\",\"text\":\"a\"}", "bad_request", NULL },
    { "{\"type\":\"message\",\"cid\":\"0123456789012345678901234567890123456789012345678901234567890123x\",\"kind\":\"text\",\"text\":"
      "\"a\"}",
      "bad_request", NULL },
    { "{\"type\":\"message\",\"cid\":7,\"kind\":\"text\",\"text\":\"a\"}", "bad_request", NULL },
    { "{\"type\":\"message\",\"cid\":\"w5\",\"kind\":\"text\"}", "bad_request", "w5" },
    { "{\"type\":\"message\",\"cid\":\"w6\",\"kind\":\"text\",\"text\":\" \\n\\t \"}", "bad_request", "w6" },
    { "{\"type\":\"message\",\"cid\":\"w7\",\"kind\":\"text\",\"text\":[\"a\"]}", "bad_request", "w7" },
    { "{\"type\":\"message\",\"cid\":\"w8\",\"kind\":\"event\",\"text\":\"a\"}", "bad_request", "w8" },
    { "{\"type\":\"message\",\"cid\":\"w9\",\"kind\":\"removed\",\"text\":\"a\"}", "bad_request", "w9" },
    { "{\"type\":\"message\",\"cid\":\"w10\",\"kind\":\"image\",\"file\":\"../../etc/passwd\"}", "bad_request", "w10" },
    { "{\"type\":\"message\",\"cid\":\"w11\",\"kind\":\"image\"}", "bad_request", "w11" },
    { "{\"type\":\"message\",\"cid\":\"w12\",\"kind\":\"file\",\"file\":\"01936b2e-0000-7000-8000-0000000000f1\"}", "not_found", "w12" },
    { "{\"type\":\"message\",\"cid\":\"w13\",\"kind\":\"choice\",\"choice\":\"\"}", "bad_request", "w13" },
    { "{\"type\":\"message\",\"cid\":\"w14\",\"kind\":\"form\",\"form\":[]}", "bad_request", "w14" },
    { "{\"type\":\"message\",\"cid\":\"w15\",\"kind\":\"form\",\"form\":{\"a\":{\"b\":1}}}", "bad_request", "w15" },
    { "{\"type\":\"message\",\"cid\":\"w16\",\"kind\":\"text\",\"text\":\"a\",\"reply_to\":-1}", "bad_request", "w16" },
    { "{\"type\":\"message\",\"cid\":\"w17\",\"kind\":\"text\",\"text\":\"a\",\"reply_to\":9007199254740993}", "bad_request", "w17" },
    { "{\"type\":\"message\",\"cid\":\"w25\",\"kind\":\"text\",\"text\":\"a\",\"reply_to\":1e400}", "bad_request", "w25" },
    { "{\"type\":\"history\"}", "bad_request", NULL },
    { "{\"type\":\"history\",\"after\":1,\"before\":9}", "bad_request", NULL },
    { "{\"type\":\"history\",\"after\":-1}", "bad_request", NULL },
    { "{\"type\":\"history\",\"before\":0}", "bad_request", NULL },
    { "{\"type\":\"history\",\"after\":0,\"limit\":0}", "bad_request", NULL },
    { "{\"type\":\"history\",\"after\":0,\"limit\":201}", "bad_request", NULL },
    { "{\"type\":\"history\",\"after\":0,\"conversation\":\"1\"}", "bad_request", NULL },
    { "{\"type\":\"history\",\"after\":1e3}", "bad_request", NULL },
    { "{\"type\":\"typing\"}", "bad_request", NULL },
    { "{\"type\":\"typing\",\"on\":\"yes\"}", "bad_request", NULL },
    { "{\"type\":\"read\",\"cid\":\"w18\",\"seq\":0}", "bad_request", "w18" },
    { "{\"type\":\"read\",\"seq\":1}", "bad_request", NULL },
    { "{\"type\":\"rate\",\"cid\":\"w19\",\"conversation\":\"01936b2e-0000-7000-8000-000000000001\",\"score\":0}", "bad_request", "w19" },
    { "{\"type\":\"rate\",\"cid\":\"w20\",\"conversation\":\"01936b2e-0000-7000-8000-000000000001\",\"score\":6}", "bad_request", "w20" },
    { "{\"type\":\"rate\",\"cid\":\"w21\",\"conversation\":\"01936b2e-0000-7000-8000-000000000001\",\"score\":5,\"tags\":\"a\"}",
      "bad_request", "w21" },
    { "{\"type\":\"close\"}", "bad_request", NULL },
    { "{\"type\":\"profile\",\"cid\":\"w22\",\"profile\":[]}", "bad_request", "w22" },
    { "{\"type\":\"profile\",\"cid\":\"w23\",\"identity\":{\"id\":\"u\"}}", "bad_request", "w23" },
    { "{\"type\":\"profile\",\"cid\":\"w24\",\"identity\":{\"id\":\"u\",\"hash\":\"00\"}}", "bad_request", "w24" },
};

#define SOME_CONV "\"conversation\":\"01936b2e-0000-7000-8000-000000000001\""

static const struct row staff_rows[] = {
    { "{\"type\":\"rate\",\"cid\":\"s1\"," SOME_CONV ",\"score\":5}", "unsupported", "s1" },
    { "{\"type\":\"presence\",\"cid\":\"s2\",\"presence\":\"asleep\"}", "bad_request", "s2" },
    { "{\"type\":\"presence\",\"presence\":\"online\"}", "bad_request", NULL },
    { "{\"type\":\"message\",\"cid\":\"s3\",\"kind\":\"text\",\"text\":\"a\"}", "bad_request", "s3" },
    { "{\"type\":\"message\",\"cid\":\"s4\",\"kind\":\"text\",\"text\":\"a\"," SOME_CONV "}", "not_found", "s4" },
    { "{\"type\":\"message\",\"cid\":\"s5\",\"kind\":\"form\",\"form\":{}," SOME_CONV "}", "bad_request", "s5" },
    { "{\"type\":\"note\",\"cid\":\"s6\"," SOME_CONV "}", "bad_request", "s6" },
    { "{\"type\":\"transfer\",\"cid\":\"s7\"," SOME_CONV "}", "bad_request", "s7" },
    { "{\"type\":\"transfer\",\"cid\":\"s8\"," SOME_CONV ",\"to\":{}}", "bad_request", "s8" },
    { "{\"type\":\"transfer\",\"cid\":\"s9\"," SOME_CONV ",\"to\":{\"queue\":\"a b\"}}", "bad_request", "s9" },
    { "{\"type\":\"recall\",\"cid\":\"s10\"," SOME_CONV "}", "bad_request", "s10" },
    { "{\"type\":\"close\",\"cid\":\"s11\",\"conversation\":7}", "bad_request", "s11" },
    { "{\"type\":\"history\",\"after\":0}", "bad_request", NULL },
    { "{\"type\":\"accept\",\"cid\":\"s12\"," SOME_CONV "}", "not_found", "s12" },
};

static void each_is_refused(struct wire *w, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *e;

        wire_text(w, rows[i].frame);
        e = wire_take(w, "{s:s}", "type", "error");
        if (strcmp(text_at(e, "code"), rows[i].code) != 0 || strcmp(text_at(e, "cid"), rows[i].cid ? rows[i].cid : "") != 0)
            fail_msg("%s was answered with code %s, cid \"%s\"", rows[i].frame, text_at(e, "code"), text_at(e, "cid"));
        assert_true(*text_at(e, "message"));
    }
}

static void wrong_frames_of_visitors_are_named_and_harm_nothing(void **state)
{
    struct visitor v = { 0 }, other = { 0 };

    (void)state;
    visitor_enter(&other, &d, SITE, NULL);
    (void)visitor_say(&other, "c1", "先说一句");
    visitor_enter(&v, &d, SITE, NULL);
    each_is_refused(&v.wire, visitor_rows, COUNT(visitor_rows));
    assert_int_equal(visitor_say(&v, "good", "这一句是好的"), 1);
    assert_true(visitor_say(&other, "c2", "旁边的人不受影响") > 1);
    visitor_free(&other);
    visitor_free(&v);
}

static void wrong_frames_of_staff_are_named_and_harm_nothing(void **state)
{
    struct staff a = { 0 };

    (void)state;
    staff_sign_in(&a, &d, AGENT1);
    staff_enter(&a, &d, SITE);
    each_is_refused(&a.wire, staff_rows, COUNT(staff_rows));
    staff_presence(&a, "offline");
    staff_free(&a);
}

static void what_was_not_offered_cannot_be_chosen_nor_answered(void **state)
{
    struct visitor v = { 0 };
    int64_t seq;

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"k1\",\"kind\":\"choice\",\"choice\":\"yes\"}");
    assert_string_equal(wire_verdict(&v.wire, "k1"), "bad_request"); /* there is no conversation yet, nor is one opened by it */
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"k2\",\"kind\":\"text\",\"text\":\"一\",\"reply_to\":1}");
    assert_string_equal(wire_verdict(&v.wire, "k2"), "ack"); /* as if it had been of a conversation before */
    assert_int_equal(number_at(v.wire.last, "seq"), 1);
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"k3\",\"kind\":\"choice\",\"choice\":\"yes\",\"text\":\"是\"}");
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"k4\",\"kind\":\"text\",\"text\":\"二\",\"reply_to\":999}");
    assert_string_equal(wire_verdict(&v.wire, "k3"), "bad_request");
    assert_string_equal(wire_verdict(&v.wire, "k4"), "bad_request");
    assert_non_null(strstr(text_at(v.wire.last, "message"), "999"));
    seq = visitor_say(&v, "k5", "三");
    wire_sendf(&v.wire, "{\"type\":\"message\",\"cid\":\"k6\",\"kind\":\"text\",\"text\":\"四\",\"reply_to\":%d}", (int)seq);
    assert_string_equal(wire_verdict(&v.wire, "k6"), "ack");
    visitor_free(&v);
}

/* One space of cids for all that a visitor does; and each act that is repeated is answered as before. */
static void a_cid_is_good_for_one_act_only(void **state)
{
    static const char *const acts[] = {
        "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"text\",\"text\":\"一\"}",
        "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"form\",\"form\":{\"name\":\"一\"}}",
        "{\"type\":\"read\",\"cid\":\"%s\",\"seq\":1}",
        "{\"type\":\"profile\",\"cid\":\"%s\",\"profile\":{\"name\":\"一\"}}",
        "{\"type\":\"rate\",\"cid\":\"%s\",\"conversation\":\"CONV\",\"score\":5}",
        "{\"type\":\"close\",\"cid\":\"%s\"}",
    };
    struct staff s = { 0 };
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    (void)visitor_say(&v, "k0", "零");
    staff_online(&s, &d, AGENT1, SITE); /* who was served may rate */
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served");
    for (size_t i = 0; i < COUNT(acts); i++) {
        char cid[16], frame[256];

        (void)snprintf(cid, sizeof(cid), "one%zu", i);
        for (size_t k = 0; k < 5; k++) {
            size_t which = k < 2 ? i : k - 2; /* twice itself, then others under the same cid */
            const char *at = strstr(acts[which], "CONV"), *expected = which == i ? "ack" : "conflict";
            char *p = frame + sprintf(frame, "%.*s", (int)(strstr(acts[which], "%s") - acts[which]), acts[which]);

            p += sprintf(p, "%s", cid);
            if (at)
                p += sprintf(p, "%.*s%s%s", (int)(at - strstr(acts[which], "%s") - 2), strstr(acts[which], "%s") + 2, v.conv, at + 4);
            else
                p += sprintf(p, "%s", strstr(acts[which], "%s") + 2);
            wire_text(&v.wire, frame);
            if (strcmp(wire_verdict(&v.wire, cid), expected) != 0)
                fail_msg("%s: %s instead of %s", frame, text_at(v.wire.last, "code"), expected);
        }
    }
    staff_presence(&s, "offline");
    staff_free(&s);
    visitor_free(&v);
}

static void unknown_members_are_ignored(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, SITE, ",\"future\":{\"a\":[1,2,{\"b\":null}]}");
    wire_text(&v.wire, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"好\",\"reply_to\":null,\"future\":1}");
    assert_string_equal(wire_verdict(&v.wire, "c1"), "ack");
    visitor_free(&v);
}

/* ---- sizes ---- */

static char *repeated(const char *unit, size_t n)
{
    size_t len = strlen(unit);
    char *ret = malloc(n * len + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(ret + i * len, unit, len);
    ret[n * len] = '\0';
    return ret;
}

static void a_text_may_have_4096_characters_of_any_script(void **state)
{
    const char *const units[] = { "a", "字", "😀" };
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    for (size_t i = 0; i < COUNT(units); i++) {
        char *fits = repeated(units[i], 4096), *over = repeated(units[i], 4097), cid[16];

        (void)snprintf(cid, sizeof(cid), "fits%zu", i);
        (void)visitor_say(&v, cid, fits);
        wire_pack(&v.wire, "{s:s,s:s,s:s,s:s}", "type", "message", "cid", "over", "kind", "text", "text", over);
        assert_string_equal(wire_verdict(&v.wire, "over"), "too_large");
        free(fits);
        free(over);
    }
    visitor_free(&v);
}

/* A ping of exactly n bytes: the rest is an unknown member. */
static char *ping_of(size_t n)
{
    static const char head[] = "{\"type\":\"ping\",\"x\":\"", tail[] = "\"}";
    char *ret = repeated("x", n);

    memcpy(ret, head, strlen(head));
    memcpy(ret + n - strlen(tail), tail, strlen(tail));
    return ret;
}

static void a_socket_message_may_have_64_KiB(void **state)
{
    char *fits = ping_of(65536), *over = ping_of(65537);
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    wire_text(&v.wire, fits);
    wire_take(&v.wire, "{s:s}", "type", "pong");
    wire_text(&v.wire, over);
    assert_int_equal(wire_closed(&v.wire), 1009);
    visitor_leave(&v);
    visitor_enter(&v, &d, SITE, NULL); /* in parts, none of which is too large by itself */
    wire_frame(&v.wire, WIRE_TEXT, false, true, over, 40000);
    wire_frame(&v.wire, 0, true, true, over + 40000, 25537);
    assert_int_equal(wire_closed(&v.wire), 1009);
    free(fits);
    free(over);
    visitor_free(&v);
}

static void parts_are_put_together(void **state)
{
    struct visitor v = { 0 };

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    wire_frame(&v.wire, WIRE_TEXT, false, true, "{\"type\":", 8);
    wire_frame(&v.wire, WIRE_PING, true, true, "mid", 3);
    wire_frame(&v.wire, 0, true, true, "\"ping\"}", 7);
    wire_take(&v.wire, "{s:s}", "type", "pong");
    UNTIL(wire_pump(&v.wire, 10) && v.wire.pongs == 1);
    visitor_free(&v);
}

/* ---- the protocol beneath ---- */

static void a_socket_that_breaks_the_protocol_is_closed(void **state)
{
    static const struct {
        int opcode;
        const char *bytes;
        size_t n;
        int code;
    } rows[] = {
        { WIRE_TEXT, "{\"type\":\"ping\",\"x\":\"\xff\"}", 23, 1007 },
        { WIRE_TEXT, "{\"type\":\"ping\",\"x\":\"\xed\xa0\x80\"}", 25, 1007 },
        { WIRE_TEXT, "{\"type\":\"ping\",\"x\":\"\xc0\xaf\"}", 24, 1007 },
        { WIRE_BINARY, "{\"type\":\"ping\"}", 15, 1003 },
        { 0x3, "x", 1, 1002 },
        { 0x0, "x", 1, 1002 },
        { WIRE_TEXT, "{\"type\":\"hello\"}", 16, 4400 },
    };
    struct visitor other = { 0 };

    (void)state;
    visitor_enter(&other, &d, SITE, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct visitor v = { 0 };
        int code;

        visitor_enter(&v, &d, SITE, NULL);
        wire_frame(&v.wire, rows[i].opcode, true, true, rows[i].bytes, rows[i].n);
        code = wire_closed(&v.wire);
        if (code != rows[i].code)
            fail_msg("row %zu: closed with %d instead of %d", i, code, rows[i].code);
        visitor_free(&v);
    }
    assert_true(visitor_say(&other, "c1", "还在") > 0);
    visitor_free(&other);
}

static void before_hello_nothing_is_done(void **state)
{
    struct wire w;
    char visitor_path[] = "/ws/visitor?site=" SITE;

    (void)state;
    assert_int_equal(wire_open(&w, &d, &(struct wire_options){ .path = visitor_path, .protocol = "kefu.visitor.v1" }), 101);
    wire_text(&w, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"太早\"}");
    wire_take(&w, "{s:s,s:s,s:s}", "type", "error", "cid", "c1", "code", "bad_request");
    assert_int_equal(wire_closed(&w), 4408); /* and without it there is no staying */
    wire_drop(&w);
}

static void upgrades_are_guarded(void **state)
{
    const struct {
        const char *path, *protocol, *cookie, *origin, *version;
        int status;
    } rows[] = {
        { "/ws/visitor?site=demo", "kefu.visitor.v1", NULL, "https://evil.example", NULL, 403 },
        { "/ws/visitor?site=demo", "kefu.visitor.v1", NULL, "null", NULL, 403 },
        { "/ws/visitor?site=demo", "kefu.visitor.v1", NULL, "", NULL, 101 },
        { "/ws/visitor?site=demo", "kefu.visitor.v1", NULL, NULL, NULL, 101 },
        { "/ws/visitor?site=demo", "kefu.visitor.v1", "__Host-kefu_v=v1.x.1.y", NULL, NULL, 403 },
        { "/ws/visitor?site=demo", "kefu.agent.v1", NULL, NULL, NULL, 400 },
        { "/ws/visitor?site=demo", "soap", NULL, NULL, NULL, 400 },
        { "/ws/visitor?site=demo", NULL, NULL, NULL, NULL, 400 },
        { "/ws/visitor?site=demo", "kefu.visitor.v1", NULL, NULL, "12", 426 },
        { "/ws/agent?site=demo", "kefu.agent.v1", "__Host-kefu_s=0", NULL, NULL, 403 },
        { "/ws/agent?site=demo", "kefu.agent.v1", "__Host-kefu_s=0", "https://evil.example", NULL, 403 },
        { "/healthz", "kefu.visitor.v1", NULL, NULL, NULL, 404 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire w;
        int status = wire_open(&w, &d,
                               &(struct wire_options){ .path = rows[i].path,
                                                       .protocol = rows[i].protocol,
                                                       .cookie = rows[i].cookie,
                                                       .origin = rows[i].origin,
                                                       .version = rows[i].version });

        if (status != rows[i].status)
            fail_msg("row %zu: %d instead of %d", i, status, rows[i].status);
        wire_drop(&w);
    }
}

/* A page never sees the status of a refused handshake, so it gets a close code; whatever it says before that is not heard. */
static void who_may_not_in_is_told_by_a_close_code(void **state)
{
    const struct {
        const char *path, *protocol, *cookie;
        int code;
    } rows[] = {
        { "/ws/visitor?site=nowhere", "kefu.visitor.v1", NULL, 4403 },
        { "/ws/visitor?site=../demo", "kefu.visitor.v1", NULL, 4403 },
        { "/ws/visitor?site=DEMO", "kefu.visitor.v1", NULL, 4403 },
        { "/ws/visitor?site=", "kefu.visitor.v1", NULL, 4403 },
        { "/ws/visitor", "kefu.visitor.v1", NULL, 4403 },
        { "/ws/agent?site=demo", "kefu.agent.v1", NULL, 4401 },
        { "/ws/agent?site=nowhere", "kefu.agent.v1", NULL, 4401 },
        { "/ws/agent?site=nowhere", "kefu.agent.v1", "__Host-kefu_s=0", 4403 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire w;
        int code;

        assert_int_equal(
            wire_open(&w, &d,
                      &(struct wire_options){ .path = rows[i].path, .protocol = rows[i].protocol, .cookie = rows[i].cookie, .origin = "" }),
            101);
        wire_text(&w, "{\"type\":\"hello\"}");
        code = wire_closed(&w);
        if (code != rows[i].code)
            fail_msg("row %zu: %d instead of %d", i, code, rows[i].code);
        assert_int_equal(json_array_size(w.inbox), 0);
        wire_drop(&w);
    }
}

static void a_session_that_is_none_is_closed_with_4401(void **state)
{
    struct wire w;

    (void)state;
    assert_int_equal(wire_open(&w, &d,
                               &(struct wire_options){ .path = "/ws/agent?site=" SITE,
                                                       .protocol = "kefu.agent.v1",
                                                       .cookie = "__Host-kefu_s=0123456789abcdef",
                                                       .origin = "" }),
                     101);
    wire_text(&w, "{\"type\":\"hello\"}");
    assert_int_equal(wire_closed(&w), 4401);
    wire_drop(&w);
}

static void slow_requests_are_ended(void **state)
{
    static const char *const rows[] = {
        "GET /healthz HT",
        "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = web_connect(&d, false);

        web_send(fd, rows[i], strlen(rows[i]));
        assert_true(web_ended(fd));
        (void)close(fd);
    }
}

/* ---- HTTP ---- */

static void wrong_requests_get_problem_documents(void **state)
{
    static const char sign_in[] = "/api/v1/session";
    const struct {
        const char *method, *path, *headers, *body, *origin;
        int status;
    } rows[] = {
        { "GET", "/nothing/here", NULL, NULL, NULL, 404 },
        { "GET", "/api/v1/nothing", NULL, NULL, NULL, 404 },
        { "DELETE", "/healthz", NULL, NULL, NULL, 405 },
        { "PUT", sign_in, NULL, "{}", NULL, 405 },
        { "PATCH", sign_in, NULL, "{}", NULL, 405 },
        { "GET", sign_in, NULL, NULL, NULL, 401 },
        { "DELETE", sign_in, NULL, NULL, NULL, 401 },
        { "GET", "/api/v1/transcripts?site=demo", NULL, NULL, NULL, 401 },
        { "GET", "/api/v1/people?site=demo", NULL, NULL, NULL, 401 },
        { "GET", "/api/v1/status", NULL, NULL, NULL, 404 },
        { "POST", "/api/v1/backup", NULL, "{\"path\":\"/tmp/x\"}", NULL, 404 },
        { "POST", "/api/v1/reload", NULL, "", NULL, 404 },
        { "POST", "/api/v1/sites", NULL, "{}", NULL, 404 },
        { "POST", sign_in, NULL, "nonsense", NULL, 400 },
        { "POST", sign_in, NULL, "[]", NULL, 400 },
        { "POST", sign_in, NULL, "{\"email\":1,\"password\":2}", NULL, 400 },
        { "POST", sign_in, NULL, "{\"email\":\"agent1@demo.example\",\"password\":\"" DEMO_PASSWORD "\",\"code\":123456}", NULL, 400 },
        { "POST", sign_in, NULL, "{\"email\":\"a@b\",\"email\":\"a@b\",\"password\":\"x\"}", NULL, 400 },
        { "POST", sign_in, NULL, "{\"email\":\"a@b\",\"password\":\"\xff\"}", NULL, 400 },
        { "POST", sign_in, NULL, "{\"x\":[" DEEP16 "]}", NULL, 400 },
        { "POST", sign_in, NULL, "{\"email\":\"agent1@demo.example\",\"password\":\"" DEMO_PASSWORD "\"}", "https://evil.example", 403 },
        { "POST", sign_in, "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", NULL, 400 },
        { "POST", sign_in, "Content-Length: -1\r\n", NULL, NULL, 400 },
        { "POST", sign_in, "Content-Length: 2\r\nContent-Length: 3\r\n", "{} ", NULL, 400 },
        { "POST", sign_in, "Content-Length: 1048577\r\n", NULL, NULL, 413 },
        { "POST", "/files?site=demo&name=a", "Content-Length: 10485761\r\n", NULL, NULL, 413 },
        { "POST", "/files?site=nowhere&name=a", NULL, "x", NULL, 404 },
        { "POST", "/files?site=demo&name=a", NULL, "x", NULL, 401 },
        { "POST", "/files?site=demo&name=a", "Authorization: Bearer v1.x.1.y\r\n", "x", NULL, 401 },
        { "POST", "/files?site=demo&name=a", "Cookie: __Host-kefu_v=v1.x.1.y\r\n", "x", "https://evil.example", 401 },
        { "GET", "/files/../kefud.db", NULL, NULL, NULL, 404 },
        { "GET", "/files/01936b2e-0000-7000-8000-0000000000f1", NULL, NULL, NULL, 404 },
        { "GET", "/files/%00", NULL, NULL, NULL, 404 },
        { "POST", "/hooks/0123456789abcdef0123456789abcdef", NULL, "{}", NULL, 404 },
        { "POST", "/hooks/", NULL, "{}", NULL, 404 },
        { "GET", "/chat/nowhere", NULL, NULL, NULL, 404 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        web_status(&d, rows[i].status,
                   &(struct ask){ .method = rows[i].method,
                                  .path = rows[i].path,
                                  .headers = rows[i].headers,
                                  .body = rows[i].body,
                                  .origin = rows[i].origin });
}

/* Where there is nothing that takes one, that comes first. */
static void a_body_without_length_is_refused(void **state)
{
    static const struct {
        const char *ask;
        int status;
        const char *allow;
    } rows[] = {
        { "POST /files?site=demo&name=a", 411, NULL },
        { "POST /api/v1/session", 411, NULL },
        { "POST /console/", 405, "GET, HEAD" },
        { "PUT /api/v1/session", 405, "POST, GET, HEAD, DELETE" },
        { "PATCH /nothing", 404, NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reply r;
        int fd = web_connect(&d, false);
        char ask[128];

        web_send(fd, ask, (size_t)snprintf(ask, sizeof(ask), "%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", rows[i].ask));
        assert_true(web_read(fd, false, &r));
        if (r.status != rows[i].status)
            fail_msg("%s was answered with %d", rows[i].ask, r.status);
        if (rows[i].allow)
            assert_string_equal(reply_header(&r, "Allow"), rows[i].allow);
        reply_free(&r);
        (void)close(fd);
    }
}

static void what_unsafe_requests_need_is_the_csrf_token(void **state)
{
    struct staff a = { 0 };
    char wrong[sizeof(a.csrf)];

    (void)state;
    staff_sign_in(&a, &d, AGENT1);
    (void)snprintf(wrong, sizeof(wrong), "%s", a.csrf);
    wrong[0] = wrong[0] == '0' ? '1' : '0';
    web_status(&d, 403, &(struct ask){ .method = "DELETE", .path = "/api/v1/session", .cookie = a.cookie, .origin = "" });
    web_status(&d, 403, &(struct ask){ .method = "DELETE", .path = "/api/v1/session", .cookie = a.cookie, .origin = "", .csrf = wrong });
    web_status(&d, 403,
               &(struct ask){
                   .method = "DELETE", .path = "/api/v1/session", .cookie = a.cookie, .csrf = a.csrf, .origin = "https://evil.example" });
    web_status(&d, 200, &(struct ask){ .path = "/api/v1/session", .cookie = a.cookie });
    web_status(&d, 204, &(struct ask){ .method = "DELETE", .path = "/api/v1/session", .cookie = a.cookie, .origin = "", .csrf = a.csrf });
    web_status(&d, 401, &(struct ask){ .path = "/api/v1/session", .cookie = a.cookie });
    staff_free(&a);
}

/* ---- limits of rate ---- */

static void too_many_messages_wait_for_a_moment(void **state)
{
    struct visitor v = { 0 };
    const json_t *e;
    int64_t seq = 0, retry;

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    for (int i = 0; i < 10; i++) {
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "c%d", i);
        seq = visitor_say(&v, cid, "快");
    }
    do { /* two a second come back while we speak */
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "d%d", (int)++seq);
        wire_pack(&v.wire, "{s:s,s:s,s:s,s:s}", "type", "message", "cid", cid, "kind", "text", "text", "太快");
        e = wire_take(&v.wire, "{s:s}", "cid", cid);
    } while (strcmp(text_at(e, "type"), "ack") == 0);
    assert_string_equal(text_at(e, "code"), "rate_limited");
    retry = number_at(e, "retry_after_ms");
    assert_in_range(retry, 1, 500);
    wire_pack(&v.wire, "{s:s,s:s}", "type", "ping", "cid", "p"); /* only messages are counted */
    wire_take(&v.wire, "{s:s}", "type", "pong");
    UNTIL((wire_pack(&v.wire, "{s:s,s:s,s:s,s:s}", "type", "message", "cid", "later", "kind", "text", "text", "慢"),
           strcmp(wire_verdict(&v.wire, "later"), "ack") == 0));
    visitor_leave(&v);
    visitor_enter(&v, &d, SITE, NULL);
    for (int i = 0; i < 30; i++) { /* a page that sends its outbox again is not counted, nor slowed down */
        char cid[16];

        (void)snprintf(cid, sizeof(cid), "c%d", i % 10);
        wire_pack(&v.wire, "{s:s,s:s,s:s,s:s}", "type", "message", "cid", cid, "kind", "text", "text", "快");
        e = wire_take(&v.wire, "{s:s,s:s}", "cid", cid, "type", "ack");
        assert_true(number_at(e, "seq") > 0);
    }
    visitor_free(&v);
}

static void new_conversations_of_an_address_are_counted(void **state)
{
    struct visitor v[16] = { 0 };
    const json_t *e;
    int n = 2;

    (void)state;
    for (int i = 0; i < 2; i++) { /* the test before has opened the third */
        visitor_enter(&v[i], &d, SITE, NULL);
        (void)visitor_say(&v[i], "c1", "你好");
    }
    do { /* one comes back every 20 s */
        assert_true(n < 16);
        visitor_enter(&v[n], &d, SITE, NULL);
        wire_text(&v[n].wire, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"你好\"}");
        e = wire_take(&v[n++].wire, "{s:s}", "cid", "c1");
    } while (strcmp(text_at(e, "type"), "ack") == 0);
    assert_string_equal(text_at(e, "code"), "rate_limited");
    assert_in_range(number_at(e, "retry_after_ms"), 1, 20000);
    (void)visitor_say(&v[0], "c2", "开着的可以继续");
    while (n-- > 0)
        visitor_free(&v[n]);
}

static void guessing_passwords_gets_slower(void **state)
{
    struct staff a = { 0 };
    struct reply r, s;

    (void)state;
    web_ask(&d, &(struct ask){ .path = "/api/v1/session", .body = "{\"email\":\"agent1@demo.example\",\"password\":\"secret-guess-1\"}" },
            &r);
    web_ask(&d, &(struct ask){ .path = "/api/v1/session", .body = "{\"email\":\"nobody@demo.example\",\"password\":\"secret-guess-2\"}" },
            &s);
    assert_int_equal(r.status, 401);
    assert_int_equal(s.status, 401);
    assert_string_equal(r.body, s.body); /* who has an account is not told */
    reply_free(&r);
    reply_free(&s);
    for (int i = 0; i < 3; i++)
        assert_int_equal(staff_try_sign_in(&a, &d, "agent2@demo.example", "secret-guess-3"), 401);
    r = web_expect(
        &d, 429,
        &(struct ask){ .path = "/api/v1/session", .body = "{\"email\":\"agent1@demo.example\",\"password\":\"" DEMO_PASSWORD "\"}" });
    assert_in_range(atoi(reply_header(&r, "Retry-After")), 1, 2);
    assert_string_equal(text_at(r.json, "code"), "rate_limited");
    reply_free(&r);
    UNTIL(staff_try_sign_in(&a, &d, AGENT1, DEMO_PASSWORD) == 201);
    staff_free(&a);
}

static void logs_keep_no_secrets_and_no_words(void **state)
{
    static const char *const words[] = { DEMO_PASSWORD, "secret-guess", "太快", "你好", "agent1@demo.example", "kefu_s", "whsec_", "v1.0" };
    char *log = daemon_log(&d);

    (void)state;
    assert_non_null(strstr(log, "event=ready"));
    for (size_t i = 0; i < COUNT(words); i++)
        if (strstr(log, words[i]))
            fail_msg("the log has: %.120s", strstr(log, words[i]));
    free(log);
}

int main(void)
{
    const struct CMUnitTest bounds[] = {
        cmocka_unit_test(wrong_frames_of_visitors_are_named_and_harm_nothing),
        cmocka_unit_test(wrong_frames_of_staff_are_named_and_harm_nothing),
        cmocka_unit_test(what_was_not_offered_cannot_be_chosen_nor_answered),
        cmocka_unit_test(a_cid_is_good_for_one_act_only),
        cmocka_unit_test(unknown_members_are_ignored),
        cmocka_unit_test(a_text_may_have_4096_characters_of_any_script),
        cmocka_unit_test(a_socket_message_may_have_64_KiB),
        cmocka_unit_test(parts_are_put_together),
        cmocka_unit_test(a_socket_that_breaks_the_protocol_is_closed),
        cmocka_unit_test(before_hello_nothing_is_done),
        cmocka_unit_test(upgrades_are_guarded),
        cmocka_unit_test(who_may_not_in_is_told_by_a_close_code),
        cmocka_unit_test(a_session_that_is_none_is_closed_with_4401),
        cmocka_unit_test(slow_requests_are_ended),
        cmocka_unit_test(wrong_requests_get_problem_documents),
        cmocka_unit_test(a_body_without_length_is_refused),
        cmocka_unit_test(what_unsafe_requests_need_is_the_csrf_token),
        cmocka_unit_test(logs_keep_no_secrets_and_no_words),
    };
    const struct CMUnitTest rates[] = {
        cmocka_unit_test(too_many_messages_wait_for_a_moment),
        cmocka_unit_test(new_conversations_of_an_address_are_counted),
        cmocka_unit_test(guessing_passwords_gets_slower),
        cmocka_unit_test(logs_keep_no_secrets_and_no_words),
    };
    int failed = cmocka_run_group_tests(bounds, start, finish);

    return failed + cmocka_run_group_tests(rates, start_with_defaults, finish);
}
