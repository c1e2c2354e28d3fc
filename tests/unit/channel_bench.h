/* channel_bench.h: an open channel to try things on, and what is tried on each: settings, templates, answers to a request for a token. */
#ifndef KF_TESTS_CHANNEL_BENCH_H
#define KF_TESTS_CHANNEL_BENCH_H

#include "protocols/channel.h"
#include "tests/unit/unit.h"

struct bench {
    const struct channel_ops *ops;
    struct arena *arena;
    struct channel *ch;
    struct env env;
    struct received got;
};

/* For a setup of cmocka's: the state is a bench with such a channel open, at that time; bench_teardown() ends it. Returns what a setup
 * returns. */
int bench_open(void **state, const struct channel_ops *ops, const char *settings, struct env env);
int bench_teardown(void **state);

/* Each test with a bench_setup() of its own file. */
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

struct http_resp answered(int status, const char *body);

/* Settings that are refused, by the key table or by opening them, in words that begin so. */
struct settings_row {
    const char *settings, *words;
};

void settings_are_refused(const struct channel_ops *ops, const struct settings_row *rows, size_t n);

/* Templates that the platform can have (no words), or cannot, and why. */
struct template_row {
    struct template t;
    const char *words;
};
/* Likewise, of a kind, with its values; ended by no name, or full. */
struct ready_row {
    struct template_value values[4];
    struct template t;
    const char *words;
};

void templates_are_judged(const struct channel_ops *ops, const struct template_row *rows, size_t n);
void ready_things_are_judged(const struct channel_ops *ops, const struct ready_row *rows, size_t n);

/* What becomes of each answer to a request for a token. */
struct renewal_row {
    int status;
    const char *body;
    enum kf_rc rc;
    int64_t life_ms; /* how long the token is used, where there is one */
};

void renewals_end_so(struct bench *t, const struct renewal_row *rows, size_t n);

#endif
