/* desk.h: the use cases. Everything that happens to a conversation is decided here and made true by the store.
 *
 * One desk is one node. Single-threaded; every completion comes later, by id, because what asked may be gone. */
#ifndef KF_DESK_DESK_H
#define KF_DESK_DESK_H

#include "desk/ports.h"
#include "settings/site.h"

struct desk;

struct desk_config {
    struct kf_id node;
    bool sole; /* nobody else can have this store open: a lease left behind is taken at once */
    const char *public_url;
    const char *files_origin;        /* another origin, from which pages and platforms fetch files; NULL: there is none */
    int new_per_minute;              /* conversations an address may open in a minute */
    int searches;                    /* for words, that a person may begin in a minute; 0: no bound */
    int text_max;                    /* where a site allows more; 0: as the site says */
    int64_t file_max;                /* likewise */
    int message_burst, message_rate; /* where a site says nothing; 0: no bound */
    int json_levels;                 /* 0: 16 */
    int64_t hello_ms;                /* 0: 10 s */
    size_t waiting_max;              /* of those who wait, so many are looked through at once; 0: 1,000 */
    void (*log)(int level, const char *line);
};

struct desk *desk_new(const struct ports *ports, const struct desk_config *cfg);
/* Where we listen, once that is known: the address of files for platforms where no public_url is set. */
void desk_listens_at(struct desk *d, const char *url);
/* Takes over the bounds of `cfg`: they were changed while running. */
void desk_bounds(struct desk *d, const struct desk_config *cfg);
/* Nothing may be under way any more. Takes NULL. */
void desk_free(struct desk *d);
/* The session calls the desk through these; the desk talks to the session. */
struct session_ops desk_session_ops(struct desk *d);
void desk_attach(struct desk *d, struct session *s);

/* Reads sites and people from the store; `done` (may be NULL) when what was committed before this call can be used. Again after they were
 * changed. */
void desk_load(struct desk *d, void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx);

/* Documents or people of this site (NULL: of any) were changed here: this node reads them again, and tells the others. `done` (may be NULL)
 * as of desk_load(). */
void desk_changed(struct desk *d, const struct kf_key *site, void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx);

/* Everything that waits for time: leases, sweeps, due conversations, heartbeats, errands. Call it every 100 ms or so. */
void desk_tick(struct desk *d);
/* Begins nothing new: no matches, errands, sweeps. Answers that were held go out. What is under way goes on: keep calling desk_tick(). */
void desk_stop(struct desk *d);
/* The live layer's callbacks. */
void desk_live_changed(struct desk *d, bool up);
void desk_hint(struct desk *d, const struct kf_key *site, const struct kf_id *conv, int64_t seq);

/* ---- for the API ---- */
struct site *desk_site(struct desk *d, const struct kf_key *key); /* borrowed; NULL unknown */
struct site *desk_only_site(struct desk *d);                      /* borrowed; NULL if there is not exactly one */
struct site *desk_site_at(struct desk *d, size_t i);              /* NULL at the end */
const struct member *desk_member(struct desk *d, const struct kf_key *site, const struct kf_id *person); /* borrowed; NULL */
const struct member *desk_member_at(struct desk *d, const struct kf_key *site, size_t i);                /* NULL at the end */
/* When the queue (may be NULL) opens next, as visitors read it: the hour; with the day, if it is not today's. "" where that is not known. */
void desk_opening(const struct site_queue *q, int64_t now_ms, char *ret, size_t n);
/* Why does it wait, why has that agent got it: a JSON object. `done` runs once, later (at once only when memory is out). */
void desk_why(struct desk *d, const struct conv *conv,
              void (*done)(void *ctx, enum kf_rc rc, const struct buf *json, const struct kf_err *why), void *ctx);
/* Hands a conversation on, as `person` may; `in` has to_agent, to_queue or to_department, and the note as text. `warning`: as
 * desk_unattended() has it of where it went; NULL of a person. */
void desk_transfer(struct desk *d, const struct kf_key *site, const struct kf_id *person, const struct kf_id *conv,
                   const struct inbound *in, void (*done)(void *ctx, enum kf_rc rc, const char *warning, const struct kf_err *why),
                   void *ctx);
/* What a bot does by a call of its own, to a conversation that it talks in or has talked in. What it says when it has no word any more is
 * kept as a note, so nothing of it reaches the visitor. */
