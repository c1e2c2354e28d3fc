/* redisuv.h: hiredis on libuv.
 *
 * Our own, because the packaged adapter drops errors of the poll handle: a refused connection is then never reported, and the
 * commands that wait for it hang for ever. */
#ifndef KF_LIVE_REDISUV_H
#define KF_LIVE_REDISUV_H

#include <stdbool.h>

struct redisAsyncContext;
struct uv_loop_s;

/* From now on `ac` lives on the loop. Frees itself with the context (in a close callback, so the loop has to run once more). */
bool redisuv_attach(struct redisAsyncContext *ac, struct uv_loop_s *loop);

#endif
