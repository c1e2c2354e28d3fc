/* The WhatsApp channel: its vectors, then what they do not say. */
#include "channel_bench.h"
#include "channel_vectors.h"

#include "protocols/whatsapp_impl.h"

#include <stdio.h>

#define SECRET "kefud-wa-app-secret-01"
#define NUMBER "209715200000002"
#define USER   "US.31415926535897932384"
#define CONV   "01936b2e-0000-7000-8000-000000000001"
#define SETTINGS                                                                                                    \
    "{\"number\":\"" NUMBER "\",\"token\":\"EAAtest-token\",\"app_secrets\":[\"old-secret\",\"" SECRET "\"],"       \
    "\"verify_token\":\"kefud-verify-01\",\"url\":\"https://graph.example/\",\"template\":\"about_your_question\"," \
    "\"template_language\":\"et\",\"list_button\":\"Vali\",\"media_hosts\":[\"lookaside.example\",\"files.example:8443\"]}"
#define NOW_MS 1789990100000

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

/* ---- out ------------------------------------------------------------------------------------------------------------------- */

#define OPEN .handle = "wamid.IN", .handle_expires_ms = NOW_MS + 1
#define CHOSEN(members)                                                                                                                \
    {                                                                                                                                  \
        .from = { .role = ROLE_AGENT }, .text = { "words", 5 },                                                                        \
        .extra =                                                                                                                       \
            "{\"file\":{\"name\":\"a.pdf\"},\"template\":{\"key\":\"order\",\"name\":\"order_update\",\"language\":\"zh_CN\"," members \
            "}}"                                                                                                                       \
    }
