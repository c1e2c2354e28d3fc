/* change.h: what shall be true, and the epoch it was decided on. The second noun: desk → store.
 *
 * A change is one transaction's worth: all of it is committed or nothing. It names what it is about (the target), what must
 * still hold (key, epoch, lease), and what to do (acts, in order). The store works out what only the commit can know: which
 * conversation is open, the next seq, the state after each step.
 *
 * A change lives in its own arena, and so does everything it points to. store_commit() takes both over. */
#ifndef KF_CORE_CHANGE_H
#define KF_CORE_CHANGE_H

#include "core/arena.h"
#include "core/check.h"
#include "core/coaching.h"
#include "core/conv.h"
#include "core/errand.h"
#include "core/message.h"
#include "core/person.h"
#include "core/review.h"

/* How to find the conversation of (channel, peer), and how to open one if there is none. */
struct opening {
    struct kf_key channel;
    const char *peer;
    int64_t reopen_ms;     /* a conversation closed less than this ago is reopened */
    enum conv_state state; /* of a new one: WAITING, BOT or PARKED */
    struct kf_key queue;   /* of a new one */
    struct kf_key bot;     /* of a new one that is BOT */
    int priority;
    int weight; /* places that it takes; 0: 1 */
    const char *locale;
    /* Who is there: the contact is found by (channel, address) or made with these ids. */
    const char *address;
    struct kf_id new_conv, new_contact, new_customer;
    const char *name;    /* "" unknown */
    const char *profile; /* a JSON object or NULL: what is known of the customer */
    bool verified;       /* the identity was proven */
    bool joins;          /* only finds the newest one, as it is: opens and reopens nothing */
    const char *opened;  /* data of the timeline entry "opened": greeting and consent shown, page; NULL "{}" */
    const char *page;    /* data of a timeline entry "page" where one is reopened; NULL: none */
};

enum act_kind {
    /* On the conversation. */
    ACT_STEP,     /* step */
    ACT_MESSAGE,  /* message; errand: also goes into the outbox */
    ACT_ENTRY,    /* entry */
    ACT_RULED,    /* ruled */
    ACT_RATE,     /* rate */
    ACT_INVITE,   /* to rate: once per conversation, KF_CONFLICT afterwards */
    ACT_READ,     /* read: by.role says whose mark; never goes back */
    ACT_EDIT,     /* edit: the text of a message; the old one goes to the timeline. Found by seq or ref */
    ACT_REMOVE,   /* edit: the body goes, the row stays, kind removed */
    ACT_MEDIA,    /* media: what a message has shown as a placeholder; nothing if it was removed meanwhile */
    ACT_OPT,      /* out: the contact wants to hear nothing from machines any more, or again */
    ACT_STATUS,   /* status: moves forward only; unknown refs are parked for a day */
    ACT_HANDLE,   /* handle: the newest reply handle of the conversation; one that ends earlier than one with replies left is none,
                   * unless each is answered for itself (beside). Of an opening that only joins: nothing where there is none to join */
    ACT_PRIORITY, /* number; of who waits it is a new epoch, at the end of the change */
    ACT_TAG,      /* tag */
    ACT_ARTICLE,  /* article: counts of it go up */

    /* On the outbox. */
    ACT_ERRAND,        /* errand: a new one that is not a message of this change */
    ACT_ERRAND_CLAIM,  /* errand.id, part, attempt, as they were read: QUEUED → SENDING; KF_CONFLICT if not queued, or tried since */
    ACT_ERRAND_DROP,   /* errand.id: what is queued, failed or uncertain → HANDLED, its message failed; KF_CONFLICT if it is neither */
    ACT_ERRAND_SETTLE, /* errand.id, state, attempt, due_at, error; with message.ref the message's platform id, with message.reason what
                        * stands beside it though it was sent; with handle: it cost a reply of that one, or (handle_over) that one has ended */

