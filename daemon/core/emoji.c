#include "core/emoji.h"

#include "core/utf8.h"

#include <stddef.h>
#include <stdint.h>

#define JOINER   0x200D
#define SELECTOR 0xFE0F /* shown in colour */
#define KEYCAP   0x20E3
#define TAG_END  0xE007F

struct range {
    uint32_t from, to;
};

static bool in(uint32_t cp, const struct range *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cp >= rows[i].from && cp <= rows[i].to)
            return true;
    return false;
}

static bool is_letter_of_flag(uint32_t cp)
{
    return cp >= 0x1F1E6 && cp <= 0x1F1FF;
}

static bool is_picture(uint32_t cp)
{
    static const struct range rows[] = {
        { 0xA9, 0xA9 },     { 0xAE, 0xAE },     { 0x203C, 0x203C }, { 0x2049, 0x2049 }, { 0x2122, 0x2122 },   { 0x2139, 0x2139 },
        { 0x2194, 0x21AA }, { 0x231A, 0x23FF }, { 0x24C2, 0x24C2 }, { 0x25AA, 0x25FE }, { 0x2600, 0x27BF },   { 0x2934, 0x2935 },
        { 0x2B05, 0x2B55 }, { 0x3030, 0x3030 }, { 0x303D, 0x303D }, { 0x3297, 0x3299 }, { 0x1F000, 0x1F1E5 }, { 0x1F200, 0x1FAFF },
    };

    return in(cp, rows, sizeof(rows) / sizeof(rows[0]));
}

static bool is_skin(uint32_t cp)
{
    return cp >= 0x1F3FB && cp <= 0x1F3FF;
}

/* The next code point; 0 at the end. */
static uint32_t peek(struct slice s, size_t i)
{
    return i < s.n ? utf8_next(s, &i) : 0;
}

static bool takes(struct slice s, size_t *i, uint32_t cp)
{
    if (peek(s, *i) != cp)
        return false;
    (void)utf8_next(s, i);
    return true;
}

/* The flag of a part of a country: letters that are not seen, and their end. */
static bool tags(struct slice s, size_t *i)
{
    bool any = false;

    while (peek(s, *i) >= 0xE0020 && peek(s, *i) < TAG_END) {
        (void)utf8_next(s, i);
        any = true;
    }
    return !any || takes(s, i, TAG_END);
}

static bool element(struct slice s, size_t *i)
{
    if (!is_picture(peek(s, *i)))
        return false;
    (void)utf8_next(s, i);
    if (is_skin(peek(s, *i)))
        (void)utf8_next(s, i);
    (void)takes(s, i, SELECTOR);
    return tags(s, i);
}

static bool keycap(struct slice s)
{
    size_t i = 1;

    (void)takes(s, &i, SELECTOR);
    return takes(s, &i, KEYCAP) && i == s.n;
}

static bool flag(struct slice s)
{
    size_t i = 0;

    return is_letter_of_flag(utf8_next(s, &i)) && is_letter_of_flag(peek(s, i)) && utf8_next(s, &i) && i == s.n;
}

bool emoji_is_one(struct slice s)
{
    size_t i = 0;

    if (!s.n || s.n > EMOJI_MAX)
        return false;
    if (s.p[0] == '#' || s.p[0] == '*' || (s.p[0] >= '0' && s.p[0] <= '9'))
        return keycap(s);
    if (is_letter_of_flag(peek(s, 0)))
        return flag(s);
    do {
        if (!element(s, &i))
            return false;
    } while (takes(s, &i, JOINER));
    return i == s.n;
}
