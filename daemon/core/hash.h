/* hash.h: FNV-1a, 64 bits (draft-eastlake-fnv): for tables and for telling texts apart where nobody gains by a collision. Whoever is to be
 * kept from making one needs a seed of his own, or SHA-256. */
#ifndef KF_CORE_HASH_H
#define KF_CORE_HASH_H

#include "core/slice.h"

#include <stdint.h>

#define HASH_BASIS UINT64_C(14695981039346656037)

/* `h` is HASH_BASIS, or the hash of what stands before. */
static inline uint64_t hash_more(uint64_t h, const void *p, size_t n)
{
    const unsigned char *b = p;

    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * UINT64_C(1099511628211);
    return h;
}

static inline uint64_t hash_slice(struct slice s)
{
    return hash_more(HASH_BASIS, s.p, s.n);
}

#endif
