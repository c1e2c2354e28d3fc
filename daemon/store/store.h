/* store.h: the permanent record and the only truth.
 *
 * Runs on its own threads; nothing here blocks the caller but store_open(), store_close() and the calls marked "blocks". Answers
 * come back on the caller's thread: the store calls `wake` from any thread, and the caller then calls store_drain().
 *
 * What a completion has said was committed is on the disk (synchronous=FULL). KF_AGAIN means: the database is away or its
 * disk is full, or the outcome is unknown; nothing may be acknowledged, and the same change may be sent again (its key tells
 * whether it got through). After an I/O or fsync error the store answers KF_IO for ever and store_broken() tells why. */
#ifndef KF_STORE_STORE_H
#define KF_STORE_STORE_H

#include "core/change.h"
#include "core/check.h"
#include "core/news.h"
#include "core/rule.h"
#include "core/sample.h"

#include <stddef.h>
#include <stdint.h>

struct store;

/* Secrets lie in the database sealed: those of documents member by member (`kind` says of which kind the document is), access tokens and
 * second factors as bytes (`kind` NULL). `where` is the place that they are bound to. Called from any thread. */
typedef enum kf_rc store_turn(void *ctx, const char *kind, struct slice where, struct slice in, struct arena *a, struct slice *ret,
                              struct kf_err *why);
struct store_vault {
    void *ctx;
    const char *key;                           /* the name of the key that seals */
    bool (*knows)(void *ctx, const char *key); /* what that key has sealed can be opened */
    store_turn *seal, *open;
};

struct store_config {
    const char *url;        /* "sqlite:PATH" or "postgresql://…" */
    const char *files_path; /* the database of file contents; PostgreSQL holds them itself, and here is only said whether: "" none */
    const char *index_path; /* the search index; likewise */
    bool alone;             /* no other node may use it, for our Redis is private; KF_CONFLICT if one does */
    const char *backup_dir; /* where a migration saves the database before it starts */
    const char *head_path;  /* the file that knows the end of the access log, and its name; NULL: there is none */
    /* Copied. NULL: what is there is left as it is, sealed or not. What was sealed with an older key, or not at all, is sealed by
     * store_open(); KF_INVALID where its key is not known. */
    const struct store_vault *vault;
    int readers;             /* threads that read; 0: 2 */
    size_t queue_max;        /* changes waiting for the writer; beyond it KF_AGAIN at once; 0: 100,000 */
    size_t reads_max;        /* questions waiting for the readers; beyond it KF_AGAIN at once; 0: 20,000 */
    void (*wake)(void *ctx); /* from any thread, coalesced */
    void *wake_ctx;
    /* Each line that an operator should read; from any thread. NULL: none. */
    void (*log)(int level, const char *line);
};

/* Opens, migrates (after a backup), starts the threads. Blocks. */
enum kf_rc store_open(struct store **ret, const struct store_config *cfg, struct kf_err *why);
/* Answers all that is queued (commits it), then stops. Completions run inside. Blocks. Takes NULL. */
void store_close(struct store *s);
/* Runs the completions that are due, on the calling thread. */
void store_drain(struct store *s);
/* The words of the error after which the store stopped for good, or NULL. */
const char *store_broken(const struct store *s);

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* `why` is NULL on success. `news` is NULL on failure. Runs once, later, on the caller's thread. */
typedef void store_done(void *ctx, enum kf_rc rc, const struct news *news, const struct kf_err *why);

/* Takes `c` over. Changes of one conversation are committed in the order in which they were given.
 *
 * An opening opens or reopens only if the change has an ACT_MESSAGE or an ACT_STEP, or new words of the visitor for a message that has not
 * come (an ACT_EDIT of its own); else it finds the newest conversation of the peer. A change that names none at all is about that of its first ref or errand. What a visitor says through an opening is a
 * CONV_VISITOR_SAYS of itself, unless the change brings one. */
void store_commit(struct store *s, struct change *c, store_done *done, void *ctx);

/* ---- reading ---------------------------------------------------------------------------------------------------- */

