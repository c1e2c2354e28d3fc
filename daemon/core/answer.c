#include "core/answer.h"

#include "core/arena.h"
#include "core/hash.h"
#include "core/segment.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- text into terms ------------------------------------------------------------------------------------------------------- */

#define ASKED_TERMS 64  /* of a question; what comes after is not looked for */
#define BODY_TERMS  256 /* of a body */

/* Between words, in Chinese, these stand alone: a run ends at them. All as core/han.h folds them. */
static const char *const particles[] = { "的", "了", "吗", "呢", "吧", "啊", "呀", "么", "我", "你", "您", "请", "怎", "什", "们", "跟" };

/* What questions have in common, whatever they are about. Sorted. */
static const char *const common[] = {
    "a",    "about", "am",    "an",     "and",  "any", "are",   "at",   "be",    "been", "but",   "by",     "can",    "could",
    "did",  "do",    "does",  "for",    "from", "get", "got",   "had",  "has",   "have", "hello", "hey",    "hi",     "how",
    "i",    "if",    "in",    "is",     "it",   "its", "know",  "like", "long",  "many", "may",   "me",     "much",   "my",
    "need", "no",    "not",   "now",    "of",   "ok",  "on",    "one",  "or",    "our",  "out",   "please", "should", "so",
    "some", "tell",  "thank", "thanks", "that", "the", "there", "this", "to",    "up",   "want",  "was",    "we",     "were",
    "what", "when",  "where", "which",  "who",  "why", "will",  "with", "would", "yes",  "you",   "your",
};
static const char *const common_pairs[] = { "如何", "可以", "时候", "多久", "一下", "现在", "想要", "需要", "是否",
                                            "能否", "哪里", "为什", "有没", "没有", "知道", "问一", "问下", "问题",
                                            "谢谢", "多少", "还是", "能不", "不能", "不可", "想问" };

struct term {
    uint64_t hash;
    bool alone; /* a single CJK character between others: says little */
    bool cjk;
};

struct terms {
    struct segmenter s;
    struct segment last;
    bool have_last; /* a CJK character that waits for its neighbour */
    bool paired;    /* … and has had one on its left */
    bool straddles; /* … which made something common with it: what it makes with the next one is nothing */
};

static bool one_of(const struct segment *t, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_is((struct slice){ t->token, t->n }, list[i]))
            return true;
    return false;
}

