/* answer.c: what an answer looks like and how it leaves.
 *
 * Answers go out by our own hands, not through lws_write(): libwebsockets takes what the socket does not into a buffer without
 * bound, and while it holds some, a peer that half-closes or sends more than it should makes it spin, and a slow one is cut off
 * after 5 s. So its reading stays off, and when the socket is full a second descriptor of it is watched for room. */
#define _GNU_SOURCE
#include "net/internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Room on the socket ---- */

struct pump {
    uv_poll_t poll;
    int fd;
    struct net_server *s;
    uint64_t id;
};

static void pump_closed(uv_handle_t *h)
{
    struct pump *p = h->data;

    p->s->handles--;
    close(p->fd);
    free(p);
}

void pump_close(struct request *r)
{
    if (!r->pump)
        return;
    uv_close((uv_handle_t *)&r->pump->poll, pump_closed);
    r->pump = NULL;
}

static void room(uv_poll_t *h, int status, int events)
{
    struct pump *p = h->data;
    struct conn *c = conn_find(p->s, p->id);

    (void)status; /* the next write will say */
    (void)events;
    if (c && c->wsi)
        answer_send(c);
}

/* libuv watches a descriptor once only, and libwebsockets has it: hence the second one. */
static bool pump_start(struct conn *c)
{
    struct pump *p = c->req->pump;

    if (!p) {
        p = calloc(1, sizeof(*p));
        if (!p)
            return false;
        p->s = c->s;
        p->id = conn_id(c);
        p->fd = dup(lws_get_socket_fd(c->wsi));
        if (p->fd < 0 || uv_poll_init(c->s->loop, &p->poll, p->fd)) {
            if (p->fd >= 0)
                close(p->fd);
            free(p);
            return false;
        }
        p->poll.data = p;
        c->s->handles++;
        c->req->pump = p;
    }
    return uv_poll_start(&p->poll, UV_WRITABLE, room) == 0;
}