enum query_kind {
    QUERY_CONV,     /* id → conv[0] (KF_ABSENT if none), number: its own, for those who can only count */
    QUERY_NUMBERED, /* site, number → conv[0], number (KF_ABSENT if none) */
    QUERY_PEER,     /* channel, text: the peer → conv[0]: the newest one of that peer, open or closed */
    QUERY_OPEN,    /* site, now, id, limit → convs that are not closed, or closed and still wrapping up at `now`, by id, after this one */
    QUERY_OWNED,   /* site, now, id: a person → convs offered to, served by or wrapping up with that person */
    QUERY_WAITING, /* site, limit → convs waiting, by effective time */
    QUERY_PARKED,  /* site, limit → convs that are parked, the oldest first */
    QUERY_DUE,     /* site, now, limit → convs with due_at ≤ now, by due_at */
    QUERY_LATE,    /* site, queue, before, limit → convs that wait in that queue since then or longer */
    QUERY_SILENT,  /* site, queue, before, after: so often told, limit → convs whose visitors wait for an answer of their agent since then
                    * or longer, and fewer times told of */
    QUERY_HANDED,  /* site, limit → convs offered to somebody by a person */
    QUERY_PASSED_ON, /* site, after: a time, limit → passed_on: which convs that wait were handed to their queue since then, and by whom */
    QUERY_ENDED,     /* site, after: a time → counts: how many conversations of each queue that somebody served have ended since then */
    QUERY_MESSAGES,  /* id, after | before, limit → messages in seq order, `more`: there are more in that direction */
    QUERY_MESSAGE,   /* id, after: the seq → messages[0] */
    QUERY_TIMELINE,  /* id → entries */
    QUERY_RULES, /* id, needs: a set of enum rule_need, limit: so far messages are counted → fired, past, text_out: the visitor's profile,
                       "{}" where not needed */
    QUERY_TAGS,  /* id → text_out: a JSON array */
    QUERY_GONE,  /* id → number: when its words were taken out, 0 not; `more`: because somebody was forgotten, not because of their age */
    QUERY_ARTICLES, /* site → articles: the counts of those that were ever offered, by key */
    QUERY_PROFILE,  /* id: a contact → text_out: its customer as a JSON object (name, profile, contacts[]); with conv also messages[0],
                    * the newest of that conversation (n_messages 0: none) */
    QUERY_VISITOR, /* site, id: a contact or a customer → text_out: as QUERY_PROFILE, with conversations[]: id, and where others have spoken there,
                    * too, `contact`: whose words there are the visitor's; id: the customer's, which stays when contacts are erased; KF_ABSENT, KF_LIMIT: more than fit into 8 MiB */
    QUERY_ERRANDS, /* site, now, after: the epoch of our lease, limit → errands due, or found SENDING under an older lease; the first
                    * of each conversation, complete for sending, and with what goes along with it (errand.behind) */
    QUERY_WINDOW,  /* id, now → handle: what its reply handles have left */
    QUERY_OUTBOX, /* site, needs: OUTBOX_TROUBLE | OUTBOX_WAITING, limit → errands without their messages, the newest first, `more`; or id:
                        * that one (KF_ABSENT) */
    QUERY_PERSON,      /* text: the email, or id → person[0], with password */
    QUERY_MEMBERS,     /* site ("" all) and / or id: a person → members */
    QUERY_SESSION,     /* bytes: the hash → session */
    QUERY_LOGIN,       /* text: account, channel unused, address in `text2` → number: ms until the next try is allowed */
    QUERY_KEYS,        /* site → keys, also those that were revoked, in the order in which they were made */
    QUERY_KEY,         /* bytes: the hash → keys[0] */
    QUERY_TOTP,        /* id: a person → totp (KF_ABSENT: there is none) */
    QUERY_DOCUMENTS,   /* site ("" all) → documents: the newest version of each */
    QUERY_VERSIONS,    /* site, text: kind, text2: key, limit → documents: all versions of that one, the newest first */
    QUERY_CHANGES,     /* → number: it rises with every change of any document */
    QUERY_LEASES,      /* → leases */
    QUERY_FILE,        /* id → file: its row, and who uploaded it */
    QUERY_FILE_CONVS,  /* id: a file → convs that refer to it (at most limit) */
    QUERY_TRANSCRIPTS, /* search → hits, convs, number: count, capped, text_out: the next cursor ("" none) */
    QUERY_RESULT, /* search without limit and cursor, limit → places: all of them in the order of the pages, `more`: there are more than limit */
    QUERY_ROWS,  /* site, search.terms, places → convs, rows beside them, hits: the newest one each. What is gone meanwhile is left out */
    QUERY_SAVED, /* site, id: a person → saved: that one's, and those that are shared */
    QUERY_REVIEWS, /* site; by: which list, id, from, to, limit → quality: reviews, `more` */
    QUERY_REVIEW,  /* id → quality: reviews[0] with texts, card, versions, appeals, comments, mentions; KF_ABSENT */
    QUERY_NOTICES, /* site, id: a person, limit (of each) → mentions of that one, reveals: the site's that are asked for, then that one's that
                        * were decided; each the newest first */
    QUERY_REVEAL, /* id: a request → reveals[0] (KF_ABSENT); or conv, id: a person → reveals[0]: that one's newest (n_reveals 0: none) */
    QUERY_QUALITY,      /* site, after, before: submitted in between → quality: reviews, lines, cards; `capped` */
    QUERY_SAMPLES,      /* site, limit → quality: samples */
    QUERY_AGREEMENT,    /* site, id: a sample → quality: samples[0], its reviews, their lines and cards (KF_ABSENT) */
    QUERY_OPEN_REVIEWS, /* site, id: a person → quality: open and units: of each review of that one's which is not submitted; loads */
    QUERY_RUNS,         /* site → quality: runs: of each schedule that has ever been drawn the newest */
    QUERY_EXAMPLES,     /* site, limit → examples, the newest first */
    QUERY_COACHING,     /* site, limit, id: about this agent only (zero: all) → coachings, the newest first */
    QUERY_COACHED,      /* id → coachings[0] (KF_ABSENT) */
    QUERY_POPULATION,   /* site, after, before: closed in between, limit → quality: units with tenure in `fresh`, loads; `capped` */
    QUERY_TO_CHECK, /* site, now, limit, checking → checked: conversations that are still to be looked at, and what was found in each */
    QUERY_TRY_CHECK, /* site, after, before, cursor: number, limit, checking → checked: those that were closed in between, the newest first,
                        * with the lines that the hits cite; number: where the next page begins, 0: there is none */
    QUERY_FINDINGS, /* site, findings → findings, the newest first; `more`. With conv those of one conversation, in its order; with id one */
    QUERY_FINDING_COUNTS, /* site, after, before: closed in between → finding_counts */
    QUERY_BLOB,           /* channel, text: name → bytes_out (KF_ABSENT) */
    QUERY_CHANNELS_GONE, /* site → counts: the channels at whose address nobody is any more (`words` NULL), and those whose platform refuses
                              our credentials (`words`: how it says so); `n`: since when */
    QUERY_RAW,   /* site, channel, id: the conversation, after: the seq, now: the message's time → bytes_out (KF_ABSENT): as it came */
    QUERY_AUDIT, /* site ("" all), audit: which ones, limit → text_out: a JSON object: items, the newest first, and the next cursor */
    QUERY_HOLDS, /* site, conv (zero: any), needs: 1: lifted ones too, limit → text_out: a JSON object: items, the newest first */
    QUERY_AUDIT_VERIFY, /* audit.heads → text_out: a JSON object: each chain of the access log, and whether it is whole */
    QUERY_COUNTS        /* site ("" all) → text_out: a JSON object of row counts, sizes, for status and metrics */
};

