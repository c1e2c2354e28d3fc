/* inner.h: what the files of the desk share. Nobody else includes it. */
#ifndef KF_DESK_INNER_H
#define KF_DESK_INNER_H

#include "core/bucket.h"
#include "core/route.h"
#include "desk/desk.h"

#include <uthash.h>

/* Sites share leases: few enough to beat them all, enough to spread sites over nodes. */
#define SHARDS         16
#define LEASE_BEAT_MS  2000
#define LEASE_LOOK_MS  500
#define LEASE_LOST_MS  8000 /* no beat seen for so long: taken over */
#define LEASE_FENCE_MS 6000 /* our own beats have failed for so long: we are not the holder any more */
#define SWEEP_MS       1000
#define HANDED_MS      3600000 /* who has handed somebody to a queue is not asked for so long: longer than anybody waits */
#define RESERVE_MS     15000   /* longer than a commit may take: what is not settled by then ends by itself */
#define SETTINGS_MS    15000   /* how often settings are looked at, for changes of which no hint has come */
#define PEOPLE_MS      5000    /* how often people are read again */

struct lease {
    int64_t seen_epoch, seen_beat; /* as last read */
    int64_t seen_at;               /* mono: when the beat was last seen to move */
    bool known;                    /* read at least once */
    int64_t held;                  /* our epoch; 0: not ours */
    int64_t beaten_at;             /* mono: our last committed beat */
    bool busy;
};

/* Sweeps in a row that found more who wait in the live layer than in the store. */
struct haunt {
    int sweeps;
    int64_t look;                    /* seen_at of the last one */
    int64_t live_least, stored_most; /* over all of them */
};

/* Somebody who waits, and where. */
struct in_line {
    struct kf_id conv;
    int64_t position;
};

/* An agent as the live layer saw it last. */
struct seen {
    struct kf_id id;
    enum presence presence;
    bool connected;
    int load, capacity;
    int64_t gone_since;
};

/* The last day that a schedule is known to have drawn. */
struct drawn_day {
    struct kf_key schedule;
    int64_t day;
};

#define RATES_KEPT 64
#define MATCH_MAX  200 /* matches of one pass */

struct outlet;
struct trip;

struct desk_site {
    struct site *site;
    int64_t versions; /* of its documents, added up: it rises with each change */
    struct arena *members_arena;
    struct member *members; /* by id */
    size_t n_members;
    unsigned deaf_visitor, deaf_agent;  /* change.unruled */
    int64_t quiet_visitor, quiet_agent; /* change.quiet_ms */
    unsigned rule_needs;                /* a set of enum rule_need */
    int rule_counts_to;
    int shard;

    /* Housekeeping, while the lease is ours. */
    int64_t ready_lease;      /* the live layer was rebuilt under this lease; 0: not */
    bool rebuilding, rebuilt; /* now; ever */
    bool passing, pass_again;
    struct kf_id matched[MATCH_MAX]; /* whom the reservations and commits of the pass under way are for */
    size_t matching;
    bool sweeping, looking, delivering, deliver_again, checking;
    size_t fetching;    /* files that come in from platforms now */
    bool parked_maybe;  /* something has happened that may bring back who is parked until an agent comes */
    bool parked_left;   /* there still are such */
    bool hours_changed; /* who is parked until the doors open may have to be told another time */
    int64_t parked_at;  /* mono: when they were last looked through */
    struct haunt haunt;
    unsigned retold; /* which share of those who wait the live layer was last told of */
    bool *had_staff; /* for each queue of the site: it was not deserted at the last sweep */
    bool wide;       /* the next pass looks through all who wait */
    int64_t wide_at; /* mono */
    int64_t swept_at;
    bool sampling;       /* a schedule's sample is being drawn */
    int64_t sampling_at; /* mono: not before */
    struct drawn_day drawn[SITE_SCHEDULES];
    size_t n_drawn;
    int64_t pulled_at; /* mono: when the channels that poll were looked at */

