#include "live/redisuv.h"

#include <hiredis/async.h>
#include <hiredis/sds.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

struct redisuv {
    uv_poll_t poll;
    redisAsyncContext *ac; /* NULL once the context is being freed */
    int events;
};

#if HIREDIS_MAJOR < 1
/* 0.14 takes a new output buffer after each write, and ends the process where there is no memory for one. Ours writes out of the buffer that
 * is there and keeps it; what goes wrong is left for hiredis to find. */
static void write_out(redisAsyncContext *ac)
{
    sds out = ac->c.obuf;
    size_t n = sdslen(out);
    ssize_t done = n && (ac->c.flags & REDIS_CONNECTED) ? send(ac->c.fd, out, n, MSG_NOSIGNAL) : 0;

    if (done <= 0)
        return;
    memmove(out, out + done, n - (size_t)done);
    sdssetlen(out, n - (size_t)done);
    out[n - (size_t)done] = '\0';
}

static bool written(redisAsyncContext *ac)
{
    size_t before = sdslen(ac->c.obuf);

    write_out(ac);
    return sdslen(ac->c.obuf) == 0 || sdslen(ac->c.obuf) == before;
}
#else
static bool written(redisAsyncContext *ac)
{
    (void)ac;
    return true;
}
#endif

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct redisuv *e = poll->data;

    if (status < 0)
        events = UV_READABLE | UV_WRITABLE; /* hiredis finds out by itself what is wrong */
    if (e->ac && (events & UV_READABLE))
        redisAsyncHandleRead(e->ac);
    if (e->ac && (events & UV_WRITABLE) && written(e->ac)) /* else there is more to write when the socket takes it */
        redisAsyncHandleWrite(e->ac);
}

static void want(struct redisuv *e, int events)
{
    if (events == e->events)
        return;
    e->events = events;
    if (events)
        uv_poll_start(&e->poll, events, on_poll);
    else
        uv_poll_stop(&e->poll);
}

static void add_read(void *data)
{
    struct redisuv *e = data;

    want(e, e->events | UV_READABLE);
}

static void del_read(void *data)
{
    struct redisuv *e = data;

    want(e, e->events & ~UV_READABLE);
}

static void add_write(void *data)
{
    struct redisuv *e = data;

    want(e, e->events | UV_WRITABLE);
}

static void del_write(void *data)
{
    struct redisuv *e = data;

    want(e, e->events & ~UV_WRITABLE);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void cleanup(void *data)
{
    struct redisuv *e = data;

    e->ac = NULL;
    uv_close((uv_handle_t *)&e->poll, on_closed);
}

bool redisuv_attach(redisAsyncContext *ac, uv_loop_t *loop)
{
    struct redisuv *e = calloc(1, sizeof(*e));

    if (!e)
        return false;
    if (uv_poll_init(loop, &e->poll, ac->c.fd)) {
        free(e);
        return false;
    }
    e->poll.data = e;
    e->ac = ac;
    ac->ev.data = e;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = cleanup;
    return true;
}
