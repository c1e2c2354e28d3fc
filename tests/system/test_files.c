/* Files: who may name one in a message, parts of one, and an origin of their own. */
#include "tests/support/cast.h"
#include "tests/support/platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE   "demo"
#define ORIGIN "http://files.test:8443"
#define HOST   "files.test:8443"
#define SECRET "whsec_a2VmdWQtc3RhbmRhcmQtd2ViaG9vay1rZXktMDAwMDAx"

static struct daemon d, apart; /* apart: files have an origin of their own */
static struct platform p;

static const char set[] =
    "{\"site\":{\"key\":\"house\",\"name\":\"House\"},\"queues\":{\"desk\":{\"name\":\"Desk\"}},\"channels\":{"
    "\"api\":{\"adapter\":\"generic\",\"name\":\"API\",\"queue\":\"desk\",\"notices\":[\"joined\"],\"settings\":{\"secrets\":[\"" SECRET
    "\"],"
    "\"url\":\"http://127.0.0.1:%d/in\",\"send_secrets\":[\"" SECRET "\"]}}},\"people\":[{\"email\":\"agent@house.example\","
    "\"name\":\"Eva\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],\"capacity\":5}]}";

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true });
    daemon_start(&apart,
                 &(struct daemon_options){
                     .demo = true, .config = "[listen]\nfiles_origin = " ORIGIN "\n[channels]\nallow_http = yes\nallow_private = yes\n" });
    platform_open(&p);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    daemon_finish(&apart);
    platform_close(&p);
    return 0;
}

static const char *bearer(const struct visitor *v)
{
    static char header[600];

    (void)snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", v->token);
    return header;
}

static const char *file_path(const char *id)
{
    static char path[64];

    (void)snprintf(path, sizeof(path), "/files/%s", id);
    return path;
}

/* The id of what was uploaded; static memory. */
static const char *upload(const struct daemon *at, const struct visitor *v, const char *name, const void *bytes, size_t n)
{
    static char id[40];
    char path[200];
    struct reply r;

    (void)snprintf(path, sizeof(path), "/files?site=" SITE "&name=%s", name);
    r = web_expect(at, 201, &(struct ask){ .path = path, .headers = bearer(v), .body = bytes, .n_body = n });
    (void)snprintf(id, sizeof(id), "%s", text_at(r.json, "id"));
    reply_free(&r);
    return id;
}

static void visitor_says_file(struct visitor *v, const char *cid, const char *file)
{
    wire_sendf(&v->wire, "{\"type\":\"message\",\"cid\":\"%s\",\"kind\":\"file\",\"file\":\"%s\"}", cid, file);
}

static void staff_says_file(struct staff *a, const char *conv, const char *cid, const char *file)
{
    wire_sendf(&a->wire, "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"file\",\"file\":\"%s\"}", conv, cid,
               file);
}

static void begin(const struct daemon *at, struct staff *a, struct visitor *v, const char *words)
{
    visitor_enter(v, at, SITE, NULL);
    (void)visitor_say(v, "c1", words);
    wire_take(&a->wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v->conv);
}

/* ---- who may name a file ---- */

