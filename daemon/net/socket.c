/* socket.c: the life of a WebSocket.
 *
 * Frames are not written where they arise: each socket that has some is put on the list of the dirty, and at the end of the loop turn
 * gets all of them in one write. They are written raw, with headers of our own making, which libwebsockets allows as long as no
 * extension is in use (none is) and whole frames are handed over (they are). This is the one place that does so. */
#include "net/internal.h"

#include <stdlib.h>
#include <strings.h>

#define OFFERS_MAX 126 /* bytes that libwebsockets 4.1.6 has for a list of subprotocols */

/* ---- The upgrade ---- */

/* Does a comma separated header hold the word? */
static bool has_word(struct lws *wsi, enum lws_token_indexes token, const char *word)
{
    char text[256];
    char *save, *w;

    if (lws_hdr_copy(wsi, text, sizeof(text), token) <= 0)
        return false;
    for (w = strtok_r(text, ", \t", &save); w; w = strtok_r(NULL, ", \t", &save))
        if (strcasecmp(w, word) == 0)
            return true;
    return false;
}

static bool refuse(struct refusal *no, int status, const char *detail)
{
    *no = (struct refusal){ status, detail };
    return false;
}

/* 16 bytes in base64 are 22 digits and the padding. */
static bool is_key(struct lws *wsi)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char key[32];

    return lws_hdr_copy(wsi, key, sizeof(key), WSI_TOKEN_KEY) == 24 && strspn(key, digits) == 22 && strcmp(key + 22, "==") == 0;
}

/* Is the path's subprotocol among those that the client offers? libwebsockets takes the first of them that it knows, so neither its own nor
 * the other path's may stand there; and a list that is too long for it, or that it cannot take apart, it drops without an answer. */
static bool offers(struct slice list, const char *wanted, const char *other)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-, \t";
    struct slice name;
    bool found = false;

    if (list.n > OFFERS_MAX)
        return false;
    for (size_t i = 0; i < list.n; i++)
        if (!memchr(plain, list.p[i], sizeof(plain) - 1))
            return false;
    while (http_word(&list, &name)) {
        if (slice_is(name, "http") || slice_is(name, other))
            return false;
        found = found || slice_is(name, wanted);
    }
    return found;
}

/* RFC 6455 4.2.1; libwebsockets takes any version, and any path. */
static bool handshake_check(struct conn *c, struct lws *wsi, const struct net_head *head, bool *staff, struct refusal *no)
{
    const struct net_config *cfg = &c->s->cfg;
    struct slice protocol = http_header(head->headers, head->n_headers, "sec-websocket-protocol");
    char text[32];

    if (strcmp(head->method, "GET") != 0 || head->content_length)
        return refuse(no, 400, "An upgrade is a GET without a body.");
    if (!has_word(wsi, WSI_TOKEN_CONNECTION, "upgrade"))
        return refuse(no, 400, "Connection: Upgrade is missing.");
    if (lws_hdr_copy(wsi, text, sizeof(text), WSI_TOKEN_VERSION) <= 0 || strcmp(text, "13") != 0)
        return refuse(no, 426, "Only version 13 of the WebSocket protocol is spoken here.");
    if (!is_key(wsi))
        return refuse(no, 400, "Sec-WebSocket-Key must be 16 bytes in base64.");
    if (strcmp(head->path, cfg->visitor_path) != 0 && strcmp(head->path, cfg->staff_path) != 0)
        return refuse(no, 404, "There is no WebSocket at this path.");
    *staff = strcmp(head->path, cfg->staff_path) == 0;
    if (!offers(protocol, *staff ? cfg->staff_protocol : cfg->visitor_protocol, *staff ? cfg->visitor_protocol : cfg->staff_protocol))
        return refuse(no, 400, "Offer the one subprotocol that belongs to this path.");
    if (c->s->draining)
        return refuse(no, 503, "The server is going down.");
    return true;
}

/* An answer to what is not going to be a WebSocket. The connection ends with it in any case: a plain return would upgrade. */
static void deny(struct conn *c, int status, const char *detail)
{
    c->req->content_length = 0;
    answer_problem(c, status, detail);
    if (!c->hang)
        conn_kill(c);
}

