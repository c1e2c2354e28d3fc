/* The generic channel: its vectors, then what they do not say. */
#include "channel_bench.h"
#include "channel_vectors.h"

#include "protocols/generic_impl.h"
#include "protocols/stamp.h"

#define SECRET "whsec_a2VmdWQtc3RhbmRhcmQtd2ViaG9vay1rZXktMDAwMDAx"
#define OTHER  "whsec_cm90YXRlZC1zZWNyZXQtb2YtMzItYnl0ZXMtbG9uZyE="
#define CONV   "01936b2e-0000-7000-8000-000000000001"
#define NOW_S  1789990010

static void settings_of(const json_t *inputs, struct buf *b)
{
    const json_t *secret = v_get(inputs, "secret"), *key = v_get(inputs, "public_key");

    buf_str(b, "{\"url\":\"https://crm.example/kefud\",\"send_secrets\":[\"" SECRET "\"]");
    if (secret) {
        char *text = json_dumps(secret, JSON_ENCODE_ANY);

        buf_str(b, ",\"secrets\":");
        buf_printf(b, json_is_array(secret) ? "%s" : "[%s]", text);
        free(text);
    }
    if (key)
        buf_printf(b, ",\"public_keys\":[\"%s\"]", json_string_value(key));
    buf_char(b, '}');
}

static void signed_alike(const struct channel *ch, const json_t *inputs, const json_t *expected)
{
    const struct generic *g = generic_of(ch);
    struct arena *a = arena_new(0);
    struct slice body = v_body(a, inputs);
    char at[24];
    struct buf b;

    (void)snprintf(at, sizeof(at), "%lld", (long long)v_number(inputs, "timestamp"));
    buf_init(&b, 4096);
    assert_true(generic_sign(&g->out[0], v_slice(inputs, "id"), slice_of(at), body, &b));
    assert_string_equal(b.p, v_text(v_get(expected, "headers"), "webhook-signature"));
    buf_finish(&b);
    arena_free(a);
}

/* The files say what an implementation of the signature alone would answer; these bodies are signed rightly and are no events. */
static const struct vector_departure departures[] = {
    { "sign_utf8_emoji", 400, "authentic, but the profile wants data.id and data.user.id" },
    { "sign_escaped_unicode", 400, "the same" },
    { "binary_body_invalid_utf8", 400, "authentic, but not JSON" },
    { NULL, 0, NULL },
};

static const struct vector_channel vectors = {
    .ops = &generic_ops,
    .settings = settings_of,
    .derive = signed_alike,
    .departures = departures,
};

/* ---- a channel to try things on ------------------------------------------------------------------------------------------ */

static int bench_setup(void **state)
{
    static const char settings[] = "{\"url\":\"https://crm.example/kefud?x=1\",\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" SECRET
                                   "\",\"" OTHER "\"],\"headers\":[\"X-Team: blue\"],\"media_header\":\"Authorization: Bearer f\","
                                   "\"media_hosts\":[\"files.example\",\"depot.example:8443\"]}";

    return bench_open(state, &generic_ops, settings, (struct env){ .now_ms = NOW_S * 1000LL });
}

static struct slice sign(struct bench *t, const char *id, const char *at, struct slice body)
{
    struct slice ret;
    struct buf b;

    buf_init(&b, 256);
    assert_true(generic_sign(&generic_of(t->ch)->in[0], slice_of(id), slice_of(at), body, &b));
    ret = arena_copy(t->arena, buf_slice(&b));
    buf_finish(&b);
    return ret;
}