static void a_file_that_one_may_read_may_be_named_anew(void **state)
{
    struct visitor first = { 0 }, second = { 0 }, stranger = { 0 };
    struct staff a = { 0 };
    char file[40];

    (void)state;
    staff_online(&a, &d, "agent1@demo.example", SITE);
    begin(&d, &a, &first, "我的发票");
    begin(&d, &a, &second, "请发我样本");
    visitor_enter(&stranger, &d, SITE, NULL);
    (void)snprintf(file, sizeof(file), "%s", upload(&d, &first, "a.pdf", "%PDF-1.4", 8));

    /* Not yet shown to anybody: it is the uploader's alone. */
    staff_says_file(&a, second.conv, "s0", file);
    assert_string_equal(wire_verdict(&a.wire, "s0"), "not_found");
    visitor_says_file(&first, "f1", file);
    assert_string_equal(wire_verdict(&first.wire, "f1"), "ack");

    /* The agent was shown it, and shows it on. Then the second visitor may as well, and a stranger still may not. */
    staff_says_file(&a, second.conv, "s1", file);
    assert_string_equal(wire_verdict(&a.wire, "s1"), "ack");
    wire_take(&second.wire, "{s:s,s:s,s:{s:s,s:s}}", "type", "message", "kind", "file", "file", "id", file, "name", "a.pdf");
    visitor_says_file(&second, "f2", file);
    assert_string_equal(wire_verdict(&second.wire, "f2"), "ack");
    visitor_says_file(&stranger, "f3", file);
    assert_string_equal(wire_verdict(&stranger.wire, "f3"), "not_found");
    web_status(&d, 200, &(struct ask){ .path = file_path(file), .headers = bearer(&second) });
    web_status(&d, 404, &(struct ask){ .path = file_path(file), .headers = bearer(&stranger) });
    visitor_free(&first);
    visitor_free(&second);
    visitor_free(&stranger);
    staff_free(&a);
}

/* ---- who opened one ---- */

static const char *as_peaks(const char *id)
{
    static char path[80];

    (void)snprintf(path, sizeof(path), "%s?as=peaks", file_path(id));
    return path;
}

/* A thousandth of a second: loud, then silent. */
static const char click[] = "RIFF\x34\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
                            "data\x10\0\0\0\0\x40\0\x40\0\x40\0\x40\0\0\0\0\0\0\0\0";

static int64_t openings_of(const struct staff *admin, const char *file)
{
    json_t *r = staff_get(admin, &d, "/api/v1/audit?site=" SITE "&kind=file_opened&limit=100");
    json_t *items = value_at(r, "items");
    int64_t ret = 0;

    for (size_t i = 0; i < json_array_size(items); i++) {
        char *text = json_dumps(json_array_get(items, i), JSON_COMPACT);

        ret += strstr(text, file) != NULL;
        free(text);
    }
    json_decref(r);
    return ret;
}

static void who_opens_a_file_without_having_taken_part_is_written_down(void **state)
{
    struct staff a = { 0 }, reviewer = { 0 }, admin = { 0 };
    struct visitor v = { 0 };
    char file[40];
    json_t *r;

    (void)state;
    staff_online(&a, &d, "agent1@demo.example", SITE);
    begin(&d, &a, &v, "我的发票");
    (void)snprintf(file, sizeof(file), "%s", upload(&d, &v, "b.wav", click, sizeof(click) - 1));
    visitor_says_file(&v, "f1", file);
    assert_string_equal(wire_verdict(&v.wire, "f1"), "ack");
    wire_text(&v.wire, "{\"type\":\"close\",\"cid\":\"the-end\"}");
    assert_string_equal(wire_verdict(&v.wire, "the-end"), "ack");
    staff_sign_in(&reviewer, &d, "reviewer@demo.example");
    staff_sign_in(&admin, &d, "admin@demo.example");

    web_status(&d, 200, &(struct ask){ .path = file_path(file), .headers = bearer(&v) });
    web_status(&d, 200, &(struct ask){ .path = file_path(file), .cookie = a.cookie });
    web_status(&d, 200, &(struct ask){ .path = as_peaks(file), .cookie = reviewer.cookie }); /* what was said is not in them */
    assert_int_equal(openings_of(&admin, file), 0);
    web_status(&d, 200, &(struct ask){ .path = file_path(file), .cookie = reviewer.cookie });
    assert_int_equal(openings_of(&admin, file), 1);
    web_status(&d, 206, &(struct ask){ .path = file_path(file), .cookie = reviewer.cookie, .headers = "Range: bytes=2-5\r\n" });
    assert_int_equal(openings_of(&admin, file), 1); /* the same opening */

    r = staff_get(&admin, &d, "/api/v1/audit?site=" SITE "&kind=file_opened&limit=100");
    assert_string_equal(text_at(r, "items.0.by.id"), reviewer.id);
    assert_string_equal(text_at(r, "items.0.data.conversation"), v.conv);
    json_decref(r);
    visitor_free(&v);
    staff_free(&admin);
    staff_free(&reviewer);
    staff_free(&a);
}

