/* WeChat Official Accounts: the token, and files in both directions. */
#define _GNU_SOURCE
#include "wechat.h"

/* ---- the token ---- */

static void a_token_is_forced_only_when_the_one_we_have_was_refused(void **state)
{
    struct bench *t = *state;
    struct renewed done = { .expires_ms = 0 };
    struct http_resp last;
    struct http_req req;

    assert_int_equal(wechat_ops.renew(t->ch, t->arena, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/stable_token");
    assert_non_null(strstr(req.body.p, "\"force_refresh\":false"));
    t->env.token_expires_ms = t->env.now_ms + 1;
    assert_int_equal(wechat_ops.renew(t->ch, t->arena, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_true(slice_is(req.body,
                         "{\"grant_type\":\"client_credential\",\"appid\":\"" APP "\",\"secret\":\"very-secret\",\"force_refresh\":true}"));
    last = answered(200, "{\"access_token\":\"T2\",\"expires_in\":7200}");
    assert_int_equal(wechat_ops.renew(t->ch, t->arena, &t->env, &last, &req, &done), KF_OK);
    assert_true(slice_is(done.token, "T2"));
    assert_int_equal(done.expires_ms, t->env.now_ms + 6900000);
}

static void a_token_that_is_refused_says_what_to_do(void **state)
{
    static const struct renewal_row rows[] = {
        { 200, "{\"errcode\":40125,\"errmsg\":\"invalid appsecret\"}", KF_AUTH, 0 },
        { 200, "{\"errcode\":40164,\"errmsg\":\"invalid ip\"}", KF_AUTH, 0 },
        { 200, "{\"errcode\":-1}", KF_IO, 0 },
        { 200, "{\"errcode\":45009}", KF_IO, 0 },
        { 200, "{\"access_token\":\"T\"}", KF_IO, 0 },
        { 200, "", KF_IO, 0 },
        { 500, "{\"access_token\":\"T\",\"expires_in\":7200}", KF_IO, 0 },
        { 0, "", KF_IO, 0 },
        { 200, "{\"errcode\":0,\"access_token\":\"T\",\"expires_in\":\"60\"}", KF_OK, 30000 },
    };
    struct bench *t = *state;

    renewals_end_so(t, rows, COUNT(rows));
}

static void the_older_way_to_a_token_is_one_address(void **state)
{
    struct bench *t = *state;
    struct channel *older;
    struct http_req req;

    assert_int_equal(
        wechat_ops.open(&older, SLICE("{\"app_id\":\"" APP "\",\"app_secret\":\"a&b=c\",\"token\":\"" TOKEN "\",\"stable_token\":false}"),
                        NULL),
        KF_OK);
    assert_int_equal(wechat_ops.renew(older, t->arena, &t->env, NULL, &req, NULL), KF_AGAIN);
    assert_string_equal(req.url, "https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&appid=" APP "&secret=a%26b%3Dc");
    wechat_ops.close(older);
}

/* ---- files ---- */

static void a_file_that_followers_cannot_get_is_an_address(void **state)
{
    static const struct upload pdf = { .bytes = { "%PDF", 4 }, .mime = "application/pdf", .name = "价格.pdf" };
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_FILE, "");
    struct uploaded done;
    struct http_req req;
    json_t *root;

    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &pdf, &t->env, NULL, &req, &done), KF_UNSUPPORTED);
    e.file_url = "https://kefud.example/files/1?exp=2&sig=3";
    e.message.extra = "{\"file\":{\"name\":\"价格.pdf\",\"mime\":\"application/pdf\"}}";
    root = sent(t, &e);
    assert_string_equal(v_text(v_get(root, "text"), "content"), "价格.pdf\nhttps://kefud.example/files/1?exp=2&sig=3");
    json_decref(root);
}

static void a_picture_is_taken_there_first(void **state)
{
    static const struct upload png = { .bytes = { "\x89PNG\r\n", 6 }, .mime = "image/png", .name = "a\"b\r\n.png" };
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_IMAGE, "");
    struct http_resp last = answered(200, "{\"type\":\"image\",\"media_id\":\"M1\",\"created_at\":1718000000}");
    struct uploaded done;
    struct http_req req;

    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=image");
    assert_true(slice_is(http_header(req.headers, req.n_headers, "content-type"),
                         "multipart/form-data; boundary=kefud-00000000000000000000000000000000"));
    assert_true(slice_is(req.body, "--kefud-00000000000000000000000000000000\r\nContent-Disposition: form-data; name=\"media\"; "
                                   "filename=\"a%22b%0D%0A.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n"
                                   "--kefud-00000000000000000000000000000000--\r\n"));
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, &last, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_SENT);
    assert_true(slice_is(done.id, "M1"));
    last = answered(200, "{\"errcode\":40005,\"errmsg\":\"invalid file type\"}");
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, &last, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_REJECTED);
    last = (struct http_resp){ .status = 0, .sent = true };
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &png, &t->env, &last, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_RETRY);
}

