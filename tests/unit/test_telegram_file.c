/* Files on Telegram: one with its message, several as one, a person in one, and those that come. */
#include "telegram.h"

/* ---- files ----------------------------------------------------------------------------------------------------------------- */

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

static void what_is_alike_may_stand_together(void **state)
{
    static const struct {
        const char *extra, *text;
        int joins; /* the number of its kind */
    } rows[] = {
        { "{\"file\":{\"mime\":\"image/png\",\"size\":10,\"width\":80,\"height\":60}}", "", 1 },
        { "{\"file\":{\"mime\":\"image/jpeg\",\"size\":10485760}}", "words", 1 },
        { "{\"file\":{\"mime\":\"video/mp4\",\"size\":10485761}}", "", 1 },
        { "{\"file\":{\"mime\":\"image/jpeg\",\"size\":10485761}}", "", 3 },                         /* it goes as a file */
        { "{\"file\":{\"mime\":\"image/png\",\"size\":10,\"width\":9000,\"height\":6000}}", "", 3 }, /* so does this */
        { "{\"file\":{\"mime\":\"image/webp\",\"size\":10,\"width\":512,\"height\":512}}", "", 0 },  /* a sticker */
        { "{\"file\":{\"mime\":\"image/webp\",\"size\":10,\"width\":512,\"height\":512}}", "words", 1 },
        { "{\"file\":{\"mime\":\"image/gif\",\"size\":10}}", "", 0 },
        { "{\"file\":{\"mime\":\"application/pdf\",\"size\":10}}", "", 3 },
        { "{\"file\":{\"mime\":\"audio/mpeg\",\"size\":10}}", "", 2 },
        { "{\"file\":{\"mime\":\"audio/mp4\",\"size\":10}}", "words", 2 },
        { "{\"file\":{\"mime\":\"audio/ogg\",\"size\":10}}", "", 0 },  /* a voice message */
        { "{\"file\":{\"mime\":\"text/vcard\",\"size\":10}}", "", 0 }, /* a contact */
        { "{\"file\":{\"mime\":\"text/plain\",\"name\":\"Ida.VCF\",\"size\":10}}", "", 0 },
        { "{\"file\":{\"mime\":\"text/vcard\",\"name\":\"a.vcf\",\"size\":10}}", "words", 3 }, /* with words it is a file */
        { "{\"file\":{\"mime\":\"image/png\"}}", "", 0 },
        { "{}", "", 0 },
        { NULL, "", 0 },
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
    all[0].file.mime = "text/plain";
    assert_int_equal(telegram_ops.album(t->ch, t->arena, all, 2, &t->env, &req), KF_OK);
    assert_true(holds(req.body, "[{\"type\":\"document\",\"media\":\"attach://f0\",\"caption\":\"a \\\"lid\\\"\"},"
                                "{\"type\":\"document\",\"media\":\"attach://f1\"}]\r\n"));
    all[0].file.mime = "audio/mp4";
    assert_int_equal(telegram_ops.album(t->ch, t->arena, all, 2, &t->env, &req), KF_UNSUPPORTED);
    all[1].file.mime = "audio/mpeg";
    assert_int_equal(telegram_ops.album(t->ch, t->arena, all, 2, &t->env, &req), KF_OK);
    assert_true(holds(req.body, "{\"type\":\"audio\",\"media\":\"attach://f1\"}"));
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
        BENCH(a_file_goes_with_its_message),
        BENCH(a_small_webp_without_words_is_a_sticker),
        BENCH(what_became_of_a_file_is_what_became_of_its_message),
        cmocka_unit_test(what_is_alike_may_stand_together),
        BENCH(an_album_is_one_request),
        BENCH(each_of_an_album_has_its_own_outcome),
        BENCH(a_file_comes_by_its_id),
        BENCH(one_person_goes_as_a_contact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
