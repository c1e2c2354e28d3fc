#include "live/redisuv.h"

#include <hiredis/async.h>
#include <stdlib.h>
#include <uv.h>

struct redisuv {
    uv_poll_t poll;
    redisAsyncContext *ac; /* NULL once the context is being freed */
    int events;
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct redisuv *e = poll->data;

    if (status < 0)
        events = UV_READABLE | UV_WRITABLE; /* hiredis finds out by itself what is wrong */
    if (e->ac && (events & UV_READABLE))
        redisAsyncHandleRead(e->ac);
    if (e->ac && (events & UV_WRITABLE))
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
