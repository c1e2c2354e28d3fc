/* What a browser's frame becomes, and what is said of one that is wrong. */
#include "protocols/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CONV    "01936b2e-0000-7000-8000-000000000001"
#define FILE_ID "01936b2e-0000-7000-8000-0000000000f1"
#define HASH    "0123456789abcdef0123456789abcdef0123456789ABCDEF0123456789abcdef"

static const struct frame_limits limits = { .text_max = 4096 };

struct turn {
    struct arena *arena;
    struct inbound in;
    struct kf_err why;
};

static enum kf_rc decode(struct turn *t, enum frame_side side, struct slice text)
{
    t->arena = arena_new(1u << 20);
    assert_non_null(t->arena);
    t->why = (struct kf_err){ .rc = KF_OK };
    return frame_decode(t->arena, side, &limits, text, &t->in, &t->why);
}

static void end(struct turn *t)
{
    arena_free(t->arena);
}

static void expect_ok(struct turn *t, enum frame_side side, const char *text)
{
    enum kf_rc rc = decode(t, side, slice_of(text));

    if (rc)
        fail_msg("%s: %s", text, t->why.text);
}

static void expect_slice(struct slice s, const char *want)
{
    assert_int_equal(s.n, strlen(want));
    assert_memory_equal(s.p, want, s.n);
}

/* ---- right ones ---------------------------------------------------------------------------------------------------------- */

static void a_visitors_text_is_a_message(void **state)
{
    struct turn t;

    (void)state;
    expect_ok(&t, FRAME_VISITOR,
              "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"你好\",\"reply_to\":3,\"unknown\":[{}]}");
    assert_int_equal(t.in.kind, INBOUND_MESSAGE);
    assert_int_equal(t.in.type, TYPE_TEXT);
    expect_slice(t.in.cid, "c1");
    expect_slice(t.in.text, "你好");
    assert_int_equal(t.in.reply_to, 3);
    assert_true(id_is_zero(&t.in.conversation));
    end(&t);
}

static void files_choices_and_forms_are_messages(void **state)
{
    struct turn t;

    (void)state;
    expect_ok(&t, FRAME_VISITOR, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"image\",\"file\":\"" FILE_ID "\",\"text\":\"see\"}");
    assert_int_equal(t.in.type, TYPE_IMAGE);
    assert_false(id_is_zero(&t.in.file));
    expect_slice(t.in.text, "see");
    end(&t);
    expect_ok(&t, FRAME_VISITOR, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"audio\",\"file\":\"" FILE_ID "\"}");
    assert_int_equal(t.in.type, TYPE_AUDIO);
    end(&t);
    expect_ok(&t, FRAME_VISITOR, "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"choice\",\"choice\":\"yes\"}");
    assert_int_equal(t.in.type, TYPE_CHOICE);
    expect_slice(t.in.payload, "yes");
    end(&t);
    expect_ok(&t, FRAME_VISITOR,
              "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"form\",\"form\":{\"name\":\"王\",\"n\":1,\"ok\":true,\"x\":null,\"l\":["
              "\"a\",2]}}");
    assert_int_equal(t.in.type, TYPE_FORM);
    expect_slice(t.in.form, "{\"name\":\"王\",\"n\":1,\"ok\":true,\"x\":null,\"l\":[\"a\",2]}");
    end(&t);
    expect_ok(&t, FRAME_STAFF,
              "{\"type\":\"message\",\"conversation\":\"" CONV "\",\"cid\":\"a1\",\"kind\":\"file\",\"file\":\"" FILE_ID "\"}");
    assert_int_equal(t.in.type, TYPE_FILE);
    assert_false(id_is_zero(&t.in.conversation));
    end(&t);
}

#define CARD(members) "{\"type\":\"message\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"kind\":\"card\"," members "}"

#define IN_CONV       "\"conversation\":\"" CONV "\",\"cid\":\"1\""

