/* What a browser's frame becomes. test_frame_wrong.c has what is said of wrong ones, test_frame_bounds.c how far they may go. */
#include "tests/unit/frame.h"

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
