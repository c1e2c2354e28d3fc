/* What Telegram tells us. */
#include "telegram.h"

static void post(struct bench *t, const char *body)
{
    static const struct http_pair headers[] = { { SLICE("x-telegram-bot-api-secret-token"), SLICE(SECRET) } };
    struct http_req req = { .method = "POST", .url = "/hooks/x", .headers = headers, .n_headers = 1, .body = slice_of(body) };

    assert_int_equal(telegram_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
}

#define FROM \
    "\"from\":{\"id\":52,\"is_bot\":false,\"first_name\":\"Ida\",\"last_name\":\"Kask\",\"username\":\"ida\",\"language_code\":\"et\"}"
#define CHAT         "\"chat\":{\"id\":52,\"type\":\"private\"},\"date\":1789990000"
#define MESSAGE(...) "{\"update_id\":7,\"message\":{\"message_id\":11," FROM "," CHAT "," __VA_ARGS__ "}}"

/* ---- in -------------------------------------------------------------------------------------------------------------------- */

struct event_row {
    const char *body;
    const char *events; /* a JSON list */
};

static void expect_events(struct bench *t, const struct event_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        json_t *want = json_loads(rows[i].events, 0, NULL);

        assert_non_null(want);
        post(t, rows[i].body);
        assert_null(t->got.refused);
        assert_int_equal(t->got.status, 200);
        v_expect_events(want, t->got.inbound, t->got.n);
        json_decref(want);
    }
}