struct stored_count {
    struct kf_key key;
    int64_t n;
    int64_t since;     /* QUERY_ENDED: when the first of them began to be served */
    const char *words; /* QUERY_CHANNELS_GONE; else NULL */
};

struct stored_passed_on {
    struct kf_id conv, by;
    int64_t at;
};

struct stored_session {
    struct kf_id person;
    uint8_t csrf[32];
    int64_t created_at, seen_at, expires_at;
};

/* What of the outbox: what has failed or is uncertain and nobody has looked after, and what is still to go. */
enum { OUTBOX_TROUBLE = 1, OUTBOX_WAITING = 2 };

struct stored_document {
    struct kf_key site, kind, key;
    int64_t version, at;
    const char *by; /* who wrote it, "" nobody in particular */
    const char *body;
};

struct stored_lease {
    int shard;
    struct kf_id node;
    int64_t epoch, beat;
};

struct stored_file {
    struct kf_id id;
    struct kf_key site;
    uint8_t sha256[32];
    int64_t size, at;
    const char *name, *mime;
    int width, height;
    struct actor by; /* contact or person who uploaded it */
};

/* From `min` to `max`, both in; `set`: it is asked for. */
struct search_range {
    bool set;
    int64_t min, max;
};

enum search_reviewed { REVIEWED_ANY, REVIEWED_YES, REVIEWED_NO };

