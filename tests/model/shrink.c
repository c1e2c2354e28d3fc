/* shrink.c: what is left of a run that fails when all is left out that it does not need. A run that fails only now and then shrinks less far. */
#include "scenario.h"

#include <stdio.h>

static int64_t clock_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

/* Does it fail without that, too? Then it ends where it failed. */
static bool fails(struct scenario *s, char words[300])
{
    int at = scenario_random(s, words);

    if (!*words)
        return false;
    s->steps = at;
    return true;
}

static void print_smallest(const struct scenario *s, const char *words)
{
    const char *sep = "";

    (void)printf("  the smallest that fails: SEED=%llu NODES=%d FROM=%d STEPS=%d", (unsigned long long)s->seed, s->nodes, s->from,
                 s->steps);
    for (size_t k = 0; k < scenario_kinds(); k++)
        if (s->without >> k & 1) {
            (void)printf("%s%s", *sep ? sep : " WITHOUT=", scenario_kind(k));
            sep = ",";
        }
    (void)printf("\n    %s\n", words);
}

void scenario_shrink(const struct scenario *failed, int64_t budget_ms)
{
    struct scenario best = *failed, next;
    int64_t until = clock_ms() + budget_ms;
    char words[300], last[300] = "";

    best.aloud = false;
    for (int gap = best.steps / 2; gap > 0 && clock_ms() < until; gap /= 2) {
        next = best;
        next.from += gap;
        if (next.from < next.steps && fails(&next, words)) {
            best = next;
            (void)snprintf(last, sizeof(last), "%s", words);
        }
    }
    for (size_t k = 0; k < scenario_kinds() && clock_ms() < until; k++) {
        next = best;
        next.without |= (uint64_t)1 << k;
        if (!(best.without >> k & 1) && fails(&next, words)) {
            best = next;
            (void)snprintf(last, sizeof(last), "%s", words);
        }
    }
    best.aloud = true;
    print_smallest(&best, last);
    if (*last)
        (void)scenario_random(&best, words); /* once more, to show its steps */
}
