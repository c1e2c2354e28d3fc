/* answer.h: which of the house's articles answers what a visitor asks? A ranked full-text match as a pure function.
 *
 * Terms are folded words and pairs of neighbouring CJK characters, so that a two-character word is found in the middle of a sentence; what
 * every question has ("怎么", "how") counts for nothing. The score is BM25's with fields (a question weighs more than a tag, a tag more than
 * the body), as the share of what was asked that the article speaks of: 0 to 100, comparable between questions and sites. */
#ifndef KF_CORE_ANSWER_H
#define KF_CORE_ANSWER_H

#include "core/id.h"
#include "core/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define ANSWER_HITS      3   /* suggestions in one message */
#define ANSWER_THRESHOLD 40  /* of a rule that does not say another one */
#define ANSWER_ARTICLES  500 /* of a site */

/* What an article says in one language. */
struct article_text {
    const char *lang; /* "zh-CN" "zh-TW" "en" */
    const char *title, *body;
    const char *const *questions; /* other ways to ask for it */
    size_t n_questions;
};

struct article {
    struct kf_key key;
    struct article_text texts[3];
    size_t n_texts;
    const char *const *tags;
    size_t n_tags;
    const char *link; /* NULL: none */
    bool published;
};

struct answer_index;

struct answer_hit {
    const struct article *article;
    const struct article_text *text; /* the one that fits best; of two in Chinese, or that fit alike, the one in the visitor's language */
    int score;                       /* 1 to 100 */
};

/* An index of those that are published, in `arena`; it points to the articles. NULL: out of memory. */
struct answer_index *answer_index_new(struct arena *arena, const struct article *articles, size_t n);
/* The articles that answer `asked` with at least `threshold`, the best first; at most `max`. `index` NULL: none. */
size_t answer_find(const struct answer_index *index, struct slice asked, const char *language, int threshold, struct answer_hit *ret,
                   size_t max);

/* In the visitor's language, else in the house's, else in the first that it has. */
const struct article_text *article_text_in(const struct article *a, const char *language, const char *otherwise);

/* ---- what a visitor picks ---- */

/* The ids of choices that are about articles: "kb:KEY" to read it, "kb_yes:KEY" and "kb_no:KEY" to say whether it has helped. */
enum answer_pick { ANSWER_NONE, ANSWER_READ, ANSWER_HELPED, ANSWER_NOT_HELPED };

#define ANSWER_ID "human" /* of "talk to a person" */

const char *answer_pick_prefix(enum answer_pick p);
enum answer_pick answer_pick_parse(const char *choice, struct kf_key *article);
/* "2", "２", "2." "2、", "(2)": the number of a choice that was offered as a line of text, 1 to 99; 0: it is something else. */
int answer_number(struct slice text);

#endif
