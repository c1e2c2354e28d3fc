#include "core/segment.h"

#include "core/han.h"
#include "core/utf8.h"

#include <string.h>

/* ---- what a code point is, and what it is folded to -------------------------------------------------------------------- */

enum class { SEPARATES, WORD, CJK, TRANSPARENT };

struct range {
    uint32_t from, to;
};

/* Read over as if they were not there: accents, joiners, variation selectors, soft hyphens, kana voicing marks. */
static const struct range transparent[] = {
    { 0xad, 0xad },     { 0x300, 0x36f },   { 0x200c, 0x200d }, { 0x2060, 0x2060 },   { 0x3099, 0x309a },
    { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xff9e, 0xff9f }, { 0xe0100, 0xe01ef },
};

static const struct range cjk[] = {
    { 0x3005, 0x3007 },   /* 々〆〇 */
    { 0x3041, 0x309f },   /* Hiragana */
    { 0x30a1, 0x30fa },   /* Katakana, without its middle dot */
    { 0x30fc, 0x312f },   /* its long vowel, Bopomofo */
    { 0x3131, 0x318e },   /* Hangul letters */
    { 0x31a0, 0x31bf },   /* more Bopomofo */
    { 0x31f0, 0x31ff },   /* more Katakana */
    { 0x3400, 0x4dbf },   /* Extension A */
    { 0x4e00, 0x9fff },   /* the ideographs */
    { 0xac00, 0xd7a3 },   /* Hangul syllables */
    { 0xf900, 0xfaff },   /* compatibility ideographs */
    { 0x20000, 0x3fffd }, /* Extension B and what follows */
};

/* Outside ASCII, what is neither of the above is a letter, but for these: punctuation, symbols, private use, emoji. */
static const struct range separators[] = {
    { 0x80, 0xa9 },       { 0xab, 0xb4 },        { 0xb6, 0xb9 },     { 0xbb, 0xbf },     { 0xd7, 0xd7 },     { 0xf7, 0xf7 },
    { 0x2b9, 0x2df },     { 0x37e, 0x37e },      { 0x387, 0x387 },   { 0x55a, 0x55f },   { 0x589, 0x58f },   { 0x600, 0x60f },
    { 0x61b, 0x61f },     { 0x66a, 0x66d },      { 0x6d4, 0x6d4 },   { 0x964, 0x965 },   { 0xe3f, 0xe3f },   { 0xe4f, 0xe4f },
    { 0x1680, 0x1680 },   { 0x2000, 0x2bff },    { 0x2e00, 0x2fff }, { 0x3000, 0x3004 }, { 0x3008, 0x3040 }, { 0x30fb, 0x30fb },
    { 0x3190, 0x319f },   { 0x31c0, 0x31ef },    { 0x3200, 0x33ff }, { 0x4dc0, 0x4dff }, { 0xd7a4, 0xf8ff }, { 0xfe10, 0xfe6f },
    { 0xff00, 0xff0f },   { 0xff1a, 0xff20 },    { 0xff3b, 0xff40 }, { 0xff5b, 0xff65 }, { 0xffe0, 0xffff }, { 0x1d000, 0x1d3ff },
    { 0x1f000, 0x1ffff }, { 0xe0000, 0x10ffff },
};

static bool within(const struct range *r, size_t n, uint32_t cp)
{
    size_t lo = 0;

    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;

        if (cp > r[mid].to)
            lo = mid + 1;
        else if (cp < r[mid].from)
            n = mid;
        else
            return true;
    }
    return false;
}

#define WITHIN(table, cp) within(table, sizeof(table) / sizeof((table)[0]), cp)

/* Of a code point whose width is folded already. */
static enum class classify(uint32_t cp) {
    if (cp < 0x80) return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ? WORD : SEPARATES;
    if (WITHIN(cjk, cp)) return CJK;
    if (WITHIN(transparent, cp)) return TRANSPARENT;
    return WITHIN(separators, cp) ? SEPARATES : WORD;
}