/* > 0: so many bytes have gone; 0: no room; < 0: broken. */
static ssize_t wire_write(struct conn *c, const char *p, size_t n)
{
    SSL *ssl;
    ssize_t k;
    int e;

    if (n > PIECE_MAX)
        n = PIECE_MAX;
    if (!c->tls) {
        do
            k = send(lws_get_socket_fd(c->wsi), p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (k < 0 && errno == EINTR);
        return k < 0 && errno == EAGAIN ? 0 : k;
    }
    ssl = lws_get_ssl(c->wsi);
    if (!ssl)
        return -1;
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    ERR_clear_error();
    k = SSL_write(ssl, p, (int)n);
    if (k > 0)
        return k;
    e = SSL_get_error(ssl, (int)k);
    ERR_clear_error();
    return e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* ---- Leaving ---- */

/* The answer was early and the body is still coming: closing now would reset the connection under the answer. */
static void linger(struct conn *c)
{
    c->state = CONN_LINGER;
    conn_watch(c, net_now(c->s) + LINGER_MS);
    if (!c->tls)
        (void)shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
    lws_rx_flow_control(c->wsi, 1);
}

static void finish(struct conn *c)
{
    struct request *r = c->req;

    r->finished = true;
    pump_close(r);
    buf_finish(&r->out);
    buf_finish(&r->body);
    if (r->received < r->content_length)
        linger(c);
    else
        conn_hang_up(c);
}

/* A peer may be slow, but not for ever: no byte in body_timeout_ms, or a rate below BODY_RATE, is the end. */
static void set_deadline(struct conn *c)
{
    const struct request *r = c->req;
    int64_t grace = c->s->cfg.body_timeout_ms, stalled = net_now(c->s) + grace;
    int64_t all = r->answer_started + grace + r->answer_size * 1000 / BODY_RATE;

    conn_watch(c, stalled < all || r->pulling ? stalled : all);
}

/* False: no room, or broken. */
static bool drain(struct conn *c)
{
    struct request *r = c->req;

    while (r->out_at < r->out.n) {
        ssize_t k = wire_write(c, r->out.p + r->out_at, r->out.n - r->out_at);

        if (k < 0 || (k == 0 && !pump_start(c))) {
            conn_kill(c);
            return false;
        }
        if (k == 0)
            return false;
        r->out_at += (size_t)k;
        c->s->figures.bytes_out += (uint64_t)k;
        set_deadline(c);
    }
    buf_clear(&r->out);
    r->out_at = 0;
    return true;
}

void answer_send(struct conn *c)
{
    struct request *r = c->req;

    if (!r || !r->answered || r->finished || r->sending || c->hang || !c->wsi)
        return;
    r->sending = true; /* pull() may call net_piece() at once */
    while (drain(c)) {
        if (r->pump)
            uv_poll_stop(&r->pump->poll);
        if (!r->pull_left) {
            finish(c);
            break;
        }
        if (r->pulling)
            break;
        r->pulling = true;
        conn_watch(c, net_now(c->s) + c->s->cfg.answer_timeout_ms);
        c->s->cfg.ops.pull(c->s->cfg.ctx, conn_id(c));
        if (c->hang)
            break;
    }
    r->sending = false;
}

/* ---- Form ---- */

static bool has(const struct net_answer *a, const char *name)
{
    return http_header(a->headers, a->n_headers, name).p != NULL;
}

/* No value, wherever it came from, may end its line. */
static bool one_line(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t')
            return false;
    return true;
}

static void header(struct buf *b, struct slice name, struct slice value)
{
    if (!name.n || !one_line(name) || !one_line(value))
        return;
    buf_add(b, name);
    buf_str(b, ": ");
    buf_add(b, value);
    buf_str(b, "\r\n");
}

static const char *date_now(struct net_server *s)
{
    time_t now = time(NULL);
    struct tm tm;

    if (now != s->date_at) {
        s->date_at = now;
        gmtime_r(&now, &tm);
        (void)strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }
    return s->date;
}

/* What every answer carries unless it says otherwise itself. */
static const struct {
    const char *name, *value;
} defaults[] = {
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "X-Frame-Options", "DENY" },
    { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'" },
    { "Cache-Control", "no-store" },
};

static void format(struct conn *c, const struct net_answer *a, int64_t length)
{
    struct request *r = c->req;
    struct buf *b = &r->out;

    buf_init(b, SIZE_MAX / 2);
    buf_printf(b, "HTTP/1.1 %d %s\r\n", a->status, http_phrase(a->status));
    header(b, SLICE("Date"), slice_of(date_now(c->s)));
    if (a->type)
        header(b, SLICE("Content-Type"), slice_of(a->type));
    if (a->status >= 200 && a->status != 204 && a->status != 304)
        buf_printf(b, "Content-Length: %lld\r\n", (long long)length);
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        /* A policy that lists its embedders makes the older header wrong. */
        bool superseded = strcmp(defaults[i].name, "X-Frame-Options") == 0 && has(a, "Content-Security-Policy");

        if (!superseded && !has(a, defaults[i].name))
            header(b, slice_of(defaults[i].name), slice_of(defaults[i].value));
    }
    if (r->secure && !has(a, "Strict-Transport-Security"))
        buf_str(b, "Strict-Transport-Security: max-age=31536000\r\n");
    for (size_t i = 0; i < a->n_headers; i++)
        header(b, a->headers[i].name, a->headers[i].value);
    buf_str(b, "Connection: close\r\n\r\n"); /* one request per connection: pipelined ones make libwebsockets loop for ever */
}

/* `length` bytes of body are announced; those of a->body go out at once, the others are pulled. */
static void answer(struct conn *c, const struct net_answer *a, int64_t length)
{
    struct request *r = c->req;
    bool bodiless = r->head_only || a->status == 204 || a->status == 304;

    format(c, a, length);
    r->answered = true;
    request_release(r);
    r->answer_started = net_now(c->s);
    r->answer_size = length;
    if (!bodiless) {
        buf_add(&r->out, a->body);
        r->pull_left = length - (int64_t)a->body.n;
    }
    if (!buf_ok(&r->out)) {
        conn_kill(c);
        return;
    }
    c->state = CONN_ANSWER;
    set_deadline(c);
    lws_rx_flow_control(c->wsi, 0);                 /* what comes now is nobody's; unread, it cannot wake us */
    lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0); /* its own would cut off a long download */
    answer_send(c);
}

static void problem_body(struct buf *b, int status, const char *detail)
{
    buf_init(b, 4096);
    buf_str(b, "{\"type\":\"about:blank\",\"title\":");
    buf_json(b, slice_of(http_phrase(status)));
    buf_printf(b, ",\"status\":%d", status);
    if (detail) {
        buf_str(b, ",\"detail\":");
        buf_json(b, slice_of(detail));
    }
    buf_str(b, ",\"code\":");
    buf_json(b, slice_of(http_code(status)));
    buf_char(b, '}');
}

