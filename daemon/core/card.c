#include "core/card.h"

#include "core/utf8.h"

#include <strings.h>

void card_write(struct buf *b, const struct card *c)
{
    const struct slice parts[] = { c->title, c->words, c->url };
    size_t start = b->n;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!parts[i].n)
            continue;
        if (b->n > start)
            buf_char(b, '\n');
        buf_add(b, parts[i]);
    }
}

bool card_title_good(struct slice title)
{
    for (size_t i = 0; i < title.n;) {
        uint32_t cp = utf8_next(title, &i);

        if (cp < ' ' || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029)
            return false;
    }
    return !utf8_blank(title);
}

static bool in_app_id(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool card_mini(struct slice url, struct card_mini *ret)
{
    const size_t scheme = sizeof("miniprogram:") - 1;
    size_t slash = scheme;

    if (url.n < scheme || memcmp(url.p, "miniprogram:", scheme) != 0)
        return false;
    while (slash < url.n && in_app_id((unsigned char)url.p[slash]))
        slash++;
    if (slash < scheme + 3 || slash > scheme + 32 || slash + 1 >= url.n || url.p[slash] != '/')
        return false;
    for (size_t i = slash; i < url.n; i++)
        if (url.p[i] <= ' ' || url.p[i] >= 0x7f)
            return false;
    *ret = (struct card_mini){ { url.p + scheme, slash - scheme }, { url.p + slash + 1, url.n - slash - 1 } };
    return true;
}

static bool is_address(struct slice s)
{
    static const char *const schemes[] = { "https://", "http://" };
    struct card_mini mini;
    bool ret = card_mini(s, &mini);

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t n = strlen(schemes[i]);

        ret |= s.n > n && strncasecmp(s.p, schemes[i], n) == 0;
    }
    for (size_t i = 0; ret && i < s.n; i++)
        ret = (unsigned char)s.p[i] > ' ' && s.p[i] != 0x7f;
    return ret;
}

bool card_read(struct slice text, struct card *ret)
{
    const char *title_end = text.n ? memchr(text.p, '\n', text.n) : NULL;
    size_t last = text.n, title;

    while (last && text.p[last - 1] != '\n')
        last--;
    if (!title_end || !is_address((struct slice){ text.p + last, text.n - last }))
        return false;
    title = (size_t)(title_end - text.p);
    *ret = (struct card){ .title = { text.p, title }, .url = { text.p + last, text.n - last } };
    if (last > title + 1)
        ret->words = (struct slice){ text.p + title + 1, last - title - 2 };
    return ret->title.n > 0;
}
