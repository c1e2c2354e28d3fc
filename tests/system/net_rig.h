/* net_rig.h: net_server in a child process behind a small application, and the plain sockets that try it.
 *
 * The application answers by path:
 *   GET /hello                    "hello"
 *   POST /echo                    the body, collected (up to 1 MiB)
 *   POST /stream?later=1          "<bytes> <sum of bytes>", streamed; later: each piece is asked for from a timer
 *   GET /later?ms=300             "late" after that time
 *   GET /never                    no answer
 *   GET /blob?n=1000              n bytes at once
 *   GET /big?n=1000               n bytes by pulling
 *   GET /head                     what net_head says
 *   GET /events                   counters: gone, open, closed, refused ...
 * and to WebSocket texts: "flood N M" N frames of M bytes; "close CODE"; "all TEXT" to every socket; anything else is echoed. */
#ifndef KF_TESTS_NET_RIG_H
#define KF_TESTS_NET_RIG_H

#include "core/buf.h"
#include "net/server.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#define RIG_UNUSED __attribute__((unused))

/* ---- The application (child) ---- */

struct rig_app {
    uv_loop_t loop;
    struct net_server *server;
    uv_signal_t term, hup;
    int gone, opened, closed, refused_reload, drained;
    uint64_t sockets[20000];
    int n_sockets;
    int spread_ms, limit_ms;
    bool staff_only_with_cookie;
};

struct rig_request { /* what the application remembers of a request under way */
    struct rig_request *next;
    uint64_t id;
    uint64_t bytes, sum, left;
    bool later, last;
    uv_timer_t timer;
    struct rig_app *app;
    bool timing;
};
static struct rig_request *rig_requests;

static struct rig_request *rig_request_of(uint64_t id)
{
    struct rig_request *r = rig_requests;

    while (r && r->id != id)
        r = r->next;
    if (!r)
        abort(); /* a call for a request that is over */
    return r;
}

static void rig_timer_closed(uv_handle_t *h)
{
    free(h->data);
}

static void rig_forget(uint64_t id)
{
    for (struct rig_request **p = &rig_requests; *p; p = &(*p)->next)
        if ((*p)->id == id) {
            struct rig_request *r = *p;

            *p = r->next;
            if (r->timing)
                uv_close((uv_handle_t *)&r->timer, rig_timer_closed);
            else
                free(r);
            return;
        }
}

static struct rig_request *rig_remember(struct rig_app *app, uint64_t id)
{
    struct rig_request *r = calloc(1, sizeof(*r));

    r->id = id;
    r->app = app;
    r->next = rig_requests;
    rig_requests = r;
    return r;
}

static void rig_time(struct rig_request *r, int ms, uv_timer_cb cb)
{
    if (!r->timing) {
        uv_timer_init(&r->app->loop, &r->timer);
        r->timer.data = r;
        r->timing = true;
    }
    uv_timer_start(&r->timer, cb, (uint64_t)ms, 0);
}

static void rig_say(struct rig_app *app, uint64_t id, int status, const char *text)
{
    struct net_answer a = { .status = status, .type = "text/plain; charset=utf-8", .body = slice_of(text) };

    net_answer(app->server, id, &a);
    rig_forget(id);
}

static void rig_late(uv_timer_t *t)
{
    struct rig_request *r = t->data;

    rig_say(r->app, r->id, 200, "late");
}

/* It takes `left` parts to make the answer. */
static void rig_part(uv_timer_t *t)
{
    struct rig_request *r = t->data;

    if (r->left-- == 0)
        rig_say(r->app, r->id, 200, "made");
    else {
        net_answer_working(r->app->server, r->id);
        uv_timer_start(&r->timer, rig_part, 10, 0);
    }
}

static void rig_more(uv_timer_t *t)
{
    struct rig_request *r = t->data;

    net_more(r->app->server, r->id);
}

static long rig_query(const struct net_head *head, const char *name, long otherwise)
{
    struct slice v = http_query(head->query, head->n_query, name);
    char text[32] = "";

    if (!v.p || v.n >= sizeof(text))
        return otherwise;
    memcpy(text, v.p, v.n);
    return atol(text);
}

