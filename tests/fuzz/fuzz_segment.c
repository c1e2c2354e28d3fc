/* Text into tokens, queries into terms: a line of the input is a query, the rest is the text. */
#include "core/segment.h"
#include "core/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MARKS 16

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* Tokens are valid UTF-8, stand in order, and are tokens themselves. */
static void check_tokens(struct slice text)
{
    struct segmenter s;
    struct segment t;
    struct buf once, twice;
    size_t end = 0;
    int cp_end = 0;
    bool after_cjk = false;

    segmenter_init(&s, text);
    while (segmenter_next(&s, &t)) {
        check(t.from >= end && t.to > t.from && t.to <= text.n && t.cp_from >= cp_end && t.cp_to > t.cp_from);
        check(t.n > 0 && t.n < sizeof(t.token) && utf8_valid((struct slice){ t.token, t.n }));
        check(!t.joined || (end > 0 && t.cjk == after_cjk));
        end = t.to;
        cp_end = t.cp_to;
        after_cjk = t.cjk;
    }
    buf_init(&once, 1 << 22);
    buf_init(&twice, 1 << 22);
    segment_spaced(text, &once);
    segment_spaced(buf_slice(&once), &twice);
    check(buf_ok(&once) && slice_eq(buf_slice(&once), buf_slice(&twice)));
    buf_finish(&once);
    buf_finish(&twice);
}

static size_t count(struct slice s, char c)
{
    size_t ret = 0;

    for (size_t i = 0; i < s.n; i++)
        ret += s.p[i] == c;
    return ret;
}

/* Nothing of what was typed gets out of its quotes. */
static void check_query(struct slice query)
{
    struct buf out;
    bool fts5;

    buf_init(&out, 1 << 20);
    fts5 = segment_fts5(query, &out);
    check(buf_ok(&out) && fts5 == (out.n > 0) && count(buf_slice(&out), '"') % 2 == 0 && count(buf_slice(&out), '\'') == 0);
    check(count(buf_slice(&out), '(') == (size_t)fts5 && count(buf_slice(&out), ')') == (size_t)fts5);
    buf_clear(&out);
    check(segment_tsquery(query, &out) == fts5);
    check(buf_ok(&out) && count(buf_slice(&out), '\'') % 2 == 0 && count(buf_slice(&out), '"') == 0 && count(buf_slice(&out), '\\') == 0);
    buf_clear(&out);
    segment_tsquery_loose(query, &out);
    check(buf_ok(&out) && (out.n > 0) == fts5 && count(buf_slice(&out), '\'') % 2 == 0 && count(buf_slice(&out), '\\') == 0);
    buf_finish(&out);
}

static void check_marks(struct slice text, struct slice query)
{
    int marks[MARKS][2];
    size_t n = segment_marks(text, query, marks, MARKS);

    check(n <= MARKS);
    for (size_t i = 0; i < n; i++)
        check(marks[i][0] >= 0 && marks[i][0] < marks[i][1] && (i == 0 || marks[i - 1][1] < marks[i][0]));
    (void)segment_match(text, query);
    (void)segment_holds(text, query);
    check(!segment_match(SLICE(""), query) && !segment_holds(SLICE(""), query));
}

static void check_cut(struct slice text)
{
    for (size_t max = 1; max < 9; max++) {
        struct slice cut = utf8_cut(text, max);

        check(cut.p == text.p && cut.n <= text.n && (cut.n > 0 || text.n == 0));
        if (utf8_valid(text))
            check(utf8_valid(cut) && utf8_length(cut) <= max);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = { (const char *)data, size }, query = { all.p, 0 }, text;

    while (query.n < all.n && all.p[query.n] != '\n')
        query.n++;
    text = (struct slice){ all.p + query.n, all.n - query.n };
    check_tokens(text);
    check_query(query);
    check_marks(text, query);
    check_cut(text);
    return 0;
}
