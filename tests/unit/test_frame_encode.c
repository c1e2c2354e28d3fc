/* What we write is read again by a parser that is not ours. */
#include "protocols/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

static struct kf_id id_of(uint8_t last)
{
    struct kf_id id = { { 0x01, 0x93, 0x6b, 0x2e, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, last } };

    return id;
}

#define ID_TEXT(last) "01936b2e-0000-7000-8000-0000000000" last

/* Parses what is in the buf and empties it. */
static json_t *read_back(struct buf *b)
{
    json_error_t err;
    json_t *ret;

    assert_true(buf_ok(b));
    ret = json_loadb(b->p, b->n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &err);
    if (!ret)
        fail_msg("%s: %s", b->p, err.text);
    buf_clear(b);
    return ret;
}

/* The whole frame, member by member and in order. */
static void expect(struct buf *b, const char *want)
{
    assert_true(buf_ok(b));
    assert_string_equal(b->p, want);
    json_decref(read_back(b));
}

static struct message text_message(const char *text)
{
    return (struct message){
        .seq = 2,
        .at = 1763740800000,
        .from = { ROLE_AGENT, id_of(9), "Eva", "1024" },
        .kind = MESSAGE_TEXT,
        .text = slice_of(text),
    };
}

static const struct member eva = { .name = "Eva", .number = "1024" };

static struct conv a_conv(enum conv_state state)
{
    return (struct conv){
        .id = id_of(1),
        .site = { "demo" },
        .channel = { "web" },
        .queue = { "sales" },
        .contact = id_of(2),
        .customer = id_of(3),
        .peer = "p",
        .locale = "zh-CN",
        .state = state,
        .seq = 7,
        .epoch = 3,
        .opened_at = 10,
        .arrived_at = 11,
        .visitor_at = 12,
        .staff_at = 13,
        .visitor_read = 4,
        .staff_read = 5,
        .rating = 0,
        .priority = 1,
    };
}

/* ---- messages ---------------------------------------------------------------------------------------------------------- */

static void a_message_has_its_members_in_order(void **state)
{
    struct kf_id conv = id_of(1);
    struct message m = text_message("你好 </b>");
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    m.lang = "zh-CN";
    m.reply_to = 1;
    m.cid = "a1";
    frame_message(&b, &conv, &m, true);
    expect(&b, "{\"type\":\"message\",\"conversation\":\"" ID_TEXT(
                   "01") "\",\"seq\":2,\"at\":1763740800000,\"from\":{\"role\":\"agent\","
                         "\"name\":\"Eva\",\"number\":\"1024\"},\"kind\":\"text\",\"text\":\"你好 \\u003c/b\\u003e\",\"lang\":\"zh-CN\","
                         "\"reply_to\":1,\"cid\":\"a1\"}");
    frame_message_members(&b, &m, false);
    expect(&b, "{\"seq\":2,\"at\":1763740800000,\"from\":{\"role\":\"agent\",\"name\":\"Eva\",\"number\":\"1024\"},"
               "\"kind\":\"text\",\"text\":\"你好 \\u003c/b\\u003e\",\"lang\":\"zh-CN\",\"reply_to\":1}");
    buf_finish(&b);
}

/* Who takes part is told of no more than before. */
static void how_long_it_was_typed_is_a_member_for_whoever_reviews(void **state)
{
    struct kf_id conv = id_of(1);
    struct message m = text_message("你好");
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    m.typed_ms = 4200;
    frame_message_reviewed(&b, &m);
    expect(&b, "{\"seq\":2,\"at\":1763740800000,\"from\":{\"role\":\"agent\",\"name\":\"Eva\",\"number\":\"1024\"},"
               "\"kind\":\"text\",\"text\":\"你好\",\"typed_ms\":4200}");
    frame_message(&b, &conv, &m, true);
    frame_message_members(&b, &m, true);
    frame_changed(&b, &conv, &m);
    (void)frame_history(&b, &conv, &m, 1, false, false);
    buf_char(&b, '\0');
    assert_true(buf_ok(&b));
    assert_null(strstr(b.p, "typed"));
    buf_clear(&b);
    m.typed_ms = 0;
    frame_message_reviewed(&b, &m);
    expect(&b, "{\"seq\":2,\"at\":1763740800000,\"from\":{\"role\":\"agent\",\"name\":\"Eva\",\"number\":\"1024\"},"
               "\"kind\":\"text\",\"text\":\"你好\"}");
    buf_finish(&b);
}

