#include "core/anon.h"

#include "core/utf8.h"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool stands_at(struct slice text, size_t at, struct slice name)
{
    if (utf8_length(name) < 2 || text.n - at < name.n)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (lower(text.p[at + i]) != lower(name.p[i]))
            return false;
    if (at > 0 && is_word(name.p[0]) && is_word(text.p[at - 1]))
        return false;
    return at + name.n == text.n || !is_word(name.p[name.n - 1]) || !is_word(text.p[at + name.n]);
}

void anon_text(struct slice text, const struct anon_name *names, size_t n, struct buf *out)
{
    for (size_t at = 0; at < text.n;) {
        const struct anon_name *best = NULL;

        for (size_t i = 0; i < n; i++)
            if ((!best || names[i].name.n > best->name.n) && stands_at(text, at, names[i].name))
                best = &names[i];
        if (best) {
            buf_str(out, best->with);
            at += best->name.n;
        } else
            buf_char(out, text.p[at++]);
    }
}
