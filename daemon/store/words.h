/* words.h: the search index in PostgreSQL: a row for each message, whose words and their places are a tsvector.
 *
 * kefud finds the words (core/segment.h), as it does for SQLite, so that both find the same. A tsvector has bounds that a message need not
 * keep: of one word it knows 255 places, and none beyond the 16,383rd. A message that breaks them is `dense`: its words are in
 * the index without places, and whether it is a hit is seen in its text. */
#ifndef KF_STORE_WORDS_H
#define KF_STORE_WORDS_H

#include "core/buf.h"
#include "store/db.h"

/* Where a round begins to read its list. What was done before lies there dead for as long as somebody looks at an old state of the database
 * (an archive is being made), and is not worth being passed each time. Begin with zeros. */
struct words_from {
    int64_t n;
    int64_t all_at; /* mono, ms: then it is read from its beginning once more, for who was very late */
};

/* One round, in one transaction: at most `max` of the messages that the index has to learn or to forget. *rows: how many there were. */
enum kf_rc words_round(struct db *db, struct words_from *from, int64_t max, int64_t *rows, struct kf_err *why);
/* Forgets all, and has all to learn. */
enum kf_rc words_start_over(struct db *db, struct kf_err *why);
/* A search as typed, as a tsquery that finds the dense ones too. False: there is nothing to look for. */
bool words_query(struct slice terms, struct buf *ret);

#endif
