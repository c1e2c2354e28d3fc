#define _GNU_SOURCE /* memmem */
/* Connections that are there and are not: something between kefud and Redis that swallows, garbles or keeps still. */
#include "live_test.h"

#include "live/inside.h"

static struct server redis;
static struct kf_key site;

/* ---- the one in between -------------------------------------------------------------------------------------------- */

enum manner { PASS, SWALLOW_PUSHED, GARBLE, KEEP_STILL };

static struct proxy {
    uv_pipe_t listener;
    enum manner manner;
    int n_relays, n_open;
    bool listener_closed;
} proxy;

/* One connection: what comes from kefud goes to Redis and back. */
struct relay {
    uv_pipe_t client, server;
    uv_connect_t connect;
    bool hints; /* the one for the subscription, by its name */
    bool closing;
    int open;
    char early[4096]; /* what came before the other side was connected */
    size_t n_early;
    bool connected;
};

static void relay_closed(uv_handle_t *handle)
{
    struct relay *r = handle->data;

    if (--r->open == 0) {
        free(r);
        proxy.n_open--;
    }
}

static void relay_close(struct relay *r)
{
    if (r->closing)
        return;
    r->closing = true;
    uv_close((uv_handle_t *)&r->client, relay_closed);
    uv_close((uv_handle_t *)&r->server, relay_closed);
}

static void on_written(uv_write_t *req, int status)
{
    (void)status;
    free(req);
}

static void relay_write(uv_pipe_t *to, const char *p, size_t n)
{
    struct {
        uv_write_t req;
        char bytes[];
    } *out = malloc(sizeof(*out) + n);
    uv_buf_t buf;

    assert_non_null(out);
    memcpy(out->bytes, p, n);
    buf = uv_buf_init(out->bytes, (unsigned)n);
    if (uv_write(&out->req, (uv_stream_t *)to, &buf, 1, on_written))
        free(out);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    static char bytes[65536];

    (void)handle;
    (void)suggested;
    *ret = uv_buf_init(bytes, sizeof(bytes));
}

static void on_client(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct relay *r = stream->data;

    if (n < 0) {
        relay_close(r);
        return;
    }
    if (memmem(buf->base, (size_t)n, "-hints", 6))
        r->hints = true;
    if (proxy.manner == KEEP_STILL)
        return;
    if (r->connected) {
        relay_write(&r->server, buf->base, (size_t)n);
        return;
    }
    assert_true(r->n_early + (size_t)n <= sizeof(r->early));
    memcpy(r->early + r->n_early, buf->base, (size_t)n);
    r->n_early += (size_t)n;
}

static void on_server(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct relay *r = stream->data;

    if (n < 0)
        relay_close(r);
    else if (proxy.manner == GARBLE && !r->hints)
        relay_write(&r->client, "?what\r\n", 7);
    else if (proxy.manner != SWALLOW_PUSHED || !r->hints)
        relay_write(&r->client, buf->base, (size_t)n);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct relay *r = req->data;

    if (status || r->closing) {
        relay_close(r);
        return;
    }
    r->connected = true;
    relay_write(&r->server, r->early, r->n_early);
    uv_read_start((uv_stream_t *)&r->server, on_alloc, on_server);
}

static void on_accept(uv_stream_t *listener, int status)
{
    struct relay *r = calloc(1, sizeof(*r));

    assert_int_equal(status, 0);
    assert_non_null(r);
    uv_pipe_init(&w.loop, &r->client, 0);
    uv_pipe_init(&w.loop, &r->server, 0);
    r->client.data = r->server.data = r->connect.data = r;
    r->open = 2;
    proxy.n_open++;
    proxy.n_relays++;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&r->client), 0);
    uv_read_start((uv_stream_t *)&r->client, on_alloc, on_client);
    uv_pipe_connect(&r->connect, &r->server, redis.path, on_connected);
}

static void on_listener_closed(uv_handle_t *handle)
{
    (void)handle;
    proxy.listener_closed = true;
}

static char *proxy_url(void)
{
    static char url[128];

    (void)snprintf(url, sizeof(url), "unix:%s/proxy.sock", w.dir);
    return url;
}

static int begin(void **state)
{
    (void)state;
    world_begin();
    site = key_of("s");
    server_start(&redis, NULL);
    memset(&proxy, 0, sizeof(proxy));
    uv_pipe_init(&w.loop, &proxy.listener, 0);
    assert_int_equal(uv_pipe_bind(&proxy.listener, proxy_url() + 5), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&proxy.listener, 16, on_accept), 0);
    return 0;
}

static bool is_quiet(void *ctx)
{
    (void)ctx;
    return proxy.n_open == 0 && proxy.listener_closed;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < NODES_MAX; i++)
        node_close(i);
    uv_close((uv_handle_t *)&proxy.listener, on_listener_closed);
    assert_true(wait_for(is_quiet, NULL, SOON_MS));
    server_kill(&redis);
    world_end();
    return 0;
}

/* ---- what kefud makes of it ---------------------------------------------------------------------------------------- */

static bool log_says(void *text)
{
    return strstr(w.log, text) != NULL;
}

static bool is_up_again(void *ctx)
{
    const struct node *n = ctx;

    return n->ups == 2 && n->up;
}

static bool has_hint(void *ctx)
{
    const struct node *n = ctx;

    return n->n_hints > 0;
}

static void a_subscription_that_hears_nothing_is_found_out_and_made_anew(void **state)
{
    (void)state;
    node_up(0, proxy_url(), NULL);
    live_watch(w.node[0].live, &site);
    assert_int_equal(do_connected(0, &site, 1).rc, KF_OK);
    proxy.manner = SWALLOW_PUSHED;
    assert_true(wait_for(is_down, &w.node[0], SOON_MS));
    assert_non_null(strstr(w.log, "what was published was not heard"));
    proxy.manner = PASS;
    assert_true(wait_for(is_up_again, &w.node[0], SOON_MS));
    while (!w.node[0].n_hints) {
        (void)admin(&redis, "PUBLISH kefu:{s}:hint %s", "d0000000000000000000000000000009 - 5");
        (void)wait_for(has_hint, &w.node[0], 100);
    }
}

static void what_is_not_redis_is_left_and_tried_again(void **state)
{
    struct answer a[3] = { { 0 } };
    struct kf_id agent = AGENT(1);

    (void)state;
    node_up(0, proxy_url(), NULL);
    proxy.manner = GARBLE;
    for (int i = 0; i < 3; i++)
        live_connected(w.node[0].live, &site, &agent, 1, on_done, &a[i]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(answered(&a[i]).rc, KF_AGAIN);
    assert_true(wait_for(is_down, &w.node[0], SOON_MS));
    assert_non_null(strstr(w.log, "Protocol error"));
    proxy.manner = PASS;
    assert_true(wait_for(is_up_again, &w.node[0], SOON_MS));
    assert_int_equal(do_connected(0, &site, 1).rc, KF_OK);
}

static void who_accepts_and_keeps_still_is_left_at_the_deadline(void **state)
{
    (void)state;
    proxy.manner = KEEP_STILL;
    assert_int_equal(node_open(0, proxy_url(), NULL, NULL), KF_OK);
    assert_true(wait_for(log_says, (void *)(uintptr_t) "no answer within the deadline", SOON_MS));
    assert_in_range(proxy.n_relays, 2, 4);
    proxy.manner = PASS;
    assert_true(wait_for(is_up, &w.node[0], SOON_MS));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_subscription_that_hears_nothing_is_found_out_and_made_anew),
        T(what_is_not_redis_is_left_and_tried_again),
        T(who_accepts_and_keeps_still_is_left_at_the_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
