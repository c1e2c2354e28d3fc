/* score.h: a scorecard, and what a reviewer's answers make of it.
 *
 *     score = 100 × Σ w·earned / Σ w·max, over the items that apply; w = the section's weight / all points of the section
 *
 * So a section counts as much as its weight says, however many points its items have, and what does not apply (N/A) leaves both sums.
 * Points added or deducted are points of the whole, within 0 and 100. A fatal item that is hit makes the score 0, or, with the scope
 * of its section, what was earned there. Scores are whole numbers of hundredths: 7120 is 71.2. */
#ifndef KF_CORE_SCORE_H
#define KF_CORE_SCORE_H

#include "core/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCORE_SECTIONS_MAX 12
#define SCORE_ITEMS_MAX    64 /* of all sections */
#define SCORE_FULL         10000

/* How an item is answered, by a number from 0 to score_most(). */
enum score_type {
    SCORE_YESNO,  /* 0, 1 */
    SCORE_STEPS3, /* 0 to 2 */
    SCORE_STEPS5, /* 0 to 4 */
    SCORE_ADD,    /* points on top, up to its own */
    SCORE_DEDUCT, /* points off, likewise */
    SCORE_FATAL   /* 1: it is hit */
};

enum score_scope { SCORE_ALL, SCORE_SECTION };

struct score_item {
    struct kf_key key; /* of the whole card */
    const char *name;
    const char *rule; /* when it is met; "" nothing is said */
    const char *const *examples;
    size_t n_examples;
    enum score_type type;
    int points;             /* 1 to 100; of a fatal item 0 */
    enum score_scope scope; /* of a fatal item */
    struct kf_key check;    /* the machine's check whose finding is proposed here; "" none */
};

struct score_section {
    struct kf_key key;
    const char *name;
    int weight; /* all of them make 100 */
    const struct score_item *items;
    size_t n_items;
};

struct scorecard {
    struct kf_key key;
    int64_t version;  /* of its document; 0: shipped */
    const char *body; /* the document itself */
    const char *name, *lang;
    int pass;        /* points from which on it is passed */
    int appeal_days; /* working days within which the agent may appeal */
    const struct score_section *sections;
    size_t n_sections, n_items;
};

struct score_answer {
    bool given, na;
    int value;
};

/* What became of one item, in hundredths of its own points. */
struct score_line {
    int earned, max; /* max 0: it does not count (N/A, added, deducted, fatal) */
    bool failed;     /* hit, points deducted, or less than all of its points */
};

struct score_sum {
    int score;      /* what stands */
    int plain;      /* what it would be without fatal items */
    bool fatal;     /* one was hit */
    bool passed;    /* score reaches the card's pass */
    bool empty;     /* nothing that has weight applies, and nothing fatal to all is hit: 0 / 0 is no score, `score` says 100 of it */
    size_t missing; /* items without an answer: yes and no, steps. The others are taken as 0 */
};

/* The i-th item of the whole card, and its section; NULL behind the last. */
const struct score_item *score_item(const struct scorecard *card, size_t i, const struct score_section **section);
/* -1: there is none of that key. */
int score_item_number(const struct scorecard *card, struct slice key);
/* The highest answer that an item takes. */
int score_most(const struct score_item *item);

/* `answers` and `lines` (may be NULL) have card->n_items elements. */
void score_evaluate(const struct scorecard *card, const struct score_answer *answers, struct score_line *lines, struct score_sum *ret);

/* The answer that came to this line. What adds, deducts or is fatal and did nothing was not answered, as far as a line tells. */
struct score_answer score_answer_of(const struct score_item *item, const struct score_line *line);

const char *score_type_name(enum score_type t);
const char *score_scope_name(enum score_scope s);

#endif
