/* apply.h: one change inside the transaction of a batch.
 *
 * First the plan: all that can refuse the change is read and decided in memory, act by act, on a copy of the conversation. Then the
 * writes, which have no reason left to fail. So a refused change writes nothing, and no savepoint is needed. */
#ifndef KF_STORE_APPLY_H
#define KF_STORE_APPLY_H

#include "core/buf.h"
#include "core/change.h"
#include "core/news.h"
#include "store/inside.h"
#include "store/row.h"

#define BATCH_MAX   500
#define BATCH_TABLE 1024

/* A conversation as this batch sees it. */
struct slot {
    struct slot *next;       /* with the same hash */
    struct slot *next_dirty; /* its row still has to be saved */
    struct place *place;
    struct conv_row row;
    bool listed, dirty, dirty_due;
};

/* Where conversations happen: (site, channel, peer). Changes of one place keep their order. */
struct place {
    struct place *next;
    uint64_t hash;
    struct kf_key site, channel;
    const char *peer;
    bool looked; /* `newest` is known */
    struct slot *newest;
};

struct batch {
    struct db *db;
    const struct store_vault *vault;
    struct ledger *ledger;
    struct ledger_page page; /* what it adds to the access log */
    struct arena *arena;     /* of slots and places */
    struct slot *slots[BATCH_TABLE];
    struct place *places[BATCH_TABLE];
    struct slot *dirty;
    enum kf_rc hard; /* the database itself failed: the batch is lost */
    struct kf_err why;
    bool indexable; /* something was written that the search index must learn */
};

/* One planned write. */
struct work;
struct op {
    bool (*write)(struct work *w, const struct op *op);
    const void *what;
    const void *more;
    int64_t number;
};

/* A stored message that this change is about, as it was and as it will be. */
struct touched {
    int64_t id;
    struct message was, now;
};

struct work {
    struct batch *batch;
    struct db *db;
    struct job *job;
    const struct change *change;
    const struct store_vault *vault;
    struct arena *arena; /* of the change */
    struct news *news;
    enum kf_rc rc;     /* why it is refused; words in job->why */
    struct slot *slot; /* NULL: no conversation, or a new one */
    struct conv_row row;
    bool has_conv, opens, reopens;
    bool said;                      /* its row changes: what messages, entries and reading change in it */
    bool full;                      /* more than that changes */
    bool ruled_all;                 /* the rules have looked at all that this change says */
    struct kf_id contact, customer; /* of the visitor who is opening */
    bool contact_new, contact_verify;
    struct message *messages;
    size_t n_messages, cap_messages;
    struct entry *entries;
    size_t n_entries, cap_entries;
    struct touched *touched;
    size_t n_touched, cap_touched;
    struct op *ops;
    size_t n_ops, cap_ops;
};

void batch_init(struct batch *b, struct db *db, struct arena *a);
/* Finds what each change is about, so that the changes of one place can be put together. False: batch->hard. */
bool batch_resolve(struct batch *b, struct job *job);
/* With all jobs resolved and sorted: nobody else changes what they are about until the end of the transaction, and what the batch knows of
 * it is true. Does nothing where the database has one writer. False: batch->hard. */
bool batch_lock(struct batch *b, struct job *const *sorted, size_t n);
/* False: batch->hard. Else job->rc, why and news are the answer. */
bool batch_apply(struct batch *b, struct job *job);
/* What was put off. False: batch->hard. */
bool batch_flush(struct batch *b);

/* Both return false. */
bool batch_lost(struct batch *b, enum kf_rc rc, const struct kf_err *why);
bool batch_no_memory(struct batch *b);
/* NULL: out of memory. Texts of the row must be the batch's. */
struct slot *slot_add(struct batch *b, const struct conv_row *row);
bool place_look(struct batch *b, struct place *p); /* fills `newest`; false: the batch is lost */
/* True if the change brings a message or a step: only such a one opens a conversation, and words that stand for a message that has not come. */
bool says_something(const struct change *c);

/* ---- for the acts -------------------------------------------------------------------------------------------------------- */

