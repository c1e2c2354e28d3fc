/* audit.c: the access log: who has opened, shown, exported, held, erased what, and when. Read by administrators; checked, link by link, for the
 * operator. */
#include "api/api.h"

#include <stdlib.h>

static void have_log(void *ctx, enum kf_rc rc, struct query *q, const struct kf_err *why)
{
    struct turn *t = ctx;
    struct buf b;

    if (rc) {
        turn_fail(t, rc, why);
        return;
    }
    buf_init(&b, 64u << 20);
    buf_str(&b, q->text_out);
    turn_json(t, 200, &b);
    buf_finish(&b);
}

/* Digits, and nothing else; nothing at all leaves `ret` as it is. */
static bool number(struct slice s, int64_t min, int64_t max, int64_t *ret)
{
    int64_t v = 0;

    if (!s.n)
        return true;
    for (size_t i = 0; i < s.n; i++) {
        if (s.n > 15 || s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = 10 * v + (s.p[i] - '0');
    }
    *ret = v;
    return v >= min && v <= max;
}

static bool filters(struct turn *t, struct query *q)
{
    struct audit_filter *f = &q->audit;
    struct slice person = turn_query(t, "person"), conv = turn_query(t, "conversation");
    int64_t limit = 50;

    f->kind = arena_copy(q->arena, turn_query(t, "kind"));
    if (person.n && !id_parse(person, &f->person))
        turn_problem(t, 400, "person: the id of a person");
    else if (conv.n && !id_parse(conv, &f->conv))
        turn_problem(t, 400, "conversation: the id of a conversation");
    else if (!number(turn_query(t, "from"), 0, INT64_MAX, &f->from) || !number(turn_query(t, "to"), 0, INT64_MAX, &f->to))
        turn_problem(t, 400, "from, to: milliseconds since 1970 UTC");
    else if (!number(turn_query(t, "cursor"), 1, INT64_MAX, &f->before))
        turn_problem(t, 400, "cursor: that of the page before");
    else if (!number(turn_query(t, "limit"), 1, 500, &limit))
        turn_problem(t, 400, "limit: 1 to 500");
    else {
        q->limit = (int)limit;
        return true;
    }
    return false;
}

/* What concerns the whole installation is in no site: only the operator sees it, by naming none. */
static void get_audit(struct turn *t)
{
    const struct member *m = NULL;
    bool all = t->op && !turn_query(t, "site").n;
    struct site *site = all ? NULL : turn_site(t, &m);
    struct query *q;

    if (!all && !site)
        return;
    if (!t->op && !permit(m, VERB_AUDIT, &site->key, NULL)) {
        turn_problem(t, 403, "the access log needs the role admin");
        return;
    }
    q = query_new(QUERY_AUDIT);
    if (!q) {
        turn_problem(t, 500, "out of memory");
        return;
    }
    if (site)
        q->site = site->key;
    if (!filters(t, q)) {
        arena_free(q->arena);
        return;
    }
    turn_ports(t)->read(turn_ports(t)->ctx, q, have_log, t);
}

/* The heads that the operator has kept come as text, one a line. */
static void post_verify(struct turn *t)
{
    json_t *root = turn_body(t), *given = root ? json_object_get(root, "heads") : NULL;
    struct query *q;

    if (!root)
        return;
    q = query_new(QUERY_AUDIT_VERIFY);
    if (given && !json_is_string(given)) {
        turn_problem(t, 400, "heads: lines of NODE ENTRY HASH");
        if (q)
            arena_free(q->arena);
    } else if (q) {
        const char *heads = json_string_value(given);

        q->audit.heads = arena_copy(q->arena, slice_of(heads ? heads : ""));
        turn_ports(t)->read(turn_ports(t)->ctx, q, have_log, t);
    } else
        turn_problem(t, 500, "out of memory");
    json_decref(root);
}

const struct route_entry routes_audit[] = { { "GET", "/api/v1/audit", GATE_EITHER_KEY, get_audit },
                                            { "POST", "/api/v1/audit/verify", GATE_OP, post_verify },
                                            { NULL, NULL, GATE_OPEN, NULL } };