/* Full-width letters and digits become ASCII, half-width Katakana the common ones. */
static uint32_t fold_width(uint32_t cp)
{
    static const uint16_t kana[] = {
        0x30f2, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9, 0x30e3, 0x30e5, 0x30e7, 0x30c3, 0x30fc, 0x30a2, 0x30a4, 0x30a6,
        0x30a8, 0x30aa, 0x30ab, 0x30ad, 0x30af, 0x30b1, 0x30b3, 0x30b5, 0x30b7, 0x30b9, 0x30bb, 0x30bd, 0x30bf, 0x30c1,
        0x30c4, 0x30c6, 0x30c8, 0x30ca, 0x30cb, 0x30cc, 0x30cd, 0x30ce, 0x30cf, 0x30d2, 0x30d5, 0x30d8, 0x30db, 0x30de,
        0x30df, 0x30e0, 0x30e1, 0x30e2, 0x30e4, 0x30e6, 0x30e8, 0x30e9, 0x30ea, 0x30eb, 0x30ec, 0x30ed, 0x30ef, 0x30f3,
    };

    if (cp >= 0xff01 && cp <= 0xff5e)
        return cp - 0xfee0;
    if (cp >= 0xff66 && cp <= 0xff9d)
        return kana[cp - 0xff66];
    return cp;
}

/* The letter under the accents, for U+00C0 to U+024F and U+1E00 to U+1EFF; '.': it has none in ASCII, or two. */
static const char latin[] = "aaaaaa.ceeeeiiiidnooooo.ouuuuy..aaaaaa.ceeeeiiiidnooooo.ouuuuy.yaaaaaaccccccccdd"
                            "ddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkkkllllll..llnnnnnnn..oooooo..rrrrrrssssss"
                            "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs................................oo.............u"
                            "u............................aaiioouuuuuuuuuu.aaaa....ggkkoooo..j...gg..nnaa...."
                            "aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............................";
static const char latin_more[] = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooo"
                                 "oooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy.s...."
                                 "aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuu"
                                 "uuyyyyyyyy......";

/* Single letters that no range below covers, sorted. */
static const struct {
    uint16_t from;
    uint16_t to, then; /* `then`: a second letter, or 0 */
} odd[] = {
    { 0xc6, 'a', 'e' },  { 0xde, 't', 'h' },  { 0xdf, 's', 's' },  { 0xe6, 'a', 'e' },  { 0xfe, 't', 'h' },  { 0x132, 'i', 'j' },
    { 0x133, 'i', 'j' }, { 0x14a, 0x14b, 0 }, { 0x152, 'o', 'e' }, { 0x153, 'o', 'e' }, { 0x18f, 0x259, 0 }, { 0x386, 0x3b1, 0 },
    { 0x388, 0x3b5, 0 }, { 0x389, 0x3b7, 0 }, { 0x38a, 0x3b9, 0 }, { 0x38c, 0x3bf, 0 }, { 0x38e, 0x3c5, 0 }, { 0x38f, 0x3c9, 0 },
    { 0x390, 0x3b9, 0 }, { 0x3aa, 0x3b9, 0 }, { 0x3ab, 0x3c5, 0 }, { 0x3ac, 0x3b1, 0 }, { 0x3ad, 0x3b5, 0 }, { 0x3ae, 0x3b7, 0 },
    { 0x3af, 0x3b9, 0 }, { 0x3b0, 0x3c5, 0 }, { 0x3c2, 0x3c3, 0 }, { 0x3ca, 0x3b9, 0 }, { 0x3cb, 0x3c5, 0 }, { 0x3cc, 0x3bf, 0 },
    { 0x3cd, 0x3c5, 0 }, { 0x3ce, 0x3c9, 0 }, { 0x401, 0x435, 0 }, { 0x451, 0x435, 0 }, { 0x4c0, 0x4cf, 0 }, { 0x1e9e, 's', 's' },
};

/* Writes one or two code points, returns how many. Case and accents go, and which way a Chinese character is written; what we know no fold for
 * stays as it is. */