static int by_word(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static bool is_common(const struct segment *t)
{
    char word[sizeof(t->token) + 1];

    memcpy(word, t->token, t->n);
    word[t->n] = '\0';
    return bsearch(word, common, sizeof(common) / sizeof(common[0]), sizeof(common[0]), by_word) != NULL;
}

/* "refunds" is asked for, "refund" is written; no more than that, or words would meet that are strangers. */
static uint64_t hash_word(const struct segment *t)
{
    const char *p = t->token;
    size_t n = t->n;

    if (n > 4 && memcmp(p + n - 3, "ies", 3) == 0)
        return hash_more(hash_more(HASH_BASIS, p, n - 3), "y", 1);
    if (n > 3 && p[n - 1] == 's' && !strchr("sui", p[n - 2]))
        n--;
    return hash_more(HASH_BASIS, p, n);
}

static uint64_t hash_pair(const struct segment *a, const struct segment *b)
{
    return hash_more(hash_more(HASH_BASIS, a->token, a->n), b->token, b->n);
}

static bool common_pair(const struct segment *a, const struct segment *b)
{
    for (size_t i = 0; i < sizeof(common_pairs) / sizeof(common_pairs[0]); i++)
        if (strlen(common_pairs[i]) == a->n + b->n && memcmp(common_pairs[i], a->token, a->n) == 0 &&
            memcmp(common_pairs[i] + a->n, b->token, b->n) == 0)
            return true;
    return false;
}

static void terms_init(struct terms *w, struct slice text)
{
    w->have_last = w->paired = w->straddles = false;
    segmenter_init(&w->s, text);
}

/* The character that waits has no neighbour on its right. True: it had none on its left either, and is a term of its own. */
static bool flush(struct terms *w, struct term *ret)
{
    bool alone = w->have_last && !w->paired;

    if (alone)
        *ret = (struct term){ hash_more(HASH_BASIS, w->last.token, w->last.n), .alone = true, .cjk = true };
    w->have_last = w->paired = w->straddles = false;
    return alone;
}

static bool take_cjk(struct terms *w, const struct segment *t, struct term *ret)
{
    bool particle = one_of(t, particles, sizeof(particles) / sizeof(particles[0])), found;

    if (particle || !t->joined || !w->have_last) {
        found = flush(w, ret);
        w->have_last = !particle;
    } else {
        bool is = common_pair(&w->last, t);

        found = !is && !w->straddles;
        w->straddles = is;
        *ret = (struct term){ hash_pair(&w->last, t), .cjk = true };
        w->paired = true;
    }
    w->last = *t;
    return found;
}

/* False at the end. */
static bool terms_next(struct terms *w, struct term *ret)
{
    struct segmenter before = w->s;
    struct segment t;

    while (segmenter_next(&w->s, &t)) {
        if (t.cjk) {
            if (take_cjk(w, &t, ret))
                return true;
        } else if (flush(w, ret)) {
            w->s = before; /* the word comes next time */
            return true;
        } else if (!is_common(&t)) {
            *ret = (struct term){ .hash = hash_word(&t) };
            return true;
        }
        before = w->s;
    }
    return flush(w, ret);
}

/* ---- the index ---------------------------------------------------------------------------------------------------------- */

enum field { IN_QUESTION, IN_TAG, IN_BODY };

/* Weights of the fields, and how soon more of the same tells no more. */
#define W_QUESTION 3.0F
#define W_TAG      2.0F
#define W_BODY     0.3F
#define K1         0.6F
#define LENGTH     0.75F /* how much a long body counts for less */

struct item {
    uint64_t hash;
    uint32_t entry;
    enum field field;
};

struct posting {
    uint32_t entry;
    float weight; /* of the term in that text, 0 to 1 */
};

struct indexed {
    uint64_t hash;
    uint32_t first, n; /* postings */
    float idf;         /* 1: in one article only, towards 0: in all of them */
};

struct entry {
    const struct article *article;
    const struct article_text *text;
    float length; /* of its body, of the average: 1 */
};

struct answer_index {
    struct entry *entries;
    size_t n_entries, n_articles;
    struct indexed *terms;
    size_t n_terms;
    struct posting *postings;
};

struct building {
    struct item *items;
    size_t n, cap;
    bool failed;
};

static void add_item(struct building *b, const struct term *t, size_t entry, enum field field)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 4096;
        struct item *more = realloc(b->items, cap * sizeof(*more));

        if (!more) {
            b->failed = true;
            return;
        }
        b->items = more;
        b->cap = cap;
    }
    b->items[b->n++] = (struct item){ t->hash, (uint32_t)entry, field };
}

static size_t add_text(struct building *b, const char *text, size_t entry, enum field field)
{
    struct terms w;
    struct term t;
    size_t n = 0;

    terms_init(&w, slice_of(text));
    while (!b->failed && n < BODY_TERMS && terms_next(&w, &t)) {
        add_item(b, &t, entry, field);
        n++;
    }
    return n;
}

static void add_entry(struct building *b, struct entry *e, size_t i)
{
    (void)add_text(b, e->text->title, i, IN_QUESTION);
    for (size_t k = 0; k < e->text->n_questions; k++)
        (void)add_text(b, e->text->questions[k], i, IN_QUESTION);
    for (size_t k = 0; k < e->article->n_tags; k++)
        (void)add_text(b, e->article->tags[k], i, IN_TAG);
    e->length = (float)add_text(b, e->text->body, i, IN_BODY);
}

static int by_hash(const void *x, const void *y)
{
    const struct item *a = x, *b = y;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->entry != b->entry ? (a->entry < b->entry ? -1 : 1) : 0;
}

/* Lengths as shares of the average, so that a long body is not preferred for being long. */
static void even_lengths(struct answer_index *x)
{
    float sum = 0;

    for (size_t i = 0; i < x->n_entries; i++)
        sum += x->entries[i].length;
    for (size_t i = 0; i < x->n_entries; i++)
        x->entries[i].length = sum > 0 ? x->entries[i].length * (float)x->n_entries / sum : 1;
}

