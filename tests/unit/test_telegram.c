/* The Telegram channel: its vectors, then what they do not say. */
#include "channel_bench.h"
#include "channel_vectors.h"

#include "protocols/telegram.h"

#define SECRET   "kefud_tg-Secret_01"
#define SETTINGS "{\"token\":\"123456:TEST_TOKEN-1\",\"secrets\":[\"old-but-still-good\",\"" SECRET "\"],\"url\":\"https://tg.example/\"}"
#define NOW_MS   1789990100000

/* ---- vectors --------------------------------------------------------------------------------------------------------------- */

static void settings_of(const json_t *inputs, struct buf *b)
{
    const char *token = v_text(inputs, "token"), *secret = v_text(inputs, "secret_token");

    buf_printf(b, "{\"token\":\"%s\",\"secrets\":[\"%s\"]}", token ? token : "bot:TESTTOKEN", secret ? secret : SECRET);
}

static void errand_of(const json_t *inputs, struct arena *a, struct errand *e, struct env *env)
{
    (void)a;
    (void)env;
    e->user = e->peer = v_text(inputs, "to");
    e->reply_ref = v_text(inputs, "reply_to");
    e->message.text = v_slice(inputs, "text");
}

/* What we hold otherwise: an album is as many messages, a card's number a line of its text, a place's name its title: its text is the street. */
static bool member(const json_t *want, const char *name, const struct inbound *in)
{
    if (!strcmp(name, "text") && in->type == TYPE_LOCATION) {
        assert_true(slice_is(in->title, v_text(want, name)));
        return true;
    }
    if (!strcmp(name, "phone")) {
        char *text = test_calloc(1, in->text.n + 1);

        memcpy(text, in->text.p, in->text.n);
        assert_non_null(strstr(text, v_text(want, name)));
        test_free(text);
        return true;
    }
    return !strcmp(name, "group");
}

/* A reply that could ride in the answer. Nobody would be told whether it got there: it goes by a call of its own, which says the same. */
static bool own(const struct channel *ch, struct arena *a, const json_t *vector)
{
    const json_t *reply = v_get(v_get(vector, "inputs"), "reply"), *expected = v_get(vector, "expected");
    struct env env = { .now_ms = NOW_MS, .answering = true };
    struct errand e = { .message = { .text = v_slice(reply, "text") } };
    struct http_req req;
    json_t *said;

    if (!reply)
        return false;
    e.peer = e.user = arena_printf(a, "%lld", (long long)v_number(reply, "chat_id"));
    assert_int_equal(telegram_ops.encode(ch, a, &e, &env, &req), KF_UNSUPPORTED);
    env.answering = false;
    assert_int_equal(telegram_ops.encode(ch, a, &e, &env, &req), KF_OK);
    said = json_deep_copy(v_get(expected, "response_body_json"));
    assert_string_equal(strrchr(req.url, '/') + 1, v_text(said, "method"));
    json_object_del(said, "method");
    v_expect_json(req.body, said);
    json_decref(said);
    return true;
}

static const struct vector_channel vectors = {
    .ops = &telegram_ops,
    .settings = settings_of,
    .errand = errand_of,
    .member = member,
    .own = own,
};

/* ---- a bot to try things on ------------------------------------------------------------------------------------------------ */

static int bench_setup(void **state)
{
    return bench_open(state, &telegram_ops, SETTINGS, (struct env){ .now_ms = NOW_MS, .chance = { 1, 2, 3 } });
}

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
        { MESSAGE("\"hologram\":1"), "[{\"kind\":\"message\",\"type\":\"unsupported\"}]" },
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
        { "{\"update_id\":7,\"edited_message\":{\"message_id\":2," FROM "," CHAT ",\"story\":{\"id\":3}}}", "[]" },
        { "{\"update_id\":7,\"edited_message\":{\"message_id\":2," FROM "," CHAT
          ",\"checklist\":{\"title\":\"To do\",\"tasks\":[{\"id\":1,\"text\":\"all\"}]}}}",
          "[{\"kind\":\"edit\",\"text\":\"To do\\n- all\"}]" },
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
          "[{\"type\":\"unsupported\",\"text\":\"Tea?\\n- yes\\n- no\"}]" },
        { MESSAGE("\"dice\":{\"emoji\":\"\\ud83c\\udfb2\",\"value\":6}"), "[{\"type\":\"unsupported\",\"text\":\"\\ud83c\\udfb2\\n6\"}]" },
        { MESSAGE("\"invoice\":{\"title\":\"Lid\",\"description\":\"a new one\"}"),
          "[{\"type\":\"unsupported\",\"text\":\"Lid\\na new one\"}]" },
        { MESSAGE("\"game\":{\"title\":\"Chess\"}"), "[{\"type\":\"unsupported\",\"text\":\"Chess\"}]" },
        { MESSAGE("\"paid_media\":{\"star_count\":1,\"paid_media\":[]},\"caption\":\"buy\""),
          "[{\"type\":\"unsupported\",\"text\":\"buy\"}]" },
        { MESSAGE("\"story\":{\"id\":1}"), "[{\"type\":\"unsupported\",\"text\":\"\"}]" },
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

