/* The forms of bots: their vectors, then what they do not say. */
#include "protocols/bot.h"
#include "protocols/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *file;

static const char *text_of(const json_t *obj, const char *name)
{
    const char *ret = json_string_value(json_object_get(obj, name));

    return ret ? ret : "";
}

static const json_t *each(const char *kind, size_t *i)
{
    const json_t *all = json_object_get(file, "vectors");

    for (; *i < json_array_size(all); (*i)++)
        if (strcmp(text_of(json_array_get(all, *i), "kind"), kind) == 0)
            return json_array_get(all, (*i)++);
    return NULL;
}

static int load(void **state)
{
    (void)state;
    file = json_load_file("tests/vectors/bots.json", 0, NULL);
    return file ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(file);
    return 0;
}

/* Theirs are what a bot gets: we are on the sending side, and sign what they would believe, and nothing else. */
static void events_are_signed_as_bots_expect(void **state)
{
    const json_t *v;
    size_t n = 0, i = 0;

    (void)state;
    while ((v = each("webhook", &i))) {
        const json_t *in = json_object_get(v, "inputs"), *headers = json_object_get(in, "headers"),
                     *expected = json_object_get(v, "expected");
        const char *signature = text_of(headers, "X-Chatwoot-Signature");
        bool bad = strcmp(text_of(expected, "reason"), "bad_signature") == 0;
        struct buf b;

        buf_init(&b, 128);
        assert_true(bot_chatwoot_sign(slice_of(text_of(in, "secret")), slice_of(text_of(headers, "X-Chatwoot-Timestamp")),
                                      slice_of(text_of(in, "body")), &b));
        if (slice_is(buf_slice(&b), signature) == bad)
            fail_msg("%s: %.*s", text_of(v, "name"), (int)b.n, b.p);
        buf_finish(&b);
        n++;
    }
    assert_true(n >= 7);
}

/* ---- the event that we send ---- */

static const struct bot_line line = { .url = "https://bot.example/", .secret = "s-e-c-r-e-t", .timeout_ms = 20000 };

static json_t *sent(struct arena *a, const struct message *messages, size_t n)
{
    const struct bot_turn turn = { .id = { .b = { 1 } },
                                   .conv = { .b = { 2 } },
                                   .numbers = { .site = 1, .channel = 3, .conversation = 10, .contact = 14 },
                                   .site = "acme",
                                   .channel = "web",
                                   .queue = "main",
                                   .language = "en",
                                   .visitor = "little-haze-776",
                                   .page = true,
                                   .messages = messages,
                                   .n = n,
                                   .now_ms = 1789990010000 };
    struct http_req req;
    json_t *ret;

    assert_int_equal(bot_chatwoot.encode(a, &line, &turn, &req), KF_OK);
    assert_true(req.timeout_ms <= 5000);
    ret = json_loadb(req.body.p, req.body.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(ret);
    return ret;
}

/* Every member of the sample is in what we send, and of the same type. */
static void same_shape(const char *path, const json_t *sample, const json_t *ours)
{
    const char *name;
    json_t *value;

    if (!ours || (json_typeof(sample) != json_typeof(ours) && !(json_is_boolean(sample) && json_is_boolean(ours))))
        fail_msg("%s is missing or of another type", path);
    if (!json_is_object(sample))
        return;
    json_object_foreach((json_t *)sample, name, value) same_shape(name, value, json_object_get(ours, name));
}

static void an_event_has_what_bots_read(void **state)
{
    const struct message m = {
        .seq = 3, .at = 1789990000000, .from = { .role = ROLE_VISITOR, .name = "" }, .kind = MESSAGE_TEXT, .text = SLICE("hi")
    };
    struct arena *a = arena_new(0);
    json_t *ours = sent(a, &m, 1), *sample;
    const json_t *v;
    size_t i = 0;

    (void)state;
    v = each("webhook", &i);
    sample = json_loads(text_of(json_object_get(v, "inputs"), "body"), 0, NULL);
    same_shape("the event", sample, ours);
    assert_string_equal(text_of(ours, "content"), text_of(sample, "content"));
    assert_string_equal(text_of(ours, "message_type"), "incoming");
    assert_string_equal(text_of(ours, "created_at"), text_of(sample, "created_at"));
    assert_string_equal(text_of(json_object_get(ours, "conversation"), "status"), "pending");
    json_decref(sample);
    json_decref(ours);
    arena_free(a);
}

static void what_was_picked_comes_with_the_value_that_was_offered(void **state)
{
    const struct message m[] = {
        { .seq = 2,
          .from = { .role = ROLE_BOT, .name = "B" },
          .kind = MESSAGE_TEXT,
          .text = SLICE("Which?"),
          .extra = "{\"choices\":[{\"id\":\"choice1\",\"label\":\"A refund\"}],\"values\":{\"choice1\":\"Refund!\"}}" },
        { .seq = 3,
          .from = { .role = ROLE_VISITOR, .name = "" },
          .kind = MESSAGE_TEXT,
          .text = SLICE("A refund"),
          .extra = "{\"choice\":\"choice1\"}" },
    };
    struct arena *a = arena_new(0);
    json_t *ours = sent(a, m, 2);
    const json_t *picked = json_array_get(json_object_get(json_object_get(ours, "content_attributes"), "submitted_values"), 0);

    (void)state;
    assert_string_equal(text_of(ours, "event"), "message_updated");
    assert_string_equal(text_of(picked, "value"), "Refund!");
    assert_string_equal(text_of(picked, "title"), "A refund");
    json_decref(ours);
    arena_free(a);
}

/* ---- what comes back ---- */

static void settle(struct arena *a, const struct bot_ops *ops, int status, const char *type, const json_t *inputs, struct bot_answer *ret)
{
    struct http_pair headers[9] = { { SLICE("content-type"), slice_of(type) } };
    struct http_resp resp = { .status = status, .headers = headers, .n_headers = 1, .body = slice_of(text_of(inputs, "body")) };
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(inputs, "headers"), name, value)
    {
        if (json_is_string(value) && resp.n_headers < 9)
            headers[resp.n_headers++] = (struct http_pair){ slice_of(name), slice_of(json_string_value(value)) };
    }
    assert_int_equal(ops->settle(a, &resp, ret), KF_OK);
}