static void each_update_means_what_it_says(void **state)
{
    static const struct event_row rows[] = {
        { MESSAGE("\"text\":\"hi\""),
          "[{\"kind\":\"message\",\"type\":\"text\",\"text\":\"hi\",\"user\":\"52\",\"user_name\":\"Ida Kask\",\"conversation\":\"52\","
          "\"id\":\"52:11\",\"dedupe\":\"message:7\",\"account\":\"123456\",\"locale\":\"et\",\"profile\":\"{\\\"username\\\":\\\"ida\\\"}"
          "\"}]" },
        { MESSAGE("\"text\":\"/start\""), "[{\"kind\":\"follow\",\"user\":\"52\"}]" },
        { MESSAGE("\"text\":\"/start shop_77\""),
          "[{\"kind\":\"follow\",\"referral\":\"shop_77\"},"
          "{\"kind\":\"command\",\"text\":\"/start shop_77\",\"payload\":\"shop_77\",\"id\":\"52:11\"}]" },
        { MESSAGE("\"text\":\"/start@shop_bot shop_77\""),
          "[{\"kind\":\"follow\",\"referral\":\"shop_77\"},{\"kind\":\"command\",\"text\":\"/start@shop_bot shop_77\"}]" },
        { MESSAGE("\"text\":\"hi\",\"pinned_message\":null,\"migrate_to_chat_id\":null,\"business_connection_id\":null"),
          "[{\"kind\":\"message\",\"text\":\"hi\",\"conversation\":\"52\"}]" },
        { MESSAGE("\"text\":\"/starting\""), "[{\"kind\":\"message\",\"text\":\"/starting\"}]" },
        { MESSAGE("\"sticker\":{\"file_id\":\"S\",\"emoji\":\"\\ud83d\\ude00\"}"),
          "[{\"kind\":\"message\",\"type\":\"sticker\",\"text\":\"\\ud83d\\ude00\",\"media\":[{\"type\":\"sticker\",\"id\":\"S\"}]}]" },
        { MESSAGE("\"video_note\":{\"file_id\":\"V\",\"duration\":3}"),
          "[{\"type\":\"video\",\"media\":[{\"id\":\"V\",\"duration_ms\":3000}]}]" },
        { MESSAGE("\"live_photo\":{\"file_id\":\"L\"},\"photo\":[{\"file_id\":\"P\"}]"),
          "[{\"type\":\"image\",\"media\":[{\"id\":\"P\"}]}]" },
        { MESSAGE("\"document\":{\"file_id\":\"D\",\"file_name\":\"a.pdf\",\"mime_type\":\"application/"
                  "pdf\",\"file_size\":9},\"caption\":\"see\""),
          "[{\"type\":\"document\",\"text\":\"see\",\"media\":[{\"id\":\"D\",\"name\":\"a.pdf\",\"mime\":\"application/"
          "pdf\",\"size\":9}]}]" },
        { MESSAGE("\"contact\":{\"phone_number\":\"+372\",\"first_name\":\"Ida\",\"user_id\":52}"),
          "[{\"type\":\"contact\",\"text\":\"Ida\\n+372\",\"profile\":\"{\\\"username\\\":\\\"ida\\\",\\\"phone\\\":\\\"+372\\\"}\"}]" },
        { MESSAGE("\"contact\":{\"phone_number\":\"+99\",\"first_name\":\"Bo\",\"user_id\":53}"),
          "[{\"type\":\"contact\",\"text\":\"Bo\\n+99\",\"profile\":\"{\\\"username\\\":\\\"ida\\\"}\"}]" },
        { MESSAGE("\"location\":{\"latitude\":95,\"longitude\":1}"), "[{\"type\":\"unsupported\"}]" },
        { MESSAGE("\"poll\":{\"id\":\"1\"}"), "[{\"kind\":\"message\",\"type\":\"unsupported\"}]" },
        { MESSAGE("\"hologram\":1"), "[{\"kind\":\"message\",\"type\":\"unsupported\",\"text\":\"\"}]" },
        { MESSAGE("\"hologram\":1,\"caption\":\"look\""), "[{\"type\":\"unsupported\",\"text\":\"[unsupported message]\\nlook\"}]" },
        { MESSAGE("\"new_chat_members\":[{\"id\":1}]"), "[]" },
        { MESSAGE("\"pinned_message\":{\"message_id\":1}"), "[]" },
        { MESSAGE("\"rich_message\":{\"blocks\":[{\"text\":[\"a\",{\"type\":\"bold\",\"text\":[\"b\"]}]},{\"text\":\"c\"}]}"),
          "[{\"type\":\"rich\",\"text\":\"ab\\nc\"}]" },
        { "{\"update_id\":7,\"message\":{\"message_id\":2," FROM ",\"chat\":{\"id\":-100,\"type\":\"supergroup\"},\"date\":1,"
          "\"text\":\"x\",\"message_thread_id\":9,\"is_topic_message\":true,\"reply_to_message\":{\"message_id\":9}}}",
          "[{\"conversation\":\"-100/9\",\"thread\":\"9\",\"id\":\"-100:2\",\"ref\":\"\"}]" },
        { "{\"update_id\":7,\"message\":{\"message_id\":2,\"chat\":{\"id\":-5,\"type\":\"group\"},\"date\":1,\"migrate_to_chat_id\":-1005}"
          "}",
          "[{\"kind\":\"system\",\"conversation\":\"-1005\"}]" },
        { "{\"update_id\":7,\"message\":{\"message_id\":2,\"from\":{\"id\":1087968824,\"is_bot\":true,\"first_name\":\"Group\"},"
          "\"sender_chat\":{\"id\":-5,\"title\":\"The board\"},\"chat\":{\"id\":-5,\"type\":\"group\"},\"date\":1,\"text\":\"x\"}}",
          "[{\"user\":\"-5\",\"user_name\":\"The board\",\"auto\":false}]" },
        { "{\"update_id\":7,\"message\":{\"message_id\":2,\"from\":{\"id\":8,\"is_bot\":true,\"first_name\":\"B\"}," CHAT
          ",\"text\":\"x\"}}",
          "[{\"user\":\"8\",\"auto\":true}]" },
        { "{\"update_id\":7,\"edited_message\":{\"message_id\":2," FROM "," CHAT ",\"edit_date\":1789990009,"
          "\"location\":{\"latitude\":1.5,\"longitude\":-2.25,\"live_period\":60}}}",
          "[{\"kind\":\"edit\",\"ref\":\"52:2\",\"text\":\"1.500000, -2.250000\",\"ts_ms\":1789990009000}]" },
        { "{\"update_id\":7,\"edited_message\":{\"message_id\":2," FROM "," CHAT
          ",\"edit_date\":1789990009,\"photo\":[{\"file_id\":\"P\",\"file_unique_id\":\"U\",\"width\":2,\"height\":2}]}}",
          "[{\"kind\":\"edit\",\"ref\":\"52:2\",\"ts_ms\":1789990009000}]" },
        { "{\"update_id\":7,\"edited_message\":{\"message_id\":2," FROM "," CHAT ",\"hologram\":{\"id\":3}}}", "[]" },
        { "{\"update_id\":7,\"edited_message\":{\"message_id\":2," FROM "," CHAT
          ",\"checklist\":{\"title\":\"To do\",\"tasks\":[{\"id\":1,\"text\":\"all\"}]}}}",
          "[{\"kind\":\"edit\",\"text\":\"[unsupported message: checklist]\\nTo do\\n- all\"}]" },
        { "{\"update_id\":7,\"callback_query\":{\"id\":\"q\"," FROM ",\"data\":\"y\",\"message\":{\"message_id\":3," CHAT
          ",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"No\",\"callback_data\":\"n\"}],[{\"text\":\"Yes!\",\"callback_data\":\"y\"}"
          "]]}}}}",
          "[{\"kind\":\"postback\",\"payload\":\"y\",\"text\":\"Yes!\",\"ref\":\"52:3\",\"ts_ms\":1789990100000}]" },
        { "{\"update_id\":7,\"callback_query\":{\"id\":\"q\"," FROM ",\"data\":\"y\",\"message\":{\"message_id\":3,\"chat\":{\"id\":52},"
          "\"date\":0}}}",
          "[{\"kind\":\"postback\",\"payload\":\"y\",\"text\":\"y\"}]" },
        { "{\"update_id\":7,\"callback_query\":{\"id\":\"q\"," FROM ",\"data\":\"y\"}}",
          "[{\"kind\":\"postback\",\"payload\":\"y\",\"text\":\"y\",\"conversation\":\"52\",\"user\":\"52\"}]" },
        { "{\"update_id\":7,\"callback_query\":{\"id\":\"q\"," FROM ",\"game_short_name\":\"g\"}}", "[]" },
        { "{\"update_id\":7,\"my_chat_member\":{" FROM "," CHAT ",\"old_chat_member\":{\"status\":\"kicked\"},"
          "\"new_chat_member\":{\"status\":\"member\"}}}",
          "[{\"kind\":\"follow\",\"conversation\":\"52\"}]" },
        { "{\"update_id\":7,\"my_chat_member\":{" FROM "," CHAT ",\"old_chat_member\":{\"status\":\"member\"},"
          "\"new_chat_member\":{\"status\":\"administrator\"}}}",
          "[]" },
        { "{\"update_id\":7,\"message_reaction\":{\"user\":{\"id\":52,\"first_name\":\"I\"}," CHAT ",\"message_id\":3,"
          "\"old_reaction\":[{\"type\":\"emoji\",\"emoji\":\"A\"},{\"type\":\"emoji\",\"emoji\":\"B\"}],"
          "\"new_reaction\":[{\"type\":\"emoji\",\"emoji\":\"B\"},{\"type\":\"custom_emoji\",\"custom_emoji_id\":\"1\"},{\"type\":\"paid\"}"
          "]}}",
          "[{\"kind\":\"reaction\",\"text\":\"[emoji]\",\"on\":true,\"dedupe\":\"message_reaction:7\"},"
          "{\"kind\":\"reaction\",\"text\":\"\\u2b50\",\"on\":true,\"dedupe\":\"message_reaction.1:7\"},"
          "{\"kind\":\"reaction\",\"text\":\"A\",\"on\":false,\"ref\":\"52:3\",\"dedupe\":\"message_reaction.2:7\"}]" },
        { "{\"update_id\":7,\"business_message\":{\"business_connection_id\":\"bc\",\"message_id\":3," FROM "," CHAT ",\"text\":\"x\"}}",
          "[{\"kind\":\"message\",\"user\":\"52\",\"conversation\":\"52@bc\",\"id\":\"52:3\"}]" },
        { "{\"update_id\":7,\"business_message\":{\"business_connection_id\":\"bc\",\"message_id\":3,\"from\":{\"id\":9,\"first_name\":"
          "\"Boss\"}," CHAT ",\"text\":\"x\"}}",
          "[{\"kind\":\"echo\",\"agent\":\"Boss\",\"user\":\"\",\"conversation\":\"52@bc\",\"text\":\"x\"}]" },
        { "{\"update_id\":7,\"edited_business_message\":{\"business_connection_id\":\"bc\",\"message_id\":3," FROM "," CHAT
          ",\"text\":\"y\"}}",
          "[{\"kind\":\"edit\",\"user\":\"52\",\"conversation\":\"52@bc\",\"ref\":\"52:3\",\"text\":\"y\"}]" },
        { "{\"update_id\":7,\"edited_business_message\":{\"business_connection_id\":\"bc\",\"message_id\":3,\"from\":{\"id\":9,\"first_"
          "name\":"
          "\"Boss\"}," CHAT ",\"text\":\"y\"}}",
          "[]" }, /* their new words would stand there as the customer's */
        { "{\"update_id\":7,\"deleted_business_messages\":{\"business_connection_id\":\"bc\",\"chat\":{\"id\":52},\"message_ids\":[3,4]}}",
          "[{\"kind\":\"delete\",\"ref\":\"52:3\"},{\"kind\":\"delete\",\"ref\":\"52:4\",\"conversation\":\"52@bc\"}]" },
        { "{\"update_id\":7,\"channel_post\":{\"message_id\":3," CHAT ",\"text\":\"x\"}}", "[]" },
        { "{\"update_id\":7,\"message\":{\"text\":\"x\"}}", "[]" },
    };

    expect_events(*state, rows, COUNT(rows));
}

