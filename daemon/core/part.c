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

static size_t weight(uint32_t cp, enum text_unit unit)
{
    switch (unit) {
    case TEXT_UTF16:
        return cp > 0xffff ? 2 : 1;
    case TEXT_BYTES:
        return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    case TEXT_CODE_POINTS:
    default:
        return 1;
    }
}

size_t text_length(struct slice text, enum text_unit unit)
{
    size_t ret = 0, i = 0;

    while (i < text.n)
        ret += weight(utf8_next(text, &i), unit);
    return ret;
}

/* How many code points of `text` weigh at most `max`; one at least. */
static size_t fitting(struct slice text, size_t max, enum text_unit unit)
{
    size_t ret = 0, sum = 0, i = 0;

    while (i < text.n) {
        sum += weight(utf8_next(text, &i), unit);
        if (sum > max)
            break;
        ret++;
    }
    return ret ? ret : 1;
}

/* The first part: as much as fits, but rather less than broken off somewhere. */
static size_t cut(struct slice text, size_t max, enum text_unit unit)
{
    struct slice head = utf8_cut(text, unit == TEXT_CODE_POINTS ? max : fitting(text, max, unit));
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

struct slice text_part(struct slice text, size_t max, enum text_unit unit, int part, bool *more)
{
    *more = false;
    if (!max)
        return part ? (struct slice){ text.p, 0 } : text;
    for (int i = 0;; i++) {
        size_t n = cut(text, max, unit);
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
