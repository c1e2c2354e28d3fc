/* The text segmenter: the first line is a query, the rest is a text. Tokens lie in order within the text, marks within its code points,
 * and what is written for the databases is valid UTF-8. */
#include "core/segment.h"
#include "core/utf8.h"

#include <stdlib.h>

#define MARKS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void walk(struct slice text)
{
    struct segmenter s;
    struct segment seg;
    size_t end = 0;
    int cp_end = 0;

    segmenter_init(&s, text);
    while (segmenter_next(&s, &seg)) {
        must(seg.from >= end && seg.to > seg.from && seg.to <= text.n);
        must(seg.cp_from >= cp_end && seg.cp_to > seg.cp_from);
        must(seg.n > 0 && seg.n < sizeof(seg.token));
        must(utf8_valid((struct slice){ seg.token, seg.n }));
        end = seg.to;
        cp_end = seg.cp_to;
    }
    must((size_t)cp_end <= utf8_length(text));
}

static void write(struct slice query, struct slice text)
{
    int marks[MARKS_MAX][2];
    size_t n = segment_marks(text, query, marks, MARKS_MAX);
    struct buf b;

    must(n <= MARKS_MAX);
    for (size_t i = 0; i < n; i++) {
        must(marks[i][0] >= 0 && marks[i][0] < marks[i][1] && (size_t)marks[i][1] <= utf8_length(text));
        must(!i || marks[i][0] > marks[i - 1][1]);
    }
    buf_init(&b, 1u << 22);
    (void)segment_fts5(query, &b);
    buf_char(&b, ' ');
    (void)segment_tsquery(query, &b);
    buf_char(&b, ' ');
    segment_spaced(text, &b);
    must(!buf_ok(&b) || utf8_valid(buf_slice(&b)));
    buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t line = end ? (size_t)(end - data) : size;
    struct slice query = { (const char *)data, line };
    struct slice text = { (const char *)data + line + (end != NULL), size - line - (end != NULL) };

    /* The border lets valid UTF-8 in only. */
    if (!utf8_valid(query) || !utf8_valid(text))
        return 0;
    walk(query);
    walk(text);
    write(query, text);
    return 0;
}