    /* The last look. */
    struct seen *seen; /* by id */
    size_t n_seen;
    int64_t seen_at;             /* mono; 0 never */
    struct presence_word *words; /* presences that the live layer has been told of and not answered, the oldest first */
    int64_t waiting, longest_ms;
    struct in_line *line; /* who waits where, as it was heard last; up to `line_told` they know */
    size_t n_line, line_told;
    int lines_asked; /* queues whose line is still being read */
    int64_t line_at; /* mono: when that was asked for */
    bool line_moved; /* somebody's place has changed since, as far as is known here */
    bool queue_dirty;
    int64_t queue_told_at;                 /* mono */
    struct stored_count rates[RATES_KEPT]; /* ended in the last hour, by queue */
    size_t n_rates;
    int64_t rates_of;                        /* when that was so */
    int64_t rates_at;                        /* mono; 0 never */
    int64_t owned_at;                        /* mono */
    bool told_site, told_staffed, told_open; /* what visitors' pages know */
    uint64_t attended;                       /* which queues are, as of attended_at: a sum of all of them */
    int64_t attended_at;                     /* mono */
    struct outlet *outlets;                  /* opened channels: outlet.h */
    struct trip *unsettled;                  /* errands whose outcome the store has not taken yet */
    struct desk_site *next;
};

struct rate {
    char key[64];
    struct bucket bucket;
    int64_t at;
    UT_hash_handle hh;
};

struct desk {
    struct ports ports;
    struct desk_config cfg;
    struct session *session;
    struct desk_site *sites;
    struct lease leases[SHARDS];
    struct kf_id last_id;  /* that fresh_id() has made */
    int64_t windows_asked; /* questions for a window so far */
    bool stopping, lease_reading;
    int64_t lease_at, beat_at, check_at, people_at, settings_at, again_at;
    int64_t wall_ahead; /* of the monotonic clock */
    bool clocked;       /* that is known */
    int64_t doubted_at; /* mono: the wall clock was set, or the live layer came back: the beats that others had sent by then say nothing */
    unsigned look, look_left; /* at all that is shown, so many-th; how many conversations it may still take in this tick */
    int64_t settings_seen;    /* QUERY_CHANGES: with which the sites were read; 0 not known */
    bool load_busy, load_again;
    struct load_waiter *load_waiters; /* of the next reading; sites.c */
    struct rate *rates;
    struct typist *typists;  /* typed.c */
    struct watched *watched; /* watch.c */
    struct desk_figures figures;
    char listening[96];
    size_t under_way;
    bool line_runs;   /* acts that have waited are done: lookup.c */
    bool line_looked; /* the act that is being done was preceded by a look */
    struct buf out;
};

/* What a completion needs to go on: ids, never pointers to what may be gone. */
struct call {
    struct desk *d;
    uint64_t conn;
    struct kf_key site, queue;
    struct kf_id conv, who;
    int64_t n, m;
    int64_t at;          /* mono, when it began */
    bool counted;        /* it took a token of its visitor's messages */
    char *reason;        /* owned; NULL none */
    const char *warning; /* beside the ack; NULL none */
    char locale[16];     /* of a match: the visitor's, in lower case; "" unknown */
    char cid[KF_CID_MAX + 1];
};

struct call *desk_call(struct desk *d, const struct desk_site *ds); /* NULL: out of memory */
/* A question to the store, of the site if `ds` is given, and the call that goes on with the answer; NULL: out of memory. */
struct query *desk_ask(struct desk *d, const struct desk_site *ds, enum query_kind kind, struct call **call);
/* What a person has of the site, served, helped or in wrap-up: for `done` with a call, in which the person is `who` and `about`, if given,
 * `conv`. Nothing is asked where memory is out: sweeps come again. */
void desk_ask_owned(struct desk *d, const struct desk_site *ds, const struct kf_id *person, const struct kf_id *about, store_answer *done);
void desk_call_end(struct call *call);
void desk_call_cid(struct call *call, struct slice cid);

