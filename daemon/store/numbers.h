/* numbers.h: a set of the numbers of conversations with a small value beside each. A hash table with open addressing; lives in one thread. */
#ifndef KF_STORE_NUMBERS_H
#define KF_STORE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as { 0 }. */
struct numbers {
    int64_t *keys; /* 0: free; so 0 itself cannot be in it */
    uint32_t *values;
    size_t n, cap; /* cap: a power of two */
};

/* The value beside `key`, which is 0 when it is new; until the next call. NULL: out of memory. */
uint32_t *numbers_at(struct numbers *s, int64_t key, bool *fresh);
/* The same of what is there; NULL: it is not. */
uint32_t *numbers_find(const struct numbers *s, int64_t key);
/* Empty again, as at the beginning. */
void numbers_free(struct numbers *s);

#endif