static void a_file_choices_and_events_are_members(void **state)
{
    struct kf_id conv = id_of(1);
    struct message m = text_message("");
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    m.kind = MESSAGE_IMAGE;
    m.file = id_of(7);
    m.extra =
        "{ \"rule\" : \"a\\\"b\", \"file\" : {\"id\":\"" ID_TEXT("07") "\",\"name\":\"</script>.png\",\"mime\":\"image/png\",\"size\":3},"
                                                                       "\"choices\":[{\"id\":\"y\",\"label\":\"}]\"}] }";
    frame_message_members(&b, &m, true);
    expect(&b, "{\"seq\":2,\"at\":1763740800000,\"from\":{\"role\":\"agent\",\"name\":\"Eva\",\"number\":\"1024\"},\"kind\":\"image\","
               "\"text\":\"\",\"file\":{\"id\":\"" ID_TEXT("07") "\",\"name\":\"\\u003c/script\\u003e.png\",\"mime\":\"image/png\","
                                                                 "\"size\":3},\"choices\":[{\"id\":\"y\",\"label\":\"}]\"}]}");
    m.extra = NULL;
    frame_message_members(&b, &m, true);
    expect(&b, "{\"seq\":2,\"at\":1763740800000,\"from\":{\"role\":\"agent\",\"name\":\"Eva\",\"number\":\"1024\"},\"kind\":\"image\","
               "\"text\":\"\",\"file\":{\"id\":\"" ID_TEXT("07") "\"}}");
    m = text_message("Eva joined");
    m.from = (struct actor){ ROLE_SYSTEM, { { 0 } }, "", NULL };
    m.kind = MESSAGE_EVENT;
    m.event = "joined";
    frame_message(&b, &conv, &m, true);
    expect(&b, "{\"type\":\"message\",\"conversation\":\"" ID_TEXT(
                   "01") "\",\"seq\":2,\"at\":1763740800000,\"from\":{\"role\":\"system\","
                         "\"name\":\"\"},\"kind\":\"event\",\"text\":\"Eva joined\",\"event\":\"joined\"}");
    buf_finish(&b);
}

static void a_failed_delivery_is_in_the_history(void **state)
{
    struct message m = text_message("x");
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    m.delivery = DELIVERY_FAILED;
    m.reason = "window closed";
    frame_message_members(&b, &m, true);
    expect(&b, "{\"seq\":2,\"at\":1763740800000,\"from\":{\"role\":\"agent\",\"name\":\"Eva\",\"number\":\"1024\"},\"kind\":\"text\","
               "\"text\":\"x\",\"state\":\"failed\",\"reason\":\"window closed\"}");
    buf_finish(&b);
}

static void a_removed_message_tells_nothing(void **state)
{
    struct kf_id conv = id_of(1);
    struct message m = text_message("");
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    m.kind = MESSAGE_REMOVED;
    m.file = id_of(7);
    m.extra = "{\"file\":{\"name\":\"secret.pdf\"}}";
    frame_changed(&b, &conv, &m);
    expect(&b, "{\"type\":\"changed\",\"conversation\":\"" ID_TEXT("01") "\",\"seq\":2,\"kind\":\"removed\"}");
    frame_message_members(&b, &m, true);
    assert_null(strstr(b.p, "secret"));
    assert_null(strstr(b.p, "file"));
    buf_clear(&b);
    m = text_message("新");
    frame_changed(&b, &conv, &m);
    expect(&b, "{\"type\":\"changed\",\"conversation\":\"" ID_TEXT("01") "\",\"seq\":2,\"kind\":\"text\",\"text\":\"新\"}");
    buf_finish(&b);
}

