#include "core/han.h"

#define FIRST 0x3400
#define LAST  0x9fff

/* One look for each character that people write every day; 0: it is its own form. */
static const uint16_t folded[LAST + 1 - FIRST] = {
#define NEAR(a, b) [(a)-FIRST] = (b),
#define FAR(a, b)
#include "core/han.def"
#undef NEAR
#undef FAR
};

static const struct {
    uint32_t from, to;
} rare[] = {
#define NEAR(a, b)
#define FAR(a, b) { a, b },
#include "core/han.def"
#undef NEAR
#undef FAR
};

static uint32_t fold_rare(uint32_t cp)
{
    size_t lo = 0, hi = sizeof(rare) / sizeof(rare[0]);

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (cp == rare[mid].from)
            return rare[mid].to;
        if (cp > rare[mid].from)
            lo = mid + 1;
        else
            hi = mid;
    }
    return cp;
}

uint32_t han_fold(uint32_t cp)
{
    if (cp >= FIRST && cp <= LAST)
        return folded[cp - FIRST] ? folded[cp - FIRST] : cp;
    return cp >= rare[0].from ? fold_rare(cp) : cp;
}

bool han_next(size_t *i, uint32_t *from, uint32_t *to)
{
    const size_t near = sizeof(folded) / sizeof(folded[0]), all = near + sizeof(rare) / sizeof(rare[0]);

    while (*i < near && !folded[*i])
        (*i)++;
    if (*i >= all)
        return false;
    *from = *i < near ? FIRST + (uint32_t)*i : rare[*i - near].from;
    *to = *i < near ? folded[*i] : rare[*i - near].to;
    (*i)++;
    return true;
}
