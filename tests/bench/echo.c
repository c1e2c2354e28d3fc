/* echo.c: the floor: libwebsockets on libuv that sends each message back, and does nothing else. Prints its address. */
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct message {
    size_t n;
    unsigned char bytes[LWS_PRE + 2048];
};

#define QUEUE 64

struct connection {
    struct message *queue[QUEUE];
    unsigned first, n;
};

static int receive(struct lws *wsi, struct connection *c, const void *in, size_t n)
{
    struct message *m = malloc(sizeof(*m));

    if (!m || n > sizeof(m->bytes) - LWS_PRE || c->n == QUEUE) {
        free(m);
        return -1;
    }
    m->n = n;
    memcpy(m->bytes + LWS_PRE, in, n);
    c->queue[(c->first + c->n++) % QUEUE] = m;
    lws_callback_on_writable(wsi);
    return 0;
}

static int send_one(struct lws *wsi, struct connection *c)
{
    struct message *m = c->queue[c->first];
    int sent;

    if (c->n == 0)
        return 0;
    sent = lws_write(wsi, m->bytes + LWS_PRE, m->n, LWS_WRITE_TEXT);
    free(m);
    c->first = (c->first + 1) % QUEUE;
    if (--c->n)
        lws_callback_on_writable(wsi);
    return sent < 0 ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
    struct connection *c = user;

    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        return receive(wsi, c, in, n);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return send_one(wsi, c);
    case LWS_CALLBACK_CLOSED:
        while (c->n)
            free(c->queue[(c->first + --c->n) % QUEUE]);
        return 0;
    default:
        return 0;
    }
}

int main(void)
{
    static const struct lws_protocols protocols[] = { { "http", on_event, sizeof(struct connection), 4096, 0, NULL, 0 },
                                                      { "kefu.visitor.v1", on_event, sizeof(struct connection), 4096, 0, NULL, 0 },
                                                      { NULL, NULL, 0, 0, 0, NULL, 0 } };
    struct lws_context_creation_info info = { .options = LWS_SERVER_OPTION_LIBUV, .iface = "lo", .gid = -1, .uid = -1 };
    uv_loop_t loop;
    void *loops[1] = { &loop };
    struct lws_context *context;
    struct lws_vhost *vhost;

    lws_set_log_level(LLL_ERR, NULL);
    uv_loop_init(&loop);
    info.foreign_loops = loops;
    info.protocols = protocols;
    info.port = 0;
    info.options |= LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    context = lws_create_context(&info);
    vhost = context ? lws_create_vhost(context, &info) : NULL;
    if (!vhost)
        return 1;
    printf("ready http://127.0.0.1:%d/\n", lws_get_vhost_listen_port(vhost));
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
    return 0;
}