    /* On people and contacts. */
    ACT_RENAME,        /* rename: whom the platform calls otherwise from now on; nothing where the new name is already somebody's */
    ACT_PROFILE,       /* profile: merged into the customer of `by` (a contact) or of the conversation */
    ACT_PRESENCE,      /* presence */
    ACT_PERSON,        /* person: insert or update by id (password NULL: keep) */
    ACT_MEMBER,        /* member: insert or replace, presence kept */
    ACT_NOT_LAST,      /* not_last.person: KF_CONFLICT if of not_last.site ("": of any) no other administrator would be left */
    ACT_SESSION,       /* session: new */
    ACT_SESSION_TOUCH, /* session.hash: seen now */
    ACT_SESSION_END,   /* session.hash, or all of session.person when the hash is empty */
    ACT_LOGIN,         /* login: counts a failure, or clears them */
    ACT_KEY,           /* key: new */
    ACT_KEY_TOUCH,     /* key.id: used now */
    ACT_KEY_END,       /* key.id: revoked; KF_ABSENT if the site has none of it that is not */
    ACT_TOTP,          /* totp.person, secret: a second factor to be confirmed; KF_CONFLICT where one is confirmed */
    ACT_TOTP_CONFIRM,  /* totp.person, step, codes: it counts from now on; KF_CONFLICT unless one waits for that */
    ACT_TOTP_USE,      /* totp.person and step, or codes[0]: KF_AUTH if that step or one after it, or that code, was used before */
    ACT_TOTP_END,      /* totp.person: no second factor any more */

    /* On the rest. */
    ACT_DOCUMENT,  /* document: a new version; version must be the present one + 1, else KF_CONFLICT */
    ACT_FILE,      /* file: what the bytes in the file store are called here */
    ACT_AUDIT,     /* entry: kind and data; append-only */
    ACT_HOLD,      /* hold: a legal hold on a conversation or a visitor; KF_ABSENT if the site has none such */
    ACT_HOLD_LIFT, /* hold.id: KF_ABSENT if there is none that is not lifted */
    ACT_ERASE, /* erase: forgets a visitor, with a line in the access log; news.receipt. KF_CONFLICT where a talk is open or a hold says no */
    ACT_SAMPLE,       /* sample: drawn conversations become reviews to be done */
    ACT_SAMPLE_CLOSE, /* sample_close: of an exercise, whoever has not submitted has missed it; KF_ABSENT, KF_CONFLICT if all are in */
    ACT_HANDOVER, /* handover: open reviews of one go to others, or are judged no more; KF_CONFLICT if one of them is not open, or not that one's */
    ACT_REVIEW, /* review: an event of it; KF_CONFLICT if its revision has moved on or its state forbids it */
    ACT_SAVED,  /* saved: a search that is kept, new or as its owner changes it; KF_ABSENT if it is another's, KF_LIMIT beyond SAVED_MAX */
    ACT_SAVED_DROP,    /* saved.id: its owner's, or with `shared` one that is shared; KF_ABSENT */
    ACT_CHECKED,       /* checked: what the machine has found in the conversation; KF_CONFLICT unless it is still to be looked at */
    ACT_FINDING,       /* finding: what somebody makes of one; KF_CONFLICT if its state has moved on */
    ACT_COMMENT,       /* comment: on a review, perhaps at a message, perhaps with mentions */
    ACT_REVEAL,        /* reveal: asked for, or decided; KF_CONFLICT where it is asked for or granted already, or was decided before */
    ACT_SEEN,          /* seen: by `by`: a comment that mentions him, or his request that was decided; KF_ABSENT */
    ACT_EXAMPLE,       /* example: a new one (revision 0), or a change of one; KF_CONFLICT if its revision has moved on */
    ACT_COACHING,      /* coaching: an event of it; KF_CONFLICT if its revision has moved on or its state forbids it */
    ACT_LEASE,         /* lease: take it or beat */
    ACT_RAW,           /* blob: what a platform said and nobody could read (name: its kind), kept for a week */
    ACT_CHANNEL_STATE, /* blob: a token, a cursor: (channel, name) → bytes; replaces */
    ACT_CHANNEL_GONE, /* gone: nobody is at its address any more; nothing is done where its document was saved, or somebody was there, since
                        * `since`, when the request left */
    ACT_CHANNEL_BACK  /* gone.channel: somebody is there again. A new version of its document says so, too */
};

/* The rules have looked: the commit that stores a rule's messages says so. */
struct act_ruled {
    int64_t from_seq;    /* KF_CONFLICT unless ruled_seq is this: another node looked meanwhile */
    int64_t to_seq;      /* looked at up to here; when nothing newer came meanwhile, this change's own messages count as looked at */
    int64_t rule_due_at; /* 0 never */
    int64_t seen_due_at; /* what it was when this was decided: where something else has moved it since, the sooner one holds */
    struct {
        struct kf_key rule;
        const char *cause; /* "" : once per conversation */
        bool wide;         /* of the contact, over all its conversations */
    } firing[8];           /* unique (conversation or contact, rule, cause): one that exists makes the change KF_CONFLICT */
    size_t n_firings;
    bool again; /* what this change says has to be looked at, too: it closes the conversation */
};

