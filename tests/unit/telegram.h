/* telegram.h: a Telegram bot to try things on. */
#ifndef KF_TESTS_TELEGRAM_H
#define KF_TESTS_TELEGRAM_H

#include "channel_bench.h"
#include "channel_vectors.h"

#include "protocols/telegram.h"

#define SECRET   "kefud_tg-Secret_01"
#define SETTINGS "{\"token\":\"123456:TEST_TOKEN-1\",\"secrets\":[\"old-but-still-good\",\"" SECRET "\"],\"url\":\"https://tg.example/\"}"
#define NOW_MS   1789990100000

static inline int bench_setup(void **state)
{
    return bench_open(state, &telegram_ops, SETTINGS, (struct env){ .now_ms = NOW_MS, .chance = { 1, 2, 3 } });
}

static inline bool holds_slice(struct slice s, struct slice what)
{
    for (size_t i = 0; i + what.n <= s.n; i++)
        if (memcmp(s.p + i, what.p, what.n) == 0)
            return true;
    return false;
}

static inline bool holds(struct slice s, const char *what)
{
    return holds_slice(s, slice_of(what));
}

#endif
