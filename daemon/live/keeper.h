/* keeper.h: keeps a private redis-server running.
 *
 * The server persists nothing, listens on a unix socket in the state directory only, knows one user with a random password and
 * the commands of our scripts, and dies with this process (with the thread that started it, in fact: call from the loop's). When it
 * ends by itself it is started again, after 100 ms, doubling up to 5 s as long as it does not stay. */
#ifndef KF_LIVE_KEEPER_H
#define KF_LIVE_KEEPER_H

#include "core/rc.h"
#include "live/address.h"
#include "live/note.h"

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct keeper_config {
    uv_loop_t *loop;
    const char *program; /* a path, or a name to be found in PATH */
    const char *state_dir;
    void (*ready)(void *ctx);    /* it accepts connections */
    void (*finished)(void *ctx); /* after keeper_finish(): the memory may go */
    live_log *log;
    void *ctx;
};

struct keeper_output;

struct keeper {
    struct keeper_config cfg;
    struct redis_address where; /* how to reach it */
    char program[4096];
    pid_t pid; /* 0: not running */
    uv_signal_t child;
    uv_timer_t again;
    struct keeper_output *output;
    uint64_t started;
    int backoff_ms;
    int handles; /* that still have to close */
    bool finished;
};

/* In the caller's memory. The server has been started when this returns KF_OK; if it cannot be, the words say what to do, and
 * nothing has to be finished. */
enum kf_rc keeper_init(struct keeper *k, const struct keeper_config *cfg, struct kf_err *why);
/* The server has been stopped and reaped when this returns; cfg.finished() comes from the loop. */
void keeper_finish(struct keeper *k);

#endif
