/* inside.h: what the files of this layer share. Nobody else includes it. */
#ifndef KF_LIVE_INSIDE_H
#define KF_LIVE_INSIDE_H

#include "core/buf.h"
#include "live/keeper.h"
#include "live/link.h"
#include "live/live.h"

#include <hiredis/hiredis.h>
#include <uv.h>

enum script {
    SCRIPT_AGENT,
    SCRIPT_CONNECTED,
    SCRIPT_DOUBT,
    SCRIPT_GONE,
    SCRIPT_LOOK,
    SCRIPT_POSITION,
    SCRIPT_POSITIONS,
    SCRIPT_PUT,
    SCRIPT_READY,
    SCRIPT_REFUSE,
    SCRIPT_RESERVE,
    SCRIPT_RESET,
#ifdef KEFUD_FAULT
    SCRIPT_MUTANT_CHECK,
    SCRIPT_MUTANT_TAKE,
#endif
    SCRIPTS
};

#define LIVE_PENDING_MAX 10000
#define LIVE_TICK_MS     1000
#define LIVE_PULSE_TICKS 3
#define SHA_TEXT         41

struct script_slot {
    struct link_ask ask; /* SCRIPT LOAD while greeting */
    struct live *live;
    const char *name;
    char *load; /* the whole SCRIPT LOAD command */
    size_t n;
    char sha[SHA_TEXT]; /* as Redis told it; "" before */
};

/* A site whose hints are wanted. */
struct watch {
    struct kf_key site;
    char channel[KF_KEY_MAX + 16];
};

/* A site about which something could not be told: Redis has to hear that before anything it says is believed again. */
struct doubt {
    struct kf_key site;
    bool asked; /* the call is under way */
    bool again; /* and meanwhile more could not be told */
};

struct live {
    uv_loop_t *loop;
    struct live_config cfg;
    struct redis_address where;
    char node[33]; /* 32 hex digits */
    char name[64], name_sub[64];
    char pulse_channel[64];
    struct keeper keeper;
    struct link commands, subscription;
    uv_timer_t answer; /* fires at once when somebody has to be answered without Redis */
    uv_timer_t tick;
    struct call *refused, **refused_end;
    struct script_slot scripts[SCRIPTS];
    int scripts_left; /* to be loaded in this greeting */
    int ticks;
    struct link_ask pulse_ask, hint_ask;
    bool pulse_asked, pulse_pending, pulse_heard;
    bool hint_pending, hint_refused;
    size_t hints_unanswered;
    struct watch *watches;
    size_t n_watches, cap_watches;
    struct doubt *doubts;
    size_t n_doubts, cap_doubts;
    bool keeps, up, closing;
    int parts; /* handles, links, the keeper: what still has to finish */
    struct live_figures figures;
#ifdef KEFUD_FAULT
    bool nonatomic_reserve;
    void (*between)(void *ctx, void (*go)(void *arg), void *arg);
    void *between_ctx;
#endif
};

/* ---- calls (call.c) ------------------------------------------------------------------------------------------------ */

/* One EVALSHA from its arguments to its answer. */
struct call {
    struct link_ask ask;
    struct live *live;
    enum script script;
    struct kf_key site;
    struct buf cmd;
    bool repeated; /* after NOSCRIPT */
    struct call *next_refused;
    struct kf_err why; /* of one that never left */
    /* What becomes of the answer: `reply` is an array or OK, NULL unless rc is KF_OK. */
    void (*finish)(struct call *c, enum kf_rc rc, const redisReply *reply, const struct kf_err *why);
    union {
        live_done *done;
        live_viewed *viewed;
        live_position_done *position;
        live_positions_done *positions;
    };
    void *ctx;
#ifdef KEFUD_FAULT
    struct kf_id conv, agent; /* of a reservation in two steps */
    int64_t hold_ms;
#endif
};

/* NULL when memory is out. `n_args` counts what follows the time, which every script gets first. */
struct call *live_call_new(struct live *l, enum script script, const struct kf_key *site, int n_args);
void live_call_text(struct call *c, const char *text);
void live_call_i64(struct call *c, int64_t v);
void live_call_id(struct call *c, const struct kf_id *id); /* zero becomes "-" */
/* Takes `c`. finish() runs once, later. */
void live_call_send(struct call *c);
/* Answers all that were refused. */
void live_call_answer_refused(struct live *l);

/* 32 hex digits. */
void live_id_hex(const struct kf_id *id, char ret[33]);
bool live_hex_id(const char *hex, size_t n, struct kf_id *ret); /* "-" is zero */

/* ---- scripts (script.c) ---------------------------------------------------------------------------------------------- */

enum kf_rc scripts_init(struct live *l, struct kf_err *why);
void scripts_finish(struct live *l);
/* Loads them all, then link_ready(). */
void scripts_greet(struct live *l);

/* ---- doubts (doubt.c) ------------------------------------------------------------------------------------------------ */

/* A call about the site got lost that told what the store has committed, or found what is not ours. `why` is for the log. */
void doubts_note(struct live *l, const struct kf_key *site, const char *why);
/* Tells Redis, as far as it can be told. */
void doubts_tell(struct live *l);

/* ---- hints (hint.c) -------------------------------------------------------------------------------------------------- */

void hints_greet(struct live *l);
void hints_pushed(struct live *l, const char *channel, const char *payload, size_t n);
void hints_pulse(struct live *l);

#endif
