/* Addresses of Redis: what is understood, and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "live/address.h"

#include <string.h>

static void each_form_is_understood(void **state)
{
    static const struct {
        const char *url, *password;
        struct redis_address want;
    } rows[] = {
        { "redis://h", NULL, { .host = "h", .port = 6379 } },
        { "redis://10.0.0.7:7000", NULL, { .host = "10.0.0.7", .port = 7000 } },
        { "redis://h:7000/", NULL, { .host = "h", .port = 7000 } },
        { "redis://h/12", NULL, { .host = "h", .port = 6379, .db = 12 } },
        { "redis://[::1]", NULL, { .host = "::1", .port = 6379 } },
        { "redis://[fe80::1]:7000/1", NULL, { .host = "fe80::1", .port = 7000, .db = 1 } },
        { "redis://u:p@h", NULL, { .host = "h", .port = 6379, .user = "u", .password = "p" } },
        { "redis://:p@h:1", NULL, { .host = "h", .port = 1, .password = "p" } },
        { "redis://u@h", "of the file", { .host = "h", .port = 6379, .user = "u", .password = "of the file" } },
        { "redis://u:p@h", "x%41", { .host = "h", .port = 6379, .user = "u", .password = "x%41" } },
        { "redis://u%3a:p%40%2F%25:@h", NULL, { .host = "h", .port = 6379, .user = "u:", .password = "p@/%:" } },
        { "unix:/run/redis.sock", NULL, { .path = "/run/redis.sock" } },
        { "unix:/run/a@b", "p", { .path = "/run/a@b", .password = "p" } },
        { "unix:///run/redis.sock", NULL, { .path = "/run/redis.sock" } },
        { "unix://u:p@/run/a@b", NULL, { .path = "/run/a@b", .user = "u", .password = "p" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct redis_address a;
        struct kf_err why = { 0 };

        if (redis_address_parse(&a, rows[i].url, rows[i].password, &why))
            fail_msg("%s: %s", rows[i].url, why.text);
        assert_string_equal(a.path, rows[i].want.path);
        assert_string_equal(a.host, rows[i].want.host);
        assert_int_equal(a.port, rows[i].want.port);
        assert_string_equal(a.user, rows[i].want.user);
        assert_string_equal(a.password, rows[i].want.password);
        assert_int_equal(a.db, rows[i].want.db);
    }
}

static void what_is_malformed_is_refused_without_repeating_it(void **state)
{
    static const char *const urls[] = {
        "",
        "localhost",
        "localhost:6379",
        "http://h",
        "redis://",
        "redis:///",
        "redis://:1",
        "redis://u@",
        "redis://h:0",
        "redis://h:70000",
        "redis://h:x",
        "redis://h:-1",
        "redis://h/x",
        "redis://[",
        "redis://[::1",
        "redis://[::1]7000",
        "redis://%zz@h",
        "redis://u:%4@h",
        "redis://u:%00@h",
        "redis://h/12345678",
        "unix:",
        "unix:relative",
        "unix://",
        "unix://run",
        "unix://secret/x",
        "unix://u:%zz@/run",
        "redis://h/1/2",
    };
    char longest[200] = "unix:/";

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct redis_address a;
        struct kf_err why = { 0 };

        if (redis_address_parse(&a, urls[i], NULL, &why) != KF_INVALID)
            fail_msg("%s was understood", urls[i]);
        assert_null(strstr(why.text, "secret"));
    }
    memset(longest + 6, 'x', 107);
    assert_int_equal(redis_address_parse(&(struct redis_address){ .port = 0 }, longest, NULL, NULL), KF_INVALID);
    longest[5 + 107] = '\0';
    assert_int_equal(redis_address_parse(&(struct redis_address){ .port = 0 }, longest, NULL, NULL), KF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_understood),
        cmocka_unit_test(what_is_malformed_is_refused_without_repeating_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
