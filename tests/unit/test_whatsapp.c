/* The WhatsApp channel: its vectors, then what they do not say. */
#include "channel_bench.h"
#include "channel_vectors.h"
#include "whatsapp.h"

#include "protocols/whatsapp_impl.h"

#include <stdio.h>

/* ---- vectors --------------------------------------------------------------------------------------------------------------- */

static void settings_of(const json_t *inputs, struct buf *b)
{
    const char *secret = v_text(inputs, "secret"), *verify = v_text(inputs, "verify_token"), *token = v_text(inputs, "access_token");

    buf_printf(b, "{\"number\":\"" NUMBER "\",\"token\":\"%s\",\"app_secrets\":[\"%s\"],\"verify_token\":\"%s\"}",
               token ? token : "EAAtest-token", secret ? secret : SECRET, verify ? verify : "kefud-verify-01");
}

/* The class of a failure is what its code says; who is renamed has `was`. */
static bool member(const json_t *want, const char *name, const struct inbound *in)
{
    if (!strcmp(name, "class")) {
        assert_int_equal(in->window_over, slice_is(v_slice(want, name), "window_closed"));
        assert_string_equal(outcome_name(whatsapp_class(strtoll(in->code.p, NULL, 10), 0)), v_text(want, name));
        return true;
    }
    if (!strcmp(name, "previous_user")) {
        assert_true(slice_eq(in->was, v_slice(want, name)));
        return true;
    }
    if (!strcmp(name, "type") && in->kind == INBOUND_SYSTEM) {
        assert_true(slice_eq(in->code, v_slice(want, name)));
        return true;
    }
    return false;
}

static void proven(const struct channel *ch, const json_t *inputs, const json_t *expected)
{
    struct buf b;

    (void)ch;
    buf_init(&b, 100);
    assert_true(whatsapp_proof(v_slice(inputs, "secret"), v_slice(inputs, "access_token"), &b));
    assert_string_equal(b.p, v_text(expected, "hex"));
    buf_finish(&b);
}

static const struct vector_channel vectors = {
    .ops = &whatsapp_ops,
    .settings = settings_of,
    .member = member,
    .derive = proven,
};

/* ---- a number to try things on --------------------------------------------------------------------------------------------- */

static int bench_setup(void **state)
{
    return bench_open(state, &whatsapp_ops, SETTINGS, (struct env){ .now_ms = NOW_MS, .chance = { 1, 2, 3 } });
}

static struct http_pair signature(struct arena *a, const char *secret, struct slice body)
{
    uint8_t mac[SIGN_SHA256];
    struct slice value;
    struct buf b;

    assert_true(sign_hmac_sha256(slice_of(secret), &body, 1, mac));
    buf_init(&b, 100);
    buf_str(&b, "sha256=");
    sign_hex(&b, mac, sizeof(mac));
    value = arena_copy(a, buf_slice(&b));
    buf_finish(&b);
    return (struct http_pair){ SLICE("x-hub-signature-256"), value };
}