struct act_session {
    uint8_t hash[32]; /* SHA-256 of the cookie */
    struct kf_id person;
    uint8_t csrf[32];
    int64_t expires_at; /* absolute */
    const char *address;
};

struct act_key {
    struct api_key key;
    uint8_t hash[32]; /* SHA-256 of the key */
};

#define RECOVERY_CODES 10

struct act_totp {
    struct kf_id person;
    uint8_t secret[TOTP_BYTES];
    int64_t step;         /* 0: a recovery code is used instead */
    uint8_t (*codes)[32]; /* RECOVERY_CODES hashes; of ACT_TOTP_USE one */
};

struct act_document {
    struct kf_key kind, key; /* "site" "channel" "queue" "rules" ... */
    int64_t version;
    const char *body; /* a JSON object */
};

#define SAVED_MAX 100 /* of one person */

/* A search that is kept; whose it is says the change's `by`. */
struct act_saved {
    struct kf_id id;
    const char *name, *filter; /* a JSON object */
    bool shared;               /* with the site */
    bool fresh;                /* ACT_SAVED: there is none yet */
};

struct act_file {
    struct kf_id id;
    uint8_t sha256[32];
    int64_t size;
    const char *name, *mime;
    int width, height;
};

struct act_lease {
    int shard;
    struct kf_id node;
    int64_t epoch; /* beat: the one held; KF_CONFLICT if it is not this any more */
    bool take;     /* epoch is the one seen; taken with epoch + 1 */
};

/* What is drawn, and for whom. */
struct sample_pick {
    struct kf_id review, conv, agent, reviewer;
    struct kf_key channel, queue;
    int64_t closed_at;
};

struct act_sample {
    struct kf_id id;
    const char *name;
    enum sample_kind kind;
    int64_t seed, population;
    struct kf_key card;
    int64_t card_version;
    uint8_t card_sha256[32];
    const char *card_body;
    const char *plan; /* a JSON object: what was asked for */
    struct sample_pick *picks;
    size_t n_picks;
    bool once; /* random, of what was in no random sample before: KF_CONFLICT if one of them is by now */
    struct kf_key
        schedule;      /* drawn by itself: KF_CONFLICT if that day's was drawn already; then nothing may be drawn, too. "" by somebody */
    int64_t day, upto; /* of a schedule: schedule.h */
    int64_t wanted;    /* likewise: more than a sample may have; 0: all that was wanted is drawn */
};

/* Whose reviews somebody else makes, or nobody. What was answered in a draft goes with whoever wrote it. */
struct act_handover {
    struct kf_id from;
    struct handover_move {
        struct kf_id review;
        struct kf_id to; /* zero: it is judged no more; of a calibration nothing else can be */
    } * moves;
    size_t n_moves;
};

struct review_line {
    int64_t review; /* of what is read: its number */
    struct kf_key item;
    int earned, max;
    bool failed;
};

struct review_appeal {
    struct kf_key item; /* "" the whole */
    const char *text;
    enum appeal_outcome outcome; /* NONE: not decided */
    const char *answer;
};

struct act_review {
    struct kf_id id;
    int64_t revision; /* the one that was seen */
    enum review_event event;
    const char *body; /* its contents: SAVE, SUBMIT, DECIDE */
    struct score_sum sum;
    struct review_line *lines; /* SUBMIT, DECIDE */
    size_t n_lines;
    int64_t appeal_until;          /* SUBMIT */
    struct review_appeal *appeals; /* APPEAL: item and text; DECIDE: item, outcome and answer */
    size_t n_appeals;
    enum appeal_outcome outcome; /* DECIDE */
};

/* Whom a comment names. */
struct mention {
    struct kf_id person;
    const char *name; /* as it stands in the text */
};

struct act_comment {
    struct kf_id id, review;
    int64_t seq;         /* of the message; 0: on the whole */
    struct kf_id parent; /* zero: it begins a thread */
    const char *text;
    const struct mention *mentions; /* the change's; each person once */
    size_t n_mentions;
};