static void rig_admit(void *ctx, const struct net_head *head, struct net_admission *ret)
{
    (void)ctx;
    *ret = (struct net_admission){ .body = NET_BODY_WHOLE };
    if (strcmp(head->path, "/echo") == 0)
        ret->max = 1 << 20;
    else if (strcmp(head->path, "/stream") == 0)
        *ret = (struct net_admission){ .body = NET_BODY_STREAM, .max = 64 << 20 };
    else if (strcmp(head->path, "/forbidden") == 0)
        *ret = (struct net_admission){ .body = NET_BODY_NONE, .status = 403, .reason = "Not \"you\"." };
}

static void rig_tell_head(struct rig_app *app, uint64_t req, const struct net_head *head)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    buf_printf(&b, "method=%s\npath=%s\naddress=%s\nsecure=%d\nloopback=%d\nlocal=%d\nuid=%u\n", head->method, head->path,
               head->peer.address, head->peer.secure, head->peer.loopback, head->peer.local, head->peer.uid);
    for (size_t i = 0; i < head->n_query; i++)
        buf_printf(&b, "?%.*s=%.*s\n", (int)head->query[i].name.n, head->query[i].name.p, (int)head->query[i].value.n,
                   head->query[i].value.p);
    for (size_t i = 0; i < head->n_headers; i++)
        buf_printf(&b, "%.*s: %.*s\n", (int)head->headers[i].name.n, head->headers[i].name.p, (int)head->headers[i].value.n,
                   head->headers[i].value.p);
    rig_say(app, req, 200, b.p);
    buf_finish(&b);
}

static void rig_tell_events(struct rig_app *app, uint64_t req)
{
    struct net_figures f;
    char text[256];

    net_figures(app->server, &f);
    (void)snprintf(text, sizeof(text),
                   "gone=%d opened=%d closed=%d sockets=%d connections=%d refused=%d slow=%d reload_refused=%d bodies=%d", app->gone,
                   app->opened, app->closed, (int)f.sockets, (int)f.connections, (int)f.refused, (int)f.slow, app->refused_reload,
                   (int)f.bodies);
    rig_say(app, req, 200, text);
}

static void rig_ask(void *ctx, uint64_t req, const struct net_head *head, struct slice body)
{
    struct rig_app *app = ctx;
    struct net_answer a = { .status = 200, .type = "application/octet-stream" };
    long n = rig_query(head, "n", 0);
    char *bytes;

    if (strcmp(head->path, "/hello") == 0)
        rig_say(app, req, 200, "hello");
    else if (strcmp(head->path, "/echo") == 0) {
        a.body = body;
        net_answer(app->server, req, &a);
    } else if (strcmp(head->path, "/stream") == 0)
        rig_remember(app, req)->later = rig_query(head, "later", 0);
    else if (strcmp(head->path, "/later") == 0)
        rig_time(rig_remember(app, req), (int)rig_query(head, "ms", 100), rig_late);
    else if (strcmp(head->path, "/parts") == 0) {
        struct rig_request *r = rig_remember(app, req);

        r->left = (uint64_t)n;
        rig_time(r, 10, rig_part);
    } else if (strcmp(head->path, "/never") == 0)
        rig_remember(app, req);
    else if (strcmp(head->path, "/blob") == 0) {
        bytes = malloc((size_t)n + 1);
        memset(bytes, 'b', (size_t)n);
        a.body = (struct slice){ bytes, (size_t)n };
        net_answer(app->server, req, &a);
        free(bytes);
    } else if (strcmp(head->path, "/big") == 0) {
        rig_remember(app, req)->left = (uint64_t)n;
        net_answer_begin(app->server, req, &a, n);
    } else if (strcmp(head->path, "/head") == 0)
        rig_tell_head(app, req, head);
    else if (strcmp(head->path, "/events") == 0)
        rig_tell_events(app, req);
    else
        rig_say(app, req, 404, "no such page");
}

