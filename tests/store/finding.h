/* finding.h: transcripts are looked for, and what came is a line that a test compares. */
#ifndef KF_TESTS_FINDING_H
#define KF_TESTS_FINDING_H

#include "tests/store/world.h"

#include <inttypes.h>

struct result {
    char text[4096]; /* "peer:seq,seq peer:seq" */
    char cursor[64];
    char marks[128];
    int64_t count;
    bool capped;
};

MAYBE void copy_result(const struct query *q, void *ctx)
{
    struct result *r = ctx;
    struct buf b;

    buf_init(&b, sizeof(r->text) - 1);
    for (size_t i = 0; i < q->n_convs; i++) {
        bool first = true;

        buf_printf(&b, "%s%s", i ? " " : "", q->convs[i].peer);
        for (size_t k = 0; k < q->n_hits; k++)
            if (id_eq(&q->hits[k].conv, &q->convs[i].id)) {
                buf_printf(&b, "%s%" PRId64, first ? ":" : ",", q->hits[k].seq);
                first = false;
            }
    }
    snprintf(r->text, sizeof(r->text), "%s", b.p ? b.p : "");
    buf_clear(&b);
    for (size_t k = 0; q->n_hits && k < q->hits[0].n_marks; k++)
        buf_printf(&b, "[%d,%d)", q->hits[0].marks[k][0], q->hits[0].marks[k][1]);
    snprintf(r->marks, sizeof(r->marks), "%s", b.p ? b.p : "");
    buf_finish(&b);
    snprintf(r->cursor, sizeof(r->cursor), "%s", q->text_out);
    r->count = q->number;
    r->capped = q->capped;
}

MAYBE struct query *query_for(const char *terms)
{
    struct query *q = query_new(QUERY_TRANSCRIPTS);

    q->site = key("demo");
    q->search.terms = arena_copy(q->arena, slice_of(terms));
    q->search.limit = 20;
    return q;
}

MAYBE struct result find(struct world *w, struct query *q)
{
    struct result r = { .count = -1 };

    assert_int_equal(ask(w, q, copy_result, &r), KF_OK);
    return r;
}

/* The index is a little behind: wait until it is not. */
MAYBE void indexed(struct world *w)
{
    int64_t until = mono_ms() + WAIT_MS;
    struct store_figures f;

    do {
        assert_true(mono_ms() < until);
        (void)poll(NULL, 0, 5);
        store_figures(w->store, &f);
    } while (f.index_lag_ms);
}

MAYBE void say(struct world *w, const char *peer, const char *text, int64_t at)
{
    assert_int_equal(commit(w, visitor_says(peer, NULL, text, at)).rc, KF_OK);
}

#endif