/* ---- out ------------------------------------------------------------------------------------------------------------------- */

static void each_errand_is_one_call(void **state)
{
    static const struct {
        struct errand e;
        const char *path, *body; /* NULL: not possible */
    } rows[] = {
        { { .peer = "52", .message = { .text = { "hi", 2 } } }, "sendMessage", "{\"chat_id\":52,\"text\":\"hi\"}" },
        { { .peer = "-1002147483700/7", .message = { .text = { "hi", 2 } } },
          "sendMessage",
          "{\"chat_id\":-1002147483700,\"message_thread_id\":7,\"text\":\"hi\"}" },
        { { .peer = "52@bc", .message = { .text = { "hi", 2 } } },
          "sendMessage",
          "{\"chat_id\":52,\"business_connection_id\":\"bc\",\"text\":\"hi\"}" },
        { { .peer = "@news", .message = { .text = { "hi", 2 } } }, "sendMessage", "{\"chat_id\":\"@news\",\"text\":\"hi\"}" },
        { { .peer = "52", .reply_ref = "callback", .message = { .text = { "hi", 2 } } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"hi\"}" },
        { { .peer = "52", .part = 1, .reply_ref = "52:3", .message = { .text = { "hi", 2 } } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"hi\"}" },
        { { .peer = "52",
            .message = { .text = { "Well?", 5 },
                         .extra = "{\"choices\":[{\"id\":\"y\",\"label\":\"Yes\"},{\"id\":\"0123456789012345678901234567890123456789"
                                  "01234567890123456789abcde\",\"label\":\"Perhaps\"}]}" } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Well?\\n- "
          "Perhaps\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Yes\",\"callback_data\":\"y\"}]]}}" },
        { { .peer = "52", .message = { .kind = MESSAGE_CARD, .text = SLICE("Returns\nSeven days.\nhttps://shop.example:444/r?a=1#t") } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Returns\\nSeven days.\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"shop.example\","
          "\"url\":\"https://shop.example:444/r?a=1#t\"}]]}}" },
        { { .peer = "52", .message = { .kind = MESSAGE_CARD, .text = SLICE("Returns\nhttps://shop.example") } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Returns\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"shop.example\","
          "\"url\":\"https://shop.example\"}]]}}" },
        { { .peer = "52",
            .file_url = "https://kefud.example/files/1?exp=1&sig=2",
            .message = { .kind = MESSAGE_CARD,
                         .text = SLICE("Returns\nhttps://shop.example"),
                         .extra = "{\"file\":{\"size\":5242881}}" } }, /* more than Telegram fetches */
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Returns\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"shop.example\","
          "\"url\":\"https://shop.example\"}]]}}" },
        { { .peer = "52",
            .file_url = "https://kefud.example/files/1?exp=1&sig=2",
            .message = { .kind = MESSAGE_CARD,
                         .text = SLICE("Returns\nSeven days.\nhttps://shop.example"),
                         .extra = "{\"file\":{\"size\":5242880}}" } },
          "sendPhoto",
          "{\"chat_id\":52,\"photo\":\"https://kefud.example/files/1?exp=1\\u0026sig=2\",\"caption\":\"Returns\\nSeven "
          "days.\",\"reply_markup\":"
          "{\"inline_keyboard\":[[{\"text\":\"shop.example\",\"url\":\"https://shop.example\"}]]}}" },
        { { .peer = "52/4",
            .reply_ref = "52:3",
            .message = { .kind = MESSAGE_CARD,
                         .text = SLICE("Park\n1 Lake Road\nBack gate\nhttps://map.example/"),
                         .extra = "{\"lat\":31.2304000,\"lon\":-121.4737000}" } },
          "sendVenue",
          "{\"chat_id\":52,\"message_thread_id\":4,\"latitude\":31.2304,\"longitude\":-121.4737,\"title\":\"Park\","
          "\"address\":\"1 Lake Road\\nBack gate\",\"reply_parameters\":{\"message_id\":3,\"allow_sending_without_reply\":true}}" },
        { { .peer = "52",
            .message = { .kind = MESSAGE_CARD,
                         .text = SLICE("Park\nhttps://map.example/"),
                         .extra = "{\"lat\":31.2304000,\"lon\":-121.4737000}" } },
          "sendVenue",
          "{\"chat_id\":52,\"latitude\":31.2304,\"longitude\":-121.4737,\"title\":\"Park\",\"address\":\"31.2304, -121.4737\"}" },
        { { .peer = "52",
            .file_url = "https://kefud.example/files/1?exp=1&sig=2",
            .message = { .kind = MESSAGE_CARD,
                         .file = { { 1 } }, /* with a picture it is a card that leads to the map */
                         .text = SLICE("Park\nhttps://map.example/"),
                         .extra = "{\"file\":{\"size\":10},\"lat\":31.2304000,\"lon\":-121.4737000}" } },
          "sendPhoto",
          "{\"chat_id\":52,\"photo\":\"https://kefud.example/files/1?exp=1\\u0026sig=2\",\"caption\":\"Park\",\"reply_markup\":"
          "{\"inline_keyboard\":[[{\"text\":\"map.example\",\"url\":\"https://map.example/\"}]]}}" },
        { { .peer = "52", .message = { .kind = MESSAGE_CARD, .text = SLICE("Returns\nhttp://intranet/r") } },
          "sendMessage",
          "{\"chat_id\":52,\"text\":\"Returns\\nhttp://intranet/r\"}" },
        { { .kind = ERRAND_EDIT, .peer = "52", .message = { .ref = "52:31", .text = { "new", 3 } } },
          "editMessageText",
          "{\"chat_id\":52,\"message_id\":31,\"text\":\"new\"}" },
        { { .kind = ERRAND_EDIT, .peer = "52", .message = { .text = { "new", 3 } } }, NULL, NULL },
        { { .kind = ERRAND_DELETE, .peer = "52", .message = { .ref = "52:31" } }, "deleteMessage", "{\"chat_id\":52,\"message_id\":31}" },
        { { .kind = ERRAND_TYPING, .peer = "52/4" }, "sendChatAction", "{\"chat_id\":52,\"message_thread_id\":4,\"action\":\"typing\"}" },
        { { .kind = ERRAND_READ, .peer = "52" }, NULL, NULL },
        { { .kind = ERRAND_REACT, .peer = "-100/4", .emoji = "❤️", .message = { .ref = "-100:31" } },
          "setMessageReaction",
          "{\"chat_id\":-100,\"message_id\":31,\"reaction\":[{\"type\":\"emoji\",\"emoji\":\"❤\"}]}" },
        { { .kind = ERRAND_REACT, .peer = "52", .emoji = "", .message = { .ref = "52:31" } },
          "setMessageReaction",
          "{\"chat_id\":52,\"message_id\":31,\"reaction\":[]}" },
        { { .kind = ERRAND_REACT, .peer = "52", .emoji = "❤️" }, NULL, NULL },
        { { .kind = ERRAND_REACT, .peer = "52", .message = { .ref = "52:31" } }, NULL, NULL },
        { { .kind = ERRAND_CLOSED, .peer = "52" }, NULL, NULL },
        { { .peer = "52", .message = { .text = { "", 0 } } }, NULL, NULL },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_req req;
        enum kf_rc rc = telegram_ops.encode(t->ch, t->arena, &rows[i].e, &t->env, &req);
        json_t *want;

        assert_int_equal(rc, rows[i].path ? KF_OK : KF_UNSUPPORTED);
        if (rc)
            continue;
        want = json_loads(rows[i].body, 0, NULL);
        assert_true(slice_starts(slice_of(req.url), "https://tg.example/bot123456:TEST_TOKEN-1/"));
        assert_string_equal(strrchr(req.url, '/') + 1, rows[i].path);
        v_expect_json(req.body, want);
        json_decref(want);
    }
}

static void each_answer_has_its_class(void **state)
{
    static const struct {
        int status;
        bool sent;
        enum errand_kind kind;
        const char *body;
        enum outcome_class cls;
        const char *ref;
    } rows[] = {
        { 200, true, ERRAND_SEND, "{\"ok\":true,\"result\":{\"message_id\":31,\"chat\":{\"id\":-1002147483700}}}", OUTCOME_SENT,
          "-1002147483700:31" },
        { 200, true, ERRAND_TYPING, "{\"ok\":true,\"result\":true}", OUTCOME_SENT, "" },
        { 200, true, ERRAND_SEND, "<html>", OUTCOME_UNCERTAIN, "" },
        { 0, true, ERRAND_SEND, "", OUTCOME_UNCERTAIN, "" },
        { 0, false, ERRAND_SEND, "", OUTCOME_RETRY, "" },
        { 500, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":500,\"description\":\"Internal Server Error\"}", OUTCOME_RETRY, "" },
        { 502, true, ERRAND_SEND, "<html>", OUTCOME_UNCERTAIN, "" },
        { 502, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":502,\"description\":\"Bad Gateway\"}", OUTCOME_RETRY, "" },
        { 401, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", OUTCOME_AUTH, "" },
        { 404, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}", OUTCOME_AUTH, "" },
        { 403, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was kicked from the group chat\"}",
          OUTCOME_USER_BLOCKED, "" },
        { 403, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: user is deactivated\"}",
          OUTCOME_USER_BLOCKED, "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: Chat Not Found\"}", OUTCOME_NO_SUCH_USER,
          "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: PEER_ID_INVALID\"}",
          OUTCOME_NO_SUCH_USER, "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message is too long\"}",
          OUTCOME_TOO_LARGE, "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: can't parse entities\"}", OUTCOME_FATAL,
          "" },
        { 400, true, ERRAND_EDIT, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message is not modified: ...\"}",
          OUTCOME_SENT, "" },
        { 400, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message is not modified: ...\"}",
          OUTCOME_FATAL, "" },
        { 400, true, ERRAND_DELETE, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message to delete not found\"}",
          OUTCOME_SENT, "" },
        { 400, true, ERRAND_REACT, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: REACTION_INVALID\"}", OUTCOME_FATAL,
          "" },
        { 400, true, ERRAND_REACT, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: MESSAGE_NOT_MODIFIED\"}", OUTCOME_SENT,
          "" },
        { 413, true, ERRAND_SEND, "", OUTCOME_TOO_LARGE, "" },
        { 429, true, ERRAND_SEND, "{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":7}}", OUTCOME_RATE_LIMITED, "" },
        { 418, true, ERRAND_SEND, "", OUTCOME_FATAL, "" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .sent = rows[i].sent, .body = slice_of(rows[i].body) };
        const struct errand e = { .kind = rows[i].kind, .peer = "52" };
        struct outcome out;

        assert_int_equal(telegram_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
        assert_string_equal(outcome_name(out.cls), outcome_name(rows[i].cls));
        assert_true(slice_is(out.ref, rows[i].ref));
    }
}

static void a_group_that_moved_is_told_by_the_answer_too(void **state)
{
    const struct http_resp resp = { .status = 400,
                                    .sent = true,
                                    .body = SLICE("{\"ok\":false,\"error_code\":400,\"parameters\":{\"migrate_to_chat_id\":-1005}}") };
    const struct errand e = { .peer = "-5" };
    struct bench *t = *state;
    struct outcome out;

    assert_int_equal(telegram_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_RETRY_WITH_NEW_CONVERSATION);
    assert_true(slice_is(out.peer, "-1005"));
}

/* ---- files ----------------------------------------------------------------------------------------------------------------- */

static bool holds_slice(struct slice s, struct slice what)
{
    for (size_t i = 0; i + what.n <= s.n; i++)
        if (memcmp(s.p + i, what.p, what.n) == 0)
            return true;
    return false;
}

static bool holds(struct slice s, const char *what)
{
    return holds_slice(s, slice_of(what));
}

static void a_file_goes_with_its_message(void **state)
{
    static const struct {
        const char *mime, *extra, *method, *field;
    } rows[] = {
        { "image/png", "{\"file\":{\"width\":800,\"height\":600}}", "sendPhoto", "name=\"photo\"" },
        { "image/png", "{\"file\":{\"width\":9000,\"height\":6000}}", "sendDocument", "name=\"document\"" },
        { "image/png", "{\"file\":{\"width\":2100,\"height\":100}}", "sendDocument", "name=\"document\"" },
        { "image/gif", NULL, "sendAnimation", "name=\"animation\"" },
        { "audio/ogg", NULL, "sendVoice", "name=\"voice\"" },
        { "audio/mpeg", NULL, "sendAudio", "name=\"audio\"" },
        { "audio/amr", NULL, "sendDocument", "name=\"document\"" },
        { "video/mp4", NULL, "sendVideo", "name=\"video\"" },
        { "application/pdf", NULL, "sendDocument", "name=\"document\"" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct upload up = { .bytes = SLICE("\x89PNG\r\n\0\xff"), .mime = rows[i].mime, .name = "a \"b\"\r\n.png" };
        const struct errand e = { .peer = "-100/7@bc",
                                  .reply_ref = "-100:3",
                                  .message = { .kind = MESSAGE_IMAGE, .text = SLICE("look"), .extra = rows[i].extra } };
        struct uploaded done;
        struct http_req req;

        assert_int_equal(telegram_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_AGAIN);
        assert_string_equal(strrchr(req.url, '/') + 1, rows[i].method);
        assert_true(slice_starts(req.headers[0].value, "multipart/form-data; boundary=kefud-010203"));
        assert_true(holds(req.body, rows[i].field));
        assert_true(holds(req.body, "filename=\"a %22b%22%0D%0A.png\""));
        assert_true(holds(req.body, "\r\n\r\n-100\r\n"));
        assert_true(holds(req.body, "name=\"message_thread_id\"\r\n\r\n7\r\n"));
        assert_true(holds(req.body, "name=\"business_connection_id\"\r\n\r\nbc\r\n"));
        assert_true(holds(req.body, "name=\"caption\"\r\n\r\nlook\r\n"));
        assert_true(holds(req.body, "{\"message_id\":3,"));
        assert_true(holds_slice(req.body, up.bytes));
    }
}

static void a_small_webp_without_words_is_a_sticker(void **state)
{
    static const struct {
        int width, height;
        size_t size;
        const char *words, *method;
    } rows[] = {
        { 512, 512, 512 << 10, "", "sendSticker" },     { 512, 300, 10, "", "sendSticker" },         { 512, 513, 10, "", "sendPhoto" },
        { 512, 512, (512 << 10) + 1, "", "sendPhoto" }, { 512, 512, 10, "more words", "sendPhoto" }, { 0, 0, 10, "", "sendPhoto" },
    };
    char *bytes = test_calloc(1, (512 << 10) + 1);
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct upload up = { .bytes = { bytes, rows[i].size }, .mime = "image/webp", .name = "a.webp" };
        const char *extra = arena_printf(t->arena, "{\"file\":{\"width\":%d,\"height\":%d}}", rows[i].width, rows[i].height);
        const struct errand e = {
            .peer = "52", .message = { .kind = MESSAGE_IMAGE, .text = slice_of(rows[i].words), .extra = rows[i].width ? extra : NULL }
        };
        struct uploaded done;
        struct http_req req;

        assert_int_equal(telegram_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_AGAIN);
        assert_string_equal(strrchr(req.url, '/') + 1, rows[i].method);
        assert_true(holds(req.body, strcmp(rows[i].method, "sendSticker") == 0 ? "name=\"sticker\"" : "name=\"photo\""));
        assert_int_equal(holds(req.body, "name=\"caption\""), *rows[i].words != '\0');
    }
    test_free(bytes);
}

static void what_became_of_a_file_is_what_became_of_its_message(void **state)
{
    const struct upload up = { .bytes = SLICE("x"), .mime = "image/png", .name = "x" };
    struct errand e = { .peer = "52", .message = { .kind = MESSAGE_IMAGE } };
    struct http_resp resp = { .status = 200,
                              .sent = true,
                              .body = SLICE("{\"ok\":true,\"result\":{\"message_id\":4,\"chat\":{\"id\":52}}}") };
    struct bench *t = *state;
    char words[1026];
    struct uploaded done;
    struct http_req req;

    assert_int_equal(telegram_ops.upload(t->ch, t->arena, &e, &up, &t->env, &resp, &req, &done), KF_OK);
    assert_true(done.said);
    assert_int_equal(done.outcome.cls, OUTCOME_SENT);
    assert_true(slice_is(done.outcome.ref, "52:4"));
    resp = (struct http_resp){ .sent = true };
    assert_int_equal(telegram_ops.upload(t->ch, t->arena, &e, &up, &t->env, &resp, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_UNCERTAIN); /* it may stand there: not a second time */
    memset(words, 'w', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    e.message.text = slice_of(words);
    assert_int_equal(telegram_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_TOO_LARGE);
}

static void a_file_comes_by_its_id(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum kf_rc rc;
    } rows[] = {
        { 200, "{\"ok\":true,\"result\":{\"file_path\":\"photos/file_1.jpg\",\"file_size\":10}}", KF_OK },
        { 200, "{\"ok\":true,\"result\":{\"file_path\":\"photos/../../bot1:x/logOut\"}}", KF_ABSENT },
        { 200, "{\"ok\":true,\"result\":{\"file_path\":\"/etc/passwd\"}}", KF_ABSENT },
        { 200, "{\"ok\":true,\"result\":{\"file_path\":\"a?b\"}}", KF_ABSENT },
        { 200, "{\"ok\":true,\"result\":{}}", KF_RATE },
        { 200, "<html>", KF_RATE },
        { 200, "{\"ok\":true,\"result\":{\"file_path\":\"a\",\"file_size\":20971521}}", KF_LIMIT },
        { 400, "{\"ok\":false,\"description\":\"Bad Request: file is too big\"}", KF_LIMIT },
        { 400, "{\"ok\":false,\"description\":\"Bad Request: wrong file_id\"}", KF_ABSENT },
        { 401, "", KF_AUTH },
    };
    const struct media m = { .type = TYPE_IMAGE, .id = SLICE("Ag\"x") }, none = { .type = TYPE_IMAGE };
    const struct media big = { .type = TYPE_VIDEO, .id = SLICE("v"), .size = 20971521 };
    struct bench *t = *state;
    struct http_req req;

    assert_int_equal(telegram_ops.media(t->ch, t->arena, &t->env, &none, NULL, &req), KF_INVALID);
    assert_int_equal(telegram_ops.media(t->ch, t->arena, &t->env, &big, NULL, &req), KF_LIMIT);
    assert_int_equal(telegram_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_AGAIN);
    assert_string_equal(req.url, "https://tg.example/bot123456:TEST_TOKEN-1/getFile");
    assert_true(slice_is(req.body, "{\"file_id\":\"Ag\\\"x\"}"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .body = slice_of(rows[i].body) };

        assert_int_equal(telegram_ops.media(t->ch, t->arena, &t->env, &m, &resp, &req), rows[i].rc);
        if (rows[i].rc == KF_OK) {
            assert_string_equal(req.url, "https://tg.example/file/bot123456:TEST_TOKEN-1/photos/file_1.jpg");
            assert_false(req.stranger);
        }
    }
}

/* ---- several files at once --------------------------------------------------------------------------------------------------- */

static void photos_and_films_may_stand_together(void **state)
{
    static const struct {
        const char *extra, *text;
        bool joins;
    } rows[] = {
        { "{\"file\":{\"mime\":\"image/png\",\"size\":10,\"width\":80,\"height\":60}}", "", true },
        { "{\"file\":{\"mime\":\"image/jpeg\",\"size\":10485760}}", "words", true },
        { "{\"file\":{\"mime\":\"video/mp4\",\"size\":10485761}}", "", true },
        { "{\"file\":{\"mime\":\"image/jpeg\",\"size\":10485761}}", "", false },                         /* it goes as a file */
        { "{\"file\":{\"mime\":\"image/png\",\"size\":10,\"width\":9000,\"height\":6000}}", "", false }, /* so does this */
        { "{\"file\":{\"mime\":\"image/webp\",\"size\":10,\"width\":512,\"height\":512}}", "", false },  /* a sticker */
        { "{\"file\":{\"mime\":\"image/webp\",\"size\":10,\"width\":512,\"height\":512}}", "words", true },
        { "{\"file\":{\"mime\":\"image/gif\",\"size\":10}}", "", false },
        { "{\"file\":{\"mime\":\"application/pdf\",\"size\":10}}", "", false },
        { "{\"file\":{\"mime\":\"image/png\"}}", "", false },
        { "{}", "", false },
        { NULL, "", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct message m = { .kind = MESSAGE_IMAGE, .text = slice_of(rows[i].text), .extra = rows[i].extra };

        row_int_equal(rows[i].extra ? rows[i].extra : "nothing", telegram_ops.joins(&m), rows[i].joins);
    }
}

static const struct errand of_album[] = {
    { .peer = "-100/7@bc", .reply_ref = "-100:3", .message = { .kind = MESSAGE_IMAGE, .text = SLICE("a \"lid\"") } },
    { .peer = "-100/7@bc", .message = { .kind = MESSAGE_FILE } },
};

static void fill_album(struct album_item all[2])
{
    all[0] = (struct album_item){ .errand = &of_album[0], .file = { .bytes = SLICE("PNG\0x"), .mime = "image/png", .name = "a.png" } };
    all[1] = (struct album_item){ .errand = &of_album[1], .file = { .bytes = SLICE("MP4"), .mime = "video/mp4", .name = "" } };
}

static void an_album_is_one_request(void **state)
{
    struct bench *t = *state;
    struct album_item all[2];
    struct http_req req;

    fill_album(all);
    assert_int_equal(telegram_ops.album(t->ch, t->arena, all, 2, &t->env, &req), KF_OK);
    assert_string_equal(req.url, "https://tg.example/bot123456:TEST_TOKEN-1/sendMediaGroup");
    assert_true(slice_starts(req.headers[0].value, "multipart/form-data; boundary=kefud-010203"));
    assert_true(holds(req.body, "\r\n\r\n-100\r\n"));
    assert_true(holds(req.body, "name=\"message_thread_id\"\r\n\r\n7\r\n"));
    assert_true(holds(req.body, "name=\"business_connection_id\"\r\n\r\nbc\r\n"));
    assert_true(holds(req.body, "{\"message_id\":3,"));
    assert_true(holds(req.body, "name=\"media\"\r\n\r\n[{\"type\":\"photo\",\"media\":\"attach://f0\",\"caption\":\"a \\\"lid\\\"\"},"
                                "{\"type\":\"video\",\"media\":\"attach://f1\"}]\r\n"));
    assert_true(holds(req.body, "name=\"f0\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nPNG"));
    assert_true(holds(req.body, "name=\"f1\"; filename=\"file\"\r\nContent-Type: video/mp4\r\n\r\nMP4"));
    all[1].file.mime = "application/pdf";
    assert_int_equal(telegram_ops.album(t->ch, t->arena, all, 2, &t->env, &req), KF_UNSUPPORTED);
}

static void each_of_an_album_has_its_own_outcome(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum outcome_class first, second;
        const char *ref, *other;
    } rows[] = {
        { 200, "{\"ok\":true,\"result\":[{\"message_id\":4,\"chat\":{\"id\":52}},{\"message_id\":5,\"chat\":{\"id\":52}}]}", OUTCOME_SENT,
          OUTCOME_SENT, "52:4", "52:5" },
        { 200, "{\"ok\":true,\"result\":[{\"message_id\":4,\"chat\":{\"id\":52}}]}", OUTCOME_SENT, OUTCOME_UNCERTAIN, "52:4", "" },
        { 200, "{\"ok\":true,\"result\":true}", OUTCOME_UNCERTAIN, OUTCOME_UNCERTAIN, "", "" },
        { 200, "<html>", OUTCOME_UNCERTAIN, OUTCOME_UNCERTAIN, "", "" },
        { 0, "", OUTCOME_UNCERTAIN, OUTCOME_UNCERTAIN, "", "" },
        { 429, "{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":7}}", OUTCOME_RATE_LIMITED, OUTCOME_RATE_LIMITED, "", "" },
        { 403, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was blocked by the user\"}", OUTCOME_USER_BLOCKED,
          OUTCOME_USER_BLOCKED, "", "" },
        { 400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: wrong file\"}", OUTCOME_FATAL, OUTCOME_FATAL, "", "" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .sent = true, .body = slice_of(rows[i].body) };
        struct album_item all[2];

        fill_album(all);
        assert_int_equal(telegram_ops.album_settle(t->ch, t->arena, all, 2, &resp), KF_OK);
        row_int_equal(rows[i].body, all[0].outcome.cls, rows[i].first);
        row_int_equal(rows[i].body, all[1].outcome.cls, rows[i].second);
        assert_true(slice_is(all[0].outcome.ref, rows[i].ref));
        assert_true(slice_is(all[1].outcome.ref, rows[i].other));
        assert_int_equal(all[1].outcome.retry_after_ms, rows[i].status == 429 ? 7000 : 0);
    }
}

/* ---- setting up ------------------------------------------------------------------------------------------------------------ */

#define HOOK "https://kefud.example/hooks/0123"

static void a_bot_is_met_step_by_step(void **state)
{
    static const struct {
        bool tell;
        int status;
        const char *body;
        enum kf_rc rc;
        const char *next, *words; /* the call that follows, or what is said */
    } rows[] = {
        { false, 200, "{\"ok\":true,\"result\":{\"id\":123456,\"is_bot\":true}}", KF_AGAIN, "getWebhookInfo", NULL },
        { true, 200, "{\"ok\":true,\"result\":{\"id\":123456,\"is_bot\":true}}", KF_AGAIN, "setWebhook", NULL },
        { true, 200, "{\"ok\":true,\"result\":true}", KF_AGAIN, "getWebhookInfo", NULL },
        { false, 200, "{\"ok\":true,\"result\":{\"url\":\"" HOOK "\",\"pending_update_count\":0}}", KF_OK, NULL,
          "bot 123456, without reactions" },
        { false, 200,
          "{\"ok\":true,\"result\":{\"url\":\"" HOOK
          "\",\"allowed_updates\":[\"message\",\"edited_message\",\"callback_query\",\"my_chat_member\",\"message_reaction\"]}}",
          KF_OK, NULL, "bot 123456, its webhook is set" },
        { false, 200,
          "{\"ok\":true,\"result\":{\"url\":\"" HOOK
          "\",\"allowed_updates\":[\"message\",\"edited_message\",\"callback_query\",\"my_chat_member\"]}}",
          KF_OK, NULL, "bot 123456, without reactions" },
        { false, 200, "{\"ok\":true,\"result\":{\"url\":\"" HOOK "\",\"allowed_updates\":[\"message\",\"edited_message\"]}}", KF_REJECTED,
          NULL, "Telegram is not asked for callback_query" },
        { false, 200, "{\"ok\":true,\"result\":{\"url\":\"\",\"pending_update_count\":0}}", KF_REJECTED, NULL, "Telegram has no address" },
        { false, 200, "{\"ok\":true,\"result\":{\"url\":\"https://x.example\"}}", KF_REJECTED, NULL, "Telegram calls another" },
        { false, 200,
          "{\"ok\":true,\"result\":{\"url\":\"" HOOK "\",\"pending_update_count\":3,\"last_error_message\":\"401 Unauthorized\"}}",
          KF_REJECTED, NULL, "3 updates wait, because: 401" },
        { true, 400, "{\"ok\":false,\"description\":\"Bad Request: bad webhook\"}", KF_REJECTED, NULL,
          "Telegram says: Bad Request: bad webhook" },
        { false, 401, "{\"ok\":false,\"description\":\"Unauthorized\"}", KF_AUTH, NULL, "Telegram does not know that token" },
        { false, 200, "<html>", KF_IO, NULL, "Telegram's answer" },
        { false, 0, "", KF_IO, NULL, "no answer from Telegram" },
    };
    struct bench *t = *state;
    struct http_req req;
    struct kf_err why;

    assert_int_equal(telegram_ops.meet(t->ch, t->arena, &t->env, HOOK, false, NULL, &req, &why), KF_AGAIN);
    assert_string_equal(strrchr(req.url, '/') + 1, "getMe");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .body = slice_of(rows[i].body) };

        row_int_equal(rows[i].body, telegram_ops.meet(t->ch, t->arena, &t->env, HOOK, rows[i].tell, &resp, &req, &why), rows[i].rc);
        if (rows[i].next)
            assert_string_equal(strrchr(req.url, '/') + 1, rows[i].next);
        else if (strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s: %s", rows[i].body, why.text);
        if (rows[i].next && !strcmp(rows[i].next, "setWebhook")) {
            assert_true(holds(req.body, "\"url\":\"" HOOK "\",\"secret_token\":\"old-but-still-good\",\"allowed_updates\":[\"message\""));
            assert_true(holds(req.body, "\"message_reaction\""));
        }
    }
}

/* ---- settings -------------------------------------------------------------------------------------------------------------- */

static void settings_that_do_not_work_are_told(void **state)
{
    static const struct settings_row rows[] = {
        { "{\"token\":\"123456:abc\",\"secrets\":[]}", "secrets: " },
        { "{\"token\":\"123456:abc\",\"secrets\":[\"short\"]}", "secrets[0]: " },
        { "{\"token\":\"123456:abc\",\"secrets\":[\"no blanks here\"]}", "secrets[0]: " },
        { "{\"token\":\"123456-abc\",\"secrets\":[\"" SECRET "\"]}", "token: " },
        { "{\"token\":\":123456abc\",\"secrets\":[\"" SECRET "\"]}", "token: " },
        { "{\"token\":\"123456:a/../b\",\"secrets\":[\"" SECRET "\"]}", "token: " },
    };

    (void)state;
    settings_are_refused(&telegram_ops, rows, COUNT(rows));
}

static void expect_json(struct slice body, const char *text)
{
    json_t *want = json_loads(text, 0, NULL);

    assert_non_null(want);
    v_expect_json(body, want);
    json_decref(want);
}

#define ANN     "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann Lee\r\nTEL;TYPE=CELL:+1 201 555-0123\r\n"
#define END     "END:VCARD\r\n"
#define NAME_64 "Maximiliane Wilhelmina Antoinette Charlotte Josefine von Langen."

static void one_person_goes_as_a_contact(void **state)
{
    static const struct {
        const char *file, *name, *words, *want; /* NULL: as a file */
    } rows[] = {
        { ANN END, "ann.vcf", "",
          "{\"chat_id\":-100,\"message_thread_id\":7,\"phone_number\":\"+12015550123\",\"first_name\":\"Ann "
          "Lee\",\"vcard\":\"BEGIN:VCARD\\r\\n"
          "VERSION:3.0\\r\\nFN:Ann Lee\\r\\nTEL;TYPE=CELL:+1 201 555-0123\\r\\nEND:VCARD\\r\\n\",\"reply_parameters\":{\"message_id\":3,"
          "\"allow_sending_without_reply\":true}}" },
        { ANN END, "ann.vcf", "ask her", NULL },
        { ANN END ANN END, "both.vcf", "", NULL },
        { "BEGIN:VCARD\r\nFN:" NAME_64 "\r\nTEL:12015550123\r\n" END, "ann.vcf", "",
          "{\"chat_id\":-100,\"message_thread_id\":7,\"phone_number\":\"12015550123\",\"first_name\":\"" NAME_64
          "\",\"vcard\":\"BEGIN:VCARD\\r\\nFN:" NAME_64
          "\\r\\nTEL:12015550123\\r\\nEND:VCARD\\r\\n\",\"reply_parameters\":{\"message_id\":3,\"allow_sending_without_reply\":true}}" },
        { "BEGIN:VCARD\r\nFN:" NAME_64 "x\r\nTEL:12015550123\r\n" END, "ann.vcf", "", NULL },
        { ANN "TEL:call me\r\n" END, "ann.vcf", "", NULL },
        { ANN END, "ann.txt", "", NULL },
        { ANN, "ann.vcf", "", NULL },
    };
    struct bench *t = *state;
    struct uploaded done;
    struct http_req req;
    struct buf b;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct upload up = { .bytes = slice_of(rows[i].file), .mime = "text/plain", .name = rows[i].name };
        const struct errand e = { .peer = "-100/7",
                                  .reply_ref = "-100:3",
                                  .message = { .kind = MESSAGE_FILE, .text = slice_of(rows[i].words) } };

        assert_int_equal(telegram_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_AGAIN);
        assert_string_equal(strrchr(req.url, '/') + 1, rows[i].want ? "sendContact" : "sendDocument");
        if (rows[i].want)
            expect_json(req.body, rows[i].want);
    }
    /* What goes beside name and number is bounded there. */
    buf_init(&b, 4096);
    buf_str(&b, ANN "NOTE:");
    while (b.n < 2050)
        buf_char(&b, 'x');
    buf_str(&b, "\r\n" END);
    assert_int_equal(telegram_ops.upload(t->ch, t->arena, &(struct errand){ .peer = "52", .message = { .kind = MESSAGE_FILE } },
                                         &(struct upload){ .bytes = buf_slice(&b), .mime = "text/vcard", .name = "a" }, &t->env, NULL, &req,
                                         &done),
                     KF_AGAIN);
    expect_json(req.body, "{\"chat_id\":52,\"phone_number\":\"+12015550123\",\"first_name\":\"Ann Lee\"}");
    buf_finish(&b);
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
        BENCH(each_errand_is_one_call),
        BENCH(each_answer_has_its_class),
        BENCH(a_group_that_moved_is_told_by_the_answer_too),
        BENCH(a_file_goes_with_its_message),
        BENCH(a_small_webp_without_words_is_a_sticker),
        BENCH(what_became_of_a_file_is_what_became_of_its_message),
        cmocka_unit_test(photos_and_films_may_stand_together),
        BENCH(an_album_is_one_request),
        BENCH(each_of_an_album_has_its_own_outcome),
        BENCH(a_file_comes_by_its_id),
        BENCH(a_bot_is_met_step_by_step),
        BENCH(one_person_goes_as_a_contact),
        cmocka_unit_test(settings_that_do_not_work_are_told),
    };
    int failed = vectors_run("telegram", &vectors);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