static void a_card_becomes_one_text(void **state)
{
    static const struct {
        const char *frame, *text;
    } rows[] = {
        { CARD(
              "\"title\":\"退货说明\",\"text\":\"七天\\n运费\",\"url\":\"https://shop.example/r?a=1#top\",\"confirm\":true,\"reply_to\":3"),
          "退货说明\n七天\n运费\nhttps://shop.example/r?a=1#top" },
        { CARD("\"title\":\"R\",\"url\":\"miniprogram:wx12/pages/a.html\""), "R\nminiprogram:wx12/pages/a.html" },
        { CARD("\"title\":\"R\",\"url\":\"HTTP://shop.example:8080\""), "R\nHTTP://shop.example:8080" },
        { CARD("\"title\":\"R\",\"text\":\" \\u3000\",\"url\":\"https://[::1]/\",\"file\":null"), "R\nhttps://[::1]/" },
    };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect_ok(&t, FRAME_STAFF, rows[i].frame);
        assert_int_equal(t.in.kind, INBOUND_MESSAGE);
        assert_int_equal(t.in.type, TYPE_CARD);
        expect_slice(t.in.text, rows[i].text);
        assert_true(id_is_zero(&t.in.file));
        if (!i) {
            assert_true(t.in.confirm);
            assert_int_equal(t.in.reply_to, 3);
        }
        end(&t);
    }
}