/* ---- desk.c ---- */
int64_t now(const struct desk *d);
int64_t mono(const struct desk *d);
/* Of one millisecond the later is the greater: who comes first stands first, also where the time is the same. */
struct kf_id fresh_id(struct desk *d);
void log_event(struct desk *d, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The site's bound, or that of the installation where it is smaller. */
int64_t narrower(int64_t of_site, int64_t of_all);
/* A change of `ds` under the lease we hold. NULL: we hold none any more (it would be committed without a guard), or memory is out. */
struct change *housekeeping(struct desk *d, struct desk_site *ds);
bool holder(struct desk *d, const struct desk_site *ds);
/* The answer to a frame: an error in these words. */
void seat_refuse(struct desk *d, struct seat *seat, const struct inbound *in, enum kf_rc rc, const char *words);
/* The error of a store that does not answer. */
void seat_fail(struct desk *d, uint64_t conn, const char *cid, enum kf_rc rc, const struct kf_err *why);
/* An error; where the site has words for the visitor, with those. */
void seat_error(struct desk *d, struct seat *seat, struct slice cid, const struct kf_err *why);

/* ---- rate.c ---- */
/* Takes a token of the bucket of that name, in which `count` come back each period; else the words.
 * Without `why` it is a bound of ours that nobody is told of. */
bool rate_take(struct desk *d, const char *key, int burst, int count, int64_t period_ms, struct kf_err *why);
/* Puts a token back that was taken for nothing. */
void rate_give(struct desk *d, const char *key);
/* Was that bucket asked for something so short a time ago? */
bool rate_touched(struct desk *d, const char *key, int64_t within_ms);
/* A bucket that nobody has touched for a minute is full again: forgetting it changes nothing. */
void rates_sweep(struct desk *d);
void rates_free(struct desk *d);

/* ---- hint.c ---- */
/* So that conversations over several nodes go on without Redis, too, if more slowly: one look at all that are shown after the other, each
 * in as many ticks as it needs. */
void again_tick(struct desk *d, int64_t t);

/* ---- sites.c ---- */
struct desk_site *site_of(struct desk *d, const struct kf_key *key);
struct member *member_of(const struct desk_site *ds, const struct kf_id *person);
/* As the last look had that agent; NULL: it was not there. */
struct seen *seen_of(const struct desk_site *ds, const struct kf_id *person);
/* At a socket of the staff: agents and supervisors. */
bool may_sit(const struct member *m);
bool serves_queue(const struct member *m, const struct kf_key *queue);
/* The queue of that name; where it was taken away the site's first one, so that nobody waits for ever. NULL: the site has none. */
const struct site_queue *queue_of(const struct desk_site *ds, const struct kf_key *key);
/* Reads people again: a hint that they have changed may be lost. */
void people_refresh(struct desk *d);
void settings_refresh(struct desk *d);
/* ---- people.c ---- */
/* One more act of `c`, which is committed; whoever sits at `conn` hears of it under `cid`. */
void presence_commit(struct desk *d, struct desk_site *ds, struct change *c, const struct kf_id *person, enum presence p,
                     struct slice reason, uint64_t conn, struct slice cid);
/* What was chosen here while a look was under way: the look does not know it. */
void presence_overtakes(struct desk_site *ds);
/* Tells who sits here what the hint of another node should have. */
void sweep_owned(struct desk *d, struct desk_site *ds);
/* So many offers in a row were let pass. */
void missed_offers(struct desk *d, struct desk_site *ds, const struct kf_id *person, int missed);
/* There, whatever the person likes to get: not offline, and connected. */
bool is_present(struct desk *d, const struct desk_site *ds, const struct kf_id *person);
enum presence presence_chosen(const struct desk_site *ds, const struct member *m);
bool seen_connected(struct desk *d, const struct desk_site *ds, const struct kf_id *person);
/* ---- reply.c, oversee.c: what staff do with a conversation ---- */
struct change *staff_change(struct desk *d, struct desk_site *ds, const struct member *m, const struct inbound *in,
                            const struct conv *conv);
void staff_entry(struct change *c, const char *kind, const char *data);
void staff_audit(struct change *c, const char *kind, const char *data);
const char *json_text(struct change *c, const char *name, struct slice value); /* {name: value} */
const char *json_conv(struct change *c, const struct conv *conv);
const struct wording_value *named(const struct member *m, struct wording_value v[2]);
int64_t wrapup_of(const struct desk_site *ds, const struct conv *conv);
/* The acts of a transfer; `why` says what is wrong with it. */
enum kf_rc transfer(struct desk *d, struct desk_site *ds, struct change *c, const struct inbound *in, const struct conv *conv,
                    struct kf_err *why);
/* The acts of what `person` was handed, or offered, and does not take. What was handed over goes back to who did that, if there and with a
 * place for it, else to the line; the visitor, who was told to expect somebody, is told. `taken`: how many places that one has taken, -1 as
 * the last look had it. */
void comes_back(struct desk *d, struct desk_site *ds, struct change *c, const struct conv *conv, const struct kf_id *person, int taken);
/* Whisper, join, help, leave, priority, ready. */
enum kf_rc oversee(struct desk *d, struct desk_site *ds, struct change *c, const struct member *m, const struct inbound *in,
                   const struct conv *conv, struct kf_err *why);
void watch(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
           const struct conv *conv);
/* ---- routing.c: how far ahead a new conversation stands, how much of an agent it takes, and whether a bot talks first. `before`: the visitor's last one, NULL unknown;
 * `profile` counts only where the identity was proven. ---- */
void opening_rank(const struct desk_site *ds, const struct site_channel *ch, const struct conv *before, const char *profile, int64_t now_ms,
                  struct opening *o);
/* ---- explain.c ---- */
void rates_refresh(struct desk *d, struct desk_site *ds);
/* Seconds until it is this one's turn, from the last hour's real rate; -1: nobody can say. The latter also where nobody is there. */
int64_t rated_wait_s(const struct desk_site *ds, const struct kf_key *queue, int64_t position);
int64_t expected_wait_s(struct desk *d, const struct desk_site *ds, const struct kf_key *queue, int64_t position);
/* ---- wait.c ---- */
void sweep_waits(struct desk *d, struct desk_site *ds);
/* An offer, or what was handed over, has run out, or its agent is lost. */
void let_pass(struct desk *d, struct desk_site *ds, const struct conv *conv);
/* As it was committed; the words are copied. */
void member_presence(struct desk_site *ds, struct member *m, enum presence p, const char *reason, int64_t at);
/* Chosen here: the last look need not be asked anew. */
void presence_seen(struct desk_site *ds, const struct kf_id *person, enum presence p);
/* Is somebody there who could take a conversation of the queue: online or busy, connected, able? By the last look. */
bool staffed(struct desk *d, const struct desk_site *ds, const struct kf_key *queue);
/* Nobody is there who could, and nobody has only been off the net for less than the grace time. */
bool deserted(struct desk *d, const struct desk_site *ds, const struct kf_key *queue);
/* To the live layer: who there is, with presence and capacity. */
void tell_agents(struct desk *d, const struct desk_site *ds);

/* ---- attend.c: is there anybody in a queue? ---- */
/* What whoever hands something over to it should know: "nobody" is there, or it is "closed" and nobody is; NULL: somebody will have it. */
const char *unattended(struct desk *d, const struct desk_site *ds, const struct site_queue *q);
/* What the visitor's page says of the queue where the conversation waits: the same; of one that is put off "closed" until the doors open, whoever
 * is still there. Of one that is offered somebody is there: NULL. */
const char *unattended_for(struct desk *d, const struct desk_site *ds, const struct conv *c);
/* Who waits where somebody has come, or the last one has gone, is told, though nothing has become of the conversation itself. */
void tell_attended(struct desk *d, struct desk_site *ds);

/* ---- tell.c: after each commit ---- */
void tell_news(struct desk *d, struct desk_site *ds, const struct news *news, uint64_t except);
/* What a hint's number says, beside the seq of a message that is new: the owner or the state has changed; a message is another one. */
#define HINT_MOVED        (-1)
#define HINT_CHANGED(seq) (-1 - (seq))
/* Without a conversation: people or settings have changed (0); what is above 0 is pull_number(): a notice has come for that channel. */
/* Beyond all seqs: the timeline has grown, from this entry on; somebody types. */
#define HINT_FAR              (INT64_C(1) << 60)
#define HINT_TIMELINE(id)     (HINT_FAR + (id))
#define HINT_TYPING(role, on) (-HINT_FAR - 2 * (int64_t)(role) - ((on) ? 1 : 0))
void tell_typing(struct desk *d, const struct conv *c, const struct actor *who, bool on, uint64_t except);
/* ---- typed.c ---- */
/* tell_typing() where it comes from: since when is kept here, and on no other node. */
void typing_here(struct desk *d, const struct conv *c, const struct actor *who, bool on, uint64_t except);
/* Somebody types in another system, which has told: in the newest conversation of that peer, if one is open and served. */
void typing_there(struct desk *d, struct desk_site *ds, const struct kf_key *channel, const struct inbound *in);
/* How long the author of a message that is said now has typed it, ms; 0: nobody knows. What he says next he types anew, but what comes with the
 * cid of the last one (empty: none) is that one again. */
int64_t typed_ms(struct desk *d, const struct kf_id *conv, const struct actor *who, struct slice cid);
void typed_free(struct desk *d);
/* ---- tell.c again ---- */
/* The visitor waits for an answer: its agent is reminded (stage 1), or those who oversee the queue are told (2), on all nodes. */
#define HINT_ALARM(stage) (-HINT_FAR - 100 - (stage))
void tell_alarm(struct desk *d, struct desk_site *ds, const struct conv *c, int stage);
/* Something of a person's own reviews or coaching has changed: the "conversation" of the hint is the person. */
#define HINT_NOTICE (-HINT_FAR - 90)
void notice_here(struct desk *d, struct desk_site *ds, const struct kf_id *person);
void alarm_here(struct desk *d, struct desk_site *ds, const struct conv *c, int stage);
void tell_entries(struct desk *d, const struct conv *c, const struct entry *e, size_t n);
/* The same for what another node has committed, and for a message that it has changed. */
void tell_changed(struct desk *d, const struct conv *c, const struct message *m);
void tell_read(struct desk *d, struct desk_site *ds, const struct conv *conv);
/* A seat is to show the row that was read for it: to all others that show it here, what is new in it is news. Its view as it is then; NULL
 * when memory is out. Writes to the desk's buffer. */
struct view *tell_show(struct desk *d, struct desk_site *ds, const struct conv *conv);
/* Each tick: asks now and then how the lines are, and tells some of those who have moved on. */
void line_tick(struct desk *d, struct desk_site *ds);
void line_free(struct desk_site *ds);
void conv_json_view(struct desk *d, const struct desk_site *ds, const struct conv *c, struct conv_view_json *ret);
void tell_state(struct desk *d, struct desk_site *ds, const struct conv *c, int64_t position);
void tell_queue(struct desk *d, struct desk_site *ds);
void tell_site(struct desk *d, struct desk_site *ds);
void tell_presence(struct desk *d, struct desk_site *ds, const struct member *m);
/* The name in a customer's JSON, in the arena; NULL none. */
const char *customer_name(struct arena *a, const char *customer);

/* ---- one file each ---- */
void hello_visitor(struct desk *d, struct seat *seat, const struct inbound *in);
/* An identity in a `profile` frame: answers it, and welcomes anew whom it proves to be somebody else. */
void visitor_identity(struct desk *d, struct seat *seat, const struct inbound *in);
void hello_staff(struct desk *d, struct seat *seat);
void staff_opened(struct desk *d, struct seat *seat);
void staff_check(struct desk *d, struct seat *seat);
void history(struct desk *d, struct seat *seat, const struct inbound *in);
const struct site_channel *widget_channel(const struct site *site); /* the site's own page; NULL: switched off */
bool hours_now(const struct site *site, const struct site_channel *ch, int64_t now_ms);
void seat_profile(struct seat *seat, struct slice profile);
/* The end of every change that came from a socket: ack or error, then tell_news(). `ctx` is its struct call, which ends here. */
void seat_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why);
/* Commits, then does the above. Takes `c` over. */
void commit_from_seat(struct desk *d, struct seat *seat, const struct inbound *in, struct change *c);
bool wants_cid(struct desk *d, struct seat *seat, const struct inbound *in);
/* ---- react.c ---- */
/* Does the visitor's platform take reactions from here? */
bool reactions_go(const struct desk_site *ds, const struct conv *conv);
/* A reaction has no state of its own that the staff see: that it has not got through is a line behind its message. */
void reaction_failed(struct change *c, int64_t seq, struct slice emoji, struct slice why);
/* To what the visitor has said, or none any more. Answers the seat. */
void staff_reacts(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
                  const struct conv *conv);
