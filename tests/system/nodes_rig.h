/* nodes_rig.h: two nodes, `a` and `b`, on one database and one Redis. A test starts them, when it likes, with `config`. */
#ifndef KF_TESTS_NODES_RIG_H
#define KF_TESTS_NODES_RIG_H

#include "tests/support/daemon.h"
#include "tests/support/redis.h"

#include <stdio.h>
#include <stdlib.h>

static struct daemon a, b;
static struct redis redis;
static char config[900];
static char nodes_dir[SCRATCH_MAX]; /* what both keep */

/* Redis runs, nothing else does. */
static void nodes_prepare(void)
{
    scratch_dir(nodes_dir, "kf-nodes");
    redis_prepare(&redis);
    redis_start(&redis, false);
    UNTIL(redis_pong(redis.path));
    (void)snprintf(config, sizeof(config),
                   "[store]\nurl = sqlite:%s/kefud.db\nfiles = %s/files.db\nkey_file = %s/key\n[redis]\nurl = unix:%s\n[channels]\n"
                   "allow_http = yes\nallow_private = yes\n",
                   nodes_dir, nodes_dir, nodes_dir, redis.path);
}

static void nodes_finish(void)
{
    char command[96];

    daemon_finish(&a);
    daemon_finish(&b);
    redis_finish(&redis);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", nodes_dir);
    assert_int_equal(system(command), 0);
}

#endif
