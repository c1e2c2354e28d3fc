#include "fault/pair.h"

#include "fault/oracle.h"
#include "fault/post.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void pair_begin(struct pair *p, uint64_t seed, int visitors, int agents)
{
    char config[640];

    scratch_dir(p->dir, "kf-nodes");
    (void)snprintf(p->database, sizeof(p->database), "%s/kefud.db", p->dir);
    redis_prepare(&p->redis);
    redis_start(&p->redis, false);
    UNTIL(redis_pong(p->redis.path));
    (void)snprintf(config, sizeof(config),
                   "[store]\nurl = sqlite:%s/kefud.db\nfiles = %s/files.db\n[redis]\nurl = unix:%s\n[limits]\n"
                   "connections_per_address = 1000\nconversations = 1000000\n[channels]\nallow_http = yes\nallow_private = yes\n",
                   p->dir, p->dir, p->redis.path);
    daemon_start(&p->nodes[0], &(struct daemon_options){ .config = config });
    platform_init(&p->platform, seed);
    json_decref(crowd_enter(&p->crowd, &p->nodes[0], seed, visitors, agents, post_channel(p->platform.port)));
    (void)snprintf(p->platform.hook, sizeof(p->platform.hook), "%s", hook_path(&p->nodes[0], CROWD_SITE, "api"));
    daemon_start(&p->nodes[1], &(struct daemon_options){ .config = config });
    p->crowd.platform = &p->platform;
    p->crowd.other = &p->nodes[1];
    p->crowd.pace.silence_ms = PAIR_SILENCE_MS;
    for (int i = 0; i < p->crowd.n; i++)
        p->crowd.talkers[i].node = i % PAIR;
}

void pair_turn(struct pair *p, int ms)
{
    int64_t end = now_mono_ms() + ms;

    while (now_mono_ms() < end)
        crowd_turn(&p->crowd, &p->nodes[0], 5);
}

int pair_holder(struct pair *p)
{
    for (int i = 0; i < PAIR; i++) {
        struct reply reply;
        bool holds;

        if (!p->nodes[i].pid)
            continue;
        reply = web_expect(&p->nodes[i], 200, &(struct ask){ .path = "/api/v1/status", .control = true });
        holds = json_is_true(value_at(reply.json, "lease"));
        reply_free(&reply);
        if (holds)
            return i;
    }
    return -1;
}

int pair_holder_wait(struct pair *p)
{
    int64_t end = now_mono_ms() + patience_ms();
    int ret;

    while ((ret = pair_holder(p)) < 0) {
        pair_turn(p, 20);
        if (now_mono_ms() > end)
            fail_msg("nobody holds the lease");
    }
    return ret;
}

void pair_judge(struct pair *p, struct verdict *ret, struct platform_verdict *platform)
{
    int64_t until = now_mono_ms() + 2LL * patience_ms();

    crowd_settle(&p->crowd, p->nodes[0].pid ? &p->nodes[0] : &p->nodes[1]);
    while (oracle_peek(p->database, "SELECT COUNT(*) FROM errand WHERE state < 2")) {
        pair_turn(p, 50);
        if (now_mono_ms() > until)
            fail_msg("errands are still to be done");
    }
    for (int i = 0; i < PAIR; i++)
        if (p->nodes[i].pid)
            daemon_kill(&p->nodes[i]);
    crowd_judge(&p->crowd, p->database, ret);
    platform_judge(&p->platform, p->database, platform);
}

void pair_finish(struct pair *p)
{
    char path[96];

    crowd_free(&p->crowd);
    platform_free(&p->platform);
    for (int i = 0; i < PAIR; i++)
        daemon_finish(&p->nodes[i]);
    redis_finish(&p->redis);
    for (const char *const *name =
             (const char *const[]){ "kefud.db", "kefud.db-wal", "kefud.db-shm", "files.db", "files.db-wal", "files.db-shm", NULL };
         *name; name++) {
        (void)snprintf(path, sizeof(path), "%s/%s", p->dir, *name);
        (void)unlink(path);
    }
    (void)rmdir(p->dir);
}