enum bot_does {
    BOT_DOES_LOOK,
    BOT_DOES_SAY,
    BOT_DOES_NOTE,
    BOT_DOES_HAND_OVER,
    BOT_DOES_PUT_OFF,
    BOT_DOES_CLOSE,
    BOT_DOES_TYPE,
    BOT_DOES_TAG
};
struct bot_words;
struct bot_file {
    struct slice name, bytes;
};
struct bot_act {
    enum bot_does does;
    const struct bot_words *says; /* SAY, NOTE: each is one */
    size_t n_says;
    const struct bot_file *files; /* SAY: each is a message, after the words. They stay until `done` */
    size_t n_files;
    bool on; /* TYPE */
    const char *const *tags;
    size_t n_tags;
    int64_t before; /* LOOK: messages before this one; 0: the newest */
    int64_t until;  /* PUT_OFF: when people shall have it, unless the visitor writes before; ms */
};
struct bot_seen {
    struct conv conv;
    int64_t number;
    const struct message *messages; /* LOOK: in seq order; SAY: those; n 0: it has become a note */
    size_t n_messages;
};
/* `number` is the conversation's (QUERY_NUMBERED). `done` runs once, later (at once only when memory is out); KF_ABSENT: it is none of this
 * bot's. */
void desk_bot_act(struct desk *d, const struct kf_key *site, const struct kf_key *bot, int64_t number, const struct bot_act *act,
                  void (*done)(void *ctx, enum kf_rc rc, const struct bot_seen *seen, const struct kf_err *why), void *ctx);
/* What has not got through to a platform, sent again or taken out of the line by somebody who may; KF_CONFLICT where there is nothing to do
 * about it any more. */
void desk_outbox_resend(struct desk *d, const struct kf_key *site, const struct kf_id *errand, const struct actor *by,
                        void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx);
void desk_outbox_drop(struct desk *d, const struct kf_key *site, const struct kf_id *errand, const struct actor *by,
                      void (*done)(void *ctx, enum kf_rc rc, const struct kf_err *why), void *ctx);

/* What conversations of a site are looked at with, by these checks. All of it is borrowed from the site. */
void desk_checking(const struct site *site, const struct check *checks, size_t n, struct checking *ret);

/* ---- channels, for whoever sets them up ---- */

/* A webhook that was answered, without a word of what it said. */
struct channel_event {
    int64_t at;
    int status; /* what it was answered with */
    int n;      /* events in it */
    char verdict
        [32]; /* "accepted", or the step at which it failed: "missing_signature" "bad_signature" "stale_timestamp" "malformed_body" … */
    char kind[16]; /* of its first event: "message" …; "nothing": a handshake or what is of no interest; "" refused */
};
/* The newest first, as this node has seen them since its start; returns how many. */
size_t desk_channel_events(struct desk *d, const struct kf_key *site, const struct kf_key *channel, struct channel_event *ret, size_t max);
struct channel_state {
    bool opens;                 /* its settings are good, and it is not switched off */
    bool has_token, token_held; /* the platform wants one; we hold one */
    int64_t token_expires_ms;
    bool late; /* after its window something still goes */
    const char *public_url;
};
void desk_channel_state(struct desk *d, const struct kf_key *site, const struct kf_key *channel, struct channel_state *ret);
/* Tries it: do the settings open, is there a token, does the platform know us (where that can be asked; with `tell` it is told where to find
 * us, if it takes that by a call), and, if `to` is not empty, does `text` get there. The last step is the one that failed, or all are good. `done` runs once, later or at once. */
struct channel_step {
    const char *name;   /* "settings" "token" "platform" "send" */
    const char *reason; /* what is wrong; of what is good, what the platform calls us; NULL: nothing to say */
    bool ok;
};
struct channel_try {
    struct channel_step steps[4];
    size_t n;
};
void desk_channel_try(struct desk *d, const struct kf_key *site, const struct kf_key *channel, bool tell, struct slice to,
                      struct slice text, void (*done)(void *ctx, const struct channel_try *t), void *ctx);