static void streams_are_understood(void **state)
{
    const json_t *v;
    size_t n = 0, i = 0;

    (void)state;
    while ((v = each("sse", &i))) {
        const json_t *expected = json_object_get(v, "expected"), *calls = json_object_get(expected, "tool_calls");
        const char *finish = text_of(expected, "finish_reason"), *text = text_of(expected, "text");
        enum bot_verdict wanted = !json_is_true(json_object_get(expected, "complete")) || strcmp(finish, "length") == 0 ? BOT_FAILS
                                  : calls                                                                               ? BOT_HANDS_OVER
                                                                                                                        : BOT_ANSWERS;
        struct arena *a = arena_new(0);
        struct bot_answer got;

        settle(a, &bot_openai, 200, "text/event-stream", json_object_get(v, "inputs"), &got);
        if (got.verdict != wanted)
            fail_msg("%s: verdict %d: %s", text_of(v, "name"), (int)got.verdict, got.failure ? got.failure : "");
        if (*text && (got.n != 1 || !slice_is(got.words[0].text, text)))
            fail_msg("%s: %.*s", text_of(v, "name"), got.n ? (int)got.words[0].text.n : 0, got.n ? got.words[0].text.p : "");
        if (calls)
            assert_string_equal(got.reason, "angry");
        arena_free(a);
        n++;
    }
    assert_true(n >= 8);
}

static void refusals_are_told_apart(void **state)
{
    const json_t *v;
    size_t n = 0, i = 0;

    (void)state;
    while ((v = each("outbound_error", &i))) {
        const json_t *inputs = json_object_get(v, "inputs"), *expected = json_object_get(v, "expected");
        bool passes = strcmp(text_of(expected, "class"), "rate_limited") == 0;
        struct arena *a = arena_new(0);
        struct bot_answer got;

        settle(a, &bot_openai, (int)json_integer_value(json_object_get(inputs, "http_status")), "application/json", inputs, &got);
        if (got.verdict != (passes ? BOT_BUSY : BOT_FAILS))
            fail_msg("%s: verdict %d", text_of(v, "name"), (int)got.verdict);
        if (passes)
            assert_int_equal(got.retry_after_ms, 1000 * json_integer_value(json_object_get(expected, "retry_after_s")));
        arena_free(a);
        n++;
    }
    assert_true(n >= 3);
}

/* ---- what such a bot wants to be said ---- */

