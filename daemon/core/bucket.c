#include "core/bucket.h"

void bucket_init(struct bucket *b, int burst, int64_t now_ms)
{
    *b = (struct bucket){ .at = now_ms, .milli = 1000 * (int64_t)burst };
}

/* What is less than a thousandth of a token stays in `rest`, so that a slow rate loses nothing by being looked at often. */
static void refill(struct bucket *b, int burst, int count, int64_t period_ms, int64_t now_ms)
{
    int64_t full = 1000 * (int64_t)burst, passed = now_ms - b->at, gained;

    b->at = now_ms;
    if (passed > 0 && count > 0 && passed > full * period_ms / 1000 / count)
        b->milli = full;
    else if (passed > 0 && count > 0) {
        gained = passed * 1000 * count + b->rest;
        b->milli += gained / period_ms;
        b->rest = gained % period_ms;
    }
    if (b->milli >= full) {
        b->milli = full;
        b->rest = 0;
    }
}

bool bucket_take_in(struct bucket *b, int burst, int count, int64_t period_ms, int64_t now_ms, int64_t *retry_after_ms)
{
    bool ret;

    refill(b, burst, count, period_ms, now_ms);
    ret = b->milli >= 1000;
    if (ret)
        b->milli -= 1000;
    if (retry_after_ms && ret)
        *retry_after_ms = 0;
    else if (retry_after_ms && count > 0)
        *retry_after_ms = ((1000 - b->milli) * period_ms - b->rest + 1000 * (int64_t)count - 1) / (1000 * (int64_t)count);
    else if (retry_after_ms)
        *retry_after_ms = INT64_MAX;
    return ret;
}

bool bucket_take(struct bucket *b, int burst, int per_second, int64_t now_ms, int64_t *retry_after_ms)
{
    return bucket_take_in(b, burst, per_second, 1000, now_ms, retry_after_ms);
}

/* What is too much goes at the next look. */
void bucket_give(struct bucket *b)
{
    b->milli += 1000;
}