/* A request to see what is masked that nobody has decided for so long is none any more: it may be made again. */
#define REVEAL_LAPSES_MS (7LL * 24 * 3600 * 1000)

/* What becomes of a request to see what is masked. The numbers are stored: only append. */
enum reveal_state { REVEAL_ASKED, REVEAL_GRANTED, REVEAL_REFUSED };

struct act_reveal {
    struct kf_id id;
    enum reveal_state to;
    struct kf_id conv;  /* ASKED: by change.by, who has none that is open or in force */
    const char *reason; /* ASKED */
    int64_t until;      /* GRANTED */
};

/* A conversation was looked at. The hits that it had before and has no more are gone, but for those that somebody has judged. */
struct act_checked {
    int64_t due_at; /* from when on it was to be looked at */
    int64_t again;  /* … and when once more; 0: never */
    const struct check_hit *hits;
    size_t n_hits;
};

struct act_finding {
    struct kf_id id;
    enum finding_state from, to;
};

/* A good or bad example, taken from a conversation without names. */
struct example {
    struct kf_id id;
    int64_t revision;
    bool good, gone; /* gone: taken out of the library, with its words */
    const char *title, *note, *collection;
    const char *tags, *items, *lines; /* JSON arrays: words, keys of scorecard items, {"role","text"} */
    struct kf_id conv, review;        /* where it was taken from; review zero: none */
    int64_t at, changed_at;           /* of what is read */
    struct kf_id by;                  /* likewise */
    const char *by_name;
};

struct act_coaching {
    enum coaching_event event;
    struct coaching note; /* PLAN: all of it; else id, revision, and answer or outcome */
};

struct act {
    enum act_kind kind;
    bool errand;             /* ACT_MESSAGE: also goes into the outbox */
    const struct kf_key *to; /* of errand: only where the conversation is of one of these channels; NULL: of any */
    size_t n_to;
    const struct kf_key *by_mail; /* ACT_MESSAGE: goes out by this channel if the visitor's profile has a mail address; NULL: it does not */
    bool fetch;                   /* ACT_MESSAGE: its media are still on the platform; an errand fetches them */
    bool echo;                    /* ACT_MESSAGE: nothing happens if its ref is known: we have sent it ourselves */
    bool aside;                   /* ACT_MESSAGE: no bot is asked for an answer to it; of the first of a conversation one is */
    const char *answers; /* ACT_MESSAGE: the platform's id of the message that it answers; NULL none. Becomes reply_to if we know it */
    union {
        struct conv_event step;
        struct message message;
        struct entry entry;
        struct act_ruled ruled;
        struct {
            int score;
            const char *tags, *comment;
        } rate;
        int64_t seq; /* ACT_READ */
        struct {
            int64_t seq;     /* or 0 and ref */
            const char *ref; /* the platform's id */
            const char *text;
            int64_t edited_ms; /* by the platform's clock: newer words than these stay, and these go where old words go; 0: not known */
            int64_t within_ms; /* only if not older than this; 0: any */
            bool own;          /* only what `by` has said: a person of the staff, or the visitor; else KF_DENIED */
        } edit;
        struct {
            int64_t seq;
            enum message_kind kind;
            struct slice text;
            struct kf_id file; /* zero: none */
            const char *extra;
        } media;
        bool out;
        struct {
            int64_t seq;
            const char *ref;
            enum delivery delivery;
            const char *reason;
            int64_t at;
            bool window_over; /* it failed because no more replies are taken: the handles end, unless the visitor has written since */
            bool again;       /* only for what failed or is uncertain: KF_CONFLICT for everything else */
        } status;
        struct {
            const char *text;
            int64_t expires_ms;
            int left;
            bool beside; /* those that are there can be answered still */
            bool over;   /* that which there is takes nothing more; nothing else counts then */
            bool code;   /* `text` begins with HANDLE_CODE: it takes the place of an older code, and of nothing else */
            bool ends;   /* those that are there end with it; without `text` that is all */
        } handle;
        int number;
        struct {
            const char *text;
            bool off; /* take it away */
        } tag;
        struct {
            struct kf_key key;
            int suggested, shown, helped, not_helped;
        } article;
        struct errand errand;
        struct {
            struct kf_key channel;
            const char *from, *to; /* of contacts and of conversations */
        } rename;
        const char *profile;
        struct {
            struct kf_id person;
            enum presence presence;
            const char *reason;
        } presence;
        struct person person;
        struct member *member; /* change_member() makes it */
        struct {
            struct kf_id person;
            struct kf_key site;
        } not_last;
        struct act_session session;
        struct act_key key;
        struct act_totp totp;
        struct {
            const char *account, *address;
            bool ok;
            int allowed; /* failures before the delay begins; 0: 5 */
        } login;
        struct act_document document;
        struct act_file file;
        struct act_lease lease;
        struct {
            struct kf_id id, conv, visitor; /* conv, or visitor: a contact or a customer */
            const char *reason;
            const char *queues; /* of who asks, each between two blanks: where it is of none of them there is none such. "" or NULL: all */
        } hold;
        struct {
            struct kf_id visitor;  /* a contact, or a customer: with it go all its contacts */
            const char *reference; /* a word for the log: what it was asked by; no personal data. NULL none */
        } erase;
        struct kf_id sample_close;
        struct act_handover *handover; /* of the change's arena; likewise: */
        struct act_sample *sample;     /* of the change's arena; likewise: */
        struct act_review *review;
        struct act_comment comment;
        struct act_reveal reveal;
        struct kf_id seen; /* the comment's, the request's */
        struct act_saved saved;
        struct act_checked checked; /* `hits` are the change's, and what they point to */
        struct act_finding finding;
        struct example *example; /* of the change's arena; likewise: */
        struct act_coaching *coaching;
        struct {
            struct kf_key channel;
            const char *name;
            struct slice bytes;
            int64_t hold_ms; /* ACT_CHANNEL_STATE: only where it is empty, absent or older than that, else KF_CONFLICT; 0: always */
        } blob;
        struct {
            struct kf_key channel;
            int64_t since; /* ms: when the request left that was told so */
        } gone;
    } u;
};