static void post(struct bench *t, const char *body)
{
    struct http_pair header = signature(t->arena, SECRET, slice_of(body));
    struct http_req req = { .method = "POST", .url = "/hooks/x", .headers = &header, .n_headers = 1, .body = slice_of(body) };

    assert_int_equal(whatsapp_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
}

#define CHANGE(...)                                                                                                       \
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":{" \
    "\"metadata\":{\"phone_number_id\":\"" NUMBER "\"}," __VA_ARGS__ "}}]}]}"
#define CONTACTS \
    "\"contacts\":[{\"profile\":{\"name\":\"Mika\",\"username\":\"mika.s\"},\"wa_id\":\"15550142233\",\"user_id\":\"" USER "\"}]"
#define MESSAGE(...)                                                                    \
    CHANGE(CONTACTS ",\"messages\":[{\"from\":\"15550142233\",\"from_user_id\":\"" USER \
                    "\",\"id\":\"wamid.A\",\"timestamp\":\"1789990000\"," __VA_ARGS__ "}]")

/* ---- in -------------------------------------------------------------------------------------------------------------------- */

static void each_change_means_what_it_says(void **state)
{
    static const struct {
        const char *body, *events;
    } rows[] = {
        { MESSAGE("\"type\":\"text\",\"text\":{\"body\":\"hi\"},\"context\":{\"id\":\"wamid.OUT\"}"),
          "[{\"kind\":\"message\",\"type\":\"text\",\"text\":\"hi\",\"user\":\"" USER "\",\"conversation\":\"" USER
          "\",\"user_name\":\"Mika\","
          "\"profile\":\"{\\\"phone\\\":\\\"+15550142233\\\",\\\"username\\\":\\\"mika.s\\\"}\",\"ref\":\"wamid.OUT\","
          "\"reply_token\":\"wamid.A\",\"reply_expires_ms\":1790076400000,\"dedupe\":\"message:wamid.A\"}]" },
        { MESSAGE("\"group_id\":\"G1\",\"type\":\"text\",\"text\":{\"body\":\"hi\"}"),
          "[{\"conversation\":\"group:G1\",\"user\":\"" USER "\"}]" },
        { MESSAGE("\"type\":\"audio\",\"audio\":{\"id\":\"7\",\"mime_type\":\"audio/ogg; codecs=opus\",\"voice\":true}"),
          "[{\"type\":\"audio\",\"media\":[{\"type\":\"audio\",\"id\":\"7\",\"mime\":\"audio/ogg; codecs=opus\"}]}]" },
        { MESSAGE("\"type\":\"document\",\"document\":{\"id\":\"7\",\"mime_type\":\"application/"
                  "pdf\",\"filename\":\"a.pdf\",\"caption\":\"see\"}"),
          "[{\"type\":\"document\",\"text\":\"see\",\"media\":[{\"name\":\"a.pdf\"}]}]" },
        { MESSAGE("\"type\":\"sticker\",\"sticker\":{\"id\":\"7\",\"mime_type\":\"image/webp\"}"),
          "[{\"type\":\"sticker\",\"media\":[{\"id\":\"7\"}]}]" },
        { MESSAGE("\"type\":\"video\",\"video\":{\"id\":\"7\"}"), "[{\"type\":\"video\"}]" },
        { MESSAGE("\"type\":\"image\",\"image\":{\"caption\":\"no id\"}"), "[{\"type\":\"unsupported\",\"media\":[]}]" },
        { MESSAGE(
              "\"type\":\"location\",\"location\":{\"latitude\":59.5,\"longitude\":\"24.75\",\"name\":\"Shop\",\"address\":\"Main 1\"}"),
          "[{\"type\":\"location\",\"lat\":59.5,\"lon\":24.75,\"text\":\"Shop\\nMain 1\"}]" },
        { MESSAGE("\"type\":\"location\",\"location\":{\"latitude\":1,\"longitude\":2,\"url\":\"https://shop.example/map\"}"),
          "[{\"type\":\"location\",\"text\":\"https://shop.example/map\",\"url\":\"\"}]" },
        { MESSAGE("\"type\":\"contacts\",\"contacts\":[{\"name\":{\"formatted_name\":\"Bo\"},\"urls\":[{\"url\":\"https://bo.example\"}],"
                  "\"addresses\":[{\"type\":\"WORK\",\"street\":\"1 "
                  "Main\",\"city\":\"Riga\",\"country\":\"Latvia\"},{}],\"birthday\":\"1990-02-01\"}]"),
          "[{\"type\":\"contact\",\"text\":\"Bo\\nhttps://bo.example\\n1 Main, Riga, Latvia\\n1990-02-01\"}]" },
        { MESSAGE("\"type\":\"text\",\"text\":{\"body\":\"hi\"},\"context\":{\"from\":\"1\",\"id\":\"wamid.OUT\",\"referred_product\":{"
                  "\"catalog_id\":\"9\",\"product_retailer_id\":\"K-1\"}}"),
          "[{\"kind\":\"message\",\"ref\":\"wamid.OUT\"},{\"kind\":\"system\",\"referral\":\"K-1\",\"dedupe\":\"referral:wamid.A\"}]" },
        { MESSAGE("\"type\":\"text\",\"text\":{\"body\":\"hi\"},\"context\":{\"forwarded\":true}"),
          "[{\"kind\":\"message\",\"text\":\"hi\",\"ref\":\"\"}]" },
        { MESSAGE("\"type\":\"text\",\"text\":{\"body\":\"hi\"},\"referral\":{\"ctwa_clid\":\"x\"}"), "[{\"kind\":\"message\"}]" },
        { MESSAGE("\"type\":\"request_welcome\""), "[{\"kind\":\"message\",\"type\":\"unsupported\"}]" },
        { MESSAGE("\"type\":\"system\",\"system\":{\"type\":\"customer_identity_changed\",\"body\":\"x\"}"),
          "[{\"kind\":\"message\",\"type\":\"unsupported\"}]" },
        { MESSAGE("\"type\":\"location\",\"location\":{\"latitude\":159.5,\"longitude\":24.75}"), "[{\"type\":\"unsupported\"}]" },
        { MESSAGE("\"type\":\"contacts\",\"contacts\":[{\"name\":{\"formatted_name\":\"Bo\"},\"phones\":[{\"phone\":\"+1\"},{\"phone\":\"+"
                  "2\"}],"
                  "\"org\":{\"company\":\"Acme\"},\"emails\":[{\"email\":\"b@x.example\"}]}]"),
          "[{\"type\":\"contact\",\"text\":\"Bo\\nAcme\\n+1\\n+2\\nb@x.example\"}]" },
        { MESSAGE(
              "\"type\":\"order\",\"order\":{\"catalog_id\":\"1\",\"text\":\"please\",\"product_items\":[{\"product_retailer_id\":\"K-1\","
              "\"quantity\":2,\"item_price\":9.5,\"currency\":\"EUR\"}]}"),
          "[{\"type\":\"rich\",\"text\":\"please\\nK-1 x 2, 9.5 EUR\"}]" },
        { MESSAGE("\"type\":\"interactive\",\"interactive\":{\"type\":\"nfm_reply\",\"nfm_reply\":{\"name\":\"flow\",\"body\":\"Sent\","
                  "\"response_json\":\"{\\\"flow_token\\\":\\\"t\\\",\\\"size\\\":\\\"M\\\",\\\"none\\\":[],\\\"gift\\\":true,"
                  "\\\"colours\\\":[\\\"red\\\",\\\"blue\\\"]}\"}}"),
          "[{\"kind\":\"postback\",\"text\":\"Sent\\nsize: M\\ngift: yes\\ncolours: red, blue\"}]" },
        { MESSAGE("\"type\":\"interactive\",\"interactive\":{\"type\":\"nfm_reply\",\"nfm_reply\":{\"response_json\":\"{\\\"a\\\":\"}}"),
          "[{\"kind\":\"message\",\"type\":\"unsupported\"}]" },
        { MESSAGE("\"type\":\"interactive\",\"interactive\":{\"type\":\"call_permission_reply\",\"call_permission_reply\":{\"response\":"
                  "\"accept\"}}"),
          "[{\"kind\":\"postback\",\"payload\":\"accept\",\"text\":\"call permission: accept\"}]" },
        { MESSAGE("\"type\":\"interactive\",\"interactive\":{\"type\":\"beam\"}"), "[{\"kind\":\"message\",\"type\":\"unsupported\"}]" },
        { MESSAGE("\"type\":\"text\",\"text\":{\"body\":\"hi\"},\"referral\":{\"source_url\":\"https://fb.example/"
                  "ad\",\"headline\":\"Kettles\"}"),
          "[{\"kind\":\"message\",\"dedupe\":\"message:wamid.A\"},{\"kind\":\"system\",\"referral\":\"Kettles\\nhttps://fb.example/ad\","
          "\"dedupe\":\"referral:wamid.A\"}]" },
        { MESSAGE("\"type\":\"reaction\",\"reaction\":{\"message_id\":\"wamid.OUT\",\"emoji\":\"x\"}"),
          "[{\"kind\":\"reaction\",\"on\":true,\"ref\":\"wamid.OUT\",\"reply_token\":\"\"}]" },
        { MESSAGE("\"type\":\"edit\",\"edit\":{\"original_message_id\":\"wamid.B\",\"message\":{\"type\":\"image\",\"image\":{\"caption\":"
                  "\"new\"}}}"),
          "[{\"kind\":\"edit\",\"ref\":\"wamid.B\",\"text\":\"new\"}]" },
        { CHANGE("\"messages\":[{\"from\":\"111\",\"id\":\"wamid.A\",\"timestamp\":\"1\",\"type\":\"system\",\"system\":{\"type\":"
                 "\"user_changed_number\",\"wa_id\":\"222\"}}]"),
          "[{\"kind\":\"system\",\"user\":\"222\",\"previous_user\":\"111\"}]" },
        { CHANGE("\"messages\":[{\"from\":\"111\",\"id\":\"wamid.A\",\"timestamp\":\"1\",\"type\":\"system\",\"system\":{\"type\":"
                 "\"user_changed_number\",\"wa_id\":\"222\",\"user_id\":\"US.1\",\"previous_user_id\":\"US.1\"}}]"),
          "[]" },
        { CHANGE("\"messages\":[{\"id\":\"wamid.A\",\"timestamp\":\"1\",\"type\":\"text\",\"text\":{\"body\":\"from nobody\"}}]"), "[]" },
        { CHANGE("\"statuses\":[{\"id\":\"wamid.O\",\"status\":\"played\",\"timestamp\":\"1789990000\",\"recipient_id\":\"15550142233\","
                 "\"biz_opaque_callback_data\":\"" CONV "-7\"}]"),
          "[{\"kind\":\"status\",\"status\":\"read\",\"ref\":\"wamid.O\",\"seq\":7,\"user\":\"15550142233\",\"dedupe\":\"status:wamid.O:"
          "played\"}]" },
        { CHANGE(CONTACTS ",\"statuses\":[{\"id\":\"wamid.O\",\"status\":\"sent\",\"timestamp\":\"1\",\"recipient_id\":\"15550142233\"}]"),
          "[{\"kind\":\"status\",\"user\":\"" USER "\",\"seq\":0}]" },
        { CHANGE("\"statuses\":[{\"id\":\"wamid.O\",\"status\":\"failed\",\"timestamp\":\"1\",\"recipient_id\":\"1\",\"errors\":[{\"code\":"
                 "131026,"
                 "\"title\":\"Message undeliverable\"}]}]"),
          "[{\"kind\":\"status\",\"status\":\"failed\",\"code\":\"131026\",\"reason\":\"131026: Message "
          "undeliverable\",\"class\":\"user_blocked\"}]" },
        /* Of a reaction of ours only that it failed is worth a word, whatever it says of the message. */
        { CHANGE("\"statuses\":[{\"id\":\"wamid.R\",\"status\":\"failed\",\"timestamp\":\"1\",\"recipient_id\":\"1\","
                 "\"biz_opaque_callback_data\":\"" CONV "-7/❤️\",\"errors\":[{\"code\":131026,\"title\":\"Undeliverable\"}]}]"),
          "[{\"kind\":\"status\",\"status\":\"failed\",\"seq\":7,\"text\":\"❤️\",\"reason\":\"131026: Undeliverable\"}]" },
        { CHANGE("\"statuses\":[{\"id\":\"wamid.R\",\"status\":\"sent\",\"timestamp\":\"1\",\"recipient_id\":\"1\","
                 "\"biz_opaque_callback_data\":\"" CONV "-7/❤️\"}]"),
          "[]" },
        { CHANGE("\"statuses\":[{\"id\":\"wamid.R\",\"status\":\"failed\",\"timestamp\":\"1\",\"recipient_id\":\"1\","
                 "\"biz_opaque_callback_data\":\"x-7/❤️\"}]"),
          "[]" },
        { CHANGE("\"statuses\":[{\"id\":\"wamid.O\",\"status\":\"warning\",\"timestamp\":\"1\",\"recipient_id\":\"1\"}]"), "[]" },
        { CHANGE("\"errors\":[{\"code\":131000}]"), "[]" },
        { "{\"object\":\"page\",\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":{\"messages\":[{}]}}]}]}", "[]" },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *want = json_loads(rows[i].events, 0, NULL);
        size_t k;
        json_t *one;

        assert_non_null(want);
        post(t, rows[i].body);
        assert_null(t->got.refused);
        assert_int_equal(t->got.status, 200);
        if (t->got.n != json_array_size(want))
            fail_msg("%s: %zu events", rows[i].body, t->got.n);
        json_array_foreach(want, k, one)
        {
            static const char *const own[] = { "class", "previous_user" };

            for (size_t m = 0; m < COUNT(own); m++)
                if (v_get(one, own[m])) {
                    assert_true(member(one, own[m], &t->got.inbound[k]));
                    json_object_del(one, own[m]);
                }
        }
        v_expect_events(want, t->got.inbound, t->got.n);
        json_decref(want);
    }
}

static void what_cannot_be_read_is_kept_as_it_came(void **state)
{
    struct bench *t = *state;
    json_t *raw;

    post(t, MESSAGE("\"type\":\"hologram\",\"hologram\":{\"depth\":3}"));
    raw = json_loadb(t->got.inbound->raw.p, t->got.inbound->raw.n, 0, NULL);
    assert_string_equal(v_text(raw, "type"), "hologram");
    assert_int_equal(v_number(v_get(raw, "hologram"), "depth"), 3);
    json_decref(raw);
}

/* A body as large as Meta makes them: every event is there, each under a key of its own. */
static void a_thousand_in_one_body_are_a_thousand(void **state)
{
    struct bench *t = *state;
    struct slice body;
    struct buf b;

    buf_init(&b, 4u << 20);
    buf_str(&b, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":{"
                "\"metadata\":{\"phone_number_id\":\"" NUMBER "\"},\"messages\":[");
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%s{\"from\":\"1\",\"id\":\"wamid.%d\",\"timestamp\":\"1789990000\",\"type\":\"text\",\"text\":{\"body\":\"%d\"}}",
                   i ? "," : "", i, i);
    buf_str(&b, "]}}]}]}");
    body = arena_copy(t->arena, buf_slice(&b));
    buf_finish(&b);
    post(t, body.p);
    assert_int_equal(t->got.n, 1000);
    for (int i = 0; i < 1000; i++) {
        char key[32];

        (void)snprintf(key, sizeof(key), "message:wamid.%d", i);
        assert_true(slice_is(t->got.inbound[i].dedupe, key));
    }
}

static void any_of_the_secrets_may_have_signed(void **state)
{
    static const char body[] = "{\"object\":\"whatsapp_business_account\",\"entry\":[]}";
    static const struct {
        const char *method, *secret;
        int status;
    } rows[] = { { "POST", SECRET, 200 }, { "POST", "old-secret", 200 }, { "POST", "another", 401 }, { "PUT", SECRET, 405 } };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_pair header = signature(t->arena, rows[i].secret, slice_of(body));
        struct http_req req = { .method = rows[i].method, .headers = &header, .n_headers = 1, .body = slice_of(body) };

        assert_int_equal(whatsapp_ops.receive(t->ch, t->arena, &req, &t->env, &t->got), KF_OK);
        assert_int_equal(t->got.status, rows[i].status);
    }
}

static void what_is_no_event_is_refused(void **state)
{
    static const char *const rows[] = { "", "[]", "{", "{\"a\":1,\"a\":2}" };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        post(t, rows[i]);
        assert_int_equal(t->got.status, 400);
    }
}

