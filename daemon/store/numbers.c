#include "store/numbers.h"

#include <stdlib.h>

#define CAP_FIRST 4096

/* Where `key` is or would be: the numbers are dense, so they are spread by the golden ratio. */
static size_t place_of(const struct numbers *s, int64_t key)
{
    size_t at = (size_t)((uint64_t)key * 0x9e3779b97f4a7c15U >> 32) & (s->cap - 1);

    while (s->keys[at] && s->keys[at] != key)
        at = (at + 1) & (s->cap - 1);
    return at;
}

static bool grow(struct numbers *s)
{
    struct numbers old = *s, more = { .n = old.n, .cap = old.cap ? 2 * old.cap : CAP_FIRST };

    more.keys = calloc(more.cap, sizeof(*more.keys));
    more.values = calloc(more.cap, sizeof(*more.values));
    if (!more.keys || !more.values) {
        numbers_free(&more);
        return false;
    }
    for (size_t i = 0; i < old.cap; i++) {
        size_t at;

        if (!old.keys[i])
            continue;
        at = place_of(&more, old.keys[i]);
        more.keys[at] = old.keys[i];
        more.values[at] = old.values[i];
    }
    *s = more;
    numbers_free(&old);
    return true;
}

uint32_t *numbers_at(struct numbers *s, int64_t key, bool *fresh)
{
    size_t at;

    if (2 * s->n >= s->cap && !grow(s))
        return NULL;
    at = place_of(s, key);
    *fresh = !s->keys[at];
    if (*fresh) {
        s->keys[at] = key;
        s->n++;
    }
    return &s->values[at];
}

uint32_t *numbers_find(const struct numbers *s, int64_t key)
{
    size_t at;

    if (!s->cap)
        return NULL;
    at = place_of(s, key);
    return s->keys[at] ? &s->values[at] : NULL;
}

void numbers_free(struct numbers *s)
{
    free(s->keys);
    free(s->values);
    *s = (struct numbers){ 0 };
}