/* ---- repeat.c ---- */
/* Answers with `why`, but if the key of `c` was claimed before for that content, with the first answer. Takes `c` over: no acts, only its
 * key and content count; NULL: `why`. `counted`: it took a token of its visitor's messages, which a repeat gets back. */
void refuse_unless_claimed(struct desk *d, struct seat *seat, const struct inbound *in, struct change *c, const struct kf_err *why,
                           bool counted);
/* A visitor's messages: so many at once, so many a second; `burst` 0 any. */
bool message_take(struct desk *d, const struct kf_id *who, int burst, int rate, struct kf_err *why);
void message_give(struct desk *d, const struct kf_id *who);
/* May a repeat of that visitor cost nothing? It may so often that no outbox feels it. */
bool repeat_take(struct desk *d, const struct kf_id *who);
/* What a welcomed seat does, whether it came just now or has waited in line. */
void seat_dispatch(struct desk *d, struct seat *seat, const struct inbound *in);
/* ---- lookup.c: acts on what has to be read first. `go` runs later, unless the seat is gone or there is no such thing (then it was told). */
/* True: it waits behind those, or was refused because too many do. False: nothing is in its way. */
bool line_wait(struct desk *d, struct seat *seat, const struct inbound *in);
void line_leave(struct seat *seat);
/* A conversation of the seat's site; whether the seat may act on it is for `go` to say. */
typedef void conv_known(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv);
void with_conv(struct desk *d, struct seat *seat, const struct inbound *in, const struct kf_id *conv, conv_known *go);
/* `conv` again, after a fresh look at who has how much to do. */
void with_look(struct desk *d, struct seat *seat, const struct inbound *in, const struct conv *conv, conv_known *go);
/* Goes on if the choice that `in` makes was offered in the seat's conversation. */
typedef void choice_known(struct desk *d, struct seat *seat, const struct inbound *in);
void with_choice(struct desk *d, struct seat *seat, const struct inbound *in, choice_known *go);
/* The message `in->seq` of `conv`: its seq, kind, role, text and extra. */
typedef void message_known(struct desk *d, struct desk_site *ds, struct seat *seat, const struct inbound *in, const struct conv *conv,
                           const struct message *m);
