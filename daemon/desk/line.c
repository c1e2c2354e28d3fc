/* line.c: who waits is told how far the line has moved. The line may be long and moves as a whole: everybody behind a place that became
 * free is to be told, so that is done bit by bit and nobody else waits for it. */
#include "desk/inner.h"

#include <stdlib.h>

#define QUEUES_ASKED  64
#define POSITIONS_MAX 10000 /* who waits further back learns that when the line is shorter */
#define POSITIONS     500   /* an answer: some 0.3 ms, between which others have their turn */
#define ASK_MS        2000
#define ASK_SOON_MS   300 /* of a short line in which somebody has moved */
#define TOLD_A_TICK   100 /* some 2 ms; a line of 10,000 takes 10 s */

/* The queues in which somebody waits whose page is open here. */
struct queues {
    struct desk *d;
    const struct desk_site *ds;
    struct kf_key keys[QUEUES_ASKED];
    size_t n;
};

static void each_waiting(void *ctx, struct view *v)
{
    struct queues *q = ctx;

    if (v->conv.state != CONV_WAITING || !key_eq(&v->conv.site, &q->ds->site->key) || q->n == QUEUES_ASKED)
        return;
    for (size_t i = 0; i < q->n; i++)
        if (key_eq(&q->keys[i], &v->conv.queue))
            return;
    if (session_seats(q->d->session, &v->conv.contact))
        q->keys[q->n++] = v->conv.queue;
}

/* Is less time expected now than was told, or any where nobody could say? People are taken faster than before, or there are figures. */
static bool sooner(const struct desk_site *ds, const struct view *v)
{
    int64_t wait = rated_wait_s(ds, &v->conv.queue, v->position);

    return wait > 0 && (v->wait_s == 0 || wait < v->wait_s);
}

/* Up to `max` of those whose position or wait is another than they were told, unless that was told since the line was asked for. */
static void tell_some(struct desk *d, struct desk_site *ds, int max)
{
    for (; ds->line_told < ds->n_line && max; ds->line_told++) {
        const struct in_line *l = &ds->line[ds->line_told];
        struct view *v = session_view(d->session, &l->conv);

        if (!v || v->conv.state != CONV_WAITING || v->position_at >= ds->line_at || (v->position == l->position && !sooner(ds, v)))
            continue;
        max--;
        if (v->position == l->position && !staffed(d, ds, &v->conv.queue))
            continue;
        v->position = l->position;
        tell_state(d, ds, &v->conv, v->position);
    }
}

/* `from`: how many stand before these in their queue. */
static bool keep_line(struct desk_site *ds, int64_t from, const struct kf_id *convs, size_t n)
{
    struct in_line *line = realloc(ds->line, (ds->n_line + n) * sizeof(*line));

    if (!line)
        return false;
    ds->line = line;
    for (size_t i = 0; i < n; i++)
        line[ds->n_line++] = (struct in_line){ convs[i], from + (int64_t)i + 1 };
    return true;
}

static void ask_on(struct call *call);

static void positions_known(void *ctx, enum kf_rc rc, const struct kf_id *convs, size_t n, int64_t length, const struct kf_err *why)
{
    struct call *call = ctx;
    struct desk *d = call->d;
    struct desk_site *ds = site_of(d, &call->site);
    bool kept = !rc && ds && n && keep_line(ds, call->n, convs, n);

    (void)why;
    call->n += (int64_t)n;
    if (kept && n == POSITIONS && call->n < length && call->n < POSITIONS_MAX) {
        ask_on(call);
        return;
    }
    if (kept && call->n <= TOLD_A_TICK)
        tell_some(d, ds, TOLD_A_TICK);
    if (ds && ds->lines_asked)
        ds->lines_asked--;
    desk_call_end(call);
}

/* Who moves up between two answers may be missed, or be named by both: the next look, two seconds later, has him where he stands. */
static void ask_on(struct call *call)
{
    call->d->ports.live_positions(call->d->ports.ctx, &call->site, &call->queue, call->n, POSITIONS, positions_known, call);
}

static void ask_positions(struct desk *d, struct desk_site *ds)
{
    struct queues q = { .d = d, .ds = ds };

    session_each_view(d->session, each_waiting, &q);
    for (size_t i = 0; i < q.n; i++) {
        struct call *call = desk_call(d, ds);

        if (!call)
            continue;
        call->queue = q.keys[i];
        ds->lines_asked++;
        ask_on(call);
    }
}

/* Who comes at the same moment as those who are taken at once has heard of a place that counts them: a short line is looked at again soon.
 * A long one moves all the time, and telling it is the work. */
static int64_t ask_every(const struct desk_site *ds)
{
    return ds->line_moved && ds->waiting <= POSITIONS ? ASK_SOON_MS : ASK_MS;
}

/* What was heard before is told first: the next look then has the newest. */
void line_tick(struct desk *d, struct desk_site *ds)
{
    tell_some(d, ds, TOLD_A_TICK);
    if (ds->line_told < ds->n_line || ds->lines_asked || mono(d) - ds->line_at < ask_every(ds) || !d->ports.live_up(d->ports.ctx))
        return;
    ds->line_at = mono(d);
    ds->line_moved = false;
    line_free(ds);
    ask_positions(d, ds);
}

void line_free(struct desk_site *ds)
{
    free(ds->line);
    ds->line = NULL;
    ds->n_line = ds->line_told = 0;
}
