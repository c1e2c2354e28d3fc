#include "core/forbid.h"

#include "core/segment.h"

#define SPACED_MAX  (1u << 20)
#define SPELLED_MIN 3 /* letters that stand alone, one after the other */
#define SPELLED_MAX 128

void forbid_spaced(struct slice text, struct buf *ret)
{
    buf_char(ret, ' ');
    segment_spaced(text, ret);
    if (ret->n > 1)
        buf_char(ret, ' ');
}

/* What was spelled: " idiot "; and without a word of one letter before it, as in "u i.d.i.o.t". */
static void put_spelled(const char *run, size_t n, struct buf *ret)
{
    if (n < SPELLED_MIN)
        return;
    buf_add(ret, (struct slice){ run, n });
    buf_char(ret, ' ');
    if (strchr("aiu", run[0])) {
        buf_add(ret, (struct slice){ run + 1, n - 1 });
        buf_char(ret, ' ');
    }
}

void forbid_text(struct slice text, struct buf *ret)
{
    char run[SPELLED_MAX];
    struct segmenter s;
    struct segment t;
    size_t n = 0;

    forbid_spaced(text, ret);
    segmenter_init(&s, text);
    while (segmenter_next(&s, &t)) {
        if (!t.cjk && t.cp_to - t.cp_from == 1 && n + t.n < sizeof(run)) {
            memcpy(run + n, t.token, t.n);
            n += t.n;
            continue;
        }
        put_spelled(run, n, ret);
        n = 0;
    }
    put_spelled(run, n, ret);
}

size_t forbid_find(const struct forbidden_word *words, size_t n, struct slice text, const struct forbidden_word **ret, size_t max)
{
    size_t count = 0;
    struct buf b;

    if (!n)
        return 0;
    buf_init(&b, SPACED_MAX);
    forbid_text(text, &b);
    for (size_t i = 0; i < n && count < max && b.p; i++)
        if (words[i].spaced[1] && strstr(b.p, words[i].spaced))
            ret[count++] = &words[i];
    buf_finish(&b);
    return count;
}