static void consider(struct conn *c, struct lws *wsi)
{
    struct net_server *s = c->s;
    struct request *r = c->req;
    struct refusal no = { 0 };
    const char *reason = NULL;
    bool staff = false, fit;
    int status;

    fit = head_read(c, wsi, r->arena, &r->head, &no);
    r->secure = r->head.peer.secure;
    if (!fit || !handshake_check(c, wsi, &r->head, &staff, &no) || !head_admits(c, &r->head, staff, &no)) {
        deny(c, no.status, no.detail);
        return;
    }
    status = s->cfg.ops.upgrade(s->cfg.ctx, &r->head, staff ? s->cfg.staff_protocol : s->cfg.visitor_protocol, &reason, &c->user);
    if (status != 101) {
        deny(c, status >= 400 ? status : 403, reason);
        return;
    }
    c->state = CONN_UPGRADE;
    c->socket = true;
    if (staff)
        conn_uncount(c); /* many of a house's staff share one address */
    request_free(r);
    c->req = NULL;
}

/* CVE-2025-11677: where Upgrade names anything but websocket or h2c, libwebsockets 4.1.6 answers 403 itself, may give the header table
 * back, and then calls here with a pointer into it. It takes a second request on a connection to get there, and there is none here; all the
 * same that pointer is never touched, and without headers there is no going on. */
void socket_upgrade(struct conn *c, struct lws *wsi)
{
    char to[32];

    if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) <= 0 || lws_hdr_copy(wsi, to, sizeof(to), WSI_TOKEN_UPGRADE) < 0 ||
        strcasecmp(to, "websocket") != 0 || c->req || c->state != CONN_HEAD || !request_new(c)) {
        c->s->figures.refused++;
        conn_kill(c);
        return;
    }
    consider(c, wsi);
}

/* ---- Receiving ---- */

static void forget_pieces(struct conn *c)
{
    if (!c->rx)
        return;
    buf_finish(c->rx);
    free(c->rx);
    c->rx = NULL;
}

static bool keep_piece(struct conn *c, struct slice piece)
{
    if (!c->rx) {
        c->rx = malloc(sizeof(*c->rx));
        if (!c->rx)
            return false;
        buf_init(c->rx, c->s->cfg.message_max);
    }
    buf_add(c->rx, piece);
    return buf_ok(c->rx);
}

static void deliver(struct conn *c, struct slice text)
{
    struct net_server *s = c->s;

    s->figures.frames_in++;
    s->cfg.ops.message(s->cfg.ctx, conn_id(c), c->user, text);
}

/* libwebsockets gives pieces of at most rx_buffer_size, and fragments as they come. */
static void receive(struct conn *c, struct lws *wsi, struct slice piece)
{
    size_t so_far = c->rx ? c->rx->n : 0;

    c->quiet = 0;
    c->s->figures.bytes_in += piece.n;
    if (c->state != CONN_OPEN)
        return; /* what comes after our close frame */
    if (lws_frame_is_binary(wsi))
        socket_close(c, 1003, "text only");
    else if (so_far + piece.n + lws_remaining_packet_payload(wsi) > c->s->cfg.message_max)
        socket_close(c, 1009, "too big");
    else if (lws_is_final_fragment(wsi) && !c->rx)
        deliver(c, piece);
    else if (!keep_piece(c, piece))
        socket_close(c, 1011, "out of memory");
    else if (lws_is_final_fragment(wsi)) {
        struct buf *whole = c->rx;

        c->rx = NULL;
        deliver(c, buf_slice(whole));
        buf_finish(whole);
        free(whole);
    }
    if (c->state != CONN_OPEN)
        forget_pieces(c);
}

/* ---- Sending ---- */

/* Joins what fits into one write. Returns how many frames that is; 0: nothing could be done. */
static uint32_t write_some(struct conn *c)
{
    struct net_server *s = c->s;
    struct net_frame *first = queue_at(&c->q, 0);
    unsigned char *p = first->bytes;
    size_t n = first->n;
    uint32_t k = 1;

    if (c->q.n > 1 && first->n + queue_at(&c->q, 1)->n <= SCRATCH) {
        p = s->scratch;
        memcpy(p, first->bytes, n);
        for (; k < c->q.n; k++) {
            struct net_frame *f = queue_at(&c->q, k);

            if (n + f->n > SCRATCH)
                break;
            memcpy(p + n, f->bytes, f->n);
            n += f->n;
        }
    }
    if (lws_write(c->wsi, p, n, LWS_WRITE_RAW) < 0)
        return 0;
    s->figures.bytes_out += n;
    s->figures.frames_out += k;
    return k;
}

