/* redis.h: a redis-server of the test's own, on a socket in a directory of its own. It ends with the test. */
#ifndef KF_TESTS_SUPPORT_REDIS_H
#define KF_TESTS_SUPPORT_REDIS_H

#include "scratch.h"

#include <stdbool.h>
#include <sys/types.h>

struct redis {
    pid_t pid;                   /* 0: not running */
    char path[SCRATCH_MAX + 12]; /* of its socket */
    char dir[SCRATCH_MAX];
};

void redis_prepare(struct redis *r);
/* Starts it; `keep`: with the dump that redis_save() has left, else empty. Does not wait. */
void redis_start(struct redis *r, bool keep);
void redis_kill(struct redis *r); /* SIGKILL, and waits */
void redis_finish(struct redis *r);
/* One command without spaces in its words; true if the answer is not an error. Fails the test if there is none. */
bool redis_do(const struct redis *r, const char *command);
/* Does it answer? A refusal for want of a password is an answer too. */
bool redis_pong(const char *path);

#endif