static void rig_body(void *ctx, uint64_t req, struct slice piece, bool last)
{
    struct rig_app *app = ctx;
    struct rig_request *r = rig_request_of(req);
    char text[64];

    r->bytes += piece.n;
    for (size_t i = 0; i < piece.n; i++)
        r->sum += (unsigned char)piece.p[i];
    if (last) {
        (void)snprintf(text, sizeof(text), "%llu %llu", (unsigned long long)r->bytes, (unsigned long long)r->sum);
        rig_say(app, req, 200, text);
    } else if (r->later)
        rig_time(r, 2, rig_more);
    else
        net_more(app->server, req);
}

static void rig_gone(void *ctx, uint64_t req)
{
    struct rig_app *app = ctx;

    app->gone++;
    rig_forget(req);
}

static void rig_pull(void *ctx, uint64_t req)
{
    struct rig_app *app = ctx;
    struct rig_request *r = rig_request_of(req);
    static char piece[50000];
    size_t n = r->left < sizeof(piece) ? (size_t)r->left : sizeof(piece);

    memset(piece, 'B', sizeof(piece));
    r->left -= n;
    if (!r->left)
        rig_forget(req);
    net_piece(app->server, req, (struct slice){ piece, n });
}

static int rig_upgrade(void *ctx, const struct net_head *head, const char *protocol, const char **reason, void **user)
{
    struct slice cookie = http_header(head->headers, head->n_headers, "cookie");

    (void)ctx;
    if (slice_is(cookie, "deny")) {
        *reason = "A cookie that is not welcome.";
        return 403;
    }
    *user = (void *)(strstr(protocol, "staff") ? "staff" : "visitor");
    return 101;
}

static void rig_open(void *ctx, uint64_t conn, void *user)
{
    struct rig_app *app = ctx;

    (void)user;
    app->opened++;
    app->sockets[app->n_sockets++] = conn;
}

static void rig_closed(void *ctx, uint64_t conn, void *user)
{
    struct rig_app *app = ctx;

    (void)user;
    if (!conn)
        return; /* the handshake was never finished */
    app->closed++;
    for (int i = 0; i < app->n_sockets; i++)
        if (app->sockets[i] == conn)
            app->sockets[i] = app->sockets[--app->n_sockets];
}

static void rig_text(void *ctx, uint64_t conn, void *user, struct slice text)
{
    struct rig_app *app = ctx;
    struct net_frame *f;
    char word[64] = "";
    int n, m;

    (void)user;
    memcpy(word, text.p, text.n < sizeof(word) - 1 ? text.n : sizeof(word) - 1);
    if (sscanf(word, "flood %d %d", &n, &m) == 2) {
        char *s = malloc((size_t)m);

        memset(s, 'f', (size_t)m);
        f = net_frame_new((struct slice){ s, (size_t)m });
        for (int i = 0; i < n; i++)
            net_send(app->server, conn, f);
        free(s);
    } else if (sscanf(word, "close %d", &n) == 1) {
        f = net_frame_new(SLICE("last words"));
        net_send(app->server, conn, f);
        net_close(app->server, conn, n, "as you wish");
    } else {
        bool all = strncmp(word, "all ", 4) == 0;

        f = net_frame_new(text);
        for (int i = 0; all && i < app->n_sockets; i++)
            net_send(app->server, app->sockets[i], f);
        if (!all)
            net_send(app->server, conn, f);
    }
    net_frame_unref(f);
}

static void rig_log(int level, const char *line)
{
    if (getenv("RIG_LOG"))
        fprintf(stderr, "%d %s\n", level, line);
}

static void rig_drained(void *ctx)
{
    struct rig_app *app = ctx;

    app->drained++;
    net_server_close(app->server);
    uv_close((uv_handle_t *)&app->term, NULL);
    uv_close((uv_handle_t *)&app->hup, NULL);
    while (rig_requests)
        rig_forget(rig_requests->id);
}

static void rig_on_term(uv_signal_t *sig, int signum)
{
    struct rig_app *app = sig->data;

    (void)signum;
    net_server_drain(app->server, app->spread_ms, app->limit_ms, rig_drained, app);
}