static int fold(uint32_t cp, uint32_t out[2])
{
    size_t lo = 0, hi = sizeof(odd) / sizeof(odd[0]);

    out[0] = cp;
    if (cp < 0x80) {
        out[0] = cp >= 'A' && cp <= 'Z' ? cp + 0x20 : cp;
        return 1;
    }
    if (cp >= 0x3400) {
        out[0] = han_fold(cp);
        return 1;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (cp == odd[mid].from) {
            out[0] = odd[mid].to;
            out[1] = odd[mid].then;
            return odd[mid].then ? 2 : 1;
        }
        if (cp > odd[mid].from)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (cp >= 0xc0 && cp <= 0x24f && latin[cp - 0xc0] != '.')
        out[0] = (unsigned char)latin[cp - 0xc0];
    else if (cp >= 0x1e00 && cp <= 0x1eff && latin_more[cp - 0x1e00] != '.')
        out[0] = (unsigned char)latin_more[cp - 0x1e00];
    else if ((cp >= 0x391 && cp <= 0x3a9 && cp != 0x3a2) || (cp >= 0x410 && cp <= 0x42f))
        out[0] = cp + 0x20;
    else if (cp >= 0x400 && cp <= 0x40f)
        out[0] = cp + 0x50;
    else if ((cp >= 0x460 && cp <= 0x481) || (cp >= 0x48a && cp <= 0x4bf) || (cp >= 0x4d0 && cp <= 0x52f))
        out[0] = cp | 1;
    else if (cp >= 0x531 && cp <= 0x556)
        out[0] = cp + 0x30;
    return 1;
}

/* ---- text into tokens ------------------------------------------------------------------------------------------------ */

void segmenter_init(struct segmenter *s, struct slice text)
{
    *s = (struct segmenter){ .text = text };
}

static void token_add(struct segment *t, uint32_t cp)
{
    uint32_t folded[2];
    int count = fold(cp, folded);

    for (int i = 0; i < count; i++) {
        char bytes[4];
        size_t n = utf8_put(bytes, folded[i]);

        if (t->n + n >= sizeof(t->token)) /* a longer word is cut, the same way in texts and in queries */
            return;
        memcpy(t->token + t->n, bytes, n);
        t->n += n;
    }
}

/* A word is cut where letters and digits meet: "iPhone15" has an iPhone in it. Not where a part of it is hidden (mask_blind()): that stays one
 * word, which nobody can ask for. */
#define HIDDEN 0xa000

static bool is_digit(uint32_t cp)
{
    return cp >= '0' && cp <= '9';
}

static bool meet(uint32_t a, uint32_t b)
{
    return a != HIDDEN && b != HIDDEN && is_digit(a) != is_digit(b);
}

/* Takes the rest of a token that begins with `last`: letters of a word or its digits, or both if words stay whole, and whatever is read over
 * after any kind. */
static void take_rest(struct segmenter *s, uint32_t last, struct segment *ret)
{
    while (s->i < s->text.n) {
        size_t next = s->i;
        uint32_t cp = fold_width(utf8_next(s->text, &next));
        enum class class = classify(cp);

        if (class == SEPARATES || class == CJK || (class == WORD && (ret->cjk || (!s->whole && meet(last, cp)))))
            return;
        if (class == WORD) {
            token_add(ret, cp);
            last = cp;
        }
        s->i = next;
        s->cp++;
        ret->to = s->i;
        ret->cp_to = s->cp;
    }
}

bool segmenter_next(struct segmenter *s, struct segment *ret)
{
    while (s->i < s->text.n) {
        size_t from = s->i;
        uint32_t cp = fold_width(utf8_next(s->text, &s->i));
        enum class class = classify(cp);

        s->cp++;
        if (class == TRANSPARENT)
            continue;
        if (class == SEPARATES) {
            s->after_cjk = s->after_word = false;
            continue;
        }
        *ret = (struct segment){ .from = from, .to = s->i, .cp_from = s->cp - 1, .cp_to = s->cp, .cjk = class == CJK };
        ret->joined = ret->cjk ? s->after_cjk : s->after_word;
        ret->apart = ret->cjk && s->was_cjk && !ret->joined;
        token_add(ret, cp);
        take_rest(s, cp, ret);
        s->was_cjk = s->after_cjk = ret->cjk;
        s->after_word = !ret->cjk;
        return true;
    }
    return false;
}

void segment_spaced(struct slice text, struct buf *ret)
{
    struct segmenter s;
    struct segment t;
    bool first = true;

    segmenter_init(&s, text);
    s.whole = true;
    while (segmenter_next(&s, &t)) {
        if (!first)
            buf_char(ret, ' ');
        buf_add(ret, (struct slice){ t.token, t.n });
        first = false;
    }
}

/* From the first to the last code point that does not separate; all of it if there is none. */
static struct slice without_ends(struct slice text)
{
    size_t from = text.n, to = 0;

    for (size_t i = 0; i < text.n;) {
        size_t at = i;
        enum class class = classify(fold_width(utf8_next(text, &i)));

        if (class != WORD && class != CJK)
            continue;
        if (at < from)
            from = at;
        to = i;
    }
    return to ? (struct slice){ text.p + from, to - from } : text;
}

void segment_plain(struct slice text, struct buf *ret)
{
    struct slice s = without_ends(text);

    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        uint32_t folded[2], cp = fold_width(utf8_next(s, &i));
        int n = utf8_blank((struct slice){ s.p + at, i - at }) || classify(cp) == TRANSPARENT ? 0 : fold(cp, folded);

        for (int k = 0; k < n; k++) {
            char bytes[4];

            buf_add(ret, (struct slice){ bytes, utf8_put(bytes, folded[k]) });
        }
    }
}