struct change {
    struct arena *arena; /* owns all of this, the struct included */
    struct kf_key site;  /* "" for what concerns the installation */
    int64_t at;          /* now: the time of all that it makes */
    struct actor by;

    /* The dedupe key, as text that names its space first ("w:channel:contact:cid", "s:conv:person:cid", "p:channel:kind:id");
     * stored as SHA-256. A key that was claimed before ends the change with the first answer: news.duplicate. */
    struct slice key;
    struct slice content; /* what the key stands for: the same key with other content is KF_CONFLICT; empty: it is not compared */
    bool first_wins;      /* also where the content is another: news.differs */

    /* Target: a conversation by id, or found and opened by peer, or none. */
    struct kf_id conv;
    const struct opening *opening;

    /* Guards. */
    struct kf_key channel; /* "": any; else the conversation must be one of this channel, or there is none (KF_ABSENT) */
    int64_t epoch;         /* -1: any; else conversation.epoch must be this */
    int lease_shard;
    int64_t lease_epoch; /* 0: not housekeeping; else the lease must still be ours */
    struct kf_id lease_node;

    /* States after the change in which no rule listens to these messages: then ruled_seq moves along in the same commit and no
     * second look is due. A set of 1 << enum conv_state. */
    unsigned unruled;
    const char *warning; /* a word beside the ack, for whoever asked: not the store's affair. Static; NULL none */
    int64_t quiet_ms;    /* … and in a served conversation the rules ask so much later whether it was answered; 0: they do not */

    struct act *acts;
    size_t n_acts, cap_acts;
    bool failed; /* memory ran out while it was written down: store_commit() answers KF_NOMEM */
};

/* An empty change in an arena of its own, or NULL. */
struct change *change_new(const struct kf_key *site, int64_t now_ms);
/* One that may hold all documents of a site. */
struct change *change_new_settings(const struct kf_key *site, int64_t now_ms);
void change_free(struct change *c); /* one that was not committed */
/* The next act, zeroed, never NULL: when memory is out, `failed` is set and a scratch act is returned. */
struct act *change_act(struct change *c, enum act_kind kind);
/* ACT_MEMBER and its member, zeroed, never NULL likewise. The member lies beside the acts, because it is larger than five of them. */
struct member *change_member(struct change *c);
/* Copies into the change's arena; when memory is out, `failed` is set and "" is returned. */
const char *change_text(struct change *c, struct slice s);
const char *change_printf(struct change *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct slice change_slice(struct change *c, struct slice s);

#endif
