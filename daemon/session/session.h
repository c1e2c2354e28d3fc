/* session.h: this node's sockets: who sits where, what each has been told, and fan-out.
 *
 * A seat is one socket. A view is what this node knows of one conversation that a seat of ours takes part in: its row and the seq
 * up to which the seats have been served. News of the store arrive in commit order; what another node committed arrives as a hint and
 * shows as a gap, which is fetched before anything newer goes out. So each conversation leaves in seq order.
 *
 * Knows sockets only through `struct session_net`, so that the model test can sit in. */
#ifndef KF_SESSION_SESSION_H
#define KF_SESSION_SESSION_H

#include "core/arena.h"
#include "core/bucket.h"
#include "core/buf.h"
#include "core/news.h"
#include "core/person.h"
#include "net/server.h"
#include "protocols/frame.h"

#include <stdint.h>
#include <uthash.h>

struct session;
struct lookup;

/* One socket. Members are written by the desk; the indexes belong to session.c. */
#define SESSION_WROTE 16

struct seat {
    uint64_t conn;
    enum frame_side side;
    struct kf_key site;
    struct kf_id who;    /* visitors: the contact; staff: the person. Zero before session_sit() */
    struct kf_id device; /* visitors: whom the cookie or token names; the contact is another one where an identity was proven */
    char address[46];    /* of the socket's other end */
    char *peer;          /* visitors: the contact's address on the channel ("v:…" or "i:…"); owned */
    char *name;          /* what the other side sees; owned, may be NULL */
    char locale[KF_LOCALE_MAX + 1];
    bool verified; /* visitors: the identity was proven */
    bool hello;    /* said */
    bool welcomed;
    bool secure;         /* visitors: the cookie was there */
    struct kf_id conv;   /* visitors: the conversation that it shows */
    int64_t counted;     /* visitors: the seq of `conv` that the welcome named: the page reads as history what is not newer */
    char *profile;       /* visitors: a JSON object that goes with the next opening; owned, may be NULL */
    char *page;          /* likewise */
    bool page_told;      /* it stands on the timeline of `conv` */
    char *cookie;        /* from the upgrade: the token of the visitor or the session of the staff; owned, may be NULL */
    char *shown;         /* visitors: what greeting and consent the welcome showed, a JSON object; owned, may be NULL */
    struct lookup *line; /* acts that wait for what they name to be read, in the order in which they came; the desk's */
    size_t line_n;
    uint64_t wrote[SESSION_WROTE]; /* hashes of the last cids that came from it; 0 none */
    unsigned n_wrote;
    uint8_t session_hash[32];
    struct bucket bucket; /* of its frames */
    int64_t opened_at;
    int64_t checked_at;       /* staff: when the session was last looked up */
    struct seat *prev, *next; /* of the same person or contact */
    struct who *at;           /* its place in the index */
    UT_hash_handle hh;        /* by conn */
};

/* A conversation as this node shows it. */
struct view {
    struct conv conv;  /* peer and locale point into this view */
    int64_t told;      /* seq up to which the seats have been served */
    int64_t owner_seq; /* the owner has these from `assigned` or `welcome`; INT64_MAX: is still to be told that it is the owner */
    struct reply_window window;
    bool fetching;                 /* a gap is being read */
    bool again;                    /* and something newer came meanwhile */
    unsigned look;                 /* the desk's last look at all that is shown that came by here */
    int64_t position;              /* last told while waiting; 0 none */
    int64_t position_at;           /* mono: when it was asked for by itself; 0 never */
    int64_t told_position, wait_s; /* last told since the visitor sees it waiting; 0 none */
    bool requeued;                 /* and has come to another queue since */
    const char *unattended;        /* last told to the visitor of the queue where it waits; static; NULL that somebody is there */
    char *peer;                    /* what conv.peer points to */
    uint64_t *watchers;            /* sockets of staff that look on; those that are gone are forgotten by the sweep */
    size_t n_watchers;
    char *visitor;                  /* what conv.visitor_name points to, as it was last read; NULL unknown */
    char locale[KF_LOCALE_MAX + 1]; /* what conv.locale points to */
    UT_hash_handle hh;              /* by conv.id */
};

struct session_net {
    void *ctx;
    void (*send)(void *ctx, uint64_t conn, struct net_frame *f);
    void (*close)(void *ctx, uint64_t conn, int code, const char *reason);
};

#define SESSION_URL_MAX 512