static void post_headers(struct bench *t, const struct http_pair *headers, size_t n, struct slice body)
{
    struct http_req req = { .method = "POST", .url = "/hooks/x", .headers = headers, .n_headers = n, .body = body };

    assert_int_equal(generic_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
}

static void post_bytes(struct bench *t, struct slice body)
{
    const struct http_pair headers[] = {
        { SLICE("Webhook-Id"), SLICE("evt_1") },
        { SLICE("Webhook-Timestamp"), SLICE("1789990007") },
        { SLICE("Webhook-Signature"), sign(t, "evt_1", "1789990007", body) },
    };

    post_headers(t, headers, 3, body);
}

static void post(struct bench *t, const char *body)
{
    post_bytes(t, slice_of(body));
}

/* ---- in ---------------------------------------------------------------------------------------------------------------------- */

struct event_row {
    const char *body;  /* without the envelope: type and data */
    const char *event; /* NULL: acknowledged, nothing happens */
};

static void each_event_of_the_profile_is_understood(void **state)
{
    static const struct event_row rows[] = {
        { "\"message.created\",\"data\":{\"id\":\"m1\",\"conversation\":\"c1\",\"user\":{\"id\":\"u1\",\"name\":\"Ann\",\"email\":\"a@x."
          "example\","
          "\"locale\":\"en\"},\"type\":\"text\",\"text\":\"Hello\",\"reply_to\":\"m0\",\"metadata\":{\"x\":[1]}}",
          "{\"kind\":\"message\",\"type\":\"text\",\"id\":\"m1\",\"conversation\":\"c1\",\"user\":\"u1\",\"user_name\":\"Ann\",\"locale\":"
          "\"en\","
          "\"text\":\"Hello\",\"ref\":\"m0\",\"dedupe\":\"evt_1\",\"ts_ms\":1789990000123,\"profile\":\"{\\\"email\\\":\\\"a@x.example\\\"}"
          "\"}" },
        { "\"message.created\",\"data\":{\"id\":9007199254740993,\"user\":{\"id\":18446744073709551615},\"type\":\"text\",\"text\":\"x\"}",
          "{\"kind\":\"message\",\"id\":\"9007199254740993\",\"user\":\"18446744073709551615\",\"conversation\":"
          "\"18446744073709551615\"}" },
        { "\"message.created\",\"data\":{\"id\":\"m2\",\"user\":{\"id\":\"u1\"},\"type\":\"image\",\"text\":\"see\",\"attachments\":[{"
          "\"type\":\"image\","
          "\"url\":\"https://files.example/1.png\",\"mime\":\"image/png\",\"size\":\"1234\",\"name\":\"1.png\"}]}",
          "{\"kind\":\"message\",\"type\":\"image\",\"text\":\"see\",\"media\":[{\"type\":\"image\",\"url\":\"https://files.example/"
          "1.png\","
          "\"mime\":\"image/png\",\"size\":1234,\"name\":\"1.png\"}]}" },
        { "\"message.created\",\"data\":{\"id\":\"m3\",\"user\":{\"id\":\"u1\"},\"type\":\"location\",\"lat\":\"52.5\",\"lon\":13.25,"
          "\"title\":\"Here\"}",
          "{\"kind\":\"message\",\"type\":\"location\",\"lat\":52.5,\"lon\":13.25,\"text\":\"Here\"}" },
        { "\"message.created\",\"data\":{\"id\":\"m4\",\"user\":{\"id\":\"u1\"},\"type\":\"contact\",\"name\":\"Bob\",\"phones\":[\"+49 "
          "1\",\"+49 2\"]}",
          "{\"kind\":\"message\",\"type\":\"contact\",\"text\":\"Bob\\n+49 1\\n+49 2\"}" },
        { "\"message.created\",\"data\":{\"id\":\"m5\",\"user\":{\"id\":\"u1\"},\"type\":\"hologram\",\"text\":\"x\"}",
          "{\"kind\":\"message\",\"type\":\"unsupported\",\"id\":\"m5\"}" },
        { "\"message.updated\",\"data\":{\"id\":\"m1\",\"conversation\":\"c1\",\"text\":\"Hullo\"}",
          "{\"kind\":\"edit\",\"ref\":\"m1\",\"conversation\":\"c1\",\"text\":\"Hullo\"}" },
        { "\"message.deleted\",\"data\":{\"id\":\"m1\",\"conversation\":\"c1\"}",
          "{\"kind\":\"delete\",\"ref\":\"m1\",\"conversation\":\"c1\"}" },
        { "\"message.status\",\"data\":{\"id\":\"" CONV "-7\",\"status\":\"failed\",\"error\":{\"code\":\"x1\",\"message\":\"gone\"}}",
          "{\"kind\":\"status\",\"ref\":\"" CONV "-7\",\"seq\":7,\"status\":\"failed\",\"code\":\"x1\",\"reason\":\"gone\"}" },
        { "\"message.status\",\"data\":{\"id\":\"theirs\",\"status\":\"read\"}",
          "{\"kind\":\"status\",\"ref\":\"theirs\",\"seq\":0,\"status\":\"read\"}" },
        { "\"reaction.created\",\"data\":{\"message\":\"m1\",\"conversation\":\"c1\",\"user\":{\"id\":\"u1\"},\"emoji\":\"👍\"}",
          "{\"kind\":\"reaction\",\"ref\":\"m1\",\"text\":\"👍\",\"on\":true}" },
        { "\"reaction.deleted\",\"data\":{\"message\":\"m1\",\"conversation\":\"c1\",\"user\":{\"id\":\"u1\"},\"emoji\":\"👍\"}",
          "{\"kind\":\"reaction\",\"ref\":\"m1\",\"text\":\"👍\",\"on\":false}" },
        { "\"action.clicked\",\"data\":{\"conversation\":\"c1\",\"user\":{\"id\":\"u1\"},\"payload\":\"y\",\"title\":\"Yes\",\"message\":"
          "\"m1\"}",
          "{\"kind\":\"postback\",\"payload\":\"y\",\"text\":\"Yes\",\"ref\":\"m1\"}" },
        { "\"action.clicked\",\"data\":{\"conversation\":\"c1\",\"user\":{\"id\":\"u1\"},\"payload\":\"y\"}",
          "{\"kind\":\"postback\",\"payload\":\"y\",\"text\":\"y\"}" },
        { "\"user.typing\",\"data\":{\"conversation\":\"c1\",\"user\":{\"id\":\"u1\"},\"on\":false}",
          "{\"kind\":\"typing\",\"on\":false}" },
        { "\"user.subscribed\",\"data\":{\"user\":{\"id\":\"u1\"}}", "{\"kind\":\"follow\",\"user\":\"u1\",\"conversation\":\"u1\"}" },
        { "\"user.unsubscribed\",\"data\":{\"user\":{\"id\":\"u1\"}}", "{\"kind\":\"unfollow\",\"user\":\"u1\"}" },
        { "\"user.opted_out\",\"data\":{\"user\":{\"id\":\"u1\"}}", "{\"kind\":\"optout\",\"user\":\"u1\"}" },
        { "\"ping\",\"data\":{}", NULL },
        { "\"invoice.paid\",\"data\":{\"id\":1}", NULL },
        { "\"ping\"", NULL }, /* what means nothing here needs no data either */
        { "\"invoice.paid\",\"data\":[1]", NULL },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *events = json_array();
        struct buf b;

        buf_init(&b, 65536);
        buf_printf(&b, "{\"timestamp\":\"2026-09-21T11:26:40.123Z\",\"type\":%s}", rows[i].body);
        post(t, b.p);
        if (t->got.status != 204)
            fail_msg("%s: %.*s", b.p, (int)t->got.body.n, t->got.body.p);
        if (rows[i].event)
            json_array_append_new(events, json_loads(rows[i].event, 0, NULL));
        v_expect_events(events, t->got.inbound, t->got.n);
        json_decref(events);
        buf_finish(&b);
    }
}

static void what_is_not_of_the_profile_is_refused_with_its_member(void **state)
{
    static const struct {
        const char *body, *words;
    } rows[] = {
        { "", "empty" },
        { "hello", "not valid JSON" },
        { "[]", "not a JSON object" },
        { "{\"type\":\"ping\",\"data\":{},\"data\":{}}", "same key twice" },
        { "{\"data\":{}}", "type: required" },
        { "{\"type\":\"message.created\"}", "data: an object" },
        { "{\"type\":\"message.created\",\"data\":{\"user\":{\"id\":\"u\"},\"type\":\"text\",\"text\":\"x\"}}", "data.id: required" },
        { "{\"type\":\"message.created\",\"data\":{\"id\":\"m\",\"type\":\"text\",\"text\":\"x\"}}", "data.user.id: required" },
        { "{\"type\":\"message.created\",\"data\":{\"id\":\"m\",\"user\":{\"id\":\"u\"},\"text\":\"x\"}}", "data.type: required" },
        { "{\"type\":\"message.created\",\"data\":{\"id\":\"m\",\"user\":{\"id\":\"u\"},\"type\":\"text\"}}", "data.text: required" },
        { "{\"type\":\"message.created\",\"data\":{\"id\":\"m\",\"user\":{\"id\":\"u\"},\"type\":\"image\"}}",
          "data.attachments: at least one" },
        { "{\"type\":\"message.created\",\"data\":{\"id\":\"m\",\"user\":{\"id\":\"u\"},\"type\":\"image\",\"attachments\":[{\"url\":"
          "\"file:///etc\"}]}}",
          "data.attachments: each has" },
        { "{\"type\":\"message.created\",\"data\":{\"id\":\"m\",\"user\":{\"id\":\"u\"},\"type\":\"location\",\"lat\":91,\"lon\":0}}",
          "data.lat" },
        { "{\"type\":\"message.updated\",\"data\":{\"id\":\"m\",\"text\":\"x\"}}", "data.conversation: required" },
        { "{\"type\":\"message.status\",\"data\":{\"id\":\"m\",\"status\":\"eaten\"}}", "data.status" },
        { "{\"type\":\"message.status\",\"data\":{\"id\":\"m\",\"status\":\"sending\"}}", "data.status" },
        { "{\"type\":\"action.clicked\",\"data\":{\"user\":{\"id\":\"u\"}}}", "data.payload: required" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        post(t, rows[i].body);
        assert_int_equal(t->got.status, 400);
        assert_string_equal(t->got.refused, "malformed_body");
        assert_int_equal(t->got.n, 0);
        if (!strstr(t->got.body.p, rows[i].words))
            fail_msg("%s: %s, expected %s", rows[i].body, t->got.body.p, rows[i].words);
    }
}

static void an_id_may_have_255_bytes(void **state)
{
    struct bench *t = *state;
    char id[300], body[600];

    for (size_t n = 255; n <= 256; n++) {
        memset(id, 'i', n);
        id[n] = '\0';
        (void)snprintf(body, sizeof(body),
                       "{\"type\":\"message.created\",\"data\":{\"id\":\"%s\",\"user\":{\"id\":\"u\"},\"type\":\"text\",\"text\":\"x\"}}",
                       id);
        post(t, body);
        assert_int_equal(t->got.status, n == 255 ? 204 : 400);
    }
}

static void hostile_texts_arrive_whole(void **state)
{
    struct bench *t = *state;

    post(t, "{\"type\":\"message.created\",\"data\":{\"id\":\"m\",\"user\":{\"id\":\"u\"},\"type\":\"text\","
            "\"text\":\"a\\u0000b\\ud800c</script>\\u2028\"}}");
    assert_int_equal(t->got.n, 1);
    assert_true(slice_is(t->got.inbound->text, "a\xef\xbf\xbd"
                                               "b\xef\xbf\xbd"
                                               "c</script>\xe2\x80\xa8"));
}

static void several_signature_lines_count_as_one(void **state)
{
    static const char body[] = "{\"type\":\"ping\",\"data\":{}}";
    struct bench *t = *state;
    const struct http_pair headers[] = {
        { SLICE("WEBHOOK-ID"), SLICE("evt.with.dots") },
        { SLICE("webhook-timestamp"), SLICE("1789990007") },
        { SLICE("Webhook-Signature"), SLICE("v1,AAAA v2,x nonsense") },
        { SLICE("webhook-signature"), sign(t, "evt.with.dots", "1789990007", slice_of(body)) },
    };

    post_headers(t, headers, 4, slice_of(body));
    assert_int_equal(t->got.status, 204);
    post_headers(t, headers, 3, slice_of(body));
    assert_int_equal(t->got.status, 401);
    assert_string_equal(t->got.refused, "bad_signature");
}

/* Some libraries print the number again before they sign it: what they mean by such a header is not what stands in it. */
static void a_time_with_leading_zeros_is_refused(void **state)
{
    static const char body[] = "{\"type\":\"ping\",\"data\":{}}";
    struct bench *t = *state;
    const struct http_pair headers[] = {
        { SLICE("webhook-id"), SLICE("evt_2") },
        { SLICE("webhook-timestamp"), SLICE("01789990007") },
        { SLICE("webhook-signature"), sign(t, "evt_2", "01789990007", slice_of(body)) },
    };

    post_headers(t, headers, 3, slice_of(body));
    assert_int_equal(t->got.status, 401);
    assert_string_equal(t->got.refused, "malformed_header");
}

static void names_of_the_older_implementation_are_as_good(void **state)
{
    static const char body[] = "{\"type\":\"ping\",\"data\":{}}";
    struct bench *t = *state;
    const struct http_pair headers[] = {
        { SLICE("svix-id"), SLICE("e") },
        { SLICE("svix-timestamp"), SLICE("1789990007") },
        { SLICE("svix-signature"), sign(t, "e", "1789990007", slice_of(body)) },
    };

    post_headers(t, headers, 3, slice_of(body));
    assert_int_equal(t->got.status, 204);
}

static void only_post_is_understood(void **state)
{
    struct bench *t = *state;
    struct http_req req = { .method = "GET", .url = "/hooks/x" };

    assert_int_equal(generic_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
    assert_int_equal(t->got.status, 405);
}

static void memory_that_runs_out_is_no_event_and_no_refusal(void **state)
{
    static const char body[] =
        "{\"type\":\"message.created\",\"data\":{\"id\":\"m\",\"user\":{\"id\":\"u\",\"name\":\"Ann\"},\"type\":\"text\","
        "\"text\":\"a text of some length, which must not be lost\"}}";
    struct bench *t = *state;
    const struct http_pair headers[] = {
        { SLICE("webhook-id"), SLICE("e") },
        { SLICE("webhook-timestamp"), SLICE("1789990007") },
        { SLICE("webhook-signature"), sign(t, "e", "1789990007", slice_of(body)) },
    };
    struct http_req req = { .method = "POST", .url = "/", .headers = headers, .n_headers = 3, .body = slice_of(body) };

    for (size_t max = 1; max < 2048; max += 7) {
        struct arena *a = arena_new(max);
        struct received got;
        enum kf_rc rc = generic_ops.receive(t->ch, a, &req, &t->env, &got);

        assert_true(rc == KF_NOMEM || (rc == KF_OK && got.status == 204 && got.n == 1 && got.inbound->text.n == 45));
        arena_free(a);
    }
}

/* ---- out --------------------------------------------------------------------------------------------------------------------- */

static struct errand an_errand(enum errand_kind kind)
{
    struct errand e = {
        .kind = kind,
        .seq = 7,
        .created_at = 1789990000123,
        .peer = "c1",
        .user = "u1",
        .handle_left = -1,
        .message = { .seq = 7, .from = { ROLE_AGENT, { { 0 } }, "Eva", "1024" }, .text = SLICE("hi </b> \"好\"") },
    };

    assert_true(id_parse(SLICE(CONV), &e.conv));
    assert_true(id_parse(SLICE("01936b2e-0000-7000-8000-0000000000ee"), &e.id));
    return e;
}

static void expect_body(struct bench *t, const struct errand *e, const char *want)
{
    struct http_req req;
    json_t *w = json_loads(want, 0, NULL);

    assert_non_null(w);
    assert_int_equal(generic_ops.encode(t->ch, t->arena, e, &t->env, &req), KF_OK);
    assert_string_equal(req.method, "POST");
    assert_string_equal(req.url, "https://crm.example/kefud?x=1");
    v_expect_json(req.body, w);
    json_decref(w);
}

#define ENVELOPE(type, data) "{\"type\":\"" type "\",\"timestamp\":\"2026-09-21T11:26:40.123Z\",\"data\":{" data "}}"
#define WHOM                 "\"conversation\":\"c1\",\"user\":{\"id\":\"u1\"}"

static void each_errand_has_its_event(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(ERRAND_SEND);

    e.reply_ref = "m1";
    expect_body(t, &e,
                ENVELOPE("message.send",
                         "\"id\":\"" CONV "-7\"," WHOM ",\"type\":\"text\",\"text\":\"hi </b> \\\"好\\\"\",\"reply_to\":\"m1\","
                         "\"agent\":{\"name\":\"Eva\",\"number\":\"1024\"}"));
    e = an_errand(ERRAND_SEND);
    e.message.from = (struct actor){ .role = ROLE_BOT, .name = "Bot" };
    e.message.kind = MESSAGE_IMAGE;
    e.message.text = SLICE("");
    e.file_url = "https://kefud.example/files/1?exp=1&sig=2";
    e.message.extra = "{\"file\":{\"id\":\"x\",\"name\":\"a.png\",\"mime\":\"image/png\",\"size\":3},"
                      "\"choices\":[{\"id\":\"y\",\"label\":\"Yes\"},{\"id\":\"n\",\"label\":\"No\"}]}";
    expect_body(t, &e,
                ENVELOPE("message.send",
                         "\"id\":\"" CONV "-7\"," WHOM ",\"type\":\"image\",\"text\":\"\",\"attachments\":[{\"type\":\"image\","
                         "\"url\":\"https://kefud.example/files/1?exp=1&sig=2\",\"mime\":\"image/png\",\"size\":3,"
                         "\"name\":\"a.png\"}],\"buttons\":[{\"title\":\"Yes\",\"payload\":\"y\"},"
                         "{\"title\":\"No\",\"payload\":\"n\"}]"));
    e = an_errand(ERRAND_SEND);
    e.message.from = (struct actor){ .role = ROLE_BOT, .name = "Bot" };
    e.message.kind = MESSAGE_CARD;
    e.message.text = SLICE("Returns\nSeven days.\nhttps://shop.example/r");
    expect_body(t, &e,
                ENVELOPE("message.send",
                         "\"id\":\"" CONV "-7\"," WHOM ",\"type\":\"text\",\"text\":\"Returns\\nSeven days.\\nhttps://shop.example/r\","
                         "\"card\":{\"title\":\"Returns\",\"text\":\"Seven days.\",\"url\":\"https://shop.example/r\"}"));
    e.message.text = SLICE("Returns\nhttps://shop.example/r");
    e.file_url = "https://kefud.example/files/1?exp=1&sig=2";
    expect_body(
        t, &e,
        ENVELOPE(
            "message.send",
            "\"id\":\"" CONV "-7\"," WHOM ",\"type\":\"text\",\"text\":\"Returns\\nhttps://shop.example/r\","
            "\"card\":{\"title\":\"Returns\",\"url\":\"https://shop.example/r\",\"image\":\"https://kefud.example/files/1?exp=1&sig=2\"}"));
    e = an_errand(ERRAND_EDIT);
    expect_body(t, &e, ENVELOPE("message.edit", "\"id\":\"" CONV "-7\"," WHOM ",\"text\":\"hi </b> \\\"好\\\"\""));
    e = an_errand(ERRAND_DELETE);
    expect_body(t, &e, ENVELOPE("message.delete", "\"id\":\"" CONV "-7\"," WHOM));
    e = an_errand(ERRAND_TYPING);
    expect_body(t, &e, ENVELOPE("typing.on", WHOM));
    e = an_errand(ERRAND_READ);
    e.message.ref = "m9";
    expect_body(t, &e, ENVELOPE("message.read", WHOM ",\"id\":\"m9\""));
    e = an_errand(ERRAND_CLOSED);
    expect_body(t, &e, ENVELOPE("conversation.closed", WHOM));
}

static struct slice header_of(const struct http_req *req, const char *name)
{
    return http_header(req->headers, req->n_headers, name);
}

static void each_attempt_has_the_same_id_and_body_but_its_own_time(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(ERRAND_SEND);
    struct http_req first, second;

    assert_int_equal(generic_ops.encode(t->ch, t->arena, &e, &t->env, &first), KF_OK);
    t->env.now_ms += 90000;
    e.attempt = 1;
    assert_int_equal(generic_ops.encode(t->ch, t->arena, &e, &t->env, &second), KF_OK);
    assert_true(slice_is(header_of(&first, "webhook-id"), "msg_01936b2e-0000-7000-8000-0000000000ee"));
    assert_true(slice_eq(header_of(&first, "webhook-id"), header_of(&second, "webhook-id")));
    assert_true(slice_eq(first.body, second.body));
    assert_true(slice_is(header_of(&first, "webhook-timestamp"), "1789990010"));
    assert_true(slice_is(header_of(&second, "webhook-timestamp"), "1789990100"));
    assert_false(slice_eq(header_of(&first, "webhook-signature"), header_of(&second, "webhook-signature")));
    assert_true(slice_is(header_of(&first, "content-type"), "application/json"));
    assert_true(slice_is(header_of(&first, "x-team"), "blue"));
}

/* What we send, we would believe: with either secret, so that a receiver may change over. */
static void our_own_signature_is_believed_with_either_secret(void **state)
{
    static const char *const secrets[] = { SECRET, OTHER };
    struct bench *t = *state;
    struct errand e = an_errand(ERRAND_SEND);
    struct kf_err why = { 0 };
    struct http_req req;

    assert_int_equal(generic_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    for (size_t i = 0; i < 2; i++) {
        char settings[256];
        struct channel *ch;
        struct received got;

        (void)snprintf(settings, sizeof(settings), "{\"url\":\"https://x.example/\",\"secrets\":[\"%s\"],\"send_secrets\":[\"%s\"]}",
                       secrets[i], secrets[i]);
        assert_int_equal(generic_ops.open(&ch, slice_of(settings), NULL), KF_OK);
        assert_int_equal(generic_ops.receive(ch, t->arena, &req, &t->env, &got), KF_OK);
        assert_int_equal(got.status, 204); /* message.send is nothing that we would act on */
        assert_int_equal(got.n, 0);
        generic_ops.close(ch);
    }
    assert_int_equal(generic_ops.meet(t->ch, t->arena, &t->env, "", false, NULL, &req, &why), KF_AGAIN);
    assert_int_equal(generic_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
    assert_int_equal(t->got.status, 204);
}

static void it_is_asked_whether_it_knows_us(void **state)
{
    static const struct {
        int status;
        enum kf_rc rc;
    } rows[] = { { 200, KF_OK },   { 204, KF_OK },       { 0, KF_IO },        { 401, KF_AUTH },
                 { 403, KF_AUTH }, { 404, KF_REJECTED }, { 500, KF_REJECTED } };
    struct bench *t = *state;
    struct http_req req;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_resp resp = { .status = rows[i].status, .failure = rows[i].status ? NULL : "timeout" };
        struct kf_err why = { 0 };

        assert_int_equal(generic_ops.meet(t->ch, t->arena, &t->env, "", false, &resp, &req, &why), rows[i].rc);
        assert_true(*why.text != 0);
    }
}

static void it_cannot_ride_in_an_answer(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(ERRAND_SEND);
    struct http_req req;

    t->env.answering = true;
    assert_int_equal(generic_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_UNSUPPORTED);
}

static void each_answer_has_its_class(void **state)
{
    static const struct {
        int status, attempt;
        enum outcome_class cls;
        const char *body, *ref, *code;
    } rows[] = {
        { 200, 0, OUTCOME_SENT, "{\"id\":\"ext-9\"}", "ext-9", NULL },
        { 200, 0, OUTCOME_SENT, "{\"id\":18446744073709551615}", "18446744073709551615", NULL },
        { 204, 0, OUTCOME_SENT, "", CONV "-7", NULL },
        { 202, 0, OUTCOME_SENT, "thanks!", CONV "-7", NULL },
        { 0, 9, OUTCOME_RETRY, "", NULL, NULL },
        { 301, 0, OUTCOME_RETRY, "", NULL, "301" },
        { 301, 2, OUTCOME_FATAL, "", NULL, "301" },
        { 400, 1, OUTCOME_RETRY, "", NULL, "400" },
        { 400, 2, OUTCOME_FATAL, "", NULL, "400" },
        { 404, 2, OUTCOME_FATAL, "", NULL, NULL },
        { 413, 2, OUTCOME_FATAL, "", NULL, NULL },
        { 401, 0, OUTCOME_AUTH, "", NULL, "401" },
        { 403, 0, OUTCOME_AUTH, "", NULL, NULL },
        { 408, 5, OUTCOME_RETRY, "", NULL, NULL },
        { 410, 0, OUTCOME_FATAL, "", NULL, "410" },
        { 429, 0, OUTCOME_RATE_LIMITED, "", NULL, NULL },
        { 500, 9, OUTCOME_RETRY, "", NULL, NULL },
        { 502, 9, OUTCOME_RETRY, "", NULL, NULL },
        { 503, 9, OUTCOME_RETRY, "", NULL, NULL },
        { 504, 9, OUTCOME_RETRY, "", NULL, NULL },
        { 409, 0, OUTCOME_WINDOW_CLOSED, "{\"error\":{\"code\":\"window_closed\",\"message\":\"too late\"}}", NULL, "window_closed" },
        { 422, 0, OUTCOME_USER_BLOCKED, "{\"error\":{\"code\":\"user_blocked\"}}", NULL, "user_blocked" },
        { 422, 0, OUTCOME_NO_SUCH_USER, "{\"error\":{\"code\":\"no_such_user\"}}", NULL, NULL },
        { 409, 0, OUTCOME_REJECTED, "{\"error\":{\"code\":\"rejected\"}}", NULL, NULL },
        { 422, 2, OUTCOME_FATAL, "{\"error\":{\"code\":\"other\"}}", NULL, "other" },
        { 400, 0, OUTCOME_RETRY, "{\"error\":{\"code\":\"rejected\"}}", NULL, "rejected" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand(ERRAND_SEND);
        struct http_resp resp = { .status = rows[i].status, .body = slice_of(rows[i].body), .sent = true };
        struct outcome out;

        e.attempt = rows[i].attempt;
        assert_int_equal(generic_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
        if (out.cls != rows[i].cls)
            fail_msg("%d %s: %s, expected %s", rows[i].status, rows[i].body, outcome_name(out.cls), outcome_name(rows[i].cls));
        assert_int_equal(out.gone, rows[i].status == 410);
        if (rows[i].ref)
            assert_true(slice_is(out.ref, rows[i].ref));
        if (rows[i].code)
            assert_true(slice_is(out.code, rows[i].code));
    }
}

/* The head came and says yes; more of the body is not wanted than that it may hold an id. */
static void a_yes_with_too_long_a_body_is_a_yes(void **state)
{
    static const struct {
        int began;
        bool too_large;
        enum outcome_class cls;
    } rows[] = {
        { 200, true, OUTCOME_SENT },         { 204, true, OUTCOME_SENT },  { 410, true, OUTCOME_FATAL }, { 401, true, OUTCOME_AUTH },
        { 429, true, OUTCOME_RATE_LIMITED }, { 500, true, OUTCOME_RETRY }, { 0, true, OUTCOME_RETRY },   { 200, false, OUTCOME_RETRY },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand(ERRAND_SEND);
        struct http_resp resp = {
            .sent = true, .too_large = rows[i].too_large, .began = rows[i].began, .failure = "the answer is too large"
        };
        struct outcome out;

        assert_int_equal(generic_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
        if (out.cls != rows[i].cls)
            fail_msg("%d: %s, expected %s", rows[i].began, outcome_name(out.cls), outcome_name(rows[i].cls));
        assert_int_equal(out.ref.n > 0, out.cls == OUTCOME_SENT);
    }
}

static void retry_after_is_honoured(void **state)
{
    static const struct {
        const char *after, *date;
        int64_t ms;
    } rows[] = {
        { "2", NULL, 2000 },
        { "0", NULL, 0 },
        { "999999999", NULL, 86400000 },
        { "99999999999999999999", NULL, 86400000 },
        { "soon", NULL, 0 },
        { "-5", NULL, 0 },
        { "Mon, 21 Sep 2026 11:27:10 GMT", "Mon, 21 Sep 2026 11:26:40 GMT", 30000 },
        { "Mon, 21 Sep 2026 11:26:10 GMT", "Mon, 21 Sep 2026 11:26:40 GMT", 0 },
        { "Mon, 21 Sep 2026 11:27:10 GMT", NULL, 0 },
        { "Mon, 31 Feb 2026 11:27:10 GMT", "Mon, 21 Sep 2026 11:26:40 GMT", 0 },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct errand e = an_errand(ERRAND_SEND);
        const struct http_pair headers[] = { { SLICE("Retry-After"), slice_of(rows[i].after) }, { SLICE("Date"), slice_of(rows[i].date) } };
        struct http_resp resp = { .status = 429, .headers = headers, .n_headers = 2 };
        struct outcome out;

        assert_int_equal(generic_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
        assert_int_equal(out.retry_after_ms, rows[i].ms);
    }
}

static void the_files_header_is_shown_to_listed_hosts_only(void **state)
{
    static const struct {
        const char *url;
        enum kf_rc rc;
        size_t headers;
    } rows[] = {
        { "https://files.example/1.png", KF_OK, 1 },
        { "https://FILES.example:443/1.png", KF_OK, 1 },
        { "https://files.example:8443/1.png", KF_OK, 0 }, /* another server */
        { "https://depot.example:8443/1.png", KF_OK, 1 },
        { "https://depot.example/1.png", KF_OK, 0 },
        { "https://files.example.evil.example/", KF_OK, 0 },
        { "https://crm.example/1.png", KF_OK, 0 },
        { "https://files.example@evil.example/", KF_INVALID, 0 },
        { "file:///etc/passwd", KF_INVALID, 0 },
        { "", KF_INVALID, 0 },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct media m = { .url = slice_of(rows[i].url) };
        struct http_req req = { .n_headers = 0 };

        assert_int_equal(generic_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), rows[i].rc);
        assert_int_equal(req.n_headers, rows[i].headers);
        assert_int_equal(req.stranger, rows[i].rc == KF_OK && !rows[i].headers);
    }
}

/* Where none is listed, it is the server of `url`, and no other on its host. */
static void the_files_header_is_shown_to_the_server_of_url_by_default(void **state)
{
    static const char settings[] = "{\"url\":\"https://shop.example:8443/kefud\",\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" SECRET
                                   "\"],\"media_header\":\"Authorization: Bearer f\"}";
    static const struct {
        const char *url;
        size_t headers;
    } rows[] = {
        { "https://shop.example:8443/1.png", 1 }, { "https://SHOP.example:8443/", 1 },  { "https://shop.example/1.png", 0 },
        { "http://shop.example:8443/1.png", 0 },  { "https://shop.example:9443/1", 0 }, { "https://other.example:8443/1.png", 0 },
    };
    struct bench *t = *state;

    generic_ops.close(t->ch);
    t->ch = NULL;
    assert_int_equal(generic_ops.open(&t->ch, slice_of(settings), NULL), KF_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct media m = { .url = slice_of(rows[i].url) };
        struct http_req req = { .n_headers = 0 };

        assert_int_equal(generic_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_OK);
        assert_int_equal(req.n_headers, rows[i].headers);
    }
}

/* ---- settings ---------------------------------------------------------------------------------------------------------------- */

static void wrong_settings_are_named(void **state)
{
    static const struct settings_row rows[] = {
        { "[]", "not a JSON object" },
        { "{\"send_secrets\":[\"" SECRET "\"]}", "url: required" },
        { "{\"url\":\"https://x.example/\"}", "send_secrets: required" },
        { "{\"url\":\"x.example\",\"send_secrets\":[\"" SECRET "\"]}", "url:" },
        { "{\"url\":\"https://u:p@x.example/\",\"send_secrets\":[\"" SECRET "\"]}", "url:" },
        { "{\"url\":5,\"send_secrets\":[\"" SECRET "\"]}", "url: a string" },
        { "{\"url\":\"https://x.example/\",\"send_secrets\":\"" SECRET "\"}", "send_secrets: a list" },
        { "{\"url\":\"https://x.example/\",\"send_secrets\":[]}", "send_secrets: 1 to 8" },
        { "{\"url\":\"https://x.example/\",\"send_secrets\":[\"" SECRET "\\r\\n\"]}", "send_secrets[0]: one line, without blanks" },
        { "{\"url\":\"https://x.example/\",\"send_secrets\":[\"\"]}", "send_secrets[0]:" },
        { "{\"url\":\"https://x.example/\",\"send_secrets\":[\"" SECRET "\"],\"colour\":1}", "colour: not a setting" },
        /* What only opening it finds. */
        { "{\"url\":\"https://x.example/\",\"send_secrets\":[\"" SECRET "\"]}", "secrets: at least one" },
        { "{\"url\":\"https://x.example/\",\"secrets\":[],\"send_secrets\":[\"" SECRET "\"]}", "secrets: at least one" },
        { "{\"url\":\"https://x.example/\",\"secrets\":[\"whsec_\"],\"send_secrets\":[\"" SECRET "\"]}", "secrets[0]:" },
        { "{\"url\":\"https://x.example/\",\"secrets\":[\"whsec_not base64\"],\"send_secrets\":[\"" SECRET "\"]}", "secrets[0]:" },
        { "{\"url\":\"https://x.example/\",\"public_keys\":[\"whpk_AAAA\"],\"send_secrets\":[\"" SECRET "\"]}", "public_keys[0]:" },
        { "{\"url\":\"https://x.example/\",\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" SECRET "\"],\"headers\":[\"X\\r\\nY: z\"]}",
          "headers[0]:" },
        { "{\"url\":\"https://x.example/\",\"secrets\":[\"" SECRET "\"],\"send_secrets\":[\"" SECRET "\"],\"headers\":[\"X: a\\nb\"]}",
          "headers[0]:" },
    };

    (void)state;
    settings_are_refused(&generic_ops, rows, COUNT(rows));
    generic_ops.close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(each_event_of_the_profile_is_understood),
        BENCH(what_is_not_of_the_profile_is_refused_with_its_member),
        BENCH(an_id_may_have_255_bytes),
        BENCH(hostile_texts_arrive_whole),
        BENCH(several_signature_lines_count_as_one),
        BENCH(a_time_with_leading_zeros_is_refused),
        BENCH(names_of_the_older_implementation_are_as_good),
        BENCH(only_post_is_understood),
        BENCH(memory_that_runs_out_is_no_event_and_no_refusal),
        BENCH(each_errand_has_its_event),
        BENCH(each_attempt_has_the_same_id_and_body_but_its_own_time),
        BENCH(our_own_signature_is_believed_with_either_secret),
        BENCH(it_cannot_ride_in_an_answer),
        BENCH(it_is_asked_whether_it_knows_us),
        BENCH(each_answer_has_its_class),
        BENCH(retry_after_is_honoured),
        BENCH(a_yes_with_too_long_a_body_is_a_yes),
        BENCH(the_files_header_is_shown_to_listed_hosts_only),
        BENCH(the_files_header_is_shown_to_the_server_of_url_by_default),
        cmocka_unit_test(wrong_settings_are_named),
    };
    int failed = vectors_run("generic", &vectors);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