/* Nobody sees where a word leads: it is written behind it. Positions count units of UTF-16. */
static void an_address_behind_words_is_seen(void **state)
{
    static const struct event_row rows[] = {
        { MESSAGE(
              "\"text\":\"\\ud83d\\udc4b\\ud83c\\udffd look here, and there\",\"entities\":[{\"type\":\"bold\",\"offset\":5,\"length\":4},"
              "{\"type\":\"text_link\",\"offset\":10,\"length\":4,\"url\":\"https://a.example/\"},"
              "{\"type\":\"text_link\",\"offset\":20,\"length\":5,\"url\":\"https://b.example/\"}]"),
          "[{\"text\":\"\\ud83d\\udc4b\\ud83c\\udffd look here (https://a.example/), and there (https://b.example/)\"}]" },
        { MESSAGE("\"photo\":[{\"file_id\":\"P\"}],\"caption\":\"this\",\"caption_entities\":[{\"type\":\"text_link\",\"offset\":0,"
                  "\"length\":99,"
                  "\"url\":\"https://a.example/\"}]"),
          "[{\"type\":\"image\",\"text\":\"this (https://a.example/)\"}]" },
        { MESSAGE("\"text\":\"x\",\"entities\":[{\"type\":\"text_link\",\"offset\":-1,\"length\":1,\"url\":\"u\"},{\"type\":\"text_link\","
                  "\"offset\":0,"
                  "\"length\":1},{\"type\":\"url\",\"offset\":0,\"length\":1}]"),
          "[{\"text\":\"x\"}]" },
    };

    expect_events(*state, rows, COUNT(rows));
}

