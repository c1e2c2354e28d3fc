/* outlet.h: one channel of a site, opened: its adapter, its settings, and what the shell keeps for it (token, cursor, answers that are
 * held open). */
#ifndef KF_DESK_OUTLET_H
#define KF_DESK_OUTLET_H

#include "desk/inner.h"
#include "protocols/channel.h"

/* A webhook's answer that may still carry a reply. */
struct held {
    struct kf_id conv;
    struct slice answer_key; /* owned by `arena` */
    struct arena *arena;     /* also of the answer that goes out if no reply comes */
    int status;
    const char *type;
    struct slice body;
    int64_t until; /* mono */
    desk_hook_answer *answer;
    void *ctx;
    struct held *next;
};

enum standing { STANDING_UNKNOWN, STANDING_GOOD, STANDING_REFUSED };

/* A platform may ask for longer: all that is behind it waits, too, and somebody for it. */
#define ASKED_WAIT_MAX_MS (3600 * 1000LL)

#define WHO_ASKED         256 /* so many of those who were asked for last are remembered */

struct outlet {
    struct kf_key channel;
    const struct channel_ops *ops;
    struct channel *ch;
    char *token; /* owned; NULL none */
    size_t n_token;
    int64_t token_expires;
    bool token_found; /* it was stored, perhaps by another node: the platform has not given it to us just now */
    bool renewing;
    int64_t token_held; /* mono: the platform gives none until then, and is not asked, whichever message wants one */
    char *cursor;       /* owned */
    size_t n_cursor;
    bool cursor_read;
    bool pulling, pull_again;
    char *again_token; /* of the notice that came meanwhile; owned, NULL none */
    int64_t polled_at;
    int64_t pull_due;  /* mono: after a page that could not be had; 0 none */
    int64_t pull_held; /* mono: the platform wants to be left alone until then, whatever it tells us meanwhile */
    int pull_fails;    /* in a row */
    enum standing standing;
    size_t fetching;           /* files that come in from it now */
    uint64_t asked[WHO_ASKED]; /* who.c: in a ring; 0 nobody */
    size_t n_asked;
    size_t asking; /* of them now */
    struct held *held;
    struct outlet *next;
};

/* The outlet of a channel, opened at first use; NULL: no such channel, switched off, or its settings do not open (logged). */
struct outlet *outlet_of(struct desk *d, struct desk_site *ds, const struct kf_key *channel);
/* Closes all of a site: its settings have changed, or it goes. Held answers go out as they are. */
void outlets_close(struct desk_site *ds);
/* What a pure function of the adapter is told of the world. */
struct env outlet_env(struct desk *d, const struct outlet *o);

/* Answers that have waited long enough go out without a reply; or all of them. */
void held_sweep(struct desk *d, struct desk_site *ds);
void held_flush(struct desk_site *ds);
/* The newest answer that is held for a conversation; NULL none. */
struct held *held_find(struct outlet *o, const struct kf_id *conv);
/* It is not held any more: somebody answers it now. */
void held_take(struct outlet *o, const struct held *h);
void held_answer(struct held *h, int status, const char *type, struct slice body); /* frees it */

/* What the platform said as changes: commits all, then `done` once. `cursor` is stored in the same commits' last one (empty: none). */
typedef void taken_done(void *ctx, enum kf_rc rc, const struct kf_id *conv);
void take_inbound(struct desk *d, struct desk_site *ds, struct outlet *o, const struct inbound *in, size_t n, struct slice cursor,
                  taken_done *done, void *ctx);
/* One app of a platform may serve several of our channels behind one address: they share it, not their events. The channel of this site that
 * has `account`, of the kind of `first`; NULL none. */
struct outlet *outlet_of_account(struct desk *d, struct desk_site *ds, const struct outlet *first, struct slice account);
/* Takes from `in` what is for this account, in order, into `mine`; what is left stands in front. The number of those taken. */
size_t pick_account(struct inbound *in, size_t n, struct slice account, struct inbound *mine);
/* Files that came with the events: are there any, and into the file store with them, before take_inbound(). `done` once, perhaps at once;
 * not KF_OK: nothing may be acknowledged. What is larger than the site allows is left out. `a` and the events stay until then. */
typedef void carried(void *ctx, enum kf_rc rc);
bool carries_files(const struct inbound *in, size_t n);
void carry_files(struct desk *d, const struct desk_site *ds, struct arena *a, struct inbound *in, size_t n, carried *done, void *ctx);
/* Says `what` (received.nod) to the platform. */
void nod(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice what);
/* Asks the platform who has written in this conversation (received.who), if that was not asked lately and is not known. */
void who_ask(struct desk *d, struct desk_site *ds, struct outlet *o, const struct kf_id *conv, struct slice user);
/* Fetches what the platform has for us. */
void pull_kick(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice token);
/* The number by which another node is told that a channel has something to pull; what such a hint does here. */
int64_t pull_number(const struct kf_key *channel);
void pull_hinted(struct desk *d, struct desk_site *ds, int64_t number);
/* The safety net of those that poll; only the lease holder's has an effect. */
void pull_sweep(struct desk *d, struct desk_site *ds);
/* The platform has refused our credentials, in these words; or has done what we asked. */
void standing_refused(struct desk *d, struct desk_site *ds, struct outlet *o, const char *words);
void standing_good(struct desk *d, struct desk_site *ds, struct outlet *o);
/* A token that holds for now, and is not the one that the platform has refused (empty: none was): `done` once, later or at once. KF_AGAIN: it is
 * being renewed, here or by another node; KF_RATE: the platform gives none now (why->retry_after_ms); KF_AUTH: it refuses the credentials, in its
 * own words; else the trouble is ours, and later there may be one. */
typedef void token_done(void *ctx, enum kf_rc rc, const struct kf_err *why);
void token_want(struct desk *d, struct desk_site *ds, struct outlet *o, struct slice refused, token_done *done, void *ctx);
/* Is it worth asking for another one than `refused`, and trying once more? Counts in `times`. Once; and once more where that has only brought what
 * somebody else had stored. */
bool token_again(const struct outlet *o, struct slice refused, int *times);

#endif
