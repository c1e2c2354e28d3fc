#include "core/quality.h"

#include <stdlib.h>

void quality_add(struct quality *q, const struct review *r)
{
    q->reviews++;
    q->fatal_free += !r->fatal;
    q->passed += r->passed;
    q->score += r->score;
    q->plain += r->plain;
    q->appealed += r->appealed_at != 0;
    if (r->decided_at) {
        q->decided++;
        q->overturned += r->outcome == APPEAL_ACCEPTED || r->outcome == APPEAL_PARTLY;
        q->turnaround_ms += r->decided_at - r->appealed_at;
    }
}

static int by_value(const void *a, const void *b)
{
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

int quality_median(int *scores, size_t n)
{
    if (!n)
        return 0;
    qsort(scores, n, sizeof(*scores), by_value);
    return n % 2 ? scores[n / 2] : (scores[n / 2 - 1] + scores[n / 2]) / 2;
}