#define CARD(size)                                                      \
    .message = { .kind = MESSAGE_CARD,                                  \
                 .from = { .role = ROLE_AGENT },                        \
                 .text = SLICE("Tea\nGreen\nhttps://shop.example/tea"), \
                 .extra = "{\"file\":{\"mime\":\"image/png\",\"size\":" #size "}}" }
#define MOVING                                           \
    {                                                    \
        "RIFF\x10\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0", 24 \
    }
#define STICKER(width, size) "{\"file\":{\"mime\":\"image/webp\",\"size\":" size ",\"width\":" width ",\"height\":512,\"name\":\"s.webp\"}}"
#define PLACE(said)          .message = { .kind = MESSAGE_CARD, .text = SLICE(said), .extra = "{\"lat\":31.2304000,\"lon\":-121.4737000}" }
#define TO                   .peer = USER, .user = USER, .seq = 7
#define HEAD                 "\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","
#define OURS                 ",\"biz_opaque_callback_data\":\"" CONV "-7\""

static void each_errand_is_one_request(void **state)
{
    static const struct {
        struct errand e;
        enum kf_rc rc;
        const char *body;
    } rows[] = {
        { { TO, OPEN, .reply_ref = "wamid.Q", .message = { .text = { "hi", 2 } } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"text\",\"context\":{\"message_id\":\"wamid.Q\"}" OURS
          ",\"text\":{\"body\":\"hi\"}}" },
        { { .peer = "15550142233", .user = "15550142233", .seq = 7, OPEN, .message = { .text = { "hi", 2 } } },
          KF_OK,
          "{" HEAD "\"to\":\"+15550142233\",\"type\":\"text\"" OURS ",\"text\":{\"body\":\"hi\"}}" },
        { { .peer = "group:G1", .user = USER, .seq = 7, OPEN, .message = { .text = { "hi", 2 } } },
          KF_OK,
          "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"group\",\"to\":\"G1\",\"type\":\"text\"" OURS
          ",\"text\":{\"body\":\"hi\"}}" },
        { { TO, OPEN, .more = true, .message = { .text = { "hi", 2 } } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"text\",\"text\":{\"body\":\"hi\"}}" },
        { { TO, OPEN, .part = 1, .reply_ref = "wamid.Q", .message = { .text = { "hi", 2 } } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"text\",\"text\":{\"body\":\"hi\"}}" },
        { { TO, OPEN,
            .message = { .text = { "Well?", 5 },
                         .extra = "{\"choices\":[{\"id\":\"y\",\"label\":\"Yes\"},{\"id\":\"n\",\"label\":\"No\"}]}" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"interactive\"" OURS
          ",\"interactive\":{\"type\":\"button\",\"body\":{\"text\":\"Well?\"},"
          "\"action\":{\"buttons\":[{\"type\":\"reply\",\"reply\":{\"id\":\"y\",\"title\":\"Yes\"}},{\"type\":\"reply\",\"reply\":{\"id\":"
          "\"n\","
          "\"title\":\"No\"}}]}}}" },
        { { TO, OPEN,
            .message = { .text = { "Well?", 5 },
                         .extra = "{\"choices\":[{\"id\":\"a\",\"label\":\"A\"},{\"id\":\"b\",\"label\":\"A label of more than "
                                  "twenty-four\"}]}" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"interactive\"" OURS
          ",\"interactive\":{\"type\":\"list\",\"body\":{\"text\":\"Well?\"},"
          "\"action\":{\"button\":\"Vali\",\"sections\":[{\"rows\":[{\"id\":\"a\",\"title\":\"A\"},{\"id\":\"b\",\"title\":"
          "\"A label of more than \",\"description\":\"A label of more than twenty-four\"}]}]}}}" },
        { { TO, OPEN,
            .message = { .text = { "Well?", 5 },
                         .extra = "{\"choices\":[{\"id\":\"1\",\"label\":\"1\"},{\"id\":\"2\",\"label\":\"2\"},{\"id\":\"3\",\"label\":"
                                  "\"3\"},{\"id\":"
                                  "\"4\",\"label\":\"4\"},{\"id\":\"5\",\"label\":\"5\"},{\"id\":\"6\",\"label\":\"6\"},{\"id\":\"7\","
                                  "\"label\":\"7\"},"
                                  "{\"id\":\"8\",\"label\":\"8\"},{\"id\":\"9\",\"label\":\"9\"},{\"id\":\"10\",\"label\":\"a\"},{\"id\":"
                                  "\"11\",\"label\":"
                                  "\"b\"}]}" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"text\"" OURS
          ",\"text\":{\"body\":\"Well?\\n1. 1\\n2. 2\\n3. 3\\n4. 4\\n5. 5\\n6. 6\\n7. 7\\n"
          "8. 8\\n9. 9\\n10. a\\n11. b\"}}" },
        { { TO, OPEN, .media_id = "99",
            .message = { .kind = MESSAGE_IMAGE,
                         .text = { "look", 4 },
                         .extra = "{\"file\":{\"mime\":\"image/png\",\"size\":10,\"name\":\"a.png\"}}" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"image\"" OURS ",\"image\":{\"id\":\"99\",\"caption\":\"look\"}}" },
        { { TO, OPEN, .media_id = "99",
            .message = { .kind = MESSAGE_IMAGE, .extra = "{\"file\":{\"mime\":\"image/png\",\"size\":6000000,\"name\":\"a.png\"}}" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"document\"" OURS ",\"document\":{\"id\":\"99\",\"filename\":\"a.png\"}}" },
        { { TO, OPEN, .media_id = "99", .message = { .kind = MESSAGE_AUDIO, .extra = "{\"file\":{\"mime\":\"audio/ogg\",\"size\":10}}" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"audio\"" OURS ",\"audio\":{\"id\":\"99\",\"voice\":true}}" },
        { { TO, OPEN, .media_id = "99", .message = { .kind = MESSAGE_AUDIO, .extra = "{\"file\":{\"mime\":\"audio/mpeg\",\"size\":10}}" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"audio\"" OURS ",\"audio\":{\"id\":\"99\"}}" },
        { { TO, OPEN, .media_id = "99", .message = { .kind = MESSAGE_IMAGE, .extra = STICKER("512", "102400") } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"sticker\"" OURS ",\"sticker\":{\"id\":\"99\"}}" },
        { { TO, OPEN, .media_id = "99", .message = { .kind = MESSAGE_IMAGE, .extra = STICKER("512", "102401") } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"document\"" OURS ",\"document\":{\"id\":\"99\",\"filename\":\"s.webp\"}}" },
        { { TO, OPEN, .media_id = "99", .file = MOVING, .message = { .kind = MESSAGE_IMAGE, .extra = STICKER("512", "512000") } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"sticker\"" OURS ",\"sticker\":{\"id\":\"99\"}}" },
        { { TO, OPEN, .media_id = "99", .file = MOVING, .message = { .kind = MESSAGE_IMAGE, .extra = STICKER("512", "512001") } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"document\"" OURS ",\"document\":{\"id\":\"99\",\"filename\":\"s.webp\"}}" },
        { { TO, OPEN, .media_id = "99", .message = { .kind = MESSAGE_IMAGE, .extra = STICKER("511", "100") } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"document\"" OURS ",\"document\":{\"id\":\"99\",\"filename\":\"s.webp\"}}" },
        { { TO, OPEN, .media_id = "99", .message = { .kind = MESSAGE_IMAGE, .text = { "x", 1 }, .extra = STICKER("512", "100") } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"document\"" OURS
          ",\"document\":{\"id\":\"99\",\"caption\":\"x\",\"filename\":\"s.webp\"}}" },
        { { TO, OPEN, .media_id = "99",
            .message = { .kind = MESSAGE_AUDIO, .text = { "x", 1 }, .extra = "{\"file\":{\"mime\":\"audio/ogg\",\"size\":10}}" } },
          KF_UNSUPPORTED,
          NULL },
        { { TO, OPEN, PLACE("Park\n1 Lake Road\nhttps://map.example/") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"location\"" OURS
          ",\"location\":{\"latitude\":31.2304,\"longitude\":-121.4737,\"name\":\"Park\",\"address\":\"1 Lake Road\"}}" },
        { { TO, OPEN, .reply_ref = "wamid.Q", PLACE("Park\nhttps://map.example/") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"location\",\"context\":{\"message_id\":\"wamid.Q\"}" OURS
          ",\"location\":{\"latitude\":31.2304,\"longitude\":-121.4737,\"name\":\"Park\"}}" },
        { { TO, OPEN, CARD(10), .file_url = "https://kefud.example/files/1?exp=1&sig=2" },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"image\"" OURS
          ",\"image\":{\"link\":\"https://kefud.example/files/1?exp=1&sig=2\","
          "\"caption\":\"Tea\\nGreen\\nhttps://shop.example/tea\"}}" },
        { { TO, OPEN, CARD(6000000), .file_url = "https://kefud.example/files/1?exp=1&sig=2" },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"text\"" OURS ",\"text\":{\"body\":\"Tea\\nGreen\\nhttps://shop.example/tea\"}}" },
        { { TO, OPEN, CARD(10) },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"text\"" OURS ",\"text\":{\"body\":\"Tea\\nGreen\\nhttps://shop.example/tea\"}}" },
        { { TO, CARD(10), .file_url = "https://kefud.example/files/1?exp=1&sig=2" },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"about_your_question\",\"language\":{\"code\":"
          "\"et\"},\"components\":[{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"Tea Green "
          "https://shop.example/tea\"}]}]}}" },
        /* Chosen from the channel's templates: open or closed is all the same. */
        { { TO, .message = CHOSEN("\"numbered\":true,\"fields\":[[\"1\",\"A \\\"1\\\"\"],[\"2\",\"发货\"]]") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"order_update\",\"language\":{\"code\":\"zh_CN\"},\"components\":[{\"type\":\"body\",\"parameters\":["
          "{\"type\":\"text\",\"text\":\"A \\\"1\\\"\"},{\"type\":\"text\",\"text\":\"发货\"}]}]}}" },
        { { TO, OPEN, .message = CHOSEN("\"fields\":[[\"who\",\"Ann\"]]") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"order_update\",\"language\":{\"code\":\"zh_CN\"},\"components\":[{\"type\":\"body\",\"parameters\":["
          "{\"type\":\"text\",\"parameter_name\":\"who\",\"text\":\"Ann\"}]}]}}" },
        { { TO, .message = CHOSEN("\"fields\":[]") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"order_update\",\"language\":{\"code\":\"zh_CN\"},\"components\":[]}}" },
        { { TO, .media_id = "4491", .message = CHOSEN("\"header\":\"document\",\"numbered\":true,\"fields\":[[\"1\",\"x\"]]") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"order_update\",\"language\":{\"code\":\"zh_CN\"},\"components\":[{\"type\":\"header\",\"parameters\":["
          "{\"type\":\"document\",\"document\":{\"id\":\"4491\",\"filename\":\"a.pdf\"}}]},{\"type\":\"body\",\"parameters\":["
          "{\"type\":\"text\",\"text\":\"x\"}]}]}}" },
        { { TO, .media_id = "4491", .message = CHOSEN("\"header\":\"video\",\"fields\":[]") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"order_update\",\"language\":{\"code\":\"zh_CN\"},\"components\":[{\"type\":\"header\",\"parameters\":["
          "{\"type\":\"video\",\"video\":{\"id\":\"4491\"}}]}]}}" },
        { { TO, .message = CHOSEN("\"header\":\"image\",\"fields\":[]") }, KF_UNSUPPORTED, NULL },
        /* With variables in its header and its buttons: those of the text are the first, and each says where it stands. */
        { { TO, .message = CHOSEN("\"kind\":\"buttons\",\"numbered\":true,\"fields\":[[\"1\",\"Ann\"],[\"2\",\"A-7\"],[\"3\",\"a b\"]],"
                                  "\"values\":[[\"button_1\",\"url:orders/a%20b\",\"3\"],[\"button_2\",\"reply:yes-A-7\",\"2\"],"
                                  "[\"button_10\",\"code:TEA5\"],[\"header\",\"Order A-7\",\"2\"]],\"said\":1") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"order_update\",\"language\":{\"code\":\"zh_CN\"},\"components\":["
          "{\"type\":\"header\",\"parameters\":[{\"type\":\"text\",\"text\":\"A-7\"}]},"
          "{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"Ann\"}]},"
          "{\"type\":\"button\",\"sub_type\":\"url\",\"index\":\"0\",\"parameters\":[{\"type\":\"text\",\"text\":\"orders/a%20b\"}]},"
          "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":\"1\",\"parameters\":[{\"type\":\"payload\",\"payload\":\"yes-A-7\"}"
          "]},"
          "{\"type\":\"button\",\"sub_type\":\"copy_code\",\"index\":\"9\",\"parameters\":[{\"type\":\"coupon_code\",\"coupon_code\":"
          "\"TEA5\"}]}"
          "]}}" },
        { { TO, .message = CHOSEN(
                    "\"kind\":\"buttons\",\"fields\":[[\"who\",\"Ann\"]],\"values\":[[\"header\",\"For Ann\",\"who\"]],\"said\":0") },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"order_update\",\"language\":{\"code\":\"zh_CN\"},\"components\":["
          "{\"type\":\"header\",\"parameters\":[{\"type\":\"text\",\"parameter_name\":\"who\",\"text\":\"Ann\"}]}]}}" },
        { { .kind = ERRAND_READ, TO, .message = { .from = { .role = ROLE_VISITOR }, .ref = "wamid.A" } },
          KF_OK,
          "{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.A\"}" },
        { { .kind = ERRAND_READ, TO, OPEN, .message = { .from = { .role = ROLE_AGENT }, .ref = "wamid.OURS" } },
          KF_OK,
          "{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.IN\"}" },
        { { .kind = ERRAND_TYPING, TO, OPEN },
          KF_OK,
          "{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.IN\",\"typing_indicator\":{\"type\":\"text\"}}" },
        { { .kind = ERRAND_TYPING, TO }, KF_UNSUPPORTED, NULL },
        { { .kind = ERRAND_DELETE, TO, .message = { .ref = "wamid.A" } }, KF_UNSUPPORTED, NULL },
        { { .kind = ERRAND_REACT, TO, OPEN, .emoji = "❤️", .reply_ref = "wamid.OURS", .message = { .ref = "wamid.A" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"reaction\",\"biz_opaque_callback_data\":\"" CONV
          "-7/❤️\",\"reaction\":{\"message_id\":\"wamid.A\",\"emoji\":\"❤️\"}}" },
        { { .kind = ERRAND_REACT, TO, OPEN, .emoji = "", .message = { .ref = "wamid.A" } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"reaction\",\"biz_opaque_callback_data\":\"" CONV
          "-7/\",\"reaction\":{\"message_id\":\"wamid.A\",\"emoji\":\"\"}}" },
        { { .kind = ERRAND_REACT, TO, OPEN, .emoji = "❤️" }, KF_UNSUPPORTED, NULL },
        { { .kind = ERRAND_REACT, TO, .emoji = "❤️", .message = { .ref = "wamid.A" } }, KF_REJECTED, NULL },
        { { TO, OPEN }, KF_UNSUPPORTED, NULL },
        /* The window is closed. */
        { { TO, .handle = "wamid.IN", .handle_expires_ms = NOW_MS,
            .message = { .from = { .role = ROLE_AGENT }, .text = { "It is\n\there.  Come!", 19 } } },
          KF_OK,
          "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"template\"" OURS
          ",\"template\":{\"name\":\"about_your_question\",\"language\":{\"code\":"
          "\"et\"},\"components\":[{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"It is here. Come!\"}]}]}}" },
        { { TO, .message = { .from = { .role = ROLE_SYSTEM }, .text = { "hi", 2 } } }, KF_REJECTED, NULL },
        { { TO, .media_id = "9", .message = { .kind = MESSAGE_IMAGE, .from = { .role = ROLE_AGENT } } }, KF_REJECTED, NULL },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand e = rows[i].e;
        struct http_req req;
        enum kf_rc rc;
        json_t *want;

        assert_true(id_parse(SLICE(CONV), &e.conv));
        rc = whatsapp_ops.encode(t->ch, t->arena, &e, &t->env, &req);
        if (rc != rows[i].rc)
            fail_msg("row %zu: %s", i, kf_rc_name(rc));
        if (rc)
            continue;
        assert_string_equal(req.url, "https://graph.example/v24.0/" NUMBER "/messages");
        assert_true(slice_is(http_header(req.headers, req.n_headers, "authorization"), "Bearer EAAtest-token"));
        assert_true(slice_is(http_header(req.headers, req.n_headers, "content-type"), "application/json"));
        want = json_loads(rows[i].body, 0, NULL);
        assert_non_null(want);
        v_expect_json(req.body, want);
        json_decref(want);
    }
}

#define ERROR(code) "{\"error\":{\"message\":\"(#" #code ") words\",\"code\":" #code ",\"error_data\":{\"details\":\"more words\"}}}"

static void each_answer_has_its_class(void **state)
{
    static const struct {
        int status;
        bool sent;
        int attempt;
        const char *body;
        enum outcome_class cls;
        int64_t wait_ms;
    } rows[] = {
        { 200, true, 0, "{\"messages\":[{\"id\":\"wamid.N\"}]}", OUTCOME_SENT, 0 },
        { 200, true, 0, "{\"success\":true}", OUTCOME_SENT, 0 },
        { 200, true, 0, "<html>", OUTCOME_UNCERTAIN, 0 },
        { 0, true, 0, "", OUTCOME_UNCERTAIN, 0 },
        { 0, false, 0, "", OUTCOME_RETRY, 0 },
        { 400, true, 0, ERROR(131047), OUTCOME_WINDOW_CLOSED, 0 },
        { 429, true, 0, ERROR(130429), OUTCOME_RATE_LIMITED, 0 },
        { 400, true, 0, ERROR(131056), OUTCOME_RATE_LIMITED, 1000 },
        { 400, true, 3, ERROR(131056), OUTCOME_RATE_LIMITED, 64000 },
        { 400, true, 0, ERROR(131026), OUTCOME_USER_BLOCKED, 0 },
        { 401, true, 0, ERROR(190), OUTCOME_AUTH, 0 },
        { 401, true, 0, ERROR(0), OUTCOME_AUTH, 0 },
        { 403, true, 0, ERROR(200), OUTCOME_AUTH, 0 },
        { 403, true, 0, ERROR(131005), OUTCOME_AUTH, 0 },
        { 500, true, 0, ERROR(131016), OUTCOME_RETRY, 0 },
        { 503, true, 0, ERROR(2), OUTCOME_RETRY, 0 },
        { 400, true, 0, ERROR(100), OUTCOME_FATAL, 0 },
        { 400, true, 0, ERROR(132001), OUTCOME_FATAL, 0 },
        { 400, true, 0, ERROR(999999), OUTCOME_FATAL, 0 },
        { 503, true, 0, "oops", OUTCOME_RETRY, 0 },
        { 502, true, 0, "oops", OUTCOME_UNCERTAIN, 0 },
        { 502, true, 0, ERROR(999999), OUTCOME_RETRY, 0 },
        { 429, true, 0, "oops", OUTCOME_RATE_LIMITED, 0 },
        { 413, true, 0, "oops", OUTCOME_TOO_LARGE, 0 },
    };
    struct bench *t = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .sent = rows[i].sent, .body = slice_of(rows[i].body) };
        const struct errand e = { TO, .attempt = rows[i].attempt };
        struct outcome out;

        assert_int_equal(whatsapp_ops.settle(t->ch, t->arena, &e, &resp, &out), KF_OK);
        row_string_equal(rows[i].body, outcome_name(out.cls), outcome_name(rows[i].cls));
        row_int_equal(rows[i].body, out.retry_after_ms, rows[i].wait_ms);
        if (strstr(rows[i].body, "more words"))
            assert_true(slice_is(out.text, "more words"));
    }
}

/* Meta's page of errors, whole: codes stand there as they are, or as the first and the last of a range. The status says nothing. */
static void each_code_has_its_class(void **state)
{
    static const struct {
        enum outcome_class cls;
        int codes[20]; /* up to 0 */
    } rows[] = {
        { OUTCOME_WINDOW_CLOSED, { 131047 } },
        { OUTCOME_RATE_LIMITED, { 130429, 131056, 4, 80007, 131048 } },
        { OUTCOME_RETRY, { 1, 2, 131000, 131016, 131057, 2494100 } },
        { OUTCOME_USER_BLOCKED, { 131026, 130403, 131050, 131049, 130472 } },
        { OUTCOME_AUTH, { 190, 3, 10, 200, 299, 131005, 131031, 368, 131042, 133010, 131045 } },
        { OUTCOME_FATAL, { 100, 33, 131008, 131009, 131021, 131051, 131062, 132000, 132001, 132016, 131053, 131052 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (const int *code = rows[i].codes; *code; code++) {
            enum outcome_class is = whatsapp_class(*code, 400);

            if (is != rows[i].cls)
                fail_msg("%d is %s, expected %s", *code, outcome_name(is), outcome_name(rows[i].cls));
        }
}

/* ---- files ----------------------------------------------------------------------------------------------------------------- */

static bool holds(struct slice s, const char *what)
{
    size_t n = strlen(what);

    for (size_t i = 0; i + n <= s.n; i++)
        if (memcmp(s.p + i, what, n) == 0)
            return true;
    return false;
}

static void a_file_goes_before_its_message(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum outcome_class cls;
    } rows[] = {
        { 200, "{\"id\":\"4490709327384033\"}", OUTCOME_SENT },
        { 200, "{}", OUTCOME_RETRY },
        { 0, "", OUTCOME_RETRY },
        { 400, ERROR(131053), OUTCOME_FATAL },
        { 401, ERROR(190), OUTCOME_AUTH },
    };
    const struct upload up = { .bytes = SLICE("bytes of it"), .mime = "image/png", .name = "a.png" };
    struct errand e = { TO, OPEN, .message = { .kind = MESSAGE_IMAGE } };
    struct bench *t = *state;
    struct uploaded done;
    struct http_req req;

    assert_int_equal(whatsapp_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://graph.example/v24.0/" NUMBER "/media");
    assert_true(holds(req.body, "name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"));
    assert_true(holds(req.body, "name=\"type\"\r\n\r\nimage/png\r\n"));
    assert_true(holds(req.body, "name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nbytes of it\r\n"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct http_resp resp = { .status = rows[i].status, .sent = true, .body = slice_of(rows[i].body) };

        assert_int_equal(whatsapp_ops.upload(t->ch, t->arena, &e, &up, &t->env, &resp, &req, &done), KF_OK);
        row_string_equal(rows[i].body, outcome_name(done.outcome.cls), outcome_name(rows[i].cls));
        assert_false(done.said);
    }
    e.handle_expires_ms = NOW_MS; /* nothing is taken there that could not be shown */
    assert_int_equal(whatsapp_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
}

static void expect_json(struct slice body, const char *text)
{
    json_t *want = json_loads(text, 0, NULL);

    assert_non_null(want);
    v_expect_json(body, want);
    json_decref(want);
}

static void people_in_a_file_go_as_contacts(void **state)
{
    static const char file[] = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lee;Ann\r\nFN:Ann Lee\r\nORG:Shop;Desk\r\nTEL;TYPE=CELL:+1 201 555-0123\r\n"
                               "TEL:12015550199\r\nEMAIL:ann@shop.example\r\nEMAIL:lee@shop.example\r\nEND:VCARD\r\n"
                               "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:王芳\r\nTEL;TYPE=WORK:021-5555-0123\r\nEND:VCARD\r\n";
    const struct upload up = { .bytes = SLICE("BEGIN:VCARD\r\nFN:A\r\nTEL:13800138000\r\nEND:VCARD\r\n"),
                               .mime = "text/plain",
                               .name = "a.vcf" };
    struct errand e = { TO, OPEN, .message = { .kind = MESSAGE_FILE } };
    struct bench *t = *state;
    struct uploaded done;
    struct http_req req;

    /* It is not taken there first. */
    assert_true(id_parse(SLICE(CONV), &e.conv));
    assert_int_equal(whatsapp_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    e.file = slice_of(file);
    e.file_mime = "text/plain";
    e.file_name = "people.vcf";
    assert_int_equal(whatsapp_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    expect_json(
        req.body,
        "{" HEAD "\"recipient\":\"" USER "\",\"type\":\"contacts\"" OURS
        ",\"contacts\":[{\"name\":{\"formatted_name\":\"Ann Lee\",\"first_name\":\"Ann\",\"last_name\":\"Lee\"},\"phones\":[{\"phone\":"
        "\"+12015550123\",\"type\":\"CELL\"},{\"phone\":\"12015550199\"}],\"emails\":[{\"email\":\"ann@shop.example\"},{\"email\":"
        "\"lee@shop.example\"}],\"org\":{\"company\":\"Shop\"}},{\"name\":{\"formatted_name\":\"王芳\",\"first_name\":\"王芳\"},\"phones\":"
        "[{\"phone\":\"02155550123\",\"type\":\"WORK\"}]}]}");
    /* With words it is a document, and later than a day nothing of the kind goes. */
    e.message.text = SLICE("ask them");
    assert_int_equal(whatsapp_ops.upload(t->ch, t->arena, &e, &up, &t->env, NULL, &req, &done), KF_AGAIN);
    e.message.text = SLICE("");
    e.handle_expires_ms = NOW_MS;
    assert_int_equal(whatsapp_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_REJECTED);
}

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
        BENCH(each_errand_is_one_request),
        BENCH(each_answer_has_its_class),
        cmocka_unit_test(each_code_has_its_class),
        BENCH(a_file_goes_before_its_message),
        BENCH(people_in_a_file_go_as_contacts),
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
