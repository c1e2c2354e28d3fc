/* Settings documents: the first byte is the kind, or 's' for a whole set. Whatever stands in it, it is refused with words or builds. */
#include "core/arena.h"
#include "settings/site.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_document(char kind, struct slice body)
{
    static const char *const kinds[] = { "site", "queue", "channel", "wording", "rule", "canned", "article", "?" };
    struct kf_err why = { 0 };

    if (document_check(kinds[(unsigned char)kind % 7], body, &why) && !why.text[0])
        abort();
}

static void try_set(struct slice json)
{
    struct arena *arena = arena_new(1 << 24);
    struct kf_err why = { 0 };
    struct site_set set;

    if (site_set_parse(json, arena, &set, &why)) {
        if (!why.text[0])
            abort();
    } else {
        struct site *site = NULL;

        if (site_build(&site, &set.key, set.docs, set.n_docs, &why)) /* what was accepted works */
            abort();
        for (size_t i = 0; i < site->n_queues; i++) {
            const struct hours *h = &site->queues[i].hours;
            int64_t at = hours_next_opening(h, 1763740800000);

            if (at != INT64_MAX && !hours_open(h, at))
                abort();
        }
        site_unref(site);
    }
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = { (const char *)data + 1, size - 1 };

    if (size == 0)
        return 0;
    if (data[0] == 's')
        try_set(rest);
    else
        try_document((char)data[0], rest);
    return 0;
}
