/* The fake channel: its vectors, then token, media and the whole way of a message. */
#include "channel_bench.h"
#include "channel_vectors.h"

#include "protocols/fake.h"

static void settings_of(const json_t *inputs, struct buf *b)
{
    static const char *const names[] = { "url", "app", "secret" };
    const char *token = v_text(inputs, "sign_token") ? "sign_token" : "token";

    buf_str(b, "{\"token\":");
    buf_json(b, v_slice(inputs, token));
    for (size_t i = 0; i < 3; i++) {
        buf_printf(b, ",\"%s\":", names[i]);
        buf_json(b, v_slice(inputs, names[i]));
    }
    buf_char(b, '}');
}

static void errand_of(const json_t *inputs, struct arena *a, struct errand *e, struct env *env)
{
    const char *kind = v_text(inputs, "errand");

    (void)a;
    e->kind = !kind ? ERRAND_SEND : !strcmp(kind, "typing") ? ERRAND_TYPING : ERRAND_DELETE;
    e->user = e->peer = v_text(inputs, "user");
    e->handle = v_text(inputs, "handle");
    e->handle_left = v_get(inputs, "handle_left") ? (int)v_number(inputs, "handle_left") : -1;
    e->handle_used = (int)v_number(inputs, "handle_used");
    e->handle_expires_ms = v_number(inputs, "handle_expires_ms");
    e->file_url = v_text(inputs, "file_url");
    e->message.kind = e->file_url ? MESSAGE_IMAGE : MESSAGE_TEXT;
    e->message.text = v_slice(inputs, "text");
    env->answering = json_is_true(v_get(inputs, "answering"));
    env->answer_key = v_slice(inputs, "answer_key");
}

static const struct vector_channel vectors = { .ops = &fake_ops, .settings = settings_of, .errand = errand_of };

/* ---- by hand ------------------------------------------------------------------------------------------------------------- */

#define SETTINGS "{\"url\":\"https://api.fake.example\",\"app\":\"app-1\",\"secret\":\"s3cret-of-the-app\",\"token\":\"Kefud2026Fake\"}"

static int bench_setup(void **state)
{
    return bench_open(state, &fake_ops, SETTINGS, (struct env){ .now_ms = 1718000210000, .token = SLICE("TKN") });
}

