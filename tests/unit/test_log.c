/* The log: one line an event, and no input can make two of it. */
#include "log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved = -1, sink = -1;

static void capture(void)
{
    char path[] = "/tmp/kf-ops-log-XXXXXX";

    sink = mkstemp(path);
    assert_true(sink >= 0);
    unlink(path);
    saved = dup(STDERR_FILENO);
    assert_true(dup2(sink, STDERR_FILENO) >= 0);
}

static const char *captured(void)
{
    static char text[16384];
    ssize_t n;

    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    n = pread(sink, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(sink);
    return text;
}

/* The time is cut out: "info net at=… event=x" reads "info net event=x". */
static const char *without_time(const char *text)
{
    static char ret[16384];
    const char *at = strstr(text, " at=20");

    if (!at)
        return text;
    snprintf(ret, sizeof(ret), "%.*s%s", (int)(at - text), text, at + strlen(" at=2026-11-21T19:28:00.000Z"));
    return ret;
}

static void a_line_is_level_module_and_pairs(void **state)
{
    (void)state;
    capture();
    log_pairs(LOG_INFO, "net", "event", "listen", "address", "127.0.0.1:8080", NULL);
    assert_string_equal(without_time(captured()), "info net event=listen address=127.0.0.1:8080\n");
}

static void a_value_cannot_forge_a_line_or_a_pair(void **state)
{
    static const struct {
        const char *value, *written;
    } rows[] = {
        { "plain-1.2:3/4", "plain-1.2:3/4" },
        { "", "\"\"" },
        { "two words", "\"two words\"" },
        { "a\nerror net event=x", "\"a\\nerror net event=x\"" },
        { "a=b", "\"a=b\"" },
        { "say \"x\"", "\"say \\\"x\\\"\"" },
        { "back\\slash", "\"back\\\\slash\"" },
        { "\x1b[31m", "\"\\x1b[31m\"" },
        { "\xc2\x9b", "\"\\x9b\"" },
        { "\xc2", "\xc2" },
        { "\xe4\xbd\xa0", "\xe4\xbd\xa0" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char want[128];

        capture();
        log_pairs(LOG_WARN, "t", "v", rows[i].value, NULL);
        snprintf(want, sizeof(want), "warn t v=%s\n", rows[i].written);
        assert_string_equal(without_time(captured()), want);
    }
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    capture();
    log_set_level(LOG_WARN);
    log_pairs(LOG_INFO, "t", "a", "1", NULL);
    log_line(LOG_INFO, "t a=2");
    log_line(LOG_ERROR, "t a=3\nt a=4");
    log_set_level(LOG_INFO);
    assert_string_equal(without_time(captured()), "error t a=3\\nt a=4\n");
}

static void a_very_long_value_is_cut_and_stays_one_line(void **state)
{
    char value[9000];
    const char *text;

    (void)state;
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    capture();
    log_pairs(LOG_INFO, "t", "v", value, NULL);
    log_pairs(LOG_INFO, "t", "v", "next", NULL);
    text = captured();
    assert_true(strlen(text) < 4300);
    assert_non_null(strstr(text, "\ninfo t"));
    assert_non_null(strstr(text, "v=next\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_level_module_and_pairs),
        cmocka_unit_test(a_value_cannot_forge_a_line_or_a_pair),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
        cmocka_unit_test(a_very_long_value_is_cut_and_stays_one_line),
    };

    unsetenv("JOURNAL_STREAM");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