static void what_it_says_is_checked(void **state)
{
    static const struct {
        const char *body, *extra; /* NULL: refused */
    } rows[] = {
        { "{\"content\":\"hi\"}", "" },
        { "{\"content\":\"hi\",\"content_type\":\"article\"}", "" },
        { "{}", NULL },
        { "{\"content\":\"\"}", NULL },
        { "{\"content\":5}", NULL },
        { "{\"content\":\"?\",\"content_type\":\"input_select\",\"content_attributes\":{\"items\":[{\"title\":\"Yes\",\"value\":\"yes\"},"
          "{\"title\":\"No\",\"value\":\"No way\"}]}}",
          "{\"choices\":[{\"id\":\"yes\",\"label\":\"Yes\"},{\"id\":\"choice2\",\"label\":\"No\"}],\"values\":{\"choice2\":\"No way\"}}" },
        { "{\"content\":\"?\",\"content_type\":\"input_select\",\"content_attributes\":{\"items\":[{\"title\":\"Yes\"}]}}", NULL },
        { "{\"content\":\"?\",\"content_type\":\"input_select\"}", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *a = arena_new(0);
        json_t *body = json_loads(rows[i].body, 0, NULL);
        struct bot_words words[1 + BOT_CARDS_MAX];
        const char *why;
        bool good = bot_chatwoot_says(a, body, words, &why) == 1;
        const char *extra = good ? words[0].extra : NULL;

        if (good != (rows[i].extra != NULL) || (good && strcmp(extra ? extra : "", rows[i].extra) != 0))
            fail_msg("%s: %s", rows[i].body, good ? (extra ? extra : "nothing") : why);
        json_decref(body);
        arena_free(a);
    }
}

/* An item with one link is a card, one that offers more is a text; what is picked has a number of its own. */
static void its_cards_are_messages(void **state)
{
#define CARDS(content, items) "{\"content\":\"" content "\",\"content_type\":\"cards\",\"content_attributes\":{\"items\":[" items "]}}"
#define LINK                  "{\"type\":\"link\",\"text\":\"Open\",\"uri\":\"https://shop.example/a#b\"}"
    static const struct {
        const char *body, *said; /* NULL: refused; else each as "card|text" and its extra */
    } rows[] = {
        { CARDS("Look:", "{\"title\":\"Tea\",\"description\":\"Green\",\"media_url\":\"https://x.example/t.png\",\"actions\":[" LINK "]}"),
          "text Look:;card Tea/Green/https://shop.example/a#b;" },
        { CARDS("", "{\"title\":\"Tea\",\"actions\":[" LINK "]},{\"title\":\"Milk\",\"actions\":[" LINK "]}"),
          "card Tea/https://shop.example/a#b;card Milk/https://shop.example/a#b;" },
        { CARDS("", "{\"title\":\"Tea\",\"actions\":[{\"type\":\"postback\",\"text\":\"Buy\",\"payload\":\"Buy tea\"}]},"
                    "{\"title\":\"Milk\",\"actions\":[{\"type\":\"postback\",\"text\":\"Buy\",\"payload\":\"Buy milk\"}," LINK "]}"),
          "text Tea {\"choices\":[{\"id\":\"choice1\",\"label\":\"Buy\"}],\"values\":{\"choice1\":\"Buy tea\"}};"
          "text Milk/Open: https://shop.example/a#b {\"choices\":[{\"id\":\"choice2\",\"label\":\"Buy\"}],\"values\":{\"choice2\":\"Buy "
          "milk\"}};" },
        { CARDS("", "{\"title\":\"Two\",\"actions\":[" LINK "," LINK "]}"),
          "text Two/Open: https://shop.example/a#b/Open: https://shop.example/a#b;" },
        { CARDS("", "{\"title\":\"Odd\",\"actions\":[{\"text\":\"Run\",\"uri\":\"javascript:alert(1)\"}]}"),
          "text Odd/Run: javascript:alert(1);" },
        { CARDS("", "{\"title\":\"Plain\"}"), "text Plain;" },
        { CARDS("", "{}"), NULL },
        { CARDS("", "\"x\""), NULL },
        { CARDS("Nothing", ""), NULL },
        { CARDS("", "{\"title\":\"Tea\",\"actions\":[{\"text\":\"Buy\"}]}"), NULL },
        { CARDS("", "{\"title\":\"1\"},{\"title\":\"2\"},{\"title\":\"3\"},{\"title\":\"4\"},{\"title\":\"5\"},{\"title\":\"6\"},"
                    "{\"title\":\"7\"},{\"title\":\"8\"},{\"title\":\"9\"},{\"title\":\"10\"},{\"title\":\"11\"}"),
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *a = arena_new(0);
        json_t *body = json_loads(rows[i].body, 0, NULL);
        struct bot_words words[1 + BOT_CARDS_MAX];
        const char *why = NULL;
        struct buf b;
        size_t n = bot_chatwoot_says(a, body, words, &why);

        assert_non_null(body);
        buf_init(&b, 4096);
        for (size_t k = 0; k < n; k++) {
            buf_str(&b, words[k].card ? "card " : "text ");
            for (size_t c = 0; c < words[k].text.n; c++)
                buf_char(&b, words[k].text.p[c] == '\n' ? '/' : words[k].text.p[c]);
            if (words[k].extra)
                buf_printf(&b, " %s", words[k].extra);
            buf_char(&b, ';');
        }
        buf_char(&b, '\0');
        if (strcmp(b.p, rows[i].said ? rows[i].said : "") != 0)
            fail_msg("%s: %s %s", rows[i].body, b.p, n ? "" : why);
        buf_finish(&b);
        json_decref(body);
        arena_free(a);
    }
}

/* Of its own form. */
static void a_card_stands_alone(void **state)
{
#define ANSWER(card) "{\"messages\":[{\"text\":\"Look:\"},{\"card\":" card "}]}"
    static const struct {
        const char *body;
        bool good;
    } rows[] = {
        { ANSWER("{\"title\":\"Tea\",\"text\":\"Green\",\"url\":\"https://shop.example/a#b\"}"), true },
        { ANSWER("{\"title\":\"Tea\",\"url\":\"https://shop.example/a#b\"}"), true },
        { ANSWER("{\"title\":\"Tea\"}"), false },
        { ANSWER("{\"title\":\"T\\nea\",\"url\":\"https://shop.example/\"}"), false },
        { ANSWER("{\"title\":\" \",\"url\":\"https://shop.example/\"}"), false },
        { ANSWER("{\"title\":\"Tea\",\"url\":\"javascript:alert(1)\"}"), false },
        { ANSWER("{\"title\":\"Tea\",\"url\":\"https://me@shop.example/\"}"), false },
        { ANSWER("5"), false },
        { "{\"messages\":[{\"text\":\"a\",\"card\":{\"title\":\"Tea\",\"url\":\"https://shop.example/\"}}]}", false },
        { "{\"messages\":[{\"choices\":[],\"card\":{\"title\":\"Tea\",\"url\":\"https://shop.example/\"}}]}", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *a = arena_new(0);
        struct http_resp resp = { .status = 200, .body = slice_of(rows[i].body) };
        struct bot_answer got;

        assert_int_equal(bot_own.settle(a, &resp, &got), KF_OK);
        if (got.verdict != (rows[i].good ? BOT_ANSWERS : BOT_FAILS))
            fail_msg("%s: %s", rows[i].body, got.failure ? got.failure : "taken");
        if (rows[i].good) {
            assert_int_equal(got.n, 2);
            assert_false(got.words[0].card);
            assert_true(got.words[1].card);
            assert_true(slice_is(got.words[1].text, i ? "Tea\nhttps://shop.example/a#b" : "Tea\nGreen\nhttps://shop.example/a#b"));
        }
        arena_free(a);
    }
}

static void numbers_are_the_same_each_time_and_fit(void **state)
{
    (void)state;
    assert_int_equal(bot_number(SLICE("demo"), 31), bot_number(SLICE("demo"), 31));
    assert_int_not_equal(bot_number(SLICE("demo/web"), 31), bot_number(SLICE("demo/api"), 31));
    assert_true(bot_number(SLICE(""), 52) > 0 && bot_number(SLICE("x"), 52) < (INT64_C(1) << 53));
    assert_true(bot_message_number(INT64_C(8000000000), 999999) < (INT64_C(1) << 53));
    assert_int_not_equal(bot_message_number(10, 1), bot_message_number(11, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_signed_as_bots_expect),
        cmocka_unit_test(an_event_has_what_bots_read),
        cmocka_unit_test(what_was_picked_comes_with_the_value_that_was_offered),
        cmocka_unit_test(streams_are_understood),
        cmocka_unit_test(refusals_are_told_apart),
        cmocka_unit_test(what_it_says_is_checked),
        cmocka_unit_test(its_cards_are_messages),
        cmocka_unit_test(a_card_stands_alone),
        cmocka_unit_test(numbers_are_the_same_each_time_and_fit),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