static void a_place_leads_to_a_map_that_its_site_knows(void **state)
{
    static const struct {
        const char *language, *frame, *text;
        double lat, lon;
    } rows[] = {
        { "zh-CN", CARD("\"title\":\"人民广场\",\"text\":\"黄浦区\",\"lat\":31.2304,\"lon\":121.4737"),
          "人民广场\n黄浦区\nhttps://uri.amap.com/marker?position=121.4737,31.2304&name=%E4%BA%BA%E6%B0%91%E5%B9%BF%E5%9C%BA", 31.2304,
          121.4737 },
        { "zh-TW", CARD("\"title\":\"信義\",\"lat\":25.033,\"lon\":121.5645678,\"url\":null"),
          "信義\nhttps://www.openstreetmap.org/?mlat=25.033&mlon=121.564568", 25.033, 121.5645678 },
        { NULL, CARD("\"title\":\"Null\",\"lat\":-0.0000001,\"lon\":0"), "Null\nhttps://www.openstreetmap.org/?mlat=0&mlon=0", -0.0000001,
          0 },
        { "en", CARD("\"title\":\"End\",\"lat\":-90,\"lon\":180"), "End\nhttps://www.openstreetmap.org/?mlat=-90&mlon=180", -90, 180 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct frame_limits l = { .text_max = 4096, .language = rows[i].language };
        struct turn t = { .arena = arena_new(1u << 20) };

        assert_int_equal(frame_decode(t.arena, FRAME_STAFF, &l, slice_of(rows[i].frame), &t.in, &t.why), KF_OK);
        assert_true(t.in.has_place);
        assert_true(t.in.lat == rows[i].lat && t.in.lon == rows[i].lon);
        expect_slice(t.in.text, rows[i].text);
        end(&t);
    }
}

static void a_picture_may_stand_on_a_card(void **state)
{
    struct turn t;

    (void)state;
    expect_ok(&t, FRAME_STAFF, CARD("\"title\":\"R\",\"url\":\"https://x.example/\",\"file\":\"" FILE_ID "\""));
    assert_int_equal(t.in.type, TYPE_CARD);
    assert_false(id_is_zero(&t.in.file));
    end(&t);
}

static void the_fields_of_a_template_stand_in_one_order(void **state)
{
    struct turn t;

    (void)state;
    expect_ok(&t, FRAME_STAFF,
              "{\"type\":\"message\"," IN_CONV
              ",\"kind\":\"template\",\"template\":\"order\",\"fields\":{\"b\":\"x\",\"10\":\"y\\\"\",\"a\":\"\"}}");
    assert_int_equal(t.in.type, TYPE_TEMPLATE);
    expect_slice(t.in.payload, "order");
    expect_slice(t.in.form, "{\"10\":\"y\\\"\",\"a\":\"\",\"b\":\"x\"}");
    end(&t);
    expect_ok(&t, FRAME_STAFF, "{\"type\":\"message\"," IN_CONV ",\"kind\":\"template\",\"template\":\"order\",\"file\":\"" FILE_ID "\"}");
    expect_slice(t.in.form, "{}");
    assert_false(id_is_zero(&t.in.file));
    end(&t);
}

static void a_visitors_hello_says_who_and_where(void **state)
{
    struct turn t;

    (void)state;
    expect_ok(&t, FRAME_VISITOR,
              "{\"type\":\"hello\",\"token\":\"v1.a.b.c\",\"locale\":\"zh-CN\",\"page\":{\"url\":\"https://x.example/\",\"title\":\"T\","
              "\"referrer\":\"\",\"more\":1},\"profile\":{\"name\":\"Ann\"},\"identity\":{\"id\":\"u1\",\"hash\":\"" HASH "\"},"
              "\"conversation\":\"" CONV "\",\"last_seq\":12}");
    assert_int_equal(t.in.kind, INBOUND_HELLO);
    expect_slice(t.in.token, "v1.a.b.c");
    expect_slice(t.in.locale, "zh-CN");
    expect_slice(t.in.page, "{\"url\":\"https://x.example/\",\"title\":\"T\",\"referrer\":\"\"}");
    expect_slice(t.in.profile, "{\"name\":\"Ann\"}");
    expect_slice(t.in.identity_id, "u1");
    expect_slice(t.in.identity_hash, HASH);
    assert_int_equal(t.in.last_seq, 12);
    assert_false(id_is_zero(&t.in.conversation));
    end(&t);
    expect_ok(&t, FRAME_VISITOR, "{\"type\":\"hello\",\"token\":null,\"page\":{},\"conversation\":null}");
    assert_int_equal(t.in.token.n, 0);
    expect_slice(t.in.page, "{}");
    end(&t);
}

struct plain {
    enum frame_side side;
    enum inbound_kind kind;
    const char *text;
};

static void every_other_frame_is_known_on_its_side(void **state)
{
    static const struct plain rows[] = {
        { FRAME_VISITOR, INBOUND_HELLO, "{\"type\":\"hello\"}" },
        { FRAME_VISITOR, INBOUND_HISTORY, "{\"type\":\"history\",\"after\":0,\"limit\":200}" },
        { FRAME_VISITOR, INBOUND_HISTORY, "{\"type\":\"history\",\"conversation\":\"" CONV "\",\"before\":13}" },
        { FRAME_VISITOR, INBOUND_TYPING, "{\"type\":\"typing\",\"on\":true}" },
        { FRAME_VISITOR, INBOUND_READ, "{\"type\":\"read\",\"cid\":\"r-1\",\"seq\":2}" },
        { FRAME_VISITOR, INBOUND_RATE,
          "{\"type\":\"rate\",\"cid\":\"r\",\"conversation\":\"" CONV "\",\"score\":5,\"tags\":[\"快\"],\"comment\":\"\"}" },
        { FRAME_VISITOR, INBOUND_RATE, "{\"type\":\"rate\",\"cid\":\"r\",\"conversation\":\"" CONV "\",\"score\":1}" },
        { FRAME_VISITOR, INBOUND_CLOSE, "{\"type\":\"close\",\"cid\":\"x\"}" },
        { FRAME_VISITOR, INBOUND_PROFILE, "{\"type\":\"profile\",\"cid\":\"p\",\"profile\":{\"vip\":true},\"locale\":\"en\"}" },
        { FRAME_VISITOR, INBOUND_PING, "{\"type\":\"ping\"}" },
        { FRAME_STAFF, INBOUND_HELLO, "{\"type\":\"hello\"}" },
        { FRAME_STAFF, INBOUND_PRESENCE, "{\"type\":\"presence\",\"cid\":\"p\",\"presence\":\"away\",\"reason\":\"午饭\"}" },
        { FRAME_STAFF, INBOUND_ACCEPT, "{\"type\":\"accept\",\"conversation\":\"" CONV "\",\"cid\":\"1\"}" },
        { FRAME_STAFF, INBOUND_REFUSE, "{\"type\":\"refuse\",\"conversation\":\"" CONV "\",\"cid\":\"1\"}" },
        { FRAME_STAFF, INBOUND_RECALL, "{\"type\":\"recall\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"seq\":7}" },
        { FRAME_STAFF, INBOUND_REACT, "{\"type\":\"react\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"seq\":7,\"emoji\":\"👍🏽\"}" },
        { FRAME_STAFF, INBOUND_REACT, "{\"type\":\"react\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"seq\":7,\"emoji\":\"\"}" },
        { FRAME_STAFF, INBOUND_RESEND, "{\"type\":\"resend\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"seq\":7}" },
        { FRAME_STAFF, INBOUND_NOTE, "{\"type\":\"note\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"text\":\"n\"}" },
        { FRAME_STAFF, INBOUND_TRANSFER,
          "{\"type\":\"transfer\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"to\":{\"queue\":\"sales\"},\"note\":\"n\"}" },
        { FRAME_STAFF, INBOUND_TRANSFER,
          "{\"type\":\"transfer\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"to\":{\"agent\":\"" CONV "\"}}" },
        { FRAME_STAFF, INBOUND_CLOSE, "{\"type\":\"close\",\"conversation\":\"" CONV "\",\"cid\":\"1\"}" },
        { FRAME_STAFF, INBOUND_INVITE, "{\"type\":\"invite\",\"conversation\":\"" CONV "\",\"cid\":\"1\"}" },
        { FRAME_STAFF, INBOUND_HISTORY, "{\"type\":\"history\",\"conversation\":\"" CONV "\",\"after\":12,\"limit\":1}" },
        { FRAME_STAFF, INBOUND_TYPING, "{\"type\":\"typing\",\"conversation\":\"" CONV "\",\"on\":false}" },
        { FRAME_STAFF, INBOUND_READ, "{\"type\":\"read\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"seq\":2}" },
        { FRAME_STAFF, INBOUND_PING, "{\"type\":\"ping\"}" },
    };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect_ok(&t, rows[i].side, rows[i].text);
        assert_int_equal(t.in.kind, rows[i].kind);
        end(&t);
    }
}