static void a_formatted_message_is_read_whole(void **state)
{
    static const struct event_row rows[] = {
        { MESSAGE("\"rich_message\":{\"blocks\":[{\"type\":\"heading\",\"text\":\"Order\",\"size\":1},{\"type\":\"divider\"},{\"type\":"
                  "\"list\",\"items\":["
                  "{\"label\":\"1.\",\"blocks\":[{\"type\":\"paragraph\",\"text\":[\"a "
                  "\",{\"type\":\"url\",\"text\":\"lid\",\"url\":\"https://a.example/\"}]}]},"
                  "{\"label\":\"2.\",\"blocks\":[{\"type\":\"paragraph\",\"text\":\"a pot\"}]}]},"
                  "{\"type\":\"table\",\"cells\":[[{\"text\":\"lid\"},{\"text\":\"3\"}],[{},{\"text\":\"4\"}]],\"caption\":\"prices\"},"
                  "{\"type\":\"details\",\"summary\":\"more\",\"blocks\":[{\"text\":\"inside\"}]}]}"),
          "[{\"type\":\"rich\",\"text\":\"Order\\n1. a lid (https://a.example/)\\n2. a pot\\nlid | 3\\n4\\nprices\\nmore inside\"}]" },
        { MESSAGE("\"rich_message\":{\"blocks\":[{\"type\":\"photo\",\"photo\":[{\"file_id\":\"S\",\"width\":1,\"height\":1},{\"file_id\":"
                  "\"B\",\"width\":2,"
                  "\"height\":2}],\"caption\":{\"text\":\"the "
                  "lid\",\"credit\":\"Bo\"}},{\"type\":\"document\",\"document\":{\"file_id\":\"D\"}}]}"),
          "[{\"type\":\"rich\",\"text\":\"the "
          "lid\\nBo\",\"media\":[{\"type\":\"image\",\"id\":\"B\"},{\"type\":\"document\",\"id\":\"D\"}]}]" },
    };

    expect_events(*state, rows, COUNT(rows));
}