void answer_problem(struct conn *c, int status, const char *detail)
{
    struct http_pair more[2];
    struct net_answer a = { .status = status, .type = "application/problem+json", .headers = more };
    struct buf b;

    c->req->ours = c->req->asked;
    if (status == 426) {
        more[a.n_headers++] = (struct http_pair){ SLICE("Upgrade"), SLICE("websocket") };
        more[a.n_headers++] = (struct http_pair){ SLICE("Sec-WebSocket-Version"), SLICE("13") };
    } else if (status == 429 || status == 503)
        more[a.n_headers++] = (struct http_pair){ SLICE("Retry-After"), SLICE("5") };
    problem_body(&b, status, detail);
    a.body = buf_slice(&b);
    answer(c, &a, (int64_t)a.body.n);
    buf_finish(&b);
}

/* What the peer still sends must not make the kernel answer with a reset that overtakes our words. */
static void swallow(int fd)
{
    char bytes[16384];

    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < 16 && recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0; i++)
        ;
}

void answer_last(struct conn *c, struct lws *wsi, int status, const char *detail)
{
    struct net_answer a = { .status = status, .type = "application/problem+json" };
    int fd = lws_get_socket_fd(wsi);
    struct buf b, *out;

    if (fd < 0 || c->req || !request_new(c))
        return;
    c->req->secure = c->tls;
    problem_body(&b, status, detail);
    a.body = buf_slice(&b);
    format(c, &a, (int64_t)a.body.n);
    out = &c->req->out;
    buf_add(out, a.body);
    buf_finish(&b);
    if (buf_ok(out)) {
        if (!c->tls)
            (void)send(fd, out->p, out->n, MSG_DONTWAIT | MSG_NOSIGNAL);
        else if (lws_get_ssl(wsi) && SSL_is_init_finished(lws_get_ssl(wsi)))
            (void)SSL_write(lws_get_ssl(wsi), out->p, (int)out->n);
    }
    if (!c->tls)
        swallow(fd);
    c->s->figures.refused++;
}

/* ---- The application's side ---- */

static struct conn *answerable(struct net_server *s, uint64_t req)
{
    struct conn *c = conn_find(s, req);

    return c && c->req && c->wsi && !c->hang && !c->req->answered && (c->req->asked || c->req->at_door) ? c : NULL;
}

void net_answer(struct net_server *s, uint64_t req, const struct net_answer *a)
{
    struct conn *c = answerable(s, req);

    if (c)
        answer(c, a, (int64_t)a->body.n);
}

void net_answer_begin(struct net_server *s, uint64_t req, const struct net_answer *a, int64_t total)
{
    struct conn *c = answerable(s, req);
    struct net_answer head = *a;

    if (!c)
        return;
    head.body = (struct slice){ "", 0 };
    answer(c, &head, total);
}

void net_piece(struct net_server *s, uint64_t req, struct slice piece)
{
    struct conn *c = conn_find(s, req);
    struct request *r = c ? c->req : NULL;

    if (!r || !r->pulling || c->hang)
        return;
    r->pulling = false;
    if ((int64_t)piece.n > r->pull_left || piece.n == 0) { /* not what was announced: the peer must not take it for whole */
        conn_kill(c);
        return;
    }
    r->pull_left -= (int64_t)piece.n;
    buf_add(&r->out, piece);
    if (!buf_ok(&r->out))
        conn_kill(c);
    else {
        set_deadline(c);
        answer_send(c);
    }
}

void net_answer_abort(struct net_server *s, uint64_t req)
{
    struct conn *c = conn_find(s, req);

    if (c && c->req && !c->req->finished)
        conn_kill(c);
}

void net_answer_working(struct net_server *s, uint64_t req)
{
    struct conn *c = conn_find(s, req);

    if (c && c->req && c->state == CONN_WAIT && !c->hang)
        conn_watch(c, net_now(s) + s->cfg.answer_timeout_ms);
}

bool net_hung_up(struct net_server *s, uint64_t req)
{
    struct conn *c = conn_find(s, req);
    struct pollfd p = { .fd = c && c->wsi ? (int)lws_get_socket_fd(c->wsi) : -1, .events = POLLRDHUP };

    return p.fd < 0 || (poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)));
}
