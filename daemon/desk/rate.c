/* rate.c: limits of rate: buckets by name, that of a visitor, an address, an account, which come into being when they are first asked. */
#include "desk/inner.h"

#include <stdio.h>
#include <stdlib.h>

#define UPLOADS 60 /* of visitors from one address in a minute */

static void rate_forget(struct desk *d, struct rate *r)
{
    HASH_DEL(d->rates, r); /* NOLINT(clang-analyzer-unix.Malloc): the analyzer does not see that the head moves on */
    free(r);
}

bool rate_take(struct desk *d, const char *key, int burst, int count, int64_t period_ms, struct kf_err *why)
{
    struct rate *r = NULL;
    int64_t retry = 0;

    HASH_FIND_STR(d->rates, key, r);
    if (!r) {
        r = calloc(1, sizeof(*r));
        if (!r)
            return true; /* no memory for a limit is no reason to refuse somebody */
        (void)snprintf(r->key, sizeof(r->key), "%s", key);
        bucket_init(&r->bucket, burst, mono(d));
        HASH_ADD_STR(d->rates, key, r);
    }
    r->at = mono(d);
    if (bucket_take_in(&r->bucket, burst, count, period_ms, r->at, &retry))
        return true;
    if (!why)
        return false;
    (void)kf_fail(why, KF_RATE, "too many messages at once; wait a moment");
    why->retry_after_ms = (int32_t)(retry < 1 ? 1 : retry);
    why->wording = "too_fast";
    d->figures.refused++;
    return false;
}

void rate_give(struct desk *d, const char *key)
{
    struct rate *r = NULL;

    HASH_FIND_STR(d->rates, key, r);
    if (r)
        bucket_give(&r->bucket);
}

bool rate_touched(struct desk *d, const char *key, int64_t within_ms)
{
    struct rate *r = NULL;

    HASH_FIND_STR(d->rates, key, r);
    return r && mono(d) - r->at <= within_ms;
}

enum kf_rc desk_may_upload(struct desk *d, const struct site *site, const struct kf_id *visitor, const char *address, struct kf_err *why)
{
    char key[64];
    int32_t retry;

    if (!guard_bans(d, site, visitor, address, why))
        return KF_DENIED;
    (void)snprintf(key, sizeof(key), "u:%s", address);
    if (rate_take(d, key, UPLOADS, UPLOADS, 60000, why))
        return KF_OK;
    retry = why->retry_after_ms;
    (void)kf_fail(why, KF_RATE, "too many uploads from this address; wait a moment");
    why->retry_after_ms = retry;
    return KF_RATE;
}

bool desk_may_search(struct desk *d, const struct kf_id *who, struct kf_err *why)
{
    int n = d->cfg.searches;
    char id[KF_ID_TEXT], key[64];
    int32_t retry;

    (void)snprintf(key, sizeof(key), "s:%s", id_text(who, id));
    if (n <= 0 || rate_take(d, key, n, n, 60000, why))
        return true;
    retry = why->retry_after_ms;
    (void)kf_fail(why, KF_RATE, "too many searches at once; wait a moment");
    why->retry_after_ms = retry;
    return false;
}

void rates_sweep(struct desk *d)
{
    struct rate *r, *next;

    HASH_ITER(hh, d->rates, r, next)
    if (mono(d) - r->at > 60000)
        rate_forget(d, r);
}

void rates_free(struct desk *d)
{
    struct rate *r, *next;

    HASH_ITER(hh, d->rates, r, next)
    rate_forget(d, r);
}