static void memory_that_runs_out_loses_nothing(void **state)
{
    static const char body[] =
        MESSAGE("\"type\":\"image\",\"image\":{\"id\":\"7\",\"caption\":\"some words\"},\"context\":{\"id\":\"wamid.OUT\"}");
    struct bench *t = *state;
    struct http_pair header = signature(t->arena, SECRET, slice_of(body));
    struct http_req req = { .method = "POST", .headers = &header, .n_headers = 1, .body = slice_of(body) };

    for (size_t max = 1; max < 8192; max += 31) {
        struct arena *a = arena_new(max);
        struct received got;
        enum kf_rc rc = whatsapp_ops.receive(t->ch, a, &req, &t->env, &got);

        assert_true(rc == KF_NOMEM ||
                    (got.n == 1 && got.inbound->text.n == 10 && got.inbound->ref.n && got.inbound->profile.n && got.inbound->n_media == 1));
        arena_free(a);
    }
}

/* ---- files ----------------------------------------------------------------------------------------------------------------- */

static void the_token_is_shown_to_metas_hosts_only(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum kf_rc rc;
        bool stranger;
    } rows[] = {
        { 200, "{\"url\":\"https://lookaside.example/a?mid=1\"}", KF_AGAIN, false },
        { 200, "{\"url\":\"https://graph.example/a?mid=1\"}", KF_AGAIN, false },
        { 200, "{\"url\":\"https://lookaside.example:443/a\"}", KF_AGAIN, false },
        { 200, "{\"url\":\"https://files.example:8443/a\"}", KF_AGAIN, false },
        { 200, "{\"url\":\"https://files.example/a\"}", KF_AGAIN, true },
        { 200, "{\"url\":\"https://lookaside.example:8443/a\"}", KF_AGAIN, true },
        { 200, "{\"url\":\"https://graph.example:8443/a\"}", KF_AGAIN, true },
        { 200, "{\"url\":\"http://graph.example:443/a\"}", KF_AGAIN, true },
        { 200, "{\"url\":\"https://lookaside.example.evil.example/a\"}", KF_AGAIN, true },
        { 200, "{\"url\":\"file:///etc/passwd\"}", KF_IO, false },
        { 200, "{}", KF_RATE, false },
        { 200, "<html>", KF_RATE, false },
        { 400, ERROR(100), KF_ABSENT, false },
        { 401, ERROR(190), KF_AUTH, false },
    };
    const struct media none = { .type = TYPE_IMAGE };
    struct media m = { .type = TYPE_IMAGE, .id = SLICE("77/0?x") };
    struct bench *t = *state;
    struct http_req req;

    assert_int_equal(whatsapp_ops.media(t->ch, t->arena, &t->env, &none, NULL, &req), KF_INVALID);
    assert_int_equal(whatsapp_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_AGAIN);
    assert_string_equal(req.url, "https://graph.example/v24.0/77%2F0%3Fx");
    m.asked = 1;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .body = slice_of(rows[i].body) };

        assert_int_equal(whatsapp_ops.media(t->ch, t->arena, &t->env, &m, &resp, &req), rows[i].rc);
        if (rows[i].rc != KF_AGAIN)
            continue;
        assert_int_equal(req.stranger, rows[i].stranger);
        assert_int_equal(http_header(req.headers, req.n_headers, "authorization").n > 0, !rows[i].stranger);
    }
}