void with_message(struct desk *d, struct seat *seat, const struct inbound *in, const struct conv *conv, message_known *go);
/* The file that `in` names, if who sits there has uploaded it or may read it. */
typedef void file_known(struct desk *d, struct seat *seat, const struct inbound *in, const struct stored_file *f);
void with_file(struct desk *d, struct seat *seat, const struct inbound *in, file_known *go);
/* ---- receive.c, reply.c ---- */
enum message_kind file_kind(const char *mime);
const char *file_extra(struct change *c, const struct stored_file *f);
void visitor_says(struct desk *d, struct seat *seat, const struct inbound *in);
/* The same for a visitor's message. */
void refuse_unless_said(struct desk *d, struct seat *seat, const struct inbound *in, const struct kf_err *why, bool counted);
void visitor_acts(struct desk *d, struct seat *seat, const struct inbound *in);
/* ---- contact.c ---- */
/* A form's members as lines of text: what search finds and what pages without forms show. */
struct slice form_text(struct change *c, struct slice form);
/* A form says how its visitor is to be reached: what cannot be a number or an address, or is empty, is sent back while the visitor is still
 * there. `why` names the member and what is allowed. */
enum kf_rc form_check(struct slice form, struct kf_err *why);
/* What it says of the visitor is known of the customer from then on; numbers and addresses are written one way. NULL: nothing. */
const char *form_profile(struct change *c, struct slice form);
/* ---- guard.c ---- */
/* May whoever sits there write at all? False: `why` has the words. */
bool guard_bans(struct desk *d, const struct site *s, const struct kf_id *visitor, const char *address, struct kf_err *why);
/* What keeps the visitor of a conversation from writing, as this node knows it: "muted" or "blocked", `*until` 0: until it is taken back; "":
 * nothing. */
