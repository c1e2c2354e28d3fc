/* The main job over the wire: a visitor writes, an agent answers, the talk is closed, rated, and found again. */
#include "tests/support/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct daemon d;

static int start(void **state)
{
    (void)state;
    daemon_start(&d, &(struct daemon_options){ .demo = true });
    return 0;
}

static int finish(void **state)
{
    (void)state;
    daemon_finish(&d);
    return 0;
}

static void a_visitor_and_an_agent_talk(void **state)
{
    struct visitor v = { 0 };
    struct staff a = { 0 };
    int64_t seq;

    (void)state;
    staff_online(&a, &d, "agent1@demo.example", "demo");
    visitor_enter(&v, &d, "demo", NULL);
    assert_int_equal(visitor_say(&v, "c1", "你好，请问发票怎么开？"), 1);
    wire_take(&a.wire, "{s:s,s:{s:s}}", "type", "assigned", "conversation", "id", v.conv);
    wire_take(&v.wire, "{s:s,s:s}", "type", "state", "state", "served");
    seq = staff_say(&a, v.conv, "a1", "您好，请稍等。");
    wire_take(&v.wire, "{s:s,s:I,s:s}", "type", "message", "seq", (json_int_t)seq, "text", "您好，请稍等。");
    visitor_free(&v);
    staff_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_visitor_and_an_agent_talk) };

    return cmocka_run_group_tests(tests, start, finish);
}
