/* row.h: rows to the nouns of core, and back. Columns stand in the order of the lists in statements.def. */
#ifndef KF_STORE_ROW_H
#define KF_STORE_ROW_H

#include "core/conv.h"
#include "core/message.h"
#include "core/person.h"
#include "core/review.h"
#include "store/db.h"
#include "store/store.h"

/* A conversation and what only the store knows of it. */
struct conv_row {
    int64_t n;       /* its number inside the store; 0: not stored yet */
    int64_t entries; /* how many entries its timeline has */
    struct conv conv;
};

void row_conv(struct stmt *s, struct arena *a, struct conv_row *ret);
void row_conv_shown(struct stmt *s, struct arena *a, struct conv_row *ret); /* with visitor_name */
void row_message(struct stmt *s, struct arena *a, struct message *ret);
void row_entry(struct stmt *s, struct arena *a, struct entry *ret);
void row_person(struct stmt *s, struct arena *a, struct person *ret);
/* Columns of REVIEW_COLS. */
void row_review(struct stmt *s, struct arena *a, struct review *ret);
void row_coaching(struct stmt *s, struct arena *a, struct coaching *ret);
void row_reveal(struct stmt *s, struct arena *a, struct stored_reveal *ret);
void row_member(struct stmt *s, struct arena *a, struct member *ret);

enum kf_rc conv_insert(struct db *db, struct conv_row *c, struct kf_err *why); /* fills n */
enum kf_rc conv_save(struct db *db, const struct conv_row *c, struct kf_err *why);
/* Only what messages, reading and entries change; `due` too if it is given. */
enum kf_rc conv_save_said(struct db *db, const struct conv_row *c, bool due, struct kf_err *why);
enum kf_rc message_insert(struct db *db, int64_t conv, const struct message *m, struct kf_err *why);
enum kf_rc entry_insert(struct db *db, int64_t conv, const struct entry *e, struct kf_err *why);

/* Keys as one text, separated by spaces, and back. `ret` has room for KF_KEYS_TEXT. */
#define KF_KEYS_TEXT ((KF_KEY_MAX + 3) * MEMBER_QUEUES_MAX)
const char *skills_text(const struct member *m, char *ret); /* with their levels */
const char *keys_text(const struct kf_key *keys, size_t n, char *ret);

#endif
