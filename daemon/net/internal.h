/* internal.h: what the files of the server share. Nobody outside daemon/net/ includes it.
 *
 *   listen.c   sockets come in, are counted and given to libwebsockets
 *   head.c     what a request's head says, and whether it may
 *   request.c  the life of an HTTP request
 *   spool.c    large bodies in files
 *   answer.c   what an answer looks like and how it leaves
 *   socket.c   the life of a WebSocket
 *   tls.c      the certificate
 *   server.c   the rest: opening, closing, draining, the table of connections, time limits
 *
 * Two rules keep the callbacks simple. (1) The application is told that a connection has ended, and a connection is freed, only
 * in turn_end(), which runs once a loop turn outside all callbacks of libwebsockets. (2) Whoever wants a connection closed says
 * conn_hang_up() or conn_kill(); if a callback for it is running, that returns -1, else turn_end() sees to it. */
#ifndef KF_NET_INTERNAL_H
#define KF_NET_INTERNAL_H

#include "core/address.h"
#include "core/arena.h"
#include "core/buf.h"
#include "net/server.h"

#include <libwebsockets.h>
#include <uv.h>

enum {
    LINGER_MS = 5000,          /* how long we go on reading after an early answer, and wait for the echo of a close frame */
    ANSWER_MS = 60000,         /* the application's time to answer, unless the config says otherwise */
    BODY_RATE = 8192,          /* bytes a second that a body and an answer must make on average, beyond their first grace */
    ACCEPT_BURST = 64,         /* per listener and turn */
    PRECONNECT_MS = 500,       /* when draining: how long a connection may still bring its request */
    EMFILE_PAUSE_MS = 100,     /* how long a listener rests when descriptors are out */
    OVERFLOW_CONNECTIONS = 64, /* beyond a limit, so many are still let in to be told 429 or 503 */
    WHEEL = 16,                /* slots of the ping wheel */
    SCRATCH = 65536,           /* frames joined into one write */
    FRAME_COST = 32,           /* what a queued frame costs besides its bytes */
    PIECE_MAX = 65536
};

/* ---- Frames: frame.c ---- */

struct net_frame {
    int refs;
    uint8_t head; /* bytes of the WebSocket frame header before the text */
    uint32_t n;   /* header and text */
    unsigned char bytes[];
};

enum { OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9 };
struct net_frame *frame_new(int opcode, struct slice payload);

struct queue {
    struct net_frame **ring; /* `few`, or on the heap */
    uint32_t at, n, cap;     /* cap is a power of two */
    size_t bytes;            /* with FRAME_COST for each */
    struct net_frame *few[4];
};
void queue_init(struct queue *q);
void queue_clear(struct queue *q);
bool queue_push(struct queue *q, struct net_frame *f); /* takes a reference of its own */
void queue_pop(struct queue *q);
static inline struct net_frame *queue_at(const struct queue *q, uint32_t i)
{
    return q->ring[(q->at + i) & (q->cap - 1)];
}

/* ---- Connections ---- */

enum conn_state {
    CONN_HEAD,    /* TLS hello and headers are awaited */
    CONN_BODY,    /* a request's body is coming */
    CONN_WAIT,    /* the application has the request */
    CONN_ANSWER,  /* the answer is leaving */
    CONN_LINGER,  /* answered before the body was read; what comes is thrown away, so that no reset overtakes the answer */
    CONN_UPGRADE, /* 101 was granted, libwebsockets is shaking hands */
    CONN_OPEN,    /* a WebSocket */
    CONN_CLOSING, /* our close frame is queued or sent */
    CONN_DEAD     /* the application has forgotten it, libwebsockets not yet */
};

enum conn_hang { HANG_NO, HANG_POLITE, HANG_HARD };

struct pump; /* watches a socket for room: answer.c */

