/* arena.h: memory that dies together.
 *
 * A turn (one request, one frame, one change on its way through the store) owns one arena. Allocations are
 * zeroed and aligned for any type; there is no free but arena_free(). An arena may be handed from thread to thread, it is
 * never used by two at once. */
#ifndef KF_CORE_ARENA_H
#define KF_CORE_ARENA_H

#include "core/slice.h"

#include <stddef.h>

struct arena;

/* `max` bounds the sum of all allocations in bytes; 0: no bound. NULL when memory is out. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a); /* takes NULL */

/* All return NULL when memory is out or the bound is reached. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t count, size_t size); /* checked multiplication */
char *arena_text(struct arena *a, struct slice s);             /* terminated copy */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct slice arena_copy(struct arena *a, struct slice s); /* {NULL,0} when memory is out, terminated anyway */

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* Room for one more in an array of `n` things of `size` bytes: the array itself, or a copy twice as long; it grows at 0 and at the powers of
 * two from 4 on. NULL: out of memory, the old one stays. */
void *arena_more(struct arena *a, void *array, size_t n, size_t size);

#endif