/* One page of transcripts. All filters that are set must hold. */
struct search {
    struct slice terms;       /* as typed; empty: all conversations by newest */
    struct kf_id agent;       /* zero: any; one who served it */
    struct kf_key channel;    /* "" any */
    struct kf_key queues[32]; /* n_queues 0: any */
    size_t n_queues;
    struct kf_id contact;        /* zero: any */
    const struct member *reader; /* only what permit() lets this one read afterwards; NULL: all */
    bool exporting;              /* only what permit() lets the reader export */
    bool masked;                 /* what mask_text() hides is not found either, but in conversations that `self` serves or served last */
    struct kf_id self;           /* zero: nobody */
    int64_t from, to;            /* opened in [from, to); 0: open */
    int rating;                  /* 0: any */
    struct slice tag;            /* empty: any */
    struct kf_key rule;          /* "" any; one that has fired */
    struct kf_key check;         /* "" any; one whose findings are not all dismissed */
    int closed;                  /* 0: any, 1: closed, -1: open */
    int form;                    /* 0: any, 1: its visitor has filled in a form, -1: none */
    /* Of closed ones, ms: until somebody took it, until a person answered, the longest without a word, from opening to closing. */
    struct search_range wait, response, silence, lasted;
    int closed_by;             /* 0: any, else 1 + enum role */
    struct search_range score; /* of its newest submitted review, hundredths; calibrations are none */
    enum search_reviewed reviewed;
    struct kf_key card;  /* "" any; a scorecard that it was reviewed with, calibrations aside */
    int limit;           /* conversations; 1 to 100 */
    struct slice cursor; /* what the page before returned; empty: the first */
};

/* A result as QUERY_RESULT lists it, and as QUERY_ROWS reads it on. */
struct search_place {
    int64_t n;    /* of the conversation, for the store alone */
    int64_t hit;  /* its newest hit; 0: it was found without words */
    int64_t hits; /* how many messages have the words */
};

/* What a list of results says beside the conversation; times in ms, -1: none. */
struct search_row {
    int64_t wait, response, silence, lasted;
    int closed_by; /* enum role; -1 still open */
    int64_t score; /* hundredths, of its newest submitted review; -1 none */
    int64_t hits;
    const char *tags; /* separated by ", " */
};

struct search_hit {
    struct kf_id conv;
    int64_t seq;
    struct slice text;
    const char *card;      /* `extra` of a MESSAGE_CARD, which may be a form; else NULL */
    const int (*marks)[2]; /* [from, to) in code points */
    size_t n_marks;
};

/* What the rules ask of a conversation's past. */
struct rules_past {
    int64_t messages;                 /* of the visitor, counted to `limit` */
    int repeats;                      /* how often the visitor's newest text came in a row, up to RULE_REPEATS_MAX */
    bool marked;                      /* the newest was marked as a machine's */
    bool echo;                        /* it is what the system has said in this conversation */
    struct slice said[RULE_SAID_MAX]; /* the visitor's newest texts, the newest first; without what was picked from choices */
    size_t n_said;
    int64_t offered_seq;
    const char *offered; /* RULE_NEED_OFFERED: extra of the newest message with choices, unless an agent has written since; NULL none */
};