/* It is tried while it may hold, and where the token may be shown. */
static void the_address_of_a_message_is_tried_first(void **state)
{
    static const struct {
        const char *url;
        int tries;
        const char *asked;
    } rows[] = {
        { "https://lookaside.example/a?mid=1", 0, "https://lookaside.example/a?mid=1" },
        { "https://lookaside.example/a?mid=1", 1, "https://graph.example/v24.0/77" },
        { "https://lookaside.example.evil.example/a", 0, "https://graph.example/v24.0/77" },
        { "javascript:alert(1)", 0, "https://graph.example/v24.0/77" },
        { "", 0, "https://graph.example/v24.0/77" },
    };
    static const int passed_on[] = { 200, 302, 401, 403, 404, 410 };
    struct bench *t = *state;
    struct http_req req;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct media m = { .type = TYPE_IMAGE, .id = SLICE("77"), .url = slice_of(rows[i].url), .tries = rows[i].tries };

        assert_int_equal(whatsapp_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_AGAIN);
        assert_string_equal(req.url, rows[i].asked);
        assert_false(req.stranger);
    }
    for (size_t i = 0; i < COUNT(passed_on); i++) {
        const struct media m = { .type = TYPE_IMAGE, .id = SLICE("77"), .url = slice_of(rows[0].url), .asked = 1 };
        const struct http_resp resp = { .status = passed_on[i], .body = SLICE("x") };

        assert_int_equal(whatsapp_ops.media(t->ch, t->arena, &t->env, &m, &resp, &req), i ? KF_AGAIN : KF_OK);
        if (i)
            assert_string_equal(req.url, "https://graph.example/v24.0/77");
        else
            assert_null(req.url);
    }
}

