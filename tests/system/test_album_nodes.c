/* Two nodes, and one of them falls silent while an album is on its way: whoever comes after it does not send it again, and what the first one learns
 * when it wakes up changes nothing. */
#include "nodes_rig.h"
#include "tests/support/desk.h"

#include <signal.h>

#define SECRET "kefud_tg-Secret_01"
#define OK     "{\"ok\":true,\"result\":{\"message_id\":1,\"chat\":{\"id\":1}}}"
#define SHOWN  3

static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02";
static const char set[] =
    "{\"site\":{\"key\":\"shop\",\"name\":\"Shop\",\"language\":\"en\"},\"queues\":{\"desk\":{\"name\":\"Desk\"}},\"channels\":{\"tg\":{"
    "\"adapter\":"
    "\"telegram\",\"name\":\"Bot\",\"queue\":\"desk\",\"settings\":{\"token\":\"123456:TEST-token\",\"secrets\":[\"" SECRET
    "\"],\"url\":\"http://127.0.0.1:%d\"}}},\"people\":[{\"email\":\"agent@shop.example\",\"name\":\"Ann\",\"number\":\"7\",\"roles\":["
    "\"agent\"],\"queues\":[\"desk\"]}]}";

static struct desk_rig r; /* r.d: the node that holds the lease at first */

static int start_both(void **state)
{
    char hook[64];
    struct reply got;

    (void)state;
    nodes_prepare();
    platform_open(&r.p);
    daemon_start(&a, &(struct daemon_options){ .demo = true, .config = config });
    r.d = a;
    site_open(&r.d, set, r.p.port, &r.agent, hook);
    daemon_start(&b, &(struct daemon_options){ .demo = true, .config = config });
    got = rig_post(&r, hook, "X-Telegram-Bot-Api-Secret-Token: " SECRET "\r\n",
                   "{\"update_id\":1,\"message\":{\"message_id\":1,\"from\":{\"id\":5,\"first_name\":\"Ida\"},\"chat\":{\"id\":5,\"type\":"
                   "\"private\"},\"date\":1789990000,\"text\":\"show me\"}}");
    assert_int_equal(got.status, 200);
    reply_free(&got);
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
    struct reply up;

    (void)state;
    up = web_expect(&r.d, 201,
                    &(struct ask){ .path = "/files?site=shop&name=a.png",
                                   .cookie = r.agent.cookie,
                                   .csrf = r.agent.csrf,
                                   .origin = "",
                                   .body = png,
                                   .n_body = sizeof(png) - 1 });
    (void)snprintf(id, sizeof(id), "%s", text_at(up.json, "id"));
    reply_free(&up);
    for (int i = 0; i < SHOWN; i++) {
        (void)snprintf(cid, sizeof(cid), "c%d", i);
        wire_sendf(&r.agent.wire,
                   "{\"type\":\"message\",\"conversation\":\"%s\",\"cid\":\"%s\",\"kind\":\"image\",\"text\":\"\",\"file\":\"%s\"}", conv,
                   cid, id);
        seqs[i] = number_at(wire_take(&r.agent.wire, "{s:s,s:s}", "type", "ack", "cid", cid), "seq");
    }
    rig_take(&r, "/sendMediaGroup", OK);
    staff_leave(&r.agent);
    daemon_halt(&a);
    staff_enter(&r.agent, &b, "shop");
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
