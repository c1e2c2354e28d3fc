/* Two nodes, and one of them falls silent while an album is on its way: whoever comes after it does not send it again, and what the first one learns
 * when it wakes up changes nothing. */
#include "nodes_rig.h"
#include "telegram_bot.h"

#include <signal.h>

#define SHOWN 3

static const char set[] =
    "{\"site\":{\"key\":\"" RIG_SITE "\",\"name\":\"Shop\",\"language\":\"en\"},\"queues\":{\"desk\":{\"name\":\"Desk\"}},"
    "\"channels\":{" BOT_CHANNEL "},\"people\":[{\"email\":\"agent@shop.example\",\"name\":\"Ann\",\"number\":\"7\",\"roles\":["
    "\"agent\"],\"queues\":[\"desk\"]}]}";

/* r.d: the node that holds the lease at first. */
static int start_both(void **state)
{
    (void)state;
    nodes_prepare();
    platform_open(&r.p);
    daemon_start(&a, &(struct daemon_options){ .demo = true, .config = config });
    r.d = a;
    site_open(&r.d, set, r.p.port, &r.agent, hook);
    daemon_start(&b, &(struct daemon_options){ .demo = true, .config = config });
    json_decref(update(WROTE("5", "1", "show me")));
    return 0;
}

static int finish_both(void **state)
{
    (void)state;
    staff_free(&r.agent);
    nodes_finish();
    platform_close(&r.p);
    return 0;
}

static void an_album_outlives_its_sender_once(void **state)
{
    const char *conv = rig_assigned(&r);
    int64_t seqs[SHOWN];
    char cid[8], id[64];

    (void)state;
    staff_upload(&r.agent, &r.d, RIG_SITE, "a.png", png, sizeof(png) - 1, id);
    for (int i = 0; i < SHOWN; i++) {
        (void)snprintf(cid, sizeof(cid), "c%d", i);
        seqs[i] = shows_one(conv, cid, id, 0);
    }
    take("sendMediaGroup");
    staff_leave(&r.agent);
    daemon_halt(&a);
    staff_enter(&r.agent, &b, RIG_SITE);
    for (int i = 0; i < SHOWN; i++) /* in their order, once the other one's lease is over */
        rig_status(&r, seqs[i], "uncertain");
    platform_answer(
        &r.p, 200, NULL,
        "{\"ok\":true,\"result\":[{\"message_id\":1,\"chat\":{\"id\":5}},{\"message_id\":2,\"chat\":{\"id\":5}},{\"message_id\":3,"
        "\"chat\":{\"id\":5}}]}");
    daemon_signal(&a, SIGCONT);
    assert_true(rig_quiet(&r, "/sendMediaGroup", OK, 1500));
    staff_say(&r.agent, conv, "after", "Did you get them?");
    platform_take(&r.p); /* and none of them before it */
    assert_string_equal(text_at(r.p.json, "text"), "Did you get them?");
    platform_answer(&r.p, 200, NULL, OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(an_album_outlives_its_sender_once) };

    return cmocka_run_group_tests_name("albums over two nodes", tests, start_both, finish_both);
}
