/* live.h: what can be rebuilt: waiting lists, connections, load, reservations, hints. In Redis, or nowhere.
 *
 * Ids, numbers and times only: no text, no names. It never decides what is true: each reservation carries the conversation's
 * epoch, and the store commits only if that still fits. While Redis is away every call answers KF_AGAIN; while it is empty,
 * KF_CONFLICT with "unready" until the lease holder has rebuilt it. C decides, Lua checks and commits.
 *
 * All keys: kefu:{SITE}:…; the scripts (*.lua here) are their only writers. One thread, on the loop it was given. */
#ifndef KF_LIVE_LIVE_H
#define KF_LIVE_LIVE_H

#include "core/conv.h"
#include "core/person.h"
#include "core/rc.h"

#include <stddef.h>
#include <stdint.h>

struct live;
struct uv_loop_s;

struct live_config {
    const char *url;              /* "unix:/path/redis.sock", "redis://[user:password@]host:port"; NULL: start a private redis-server */
    const char *password;         /* overrides the one in the url; NULL none */
    const char *state_dir;        /* where the private server's socket and configuration go */
    const char *server;           /* the program; NULL: "redis-server" */
    int64_t (*now_ms)(void *ctx); /* the clock whose time the scripts get */
    void *now_ctx;
    struct kf_id node; /* names our connections */
    /* The link came up (again): Redis may be empty. Went down: until then nothing was lost that counts. */
    void (*changed)(void *ctx, bool up);
    /* Another node says: look at this conversation (conv not zero), or run a route pass for the site (conv zero). May be lost. */
    void (*hint)(void *ctx, const struct kf_key *site, const struct kf_id *conv, int64_t seq);
    void *ctx;
    void (*log)(int level, const char *line);
};

/* A Redis that is away is no failure: it is tried again for ever. A private server that cannot be started is one, and the words say
 * what to do. The private server dies with the thread that calls this. All strings of `cfg` but state_dir and server may go. */
enum kf_rc live_open(struct live **ret, struct uv_loop_s *loop, const struct live_config *cfg, struct kf_err *why);
/* Pending calls are answered with KF_AGAIN inside; handles are closed on the loop, which must still run once. Takes NULL. The
 * private server ends with it. Not from inside one of its callbacks. */
void live_close(struct live *l);
bool live_up(const struct live *l);
int live_server_pid(const struct live *l); /* of the private server; 0 none */

/* Runs once, later. `why` is NULL on success. */
typedef void live_done(void *ctx, enum kf_rc rc, const struct kf_err *why);

/* KF_CONFLICT with these words: the site has to be rebuilt (live_reset) by whoever holds its lease. */
#define LIVE_UNREADY "unready"
static inline bool live_unready(enum kf_rc rc, const struct kf_err *why)
{
    return rc == KF_CONFLICT && why && strcmp(why->text, LIVE_UNREADY) == 0;
}

/* ---- the lease holder's -------------------------------------------------------------------------------------------- */

/* All calls of the holder carry the epoch of its lease; a holder that has been replaced is told KF_CONFLICT. */

/* Rebuilding: forget everything of the site but connections, then load, then ready. */
void live_reset(struct live *l, const struct kf_key *site, int64_t lease_epoch, live_done *done, void *ctx);
void live_ready(struct live *l, const struct kf_key *site, int64_t lease_epoch, live_done *done, void *ctx);

/* Reserves a place of `agent` for `conv`: KF_CONFLICT unless the conversation waits under `epoch`, the agent is online and
 * connected and has a free place (load < capacity). Takes it from the waiting list. The reservation ends by itself after `hold_ms`. */
void live_reserve(struct live *l, const struct kf_key *site, int64_t lease_epoch, const struct kf_id *conv, int64_t epoch,
                  const struct kf_id *agent, int64_t hold_ms, live_done *done, void *ctx);

struct live_waiting {
    struct kf_id conv;
    struct kf_key queue;
    int64_t epoch, effective;
    int64_t since;       /* in this queue */
    struct kf_id prefer; /* the last agent, zero none */
    int weight;          /* places that it takes */
    struct kf_key channel;
    char language[16]; /* the visitor's locale in lower case, "" unknown */
};

struct live_refusal {
    struct kf_id conv, agent;
    int64_t until;
    bool handed; /* it was not refused, but handed to a queue by that agent */
};