/* It cannot be shown as it is there; what it is about can be read. */
static void what_has_no_shape_here_has_words(void **state)
{
    static const struct event_row rows[] = {
        { MESSAGE("\"poll\":{\"id\":\"1\",\"question\":\"Tea?\",\"options\":[{\"text\":\"yes\"},{\"text\":\"no\"}]}"),
          "[{\"type\":\"unsupported\",\"text\":\"[unsupported message: poll]\\nTea?\\n- yes\\n- no\"}]" },
        { MESSAGE("\"dice\":{\"emoji\":\"\\ud83c\\udfb2\",\"value\":6}"),
          "[{\"type\":\"unsupported\",\"text\":\"[unsupported message: dice]\\n\\ud83c\\udfb2\\n6\"}]" },
        { MESSAGE("\"invoice\":{\"title\":\"Lid\",\"description\":\"a new one\"}"),
          "[{\"type\":\"unsupported\",\"text\":\"[unsupported message: invoice]\\nLid\\na new one\"}]" },
        { MESSAGE("\"game\":{\"title\":\"Chess\"}"), "[{\"type\":\"unsupported\",\"text\":\"[unsupported message: game]\\nChess\"}]" },
        { MESSAGE("\"paid_media\":{\"star_count\":1,\"paid_media\":[]},\"caption\":\"buy\""),
          "[{\"type\":\"unsupported\",\"text\":\"[unsupported message: paid media]\\nbuy\"}]" },
        { MESSAGE("\"story\":{\"id\":1}"), "[{\"type\":\"unsupported\",\"text\":\"[unsupported message: story]\"}]" },
        { MESSAGE("\"venue\":{\"title\":\"Shop\",\"address\":\"Main 1\",\"location\":{\"latitude\":1,\"longitude\":2}}"),
          "[{\"type\":\"location\",\"title\":\"Shop\",\"text\":\"Main 1\",\"lat\":1,\"lon\":2}]" },
        { MESSAGE("\"audio\":{\"file_id\":\"A\",\"performer\":\"Bo\",\"title\":\"Song\"}"),
          "[{\"type\":\"audio\",\"media\":[{\"id\":\"A\",\"name\":\"Bo - Song\"}]}]" },
        { MESSAGE("\"contact\":{\"phone_number\":\"12015550123\",\"first_name\":\"Ann\",\"vcard\":\"BEGIN:VCARD\\r\\nVERSION:3.0\\r\\nFN:"
                  "Ann Lee\\r\\nTEL:+1 "
                  "201 555-0123\\r\\nTEL:+12015550199\\r\\nEMAIL:ann@shop.example\\r\\nORG:Lee Ltd\\r\\nEND:VCARD\\r\\n\"}"),
          "[{\"type\":\"contact\",\"text\":\"Ann\\n12015550123\\n+12015550199\\nann@shop.example\\nLee Ltd\"}]" },
    };

    expect_events(*state, rows, COUNT(rows));
}

