/* Who a visitor is: one cookie for several sites of a host, and identities that a web site proves. */
#include "tests/support/cast.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"

static struct daemon d;

static int start(void **state)
{
    json_t *made;

    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true });
    made = site_add(&d,
                    "{\"site\":{\"key\":\"blog\",\"name\":\"Blog\",\"identity_secret\":\"" SECRET "\"},\"queues\":{\"q\":{\"name\":\"Q\"}},"
                    "\"channels\":{\"web\":{\"adapter\":\"widget\",\"name\":\"Web\",\"queue\":\"q\"}}}");
    json_decref(made);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    return 0;
}

/* The cookie that the page of the site leaves, static memory; "" : it leaves what the browser has. */
static const char *page(const char *site, const char *cookie)
{
    static char text[2][4200];
    static int turn;
    char path[64], header[4300];
    struct reply r;

    turn = !turn;
    (void)snprintf(path, sizeof(path), "/chat/%s", site);
    (void)snprintf(header, sizeof(header), "__Host-kefu_v=%s", cookie);
    r = web_expect(&d, 200, &(struct ask){ .path = path, .cookie = *cookie ? header : NULL });
    (void)snprintf(text[turn], sizeof(text[turn]), "%s", reply_cookie(&r, "__Host-kefu_v") ? reply_cookie(&r, "__Host-kefu_v") : "");
    reply_free(&r);
    return text[turn];
}

/* Whom the site takes the browser for; static memory. `token`: what the page is given to keep instead. */
static const char *visitor_at(const char *site, const char *cookie, bool *token)
{
    static char id[2][40];
    static int turn;
    char path[64], header[4300];
    struct wire w = { 0 };
    const json_t *welcome;

    turn = !turn;
    (void)snprintf(path, sizeof(path), "/ws/visitor?site=%s", site);
    (void)snprintf(header, sizeof(header), "__Host-kefu_v=%s", cookie);
    assert_int_equal(
        wire_open(&w, &d, &(struct wire_options){ .path = path, .protocol = "kefu.visitor.v1", .cookie = header, .origin = "" }), 101);
    wire_text(&w, "{\"type\":\"hello\"}");
    welcome = wire_take(&w, "{s:s}", "type", "welcome");
    (void)snprintf(id[turn], sizeof(id[turn]), "%s", text_at(welcome, "visitor"));
    *token = *text_at(welcome, "token") != '\0';
    wire_drop(&w);
    return id[turn];
}

static void two_sites_of_a_host_each_know_their_visitor_again(void **state)
{
    char first[4200], both[4200], id_demo[40], id_blog[40];
    bool token;

    (void)state;
    (void)snprintf(first, sizeof(first), "%s", page("demo", ""));
    assert_true(strncmp(first, "v1.", 3) == 0);
    assert_string_equal(page("demo", first), "");
    (void)snprintf(id_demo, sizeof(id_demo), "%s", visitor_at("demo", first, &token));
    assert_false(token);
    assert_string_equal(visitor_at("demo", first, &token), id_demo);
    (void)visitor_at("blog", first, &token);
    assert_true(token); /* of the blog it knows nothing yet */

    (void)snprintf(both, sizeof(both), "%s", page("blog", first));
    assert_non_null(strstr(both, first));
    (void)snprintf(id_blog, sizeof(id_blog), "%s", visitor_at("blog", both, &token));
    assert_false(token);
    assert_string_equal(visitor_at("demo", both, &token), id_demo);
    assert_false(token);
    assert_string_not_equal(id_demo, id_blog);
    assert_string_equal(page("demo", both), "");
    assert_string_equal(page("blog", both), "");
}

static void files_are_uploaded_by_the_cookie_of_both(void **state)
{
    char both[4200], header[4300];

    (void)state;
    (void)snprintf(both, sizeof(both), "%s", page("demo", ""));
    (void)snprintf(both, sizeof(both), "%s", page("blog", both));
    (void)snprintf(header, sizeof(header), "__Host-kefu_v=%s", both);
    web_status(&d, 201, &(struct ask){ .path = "/files?site=demo&name=a", .cookie = header, .origin = "", .body = "x" });
    web_status(&d, 201, &(struct ask){ .path = "/files?site=blog&name=a", .cookie = header, .origin = "", .body = "x" });
}

static void a_proof_in_capitals_is_as_good(void **state)
{
    char hash[65], extra[160];
    struct visitor lower = { 0 }, upper = { 0 };

    (void)state;
    hmac_hex(SECRET, "u-77", hash);
    (void)snprintf(extra, sizeof(extra), ",\"identity\":{\"id\":\"u-77\",\"hash\":\"%s\"}", hash);
    visitor_enter(&lower, &d, "blog", extra);
    for (char *p = hash; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    (void)snprintf(extra, sizeof(extra), ",\"identity\":{\"id\":\"u-77\",\"hash\":\"%s\"}", hash);
    visitor_enter(&upper, &d, "blog", extra);
    assert_string_equal(lower.id, upper.id);
    visitor_free(&lower);
    visitor_free(&upper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sites_of_a_host_each_know_their_visitor_again),
        cmocka_unit_test(files_are_uploaded_by_the_cookie_of_both),
        cmocka_unit_test(a_proof_in_capitals_is_as_good),
    };

    return cmocka_run_group_tests(tests, start, finish);
}
