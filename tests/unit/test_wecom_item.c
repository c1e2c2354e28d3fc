/* WeCom's customer service: what each item of a page says. */
#include "wecom.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(each_item_is_readable),    BENCH(who_enters_says_from_where),    BENCH(each_failure_says_why),
        BENCH(each_event_is_understood), BENCH(an_overlong_id_costs_no_words), BENCH(places_are_as_chinese_maps_have_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
