/* api.h: what is behind HTTP: resources for console, review and other systems, pages, hooks, and the gate of the two sockets.
 *
 * A request becomes a turn: an arena with a copy of all that came. A turn is answered once, now or later; when the other side has gone
 * the answer is dropped. Errors are RFC 9457 problem documents. */
#ifndef KF_API_API_H
#define KF_API_API_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/permit.h"
#include "desk/desk.h"
#include "net/server.h"

#include <jansson.h>

struct api;
struct config;

struct api_config {
    const struct ports *ports;
    struct desk *desk;
    struct session *session;
    const struct config *cfg;
    /* Runs `run` on a worker, then `after` on the loop. */
    void (*work)(void *ctx, void (*run)(void *arg), void (*after)(void *arg), void *arg);
    /* What the operator's commands need of the daemon itself; all on the loop. */
    struct store *store;
    struct live *live;
    enum kf_rc (*reload)(void *ctx, struct kf_err *why);
    void *ctx;
    void (*log)(int level, const char *line);
};

struct api *api_new(const struct api_config *cfg);
void api_free(struct api *api);
/* Before any request: the server that answers go to. */
void api_attach(struct api *api, struct net_server *server);
struct net_ops api_net_ops(struct api *api);
/* How long the configuration says that things are kept. */
struct housekeeping api_housekeeping(const struct config *cfg, int64_t now);

/* ---- for the resources (api/ *.c) ---- */

struct turn;

struct net_server *api_server(struct api *api);

#define TURN_SEGMENTS 4

/* These two take more than other resources: limits.site_set. */
void sets_put(struct turn *t);
void sites_post(struct turn *t);
/* Where bots say something: how much they may send. False, and `max` is not touched: as much as anybody. */
void agentbot_says(struct turn *t);
bool agentbot_admits(struct api *api, const struct net_head *head, int64_t *max);

struct turn {
    struct api *api;
    uint64_t req;
    struct arena *arena;
    const char *method, *path;
    const struct http_pair *query, *headers;
    size_t n_query, n_headers;
    struct slice body;
    struct net_spool *spool; /* where the body lies, NULL: in the arena */
    bool knocks;             /* the body stands outside: net_admit() lets it in, any other answer does not */
    struct net_peer peer;
    struct slice segment[TURN_SEGMENTS]; /* what the '*' of the route stand for */
    const struct route_entry *route;

    /* Who asks, once the gate has let it through. */
    bool op;             /* kefuctl, over the control socket */
    struct kf_id person; /* zero for op; a program's is that of its key */
    struct member *key;  /* a program with an API key; NULL: a person, or op */
    uint8_t session_hash[32];
    char csrf[65];

    /* A resource's own state while it waits. */
    void *state;
    struct turn *next_ended;
};

enum gate {
    GATE_OPEN,   /* anybody */
    GATE_STAFF,  /* signed in; unsafe methods with the CSRF token */
    GATE_OP,     /* the control socket */
    GATE_EITHER, /* signed in, or the control socket */
    /* The same, and programs with an API key: what they may is asked of permit() in every case, with turn_member(). */
    GATE_STAFF_KEY,
    GATE_EITHER_KEY
};

struct route_entry {
    const char *method, *path; /* a '*' stands for one segment */
    enum gate gate;
    void (*handle)(struct turn *t);
};

/* Each file of resources has one table, ended by a NULL method. */
#define ROUTES(name) extern const struct route_entry routes_##name[];
#include "api/routes.def"
#undef ROUTES