/* ---- queries ---------------------------------------------------------------------------------------------------------- */

/* What a query may hold; more is left out, from the end. */
#define TERMS_MAX  32
#define TOKENS_MAX 128
#define PHRASE_MAX 32

struct query_token {
    char text[sizeof(((struct segment *)0)->token)];
    size_t n;
    bool joined, apart, cjk;
};

struct query {
    struct query_token tokens[TOKENS_MAX];
    size_t n_tokens;
    struct {
        size_t first, n; /* tokens: a phrase */
        bool without;    /* must not occur */
    } terms[TERMS_MAX];
    size_t n_terms, n_wanted;
    bool whole; /* its words are */
};

static bool term_begin(struct query *q, bool without)
{
    if (q->n_terms == TERMS_MAX || q->n_tokens == TOKENS_MAX)
        return false;
    q->terms[q->n_terms].first = q->n_tokens;
    q->terms[q->n_terms].n = 0;
    q->terms[q->n_terms].without = without;
    q->n_terms++;
    q->n_wanted += !without;
    return true;
}

static void term_add(struct query *q, const struct segment *t)
{
    struct query_token *token = &q->tokens[q->n_tokens];

    if (q->n_tokens == TOKENS_MAX || q->terms[q->n_terms - 1].n == PHRASE_MAX)
        return;
    memcpy(token->text, t->token, t->n);
    token->n = t->n;
    token->joined = t->joined;
    token->apart = t->apart;
    token->cjk = t->cjk;
    q->n_tokens++;
    q->terms[q->n_terms - 1].n++;
}

/* A phrase becomes one term; else each word, of as many parts as it has, and each run of CJK is one. */
static void query_add(struct query *q, struct slice text, bool phrase, bool without)
{
    struct segmenter s;
    struct segment t;
    bool open = false;

    segmenter_init(&s, text);
    s.whole = q->whole;
    while (segmenter_next(&s, &t)) {
        if (!open || !(phrase || t.joined))
            if (!term_begin(q, without))
                return;
        open = true;
        term_add(q, &t);
    }
}

static bool is_quote(uint32_t cp)
{
    return cp == '"' || cp == 0x201c || cp == 0x201d || cp == 0xff02;
}

static bool is_blank(uint32_t cp)
{
    return cp <= ' ' || cp == 0xa0 || cp == 0x3000;
}

/* The text up to a quote, or up to a quote or a blank; *i moves to what ended it. */
static struct slice read_until(struct slice text, size_t *i, bool quoted)
{
    size_t from = *i, at = *i;

