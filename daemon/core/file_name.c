#include "core/file_name.h"
#include "core/utf8.h"

#define NAME_CP 120

static bool is_shown(uint32_t cp)
{
    bool turns = (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);

    return cp >= 0x20 && cp != 0x7f && cp != 0xfffd && !turns;
}

struct slice file_name(struct slice name, struct buf *into)
{
    size_t i = 0;

    while (i < name.n) {
        char utf8[4];
        uint32_t cp = utf8_next(name, &i);

        if (cp == '/' || cp == '\\')
            buf_clear(into);
        else if (is_shown(cp))
            buf_add(into, (struct slice){ utf8, utf8_put(utf8, cp) });
    }
    return into->n ? utf8_cut(buf_slice(into), NAME_CP) : SLICE("file");
}