static void a_number_is_met_by_its_name(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum kf_rc rc;
        const char *words;
    } rows[] = {
        { 200,
          "{\"verified_name\":\"Kettle\",\"display_phone_number\":\"+1 555-010-0200\",\"quality_rating\":\"GREEN\",\"id\":\"" NUMBER "\"}",
          KF_OK, "+1 555-010-0200, Kettle, quality GREEN" },
        { 200, "{\"id\":\"" NUMBER "\",\"name\":\"an account\"}", KF_REJECTED, "Meta says: that is no phone number" },
        { 400, ERROR(100), KF_REJECTED, "Meta says: (#100) words" },
        { 401, ERROR(190), KF_AUTH, "Meta does not let us in: (#190) words" },
        { 500, "oops", KF_IO, "Meta's answer could not be read: status 500" },
        { 0, "", KF_IO, "no answer from Meta" },
    };
    struct bench *t = *state;
    struct http_req req;
    struct kf_err why;

    assert_int_equal(whatsapp_ops.meet(t->ch, t->arena, &t->env, "https://h.example", true, NULL, &req, &why), KF_AGAIN);
    assert_string_equal(req.method, "GET");
    assert_string_equal(req.url, "https://graph.example/v24.0/" NUMBER);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .body = slice_of(rows[i].body) };

        row_int_equal(rows[i].body, whatsapp_ops.meet(t->ch, t->arena, &t->env, "https://h.example", true, &resp, &req, &why), rows[i].rc);
        if (strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s: %s", rows[i].body, why.text);
    }
}

