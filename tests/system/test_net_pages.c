/* The answers that carry the compiled-in pages. */
#include "net/pages.h"

#include "core/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A table of our own takes the place of the built one. */
const struct asset assets[] = {
    { "/console/", "text/html; charset=utf-8", "\"c1\"", false, SLICE("<!doctype html>console"), SLICE("GZ-console"), SLICE("BR-console") },
    { "/chat/", "text/html; charset=utf-8", "\"h1\"", false, SLICE("<!doctype html>chat"), { 0 }, { 0 } },
    { "/assets/console-4f3a.js", "text/javascript", "\"j1\"", true, SLICE("let a"), SLICE("GZ-js"), { 0 } },
    { "/widget.js", "text/javascript", "\"w1\"", false, SLICE("go(/*KEFU_SITE*/null);"), SLICE("GZ-widget"), { 0 } },
};
const size_t n_assets = sizeof(assets) / sizeof(assets[0]);

static struct arena *arena;

static int start(void **state)
{
    (void)state;
    arena = arena_new(0);
    return arena == NULL;
}

static int stop(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct net_answer ask(const char *path, const struct page_view *view, const char *encoding, const char *has, bool secure)
{
    struct http_pair headers[] = { { SLICE("host"), SLICE("chat.example:8443") },
                                   { SLICE("accept-encoding"), slice_of(encoding) },
                                   { SLICE("if-none-match"), slice_of(has) } };
    struct net_head head = { .method = "GET", .path = path, .headers = headers, .n_headers = 3, .peer.secure = secure };
    static const struct page_view plain;
    struct net_answer a = { 0 };

    assert_true(pages_answer(pages_find(path), view ? view : &plain, &head, arena, &a));
    return a;
}

static const char *header(const struct net_answer *a, const char *name)
{
    struct slice v = http_header(a->headers, a->n_headers, name);

    return v.p ? arena_text(arena, v) : "";
}

static void finds_by_exact_path(void **state)
{
    (void)state;
    assert_ptr_equal(pages_find("/console/"), &assets[0]);
    assert_null(pages_find("/console"));
    assert_null(pages_find("/console/x"));
    assert_null(pages_find(""));
}

static void sends_the_smallest_form_that_the_client_takes(void **state)
{
    static const struct {
        const char *accepts, *body, *coding, *etag;
    } rows[] = {
        { "", "<!doctype html>console", "", "\"c1\"" },
        { "gzip, deflate, br", "BR-console", "br", "W/\"c1\"" },
        { "gzip, br;q=0", "GZ-console", "gzip", "W/\"c1\"" },
        { "GZIP", "GZ-console", "gzip", "W/\"c1\"" },
        { "gzip;q=0.000", "<!doctype html>console", "", "\"c1\"" },
        { "gzip; q=0.5", "GZ-console", "gzip", "W/\"c1\"" },
        { "brotli, gzipped", "<!doctype html>console", "", "\"c1\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_answer a = ask("/console/", NULL, rows[i].accepts, "", false);

        assert_int_equal(a.status, 200);
        assert_true(slice_is(a.body, rows[i].body));
        assert_string_equal(header(&a, "Content-Encoding"), rows[i].coding);
        assert_string_equal(header(&a, "ETag"), rows[i].etag);
        assert_string_equal(header(&a, "Vary"), "Accept-Encoding");
    }
}

static void says_304_to_who_has_it(void **state)
{
    static const struct {
        const char *has;
        int status;
    } rows[] = { { "\"c1\"", 304 }, { "W/\"c1\"", 304 }, { "\"x\", W/\"c1\"", 304 }, { "*", 304 }, { "\"c2\"", 200 },
                 { "c1", 200 },     { "", 200 } };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_answer a = ask("/console/", NULL, "br", rows[i].has, false);

        assert_int_equal(a.status, rows[i].status);
        assert_int_equal(a.body.n != 0, rows[i].status == 200);
        assert_string_equal(header(&a, "Content-Encoding"), rows[i].status == 200 ? "br" : "");
    }
}

static void names_with_a_hash_are_kept_for_a_year(void **state)
{
    struct net_answer a = ask("/assets/console-4f3a.js", NULL, "gzip", "", false);

    (void)state;
    assert_string_equal(header(&a, "Cache-Control"), "public, max-age=31536000, immutable");
    assert_string_equal(header(&a, "Content-Security-Policy"), "");
    assert_string_equal(header(&a, "Cross-Origin-Resource-Policy"), "cross-origin");
    assert_string_equal(header(&a, "Access-Control-Allow-Origin"), "*");
    a = ask("/console/", NULL, "", "", false);
    assert_string_equal(header(&a, "Cache-Control"), "no-cache");
    assert_string_equal(header(&a, "Access-Control-Allow-Origin"), "");
}

static void pages_carry_the_policy(void **state)
{
    static const char *const embedders[] = { "https://shop.example", "https://a.example; script-src *" };
    struct page_view view = { .embedders = embedders, .n_embedders = 2, .files_origin = "https://files.example" };
    struct net_answer a = ask("/console/", NULL, "", "", true);
    const char *csp = header(&a, "Content-Security-Policy");

    (void)state;
    assert_string_equal(csp, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
                             "connect-src 'self' wss://chat.example:8443; font-src 'self'; form-action 'self'; base-uri 'none'; "
                             "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
    assert_string_equal(header(&a, "X-Frame-Options"), "DENY");
    assert_true(strlen(header(&a, "Permissions-Policy")) > 0);

    a = ask("/chat/", &view, "", "", false);
    csp = header(&a, "Content-Security-Policy");
    assert_non_null(strstr(csp, "frame-ancestors 'self' https://shop.example; "));
    assert_null(strstr(csp, "script-src *"));
    assert_non_null(strstr(csp, "img-src 'self' data: blob: https://files.example; media-src 'self' blob: https://files.example; "));
    assert_non_null(strstr(csp, "connect-src 'self' ws://chat.example:8443 https://files.example; "));
    assert_string_equal(header(&a, "X-Frame-Options"), "");
    view = (struct page_view){ .framed = true };
    a = ask("/chat/", &view, "", "", false);
    assert_non_null(strstr(header(&a, "Content-Security-Policy"), "frame-ancestors 'self'; "));
}

static void the_loader_gets_its_settings(void **state)
{
    struct page_view view = { .settings = SLICE("{\"site\":\"demo\"}") };
    struct net_answer a = ask("/widget.js", &view, "gzip, br", "", false);
    const char *etag = header(&a, "ETag");

    (void)state;
    assert_true(slice_is(a.body, "go({\"site\":\"demo\"});"));
    assert_string_equal(header(&a, "Content-Encoding"), "");
    a = ask("/widget.js", &view, "", etag, false);
    assert_int_equal(a.status, 304);
    view.settings = SLICE("{\"site\":\"other\"}");
    a = ask("/widget.js", &view, "", etag, false);
    assert_int_equal(a.status, 200);
    a = ask("/widget.js", NULL, "gzip", "", false);
    assert_true(slice_is(a.body, "GZ-widget"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_by_exact_path, start, stop),
        cmocka_unit_test_setup_teardown(sends_the_smallest_form_that_the_client_takes, start, stop),
        cmocka_unit_test_setup_teardown(says_304_to_who_has_it, start, stop),
        cmocka_unit_test_setup_teardown(names_with_a_hash_are_kept_for_a_year, start, stop),
        cmocka_unit_test_setup_teardown(pages_carry_the_policy, start, stop),
        cmocka_unit_test_setup_teardown(the_loader_gets_its_settings, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
