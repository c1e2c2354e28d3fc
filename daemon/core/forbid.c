#include "core/forbid.h"

#include "core/segment.h"
#include "core/utf8.h"

#include <ctype.h>

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

static void put_word(const char *word, size_t n, struct buf *ret)
{
    buf_add(ret, (struct slice){ word, n });
    buf_char(ret, ' ');
}

/* What was spelled: " idiot "; and without what may stand beside it by itself: numbers, and a word of one letter, as in "u i.d.i.o.t". */
static void put_spelled(const char *run, size_t n, struct buf *ret)
{
    const char *from = run, *to = run + n;

    if (n < SPELLED_MIN)
        return;
    put_word(run, n, ret);
    while (from < to && isdigit((unsigned char)*from))
        from++;
    while (to > from && isdigit((unsigned char)to[-1]))
        to--;
    n = (size_t)(to - from);
    if (n < SPELLED_MIN)
        return;
    put_word(from, n, ret);
    if (strchr("aiu", *from))
        put_word(from + 1, n - 1, ret);
    if (strchr("aiu", to[-1]))
        put_word(from, n - 1, ret);
}

/* Letters that stand alone, one after the other, whatever stands between; from `part` on without a blank. */
struct spelling {
    char run[SPELLED_MAX];
    size_t n, part;
};

static void end_part(struct spelling *s, struct buf *ret)
{
    put_spelled(s->run + s->part, s->n - s->part, ret);
    s->part = s->n;
}

static void end_run(struct spelling *s, struct buf *ret)
{
    if (s->part)
        end_part(s, ret); /* "x i.d.i.o.t 2": in the whole it has other letters beside it */
    put_spelled(s->run, s->n, ret);
    s->n = s->part = 0;
}

static bool has_blank(struct slice between)
{
    for (size_t i = 0; i < between.n;) {
        uint32_t cp = utf8_next(between, &i);

        if ((cp >= '\t' && cp <= '\r') || cp == ' ' || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 ||
            cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000)
            return true;
    }
    return false;
}

void forbid_text(struct slice text, struct buf *ret)
{
    struct spelling spelling = { .n = 0 };
    struct segmenter s;
    struct segment t;
    size_t end = 0;

    forbid_spaced(text, ret);
    segmenter_init(&s, text);
    while (segmenter_next(&s, &t)) {
        bool alone = !t.cjk && t.cp_to - t.cp_from == 1 && spelling.n + t.n < sizeof(spelling.run);

        if (!alone || t.joined) /* a number that it touches ends what is spelled: "i.d.i.o.t2" */
            end_run(&spelling, ret);
        else if (spelling.n && has_blank((struct slice){ text.p + end, t.from - end }))
            end_part(&spelling, ret);
        if (alone) {
            memcpy(spelling.run + spelling.n, t.token, t.n);
            spelling.n += t.n;
        }
        end = t.to;
    }
    end_run(&spelling, ret);
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