/* ---- settings -------------------------------------------------------------------------------------------------------------- */

static void settings_that_do_not_work_are_told(void **state)
{
    static const struct settings_row rows[] = {
        { "{\"number\":\"+15550100\",\"token\":\"t0123456\",\"app_secrets\":[\"x\"],\"verify_token\":\"12345678\"}", "number: " },
        { "{\"number\":\"15550100\",\"token\":\"t 123456\",\"app_secrets\":[\"x\"],\"verify_token\":\"12345678\"}", "token: " },
        { "{\"number\":\"15550100\",\"token\":\"t0123456\",\"app_secrets\":[],\"verify_token\":\"12345678\"}", "app_secrets: " },
        { "{\"number\":\"15550100\",\"token\":\"t0123456\",\"app_secrets\":[\"x\"],\"verify_token\":\"\"}", "verify_token: " },
        { "{\"number\":\"15550100\",\"token\":\"t0123456\",\"app_secrets\":[\"x\"],\"verify_token\":\"12345678\",\"version\":\"v1/../x\"}",
          "version: " },
        { "{\"number\":\"15550100\",\"token\":\"t0123456\",\"app_secrets\":[\"x\"],\"verify_token\":\"12345678\",\"template\":\"a b\"}",
          "template: " },
    };

    (void)state;
    settings_are_refused(&whatsapp_ops, rows, COUNT(rows));
}

