#include "core/forbid.h"

#include "core/segment.h"

#define SPACED_MAX (1u << 20)

void forbid_spaced(struct slice text, struct buf *ret)
{
    buf_char(ret, ' ');
    segment_spaced(text, ret);
    if (ret->n > 1)
        buf_char(ret, ' ');
}

size_t forbid_find(const struct forbidden_word *words, size_t n, struct slice text, const struct forbidden_word **ret, size_t max)
{
    size_t count = 0;
    struct buf b;

    if (!n)
        return 0;
    buf_init(&b, SPACED_MAX);
    forbid_spaced(text, &b);
    for (size_t i = 0; i < n && count < max && b.p; i++)
        if (words[i].spaced[1] && strstr(b.p, words[i].spaced))
            ret[count++] = &words[i];
    buf_finish(&b);
    return count;
}
