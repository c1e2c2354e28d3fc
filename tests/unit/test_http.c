/* What a status is called, wherever an answer is made: one table. */
#include "core/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka wants the four above first */
#include <cmocka.h>

static void a_status_has_one_phrase_and_one_code(void **state)
{
    static const struct {
        int status;
        const char *phrase, *code;
    } rows[] = {
        { 400, "Bad Request", "bad_request" },
        { 401, "Unauthorized", "unauthorized" },
        { 404, "Not Found", "not_found" },
        { 405, "Method Not Allowed", "unsupported" },
        { 412, "Precondition Failed", "conflict" },
        { 413, "Content Too Large", "too_large" },
        { 416, "Range Not Satisfiable", "bad_request" },
        { 422, "Unprocessable Content", "bad_request" },
        { 428, "Precondition Required", "bad_request" },
        { 429, "Too Many Requests", "rate_limited" },
        { 500, "Internal Server Error", "internal" },
        { 501, "Not Implemented", "unsupported" },
        { 503, "Service Unavailable", "unavailable" },
        { 499, "Client Error", "bad_request" },
        { 599, "Server Error", "internal" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(http_phrase(rows[i].status), rows[i].phrase);
        assert_string_equal(http_code(rows[i].status), rows[i].code);
    }
    assert_string_equal(http_phrase(200), "OK");
    assert_string_equal(http_phrase(206), "Partial Content");
    assert_string_equal(http_phrase(399), "Redirect");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_status_has_one_phrase_and_one_code) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