/* How often an article was offered, read, and said to help or not. */
struct article_count {
    struct kf_key key;
    int64_t suggested, shown, helped, not_helped;
};

/* Which reviews. */
enum reviews_by {
    REVIEWS_BY_TIME,     /* submitted from `after` on and before `before`, the newest first */
    REVIEWS_BY_REVIEWER, /* id: whom they are assigned to, the newest first */
    REVIEWS_BY_AGENT,    /* id: whom they are about; those that were submitted, the newest first */
    REVIEWS_BY_APPEAL,   /* those that wait for a decision, the oldest first */
    REVIEWS_BY_SAMPLE,   /* id */
    REVIEWS_BY_CONV      /* id */
};

struct stored_card {
    int64_t n;
    struct kf_key key;
    int64_t version;
    const char *body;
};

struct stored_sample {
    struct kf_id id, by;
    const char *name, *by_name, *plan;
    enum sample_kind kind;
    int64_t seed, population, drawn, done, at;
    struct kf_key card;
    int64_t card_version;
    struct kf_key schedule; /* "" somebody drew it */
    struct sample_part {
        struct kf_key queue;
        struct kf_id reviewer;
        int64_t open;   /* how many are not submitted */
        int64_t missed; /* … and never will be */
    } * parts;          /* of its reviews: each queue and reviewer */
    size_t n_parts;
};

/* What a schedule has drawn on a day. */
struct stored_run {
    struct kf_key schedule;
    int64_t day; /* days since 1970 of the site's own calendar */
    int64_t upto, population, drawn, at;
    int64_t wanted;      /* more than a sample may have; 0: all that was wanted is drawn */
    struct kf_id sample; /* zero: nothing was there to be drawn */
};

struct review_version {
    int64_t version, at;
    struct kf_id by;
    const char *by_name;
    int score, plain;
    bool fatal;
    const char *body;
};

struct review_comment {
    struct kf_id id, parent, by;
    int64_t seq, at;
    const char *by_name, *text;
};

/* A comment that names somebody, as that one is told of it. */
struct stored_mention {
    struct kf_id comment, by;
    int64_t seq, at, seen_at; /* seq 0: on the whole; seen_at 0: not yet */
    const char *by_name, *text;
    struct review review;
};

/* Somebody wants to see what is masked in a conversation. */
struct stored_reveal {
    struct kf_id id, conv, person, by; /* by: who has decided */
    struct kf_key site, queue;         /* queue: where the conversation is now */
    const char *name, *reason, *by_name;
    enum reveal_state state;
    int64_t at, until, decided_at, seen_at; /* until: 0 unless granted */
};

/* What the questions on quality review answer with. */
struct stored_quality {
    struct review *reviews;
    size_t n_reviews;
    struct review_line *lines; /* in the order of the reviews */
    size_t n_lines;
    struct stored_card *cards; /* each once */
    size_t n_cards;
    struct stored_sample *samples;
    size_t n_samples;
    struct stored_run *runs;
    size_t n_runs;
    struct sample_unit *units;
    int64_t *since; /* of each unit: when its agent came */
    bool *reviewed; /* of each unit */
    size_t n_units;
    struct sample_reviewer *loads;
    size_t n_loads;
    struct open_review {
        struct kf_id id, sample;
        enum sample_kind kind;
    } * open; /* n_units of them */
    /* Of one review. */
    const char *draft, *body; /* "" none */
    bool blind;               /* others still have to judge the same: only of a calibration */
    struct review_version *versions;
    size_t n_versions;
    struct review_appeal *appeals;
    size_t n_appeals;
    struct review_comment *comments;
    size_t n_comments;
    struct comment_mention {
        struct kf_id comment;
        struct mention who;
    } * mentions; /* in the order of the comments */
    size_t n_mentions;
};

struct saved_search {
    struct kf_id id, owner;
    const char *owner_name, *name, *filter;
    bool shared;
    int64_t at;
};