static void rig_on_hup(uv_signal_t *sig, int signum)
{
    struct rig_app *app = sig->data;
    struct kf_err why = { 0 };

    (void)signum;
    if (net_server_reload_tls(app->server, &why))
        app->refused_reload++;
}

/* ---- The child ---- */

struct rig {
    pid_t pid;
    int port;
    char address[128];
    /* Set before rig_start(). */
    struct net_config cfg;
    const char *listen;
    int spread_ms, limit_ms;
    int descriptors; /* RLIMIT_NOFILE of the child; 0: as it is */
};

static void rig_child(struct rig *rig, int out)
{
    struct rig_app *app = calloc(1, sizeof(*app));
    struct kf_err why = { 0 };
    const char *address;

    signal(SIGPIPE, SIG_IGN);
    if (rig->descriptors) {
        struct rlimit r = { (rlim_t)rig->descriptors, (rlim_t)rig->descriptors };

        setrlimit(RLIMIT_NOFILE, &r);
    }
    uv_loop_init(&app->loop);
    app->spread_ms = rig->spread_ms;
    app->limit_ms = rig->limit_ms;
    rig->cfg.ctx = app;
    if (net_server_open(&app->server, &app->loop, &rig->cfg, &why)) {
        fprintf(stderr, "net_server_open: %s\n", why.text);
        exit(3);
    }
    uv_signal_init(&app->loop, &app->term);
    uv_signal_init(&app->loop, &app->hup);
    app->term.data = app->hup.data = app;
    uv_signal_start(&app->term, rig_on_term, SIGTERM);
    uv_signal_start(&app->hup, rig_on_hup, SIGHUP);
    address = net_server_address(app->server);
    if (write(out, address, strlen(address) + 1) < 0)
        exit(4);
    close(out);
    uv_run(&app->loop, UV_RUN_DEFAULT);
    net_server_free(app->server);
    if (uv_loop_close(&app->loop)) {
        fprintf(stderr, "handles are left on the loop\n");
        exit(5);
    }
    uv_library_shutdown();
    if (app->opened != app->closed) {
        fprintf(stderr, "%d opened, %d closed\n", app->opened, app->closed);
        exit(6);
    }
    free(app);
    exit(0); /* with ASan: looks for leaks */
}

static RIG_UNUSED void rig_init(struct rig *rig)
{
    static const char *listen[1];

    *rig = (struct rig){ .listen = "127.0.0.1:0", .limit_ms = 2000 };
    rig->cfg = (struct net_config){
        .listen = listen,
        .n_listen = 1,
        .visitor_protocol = "kefu.visitor.v1",
        .staff_protocol = "kefu.staff.v1",
        .visitor_path = "/ws/visitor",
        .staff_path = "/ws/agent",
        .connections_per_address = 50,
        .connections_max = 1000,
        .header_timeout_ms = 10000,
        .body_timeout_ms = 10000,
        .message_max = 65536,
        .send_queue_max = 262144,
        .ping_ms = 30000,
        .log = rig_log,
        .ops = { .admit = rig_admit,
                 .request = rig_ask,
                 .body = rig_body,
                 .gone = rig_gone,
                 .pull = rig_pull,
                 .upgrade = rig_upgrade,
                 .open = rig_open,
                 .message = rig_text,
                 .closed = rig_closed },
    };
}

/* The address comes through the pipe when the server is ready. */
static RIG_UNUSED void rig_await(struct rig *rig, int fd)
{
    ssize_t n = read(fd, rig->address, sizeof(rig->address) - 1);

    close(fd);
    assert_true(n > 0);
    rig->port = strrchr(rig->address, ':') ? atoi(strrchr(rig->address, ':') + 1) : 0;
}

static RIG_UNUSED void rig_start(struct rig *rig)
{
    const char *listen[1] = { rig->listen };
    int pipe_fd[2];

    rig->cfg.listen = listen;
    assert_int_equal(pipe(pipe_fd), 0);
    (void)fflush(NULL);
    rig->pid = fork();
    if (rig->pid == 0) {
        close(pipe_fd[0]);
        rig_child(rig, pipe_fd[1]);
    }
    close(pipe_fd[1]);
    rig_await(rig, pipe_fd[0]);
}