struct ports *turn_ports(struct turn *t);
struct desk *turn_desk(struct turn *t);
const struct api_config *turn_config(struct turn *t);
/* Answers and ends the turn, which may be looked at until its holder returns to the loop, and not after. `b` is a JSON object or array. */
void turn_json(struct turn *t, int status, const struct buf *b);
void turn_jansson(struct turn *t, int status, json_t *root); /* takes a reference */
void turn_empty(struct turn *t, int status);
/* For what calls back with a verdict alone, `ctx` the turn: 204, or the problem. */
void turn_done(void *ctx, enum kf_rc rc, const struct kf_err *why);
void turn_answer(struct turn *t, const struct net_answer *a);
/* The same for who has answered by other means, or need not any more. */
void turn_end(struct turn *t);
void turn_problem(struct turn *t, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same with a word of its own for programs. */
void turn_problem_as(struct turn *t, int status, const char *code, const char *words);
/* Of a file of so many bytes a part was asked for that lies outside. */
void turn_beyond(struct turn *t, int64_t size);
/* The problem that `rc` is, with the words of `why` (may be NULL). */
void turn_fail(struct turn *t, enum kf_rc rc, const struct kf_err *why);
/* The body as a JSON object (strict, 16 levels), or NULL: answered with 400. */
json_t *turn_body(struct turn *t);
/* What the body says under that name: true or false (not there: false), a list (not there: none), a text (not there: ""). Of another type:
 * false, and answered with 400, so that nothing that was asked for is passed over in silence. */
bool turn_flag(struct turn *t, const json_t *body, const char *name, bool *ret);
bool turn_list(struct turn *t, const json_t *body, const char *name, const json_t **ret);
bool turn_text(struct turn *t, const json_t *body, const char *name, const char **ret);
/* A query value, or one header; empty with p == NULL if there is none. */
struct slice turn_query(const struct turn *t, const char *name);
struct slice turn_header(const struct turn *t, const char *name);
/* A query value that is 1, or 0 like none at all; else false, and answered with 400. */
bool turn_query_flag(struct turn *t, const char *name, bool *ret);
/* The site of that name, "" the only one; borrowed; NULL: there is none. */
struct site *site_named(const struct api *api, struct slice name);
/* The channel whose hook has this key, and its site; NULL: none, or it is switched off. hooks.c. */
const struct site_channel *hook_channel(struct desk *d, struct slice key, struct site **site);
/* The site of ?site= (none: the only one) and who the asker is there; NULL: answered with 404 or 403. For op `*member` is NULL. */
struct site *turn_site(struct turn *t, const struct member **member);
/* A question about that site; NULL, answered with 500, when memory is out. Of no site (it was answered) NULL. */
struct query *turn_asks(struct turn *t, const struct site *site, enum query_kind kind);
/* Who the asker is at that site, a person or a program: what permit() asks. NULL: nobody. */
const struct member *turn_member(struct turn *t, const struct kf_key *site);
/* Whoever acts, for a change. */
struct actor turn_actor(struct turn *t, struct change *c);
/* Tells which key asks: `done` once with its member (in the turn's arena) in t->key, or the turn has been answered. False: no key was
 * sent. keys.c. */
bool turn_key(struct turn *t, void (*done)(struct turn *t));
/* Answers 401 to a key that opens nothing, or 429: each counts like a bad password. */
void turn_refuse_key(struct turn *t);
/* The value of a cookie, or empty. */
struct slice cookie_value(struct slice header, const char *name);
/* The origin from which files are fetched, where it is another one than ours; NULL: none. And: does this request come to it? */
const char *files_elsewhere(const struct api *api);
bool turn_at_files_origin(const struct turn *t);
/* Is this Origin one of ours? */
bool origin_ours(const struct api *api, struct slice origin);
/* Of the session that the request names, by cookie or as a bearer; false: none. */
bool turn_session_hash(const struct turn *t, uint8_t ret[32]);
/* SHA-256 of a session's cookie. */
bool session_hash(struct slice cookie, uint8_t ret[32]);

#define PROTOCOL_VISITOR "kefu.visitor.v1"
#define PROTOCOL_STAFF   "kefu.agent.v1"
#define KEY_BEARER       "Bearer kfk_"
#define COOKIE_STAFF     "__Host-kefu_s"
#define COOKIE_VISITOR   "__Host-kefu_v"

#endif
