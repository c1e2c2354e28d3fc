/* segment.h: text into tokens for search. One function for indexing and for queries, for every database.
 *
 * Each CJK character is a token of its own, in the one form that core/han.h gives it (退货 is 退貨); other scripts by word, folded (case, width,
 * accents), where letters and digits that meet are two; everything else separates. A run of CJK in a query is a phrase, and an index knows where a
 * run of a text ends, so a two-character word is found exactly: 果手 is not in 苹果，手机. A word of several parts is a phrase, too: "iPhone" and
 * "iPhone15" both find "iPhone15手机", and "iPhone 15".
 *
 * What stands in a list and is looked for in all that is written (keywords, forbidden wording) is compared by whole words: there "5" is not in
 * "5G手机", nor "iPhone" in "iPhone15". */
#ifndef KF_CORE_SEGMENT_H
#define KF_CORE_SEGMENT_H

#include "core/buf.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct segment {
    size_t from, to;    /* byte range in the text */
    int cp_from, cp_to; /* the same in code points */
    char token[64];     /* folded; longer words are cut */
    size_t n;
    bool cjk;
    bool joined; /* CJK directly after CJK, a part of a word after the one before: nothing but nothing between */
    bool apart;  /* CJK after CJK, and something between: an index has SEGMENT_GAP there, or a place that is free */
};

#define SEGMENT_GAP "." /* no token: it has no letter */

struct segmenter {
    struct slice text;
    size_t i;
    int cp;
    bool after_cjk, after_word; /* directly */
    bool was_cjk;               /* the token before, whatever stands between */
    bool whole;                 /* letters and digits that meet are one */
};

void segmenter_init(struct segmenter *s, struct slice text);
/* False at the end. */
bool segmenter_next(struct segmenter *s, struct segment *ret);

/* A query as typed: words and runs must all occur ("…" makes one phrase of what is between), -word or -"…" must not. The terms as an
 * FTS5 expression (every token quoted); false if there is nothing to look for. */
bool segment_fts5(struct slice query, struct buf *ret);
/* The same as a PostgreSQL tsquery text. */
bool segment_tsquery(struct slice query, struct buf *ret);
/* Adds " & token" for every token that must occur, wherever it stands: what holds them all may be a hit. */
void segment_tsquery_loose(struct slice query, struct buf *ret);
/* The query without what must not occur, for an index that shall leave that to whoever asks. */
void segment_wanted(struct slice query, struct buf *ret);
/* Has the query a term that must occur? */
bool segment_wants(struct slice query);
/* Has the query a term of letters or digits, wanted or not? Numbers and addresses are found by such alone. */
bool segment_spells(struct slice query);
/* Is the text a hit? What the expressions above find in an index. */
bool segment_match(struct slice text, struct slice query);
/* The tokens of a text by whole words, separated by single spaces. */
void segment_spaced(struct slice text, struct buf *ret);
/* The text folded as tokens are, without blanks, and without what separates at its ends: the same for "Buy now" and "ｂｕｙ  now!". What has
 * nothing but such ("？！") keeps it. */
void segment_plain(struct slice text, struct buf *ret);
/* Does the text hold all that the query wants, and nothing that it does not? By whole words, and runs of CJK without a gap. */
bool segment_holds(struct slice text, struct slice query);
/* The places of the query's terms in `text`, in code points, joined where they touch; of a term that stands there with gaps only, as an index
 * finds it, those. Returns how many of at most `max`. */
size_t segment_marks(struct slice text, struct slice query, int (*marks)[2], size_t max);

#endif