static void what_was_passed_on_says_whose_it_is(void **state)
{
    static const struct event_row rows[] = {
        { MESSAGE("\"text\":\"hi\",\"forward_origin\":{\"type\":\"user\",\"date\":1,\"sender_user\":{\"id\":9,\"first_name\":\"Bo\",\"last_"
                  "name\":\"Lee\"}}"),
          "[{\"text\":\"[forwarded: Bo Lee]\\nhi\"}]" },
        { MESSAGE("\"photo\":[{\"file_id\":\"P\"}],\"forward_origin\":{\"type\":\"hidden_user\",\"date\":1,\"sender_user_name\":\"Bo\"}"),
          "[{\"text\":\"[forwarded: Bo]\"}]" },
        { MESSAGE("\"text\":\"hi\",\"forward_origin\":{\"type\":\"channel\",\"date\":1,\"chat\":{\"id\":-5,\"title\":\"News\"}}"),
          "[{\"text\":\"[forwarded: News]\\nhi\"}]" },
        { MESSAGE("\"text\":\"hi\",\"forward_origin\":{\"type\":\"hologram\"}"), "[{\"text\":\"[forwarded]\\nhi\"}]" },
        { MESSAGE("\"location\":{\"latitude\":1,\"longitude\":2},\"forward_origin\":{\"type\":\"user\",\"sender_user\":{\"first_name\":"
                  "\"Bo\"}}"),
          "[{\"type\":\"location\",\"text\":\"\"}]" },
    };

    expect_events(*state, rows, COUNT(rows));
}