static void members_reach_the_inbound(void **state)
{
    struct turn t;

    (void)state;
    expect_ok(&t, FRAME_VISITOR,
              "{\"type\":\"rate\",\"cid\":\"r\",\"conversation\":\"" CONV "\",\"score\":4,\"tags\":[\"快\",\"</b>\"],\"comment\":\"好\"}");
    assert_int_equal(t.in.score, 4);
    expect_slice(t.in.tags, "[\"快\",\"\\u003c/b\\u003e\"]");
    expect_slice(t.in.comment, "好");
    end(&t);
    expect_ok(&t, FRAME_VISITOR, "{\"type\":\"history\",\"before\":13}");
    assert_int_equal(t.in.before, 13);
    assert_int_equal(t.in.after, 0);
    assert_int_equal(t.in.limit, 50);
    end(&t);
    expect_ok(&t, FRAME_STAFF, "{\"type\":\"presence\",\"cid\":\"p\",\"presence\":\"busy\",\"reason\":\"午饭\"}");
    assert_int_equal(t.in.presence, PRESENCE_BUSY);
    expect_slice(t.in.reason, "午饭");
    end(&t);
    expect_ok(&t, FRAME_STAFF,
              "{\"type\":\"transfer\",\"conversation\":\"" CONV "\",\"cid\":\"1\",\"to\":{\"queue\":\"sales\"},\"note\":\"n\"}");
    assert_string_equal(t.in.to_queue.s, "sales");
    expect_slice(t.in.text, "n");
    end(&t);
}

/* ---- wrong ones ---------------------------------------------------------------------------------------------------------- */

struct wrong {
    enum frame_side side;
    enum kf_rc rc;
    const char *words; /* how the message begins: the member */
    const char *text;
};

#define V FRAME_VISITOR
#define S FRAME_STAFF

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

/* ---- bounds ---------------------------------------------------------------------------------------------------------------- */

static struct buf message_of(const char *unit, size_t times)
{
    struct buf b;

    buf_init(&b, 1u << 20);
    buf_str(&b, "{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"");
    for (size_t i = 0; i < times; i++)
        buf_str(&b, unit);
    buf_str(&b, "\"}");
    return b;
}

static void text_is_bounded_in_code_points(void **state)
{
    static const char *const units[] = { "a", "客", "😀", "\\u5ba2", "\\ud83d\\ude00", "\\u0000" };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct buf b = message_of(units[i], 4096);

        assert_int_equal(decode(&t, V, buf_slice(&b)), KF_OK);
        end(&t);
        buf_finish(&b);
        b = message_of(units[i], 4097);
        assert_int_equal(decode(&t, V, buf_slice(&b)), KF_LIMIT);
        assert_string_equal(t.why.text, "text: at most 4096 characters");
        end(&t);
        buf_finish(&b);
    }
}

/* A card whose title, words and address have so many letters. */
static enum kf_rc decode_card(struct turn *t, const struct frame_limits *l, size_t title, size_t words, size_t url)
{
    struct buf b;
    enum kf_rc rc;

    buf_init(&b, 65536);
    buf_str(&b, "{\"type\":\"message\"," IN_CONV ",\"kind\":\"card\",\"title\":\"");
    for (size_t i = 0; i < title; i++)
        buf_str(&b, "客");
    buf_str(&b, "\",\"text\":\"");
    for (size_t i = 0; i < words; i++)
        buf_str(&b, "😀");
    buf_str(&b, "\",\"url\":\"https://x.example/");
    for (size_t i = strlen("https://x.example/"); i < url; i++)
        buf_char(&b, 'u');
    buf_str(&b, "\"}");
    t->arena = arena_new(1u << 20);
    t->why = (struct kf_err){ .rc = KF_OK };
    rc = frame_decode(t->arena, S, l, buf_slice(&b), &t->in, &t->why);
    buf_finish(&b);
    return rc;
}