/* The platform shows no film without a cover: one of ours goes before it. What it was called is kept from one answer to the next. */
static void a_film_goes_behind_a_cover(void **state)
{
    static const struct upload film = { .bytes = { "....ftypisom", 12 }, .mime = "video/mp4", .name = "开箱.mp4" };
    const struct http_resp thumb = answered(200, "{\"type\":\"thumb\",\"thumb_media_id\":\"T1\",\"created_at\":1718000000}");
    const struct http_resp taken = answered(200, "{\"type\":\"video\",\"media_id\":\"V1\",\"created_at\":1718000000}");
    const struct http_resp refused = answered(200, "{\"errcode\":40006,\"errmsg\":\"invalid media size\"}");
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_FILE, "");
    struct uploaded done = { .said = false };
    struct http_req req;
    json_t *root;

    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &film, &t->env, NULL, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=thumb");
    assert_in_range(req.body.n, 500, 65536);
    assert_non_null(memmem(req.body.p, req.body.n, "\xff\xd8\xff", 3));
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &film, &t->env, &thumb, &req, &done), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/upload?access_token=TKN&type=video");
    assert_non_null(memmem(req.body.p, req.body.n, "....ftypisom", 12));
    assert_true(slice_is(done.kept, "T1"));
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &film, &t->env, &taken, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_SENT);
    e.media_id = arena_text(t->arena, done.id);
    e.file_name = film.name;
    assert_int_equal(wechat_ops.encode(t->ch, t->arena, &e, &t->env, &req), KF_OK);
    root = json_loadb(req.body.p, req.body.n, 0, NULL);
    assert_string_equal(v_text(v_get(root, "video"), "title"), "开箱.mp4");
    assert_string_equal(v_text(root, "msgtype"), "video");
    assert_string_equal(v_text(v_get(root, "video"), "media_id"), "V1");
    assert_string_equal(v_text(v_get(root, "video"), "thumb_media_id"), "T1");
    json_decref(root);

    done = (struct uploaded){ .said = false };
    assert_int_equal(wechat_ops.upload(t->ch, t->arena, &e, &film, &t->env, &refused, &req, &done), KF_OK);
    assert_int_equal(done.outcome.cls, OUTCOME_REJECTED);
}

static void a_file_that_was_lost_there_is_taken_once_more(void **state)
{
    struct bench *t = *state;
    struct errand e = an_errand(MESSAGE_IMAGE, "");
    struct http_resp last = answered(200, "{\"errcode\":40007,\"errmsg\":\"invalid media_id\"}");
    struct outcome out;

    e.media_id = "M1";
    assert_int_equal(wechat_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_RETRY);
    e.attempt = 1;
    assert_int_equal(wechat_ops.settle(t->ch, t->arena, &e, &last, &out), KF_OK);
    assert_int_equal(out.cls, OUTCOME_REJECTED);
}

static void files_are_fetched_by_id(void **state)
{
    static const struct {
        const char *body, *url; /* of what is asked next; NULL: the answer was the file */
        bool stranger;
        enum kf_rc rc;
    } rows[] = {
        { "\xff\xd8\xff jpeg", NULL, false, KF_OK },
        { "{\"errcode\":42001}", NULL, false, KF_AUTH },
        { "{\"errcode\":-1}", NULL, false, KF_RATE },
        { "{\"errcode\":40007}", "http://mmbiz.example/1", true, KF_OK }, /* the id has ended, the picture's address may not have */
        { "{\"video_url\":\"https://video.example/1.mp4\"}", "https://video.example/1.mp4", true, KF_OK },
        { "{\"video_url\":\"https://api.example/1.mp4\"}", "https://api.example/1.mp4", false, KF_OK },
        { "{\"video_url\":\"file:///etc/passwd\"}", NULL, false, KF_IO },
    };
    struct bench *t = *state;
    const struct media m = { .type = TYPE_IMAGE, .id = SLICE("a/b c"), .url = SLICE("http://mmbiz.example/1") };
    struct http_req req;

    assert_int_equal(wechat_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_AGAIN);
    assert_string_equal(req.url, "https://api.example/cgi-bin/media/get?access_token=TKN&media_id=a%2Fb%20c");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_resp last = answered(200, rows[i].body);

        req = (struct http_req){ .url = NULL };
        assert_int_equal(wechat_ops.media(t->ch, t->arena, &t->env, &m, &last, &req), rows[i].rc);
        if (rows[i].rc != KF_OK)
            continue;
        assert_int_equal(req.url != NULL, rows[i].url != NULL);
        if (req.url)
            assert_string_equal(req.url, rows[i].url);
        assert_int_equal(req.stranger, rows[i].stranger);
    }
    t->env.token = SLICE("");
    assert_int_equal(wechat_ops.media(t->ch, t->arena, &t->env, &m, NULL, &req), KF_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_token_is_forced_only_when_the_one_we_have_was_refused),
        BENCH(a_token_that_is_refused_says_what_to_do),
        BENCH(the_older_way_to_a_token_is_one_address),
        BENCH(a_file_that_followers_cannot_get_is_an_address),
        BENCH(a_picture_is_taken_there_first),
        BENCH(a_film_goes_behind_a_cover),
        BENCH(a_file_that_was_lost_there_is_taken_once_more),
        BENCH(files_are_fetched_by_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