static void hostile_texts_come_out_as_they_went_in(void **state)
{
    static const struct slice rows[] = {
        SLICE("</script><script>alert(1)</script>"),
        SLICE("<!--\xe2\x80\xa8\xe2\x80\xa9]]>&quot;"),
        SLICE("nul\0nul"),
        SLICE("\xe2\x80\xae"
              "evil\xe2\x80\xac \xe2\x81\xa6x\xe2\x81\xa9"),
        SLICE("\x01\x1f\x7f\b\f\n\r\t\\\"/"),
        SLICE("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9 \xef\xbf\xbd \xf4\x8f\xbf\xbf"),
        SLICE("\xe2\x80"
              "\xa7 \xe2"
              "\x81\xa8"),
    };
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct message m = text_message("");
        json_t *frame, *text;

        m.text = rows[i];
        frame_message_members(&b, &m, true);
        assert_null(strpbrk(b.p, "<>&\n\r\t"));
        assert_null(strstr(b.p, "\xe2\x80\xa8"));
        frame = read_back(&b);
        text = json_object_get(frame, "text");
        assert_int_equal(json_string_length(text), rows[i].n);
        assert_memory_equal(json_string_value(text), rows[i].p, rows[i].n);
        json_decref(frame);
    }
    buf_finish(&b);
}

/* ---- history --------------------------------------------------------------------------------------------------------------- */

enum { MANY = 40 };

static void fill(struct message *all, char *text, size_t n)
{
    memset(text, 'x', n);
    text[n] = '\0';
    for (int i = 0; i < MANY; i++) {
        all[i] = text_message(text);
        all[i].seq = i + 1;
        all[i].cid = "c";
    }
}

static void check_history(struct buf *b, size_t count, int64_t first, bool more)
{
    json_t *frame, *messages;

    assert_true(b->n <= 65536);
    frame = read_back(b);
    messages = json_object_get(frame, "messages");
    assert_string_equal(json_string_value(json_object_get(frame, "type")), "history");
    assert_int_equal(json_array_size(messages), count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(messages, i), "seq")), first + (int64_t)i);
    assert_int_equal(json_is_true(json_object_get(frame, "more")), more);
    json_decref(frame);
}

static void history_holds_what_fits_from_the_end_that_was_asked_for(void **state)
{
    static struct message all[MANY];
    static char text[16384];
    struct kf_id conv = id_of(1);
    struct buf b;
    size_t n;

    (void)state;
    buf_init(&b, 1u << 20);
    fill(all, text, 100);
    assert_int_equal(frame_history(&b, &conv, all, MANY, false, false), MANY);
    check_history(&b, MANY, 1, false);
    assert_int_equal(frame_history(&b, &conv, all, MANY, true, true), MANY);
    check_history(&b, MANY, 1, true);
    assert_int_equal(frame_history(&b, &conv, all, 0, false, true), 0);
    check_history(&b, 0, 0, false);

    fill(all, text, 4096);
    n = frame_history(&b, &conv, all, MANY, false, false);
    assert_true(n > 10 && n < 16);
    check_history(&b, n, 1, true);
    assert_int_equal(frame_history(&b, &conv, all, MANY, false, true), n);
    check_history(&b, n, MANY - (int64_t)n + 1, true);
    /* One more would not have fitted. */
    assert_int_equal(frame_history(&b, &conv, all, n + 1, false, true), n);
    buf_clear(&b);
    assert_int_equal(frame_history(&b, &conv, all, n, false, false), n);
    check_history(&b, n, 1, false);

    /* The longest text there is, all of it escaped, still fits. */
    fill(all, text, 4096);
    memset(text, '<', 4096);
    n = frame_history(&b, &conv, all, MANY, false, true);
    assert_int_equal(n, 2);
    check_history(&b, n, MANY - 1, true);
    buf_finish(&b);
}