void socket_flush(struct conn *c)
{
    if ((c->state != CONN_OPEN && c->state != CONN_CLOSING) || c->hang || c->lost || !c->wsi)
        return;
    while (c->q.n && !lws_partial_buffered(c->wsi)) { /* else LWS_CALLBACK_SERVER_WRITEABLE comes when it has gone */
        uint32_t k = write_some(c);

        if (!k) {
            conn_kill(c);
            return;
        }
        while (k--)
            queue_pop(&c->q);
    }
}

void net_send(struct net_server *s, uint64_t conn, struct net_frame *f)
{
    struct conn *c = conn_find(s, conn);

    if (!c || c->state != CONN_OPEN || !f)
        return;
    if (c->q.bytes + f->n + FRAME_COST > s->cfg.send_queue_max || !queue_push(&c->q, f)) {
        s->figures.slow++;
        queue_clear(&c->q); /* it will fetch what it missed */
        socket_close(c, 1013, "slow");
        return;
    }
    conn_dirty(c);
}

size_t net_queued(const struct net_server *s, uint64_t conn)
{
    const struct conn *c = conn_find(s, conn);

    return c ? c->q.bytes : 0;
}

/* ---- Closing ---- */

/* The close frame goes out behind what is queued, as a frame of ours: lws_close_reason() would overtake the queue, and be lost where the
 * peer reads slowly. Then the peer has LINGER_MS to echo it. */
void socket_close(struct conn *c, int code, const char *reason)
{
    char payload[125] = { (char)(code >> 8), (char)code };
    size_t n = 0;
    struct net_frame *f;

    if (c->state != CONN_OPEN)
        return;
    for (; reason && reason[n] && n < sizeof(payload) - 2; n++)
        payload[2 + n] = reason[n];
    c->state = CONN_CLOSING;
    conn_watch(c, net_now(c->s) + LINGER_MS);
    f = frame_new(OP_CLOSE, (struct slice){ payload, n + 2 });
    if (f && queue_push(&c->q, f))
        conn_dirty(c);
    else
        conn_kill(c);
    net_frame_unref(f);
    conn_end(c); /* the application need not wait for the echo */
}

void net_close(struct net_server *s, uint64_t conn, int code, const char *reason)
{
    struct conn *c = conn_find(s, conn);

    if (c)
        socket_close(c, code, reason);
}

/* ---- The ping wheel ----
 *
 * Each socket is visited twice in a ping interval. After half to one interval of silence it is pinged, half an interval later again,
 * and another half later it is dead: two pings missed, found out within two intervals of the last byte. */

static void visit(struct conn *c)
{
    struct net_frame *ping;

    c->quiet++;
    if (c->quiet < 2)
        return;
    if (c->quiet >= 4) {
        c->s->figures.slow++;
        conn_kill(c);
        conn_end(c);
        return;
    }
    ping = frame_new(OP_PING, SLICE("?")); /* libwebsockets does not report a pong without a payload */
    if (ping && queue_push(&c->q, ping))
        conn_dirty(c);
    net_frame_unref(ping);
}

void socket_wheel(uv_timer_t *timer)
{
    struct net_server *s = timer->data;

    s->wheel_at = (s->wheel_at + 1) % WHEEL;
    for (struct conn *c = s->wheel[s->wheel_at], *next; c; c = next) {
        next = c->next;
        if (c->state == CONN_OPEN)
            visit(c);
    }
}

/* ---- Events ---- */

static void opened(struct conn *c)
{
    struct net_server *s = c->s;

    if (c->state != CONN_UPGRADE) {
        conn_kill(c);
        return;
    }
    c->state = CONN_OPEN;
    c->opened = true;
    conn_link(c, &s->wheel[c->index % WHEEL]);
    s->figures.sockets++;
    s->cfg.ops.open(s->cfg.ctx, conn_id(c), c->user);
}

int socket_event(struct conn *c, enum lws_callback_reasons reason, void *in, size_t len)
{
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        opened(c);
        break;
    case LWS_CALLBACK_RECEIVE:
        receive(c, c->wsi, (struct slice){ len ? in : "", len });
        break;
    case LWS_CALLBACK_RECEIVE_PONG:
        c->quiet = 0;
        break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        socket_flush(c);
        break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (c->state != CONN_OPEN)
            return -1;        /* the echo of ours: nothing is left to say */
        c->state = CONN_DEAD; /* libwebsockets echoes; no frame may follow */
        queue_clear(&c->q);
        conn_watch(c, net_now(c->s) + LINGER_MS);
        conn_end(c);
        break;
    default:
        break;
    }
    return 0;
}