/* ---- parts ---- */

static void players_get_the_part_that_they_ask_for(void **state)
{
    enum { SIZE = 200000 };
    static const struct {
        const char *range;
        int status;
        long from, n;
        const char *told;
    } rows[] = {
        { "bytes=0-0", 206, 0, 1, "bytes 0-0/200000" },
        { "bytes=65530-65545", 206, 65530, 16, "bytes 65530-65545/200000" },
        { "bytes=131072-", 206, 131072, SIZE - 131072, "bytes 131072-199999/200000" },
        { "bytes=-5", 206, SIZE - 5, 5, "bytes 199995-199999/200000" },
        { "bytes=-900000", 206, 0, SIZE, "bytes 0-199999/200000" },
        { "bytes=199999-900000", 206, SIZE - 1, 1, "bytes 199999-199999/200000" },
        { "bytes=200000-", 416, 0, 0, "bytes */200000" },
        { "bytes=-0", 416, 0, 0, "bytes */200000" },
        { "bytes=5-4", 200, 0, SIZE, NULL },
        { "bytes=0-1,5-6", 200, 0, SIZE, NULL },
        { "bytes=x-", 200, 0, SIZE, NULL },
        { "lines=0-1", 200, 0, SIZE, NULL },
        { "Bytes=0-1", 206, 0, 2, "bytes 0-1/200000" },
        { "bytes=0-1\r\nIf-Range: \"x\"", 200, 0, SIZE, NULL },
    };
    struct visitor v = { 0 };
    char *bytes = malloc(SIZE), headers[800], file[40];
    struct reply r;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    visitor_enter(&v, &d, SITE, NULL);
    (void)snprintf(file, sizeof(file), "%s", upload(&d, &v, "a.bin", bytes, SIZE));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(headers, sizeof(headers), "%sRange: %s\r\n", bearer(&v), rows[i].range);
        web_ask(&d, &(struct ask){ .path = file_path(file), .headers = headers }, &r);
        if (rows[i].status == 416) {
            assert_string_equal(reply_header(&r, "Content-Type"), "application/problem+json");
            assert_string_equal(text_at(r.json, "title"), "Range Not Satisfiable");
            assert_string_equal(text_at(r.json, "code"), "bad_request");
            assert_int_equal(r.status, 416);
        } else if (r.status != rows[i].status || (long)r.n_body != rows[i].n ||
                   (r.n_body && memcmp(r.body, bytes + rows[i].from, r.n_body) != 0))
            fail_msg("%s was answered with %d and %zu bytes", rows[i].range, r.status, r.n_body);
        assert_string_equal(reply_header(&r, "Accept-Ranges"), "bytes");
        if (rows[i].told)
            assert_string_equal(reply_header(&r, "Content-Range"), rows[i].told);
        else
            assert_null(reply_header(&r, "Content-Range"));
        reply_free(&r);
    }
    (void)snprintf(headers, sizeof(headers), "%sRange: bytes=0-1\r\n", bearer(&v)); /* a part is of GET alone */
    r = web_expect(&d, 200, &(struct ask){ .method = "HEAD", .path = file_path(file), .headers = headers });
    assert_string_equal(reply_header(&r, "Content-Length"), "200000");
    assert_null(reply_header(&r, "Content-Range"));
    reply_free(&r);
    free(bytes);
    visitor_free(&v);
}

/* ---- voice ---- */