/* Which entries of the access log. All that are set must hold. */
struct audit_filter {
    struct slice kind;
    struct kf_id person, conv; /* zero: any; `conv` is named in it */
    int64_t from, to;          /* [from, to); 0: open */
    int64_t before;            /* the cursor of the page before; 0: the newest */
    struct slice heads;        /* VERIFY: heads that were kept elsewhere, one a line: "NODE ENTRY HASH" */
};

/* What conversations are looked at with. All of it is borrowed until the answer. */
struct checking {
    const struct check *checks;
    size_t n;
    const struct forbidden_word *forbidden;
    size_t n_forbidden;
    const char *language; /* of visitors who have said nothing of theirs */
    /* The business hours of a queue. Called from any thread. */
    const struct hours *(*hours)(const void *ctx, const struct kf_key *queue);
    const void *ctx;
};

struct checked {
    struct kf_id conv, agent; /* the last one */
    struct kf_key queue, channel;
    int64_t closed_at;
    bool open;      /* it was reopened: there is nothing to look at before it is closed again */
    int64_t due_at; /* QUERY_TO_CHECK */
    struct check_found found;
    const struct message *lines; /* QUERY_TRY_CHECK: of each hit the message */
};

struct stored_finding {
    int64_t n;
    struct kf_id id, conv, agent, by;
    struct kf_key queue, channel, check;
    int64_t closed_at, version, seq, ms, at, decided_at;
    bool risk;
    const char *word, *by_name; /* "" none */
    enum finding_state state;
};

/* Which findings. */
struct finding_filter {
    struct kf_key check, queue;  /* "" any */
    struct kf_id agent;          /* zero: any */
    int state;                   /* -1 any */
    int64_t from, to;            /* closed in [from, to) */
    int64_t cursor_at, cursor_n; /* where the page before has ended; 0: the first */
    const struct kf_key *queues; /* of these alone; n_queues 0: all */
    size_t n_queues;
};

struct finding_count {
    struct kf_key check;
    int64_t by_state[3];
};

struct query {
    struct arena *arena; /* owns all of this, the struct included */
    enum query_kind kind;
    struct kf_key site, channel, queue;
    struct kf_id id, conv;
    struct slice text, text2, bytes;
    int64_t after, before, now;
    int limit;
    unsigned needs;
    bool
        with_last; /* OWNED, OPEN, WAITING, and TRANSCRIPTS of what has no hit: messages[i] is the newest of convs[i], those of the system aside (its seq is 0: none) */
    bool with_tags; /* POPULATION: of each unit, and whom its risk is about */
    struct search search;
    struct audit_filter audit;
    enum reviews_by by;
    const struct checking *checking;
    struct finding_filter finding_filter;

    /* The answer. */
    struct stored_quality quality;
    struct checked *checked;
    size_t n_checked;
    struct stored_finding *findings;
    size_t n_findings;
    struct finding_count *finding_counts;
    size_t n_finding_counts;
    struct stored_mention *mentions;
    size_t n_mentions;
    struct stored_reveal *reveals;
    size_t n_reveals;
    struct example *examples;
    size_t n_examples;
    struct coaching *coachings;
    size_t n_coachings;
    struct conv *convs;
    size_t n_convs;
    struct message *messages;
    size_t n_messages;
    struct entry *entries;
    size_t n_entries;
    struct rule_fired *fired;
    size_t n_fired;
    struct rules_past past;
    struct article_count *articles;
    size_t n_articles;
    struct errand *errands;
    size_t n_errands;
    struct person *person;
    struct member *members;
    size_t n_members;
    struct stored_session session;
    struct api_key *keys;
    size_t n_keys;
    struct totp totp;
    struct stored_document *documents;
    size_t n_documents;
    struct stored_lease *leases;
    size_t n_leases;
    struct stored_passed_on *passed_on;
    size_t n_passed_on;
    struct stored_count *counts;
    size_t n_counts;
    struct {
        bool any;
        int64_t expires_ms; /* 0 never */
        int left;           /* -1 unbounded; what is on its way has been taken off */
        int64_t fewer_at;   /* then some of these end, before the others; 0: they do not */
        bool texts;         /* only a text goes: reply_window.texts */
    } handle;
    struct stored_file file;
    struct search_hit *hits;
    size_t n_hits;
    struct search_place *places;
    size_t n_places;
    struct search_row *rows;
    struct saved_search *saved;
    size_t n_saved;
    int64_t number;
    bool more, capped;
    const char *text_out;
    struct slice bytes_out;
};