    while (*i < text.n) {
        uint32_t cp = utf8_next(text, &at);

        if (is_quote(cp) || (!quoted && is_blank(cp)))
            break;
        *i = at;
    }
    return (struct slice){ text.p + from, *i - from };
}

static void query_read(struct query *q, struct slice text, bool whole)
{
    size_t i = 0;

    q->whole = whole;
    q->n_tokens = q->n_terms = q->n_wanted = 0;
    while (i < text.n) {
        size_t next = i;
        uint32_t cp = utf8_next(text, &next);
        bool without = cp == '-' && next < text.n;

        if (is_blank(cp)) {
            i = next;
            continue;
        }
        if (without) {
            i = next;
            cp = utf8_next(text, &next);
        }
        if (is_quote(cp)) {
            struct slice phrase;

            i = next;
            phrase = read_until(text, &i, true);
            if (i < text.n)
                (void)utf8_next(text, &i); /* the closing one */
            query_add(q, phrase, true, without);
        } else
            query_add(q, read_until(text, &i, false), without, without);
    }
}

static void query_parse(struct query *q, struct slice text)
{
    query_read(q, text, false);
}

/* One term as tokens between `quote`, with `then` between them, or `gap` where a run of CJK has ended. */
static void put_term(const struct query *q, size_t term, char quote, const char *then, const char *gap, struct buf *ret)
{
    for (size_t i = 0; i < q->terms[term].n; i++) {
        const struct query_token *t = &q->tokens[q->terms[term].first + i];

        if (i)
            buf_str(ret, t->apart ? gap : then);
        buf_char(ret, quote);
        buf_add(ret, (struct slice){ t->text, t->n }); /* letters and digits only: nothing in it can end the quotes */
        buf_char(ret, quote);
    }
}

bool segment_fts5(struct slice text, struct buf *ret)
{
    struct query q;
    size_t done = 0;

    query_parse(&q, text);
    if (!q.n_wanted)
        return false;
    buf_char(ret, '(');
    for (size_t i = 0; i < q.n_terms; i++) {
        if (q.terms[i].without)
            continue;
        if (done++)
            buf_str(ret, " AND ");
        put_term(&q, i, '"', " + ", " + \"" SEGMENT_GAP "\" + ", ret);
    }
    buf_char(ret, ')');
    for (size_t i = 0; i < q.n_terms; i++) {
        if (!q.terms[i].without)
            continue;
        buf_str(ret, " NOT ");
        put_term(&q, i, '"', " + ", " + \"" SEGMENT_GAP "\" + ", ret);
    }
    return true;
}

bool segment_tsquery(struct slice text, struct buf *ret)
{
    struct query q;

    query_parse(&q, text);
    if (!q.n_wanted)
        return false;
    for (size_t i = 0; i < q.n_terms; i++) {
        if (i)
            buf_str(ret, " & ");
        buf_str(ret, q.terms[i].without ? "!(" : "(");
        put_term(&q, i, '\'', " <-> ", " <2> ", ret);
        buf_char(ret, ')');
    }
    return true;
}

void segment_tsquery_loose(struct slice text, struct buf *ret)
{
    struct query q;

    query_parse(&q, text);
    for (size_t i = 0; i < q.n_terms; i++)
        if (!q.terms[i].without) {
            buf_str(ret, " & ");
            put_term(&q, i, '\'', " & ", " & ", ret);
        }
}

void segment_wanted(struct slice text, struct buf *ret)
{
    struct query q;

    query_parse(&q, text);
    for (size_t i = 0; i < q.n_terms; i++) {
        if (q.terms[i].without)
            continue;
        buf_char(ret, '"');
        for (size_t k = 0; k < q.terms[i].n; k++) {
            const struct query_token *t = &q.tokens[q.terms[i].first + k];

            if (k && !t->joined)
                buf_char(ret, ' ');
            buf_add(ret, (struct slice){ t->text, t->n });
        }
        buf_str(ret, "\" ");
    }
}

bool segment_wants(struct slice text)
{
    struct query q;

    query_parse(&q, text);
    return q.n_wanted > 0;
}

