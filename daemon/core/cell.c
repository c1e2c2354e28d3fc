#include "core/cell.h"

#include "core/utf8.h"

#include <stdint.h>
#include <string.h>

/* Blanks and what has no width: import filters drop them, and the formula is at the beginning. */
static bool is_blank(uint32_t c)
{
    return c == ' ' || c == 0xa0 || c == 0xad || c == 0x1680 || (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
           (c >= 0x205f && c <= 0x2064) || c == 0x3000 || c == 0xfeff || c == 0x180e;
}

static bool begins_formula(uint32_t c)
{
    return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r' || c == '\n' || c == 0xff1d || c == 0xff0b ||
           c == 0xff0d || c == 0xff20 || c == 0xfe62 || c == 0xfe63 || c == 0xfe66 || c == 0xfe6b || c == 0x2212;
}

/* XML 1.0 has no way to write these, and no reader of CSV has a use for them. */
static bool is_control(uint32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f || c == 0xfffe || c == 0xffff;
}

bool cell_is_formula(struct slice text)
{
    for (size_t at = 0; at < text.n;) {
        uint32_t c = utf8_next(text, &at);

        if (!is_blank(c) && !is_control(c))
            return begins_formula(c);
    }
    return false;
}

void cell_text(struct slice text, struct buf *ret)
{
    if (cell_is_formula(text))
        buf_char(ret, '\'');
    for (size_t at = 0; at < text.n;) {
        size_t from = at;

        if (!is_control(utf8_next(text, &at)))
            buf_add(ret, (struct slice){ text.p + from, at - from });
    }
}

void cell_csv(struct slice text, struct buf *ret)
{
    struct buf b;
    bool quoted = false;

    buf_init(&b, ret->max);
    cell_text(text, &b);
    if (!buf_ok(&b))
        ret->failed = true;
    for (size_t i = 0; i < b.n; i++)
        quoted |= memchr(",\"\r\n\t;'", b.p[i], 7) != NULL;
    quoted |= b.n && (b.p[0] == ' ' || b.p[b.n - 1] == ' ');
    if (quoted)
        buf_char(ret, '"');
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == '"')
            buf_char(ret, '"');
        buf_char(ret, b.p[i]);
    }
    if (quoted)
        buf_char(ret, '"');
    buf_finish(&b);
}
