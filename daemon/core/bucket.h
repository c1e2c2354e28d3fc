/* bucket.h: a token bucket, for limits of rate. Pure: time comes in. */
#ifndef KF_CORE_BUCKET_H
#define KF_CORE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    int64_t at;    /* of the last look */
    int64_t milli; /* thousandths of a token */
    int64_t rest;  /* of a thousandth: its period-th parts */
};

/* Full at birth. */
void bucket_init(struct bucket *b, int burst, int64_t now_ms);
/* Takes one token; else false, and *retry_after_ms says when there will be one. `per_second` tokens come back. A clock that went
 * backwards gives nothing and takes nothing. */
bool bucket_take(struct bucket *b, int burst, int per_second, int64_t now_ms, int64_t *retry_after_ms);
/* The same with `count` tokens in a period, for rates below one a second. */
bool bucket_take_in(struct bucket *b, int burst, int count, int64_t period_ms, int64_t now_ms, int64_t *retry_after_ms);
/* Puts one back that was taken for nothing. Full stays full. */
void bucket_give(struct bucket *b);

#endif