/* Something of this person's own reviews, coaching or notices has changed: every console of his, on all nodes, hears of it. */
void desk_notice(struct desk *d, const struct kf_key *site, const struct kf_id *person);
/* What whoever hands a conversation to this queue should know: "nobody" is there, or it is "closed" and nobody is; NULL: somebody will have it. */
const char *desk_unattended(struct desk *d, const struct kf_key *site, const struct site_queue *q);
/* A message form that a visitor might fill in: KF_INVALID where it would be sent back to them, else what it says, as lines of text. */
enum kf_rc desk_form_tried(struct slice form, struct buf *ret, struct kf_err *why);
/* Live load as last seen; -1 unknown. */
int desk_load_of(struct desk *d, const struct kf_key *site, const struct kf_id *person);
/* False: off the net for longer than the site's grace time, as last seen; the presence stays as it was chosen. */
bool desk_connected(struct desk *d, const struct kf_key *site, const struct kf_id *person);
/* Bytes of an upload for this site. */
int64_t desk_file_max(struct desk *d, const struct site *site);
/* Whoever searches for thousands of words does not read what is found: false with KF_RATE in `why`. `who`: a person, or a key. */
bool desk_may_search(struct desk *d, const struct kf_id *who, struct kf_err *why);
/* Anybody may be a visitor, so what an address uploads is bounded: KF_RATE. Who may not write may not upload: KF_DENIED. */
enum kf_rc desk_may_upload(struct desk *d, const struct site *site, const struct kf_id *visitor, const char *address, struct kf_err *why);
/* A visitor's token: checked, KF_AUTH when it is none of ours or too old. */
enum kf_rc desk_token_check(struct desk *d, const struct site *site, struct slice token, struct kf_id *ret);
/* Of a cookie, which holds a token for each site that the browser knows, that of this site; empty: none that holds. */
struct slice desk_cookie_token(struct desk *d, const struct site *site, struct slice cookie, struct kf_id *ret);
/* The cookie anew, for a visitor whom this site does not know or whose token is due; false: it is good as it is. */
bool desk_cookie_renewed(struct desk *d, const struct site *site, struct slice cookie, struct buf *ret);
/* The address of a file on `files_origin`, good for ten minutes, FILE_URL_MAX bytes at most; false: there is no such origin. */
#define FILE_URL_MAX 512
bool desk_file_url(struct desk *d, const struct kf_key *site, const struct kf_id *file, char *ret, size_t n);
/* The same into `file_url` of each message that has a file. */
void desk_file_urls(struct desk *d, const struct kf_key *site, struct arena *a, struct message *messages, size_t n);
/* Was this address of a file made here, and has it not ended? */
bool desk_file_signed(struct desk *d, const struct site *site, const struct kf_id *file, struct slice exp, struct slice sig);
/* Is this session, just read under `hash`, still good: neither too old nor idle for too long? That it was used is written down. */
bool desk_session_alive(struct desk *d, const uint8_t hash[32], const struct stored_session *s);
/* Does a device (the id in a visitor's token) sit here as this contact? So it is where a page has proven an identity. */
bool desk_sits_as(struct desk *d, const struct kf_id *contact, const struct kf_id *device);
/* The sockets of a person are closed with 4401: the session has ended. `hash` NULL: all of the person's. */
void desk_signed_out(struct desk *d, const struct kf_id *person, const uint8_t *hash);
/* A webhook for `channel`; answers once, later or now. */
typedef void desk_hook_answer(void *ctx, int status, const char *type, struct slice body);
void desk_hook(struct desk *d, const struct site *site, const struct site_channel *ch, const struct http_req *req, desk_hook_answer *answer,
               void *ctx);

/* Bytes of the largest webhook that this channel's platform sends. */
int64_t desk_hook_max(const struct site_channel *ch);

struct desk_figures {
    uint64_t messages_in, messages_out, duplicates, passes, matches, conflicts, rules_fired, errands_sent, errands_failed, refused;
    int64_t waiting, longest_ms;
    bool holder, ready;
    bool store_away;               /* the last commit, of a frame or of a lease's beat, was not taken */
    uint64_t waits, wait_ms_total; /* of those who were given to somebody on this node's word */
    uint64_t under_way;
    uint64_t ack_le[12]; /* acks within 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000 ms, and more */
    uint64_t ack_ms_total;
};
void desk_figures(struct desk *d, struct desk_figures *ret);
/* True when nothing is under way: for a graceful stop. */
bool desk_quiet(const struct desk *d);

#endif
