/* request.c: the life of an HTTP request: head, admission, body, question. One to a connection.
 *
 * Where the comments of libwebsockets and its behaviour differ, the behaviour was taken as given: it calls BODY_COMPLETION again and
 * again (so bytes are counted here instead), routes any method with a body twice, and spins on a peer that half-closes while
 * an answer is awaited unless reading is off. */
#include "net/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define SMALL_BODY 65536  /* of these there are at most as many as there are connections */
#define SPOOL_BODY 262144 /* of those that may be spooled, the larger ones are */

struct request *request_new(struct conn *c)
{
    struct request *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->arena = arena_new(128 * 1024);
    if (!r->arena) {
        free(r);
        return NULL;
    }
    r->s = c->s;
    c->req = r;
    return r;
}

static void forget_head(struct request *r)
{
    arena_free(r->arena);
    r->arena = NULL;
    r->head = (struct net_head){ .method = r->head.method };
}

void request_release(struct request *r)
{
    r->s->bodies -= r->reserved;
    r->reserved = 0;
    spool_drop(r->spool);
    r->spool = NULL;
}

void request_free(struct request *r)
{
    if (!r)
        return;
    request_release(r);
    pump_close(r);
    arena_free(r->arena);
    buf_finish(&r->body);
    buf_finish(&r->out);
    free(r);
}

/* Reading is off until the application has answered, or wants more. */
static void hold(struct conn *c)
{
    if (c->hang || !c->wsi)
        return;
    lws_rx_flow_control(c->wsi, 0);
    lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
}

static void ask(struct conn *c, struct slice body)
{
    struct request *r = c->req;
    struct net_server *s = c->s;

    r->asked = true;
    c->state = r->body_done ? CONN_WAIT : CONN_BODY;
    if (r->body_done) {
        conn_watch(c, net_now(s) + s->cfg.answer_timeout_ms);
        hold(c);
    }
    s->figures.requests++;
    s->cfg.ops.request(s->cfg.ctx, conn_id(c), &r->head, body);
    forget_head(r);
    if (r->mode == NET_BODY_WHOLE)
        buf_finish(&r->body);
}

/* Large uploads ask first (curl: beyond 1 MiB, and wait a second for the answer). */
static void invite(struct conn *c, struct lws *wsi)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    unsigned char copy[LWS_PRE + sizeof(go_on)];

    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_EXPECT) <= 0)
        return;
    memcpy(copy + LWS_PRE, go_on, sizeof(go_on));
    if (lws_write(wsi, copy + LWS_PRE, sizeof(go_on) - 1, LWS_WRITE_HTTP) < 0)
        conn_hang_up(c);
}

static bool is_spooled(const struct request *r)
{
    return r->may_spool && r->content_length > SPOOL_BODY && r->s->cfg.spool_dir && r->mode == NET_BODY_WHOLE;
}

/* A body that is collected is held until its request is answered, the copies that are made of it too: of the large ones only so much is let in
 * at once. Who waits says so, and comes again. */
static bool reserve(struct conn *c)
{
    struct request *r = c->req;
    struct net_server *s = r->s;

    if (is_spooled(r)) {
        r->spool = spool_new(c, r->content_length);
        r->mode = NET_BODY_STREAM; /* to the file, and not to the application */
        return r->spool != NULL;
    }
    if (r->mode != NET_BODY_WHOLE || r->content_length <= SMALL_BODY || !s->cfg.bodies_max)
        return true;
    if (s->bodies && s->bodies + r->content_length > s->cfg.bodies_max)
        return false;
    r->reserved = r->content_length;
    s->bodies += r->reserved;
    return true;
}

/* What there is of it may be held already: nothing was read on while it stood at the door. False: refused. */
static bool let_in(struct conn *c, struct lws *wsi)
{
    struct request *r = c->req;
    struct net_server *s = c->s;

    if (!reserve(c)) {
        answer_problem(c, 503, "Too many large bodies are coming in: try again.");
        return false;
    }
    r->body.max = r->mode == NET_BODY_WHOLE ? (size_t)r->max : 4 * (size_t)PIECE_MAX;
    if (!r->body_done) {
        c->state = CONN_BODY;
        /* A body may be as slow as the line is, but not slower than BODY_RATE after its grace. */
        r->body_deadline = net_now(s) + s->cfg.body_timeout_ms + r->content_length * 1000 / BODY_RATE;
        conn_watch(c, r->body_deadline);
        invite(c, wsi);
    }
    return true;
}