static void each_part_of_a_card_is_bounded_and_all_of_it(void **state)
{
    static const struct {
        size_t title, words, url, text_max;
        enum kf_rc rc;
        const char *why;
    } rows[] = {
        { 128, 512, 1024, 4096, KF_OK, "" },
        { 129, 1, 20, 4096, KF_LIMIT, "title: at most 128 characters" },
        { 1, 513, 20, 4096, KF_LIMIT, "text: at most 512 characters" },
        { 1, 1, 1025, 4096, KF_LIMIT, "url: at most 1024 bytes" },
        { 128, 512, 1024, 1666, KF_OK, "" },
        { 128, 512, 1024, 1665, KF_LIMIT, "card: title, text and url have at most 1665 characters together" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct frame_limits l = { .text_max = rows[i].text_max };
        struct turn t;

        assert_int_equal(decode_card(&t, &l, rows[i].title, rows[i].words, rows[i].url), rows[i].rc);
        assert_string_equal(t.why.text, rows[i].why);
        end(&t);
    }
}

static struct buf nested(int levels, char open, char close)
{
    struct buf b;

    buf_init(&b, 4u << 20);
    buf_str(&b, "{\"type\":\"ping\",\"x\":");
    for (int i = 0; i < levels; i++) {
        buf_char(&b, open);
        if (open == '{')
            buf_str(&b, "\"a\":");
    }
    buf_str(&b, "1");
    for (int i = 0; i < levels; i++)
        buf_char(&b, close);
    buf_char(&b, '}');
    return b;
}

static void sixteen_levels_are_enough(void **state)
{
    struct turn t;
    struct buf b;

    (void)state;
    b = nested(15, '[', ']');
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_OK);
    end(&t);
    buf_finish(&b);
    b = nested(16, '{', '}');
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_INVALID);
    assert_string_equal(t.why.text, "JSON of more than 16 levels");
    end(&t);
    buf_finish(&b);
    b = nested(1000000, '[', ']');
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_INVALID);
    end(&t);
    buf_finish(&b);
    /* Brackets inside strings are text. */
    expect_ok(&t, V, "{\"type\":\"ping\",\"x\":\"[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"}");
    end(&t);
}

static void a_long_page_address_is_cut_not_refused(void **state)
{
    struct buf b;
    struct turn t;

    (void)state;
    buf_init(&b, 1u << 20);
    buf_str(&b, "{\"type\":\"hello\",\"page\":{\"url\":\"");
    for (int i = 0; i < 5000; i++)
        buf_char(&b, 'u');
    buf_str(&b, "\"}}");
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_OK);
    assert_int_equal(t.in.page.n, strlen("{\"url\":\"\"}") + 2048);
    end(&t);
    buf_finish(&b);
}

static void a_profile_is_bounded(void **state)
{
    struct buf b;
    struct turn t;

    (void)state;
    buf_init(&b, 1u << 20);
    buf_str(&b, "{\"type\":\"profile\",\"cid\":\"1\",\"profile\":{");
    for (int i = 0; i < 51; i++)
        buf_printf(&b, "%s\"k%d\":1", i ? "," : "", i);
    buf_str(&b, "}}");
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_INVALID);
    end(&t);
    buf_clear(&b);
    buf_str(&b, "{\"type\":\"profile\",\"cid\":\"1\",\"profile\":{");
    for (int i = 0; i < 10; i++) {
        buf_printf(&b, "%s\"k%d\":\"", i ? "," : "", i);
        for (int k = 0; k < 1000; k++)
            buf_char(&b, 'x');
        buf_char(&b, '"');
    }
    buf_str(&b, "}}");
    assert_int_equal(decode(&t, V, buf_slice(&b)), KF_LIMIT);
    end(&t);
    buf_finish(&b);
}

/* ---- hostile texts ----------------------------------------------------------------------------------------------------------- */