#define MORE .kind = "buttons", .name = "order_update", .language = "en"

static void templates_that_meta_does_not_have_are_told(void **state)
{
    static const struct template_row rows[] = {
        { { .name = "order_update", .language = "zh_CN", .text = "{{1}}" }, NULL },
        { { .name = "order_update", .language = "en", .text = "{{first_name}}", .header = TEMPLATE_IMAGE }, NULL },
        { { .name = "Order", .language = "en", .text = "x" }, "name: as Meta has it" },
        { { .name = "a-b", .language = "en", .text = "x" }, "name: as Meta has it" },
        { { .name = "order_update", .text = "x" }, "language: required here" },
        { { .name = "order_update", .language = "en", .text = "{{First}}" }, "text: Meta writes" },
        { { .name = "order_update", .language = "en", .text = "x", .url_field = "Page" }, "url_field: on WhatsApp" },
    };

    static const struct ready_row more[] = {
        { { { SLICE("header"), SLICE("Order {{2}}") } }, { MORE, .text = "{{1}}" }, NULL },
        { { { SLICE("header"), SLICE("Order {{1}}") } }, { MORE, .text = "{{1}}" }, NULL },
        { { { SLICE("header"), SLICE("Order {{1}}") } }, { MORE, .text = "{{2}}" }, "text: blanks are numbered from 1" },
        { { { SLICE("header"), SLICE("Order") } }, { MORE, .text = "{{1}}" }, "values.header: with one variable" },
        { { { SLICE("header"), SLICE("{{1}} {{2}}") } }, { MORE, .text = "{{1}}" }, "values.header: with one variable" },
        { { { SLICE("header"), SLICE("{{1}}") } }, { MORE, .text = "{{1}}", .header = TEMPLATE_IMAGE }, "header: a file or words" },
        { { { SLICE("button_1"), SLICE("url:{{1}}") } }, { MORE, .text = "x", .header = TEMPLATE_IMAGE }, NULL },
        { { { SLICE("button_2"), SLICE("reply:yes {{1}}") } }, { MORE, .text = "x" }, NULL },
        { { { SLICE("button_10"), SLICE("code:{{1}}") } }, { MORE, .text = "x" }, NULL },
        { { { SLICE("button_11"), SLICE("code:{{1}}") } }, { MORE, .text = "x" }, "values.button_11: not known here" },
        { { { SLICE("button_1"), SLICE("orders/{{1}}") } }, { MORE, .text = "x" }, "values.button_1: url: with the end of its address" },
        { { { SLICE("button_1"), SLICE("url:") } }, { MORE, .text = "x" }, "values.button_1: url:" },
        { { { SLICE("button_1"), SLICE("url:two words") } }, { MORE, .text = "x" }, "values.button_1: url:" },
        { { { SLICE("button_1"), SLICE("reply: ") } }, { MORE, .text = "x" }, "values.button_1: url:" },
    };

    (void)state;
    templates_are_judged(&whatsapp_ops, rows, COUNT(rows));
    ready_things_are_judged(&whatsapp_ops, more, COUNT(more));
}