/* Stops it in order; it must leave nothing behind. */
static RIG_UNUSED void rig_stop(struct rig *rig)
{
    int status = -1;

    kill(rig->pid, SIGTERM);
    assert_int_equal(waitpid(rig->pid, &status, 0), rig->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Processor time that the child has used. */
static RIG_UNUSED long rig_cpu_ms(const struct rig *rig)
{
    char path[64], line[1024];
    unsigned long user = 0, sys = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)rig->pid);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    fclose(f);
    assert_int_equal(sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys), 2);
    return (long)(user + sys) * 1000 / sysconf(_SC_CLK_TCK);
}

/* ---- Plain sockets ---- */

enum { WAIT_MS = 60000 }; /* for what ought to come soon */

static RIG_UNUSED int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static RIG_UNUSED int dial_from(const struct rig *rig, const char *from)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)rig->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in own = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    assert_true(fd >= 0);
    if (from) {
        inet_pton(AF_INET, from, &own.sin_addr);
        assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    }
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static RIG_UNUSED int dial(const struct rig *rig)
{
    return dial_from(rig, NULL);
}

static RIG_UNUSED int dial_unix(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    return fd;
}

static RIG_UNUSED void put(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

        if (k <= 0)
            return; /* the other side may have had enough */
        p += k;
        n -= (size_t)k;
    }
}