struct session_ops {
    void *ctx;
    /* A frame was understood. `seat` and `in` are borrowed. */
    void (*inbound)(void *ctx, struct seat *seat, struct arena *a, const struct inbound *in);
    void (*opened)(void *ctx, struct seat *seat);
    void (*closed)(void *ctx, struct seat *seat);
    /* There is a gap: read the messages after `after` and call session_catch_up(). */
    void (*fetch)(void *ctx, const struct kf_id *conv, int64_t after);
    void (*limits)(void *ctx, const struct kf_key *site, struct frame_limits *ret);
    /* The address of a file for pages, at most SESSION_URL_MAX bytes; false: they know it. NULL: likewise. */
    bool (*file_url)(void *ctx, const struct kf_key *site, const struct kf_id *file, char *ret, size_t n);
    /* May who looks on still do so? Asked at each frame, for roles change and conversations move. NULL: yes. */
    bool (*may_watch)(void *ctx, const struct seat *seat, const struct conv *conv);
};

struct session *session_new(const struct session_net *net, const struct session_ops *ops);
void session_free(struct session *s);

/* ---- from net ---- */
struct seat *session_open(struct session *s, uint64_t conn, enum frame_side side, const struct kf_key *site, const char *address,
                          const char *cookie);
void session_text(struct session *s, uint64_t conn, struct slice text);
void session_closed(struct session *s, uint64_t conn);

/* ---- seats ---- */
struct seat *session_seat(struct session *s, uint64_t conn); /* NULL: gone */
/* An act with this cid came from the seat: the message that comes of it is for all others, also where it is read before it is acknowledged
 * (another node has told of something newer meanwhile). */
void session_wrote(struct seat *seat, struct slice cid);
/* The seat now belongs to this contact or person; sitting twice moves it. False when memory is out. */
bool session_sit(struct session *s, struct seat *seat, const struct kf_id *who);
/* The seats of a contact or person, by `next`; NULL none. */
struct seat *session_seats(struct session *s, const struct kf_id *who);
void session_each_seat(struct session *s, void (*each)(void *ctx, struct seat *seat), void *ctx); /* may end the seat */
size_t session_count(const struct session *s, enum frame_side side);

/* ---- telling ---- */
void session_send(struct session *s, struct seat *seat, struct buf *frame); /* nothing happens if the buf failed */
/* To whom it concerns, at that site, but for the socket `except`. */
void session_send_who(struct session *s, const struct kf_key *site, const struct kf_id *who, struct buf *frame, uint64_t except);
/* To all of one side of a site who have been welcomed. */
void session_send_side(struct session *s, const struct kf_key *site, enum frame_side side, struct buf *frame);
void session_error(struct session *s, struct seat *seat, struct slice cid, const struct kf_err *why);
/* The same for a frame that may have no cid: a `history` is named, with its conversation, so that the page knows what it need not wait for. */
void session_refuse(struct session *s, struct seat *seat, const struct inbound *in, const struct kf_err *why);
void session_ack(struct session *s, struct seat *seat, struct slice cid, const struct kf_id *conv, int64_t seq, int64_t at);
void session_kick(struct session *s, struct seat *seat, int code, const char *reason);
/* What the store has said: messages to all seats of the contact and of the owner but `except`, changes of messages, timeline
 * entries to the owner. The view is brought up to date. */
void session_news(struct session *s, const struct news *news, uint64_t except);
/* The owner has been told (assigned, offered): what comes after the row's seq is sent from now on. */
void session_owner_told(struct session *s, const struct kf_id *conv);
/* What the store said of the visitor's name. */
void session_named(struct session *s, const struct kf_id *conv, const char *name);
/* The socket looks on from now on, or no longer: it is told what the owner is told. False when memory is out. */
bool session_watch(struct session *s, const struct conv *conv, const struct seat *seat, bool on);
/* To those who look on, but for the owner. */
void session_watchers(struct session *s, const struct conv *c, struct buf *frame);
/* To all of the staff who show it: owner, helper, and who looks on. */
void session_staff(struct session *s, const struct conv *c, struct buf *frame, uint64_t except);
/* To both sides of a conversation. */
void session_both(struct session *s, const struct conv *c, struct buf *frame, uint64_t except);
/* The answer to ops.fetch: messages after what was asked, in order; `conv` as it is now. */
void session_catch_up(struct session *s, const struct conv *conv, const struct message *messages, size_t n);

/* ---- views ---- */
struct view *session_view(struct session *s, const struct kf_id *conv); /* NULL: not shown here */
/* A seat shows it from now on: makes the view. One that is there stays as its seats were told: what is newer is news. Pages of the visitor
 * that have been welcomed here before it was opened on another node are still to be told all of it. NULL when memory is out. */
struct view *session_show(struct session *s, const struct conv *conv);
/* Forgets views in which nobody who sits here takes part, and reads again what could not be read. */
void session_sweep(struct session *s);
void session_each_view(struct session *s, void (*each)(void *ctx, struct view *v), void *ctx);

#endif