static void what_was_marked_of_another_message_stands_beside(void **state)
{
    static const struct {
        const char *body, *quoted;
    } rows[] = {
        { MESSAGE("\"text\":\"why?\",\"reply_to_message\":{\"message_id\":9},\"quote\":{\"text\":\"two "
                  "weeks\",\"position\":3,\"is_manual\":true}"),
          "two weeks" },
        { MESSAGE("\"text\":\"why?\",\"reply_to_message\":{\"message_id\":9},\"quote\":{\"text\":\"all of it\",\"position\":0}"), "" },
        { MESSAGE("\"text\":\"why?\",\"external_reply\":{\"origin\":{\"type\":\"chat\",\"sender_chat\":{\"title\":\"News\"}}},\"quote\":{"
                  "\"text\":\"two "
                  "weeks\",\"position\":0}"),
          "News: two weeks" },
        { MESSAGE("\"text\":\"why?\""), "" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        post(t, rows[i].body);
        assert_true(slice_is(t->got.inbound->quoted, rows[i].quoted));
    }
}

/* All of them, however many were taken back at once. */
static void many_that_were_taken_back_are_all_told(void **state)
{
    struct bench *t = *state;
    struct buf b;

    buf_init(&b, 65536);
    buf_str(&b,
            "{\"update_id\":7,\"deleted_business_messages\":{\"business_connection_id\":\"bc\",\"chat\":{\"id\":52},\"message_ids\":[1");
    for (int i = 2; i <= 100; i++)
        buf_printf(&b, ",%d", i);
    buf_str(&b, "]}}");
    buf_char(&b, '\0');
    post(t, b.p);
    assert_int_equal(t->got.n, 100);
    assert_true(slice_is(t->got.inbound[99].ref, "52:100"));
    buf_finish(&b);
}

static void what_cannot_be_read_is_kept_as_it_came(void **state)
{
    static const char body[] = MESSAGE("\"dice\":{\"value\":6}");
    struct bench *t = *state;

    post(t, body);
    assert_true(slice_is(t->got.inbound->raw, body));
}

static void a_group_that_moves_says_where_it_was(void **state)
{
    struct bench *t = *state;

    post(
        t,
        "{\"update_id\":7,\"message\":{\"message_id\":2,\"chat\":{\"id\":-5,\"type\":\"group\"},\"date\":1,\"migrate_to_chat_id\":-1005}}");
    assert_true(slice_is(t->got.inbound->was, "-5"));
}

/* Else the button turns a wheel until the platform gives up. */
static void a_tap_is_acknowledged_in_the_answer(void **state)
{
    struct bench *t = *state;
    json_t *root;

    post(t, "{\"update_id\":7,\"callback_query\":{\"id\":\"q\\\"1\"," FROM ",\"data\":\"y\"}}");
    root = json_loadb(t->got.body.p, t->got.body.n, 0, NULL);
    assert_string_equal(v_text(root, "method"), "answerCallbackQuery");
    assert_string_equal(v_text(root, "callback_query_id"), "q\"1");
    json_decref(root);
    post(t, MESSAGE("\"text\":\"hi\""));
    assert_true(slice_is(t->got.body, "{}"));
}

static void only_a_post_with_one_of_the_secrets_is_believed(void **state)
{
    static const struct {
        const char *method, *secret, *refused;
        int status;
    } rows[] = {
        { "GET", SECRET, "wrong_method", 405 },
        { "POST", SECRET, NULL, 200 },
        { "POST", "old-but-still-good", NULL, 200 },
        { "POST", "old-but-still-goo", "bad_signature", 401 },
        { "POST", "KEFUD_tg-Secret_01", "bad_signature", 401 },
        { "POST", "", "missing_signature", 401 },
        { "POST", NULL, "missing_signature", 401 },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_pair header = { SLICE("X-Telegram-Bot-Api-Secret-Token"), slice_of(rows[i].secret) };
        struct http_req req = {
            .method = rows[i].method, .headers = &header, .n_headers = rows[i].secret ? 1 : 0, .body = SLICE("{\"update_id\":1}")
        };

        assert_int_equal(telegram_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
        assert_int_equal(t->got.status, rows[i].status);
        if (rows[i].refused)
            assert_string_equal(t->got.refused, rows[i].refused);
        else
            assert_null(t->got.refused);
    }
}

static void what_is_no_update_is_refused(void **state)
{
    static const char *const rows[] = { "", "[]", "{", "{}", "{\"update_id\":null}", "{\"message\":{}}" };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        post(t, rows[i]);
        assert_int_equal(t->got.status, 400);
        assert_string_equal(t->got.refused, "malformed_body");
    }
}

static void memory_that_runs_out_loses_nothing(void **state)
{
    static const struct http_pair headers[] = { { SLICE("x-telegram-bot-api-secret-token"), SLICE(SECRET) } };
    static const char body[] = MESSAGE("\"text\":\"some words\",\"reply_to_message\":{\"message_id\":9}");
    struct http_req req = { .method = "POST", .headers = headers, .n_headers = 1, .body = slice_of(body) };
    struct bench *t = *state;

    for (size_t max = 1; max < 40000; max += 67) {
        struct arena *a = arena_new(max);
        struct received got;
        enum kf_rc rc = telegram_ops.receive(t->ch, a, &req, &t->env, &got);

        assert_true(rc == KF_NOMEM || (got.n == 1 && got.inbound->text.n == 10 && got.inbound->ref.n && got.inbound->profile.n));
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(each_update_means_what_it_says),
        BENCH(an_address_behind_words_is_seen),
        BENCH(a_formatted_message_is_read_whole),
        BENCH(what_has_no_shape_here_has_words),
        BENCH(what_was_passed_on_says_whose_it_is),
        BENCH(what_was_marked_of_another_message_stands_beside),
        BENCH(many_that_were_taken_back_are_all_told),
        BENCH(what_cannot_be_read_is_kept_as_it_came),
        BENCH(a_group_that_moves_says_where_it_was),
        BENCH(a_tap_is_acknowledged_in_the_answer),
        BENCH(only_a_post_with_one_of_the_secrets_is_believed),
        BENCH(what_is_no_update_is_refused),
        BENCH(memory_that_runs_out_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
