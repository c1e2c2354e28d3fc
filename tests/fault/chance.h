/* chance.h: numbers that a printed seed brings back (splitmix64). */
#ifndef KF_TESTS_FAULT_CHANCE_H
#define KF_TESTS_FAULT_CHANCE_H

#include <stdint.h>

struct chance {
    uint64_t at;
};

static inline uint64_t chance_next(struct chance *c)
{
    uint64_t z = c->at += 0x9e3779b97f4a7c15U;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* 0 … n-1 */
static inline int chance_below(struct chance *c, int n)
{
    return n > 1 ? (int)(chance_next(c) % (uint64_t)n) : 0;
}

#endif
