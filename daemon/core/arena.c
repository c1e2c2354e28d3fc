#include "core/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The first chunk lies in the same allocation as the arena: a small turn, and a change of one message, costs one malloc. */
#define FIRST_CHUNK 4000
#define CHUNK       8000

struct chunk {
    struct chunk *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

struct arena {
    size_t max, total;
    struct chunk *head; /* the one that is being filled */
    struct chunk first;
};

struct arena *arena_new(size_t max)
{
    struct arena *a = malloc(sizeof(*a) + FIRST_CHUNK);

    if (!a)
        return NULL;
    a->max = max;
    a->total = 0;
    a->first = (struct chunk){ .size = FIRST_CHUNK };
    a->head = &a->first;
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct chunk *c = a->head, *next; c != &a->first; c = next) {
        next = c->next;
        free(c);
    }
    free(a);
}

static struct chunk *chunk_add(struct arena *a, size_t n)
{
    size_t size = n > CHUNK ? n : CHUNK;
    struct chunk *c = malloc(sizeof(*c) + size);

    if (!c)
        return NULL;
    c->used = 0;
    c->size = size;
    c->next = a->head;
    a->head = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    struct chunk *c = a->head;
    void *ret;

    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + align - 1) / align * align;
    if (a->max && n > a->max - a->total)
        return NULL;
    if (n > c->size - c->used && !(c = chunk_add(a, n)))
        return NULL;
    ret = c->bytes + c->used;
    c->used += n;
    a->total += n;
    return memset(ret, 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(a, count * size);
}

char *arena_text(struct arena *a, struct slice s)
{
    char *ret = arena_alloc(a, s.n + 1);

    if (ret && s.n)
        memcpy(ret, s.p, s.n);
    return ret;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *ret = NULL;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    if (n >= 0 && (ret = arena_alloc(a, (size_t)n + 1)))
        (void)vsnprintf(ret, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return ret;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    char *p = arena_text(a, s);

    return p ? (struct slice){ p, s.n } : (struct slice){ NULL, 0 };
}

void *arena_more(struct arena *a, void *array, size_t n, size_t size)
{
    void *more;

    if (n > 0 && (n < 4 || (n & (n - 1))))
        return array;
    more = arena_array(a, n ? 2 * n : 4, size);
    if (more && n)
        memcpy(more, array, n * size);
    return more;
}