/* ---- conversations ----------------------------------------------------------------------------------------------------------- */

static void a_visitor_sees_little_of_a_conversation(void **state)
{
    static const struct {
        enum conv_state state;
        bool agent;
        const char *want;
    } rows[] = {
        { CONV_BOT, true, "{\"id\":\"" ID_TEXT("01") "\",\"state\":\"served\",\"seq\":7}" },
        { CONV_WAITING, true, "{\"id\":\"" ID_TEXT("01") "\",\"state\":\"waiting\",\"seq\":7}" },
        { CONV_OFFERED, true, "{\"id\":\"" ID_TEXT("01") "\",\"state\":\"waiting\",\"seq\":7}" },
        { CONV_PARKED, false, "{\"id\":\"" ID_TEXT("01") "\",\"state\":\"waiting\",\"seq\":7}" },
        { CONV_SERVED, true,
          "{\"id\":\"" ID_TEXT("01") "\",\"state\":\"served\",\"seq\":7,\"agent\":{\"name\":\"Eva\",\"number\":\"1024\"}}" },
        { CONV_CLOSED, false, "{\"id\":\"" ID_TEXT("01") "\",\"state\":\"closed\",\"seq\":7}" },
    };
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conv c = a_conv(rows[i].state);
        struct conv_view_json v = { .conv = &c, .agent = rows[i].agent ? &eva : NULL, .customer = "{\"name\":\"x\"}", .wait_s = -1 };

        frame_conversation(&b, FRAME_VISITOR, &v);
        expect(&b, rows[i].want);
    }
    buf_finish(&b);
}

static void staff_see_all_of_it(void **state)
{
    struct conv c = a_conv(CONV_WAITING);
    struct message last = text_message("hi");
    struct conv_view_json v = { .conv = &c,
                                .visitor_name = "Ann <x>",
                                .customer = "{\"vip\":true,\"n\":\"<\"}",
                                .last = &last,
                                .position = 2,
                                .wait_s = 40,
                                .reactions = true };
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    frame_conversation(&b, FRAME_STAFF, &v);
    expect(&b,
           "{\"id\":\"" ID_TEXT(
               "01") "\",\"state\":\"waiting\",\"seq\":7,\"epoch\":3,\"channel\":\"web\",\"queue\":\"sales\","
                     "\"visitor\":{\"id\":\"" ID_TEXT(
                         "02") "\",\"name\":\"Ann \\u003cx\\u003e\"},\"customer\":{\"vip\":true,\"n\":\"\\u003c\"},"
                               "\"opened_at\":10,\"arrived_at\":11,\"visitor_at\":12,\"staff_at\":13,\"visitor_read\":4,\"staff_read\":5,"
                               "\"locale\":\"zh-CN\",\"rating\":0,\"invited\":false,\"priority\":1,\"reactions\":true,\"last\":{\"seq\":2,"
                               "\"at\":1763740800000,"
                               "\"from\":{\"role\":\"agent\",\"name\":\"Eva\",\"number\":\"1024\"},\"kind\":\"text\",\"text\":\"hi\"},"
                               "\"position\":2,\"wait_s\":40}");
    c.state = CONV_OFFERED;
    c.until = 99;
    v = (struct conv_view_json){ .conv = &c, .agent = &eva, .wait_s = -1 };
    frame_offered(&b, &v, 99);
    assert_non_null(strstr(b.p, "\"agent\":{\"id\":\"00000000-0000-0000-0000-000000000000\",\"name\":\"Eva\",\"number\":\"1024\"}"));
    assert_non_null(strstr(b.p, "\"until\":99},\"until\":99}"));
    json_decref(read_back(&b));
    frame_assigned(&b, &v, "least_load");
    assert_non_null(strstr(b.p, "},\"why\":\"least_load\"}"));
    json_decref(read_back(&b));
    frame_released(&b, &c.id, "returned");
    expect(&b, "{\"type\":\"released\",\"conversation\":\"" ID_TEXT("01") "\",\"why\":\"returned\"}");
    buf_finish(&b);
}