static void a_proof_stands_beside_the_token_where_it_is_wanted(void **state)
{
    static const char settings[] = "{\"number\":\"15550100\",\"token\":\"EAAkefudtesttoken\",\"app_secrets\":[\"" SECRET
                                   "\"],\"verify_token\":\"12345678\",\"proof\":true}";
    const struct errand e = { .kind = ERRAND_TYPING, OPEN };
    struct bench *t = *state;
    struct channel *ch;
    struct http_req req;

    assert_int_equal(whatsapp_ops.open(&ch, slice_of(settings), NULL), KF_OK);
    assert_int_equal(whatsapp_ops.encode(ch, t->arena, &e, &t->env, &req), KF_OK);
    assert_string_equal(req.url, "https://graph.facebook.com/v24.0/15550100/messages?appsecret_proof="
                                 "425d674890703fcd279853e2a9c7266501fdfcb1610bc9993697f0a93e50eb95");
    whatsapp_ops.close(ch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(each_change_means_what_it_says),
        BENCH(what_cannot_be_read_is_kept_as_it_came),
        BENCH(a_thousand_in_one_body_are_a_thousand),
        BENCH(any_of_the_secrets_may_have_signed),
        BENCH(what_is_no_event_is_refused),
        BENCH(memory_that_runs_out_loses_nothing),
        BENCH(the_token_is_shown_to_metas_hosts_only),
        BENCH(the_address_of_a_message_is_tried_first),
        BENCH(a_number_is_met_by_its_name),
        cmocka_unit_test(templates_that_meta_does_not_have_are_told),
        cmocka_unit_test(settings_that_do_not_work_are_told),
        BENCH(a_proof_stands_beside_the_token_where_it_is_wanted),
    };
    int failed = vectors_run("whatsapp", &vectors);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