struct request {
    struct net_server *s;
    enum net_body mode;
    bool head_only; /* HEAD */
    bool secure;
    bool at_door; /* ops.knock() has run, and neither net_admit() nor an answer has followed */
    bool may_spool;
    bool asked;     /* ops.request() has run: the application knows the number */
    bool answered;  /* net_answer() or net_answer_begin() has run, or we answered ourselves */
    bool ours;      /* we answered what the application had been asked */
    bool finished;  /* all of the answer has left */
    bool body_done; /* all of the body has come */
    bool streaming; /* a piece may be given to ops.body() */
    bool last_given;
    int64_t content_length, received, max;
    int64_t reserved;                  /* of net_config.bodies_max */
    int64_t body_deadline, held_since; /* held_since: when we stopped reading; 0 not */
    struct arena *arena;               /* of the head; NULL once request() has returned */
    struct net_head head;
    struct buf body;         /* WHOLE: all so far; STREAM: what came while no piece was wanted */
    struct net_spool *spool; /* its body goes there, piece by piece as with STREAM; NULL: not, or the application has it */
    /* The answer */
    struct buf out;
    size_t out_at;
    int64_t pull_left; /* bytes that the application still owes */
    bool pulling;      /* pull() was called, net_piece() has not answered it */
    bool sending;      /* answer_send() is on the stack */
    int64_t answer_started, answer_size;
    struct pump *pump;
};

struct conn {
    struct net_server *s;
    struct lws *wsi;          /* NULL once libwebsockets has let go */
    struct conn *prev, *next; /* in the list of watched ones, or in a slot of the wheel */
    struct conn **list;       /* which one */
    struct conn *next_dirty, *next_ended;
    int64_t deadline; /* of the watched */
    uint32_t index, gen;
    uint8_t state; /* enum conn_state */
    uint8_t quiet; /* half ping intervals without a byte */
    bool tls, unix_socket, control;
    bool counted; /* in the tally, under `address` */
    bool excess;  /* came beyond a limit, only to be told so */
    bool proxied; /* the socket's own peer is a listed proxy */
    bool inside;  /* a callback of libwebsockets for it is running */
    uint8_t hang; /* enum conn_hang: what is wanted */
    bool hung;    /* libwebsockets has been asked for it */
    bool lost;    /* libwebsockets is taking it down: its calls are forbidden */
    bool socket;  /* ops.upgrade() said 101 */
    bool opened;  /* ops.open() has run */
    bool dirty, ended, told;
    unsigned uid;
    struct address address; /* the socket's own peer */
    void *user;             /* of a WebSocket */
    struct request *req;    /* of an HTTP request */
    struct queue q;
    struct buf *rx; /* a message that comes in pieces */
};

struct listener {
    uv_poll_t poll; /* its data is the listener */
    uv_timer_t pause;
    struct net_server *s;
    int fd;
    bool tls, unix_socket, control, polled;
    int64_t complained_at;
    char *path; /* of a unix socket, to unlink */
    char text[128];
};

struct slot {
    struct conn *c;
    uint32_t gen;
    uint32_t next_free;
};

struct net_server {
    struct net_config cfg; /* strings are copies in `arena` */
    struct arena *arena;
    uv_loop_t *loop;
    struct lws_context *lws;
    struct lws_vhost *plain, *secure;
    struct conn *adopting;
    struct lws_protocols protocols[4];
    struct tls_store *tls;
    struct listener *listeners; /* an array that never moves */
    size_t n_listeners;
    struct network *proxies;
    size_t n_proxies;
    bool proxy_unix;
    struct tally *tally;

    struct slot *slots;
    uint32_t n_slots, free_slot; /* free_slot: index + 1, 0 none */
    uint32_t n_conns, n_excess, n_exempt;

    struct conn *watched; /* everything that has a deadline */
    struct conn *wheel[WHEEL];
    unsigned wheel_at;
    struct conn *dirty, *ended;

    uv_prepare_t turn;
    uv_idle_t awake; /* while something waits for turn_end(), the loop must not sleep */
    uv_timer_t tick, wheel_timer, drain_timer;
    unsigned tick_ms;
    int handles; /* of ours that are not closed yet */
    bool draining, closing;

    int64_t drain_limit, drain_started;
    int drain_spread;
    uint32_t drain_at, drain_total;
    void (*drained)(void *ctx);
    void *drained_ctx;

    time_t date_at;
    char date[40];
    unsigned char *scratch;
    int64_t bodies;  /* reserved of cfg.bodies_max */
    int64_t spooled; /* likewise, of cfg.spool_max */
    int n_spools;
    struct net_spool *ready; /* bodies that are whole, in their order */
    struct net_spool *taken; /* the one that the application has */
    struct net_figures figures;
};