/* Half a second of nothing, as AMR that can be read. What came is kept; WAV is made of it when somebody wants to hear it. */
static const char silence[] = "#!AMR\n|||||||||||||||||||||||||";

static const char *as_wav(const char *id)
{
    static char path[80];

    (void)snprintf(path, sizeof(path), "%s?as=wav", file_path(id));
    return path;
}

/* Whoever may have it may know how loud it is when: of what is AMR or WAV. */
static void a_voice_message_has_peaks(void **state)
{
    struct visitor v = { 0 }, stranger = { 0 };
    char file[40];
    json_t *got, *peaks;
    struct reply r;

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    visitor_enter(&stranger, &d, SITE, NULL);
    (void)snprintf(file, sizeof(file), "%s", upload(&d, &v, "v.wav", click, sizeof(click) - 1));
    web_status(&d, 404, &(struct ask){ .path = as_peaks(file), .headers = bearer(&stranger) });
    r = web_expect(&d, 200, &(struct ask){ .path = as_peaks(file), .headers = bearer(&v) });
    got = json_loadb(r.body, r.n_body, 0, NULL);
    peaks = json_object_get(got, "peaks");
    assert_int_equal(json_integer_value(json_object_get(got, "duration_ms")), 1);
    assert_int_equal(json_array_size(peaks), 64);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(json_integer_value(json_array_get(peaks, i)), i < 32 ? 127 : 0);
    json_decref(got);
    reply_free(&r);
    web_status(&d, 415, &(struct ask){ .path = as_wav(file), .headers = bearer(&v) }); /* it is that already */

    (void)snprintf(file, sizeof(file), "%s", upload(&d, &v, "v.amr", silence, sizeof(silence) - 1));
    web_ask(&d, &(struct ask){ .path = as_peaks(file), .headers = bearer(&v) }, &r);
    if (r.status != 415) { /* built without the codec */
        assert_int_equal(r.status, 200);
        got = json_loadb(r.body, r.n_body, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(got, "duration_ms")), 500);
        json_decref(got);
    }
    reply_free(&r);
    visitor_free(&v);
    visitor_free(&stranger);
}

static void a_voice_message_is_played_as_wav(void **state)
{
    enum { WAV = 44 + 25 * 160 * 2 };
    struct visitor v = { 0 }, stranger = { 0 };
    char file[40], headers[800];
    struct reply r;

    (void)state;
    visitor_enter(&v, &d, SITE, NULL);
    visitor_enter(&stranger, &d, SITE, NULL);
    (void)snprintf(file, sizeof(file), "%s", upload(&d, &v, "v.amr", silence, sizeof(silence) - 1));
    web_status(&d, 404, &(struct ask){ .path = as_wav(file), .headers = bearer(&stranger) });
    web_ask(&d, &(struct ask){ .path = as_wav(file), .headers = bearer(&v) }, &r);
    if (r.status == 415) { /* built without the codec */
        reply_free(&r);
        visitor_free(&v);
        visitor_free(&stranger);
        skip();
    }
    assert_int_equal(r.status, 200);
    assert_int_equal(r.n_body, WAV);
    assert_memory_equal(r.body, "RIFF", 4);
    assert_string_equal(reply_header(&r, "Content-Type"), "audio/wav");
    assert_string_equal(reply_header(&r, "Content-Disposition"), "inline; filename*=UTF-8''v.amr.wav");
    reply_free(&r);
    (void)snprintf(headers, sizeof(headers), "%sRange: bytes=-2\r\n", bearer(&v));
    r = web_expect(&d, 206, &(struct ask){ .path = as_wav(file), .headers = headers });
    assert_int_equal(r.n_body, 2);
    assert_string_equal(reply_header(&r, "Content-Range"), "bytes 8042-8043/8044");
    reply_free(&r);
    r = web_expect(&d, 200, &(struct ask){ .path = file_path(file), .headers = bearer(&v) });
    assert_string_equal(r.body, silence);
    assert_string_equal(reply_header(&r, "Content-Type"), "audio/amr");
    reply_free(&r);
    visitor_free(&v);
    visitor_free(&stranger);
}