static void a_token_takes_two_steps(void **state)
{
    struct bench *t = *state;
    struct http_resp last;
    struct http_req req;
    struct renewed done = { .expires_ms = 0 };

    t->env.token = SLICE("");
    assert_int_equal(fake_ops.renew(t->ch, t->arena, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.fake.example/token");
    assert_true(slice_is(req.body, "{\"app\":\"app-1\"}"));
    last = answered(200, "{\"challenge\":\"abc\"}");
    assert_int_equal(fake_ops.renew(t->ch, t->arena, &t->env, &last, &req, &done), KF_AGAIN);
    /* printf %s abc | openssl dgst -sha256 -hmac s3cret-of-the-app */
    assert_true(slice_is(
        req.body,
        "{\"app\":\"app-1\",\"challenge\":\"abc\",\"proof\":\"9486ff85a2767849b6a67fcff0845d77379e0bcd23f0f9f6f45c39faa6df02b7\"}"));
    last = answered(200, "{\"token\":\"T2\",\"expires_in\":\"7200\"}");
    assert_int_equal(fake_ops.renew(t->ch, t->arena, &t->env, &last, &req, &done), KF_OK);
    assert_true(slice_is(done.token, "T2"));
    assert_int_equal(done.expires_ms, t->env.now_ms + 6900000);
}

static void a_token_that_is_refused_says_what_to_do(void **state)
{
    static const struct renewal_row rows[] = {
        { 401, "", KF_AUTH, 0 },
        { 403, "", KF_AUTH, 0 },
        { 500, "", KF_IO, 0 },
        { 0, "", KF_IO, 0 },
        { 200, "", KF_IO, 0 },
        { 200, "{}", KF_IO, 0 },
        { 200, "{\"token\":\"T\"}", KF_IO, 0 },
        { 200, "{\"token\":\"T\",\"expires_in\":-1}", KF_IO, 0 },
        { 200, "{\"token\":\"T\",\"expires_in\":60}", KF_OK, 30000 },
    };
    struct bench *t = *state;

    renewals_end_so(t, rows, COUNT(rows));
}

static void media_are_fetched_by_id(void **state)
{
    struct bench *t = *state;
    struct media image = { .type = TYPE_IMAGE, .id = SLICE("a/b c") };
    struct media voice = { .type = TYPE_AUDIO, .id = SLICE("v1") };
    struct http_resp last;
    struct http_req req;

    assert_int_equal(fake_ops.media(t->ch, t->arena, &t->env, &image, NULL, &req), KF_OK);
    assert_string_equal(req.url, "https://api.fake.example/media?token=TKN&id=a%2Fb%20c");
    assert_int_equal(fake_ops.media(t->ch, t->arena, &t->env, &voice, NULL, &req), KF_AGAIN);
    assert_string_equal(req.url, "https://api.fake.example/media?token=TKN&id=v1");
    last = answered(200, "{\"url\":\"https://cdn.example/v1.amr\"}");
    assert_int_equal(fake_ops.media(t->ch, t->arena, &t->env, &voice, &last, &req), KF_OK);
    assert_string_equal(req.url, "https://cdn.example/v1.amr"); /* without the token */
    last = answered(200, "{\"url\":\"file:///etc/passwd\"}");
    assert_int_equal(fake_ops.media(t->ch, t->arena, &t->env, &voice, &last, &req), KF_IO);
    last = answered(200, "{\"code\":42001}");
    assert_int_equal(fake_ops.media(t->ch, t->arena, &t->env, &voice, &last, &req), KF_AUTH);
    t->env.token = SLICE("");
    assert_int_equal(fake_ops.media(t->ch, t->arena, &t->env, &image, NULL, &req), KF_AUTH);
    image.id = SLICE("");
    assert_int_equal(fake_ops.media(t->ch, t->arena, &t->env, &image, NULL, &req), KF_INVALID);
}

static struct http_req a_notice(struct bench *t, const char *body)
{
    struct slice parts[] = { SLICE("Kefud2026Fake"), SLICE("1718000200"), SLICE("n"), slice_of(body) };
    struct http_pair *query = arena_array(t->arena, 3, sizeof(*query));
    uint8_t digest[SIGN_SHA256];
    struct buf hex;

    assert_true(sign_sorted_sha256(parts, 4, digest));
    buf_init(&hex, 100);
    sign_hex(&hex, digest, sizeof(digest));
    query[0] = (struct http_pair){ SLICE("signature"), arena_copy(t->arena, buf_slice(&hex)) };
    query[1] = (struct http_pair){ SLICE("timestamp"), SLICE("1718000200") };
    query[2] = (struct http_pair){ SLICE("nonce"), SLICE("n") };
    buf_finish(&hex);
    return (struct http_req){ .method = "POST", .url = "/hooks/x", .query = query, .n_query = 3, .body = slice_of(body) };
}

/* In, and the reply inside the answer: what the platform reads there must name the two ends the other way round. */
static void a_reply_rides_in_the_answer(void **state)
{
    struct bench *t = *state;
    struct http_req req = a_notice(t, "{\"to\":\"sh\\\"op\",\"from\":\"u1\",\"at\":1718000200,\"id\":1,\"kind\":\"text\",\"text\":\"hi\"}");
    struct errand e = { .kind = ERRAND_SEND, .user = "u1", .peer = "u1", .message = { .text = SLICE("您好") } };
    struct received got;
    struct http_req answer;
    json_t *root;

    assert_int_equal(fake_ops.receive(t->ch, t->arena, &req, &t->env, &got), KF_OK);
    assert_int_equal(got.n, 1);
    t->env.answering = true;
    t->env.answer_key = got.answer_key;
    assert_int_equal(fake_ops.encode(t->ch, t->arena, &e, &t->env, &answer), KF_OK);
    root = json_loadb(answer.body.p, answer.body.n, 0, NULL);
    assert_string_equal(v_text(root, "to"), "u1");
    assert_string_equal(v_text(root, "from"), "sh\"op");
    assert_string_equal(v_text(root, "text"), "您好");
    json_decref(root);
}

static void a_card_is_sent_with_its_parts(void **state)
{
    struct bench *t = *state;
    struct errand e = { .kind = ERRAND_SEND, .user = "u1", .peer = "u1", .handle = "h1", .handle_left = 5 };
    struct http_req req;
    json_t *want;

    e.message = (struct message){ .kind = MESSAGE_CARD, .text = SLICE("退货\n七天\nhttps://shop.example/r") };
    t->env.token = SLICE("T");
    assert_int_equal(fake_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    want = json_loads("{\"to\":\"u1\",\"kind\":\"card\",\"title\":\"退货\",\"url\":\"https://shop.example/r\",\"text\":\"七天\","
                      "\"handle\":\"h1\",\"n\":1}",
                      0, NULL);
    v_expect_json(req.body, want);
    json_decref(want);
    e.message.text = SLICE("no address");
    assert_int_equal(fake_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
}

static void only_a_message_can_be_answered(void **state)
{
    struct bench *t = *state;
    struct http_req req = a_notice(t, "{\"to\":\"s\",\"from\":\"u1\",\"at\":1718000200,\"kind\":\"leave\"}");
    struct received got;

    assert_int_equal(fake_ops.receive(t->ch, t->arena, &req, &t->env, &got), KF_OK);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.answer_key.n, 0);
}

static void what_cannot_be_shown_is_kept_as_it_came(void **state)
{
    static const char body[] = "{\"to\":\"s\",\"from\":\"u1\",\"at\":1,\"id\":1,\"kind\":\"hologram\",\"beams\":[1,2]}";
    struct bench *t = *state;
    struct http_req req = a_notice(t, body);
    struct received got;

    assert_int_equal(fake_ops.receive(t->ch, t->arena, &req, &t->env, &got), KF_OK);
    assert_int_equal(got.inbound->type, TYPE_UNSUPPORTED);
    assert_true(slice_is(got.inbound->raw, body));
}

static void a_pull_in_trouble_does_not_move_its_cursor(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum kf_rc rc;
    } rows[] = {
        { 200, "{\"code\":-1,\"next\":\"c2\"}", KF_RATE },
        { 200, "{\"code\":12345,\"next\":\"c2\"}", KF_IO },
        { 200, "{\"code\":95007}", KF_IO }, /* stale, but which? asking again could go on for ever */
        { 200, "oops", KF_IO },
        { 500, "", KF_IO },
        { 0, "", KF_IO },
    };
    struct bench *t = *state;

    t->env.cursor = SLICE("c1");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_resp last = answered(rows[i].status, rows[i].body);
        struct pulled done = { .n = 0 };
        struct http_req req;

        assert_int_equal(fake_ops.pull(t->ch, t->arena, &t->env, SLICE("T"), &last, &req, &done), rows[i].rc);
        assert_int_equal(done.n, 0);
        assert_false(done.more);
    }
    t->env.token = SLICE("");
    assert_int_equal(fake_ops.pull(t->ch, t->arena, &t->env, SLICE("T"), NULL, NULL, NULL), KF_AUTH);
}

static void memory_that_runs_out_loses_nothing(void **state)
{
    struct bench *t = *state;
    struct http_req req =
        a_notice(t, "{\"to\":\"s\",\"from\":\"u1\",\"at\":1,\"id\":1,\"kind\":\"voice\",\"media\":\"m\",\"text\":\"some words\","
                    "\"handle\":\"h\",\"handle_s\":5}");

    for (size_t max = 1; max < 2048; max += 7) {
        struct arena *a = arena_new(max);
        struct received got;
        enum kf_rc rc = fake_ops.receive(t->ch, a, &req, &t->env, &got);

        assert_true(rc == KF_NOMEM ||
                    (rc == KF_OK && got.status == 200 && got.n == 1 && got.inbound->text.n == 10 && got.inbound->n_media == 1));
        arena_free(a);
    }
}

/* ---- all channels ------------------------------------------------------------------------------------------------------------ */

static void every_channel_is_found_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; channel_registry[i]; i++)
        assert_ptr_equal(channel_find(channel_registry[i]->name), channel_registry[i]);
    assert_null(channel_find("pigeon"));
    assert_null(channel_find(""));
}