static RIG_UNUSED void say(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static RIG_UNUSED void say(int fd, const char *fmt, ...)
{
    char text[16384];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    put(fd, text, (size_t)n);
}

/* Reads until the end, `max` or the deadline. Returns how much; a reset counts as an end. */
static RIG_UNUSED size_t hear(int fd, char *p, size_t max)
{
    int64_t until = clock_ms() + WAIT_MS;
    size_t n = 0;

    while (n < max) {
        struct pollfd pfd = { fd, POLLIN, 0 };
        int64_t left = until - clock_ms();
        ssize_t k;

        if (left <= 0 || poll(&pfd, 1, (int)left) <= 0)
            break;
        k = recv(fd, p + n, max - n, 0);
        if (k <= 0)
            break;
        n += (size_t)k;
    }
    return n;
}

struct reply {
    int status;
    char *text; /* head and body, terminated */
    size_t n;
    const char *body;
    size_t body_n;
};

static RIG_UNUSED void reply_read(int fd, struct reply *ret)
{
    size_t cap = 4 << 20;
    const char *end;

    *ret = (struct reply){ .text = malloc(cap + 1) };
    ret->n = hear(fd, ret->text, cap);
    ret->text[ret->n] = '\0';
    if (sscanf(ret->text, "HTTP/1.1 %d", &ret->status) != 1)
        ret->status = 0;
    end = strstr(ret->text, "\r\n\r\n");
    ret->body = end ? end + 4 : "";
    ret->body_n = end ? ret->n - (size_t)(ret->body - ret->text) : 0;
}

static RIG_UNUSED void reply_free(struct reply *r)
{
    free(r->text);
    *r = (struct reply){ 0 };
}

/* One request, one answer; the text is all that is sent. Returns the status; the body in `body` if it is not NULL. */
static RIG_UNUSED int ask_raw(const struct rig *rig, const char *request, size_t n, char *body, size_t body_max)
{
    struct reply r;
    int fd = dial(rig), status;

    put(fd, request, n);
    reply_read(fd, &r);
    close(fd);
    status = r.status;
    if (body)
        (void)snprintf(body, body_max, "%s", r.body);
    reply_free(&r);
    return status;
}

static RIG_UNUSED int ask_text(const struct rig *rig, const char *request, char *body, size_t body_max)
{
    return ask_raw(rig, request, strlen(request), body, body_max);
}

static RIG_UNUSED int get(const struct rig *rig, const char *path, char *body, size_t body_max)
{
    char text[512];

    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    return ask_text(rig, text, body, body_max);
}

/* Waits until a counter of /events has the value. */
static RIG_UNUSED void await_event(const struct rig *rig, const char *name, int value)
{
    int64_t until = clock_ms() + WAIT_MS;
    char body[512], key[64];

    (void)snprintf(key, sizeof(key), "%s=", name);
    for (;;) {
        const char *p;

        if (get(rig, "/events", body, sizeof(body)) == 200 && (p = strstr(body, key)) && atoi(p + strlen(key)) == value)
            return;
        if (clock_ms() > until)
            fail_msg("%s did not become %d: %s", name, value, body);
        poll(NULL, 0, 5);
    }
}

/* ---- WebSockets, as plain as can be ---- */

static RIG_UNUSED int ws_open_with(const struct rig *rig, const char *path, const char *protocol, const char *more, int *status)
{
    int fd = dial(rig);
    char head[2048];
    size_t n = 0;

    say(fd,
        "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n%s\r\n",
        path, protocol, more);
    while (n < sizeof(head) - 1 && hear(fd, head + n, 1) == 1) {
        head[++n] = '\0';
        if (n >= 4 && strcmp(head + n - 4, "\r\n\r\n") == 0)
            break;
    }
    *status = 0;
    (void)!sscanf(head, "HTTP/1.1 %d", status);
    if (*status == 101)
        return fd;
    close(fd);
    return -1;
}

static RIG_UNUSED int ws_open(const struct rig *rig)
{
    int status, fd = ws_open_with(rig, "/ws/visitor", "kefu.visitor.v1", "", &status);

    assert_int_equal(status, 101);
    return fd;
}

/* `first` is the first byte: FIN and opcode. */
static RIG_UNUSED void ws_frame(int fd, int first, const void *p, size_t n)
{
    unsigned char head[14] = { (unsigned char)first };
    unsigned char *masked = malloc(n + 1);
    size_t k = 2;

    if (n < 126)
        head[1] = (unsigned char)(0x80 | n);
    else if (n < 65536) {
        head[1] = 0x80 | 126;
        head[2] = (unsigned char)(n >> 8);
        head[3] = (unsigned char)n;
        k = 4;
    } else {
        head[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (unsigned char)((uint64_t)n >> (56 - 8 * i));
        k = 10;
    }
    memcpy(head + k, "\x11\x22\x33\x44", 4);
    for (size_t i = 0; i < n; i++)
        masked[i] = ((const unsigned char *)p)[i] ^ head[k + i % 4];
    put(fd, (char *)head, k + 4);
    put(fd, (char *)masked, n);
    free(masked);
}

static RIG_UNUSED void ws_say(int fd, const char *text)
{
    ws_frame(fd, 0x81, text, strlen(text));
}

/* The next frame. Returns its first byte, or -1 when the connection ended. */
static RIG_UNUSED int ws_hear(int fd, char *p, size_t max, size_t *len)
{
    unsigned char head[10];
    uint64_t n;

    if (hear(fd, (char *)head, 2) != 2)
        return -1;
    n = head[1] & 0x7f;
    assert_false(head[1] & 0x80);
    if (n == 126) {
        assert_int_equal(hear(fd, (char *)head + 2, 2), 2);
        n = (uint64_t)head[2] << 8 | head[3];
    } else if (n == 127) {
        assert_int_equal(hear(fd, (char *)head + 2, 8), 8);
        n = 0;
        for (int i = 0; i < 8; i++)
            n = n << 8 | head[2 + i];
    }
    assert_true(n < max);
    if (hear(fd, p, (size_t)n) != n)
        return -1;
    p[n] = '\0';
    if (len)
        *len = (size_t)n;
    return head[0];
}

/* Reads until the close frame: its code; 1006 when there is none. */
static RIG_UNUSED int ws_code(int fd)
{
    static char text[300000];
    size_t n = 0;
    int first;

    while ((first = ws_hear(fd, text, sizeof(text), &n)) >= 0)
        if ((first & 0xf) == 8)
            return n >= 2 ? (unsigned char)text[0] << 8 | (unsigned char)text[1] : 1005;
    return 1006;
}

static RIG_UNUSED void ws_expect(int fd, const char *text)
{
    static char got[300000];

    assert_int_equal(ws_hear(fd, got, sizeof(got), NULL), 0x81);
    assert_string_equal(got, text);
}

#endif
