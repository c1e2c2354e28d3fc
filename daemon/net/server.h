/* server.h: HTTP and WebSocket for browsers, platforms and kefuctl. Moves bytes within limits; does not know what they mean.
 *
 * Connections and requests are named by numbers that are never used twice; a call with one that is gone does nothing. One
 * thread, on the loop it was given. libwebsockets 4.1.6 carries it; the guards that it needs are in server.c and explained there. */
#ifndef KF_NET_SERVER_H
#define KF_NET_SERVER_H

#include "core/http.h"
#include "core/rc.h"

#include <stddef.h>
#include <stdint.h>

struct net_server;
struct net_spool;
struct uv_loop_s;

/* Who is at the other end. */
struct net_peer {
    char address[46]; /* "" on a unix socket; from X-Forwarded-For when a listed proxy says so */
    bool secure;      /* TLS here, or a listed proxy says https */
    bool loopback;    /* the socket's own peer is loopback and no proxy stands between */
    bool local;       /* came over the control socket; uid holds */
    unsigned uid;
};

/* What is known before the body is read. Borrowed. */
struct net_head {
    const char *method;
    const char *path; /* decoded */
    const struct http_pair *query;
    size_t n_query;
    const struct http_pair *headers; /* those that have a meaning to anybody here: see server.c */
    size_t n_headers;
    int64_t content_length; /* 0 none */
    bool no_length;         /* POST, PUT or PATCH that does not say how long its body is */
    struct net_peer peer;
    struct net_spool *spool; /* the body lies in a file: it is yours until net_spool_free(), whatever becomes of the request. NULL: not */
};

/* A piece of memory that any number of sockets may be sending. */
struct net_frame;                                   /* text of one WebSocket message, or the body of an answer */
struct net_frame *net_frame_new(struct slice text); /* copies; one reference; NULL: out of memory */
struct net_frame *net_frame_ref(struct net_frame *f);
void net_frame_unref(struct net_frame *f);
struct slice net_frame_text(const struct net_frame *f);

struct net_answer {
    int status;
    const char *type;                /* Content-Type, NULL for none */
    const struct http_pair *headers; /* more of them */
    size_t n_headers;
    struct slice body; /* copied */
};

enum net_body {
    NET_BODY_NONE,  /* refuse: answer `status` */
    NET_BODY_WHOLE, /* collect up to `max` bytes, then request() */
    NET_BODY_STREAM /* request() at once with an empty body, then body() for each piece, the last with last=true */
};

struct net_admission {
    enum net_body body;
    int64_t max;        /* more: 413 */
    int status;         /* NET_BODY_NONE */
    const char *reason; /* words for the problem document */
    bool spool;         /* NET_BODY_WHOLE: a large one goes to a file meanwhile, see net_config.spool_dir */
    bool knock;         /* with `spool`: before any of a large one is taken, knock() is called */
    bool unread;        /* the answer does not depend on the body: it need not say how long it is. Else 411 */
};

struct net_ops {
    /* Before the body. May not answer itself. */
    void (*admit)(void *ctx, const struct net_head *head, struct net_admission *ret);
    /* A large body stands outside, and only its head is known: now or later either net_admit(), after which request() comes as ever, or
     * net_answer(), and none of it is read. */
    void (*knock)(void *ctx, uint64_t req, const struct net_head *head);
    /* The request; `body` is borrowed. Answer now or later with net_answer(). */
    void (*request)(void *ctx, uint64_t req, const struct net_head *head, struct slice body);
    /* NET_BODY_STREAM only. Flow control: no further piece comes before net_more(). */
    void (*body)(void *ctx, uint64_t req, struct slice piece, bool last);
    /* The other side went away before the answer. */
    void (*gone)(void *ctx, uint64_t req);
    /* A pull of a large body: give the next piece with net_piece(). */
    void (*pull)(void *ctx, uint64_t req);

    /* WebSocket upgrade of `protocol` (one of net_config.protocols) at `path`: 101 if this returns 101, else that status with
     * `reason`. `user` is kept with the connection. */
    int (*upgrade)(void *ctx, const struct net_head *head, const char *protocol, const char **reason, void **user);
    void (*open)(void *ctx, uint64_t conn, void *user);
    void (*message)(void *ctx, uint64_t conn, void *user, struct slice text); /* whole, valid UTF-8, within the limit */
    void (*closed)(void *ctx, uint64_t conn,
                   void *user); /* once, after open(); or after upgrade() returned 101 and open() never came: conn is 0 */
};