static void what_is_no_voice_is_not_made_one(void **state)
{
    static char much[(1 << 20) + 1] = "#!AMR\n";
    static const struct {
        const char *bytes;
        size_t n;
        int status;
    } rows[] = { { "#!AMR\nand so on", 15, 415 }, { "GIF89a", 6, 415 }, { "#!SILK_V3", 9, 415 }, { much, sizeof(much), 413 } };
    struct visitor v = { 0 };
    char file[40];

    (void)state;
    memset(much + 6, '|', sizeof(much) - 6);
    visitor_enter(&v, &d, SITE, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply r;

        (void)snprintf(file, sizeof(file), "%s", upload(&d, &v, "v", rows[i].bytes, rows[i].n));
        web_ask(&d, &(struct ask){ .path = as_wav(file), .headers = bearer(&v) }, &r);
        if (r.status != rows[i].status && r.status != 415)
            fail_msg("row %zu was answered with %d", i, r.status);
        reply_free(&r);
        web_ask(&d, &(struct ask){ .path = as_peaks(file), .headers = bearer(&v) }, &r);
        if (r.status != rows[i].status && r.status != 415)
            fail_msg("row %zu: peaks were answered with %d", i, r.status);
        reply_free(&r);
    }
    web_status(&d, 400, &(struct ask){ .path = strcat(strcpy((char[80]){ "" }, file_path(file)), "?as=mp3"), .headers = bearer(&v) });
    visitor_free(&v);
}

/* ---- an origin of their own ---- */

static const char html[] = "<!doctype html><script>alert(1)</script>";

/* What stands behind the origin of a signed address; fails the test if it is not one. */
static const char *path_of(const char *url)
{
    static char path[300];

    if (strncmp(url, ORIGIN "/files/", strlen(ORIGIN "/files/")) != 0)
        fail_msg("%s is no address of " ORIGIN, url);
    (void)snprintf(path, sizeof(path), "%s", url + strlen(ORIGIN));
    return path;
}

