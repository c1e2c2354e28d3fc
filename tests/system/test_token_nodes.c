/* Two nodes, one account: its access token is renewed by one of them at a time, and one that has died kills no message. */
#include "fake_rig.h"
#include "nodes_rig.h"

#include <signal.h>

static int start_both(void **state)
{
    (void)state;
    nodes_prepare();
    platform_open(&p);
    daemon_start(&a, &(struct daemon_options){ .demo = true, .config = config });
    clock_s = now_wall_ms() / 1000;
    return 0;
}

static int finish_both(void **state)
{
    (void)state;
    staff_free(&agent);
    nodes_finish();
    platform_close(&p);
    return 0;
}

/* Does this node have a token, or get one? */
static bool has_token(const struct daemon *node)
{
    struct reply r;
    bool ret;

    web_ask(node, &(struct ask){ .path = "/api/v1/sites/" SITE "/channels/fake/test", .body = "{}", .control = true }, &r);
    ret = r.status == 200 && json_is_true(value_at(r.json, "good"));
    if (r.status == 200 && !ret)
        assert_string_equal(text_at(r.json, "steps.1.reason"), "the access token is being renewed");
    reply_free(&r);
    return ret;
}

/* The message with this text goes out with this token; the greeting is taken before it. */
static void takes_text(const char *text, const char *token)
{
    char path[80];

    (void)snprintf(path, sizeof(path), "/api/send?token=%s", token);
    for (take_beside_pulls(path); strcmp(text_at(p.json, "text"), text) != 0; take_beside_pulls(path))
        platform_answer(&p, 200, NULL, "{\"code\":0}");
}

/* Both want one in one moment: one asks, the other waits for what that brings. */
static void one_node_renews_at_a_time(void **state)
{
    (void)state;
    site_open(&a, set, p.port, &agent, hook);
    daemon_start(&b, &(struct daemon_options){ .demo = true, .config = config });
    take_beside_pulls("/api/token"); /* whoever holds the lease */
    assert_false(has_token(&a));
    assert_false(has_token(&b));
    platform_answer(&p, 200, NULL, "{\"challenge\":\"prove-it\"}");
    platform_take(&p);
    assert_string_equal(text_at(p.json, "challenge"), "prove-it"); /* the second step of the same */
    platform_answer(&p, 200, NULL, "{\"token\":\"one\",\"expires_in\":\"7200\"}");
    UNTIL(has_token(&a));
    UNTIL(has_token(&b));
    while (platform_take_within(&p, 300)) {
        assert_true(strncmp(p.path, "/api/pull?", 10) == 0);
        answer_no_news();
    }
}

/* The agent moves to `to`, and `from` stands still: it is taken for dead, and knows nothing of what happens. */
static void moves(struct daemon *from, const struct daemon *to)
{
    staff_leave(&agent);
    if (from != to)
        daemon_halt(from);
    staff_enter(&agent, to, SITE);
}

/* What one node has, and what another has stored since, have both ended by now: the message goes out with a third. */
static void a_token_that_another_node_has_stored_may_be_dead_as_well(void **state)
{
    char conv[40];
    int64_t seq;

    (void)state;
    moves(&a, &b);
    d = b;
    opens(text_from("u1", "1", "在吗"));
    (void)snprintf(conv, sizeof(conv), "%s", assigned());
    seq = staff_say(&agent, conv, "r1", "在");
    takes_text("在", "one");
    platform_answer(&p, 200, NULL, "{\"code\":42001,\"msg\":\"expired\"}");
    give_token("two");
    takes_text("在", "two");
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");

    daemon_signal(&a, SIGCONT); /* it knows of the first one only */
    moves(&b, &a);
    seq = staff_say(&agent, conv, "r2", "还在");
    takes_text("还在", "one");
    platform_answer(&p, 200, NULL, "{\"code\":42001,\"msg\":\"expired\"}");
    takes_text("还在", "two");
    platform_answer(&p, 200, NULL, "{\"code\":42001,\"msg\":\"expired\"}");
    give_token("three");
    takes_text("还在", "three");
    platform_answer(&p, 200, NULL, "{\"code\":0}");
    status(seq, "sent");

    /* Refused although it was given just now: that is no matter of its age. */
    seq = staff_say(&agent, conv, "r3", "再见");
    takes_text("再见", "three");
    platform_answer(&p, 200, NULL, "{\"code\":42001,\"msg\":\"expired\"}");
    give_token("four");
    takes_text("再见", "four");
    platform_answer(&p, 200, NULL, "{\"code\":42001,\"msg\":\"expired\"}");
    status(seq, "failed");
    daemon_signal(&b, SIGCONT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node_renews_at_a_time),
        cmocka_unit_test(a_token_that_another_node_has_stored_may_be_dead_as_well),
    };

    return cmocka_run_group_tests_name("tokens over two nodes", tests, start_both, finish_both);
}