const char *guard_barred(struct desk *d, const struct site *s, const struct conv *c, int64_t *until);
/* Tells those who serve them of whom the new settings have muted, blocked or let go. `was` is the snapshot that ds->site has replaced. */
void bans_compare(struct desk *d, struct desk_site *ds, const struct site *was);
/* May this visitor write this? False: `why` has the words. */
bool guard_visitor(struct desk *d, const struct desk_site *ds, const struct seat *seat, const struct inbound *in, struct kf_err *why);
/* Is it from somebody who may not write on this channel? */
bool guard_inbound(const struct desk *d, const struct desk_site *ds, const struct kf_key *channel, const struct inbound *in);
/* May a platform's visitor write this? NULL, or what is wrong with it: "links" "repeats" "flood". What comes late, or once more, is no flood. */
const char *guard_content(struct desk *d, const struct desk_site *ds, const struct kf_key *channel, const struct inbound *in);
/* A platform has been told that it was taken, and will not bring it again: what comes too fast or too often is kept, but aside from rules and
 * bots. False: it is not kept. `*tell`: nobody was told of it within the last minute. */
bool guard_only_aside(struct desk *d, const struct kf_key *channel, const struct inbound *in, const char *unfit, bool *tell);
size_t guard_words(const struct desk_site *ds, struct slice text, const struct forbidden_word **ret, size_t max);
void staff_acts(struct desk *d, struct seat *seat, const struct inbound *in);
void route_kick(struct desk *d, struct desk_site *ds);
/* Has the pass under way chosen this person for somebody, and is not done with it? */
bool is_being_matched(const struct desk_site *ds, const struct kf_id *agent);
void refused(struct desk *d, struct desk_site *ds, const struct kf_id *conv, const struct kf_id *agent);
void handed_on(struct desk *d, struct desk_site *ds, const struct kf_id *conv, const struct kf_id *agent, int64_t at);
void rules_after(struct desk *d, struct desk_site *ds, const struct news *news);
/* Where no rule listens to this text of `role`, the commit need not be looked at. `answers`: it picks a choice, or is a form. */
void rules_deaf(const struct desk_site *ds, struct change *c, enum role role, struct slice text, bool answers);
void rules_due(struct desk *d, struct desk_site *ds, const struct conv *c);
/* One more act of a change: the platform hears of it too, if its channel has `cap`. */
void also_tell(const struct desk_site *ds, struct change *c, const struct conv *conv, uint32_t cap, enum errand_kind kind, int64_t seq);
void deliver_kick(struct desk *d, struct desk_site *ds);
/* Tries again to write down how errands ended. */
void deliver_settle(struct desk *d, struct desk_site *ds);
void deliver_forget(struct desk_site *ds);
void lease_tick(struct desk *d);
/* Tells the live layer who of the staff is connected here. */
void heartbeat(struct desk *d, struct desk_site *ds);
/* Somebody may have come for whom others wait parked: at once, for the tick is up to a second away. */
void parked_kick(struct desk *d, struct desk_site *ds);
void sweep_tick(struct desk *d, struct desk_site *ds);
/* ---- sampling.c: samples whose day has come ---- */
void sweep_samples(struct desk *d, struct desk_site *ds);
void rebuild_soon(struct desk_site *ds);
/* What happens to a conversation without anybody's doing, under the lease; `entry` may be NULL. */
void keep_event(struct desk *d, struct desk_site *ds, const struct conv *conv, struct conv_event ev, const char *entry);
/* Who is not to be given anything any more is not offered it either: it goes back to the line at once. */
void offers_withdraw(struct desk *d, struct desk_site *ds, const struct kf_id *person);
/* Takes from somebody who is lost, or may serve no more, all that there is: the lease holder's. */
void release_all(struct desk *d, struct desk_site *ds, const struct kf_id *person);
/* ---- reopen.c ---- */
/* `was` is the snapshot that ds->site has replaced. */
void hours_compare(struct desk *d, struct desk_site *ds, const struct site *was);
void sweep_hours(struct desk *d, struct desk_site *ds);
/* How many of those who wait are looked through at once. */
size_t waiting_max(const struct desk *d);
/* The rules look at those who wait where the last agent has gone since the last sweep. Whoever has waited since before anybody came was told
 * at the time. `all`: nobody waits but those who are given. */