static void opens_there_only(const char *path, const char *bytes)
{
    struct reply r = web_expect(&apart, 200, &(struct ask){ .path = path, .host = HOST });
    char cut[300];

    assert_string_equal(r.body, bytes);
    assert_string_equal(reply_header(&r, "Content-Security-Policy"), "sandbox; default-src 'none'");
    assert_string_equal(reply_header(&r, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(reply_header(&r, "Cache-Control"), "private, no-store");
    assert_string_equal(reply_header(&r, "Cross-Origin-Resource-Policy"), "cross-origin");
    assert_true(strncmp(reply_header(&r, "Content-Disposition"), "attachment;", 11) == 0);
    reply_free(&r);
    r = web_expect(&apart, 307, &(struct ask){ .path = path }); /* our own origin leads there, and shows nothing itself */
    (void)snprintf(cut, sizeof(cut), ORIGIN "%s", path);
    assert_string_equal(reply_header(&r, "Location"), cut);
    assert_int_equal(r.n_body, 0);
    reply_free(&r);
    (void)snprintf(cut, sizeof(cut), "%s", path);
    cut[strlen(cut) - 1] = cut[strlen(cut) - 1] == '0' ? '1' : '0';
    web_status(&apart, 404, &(struct ask){ .path = cut, .host = HOST });
    *strchr(cut, '?') = '\0';
    web_status(&apart, 404, &(struct ask){ .path = cut, .host = HOST });
}

/* The address of the file in a list of messages. */
static const char *listed(const json_t *root)
{
    const json_t *m;
    size_t i;

    json_array_foreach(value_at(root, "messages"), i, m)
    {
        if (*text_at(m, "file.id"))
            return text_at(m, "file.url");
    }
    return "";
}

static void pages_are_given_signed_addresses(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    char file[40], path[300];
    struct reply r;
    json_t *transcript;
    int64_t exp;

    (void)state;
    staff_online(&a, &apart, "agent1@demo.example", SITE);
    begin(&apart, &a, &v, "看文件");
    (void)snprintf(file, sizeof(file), "%s", upload(&apart, &v, "a.html", html, strlen(html)));
    visitor_says_file(&v, "f1", file);
    assert_string_equal(wire_verdict(&v.wire, "f1"), "ack");
    (void)snprintf(
        path, sizeof(path), "%s",
        path_of(text_at(wire_take(&a.wire, "{s:s,s:s,s:{s:s}}", "type", "message", "kind", "file", "file", "id", file), "file.url")));
    exp = strtoll(strstr(path, "exp=") + 4, NULL, 10);
    assert_true(exp > now_wall_ms() / 1000 + 590 - patience_ms() / 1000 && exp <= now_wall_ms() / 1000 + 600);
    opens_there_only(path, html);
    wire_sendf(&a.wire, "{\"type\":\"history\",\"conversation\":\"%s\",\"after\":0,\"limit\":50}", v.conv);
    opens_there_only(path_of(listed(wire_take(&a.wire, "{s:s}", "type", "history"))), html);
    (void)snprintf(path, sizeof(path), "/api/v1/transcripts/%s", v.conv);
    transcript = staff_get(&a, &apart, path);
    (void)path_of(listed(transcript));
    json_decref(transcript);

    /* Without the address, who may is led there, and who may not learns nothing. */
    r = web_expect(&apart, 307, &(struct ask){ .path = file_path(file), .headers = bearer(&v) });
    opens_there_only(path_of(reply_header(&r, "Location")), html);
    reply_free(&r);
    web_status(&apart, 404, &(struct ask){ .path = file_path(file) });
    web_status(&apart, 404, &(struct ask){ .path = file_path(file), .headers = bearer(&v), .host = HOST });
    visitor_free(&v);
    staff_free(&a);
}

/* Sound, too, is made there and not here: the way leads there, and says still in which form. */
static void a_voice_message_is_played_from_that_origin(void **state)
{
    struct visitor v = { 0 };
    char file[40], path[300], cut[300];
    struct reply r;

    (void)state;
    visitor_enter(&v, &apart, SITE, NULL);
    (void)snprintf(file, sizeof(file), "%s", upload(&apart, &v, "v.amr", silence, sizeof(silence) - 1));
    web_status(&apart, 404, &(struct ask){ .path = as_wav(file) });
    r = web_expect(&apart, 307, &(struct ask){ .path = as_wav(file), .headers = bearer(&v) });
    assert_int_equal(r.n_body, 0);
    (void)snprintf(path, sizeof(path), "%s", path_of(reply_header(&r, "Location")));
    reply_free(&r);
    assert_non_null(strstr(path, "&as=wav"));
    r = web_expect(&apart, 307, &(struct ask){ .path = path }); /* on our own origin that address leads there again */
    assert_string_equal(path_of(reply_header(&r, "Location")), path);
    reply_free(&r);
    (void)snprintf(cut, sizeof(cut), "%s", path);
    *strstr(cut, "&sig=") = '\0';
    web_status(&apart, 404, &(struct ask){ .path = cut, .host = HOST });
    web_ask(&apart, &(struct ask){ .path = path, .host = HOST }, &r);
    if (r.status != 415) { /* built without the codec */
        assert_int_equal(r.status, 200);
        assert_memory_equal(r.body, "RIFF", 4);
        assert_string_equal(reply_header(&r, "Content-Type"), "audio/wav");
        assert_string_equal(reply_header(&r, "Cross-Origin-Resource-Policy"), "cross-origin");
    }
    reply_free(&r);
    visitor_free(&v);
}

static void nothing_else_is_served_on_the_origin_of_files(void **state)
{
    static const char *const paths[] = { "/",       "/chat/demo", "/console/",     "/widget.js", "/api/v1/session",
                                         "/readyz", "/metrics",   "/files/nothing" };
    struct visitor v = { 0 };
    struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        web_status(&apart, 404, &(struct ask){ .path = paths[i], .host = HOST });
    visitor_enter(&v, &apart, SITE, NULL);
    web_status(&apart, 404, &(struct ask){ .path = "/files?site=" SITE "&name=a", .headers = bearer(&v), .body = "x", .host = HOST });
    r = web_expect(&apart, 200, &(struct ask){ .path = "/chat/demo" });
    assert_non_null(strstr(reply_header(&r, "Content-Security-Policy"), "img-src 'self' data: blob: " ORIGIN));
    reply_free(&r);
    visitor_free(&v);
}

static void platforms_are_given_addresses_of_that_origin_too(void **state)
{
    struct staff a = { 0 };
    char text[1200], hook[64], conv[40];
    struct reply r;
    json_t *made;
    bool told = false;
    int64_t exp;

    (void)state;
    (void)snprintf(text, sizeof(text), set, p.port);
    made = site_add(&apart, text);
    (void)snprintf(hook, sizeof(hook), "%s", text_at(made, "channels.0.hook"));
    assert_int_equal(staff_try_sign_in(&a, &apart, "agent@house.example", text_at(made, "people.0.password")), 201);
    json_decref(made);
    staff_enter(&a, &apart, "house");
    staff_presence(&a, "online");
    assert_int_equal(
        hook_post(&apart, hook, SECRET, "h1", 0,
                  "{\"type\":\"message.created\",\"timestamp\":\"2026-09-21T11:26:40Z\",\"data\":{\"id\":\"m1\",\"user\":{\"id\":"
                  "\"u1\"},\"type\":\"text\",\"text\":\"请发文件\"}}"),
        204);
    (void)snprintf(conv, sizeof(conv), "%s", text_at(wire_take(&a.wire, "{s:s}", "type", "assigned"), "conversation.id"));
    r = web_expect(
        &apart, 201,
        &(struct ask){ .path = "/files?site=house&name=q.html", .cookie = a.cookie, .csrf = a.csrf, .origin = "", .body = html });
    staff_says_file(&a, conv, "f1", text_at(r.json, "id"));
    reply_free(&r);
    for (platform_take(&p); !*text_at(p.json, "data.attachments.0.url"); platform_take(&p)) {
        told |= strstr(text_at(p.json, "data.text"), "Eva") != NULL;
        platform_answer(&p, 204, NULL, NULL);
    }
    assert_true(told); /* that she has joined: this channel's document lets such notices out */
    (void)snprintf(text, sizeof(text), "%s", path_of(text_at(p.json, "data.attachments.0.url")));
    exp = strtoll(strstr(text, "exp=") + 4, NULL, 10);
    assert_true(exp > now_wall_ms() / 1000 + 47 * 3600 && exp <= now_wall_ms() / 1000 + 48 * 3600);
    opens_there_only(text, html);
    platform_answer(&p, 204, NULL, NULL);
    staff_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_one_may_read_may_be_named_anew),
        cmocka_unit_test(who_opens_a_file_without_having_taken_part_is_written_down),
        cmocka_unit_test(players_get_the_part_that_they_ask_for),
        cmocka_unit_test(a_voice_message_is_played_as_wav),
        cmocka_unit_test(a_voice_message_has_peaks),
        cmocka_unit_test(what_is_no_voice_is_not_made_one),
        cmocka_unit_test(pages_are_given_signed_addresses),
        cmocka_unit_test(a_voice_message_is_played_from_that_origin),
        cmocka_unit_test(nothing_else_is_served_on_the_origin_of_files),
        cmocka_unit_test(platforms_are_given_addresses_of_that_origin_too),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
