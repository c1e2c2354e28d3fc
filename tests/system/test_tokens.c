/* Two nodes, one account: an access token is got once, by whichever node needs it, and is known to both. */
#include "tests/support/desk.h"
#include "tests/support/redis.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct daemon a, b;
static struct platform p;
static struct redis redis;
static struct staff agent;
static char dir[SCRATCH_MAX], config[900], hook[64];
static int tokens, pulls; /* that the platform has given, and answered */

static const char set[] =
    "{\"site\":{\"key\":\"odd\",\"name\":\"Odd\",\"language\":\"en\"},\"queues\":{\"desk\":{\"name\":\"Desk\"}},"
    "\"channels\":{\"fake\":{\"adapter\":\"fake\",\"name\":\"Fake\",\"queue\":\"desk\",\"settings\":{\"url\":\"http://127.0.0.1:%d/api\","
    "\"app\":\"our-app\",\"secret\":\"very-secret\",\"token\":\"shared-token\"}}},"
    "\"people\":[{\"email\":\"agent@odd.example\",\"name\":\"Agent\",\"number\":\"7\",\"roles\":[\"agent\"],\"queues\":[\"desk\"],"
    "\"capacity\":5}]}";

/* Answers what was taken. The first two tokens live for a second, the others for two hours. */
static void answer(void)
{
    char text[120];

    if (strcmp(p.path, "/api/token") != 0) {
        pulls += strncmp(p.path, "/api/pull", 9) == 0;
        platform_answer(&p, 200, NULL, "{\"code\":0,\"items\":[],\"next\":\"\",\"more\":0}");
    } else if (!json_object_get(p.json, "proof")) {
        platform_answer(&p, 200, NULL, "{\"challenge\":\"prove-it\"}");
    } else {
        (void)snprintf(text, sizeof(text), "{\"token\":\"token-%d\",\"expires_in\":\"%d\"}", tokens + 1, tokens < 2 ? 2 : 7200);
        tokens++;
        platform_answer(&p, 200, NULL, text);
    }
}

/* Has the channel tried at that node, and the platform answered meanwhile: whether all of it was good. */
static bool tried_at(const struct daemon *d)
{
    static const char ask[] = "POST /api/v1/sites/odd/channels/fake/test HTTP/1.1\r\nHost: kefud\r\nContent-Type: application/json\r\n"
                              "Content-Length: 2\r\n\r\n{}";
    struct pollfd fd = { .fd = web_connect(d, true), .events = POLLIN };
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

static bool knows(const struct daemon *d)
{
    struct reply r;
    bool ret;

    web_ask(d, &(struct ask){ .path = "/api/v1/sites/odd/channels", .control = true }, &r);
    ret = r.status == 200;
    reply_free(&r);
    return ret;
}

static int start(void **state)
{
    (void)state;
    scratch_dir(dir, "kf-tokens");
    redis_prepare(&redis);
    redis_start(&redis, false);
    UNTIL(redis_pong(redis.path));
    platform_open(&p);
    (void)snprintf(config, sizeof(config),
                   "[store]\nurl = sqlite:%s/kefud.db\nfiles = %s/files.db\n[redis]\nurl = unix:%s\n[channels]\nallow_http = "
                   "yes\nallow_private = yes\n",
                   dir, dir, redis.path);
    daemon_start(&a, &(struct daemon_options){ .config = config });
    daemon_start(&b, &(struct daemon_options){ .config = config });
    site_open(&a, set, p.port, &agent, hook);
    while (!pulls || !knows(&b)) /* whoever holds the lease asks for what came meanwhile, and needs the first token for that */
        if (platform_take_within(&p, 100))
            answer();
    return 0;
}

static int finish(void **state)
{
    char command[96];

    (void)state;
    staff_free(&agent);
    daemon_finish(&a);
    daemon_finish(&b);
    platform_close(&p);
    redis_finish(&redis);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    return 0;
}

static void wait_over(void)
{
    int64_t over = now_wall_ms() + 1001;

    UNTIL(now_wall_ms() > over);
}

static void a_token_is_got_by_whichever_node_needs_it_and_once(void **state)
{
    (void)state;
    /* One of them does not hold the lease. It renews all the same, and the other hears of it. */
    wait_over();
    assert_true(tried_at(&b));
    assert_int_equal(tokens, 2);
    wait_over();
    assert_true(tried_at(&a));
    assert_int_equal(tokens, 3);
    assert_true(tried_at(&b));
    assert_true(tried_at(&a));
    assert_int_equal(tokens, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_token_is_got_by_whichever_node_needs_it_and_once) };

    return cmocka_run_group_tests(tests, start, finish);
}