/* Whoever brings much says first who he is. */
static void knock(struct conn *c)
{
    struct request *r = c->req;
    struct net_server *s = c->s;

    c->state = CONN_BODY;
    r->at_door = true;
    r->held_since = net_now(s); /* it is the application that must move */
    conn_watch(c, r->held_since + s->cfg.answer_timeout_ms);
    s->cfg.ops.knock(s->cfg.ctx, conn_id(c), &r->head);
}

void net_admit(struct net_server *s, uint64_t req)
{
    struct conn *c = conn_find(s, req);
    struct request *r = c ? c->req : NULL;

    if (!r || !r->at_door || r->answered || c->hang || !c->wsi)
        return;
    r->at_door = false;
    if (let_in(c, c->wsi))
        net_more(s, req);
}

static void admit(struct conn *c, struct lws *wsi)
{
    struct request *r = c->req;
    struct net_server *s = c->s;
    struct net_admission adm = { .body = NET_BODY_NONE };

    s->cfg.ops.admit(s->cfg.ctx, &r->head, &adm);
    r->mode = adm.body;
    r->max = adm.max;
    r->may_spool = adm.spool;
    if (adm.body == NET_BODY_NONE) {
        answer_problem(c, adm.status >= 400 ? adm.status : 404, adm.reason);
        return;
    }
    if (r->head.no_length && !adm.unread) {
        answer_problem(c, 411, "A Content-Length is required.");
        return;
    }
    if (r->content_length > r->max) {
        char words[96];

        if (r->max)
            (void)snprintf(words, sizeof(words), "The body is too large: this address takes at most %lld bytes.", (long long)r->max);
        else
            (void)snprintf(words, sizeof(words), "This address takes no body.");
        answer_problem(c, 413, words);
        return;
    }
    r->body_done = r->content_length == 0;
    buf_init(&r->body, 4 * (size_t)PIECE_MAX);
    if (adm.knock && is_spooled(r)) {
        knock(c);
        return;
    }
    if (!let_in(c, wsi))
        return;
    if (r->body_done || (r->mode == NET_BODY_STREAM && !r->spool))
        ask(c, (struct slice){ "", 0 });
    if (r->mode == NET_BODY_STREAM && r->body_done && !r->answered && !c->hang) {
        r->last_given = true;
        s->cfg.ops.body(s->cfg.ctx, conn_id(c), (struct slice){ "", 0 }, true);
    } else
        r->streaming = r->mode == NET_BODY_STREAM;
}

void request_begin(struct conn *c, struct lws *wsi)
{
    struct request *r;
    struct refusal no;

    if (c->req || c->state != CONN_HEAD || !(r = request_new(c))) { /* a second request: never reached, and never served */
        conn_kill(c);
        return;
    }
    if (!head_read(c, wsi, r->arena, &r->head, &no)) {
        r->secure = r->head.peer.secure;
        r->head_only = strcmp(r->head.method, "HEAD") == 0;
        answer_problem(c, no.status, no.detail);
        return;
    }
    r->secure = r->head.peer.secure;
    r->head_only = strcmp(r->head.method, "HEAD") == 0;
    r->content_length = r->head.content_length;
    if (!head_admits(c, &r->head, false, &no))
        answer_problem(c, no.status, no.detail);
    else
        admit(c, wsi);
}

/* ---- Bodies ---- */

/* Of a file large pieces are cheaper. */
static size_t worth_giving(const struct request *r)
{
    return r->spool ? PIECE_MAX : 1;
}

/* One piece to the application, or to the file, if it is ready for one. */
static void give(struct conn *c)
{
    struct request *r = c->req;
    struct buf piece;
    bool last;

    if (!r->streaming || r->last_given || r->answered || c->hang)
        return;
    if (!r->body_done && r->body.n < worth_giving(r))
        return;
    last = r->body_done;
    r->streaming = false;
    r->last_given = last;
    if (r->spool) {
        spool_write(r->spool, &r->body);
        return;
    }
    piece = r->body; /* the application may call net_more() before it returns */
    buf_init(&r->body, piece.max);
    c->s->cfg.ops.body(c->s->cfg.ctx, conn_id(c), buf_slice(&piece), last);
    buf_finish(&piece);
}

