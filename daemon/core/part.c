#include "core/part.h"

#include "core/utf8.h"

/* How good a place to cut is right behind this character: a line's end, a sentence's, a word's. */
static int worth(uint32_t cp)
{
    switch (cp) {
    case '\n':
        return 3;
    case '.':
    case '!':
    case '?':
    case 0x3002: /* 。 */
    case 0xff01: /* ！ */
    case 0xff1f: /* ？ */
    case 0xff1b: /* ； */
        return 2;
    case ' ':
    case ',':
    case 0xff0c: /* ， */
    case 0x3001: /* 、 */
        return 1;
    default:
        return 0;
    }
}

/* The first part: as much as fits, but rather less than broken off somewhere. */
static size_t cut(struct slice text, size_t max)
{
    struct slice head = utf8_cut(text, max);
    size_t best = head.n, i = 0;
    int worth_best = 0;

    if (head.n == text.n)
        return text.n;
    while (i < head.n) {
        int w = worth(utf8_next(head, &i));

        if (w && w >= worth_best && i >= head.n / 2) {
            best = i;
            worth_best = w;
        }
    }
    return best;
}

static struct slice without_blanks(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\n'))
        s = (struct slice){ s.p + 1, s.n - 1 };
    return s;
}

struct slice text_part(struct slice text, size_t max, int part, bool *more)
{
    *more = false;
    if (!max)
        return part ? (struct slice){ text.p, 0 } : text;
    for (int i = 0;; i++) {
        size_t n = cut(text, max);
        struct slice rest = without_blanks((struct slice){ text.p + n, text.n - n });

        if (i == part) {
            *more = rest.n > 0;
            return (struct slice){ text.p, n };
        }
        if (!rest.n)
            return (struct slice){ text.p, 0 };
        text = rest;
    }
}
