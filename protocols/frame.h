/* frame.h: the browsers' frames: bytes ↔ facts. Not a channel: no account, no webhook; the connection knows who speaks.
 *
 * Decoding is strict (UTF-8, no duplicate keys, 16 levels, types and ranges) and says what is allowed. Unknown members are ignored.
 * Encoding writes into a buf; members in the order of docs/protocol.md, `type` first. */
#ifndef KF_PROTOCOLS_FRAME_H
#define KF_PROTOCOLS_FRAME_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/conv.h"
#include "core/errand.h"
#include "core/forbid.h"
#include "core/inbound.h"
#include "core/message.h"
#include "core/person.h"
#include "core/rc.h"

enum frame_side { FRAME_VISITOR, FRAME_STAFF };

struct frame_limits {
    size_t text_max;      /* code points */
    int levels;           /* of JSON; 0: 16 */
    const char *language; /* of the site: which maps it knows; NULL: nothing is known of it */
};

/* One frame → one inbound in the arena. `ret->cid` is set, also on failure, whenever the frame carried a valid one, so that the error
 * can name it. KF_INVALID bad_request, KF_UNSUPPORTED unknown type, KF_LIMIT text too long. */
enum kf_rc frame_decode(struct arena *a, enum frame_side side, const struct frame_limits *limits, struct slice text, struct inbound *ret,
                        struct kf_err *why);

/* What a frame or an API answer says of a conversation. */
struct conv_view_json {
    const struct conv *conv;
    const struct member *agent;  /* who serves it, NULL none */
    const struct member *helper; /* staff only: a second one, NULL none */
    const char *visitor_name;    /* staff only, NULL: what `conv` says */
    const char *customer;        /* staff only: JSON object, NULL unknown */
    const struct message *last;  /* staff only: the newest message, NULL unknown */
    const char *why;             /* visitors only: why the position has risen, NULL it has not */
    const char *unattended;      /* visitors only: nobody of the queue where it waits is there: "closed" "nobody"; NULL somebody is */
    const char *barred;          /* staff only: the visitor may not write: "muted" "blocked"; "" may; NULL unknown */
    int64_t barred_until;        /* 0: until it is taken back */
    bool reactions;              /* staff only: the platform takes reactions to what the visitor says */
    int64_t position, wait_s;    /* while waiting; position 0 unknown, wait_s −1 unknown */
};

/* The conversation as one JSON object, for visitors (public state, no ids of people) or for staff. */
void frame_conversation(struct buf *b, enum frame_side side, const struct conv_view_json *v);
/* A message as one JSON object without type and conversation: history and transcripts use it too. `own`: carry the cid. */
void frame_message_members(struct buf *b, const struct message *m, bool cid);
/* The same for whoever reviews: how long it was typed, too. */
void frame_message_reviewed(struct buf *b, const struct message *m);
void frame_entry(struct buf *b, const struct entry *e);

void frame_message(struct buf *b, const struct kf_id *conv, const struct message *m, bool cid);
void frame_ack(struct buf *b, struct slice cid, const struct kf_id *conv, int64_t seq, int64_t at); /* conv NULL, seq 0: left out */
/* The same with a word on what comes of it; NULL: nothing. */
void frame_ack_warned(struct buf *b, struct slice cid, const struct kf_id *conv, int64_t seq, int64_t at, const char *warning);
void frame_error(struct buf *b, struct slice cid, const struct kf_err *why);
/* The answer to what has no cid: `of` names the kind of frame, `conv` what it was about (NULL: nothing was named). */
void frame_error_of(struct buf *b, const char *of, const struct kf_id *conv, struct slice cid, const struct kf_err *why);
/* An error with what the site says of it to the visitor; "": nothing. */
void frame_error_said(struct buf *b, struct slice cid, const struct kf_err *why, struct slice text);
/* An error that names wording which staff should not use; the same frame with "confirm" gets through. */
void frame_wording(struct buf *b, struct slice cid, const struct forbidden_word *const *words, size_t n);
/* The wire's word for a failure: "bad_request" ... */
const char *frame_error_code(enum kf_rc rc);
void frame_state(struct buf *b, enum frame_side side, const struct conv_view_json *v);
void frame_status(struct buf *b, const struct kf_id *conv, int64_t seq, enum delivery state, const char *reason, int64_t at);
void frame_changed(struct buf *b, const struct kf_id *conv, const struct message *m);
/* Writes as many messages as fit 64 KiB (from the end that was asked for); returns how many. */
size_t frame_history(struct buf *b, const struct kf_id *conv, const struct message *messages, size_t n, bool more, bool newest_first);
void frame_typing(struct buf *b, const struct kf_id *conv, const struct actor *who, bool on);
void frame_read(struct buf *b, const struct kf_id *conv, enum role who, int64_t seq);
void frame_pong(struct buf *b);
void frame_timeline(struct buf *b, const struct kf_id *conv, const struct entry *e);
/* To visitors' pages: what the welcome said of the site has changed. */
void frame_site(struct buf *b, int64_t at, bool hours_open, bool staffed);
/* Something of the reader's own reviews or coaching has changed. */
void frame_notice(struct buf *b);
/* A visitor waits for an answer since then: to the agent (`agent` NULL), type "reminder"; to those who oversee it, type "alert". */
void frame_alarm(struct buf *b, const struct kf_id *conv, const struct member *agent, int64_t since);
/* To all sockets of a person: the presence that was chosen, by whomever. */
void frame_presence(struct buf *b, enum presence presence, const char *reason, int64_t at);
/* To staff: how the conversation may be answered now. */
void frame_window(struct buf *b, const struct kf_id *conv, const struct reply_window *w, enum reply_state state);
void frame_queue(struct buf *b, int64_t waiting, int64_t longest_ms);
/* type "offered" with until, "assigned" or "released" with why. */
void frame_offered(struct buf *b, const struct conv_view_json *v, int64_t until);
void frame_assigned(struct buf *b, const struct conv_view_json *v, const char *why);
void frame_released(struct buf *b, const struct kf_id *conv, const char *why);

#endif