static void hostile_texts_stay_texts(void **state)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        { "</script><script>alert(1)</script>", "</script><script>alert(1)</script>" },
        { "<img src=x onerror=alert(1)>&amp;", "<img src=x onerror=alert(1)>&amp;" },
        { "a\\u2028b\xe2\x80\xa9", "a\xe2\x80\xa8"
                                   "b\xe2\x80\xa9" },
        { "a\\u0000b", "a\xef\xbf\xbd"
                       "b" },
        { "a\\ud800b", "a\xef\xbf\xbd"
                       "b" },
        { "\\udc00\\ud83d\\ude00\\ud83d", "\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd" },
        { "\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
        { "\\\\ud800 \\\\u0000", "\\ud800 \\u0000" },
        { "\xe2\x80\xae"
          "evil\xe2\x80\xac",
          "\xe2\x80\xae"
          "evil\xe2\x80\xac" },
        { "\\u0001\\u001b[31m\\u007f", "\x01\x1b[31m\x7f" },
        { "'; DROP TABLE message; --", "'; DROP TABLE message; --" },
        { "%s%n{name}\\r\\nX: y", "%s%n{name}\r\nX: y" },
        { "\xf4\x8f\xbf\xbf\xef\xbf\xbe", "\xf4\x8f\xbf\xbf\xef\xbf\xbe" },
    };
    struct turn t;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b = message_of(rows[i].json, 1);

        if (decode(&t, V, buf_slice(&b)))
            fail_msg("%s: %s", b.p, t.why.text);
        expect_slice(t.in.text, rows[i].text);
        end(&t);
        buf_finish(&b);
    }
}

static void a_raw_nul_or_a_cut_frame_is_refused(void **state)
{
    static const char whole[] =
        "{\"type\":\"message\",\"cid\":\"c\\u0031\",\"kind\":\"text\",\"text\":\"\\ud83d\\ude00好\",\"x\":[1.5e3,-2]}";
    struct turn t;

    (void)state;
    assert_int_equal(decode(&t, V, SLICE("{\"type\":\"message\",\"cid\":\"1\",\"kind\":\"text\",\"text\":\"a\0b\"}")), KF_INVALID);
    end(&t);
    assert_int_equal(decode(&t, V, SLICE("{\"type\":\"ping\"}\0")), KF_INVALID);
    end(&t);
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        char *copy = malloc(n + 1); /* exactly as long, so that a sanitizer sees a read beyond the end */

        assert_non_null(copy);
        memcpy(copy, whole, n);
        assert_int_equal(decode(&t, V, (struct slice){ copy, n }), KF_INVALID);
        end(&t);
        free(copy);
    }
}

static void an_arena_that_is_full_ends_the_frame_only(void **state)
{
    static const char text[] = "{\"type\":\"message\",\"cid\":\"c1\",\"kind\":\"text\",\"text\":\"a text that has to be copied\"}";
    struct inbound in;
    struct kf_err why;

    (void)state;
    for (size_t max = 1; max < 96; max++) {
        struct arena *a = arena_new(max);
        enum kf_rc rc = frame_decode(a, V, &limits, slice_of(text), &in, &why);

        assert_true(rc == KF_NOMEM || (rc == KF_OK && in.text.n == 28));
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitors_text_is_a_message),
        cmocka_unit_test(files_choices_and_forms_are_messages),
        cmocka_unit_test(a_card_becomes_one_text),
        cmocka_unit_test(a_place_leads_to_a_map_that_its_site_knows),
        cmocka_unit_test(a_picture_may_stand_on_a_card),
        cmocka_unit_test(the_fields_of_a_template_stand_in_one_order),
        cmocka_unit_test(a_visitors_hello_says_who_and_where),
        cmocka_unit_test(every_other_frame_is_known_on_its_side),
        cmocka_unit_test(members_reach_the_inbound),
        cmocka_unit_test(each_wrong_member_is_named),
        cmocka_unit_test(a_failure_still_knows_its_cid),
        cmocka_unit_test(what_cannot_be_read_is_named_by_the_cid_that_it_seems_to_have),
        cmocka_unit_test(a_number_that_nothing_can_hold_is_ignored_with_its_member),
        cmocka_unit_test(text_is_bounded_in_code_points),
        cmocka_unit_test(each_part_of_a_card_is_bounded_and_all_of_it),
        cmocka_unit_test(sixteen_levels_are_enough),
        cmocka_unit_test(a_long_page_address_is_cut_not_refused),
        cmocka_unit_test(a_profile_is_bounded),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(a_raw_nul_or_a_cut_frame_is_refused),
        cmocka_unit_test(an_arena_that_is_full_ends_the_frame_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