/* The items of one term in one text, from `i` on. */
static size_t weigh(const struct answer_index *x, const struct building *b, size_t i, struct posting *ret)
{
    static const float weights[] = { W_QUESTION, W_TAG, W_BODY };
    const struct item *first = &b->items[i];
    float long_body = 1 - LENGTH + LENGTH * x->entries[first->entry].length, w = 0;

    for (; i < b->n && b->items[i].hash == first->hash && b->items[i].entry == first->entry; i++)
        w += b->items[i].field == IN_BODY ? W_BODY / long_body : weights[b->items[i].field];
    *ret = (struct posting){ first->entry, w / (w + K1) };
    return i;
}

static float idf_of(size_t n, size_t df)
{
    float rarest = logf(1 + ((float)n - 0.5F) / 1.5F);

    return logf(1 + ((float)(n - df) + 0.5F) / ((float)df + 0.5F)) / rarest;
}

/* Items that are sorted become terms with their postings. */
static void put_together(struct answer_index *x, const struct building *b)
{
    size_t n = 0, i = 0;

    while (i < b->n) {
        struct indexed *t = &x->terms[x->n_terms++];
        const struct article *last = NULL;
        size_t df = 0;

        *t = (struct indexed){ .hash = b->items[i].hash, .first = (uint32_t)n };
        while (i < b->n && b->items[i].hash == t->hash) {
            i = weigh(x, b, i, &x->postings[n++]);
            df += x->entries[x->postings[n - 1].entry].article != last;
            last = x->entries[x->postings[n - 1].entry].article;
        }
        t->n = (uint32_t)n - t->first;
        t->idf = idf_of(x->n_articles, df);
    }
}

struct answer_index *answer_index_new(struct arena *arena, const struct article *articles, size_t n)
{
    struct answer_index *ret = ARENA_NEW(arena, struct answer_index);
    struct building b = { 0 };

    if (!ret)
        return NULL;
    *ret = (struct answer_index){ .entries = arena_array(arena, 3 * n + 1, sizeof(*ret->entries)) };
    for (size_t i = 0; ret->entries && i < n; i++) {
        if (!articles[i].published)
            continue;
        ret->n_articles++;
        for (size_t k = 0; k < articles[i].n_texts; k++) {
            struct entry *e = &ret->entries[ret->n_entries];

            *e = (struct entry){ .article = &articles[i], .text = &articles[i].texts[k] };
            add_entry(&b, e, ret->n_entries++);
        }
    }
    if (b.n)
        qsort(b.items, b.n, sizeof(*b.items), by_hash);
    ret->terms = arena_array(arena, b.n + 1, sizeof(*ret->terms));
    ret->postings = arena_array(arena, b.n + 1, sizeof(*ret->postings));
    b.failed |= !ret->entries || !ret->terms || !ret->postings;
    if (!b.failed) {
        even_lengths(ret);
        put_together(ret, &b);
    }
    free(b.items);
    return b.failed ? NULL : ret;
}

/* ---- asking ---------------------------------------------------------------------------------------------------------------- */

/* What is not in any article: a pair may be two halves of neighbours, a word is something that was meant. */
#define UNKNOWN_PAIR 0.2F
#define UNKNOWN_WORD 0.6F
#define ALONE        0.3F /* a single character is a weak hint */
#define WHOLE        3.0F /* what goes beyond so many terms counts half: people tell stories */
#define FOREIGN      0.9F /* in another language than the visitor's */

static int by_term(const void *key, const void *item)
{
    uint64_t a = *(const uint64_t *)key, b = ((const struct indexed *)item)->hash;

    return a == b ? 0 : a < b ? -1 : 1;
}

static const struct indexed *look_up(const struct answer_index *x, uint64_t hash)
{
    return bsearch(&hash, x->terms, x->n_terms, sizeof(*x->terms), by_term);
}

static bool again(const uint64_t *seen, size_t n, uint64_t hash)
{
    for (size_t i = 0; i < n; i++)
        if (seen[i] == hash)
            return true;
    return false;
}

/* Adds to `scores` of each text what it says of the question; returns how much was asked. */
static float add_up(const struct answer_index *x, struct slice asked, float *scores)
{
    uint64_t seen[ASKED_TERMS];
    size_t n = 0;
    float sum = 0;
    struct terms w;
    struct term t;

    terms_init(&w, asked);
    while (n < ASKED_TERMS && terms_next(&w, &t)) {
        const struct indexed *found;

        if (again(seen, n, t.hash))
            continue;
        seen[n++] = t.hash;
        found = look_up(x, t.hash);
        if (!found) {
            sum += t.alone ? 0 : t.cjk ? UNKNOWN_PAIR : UNKNOWN_WORD;
            continue;
        }
        sum += found->idf;
        for (size_t i = found->first; i < found->first + found->n; i++)
            scores[x->postings[i].entry] += found->idf * x->postings[i].weight * (t.alone ? ALONE : 1);
    }
    return sum > WHOLE ? WHOLE + (sum - WHOLE) / 2 : sum;
}