static void a_state_is_a_snapshot_for_each_side(void **state)
{
    struct conv c = a_conv(CONV_WAITING);
    struct conv_view_json v = { .conv = &c, .position = 3, .wait_s = 0 };
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    frame_state(&b, FRAME_VISITOR, &v);
    expect(&b, "{\"type\":\"state\",\"conversation\":\"" ID_TEXT("01") "\",\"state\":\"waiting\",\"position\":3,\"wait_s\":0}");
    c.state = CONV_PARKED;
    c.until = 99;
    frame_state(&b, FRAME_VISITOR, &v);
    expect(&b, "{\"type\":\"state\",\"conversation\":\"" ID_TEXT("01") "\",\"state\":\"waiting\",\"until\":99}");
    c.state = CONV_SERVED;
    c.until = 0;
    v.agent = &eva;
    frame_state(&b, FRAME_VISITOR, &v);
    expect(&b, "{\"type\":\"state\",\"conversation\":\"" ID_TEXT("01") "\",\"state\":\"served\",\"agent\":{\"name\":\"Eva\","
                                                                       "\"number\":\"1024\"}}");
    frame_state(&b, FRAME_STAFF, &v);
    assert_non_null(strstr(b.p, "\"state\":\"served\""));
    assert_non_null(strstr(b.p, "\"epoch\":3"));
    json_decref(read_back(&b));
    buf_finish(&b);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------------------- */

static void short_frames_are_as_the_reference_says(void **state)
{
    static const struct entry note = {
        .id = 4, .after_seq = 2, .at = 5, .kind = "note", .by = { ROLE_AGENT, { { 1 } }, "Eva", NULL }, .data = "{\"text\":\"<b>\"}"
    };
    struct kf_id conv = id_of(1);
    struct actor visitor = { ROLE_VISITOR, id_of(2), "", NULL };
    struct buf b;

    (void)state;
    buf_init(&b, 65536);
    frame_ack(&b, SLICE("c1"), &conv, 1, 1763740800000);
    expect(&b, "{\"type\":\"ack\",\"cid\":\"c1\",\"conversation\":\"" ID_TEXT("01") "\",\"seq\":1,\"at\":1763740800000}");
    frame_ack(&b, SLICE("c1"), NULL, 0, 5);
    expect(&b, "{\"type\":\"ack\",\"cid\":\"c1\",\"at\":5}");
    frame_status(&b, &conv, 7, DELIVERY_UNCERTAIN, "timeout", 5);
    expect(&b, "{\"type\":\"status\",\"conversation\":\"" ID_TEXT(
                   "01") "\",\"seq\":7,\"state\":\"uncertain\",\"reason\":\"timeout\",\"at\":5}");
    frame_status(&b, &conv, 7, DELIVERY_SENT, NULL, 5);
    expect(&b, "{\"type\":\"status\",\"conversation\":\"" ID_TEXT("01") "\",\"seq\":7,\"state\":\"sent\",\"at\":5}");
    frame_typing(&b, &conv, &visitor, true);
    expect(&b, "{\"type\":\"typing\",\"conversation\":\"" ID_TEXT("01") "\",\"from\":{\"role\":\"visitor\",\"name\":\"\"},\"on\":true}");
    frame_read(&b, &conv, ROLE_AGENT, 6);
    expect(&b, "{\"type\":\"read\",\"conversation\":\"" ID_TEXT("01") "\",\"role\":\"agent\",\"seq\":6}");
    frame_pong(&b);
    expect(&b, "{\"type\":\"pong\"}");
    frame_queue(&b, 3, 42000);
    expect(&b, "{\"type\":\"queue\",\"waiting\":3,\"longest_ms\":42000}");
    frame_timeline(&b, &conv, &note);
    expect(&b, "{\"type\":\"timeline\",\"conversation\":\"" ID_TEXT(
                   "01") "\",\"entry\":{\"id\":4,\"after_seq\":2,\"at\":5,\"kind\":\"note\","
                         "\"by\":{\"role\":\"agent\",\"id\":\"01000000-0000-0000-0000-000000000000\",\"name\":\"Eva\"},"
                         "\"data\":{\"text\":\"\\u003cb\\u003e\"}}}");
    buf_finish(&b);
}

static void each_failure_has_a_word(void **state)
{
    static const struct {
        enum kf_rc rc;
        const char *code;
    } rows[] = {
        { KF_INVALID, "bad_request" },     { KF_AUTH, "unauthorized" }, { KF_DENIED, "forbidden" },
        { KF_ABSENT, "not_found" },        { KF_CONFLICT, "conflict" }, { KF_LIMIT, "too_large" },
        { KF_UNSUPPORTED, "unsupported" }, { KF_RATE, "rate_limited" }, { KF_AGAIN, "unavailable" },
        { KF_NOMEM, "internal" },          { KF_IO, "internal" },
    };
    struct kf_err why = { .rc = KF_RATE, .retry_after_ms = 500, .text = "slower, please" };
    struct buf b;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(frame_error_code(rows[i].rc), rows[i].code);
    buf_init(&b, 65536);
    frame_error(&b, SLICE("c1"), &why);
    expect(&b, "{\"type\":\"error\",\"cid\":\"c1\",\"code\":\"rate_limited\",\"message\":\"slower, please\",\"retry_after_ms\":500}");
    /* Words that were cut inside a character. */
    kf_fail(&why, KF_REJECTED, "%0*d客", (int)sizeof(why.text) - 3, 0);
    why.retry_after_ms = 0;
    frame_error(&b, (struct slice){ NULL, 0 }, &why);
    assert_non_null(strstr(b.p, "0\"}"));
    json_decref(read_back(&b));
    buf_finish(&b);
}

static void a_buf_that_is_full_says_so(void **state)
{
    struct conv c = a_conv(CONV_SERVED);
    struct message last = text_message("hi");
    struct conv_view_json v = { .conv = &c, .agent = &eva, .last = &last, .customer = "{}" };
    struct kf_id conv = id_of(1);

    (void)state;
    for (size_t max = 0; max < 400; max++) {
        struct buf b;

        buf_init(&b, max);
        frame_assigned(&b, &v, "sticky");
        assert_false(buf_ok(&b));
        buf_clear(&b);
        frame_history(&b, &conv, &last, 1, false, true);
        assert_true(b.n <= max);
        buf_finish(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_has_its_members_in_order),
        cmocka_unit_test(how_long_it_was_typed_is_a_member_for_whoever_reviews),
        cmocka_unit_test(a_file_choices_and_events_are_members),
        cmocka_unit_test(a_failed_delivery_is_in_the_history),
        cmocka_unit_test(a_removed_message_tells_nothing),
        cmocka_unit_test(hostile_texts_come_out_as_they_went_in),
        cmocka_unit_test(history_holds_what_fits_from_the_end_that_was_asked_for),
        cmocka_unit_test(a_visitor_sees_little_of_a_conversation),
        cmocka_unit_test(staff_see_all_of_it),
        cmocka_unit_test(a_state_is_a_snapshot_for_each_side),
        cmocka_unit_test(short_frames_are_as_the_reference_says),
        cmocka_unit_test(each_failure_has_a_word),
        cmocka_unit_test(a_buf_that_is_full_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