struct query *query_new(enum query_kind kind); /* NULL: out of memory */

/* `q` lives until the callback returns; it is the one that was given. */
typedef void store_answer(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why);

/* Takes `q` over. Reads what was committed before the call. */
void store_read(struct store *s, struct query *q, store_answer *done, void *ctx);

/* ---- files ------------------------------------------------------------------------------------------------------- */

#define STORE_BLOCK 65536

/* An upload: blocks go in one after the other, in the order of the calls. `handle` is chosen by the caller (an id). Abandoned
 * handles are forgotten at the next start. */
typedef void store_block_done(void *ctx, enum kf_rc rc, const struct kf_err *why);
void store_file_put(struct store *s, const struct kf_id *handle, struct slice block, store_block_done *done, void *ctx);
/* All blocks are in: durable when this answers. Contents that were stored before are stored once. */
typedef void store_file_done(void *ctx, enum kf_rc rc, const uint8_t sha256[32], int64_t size, const struct kf_err *why);
void store_file_end(struct store *s, const struct kf_id *handle, store_file_done *done, void *ctx);
void store_file_drop(struct store *s, const struct kf_id *handle);
/* Block `index` (0 …) of the contents; empty after the last. */
typedef void store_file_block(void *ctx, enum kf_rc rc, struct slice block, const struct kf_err *why);
void store_file_get(struct store *s, const uint8_t sha256[32], int64_t index, store_file_block *done, void *ctx);

/* ---- upkeep ------------------------------------------------------------------------------------------------------ */

/* One archive of messages and files, messages first, while running. `path` must not exist. */
void store_backup(struct store *s, const char *path, store_block_done *done, void *ctx);
/* Puts an archive back in place of what the config names; the store must not be open anywhere. Blocks. KF_INVALID: it is no archive,
 * damaged or cut short, and `why` says where; nothing was changed. */
enum kf_rc store_restore(const struct store_config *cfg, const char *archive, struct kf_err *why);
/* What an operator should know of the database of the config, without opening the store: a line ("PostgreSQL 15.4, encoding UTF8 …"), or the
 * trouble. PostgreSQL only. Blocks. */
enum kf_rc store_look(const struct store_config *cfg, char *line, size_t n, struct kf_err *why);
/* Rebuilds the search index from the messages. */
void store_reindex(struct store *s, store_block_done *done, void *ctx);
/* Removes what has outlived its time: backups of migrations, dedupe keys, sessions, orphan files, and of each class of data what is older than it
 * is kept. */
enum keep_class { KEEP_MESSAGES, KEEP_PAPERS, KEEP_RAW_BODIES, KEEP_PROFILES, KEEP_REVIEWS, KEEP_LOG, KEEP_CLASSES };
struct housekeeping {
    int64_t now;
    int64_t keep_ms[KEEP_CLASSES]; /* how long each class is kept; 0: for ever, but raw bodies for 7 days */
    bool dry;                      /* only tells */
    bool wipe; /* and where something was erased, so that no byte of it stays: the databases are written anew, commits wait meanwhile */
    int64_t backup_ms; /* how old a backup of a migration becomes; 0: 7 days */
};
/* `report` is a JSON object, NULL on failure. */
typedef void store_housekept(void *ctx, enum kf_rc rc, const char *report, const struct kf_err *why);
void store_housekeep(struct store *s, const struct housekeeping *h, store_housekept *done, void *ctx);

struct store_figures {
    uint64_t commits, changes, conflicts, failed;
    uint64_t queued;       /* waiting for the writer now */
    uint64_t index_lag_ms; /* age of the oldest message that is not in the index */
    uint64_t commit_us_total, fsyncs;
    uint64_t batch_le[6]; /* commits of at most 1, 4, 16, 64, 256, 500 changes */
};
void store_figures(const struct store *s, struct store_figures *ret);

#endif