/* What a channel claims, it has; what it has not, it does not claim. */
static void every_channel_keeps_its_word(void **state)
{
    (void)state;
    for (size_t i = 0; channel_registry[i]; i++) {
        const struct channel_ops *ops = channel_registry[i];

        assert_non_null(ops->open);
        assert_non_null(ops->close);
        assert_non_null(ops->receive);
        assert_non_null(ops->encode);
        assert_non_null(ops->settle);
        assert_true(ops->text_max > 0);
        assert_int_equal((ops->caps & CHAN_ANSWERS) != 0, ops->answer_ms > 0);
        assert_true(ops->window_count == 0 || ops->window_ms > 0);
        assert_true(ops->poll_ms == 0 || ops->pull);
        assert_int_equal((ops->caps & CHAN_TEMPLATES) != 0, ops->template != NULL);
        assert_true(!ops->kinds || (ops->caps & CHAN_TEMPLATES));
        for (const struct ready_kind *k = ops->kinds; k && k->name; k++) {
            assert_true(k->help && k->name_help);
            for (const struct ready_part *part = k->parts; part && part->name; part++)
                assert_true(part->help && part->max > 0);
        }
        for (const struct setting_key *k = ops->keys; k->name; k++) {
            assert_non_null(k->help);
            if (k->type != SETTING_BOOL)
                assert_true(k->max > 0 && k->min <= k->max);
        }
        ops->close(NULL);
    }
}