void rules_deserted(struct desk *d, struct desk_site *ds, const struct conv *waiting, size_t n, bool all);
/* The rules look at the conversations of a person whose presence has changed. */
void presence_changed(struct desk *d, struct desk_site *ds, const struct kf_id *person);
void look(struct desk *d, struct desk_site *ds);
void keep_look(struct desk *d, struct desk_site *ds, const struct live_view *view);

/* ---- checks.c ---- */
/* What was closed and not looked at yet. */
void sweep_checks(struct desk *d, struct desk_site *ds);

/* ---- pick.c ---- */
void pick(struct desk *d, struct desk_site *ds, const struct member *m, struct seat *seat, const struct inbound *in,
          const struct conv *conv);
/* ---- token.c ---- */
/* "v1.<id>.<expiry>.<HMAC>". Returns false if it does not fit. */
bool token_make(const struct site *site, const struct kf_id *visitor, int64_t now_ms, char *ret, size_t n);
/* `renew` (may be NULL): half of its life is over, or an old secret has signed it: a new one is due. */
enum kf_rc token_read(const struct site *site, struct slice token, int64_t now_ms, struct kf_id *ret, bool *renew);
/* One cookie serves all sites of a host. Of its tokens that of this site (inside `cookie`), empty: none holds. */
struct slice cookie_token(const struct site *site, struct slice cookie, int64_t now_ms, struct kf_id *ret, bool *renew);
/* The cookie with this token in place of the site's own, first; of those of other sites the newest stay. */
bool cookie_with(const struct site *site, struct slice cookie, struct slice token, int64_t now_ms, struct buf *ret);
/* "ORIGIN/files/ID?exp=…&sig=…": whoever has it may fetch the file until then (seconds since 1970). False: no secret, or no room. */
bool file_address(const struct site *site, const char *origin, const struct kf_id *file, int64_t exp_s, char *ret, size_t n);
/* The address of a file for a platform or a bot, good for two days from `from_ms` on; NULL: there is no file, no secret, or no memory. */
const char *file_for_others(struct desk *d, const struct site *site, struct arena *a, const struct kf_id *file, int64_t from_ms);
bool identity_right(const struct site *site, struct slice id, struct slice hash);
/* The contact of a verified identity: the same wherever it is worked out. */
struct kf_id identity_contact(const struct site *site, struct slice id);

#endif