struct live_agent {
    struct kf_id id;
    enum presence presence;
    bool connected;     /* seen within the heartbeat time on some node */
    int64_t gone_since; /* not connected since then (Redis' knowledge); 0 while connected */
    int capacity, load; /* load: reserved + offered + served + wrapping up */
    int64_t idle_since; /* when it last got or ended one */
    int64_t handled;    /* how many since ready: the last tie-break but the id */
};

/* What a route pass looks at: the first `limit` waiting by effective time over all queues, and all agents of the site. */
struct live_view {
    const struct live_waiting *waiting;
    size_t n_waiting;
    int64_t total_waiting;
    const struct live_agent *agents; /* by id */
    size_t n_agents;
    const struct live_refusal *refusals; /* that still hold */
    size_t n_refusals;
};
/* `view` lives until the callback returns; NULL on failure. */
typedef void live_viewed(void *ctx, enum kf_rc rc, const struct live_view *view, const struct kf_err *why);
void live_look(struct live *l, const struct kf_key *site, int limit, live_viewed *done, void *ctx);

/* ---- anybody's: telling Redis what the store has committed (idempotent, an older epoch is ignored) ------------------ */

/* Who is answered with anything but KF_OK and KF_CONFLICT need not repeat it: the site is then doubted, that is, unready as soon as
 * Redis can be told, and its holder rebuilds it. */

/* What the conversation is now: waiting → into the list of its queue; offered, served, wrapping up → one place of its person; else
 * → nowhere. The one way in which a conversation's place and list membership change, but for live_reserve(). */
void live_put(struct live *l, const struct conv *c, live_done *done, void *ctx);
/* The agent would not have the conversation, let it pass, or has handed it to a queue, and is not asked again before `until`. Any node's,
 * remembered for all. */
void live_refuse(struct live *l, const struct kf_key *site, const struct kf_id *conv, const struct kf_id *agent, int64_t until, bool handed,
                 live_done *done, void *ctx);
/* Position (from 1) of a waiting conversation among those of its queue, 0 if it does not wait, and the length of that list. */
typedef void live_position_done(void *ctx, enum kf_rc rc, int64_t position, int64_t length, const struct kf_err *why);
void live_position(struct live *l, const struct kf_key *site, const struct kf_key *queue, const struct kf_id *conv,
                   live_position_done *done, void *ctx);
/* At most `limit` of a queue in the order of waiting, after the first `from`, and the length of the whole line. */
typedef void live_positions_done(void *ctx, enum kf_rc rc, const struct kf_id *convs, size_t n, int64_t length, const struct kf_err *why);
void live_positions(struct live *l, const struct kf_key *site, const struct kf_key *queue, int64_t from, int limit,
                    live_positions_done *done, void *ctx);
/* An agent's chosen presence and capacity, as stored. */
void live_agent(struct live *l, const struct kf_key *site, const struct kf_id *agent, enum presence presence, int capacity, live_done *done,
                void *ctx);

/* ---- connections ------------------------------------------------------------------------------------------------- */

/* This node has a socket of the agent open: repeated as a heartbeat, at least every `LIVE_BEAT_MS`. */
#define LIVE_BEAT_MS 2000
/* Not heard for so long: gone. */
#define LIVE_GONE_MS 7000
void live_connected(struct live *l, const struct kf_key *site, const struct kf_id *agents, size_t n, live_done *done, void *ctx);
/* The last socket of the agent on this node was closed. */
void live_gone(struct live *l, const struct kf_key *site, const struct kf_id *agent, live_done *done, void *ctx);

/* ---- hints --------------------------------------------------------------------------------------------------------- */

/* To all other nodes that watch the site; conv NULL asks for a route pass. Nothing is promised. */
void live_hint(struct live *l, const struct kf_key *site, const struct kf_id *conv, int64_t seq);
/* Hints of this site are wanted from now on. */
void live_watch(struct live *l, const struct kf_key *site);

struct live_figures {
    uint64_t calls, failed, reconnects, pending;
    uint64_t doubted; /* sites of which Redis could not be told something, and does not know that yet */
};
void live_figures(const struct live *l, struct live_figures *ret);

#ifdef KEFUD_FAULT
/* From now on wrong in the way that `name` says: "nonatomic-reserve" checks and takes in two calls. For tests that must fail then. */
void live_test_mutate(struct live *l, const char *name);
/* What happens between the two calls: `hold` is handed each second one, and calls go(arg) when it shall leave. */
void live_test_between(struct live *l, void (*hold)(void *ctx, void (*go)(void *arg), void *arg), void *ctx);
#endif

#endif