struct net_config {
    const char *const *listen; /* "127.0.0.1:8080", "[::1]:0", "unix:/path" (never TLS), "fd:3" (a listening socket from outside) */
    size_t n_listen;
    const char *control;           /* path of the control socket (0600), NULL none */
    const char *certificate, *key; /* files; NULL: plain */
    const char *const *proxies;    /* addresses and networks that may speak X-Forwarded-*; "unix": whoever comes over a unix listener */
    size_t n_proxies;
    const char *const *hosts; /* names that Host may have, lower case, without port; n_hosts 0: any. Loopback names are always right */
    size_t n_hosts;
    const char *const *headers; /* names, lower case, that net_head shall carry besides those listed in head.c */
    size_t n_headers;
    const char *visitor_protocol, *staff_protocol; /* the two subprotocols */
    const char *visitor_path, *staff_path;
    int connections_per_address, connections_max;
    int header_timeout_ms, body_timeout_ms;
    int answer_timeout_ms; /* the application's time to answer; 0: 60 s */
    int64_t
        bodies_max; /* bytes of NET_BODY_WHOLE at once, over all requests that are not answered; small ones do not count. Beyond it: 503.
                         * One alone is taken whatever its size. 0: no bound */
    /* Bodies of more than 256 KiB whose admission says `spool` do not count there: they come into files that have no names, in this folder, and
     * the application has one of them at a time. So much of them at once, and one alone whatever its size; beyond it: 503. NULL: none do. */
    const char *spool_dir;
    int64_t spool_max;
    size_t message_max; /* of a WebSocket message */
    size_t send_queue_max;
    int ping_ms;
    struct net_ops ops;
    void *ctx;
    void (*log)(int level, const char *line);
};

/* Lowers the soft limit of descriptors where it is far above what `connections_max` needs: libwebsockets makes tables of that size.
 * KF_INVALID, KF_IO: a setting cannot be used, `why` names it; nothing is left on the loop then. */
enum kf_rc net_server_open(struct net_server **ret, struct uv_loop_s *loop, const struct net_config *cfg, struct kf_err *why);
/* The first listener's real address: "127.0.0.1:41234". */
const char *net_server_address(const struct net_server *s);
/* New certificate from the same files; the old one stays on failure. */
enum kf_rc net_server_reload_tls(struct net_server *s, struct kf_err *why);
/* Stops listening, closes sockets with 1012 spread over `spread_ms`, lets requests finish until `limit_ms`; then calls `done`. */
void net_server_drain(struct net_server *s, int spread_ms, int limit_ms, void (*done)(void *ctx), void *ctx);
/* Begins to close everything (not from inside a callback of net_ops); the loop must run until its handles are gone, then
 * net_server_free() on the quiet loop. */
void net_server_close(struct net_server *s);
void net_server_free(struct net_server *s);

/* ---- HTTP ----
 * The first answer counts. Unless its own headers say otherwise it carries nosniff, no-referrer, no-store, a policy that allows
 * nothing, same-origin for those who embed it, and over TLS Strict-Transport-Security. A request not answered within answer_timeout_ms is
 * answered 503 and reported gone. */
void net_answer(struct net_server *s, uint64_t req, const struct net_answer *a);
/* A large body of `total` bytes: `a->body` is ignored, pieces follow on pull(). */
void net_answer_begin(struct net_server *s, uint64_t req, const struct net_answer *a, int64_t total);
void net_piece(struct net_server *s, uint64_t req, struct slice piece); /* copied; not empty, and never more than is owed */
void net_answer_abort(struct net_server *s, uint64_t req);              /* the rest will not come: hang up */
void net_more(struct net_server *s, uint64_t req);
/* After knock(): the body may come in. */
void net_admit(struct net_server *s, uint64_t req);
/* The body of a request that came with head.spool is not needed any more, and the next one may come. Takes NULL. */
void net_spool_free(struct net_spool *spool);
/* The answer is being made, a part of it was done just now: the time to answer begins anew. For whoever makes a large one in bounded steps. */
void net_answer_working(struct net_server *s, uint64_t req);
/* Has whoever asked hung up? Until a request is answered nothing is read, so nobody tells: for whoever makes a large answer, and would rather
 * not go on. */
bool net_hung_up(struct net_server *s, uint64_t req);

/* ---- WebSocket ---- */
/* Queues a reference. A socket whose queue is over the limit is closed with 1013. */
void net_send(struct net_server *s, uint64_t conn, struct net_frame *f);
void net_close(struct net_server *s, uint64_t conn, int code, const char *reason);
size_t net_queued(const struct net_server *s, uint64_t conn);

struct net_figures {
    uint64_t connections, sockets, requests, frames_in, frames_out, bytes_in, bytes_out, refused, slow;
    int64_t bodies;  /* held of bodies_max */
    int64_t spooled; /* likewise of spool_max */
};
void net_figures(const struct net_server *s, struct net_figures *ret);

#endif
