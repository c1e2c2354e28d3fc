/* A form as other systems send it: a first line with its Content-Type, then the body. */
#include "core/utf8.h"
#include "protocols/form.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static bool within(struct slice part, struct slice all)
{
    return !part.n || (part.p >= all.p && part.p + part.n <= all.p + all.n);
}

/* What is shown to people has no folder, no control character, and is never empty. */
static void may_be_shown(struct slice name)
{
    must(name.n > 0 && utf8_valid(name));
    for (size_t i = 0; i < name.n; i++)
        must((unsigned char)name.p[i] >= 0x20 && name.p[i] != 0x7f && name.p[i] != '/' && name.p[i] != '\\');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *line = memchr(text, '\n', size);
    struct slice type = { text, line ? (size_t)(line - text) : size }, body = { text + size, 0 };
    struct form_part parts[PARTS_MAX];
    const char *last = NULL;
    int n;

    if (line)
        body = (struct slice){ line + 1, size - type.n - 1 };
    n = form_read(type, body, parts, PARTS_MAX);
    must(n >= -1 && n <= PARTS_MAX && (n < 0 || form_is(type)));
    for (int i = 0; i < n; i++) {
        must(within(parts[i].name, body) && within(parts[i].bytes, body));
        must(!last || parts[i].bytes.p >= last); /* one after the other */
        last = parts[i].bytes.p + parts[i].bytes.n;
        must(parts[i].is_file || !parts[i].filename.p);
        if (parts[i].is_file)
            may_be_shown(parts[i].filename);
    }
    return 0;
}