/* Each returns false, so that `return refuse(…)` reads well. */
bool refuse(struct work *w, enum kf_rc rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* True if rc is KF_OK; else the batch is lost. */
bool stored(struct work *w, enum kf_rc rc, const struct kf_err *why);
/* Ends the statement. */
bool ended(struct work *w, struct stmt *s);
bool run(struct work *w, struct stmt *s);

bool op_add(struct work *w, bool (*write)(struct work *, const struct op *), const void *what, const void *more, int64_t number);
/* Room for one more in an array of the change's arena. */
bool more_room(struct work *w, void **array, size_t n, size_t *cap, size_t size);
bool entry_add(struct work *w, const char *kind, const struct actor *by, const char *data);
/* True if the change brings an entry of this kind itself. */
bool entry_brought(const struct work *w, const char *kind);
/* A text of the change's arena, finished; NULL: refused for want of memory. */
const char *text_of(struct work *w, struct buf *b);
struct actor actor_of(const struct work *w, const struct actor *given);
bool needs_conv(struct work *w);
struct kf_id id_new(int64_t now_ms);
/* Learns which conversation is the newest where this one happens. */
bool place_newest(struct work *w);

/* The plan of each act; false: refused or lost. */
bool plan_step(struct work *w, const struct conv_event *ev);
bool plan_message(struct work *w, const struct act *act);
bool plan_entry(struct work *w, const struct act *act);
bool plan_ruled(struct work *w, const struct act *act);
bool plan_tag(struct work *w, const struct act *act);
bool write_article(struct work *w, const struct op *op); /* what: the act */
/* Do rules listen to what this change says? */
bool rules_hear(const struct work *w);
/* When all acts are planned: how far the rules have looked then. */
void plan_ruled_mark(struct work *w);
/* The rules look at that time at the latest. */
void wake_rules(struct conv *c, int64_t at);
/* A message that is there already, as this change leaves it; NULL: refused or lost. */
struct touched *touch(struct work *w, int64_t seq);
/* By any of the names that the platform has for it; *seq 0: none. */
bool seq_of_ref(struct work *w, const char *ref, int64_t *seq);
/* Takes over what the platform has said of `ref` before we knew it. `first`: other parts follow, so that this one has arrived does not make
 * the message arrive. */
bool plan_parked(struct work *w, const char *ref, struct message *m, bool first);
/* The visitor has taken back what has not come yet: it will be a removed message when it does, within a day. */
bool plan_recall_early(struct work *w, const char *ref);
/* Somebody came by a code or a link while no conversation is open: when words open one, or open the last one again, within a day, the line
 * stands before them. */
bool plan_follow_early(struct work *w, const struct entry *e);
bool plan_followed(struct work *w, const struct actor *by);
/* Its words, and what came with them, are gone. */
void message_remove(struct message *m);
bool plan_rate(struct work *w, const struct act *act);
bool plan_invite(struct work *w);
bool plan_read(struct work *w, const struct act *act);
bool plan_edit(struct work *w, const struct act *act);
bool plan_media(struct work *w, const struct act *act);
bool plan_opt(struct work *w, const struct act *act);
bool plan_raw(struct work *w, const struct act *act);
bool plan_status(struct work *w, const struct act *act);
bool plan_handle(struct work *w, const struct act *act);
/* Moves the delivery of a message on, if it may. */
bool plan_delivery(struct work *w, int64_t seq, enum delivery to, const char *reason, const char *ref);
bool plan_errand(struct work *w, const struct errand *e, int64_t seq);
bool plan_errand_claim(struct work *w, const struct act *act);
bool plan_errand_drop(struct work *w, const struct act *act);
/* The message is taken back: what of it has not left stays here. */
bool plan_unsent(struct work *w, int64_t seq);
bool plan_errand_settle(struct work *w, const struct act *act);
bool plan_rename(struct work *w, const struct act *act);
bool plan_profile(struct work *w, const struct act *act);
bool plan_presence(struct work *w, const struct act *act);
bool plan_person(struct work *w, const struct act *act);
bool plan_member(struct work *w, const struct act *act);
bool plan_not_last(struct work *w, const struct act *act);
bool plan_session(struct work *w, const struct act *act);
bool plan_login(struct work *w, const struct act *act);
bool plan_key(struct work *w, const struct act *act);
bool plan_totp(struct work *w, const struct act *act);
bool plan_document(struct work *w, const struct act *act);
bool plan_file(struct work *w, const struct act *act);
bool plan_audit(struct work *w, const struct act *act);
bool plan_hold(struct work *w, const struct act *act);
bool plan_erase(struct work *w, const struct act *act);
bool plan_sample(struct work *w, const struct act *act);
bool plan_sample_close(struct work *w, const struct act *act);
bool plan_handover(struct work *w, const struct act *act);
bool plan_review(struct work *w, const struct act *act);
bool plan_to_check(struct work *w); /* the conversation is closed by this change */
bool plan_checked(struct work *w, const struct act *act);
bool plan_finding(struct work *w, const struct act *act);
bool plan_comment(struct work *w, const struct act *act);
bool plan_reveal(struct work *w, const struct act *act);
bool plan_seen(struct work *w, const struct act *act);
bool plan_saved(struct work *w, const struct act *act);
bool plan_example(struct work *w, const struct act *act);
bool plan_coaching(struct work *w, const struct act *act);
bool plan_lease(struct work *w, const struct act *act);
bool plan_blob(struct work *w, const struct act *act);
bool plan_channel_gone(struct work *w, const struct act *act);
bool plan_channel_back(struct work *w, const struct kf_key *channel);

bool write_touched(struct work *w);
bool write_contact(struct work *w);

#endif
