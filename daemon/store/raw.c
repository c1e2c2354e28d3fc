/* What nobody could read, as it came. */
#include "store/inside.h"

#include <inttypes.h>
#include <stdio.h>

void raw_kind(const struct kf_id *conv, int64_t seq, char ret[RAW_KIND])
{
    char id[KF_ID_TEXT];

    (void)snprintf(ret, RAW_KIND, "unsupported %s %" PRId64, id_text(conv, id), seq);
}

enum kf_rc raw_run(struct reader *r, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(r->db, SQL_RAW_GET);
    char kind[RAW_KIND];
    enum kf_rc rc;
    bool any;

    raw_kind(&q->id, q->after, kind);
    stmt_i64(s, q->now);
    stmt_str(s, q->site.s);
    stmt_str(s, q->channel.s);
    stmt_str(s, kind);
    any = stmt_row(s);
    if (any)
        q->bytes_out = get_copy(s, q->arena);
    rc = stmt_end(s, why);
    return !rc && !any ? kf_fail(why, KF_ABSENT, "nothing is kept of that message") : rc;
}
