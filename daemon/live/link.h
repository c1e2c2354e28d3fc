/* link.h: one connection to Redis that comes back by itself.
 *
 *   DOWN ──timer──► RESOLVING ──► CONNECTING ──► GREETING ──link_ready()──► UP
 *     ▲                 │             │              │                       │
 *     └─────────────────┴─────────────┴───lost───────┴───────────────────────┘
 *
 * GREETING: AUTH, SELECT and CLIENT SETNAME have been sent by the link; when they are answered, cfg.greet() sends what must come
 * before everything else and ends with link_ready() or link_lost().
 * An answer that is not there LINK_DEADLINE_MS after its question, or a connection that is not up by then, is a lost link. Between
 * attempts 100 ms, doubling up to LINK_RETRY_MAX_MS, jittered; a Redis that says that it is loading is asked again after 300 ms. */
#ifndef KF_LIVE_LINK_H
#define KF_LIVE_LINK_H

#include "live/address.h"
#include "live/note.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct redisAsyncContext;
struct redisReply;

#define LINK_DEADLINE_MS  3000
#define LINK_RETRY_MAX_MS 5000

/* A question under way. The memory is the caller's until `done`, which runs exactly once: with the reply (valid until it returns),
 * or with NULL when the link was lost. */
struct link_ask {
    struct link_ask *prev, *next;
    struct link *link;
    uint64_t sent;
    void (*done)(struct link_ask *a, const struct redisReply *reply);
};

struct link_config {
    uv_loop_t *loop;
    const struct redis_address *where; /* borrowed, must outlive the link */
    const char *name;                  /* for CLIENT SETNAME and the log; no blanks */
    bool quiet;                        /* nothing is said of failed attempts before it is up for the first time */
    void (*greet)(void *ctx);
    /* Told of UP and of the end of UP only. */
    void (*changed)(void *ctx, bool up);
    /* What is pushed on subscribed channels; with `payload` NULL the subscription itself is confirmed. May be NULL. */
    void (*pushed)(void *ctx, const char *channel, const char *payload, size_t n);
    void (*finished)(void *ctx); /* after link_finish(): the memory may go */
    live_log *log;
    void *ctx;
};

enum link_state { LINK_DOWN, LINK_RESOLVING, LINK_CONNECTING, LINK_GREETING, LINK_UP, LINK_FINISHED };

struct link {
    struct link_config cfg;
    enum link_state state;
    struct redisAsyncContext *ac;
    uv_timer_t timer; /* DOWN: until the next attempt; else the deadline */
    uv_getaddrinfo_t lookup;
    bool looking; /* lookup is under way, and owns itself */
    bool timer_closed;
    bool spoiled;   /* questions and answers do not fit together any more: it ends at once */
    bool late;      /* the deadline has passed, one more look at the socket */
    uint64_t begun; /* this attempt */
    int backoff_ms;
    bool quiet; /* the same failure was logged already */
    struct link_ask hello[3];
    int hello_left;
    struct link_ask *oldest, *newest;
    size_t pending;
    uint64_t ups; /* how often it came up */
};

/* In the caller's memory. The first attempt begins at once. */
void link_init(struct link *l, const struct link_config *cfg);
/* Pending questions are answered inside; cfg.finished() comes from the loop. */
void link_finish(struct link *l);

/* Sends one command in Redis' own form; it is copied. False: not connected, `done` will not run. While GREETING it is for
 * cfg.greet() and what follows from it. */
bool link_ask(struct link *l, struct link_ask *a, const char *cmd, size_t n);
/* The same without interest in the answer. */
bool link_tell(struct link *l, const char *cmd, size_t n);
/* On a link that asks nothing any more. */
bool link_subscribe(struct link *l, const char *channel);
/* Greeting is done. */
void link_ready(struct link *l);
/* Drops the connection and comes back. `error` is the reply or word that says why. */
void link_lost(struct link *l, const char *error);
/* Attempts at once where it waits for the next one. */
void link_hurry(struct link *l);

/* True for answers that say: not now (-LOADING, -BUSY, -OOM, ...). */
bool link_says_later(const char *error);

#endif
