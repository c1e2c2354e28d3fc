/* What goes out by the WhatsApp channel, and what Meta's answers mean. */
#include "channel_bench.h"
#include "channel_vectors.h"
#include "whatsapp.h"

#include "protocols/whatsapp_impl.h"

static int bench_setup(void **state)
{
    return bench_open(state, &whatsapp_ops, SETTINGS, (struct env){ .now_ms = NOW_MS, .chance = { 1, 2, 3 } });
}

/* ---- errands ------------------------------------------------------------------------------------------------------------------- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(each_errand_is_one_request),     BENCH(each_answer_has_its_class),       cmocka_unit_test(each_code_has_its_class),
        BENCH(a_file_goes_before_its_message), BENCH(people_in_a_file_go_as_contacts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