/* ---- server.c ---- */
static inline uint64_t conn_id(const struct conn *c)
{
    return (uint64_t)c->gen << 32 | c->index;
}
struct conn *conn_find(const struct net_server *s, uint64_t id); /* NULL: gone */
struct conn *conn_new(struct net_server *s);
void conn_watch(struct conn *c, int64_t deadline);
void conn_unwatch(struct conn *c); /* leaves whatever list it is in */
void conn_link(struct conn *c, struct conn **list);
void conn_hang_up(struct conn *c);   /* what was written still leaves */
void conn_kill(struct conn *c);      /* at once */
void conn_end(struct conn *c);       /* the application shall hear of its end; idempotent */
void conn_dirty(struct conn *c);     /* has frames to write at the end of the turn */
void conn_excess(struct conn *c);    /* it came beyond a limit */
void conn_no_excess(struct conn *c); /* there is room for it, after all */
void conn_uncount(struct conn *c);
void net_log(const struct net_server *s, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static inline int64_t net_now(const struct net_server *s)
{
    return (int64_t)uv_now(s->loop);
}

/* ---- listen.c ---- */
enum kf_rc listen_open(struct net_server *s, struct kf_err *why);  /* the sockets */
enum kf_rc listen_start(struct net_server *s, struct kf_err *why); /* and their place in the loop */
void listen_stop(struct net_server *s);                            /* accepts what already waits, then closes */

/* ---- head.c ---- */
struct refusal {
    int status; /* 0: none */
    const char *detail;
};
/* Reads all of the head into `arena`. False: `no` says why it cannot be served. */
bool head_read(struct conn *c, struct lws *wsi, struct arena *arena, struct net_head *ret, struct refusal *no);
/* May this connection, or this client, be served at all? Looks at the limits. */
bool head_admits(struct conn *c, const struct net_head *head, bool staff, struct refusal *no);

/* ---- request.c ---- */
struct request *request_new(struct conn *c); /* NULL: no memory */
void request_begin(struct conn *c, struct lws *wsi);
void request_body(struct conn *c, const void *p, size_t n);
void request_free(struct request *r);
/* Its body is not held any more: there is room for others. */
void request_release(struct request *r);
void request_resume(struct conn *c); /* what net_more() put off */
void request_timeout(struct conn *c);
void request_more(struct conn *c); /* a piece of its body was taken, the next one may come */

/* ---- spool.c ---- */
/* A file for `size` bytes. NULL: there is no room for it. */
struct net_spool *spool_new(struct conn *c, int64_t size);
/* Takes what is in `piece`; request_more() when it is written. One at a time. */
void spool_write(struct net_spool *sp, struct buf *piece);
bool spool_whole(const struct net_spool *sp);
/* It is whole: into the queue. */
void spool_wait(struct net_spool *sp);
/* False: others are before it. Else the application has it from now on, if there are bytes in `ret`: {NULL, 0} they cannot be had. */
bool spool_take(struct net_spool *sp, struct slice *ret);
/* Wakes the next one, if there is one and nobody has one. */
void spool_next(struct net_server *s);
void spool_drop(struct net_spool *sp); /* the request is gone; takes NULL */
/* The server is about to go: what the application still has does without it. */
void spool_forsake(struct net_server *s);

/* ---- answer.c ---- */
/* A problem document (RFC 9457) of our own. */
void answer_problem(struct conn *c, int status, const char *detail);
/* The same to what libwebsockets has not taken for a request, and what ends with it: written past it, as far as it goes at once. */
void answer_last(struct conn *c, struct lws *wsi, int status, const char *detail);
void answer_send(struct conn *c); /* as much as goes; then closes, or asks for more */
void pump_close(struct request *r);

/* ---- socket.c ---- */
void socket_upgrade(struct conn *c, struct lws *wsi); /* may set c->hang */
int socket_event(struct conn *c, enum lws_callback_reasons reason, void *in, size_t len);
void socket_flush(struct conn *c);
void socket_close(struct conn *c, int code, const char *reason);
void socket_wheel(uv_timer_t *timer);

/* ---- tls.c ---- */
struct tls_store;
enum kf_rc tls_open(struct tls_store **ret, const char *certificate, const char *key, struct kf_err *why);
enum kf_rc tls_reload(struct tls_store *t, struct kf_err *why);
void tls_configure(struct tls_store *t, void *ssl_ctx);
void tls_free(struct tls_store *t);

#endif