static void settings_are_held_against_the_table(void **state)
{
    static const struct settings_row rows[] = {
        { "{\"url\":\"https://a.example\",\"app\":\"a\",\"secret\":\"12345678\"}", "token: required" },
        { "{\"url\":\"https://a.example\",\"app\":\"\",\"secret\":\"12345678\",\"token\":\"abc\"}", "app: 1 to 64 bytes" },
        { "{\"url\":\"https://a.example\",\"app\":\"a\",\"secret\":\"short\",\"token\":\"abc\"}", "secret: 8 to 128 bytes" },
        { "{\"url\":\"ftp://a.example\",\"app\":\"a\",\"secret\":\"12345678\",\"token\":\"abc\"}", "url: an address" },
        { "{\"url\":\"https://a.example\",\"app\":\"a\",\"secret\":\"12345678\",\"token\":7}", "token: a string" },
        { "{\"url\":\"https://a.example\",\"app\":\"a\",\"secret\":\"12345678\",\"token\":\"abc\",\"x\":1}", "x: not a setting of a fake" },
        { "{\"url\":\"https://a.example\",\"app\":\"a\",\"secret\":\"12345678\\n\",\"token\":\"abc\"}",
          "secret: one line, without blanks" },
        { "{\"url\":\"https://a.example\",\"app\":\" a\",\"secret\":\"12345678\",\"token\":\"abc\"}", "app: one line, without blanks" },
        { "{\"url\":\"https://a.example\",\"app\":\"a\",\"secret\":\"12345678\",\"token\":\"abc \"}", "token: one line, without blanks" },
        { "{\"url\":", "not valid JSON" },
        { "", "empty" },
    };

    (void)state;
    assert_int_equal(channel_check(&fake_ops, slice_of(SETTINGS), NULL), KF_OK);
    settings_are_refused(&fake_ops, rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_token_takes_two_steps),
        BENCH(a_token_that_is_refused_says_what_to_do),
        BENCH(media_are_fetched_by_id),
        BENCH(a_reply_rides_in_the_answer),
        BENCH(a_card_is_sent_with_its_parts),
        BENCH(only_a_message_can_be_answered),
        BENCH(what_cannot_be_shown_is_kept_as_it_came),
        BENCH(a_pull_in_trouble_does_not_move_its_cursor),
        BENCH(memory_that_runs_out_loses_nothing),
        cmocka_unit_test(every_channel_is_found_by_its_name),
        cmocka_unit_test(every_channel_keeps_its_word),
        cmocka_unit_test(settings_are_held_against_the_table),
    };
    int failed = vectors_run("fake", &vectors);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