static void hold_body(struct conn *c)
{
    struct request *r = c->req;

    if (r->held_since || r->answered || c->hang)
        return;
    r->held_since = net_now(c->s);
    conn_watch(c, r->held_since + c->s->cfg.answer_timeout_ms); /* now it is the application that must move */
    hold(c);
}

static void stream(struct conn *c)
{
    struct request *r = c->req;

    give(c);
    if (r->body_done && r->last_given) {
        if (!r->answered && !c->hang) {
            c->state = CONN_WAIT;
            conn_watch(c, net_now(c->s) + c->s->cfg.answer_timeout_ms);
            hold(c);
        }
    } else if (!r->streaming)
        hold_body(c);
}

void request_body(struct conn *c, const void *p, size_t n)
{
    struct request *r = c->req;

    if (!r || !n)
        return;
    c->s->figures.bytes_in += n;
    r->received += (int64_t)n;
    if (r->answered) { /* thrown away, so that the answer is not */
        if (r->received >= r->content_length && c->state == CONN_LINGER)
            conn_hang_up(c);
        return;
    }
    if (r->received > r->content_length || c->state != CONN_BODY) {
        conn_kill(c);
        return;
    }
    r->body_done = r->received == r->content_length;
    buf_add(&r->body, (struct slice){ p, n });
    if (!buf_ok(&r->body))
        answer_problem(c, 503, "Out of memory.");
    else if (r->at_door)
        hold(c);
    else if (r->mode == NET_BODY_STREAM)
        stream(c);
    else if (r->body_done)
        ask(c, buf_slice(&r->body));
}

/* Its turn has come, if it has. */
static void ask_spooled(struct conn *c)
{
    struct request *r = c->req;
    struct slice body;

    if (r->answered || c->hang || !c->wsi || !spool_take(r->spool, &body))
        return;
    if (!body.p) {
        answer_problem(c, 503, "Out of memory.");
        spool_next(c->s);
        return;
    }
    r->head.spool = r->spool;
    r->spool = NULL;
    ask(c, body);
}

void request_more(struct conn *c)
{
    struct request *r = c->req;

    if (r && r->spool && !r->answered && spool_whole(r->spool)) {
        spool_wait(r->spool);
        spool_next(c->s);
    } else
        net_more(c->s, conn_id(c));
}

void net_more(struct net_server *s, uint64_t req)
{
    struct conn *c = conn_find(s, req);
    struct request *r = c ? c->req : NULL;

    if (!r || r->mode != NET_BODY_STREAM || r->last_given || r->answered || c->hang || !c->wsi)
        return;
    r->streaming = true;
    if (r->body.n >= worth_giving(r) ||
        r->body_done) { /* something waits: it is given at the end of the turn, not under the caller's feet */
        conn_dirty(c);
        return;
    }
    if (r->held_since) { /* the time that we were not reading is not the peer's */
        r->body_deadline += net_now(s) - r->held_since;
        r->held_since = 0;
        conn_watch(c, r->body_deadline);
        lws_rx_flow_control(c->wsi, 1);
    }
}

/* At the end of a turn: what net_more() asked for, or the turn of a body in a file. */
void request_resume(struct conn *c)
{
    if (c->req && c->req->spool && c->state == CONN_WAIT)
        ask_spooled(c);
    else if (c->req && c->req->mode == NET_BODY_STREAM && c->state == CONN_BODY)
        stream(c);
}

/* ---- Time ---- */

void request_timeout(struct conn *c)
{
    struct request *r = c->req;

    if (c->state == CONN_WAIT || (c->state == CONN_BODY && r && r->held_since)) {
        net_log(c->s, 2, "event=timeout what=answer request=%llx", (unsigned long long)conn_id(c));
        answer_problem(c, 503, "The answer took too long.");
        return;
    }
    c->s->figures.slow++;
    if (c->state == CONN_BODY && r && !r->answered)
        answer_problem(c, 408, "The body took too long.");
    else
        conn_kill(c);
}
