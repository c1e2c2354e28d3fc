#include "store/homes.h"

#include <string.h>

#define SITE_BITS 20

enum kf_rc homes_flush(struct homes *h, struct kf_err *why)
{
    struct stmt *s;

    if (!h->changed)
        return KF_OK;
    h->changed = false;
    s = stmt_begin(h->db, SQL_INDEX_HOMES_SET);
    stmt_i64(s, h->row);
    stmt_bytes(s, (struct slice){ (const char *)h->packed, sizeof(h->packed) });
    return stmt_run(s, 1, why);
}

/* What is not there yet, or was written by another version, is not known. */
static enum kf_rc turn_to(struct homes *h, int64_t row, struct kf_err *why)
{
    enum kf_rc rc = KF_OK;
    struct stmt *s;

    if (h->row == row)
        return KF_OK;
    rc = homes_flush(h, why);
    if (rc)
        return rc;
    h->row = row;
    memset(h->packed, 0, sizeof(h->packed));
    s = stmt_begin(h->db, SQL_INDEX_HOMES);
    stmt_i64(s, row);
    if (stmt_row(s))
        get_fixed(s, h->packed, sizeof(h->packed));
    rc = stmt_end(s, why);
    if (rc)
        h->row = -1;
    return rc;
}

enum kf_rc homes_get(struct homes *h, int64_t message, struct home *ret, struct kf_err *why)
{
    enum kf_rc rc = turn_to(h, message / HOMES_N, why);
    int64_t packed = rc ? 0 : h->packed[message % HOMES_N];

    *ret = (struct home){ .conv = packed >> SITE_BITS, .site = packed & ((1 << SITE_BITS) - 1) };
    return rc;
}

enum kf_rc homes_put(struct homes *h, int64_t message, struct home home, struct kf_err *why)
{
    enum kf_rc rc;

    if (home.site >> SITE_BITS || home.conv >> (62 - SITE_BITS))
        return kf_fail(why, KF_INVALID, "the search index cannot hold so many sites or conversations");
    rc = turn_to(h, message / HOMES_N, why);
    if (rc)
        return rc;
    h->packed[message % HOMES_N] = home.conv << SITE_BITS | home.site;
    h->changed = true;
    return KF_OK;
}