/* Among the best so far; texts of one article stand one after the other, and only its best one counts. */
static size_t put_hit(struct answer_hit *ret, size_t n, size_t max, const struct answer_hit *hit)
{
    size_t at = n;

    while (at > 0 && ret[at - 1].score < hit->score)
        at--;
    if (at == max)
        return n;
    n = n < max ? n + 1 : n;
    memmove(&ret[at + 1], &ret[at], (n - 1 - at) * sizeof(*ret));
    ret[at] = *hit;
    return n;
}

static int score_of(const struct entry *e, float got, float of, const char *language)
{
    float share = of > 0 ? got / of : 0;

    if (!language || strcmp(e->text->lang, language) != 0)
        share *= FOREIGN;
    return (int)lroundf(100 * (share > 1 ? 1 : share));
}

static bool is_chinese(const char *lang)
{
    return lang && strncmp(lang, "zh", 2) == 0;
}

/* Words are found in both ways of writing Chinese, and are shown as the visitor reads it. */
static const struct article_text *as_read(const struct answer_hit *hit, const char *language)
{
    return is_chinese(language) && is_chinese(hit->text->lang) ? article_text_in(hit->article, language, hit->text->lang) : hit->text;
}

size_t answer_find(const struct answer_index *index, struct slice asked, const char *language, int threshold, struct answer_hit *ret,
                   size_t max)
{
    float *scores = index && index->n_entries && max ? calloc(index->n_entries, sizeof(*scores)) : NULL;
    size_t count = 0;
    float of;

    if (!scores)
        return 0;
    of = add_up(index, asked, scores);
    for (size_t i = 0; i < index->n_entries;) {
        struct answer_hit best = { .article = index->entries[i].article };

        for (; i < index->n_entries && index->entries[i].article == best.article; i++) {
            int score = scores[i] > 0 ? score_of(&index->entries[i], scores[i], of, language) : 0;

            if (score > best.score) {
                best.score = score;
                best.text = index->entries[i].text;
            }
        }
        if (!best.text || best.score < threshold)
            continue;
        best.text = as_read(&best, language);
        count = put_hit(ret, count, max, &best);
    }
    free(scores);
    return count;
}

const struct article_text *article_text_in(const struct article *a, const char *language, const char *otherwise)
{
    const char *const wanted[] = { language, otherwise };

    for (size_t w = 0; w < 2; w++)
        for (size_t i = 0; wanted[w] && i < a->n_texts; i++)
            if (strcmp(a->texts[i].lang, wanted[w]) == 0)
                return &a->texts[i];
    return a->n_texts ? &a->texts[0] : NULL;
}

/* ---- what a visitor picks ---------------------------------------------------------------------------------------------- */

static const char *const prefixes[] = { "", "kb:", "kb_yes:", "kb_no:" };

const char *answer_pick_prefix(enum answer_pick p)
{
    return prefixes[p];
}

enum answer_pick answer_pick_parse(const char *choice, struct kf_key *article)
{
    for (int i = ANSWER_READ; choice && i <= ANSWER_NOT_HELPED; i++)
        if (strncmp(choice, prefixes[i], strlen(prefixes[i])) == 0)
            return key_parse(slice_of(choice + strlen(prefixes[i])), article) ? (enum answer_pick)i : ANSWER_NONE;
    return ANSWER_NONE;
}

#define NUMBER_BYTES 24

int answer_number(struct slice text)
{
    struct segmenter s;
    struct segment t, more;
    int ret = 0;

    if (text.n > NUMBER_BYTES)
        return 0;
    segmenter_init(&s, text);
    if (!segmenter_next(&s, &t) || segmenter_next(&s, &more) || t.n > 2)
        return 0;
    for (size_t i = 0; i < t.n; i++) {
        if (t.token[i] < '0' || t.token[i] > '9')
            return 0;
        ret = 10 * ret + (t.token[i] - '0');
    }
    return ret;
}
