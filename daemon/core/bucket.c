#include "core/bucket.h"

void bucket_init(struct bucket *b, int burst, int64_t now_ms)
{
    *b = (struct bucket){ .at = now_ms, .milli = 1000 * (int64_t)burst };
}

/* `per_second` tokens a second are as many thousandths a millisecond. */
static void refill(struct bucket *b, int burst, int per_second, int64_t now_ms)
{
    int64_t full = 1000 * (int64_t)burst, passed = now_ms - b->at;

    b->at = now_ms;
    if (passed > 0 && per_second > 0)
        b->milli = passed > full / per_second ? full : b->milli + passed * per_second;
    if (b->milli > full)
        b->milli = full;
}

bool bucket_take(struct bucket *b, int burst, int per_second, int64_t now_ms, int64_t *retry_after_ms)
{
    bool ret;

    refill(b, burst, per_second, now_ms);
    ret = b->milli >= 1000;
    if (ret)
        b->milli -= 1000;
    if (retry_after_ms && ret)
        *retry_after_ms = 0;
    else if (retry_after_ms)
        *retry_after_ms = per_second > 0 ? (1000 - b->milli + per_second - 1) / per_second : INT64_MAX;
    return ret;
}