bool segment_spells(struct slice text)
{
    struct query q;

    query_parse(&q, text);
    for (size_t i = 0; i < q.n_tokens; i++)
        if (!q.tokens[i].cjk)
            return true;
    return false;
}

/* ---- where a query is found in a text ---------------------------------------------------------------------------------- */

/* The last PHRASE_MAX tokens of the text, in a ring. */
struct recent {
    struct segment at[PHRASE_MAX];
    size_t n; /* seen so far */
};

static const struct segment *recent_back(const struct recent *r, size_t back)
{
    return &r->at[(r->n - 1 - back) % PHRASE_MAX];
}

/* Does `term` end with the token that was read last? As an index has it, or (`strict`) with the parts of a word without a gap, too, as they are
 * marked. What stands in a list (q->whole) may have gaps where its phrase has none. */
static bool ends_here(const struct query *q, size_t term, const struct recent *r, bool strict)
{
    size_t n = q->terms[term].n;

    if (n > r->n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct segment *t = recent_back(r, i);
        const struct query_token *want = &q->tokens[q->terms[term].first + n - 1 - i];

        if (t->n != want->n || memcmp(t->token, want->text, t->n) != 0 || (strict && want->joined && !t->joined) ||
            (!q->whole && i + 1 < n && t->apart != want->apart))
            return false;
    }
    return true;
}

/* Marks come with rising ends, so what touches a new one stands at the tail. */
static size_t mark_add(int (*marks)[2], size_t n, size_t max, int from, int to)
{
    while (n && marks[n - 1][1] >= from) {
        if (marks[n - 1][0] < from)
            from = marks[n - 1][0];
        n--;
    }
    if (n == max)
        return n;
    marks[n][0] = from;
    marks[n][1] = to;
    return n + 1;
}

/* Which terms does the text hold without a gap? */
static void find_whole(const struct query *q, struct slice text, bool found[TERMS_MAX])
{
    struct segmenter s;
    struct recent r = { .n = 0 };

    segmenter_init(&s, text);
    while (segmenter_next(&s, &r.at[r.n % PHRASE_MAX])) {
        r.n++;
        for (size_t i = 0; i < q->n_terms; i++)
            found[i] = found[i] || ends_here(q, i, &r, true);
    }
}

size_t segment_marks(struct slice text, struct slice query, int (*marks)[2], size_t max)
{
    struct segmenter s;
    struct query q;
    struct recent r = { .n = 0 };
    bool whole[TERMS_MAX] = { false };
    size_t n = 0;

    query_parse(&q, query);
    find_whole(&q, text, whole);
    segmenter_init(&s, text);
    while (q.n_wanted && segmenter_next(&s, &r.at[r.n % PHRASE_MAX])) {
        r.n++;
        for (size_t i = 0; i < q.n_terms; i++)
            if (!q.terms[i].without && ends_here(&q, i, &r, whole[i]))
                n = mark_add(marks, n, max, recent_back(&r, q.terms[i].n - 1)->cp_from, recent_back(&r, 0)->cp_to);
    }
    return n;
}

/* `listed`: as what stands in a list of words is found, strictly and by whole words; else as what is searched for. */
static bool matches(struct slice text, struct slice query, bool listed)
{
    struct segmenter s;
    struct query q;
    struct recent r = { .n = 0 };
    bool found[TERMS_MAX] = { false };
    size_t wanted = 0;

    query_read(&q, query, listed);
    segmenter_init(&s, text);
    s.whole = listed;
    while (segmenter_next(&s, &r.at[r.n % PHRASE_MAX])) {
        r.n++;
        for (size_t i = 0; i < q.n_terms; i++) {
            if (found[i] || !ends_here(&q, i, &r, listed))
                continue;
            if (q.terms[i].without)
                return false;
            found[i] = true;
            wanted++;
        }
    }
    return q.n_wanted && wanted == q.n_wanted;
}

bool segment_match(struct slice text, struct slice query)
{
    return matches(text, query, false);
}

bool segment_holds(struct slice text, struct slice query)
{
    return matches(text, query, true);
}
