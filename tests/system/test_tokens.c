/* Two nodes, one account: an access token is got once, by whichever node needs it, and is known to both. */
#include "fake_rig.h"
#include "nodes_rig.h"

#include <poll.h>

static int tokens, pulls; /* that the platform has given, and answered */
static int lives_s = 2;   /* what it says of a token that it gives: half of it is made use of */

/* Answers what was taken. */
static void answer(void)
{
    char text[120];

    if (strcmp(p.path, "/api/token") != 0) {
        pulls += strncmp(p.path, "/api/pull", 9) == 0;
        answer_no_news();
    } else if (!json_object_get(p.json, "proof")) {
        platform_answer(&p, 200, NULL, "{\"challenge\":\"prove-it\"}");
    } else {
        (void)snprintf(text, sizeof(text), "{\"token\":\"token-%d\",\"expires_in\":\"%d\"}", tokens + 1, lives_s);
        tokens++;
        platform_answer(&p, 200, NULL, text);
    }
}

/* Has the channel tried at that node, and the platform answered meanwhile: whether all of it was good. */
static bool tried_at(const struct daemon *node)
{
    static const char ask[] = "POST /api/v1/sites/" SITE "/channels/fake/test HTTP/1.1\r\nHost: kefud\r\nContent-Type: application/json\r\n"
                              "Content-Length: 2\r\n\r\n{}";
    struct pollfd fd = { .fd = web_connect(node, true), .events = POLLIN };
    struct reply r;
    bool good;

    web_send(fd.fd, ask, sizeof(ask) - 1);
    while (poll(&fd, 1, 0) == 0)
        if (platform_take_within(&p, 50))
            answer();
    assert_true(web_read(fd.fd, false, &r));
    assert_int_equal(r.status, 200);
    good = json_is_true(json_object_get(r.json, "good"));
    if (!good)
        print_message("%s\n", r.body);
    reply_free(&r);
    (void)close(fd.fd);
    return good;
}

static bool knows(const struct daemon *node)
{
    struct reply r;
    bool ret;

    web_ask(node, &(struct ask){ .path = "/api/v1/sites/" SITE "/channels", .control = true }, &r);
    ret = r.status == 200;
    reply_free(&r);
    return ret;
}

static int start_both(void **state)
{
    (void)state;
    nodes_prepare();
    platform_open(&p);
    daemon_start(&a, &(struct daemon_options){ .config = config });
    daemon_start(&b, &(struct daemon_options){ .config = config });
    site_open(&a, set, p.port, &agent, hook);
    while (!pulls || !knows(&b)) /* whoever holds the lease asks for what came meanwhile, and needs the first token for that */
        if (platform_take_within(&p, 100))
            answer();
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

static void wait_over(void)
{
    int64_t over = now_wall_ms() + 1001;

    UNTIL(now_wall_ms() > over);
}

static void a_token_is_got_by_whichever_node_needs_it_and_once(void **state)
{
    int had = tokens;

    (void)state;
    /* One of them does not hold the lease. It renews all the same, and the other hears of it. */
    wait_over();
    UNTIL(tried_at(&b));
    assert_true(tokens > had); /* on a busy machine one may end while it is tried */
    lives_s = 7200;
    had = tokens;
    wait_over();
    UNTIL(tried_at(&a));
    assert_int_equal(tokens, had + 1);
    assert_true(tried_at(&b));
    assert_true(tried_at(&a));
    assert_int_equal(tokens, had + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_token_is_got_by_whichever_node_needs_it_and_once) };

    return cmocka_run_group_tests(tests, start_both, finish_both);
}
