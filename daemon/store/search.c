/* Transcripts: by words through the index, or all of them by newest; both by cursor, with a count that is exact to 10,000 where counting does
 * not take too long.
 *
 * The hits of the index come newest first. Each leads to its conversation; one that was seen before belongs further up. So the
 * page and the count come from one walk, which ends when both are full. With filters it starts from the smaller side: where an index
 * names the conversations of a filter and that list is no long one, its numbers make a sieve, which the next such list makes finer. Is
 * little left, or does the list of the most telling filter end soon, its conversations are gathered first. Are they few, their words are
 * read; else the walk over the hits asks the set or the sieve before any row. Where all lists are long, many of the hits' conversations
 * are in them, and the page fills soon. */
#include "core/permit.h"
#include "core/segment.h"
#include "store/facets.h"
#include "store/homes.h"
#include "store/inside.h"
#include "store/numbers.h"
#include "store/row.h"
#include "store/sight.h"
#include "store/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FEW_ROWS    5000     /* of a list that are looked at to find out whether it is short: some 30 ms */
#define FEW_WORDS   4000     /* messages whose words are read rather than looked for in the index: some 40 ms */
#define SIEVE_ROWS  30000    /* of an index, of one filter: some 15 ms */
#define SIEVE_LEFT  1000     /* that are looked at each by its own number: some 20 ms */
#define COUNT_NS    60000000 /* of this thread's time, to count on when the page is full */
#define CLOCKS_MS   600000
#define CLOCKS_N    1000 /* conversations whose numbers and times may be in another order */
#define COUNT_MAX   10000
#define HITS_MAX    5 /* shown of one conversation */
#define LIMIT_USUAL 20
#define LIMIT_MAX   100

/* ---- the walk ------------------------------------------------------------------------------------------------------------------ */

struct found {
    int64_t conv;
    int64_t place; /* what the cursor says of it: its newest hit, or when it was opened */
    int64_t hits[HITS_MAX];
    size_t n_hits;
};

/* A conversation of the few that are asked for. */
struct one {
    int64_t n, seq, opened_at;
    int64_t newest; /* hit; 0: none */
    int64_t hits[HITS_MAX];
    size_t n_hits;
    int64_t all;
};

struct walk {
    struct reader *r;
    struct query *q;
    struct kf_err *why;
    size_t limit;
    struct numbers seen; /* conversation → 1 + its place on the page; 0: not on the page */
    struct found page[LIMIT_MAX];
    size_t n_page;
    int64_t top, after; /* of the cursor: nothing newer than `top`, the page begins below `after` */
    int64_t after_n;
    int64_t count;
    int64_t looked;
    bool more;
    bool listing; /* places instead of a page */
    struct sight sight;
    bool tired; /* it was not counted to the end */
    struct homes homes;
    struct numbers chosen; /* with `gathered`: all that the filters leave */
    struct one *few;
    size_t n_few, cap_few;
    int64_t few_messages;
    bool gathered;
    struct numbers sieve; /* conversation → the last of the lists that it is in */
    uint32_t sieved;      /* the last list that was short enough; who has less beside it does not fit. 0: there was none */
    size_t n_left;        /* of that list */
    int64_t last_conv;    /* none that was opened before the end of the time has a greater number */
};

static int64_t own_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool walk_full(struct walk *w, int64_t until)
{
    if (w->listing)
        return w->more;
    if (w->more && ++w->looked % 256 == 0 && own_ns() > until)
        w->tired = true;
    return w->more && (w->tired || w->count > COUNT_MAX);
}

static enum kf_rc list_take(struct walk *w, int64_t conv, int64_t place, uint32_t *ret)
{
    struct query *q = w->q;
    struct search_place *p;

    *ret = 0;
    if (q->n_places == (size_t)q->limit) {
        w->more = true;
        return KF_OK;
    }
    p = arena_more(q->arena, q->places, q->n_places, sizeof(*p));
    if (!p)
        return kf_fail(w->why, KF_NOMEM, "out of memory");
    q->places = p;
    p[q->n_places++] = (struct search_place){ .n = conv, .hit = place };
    *ret = (uint32_t)q->n_places;
    return KF_OK;
}

/* Counts it, and puts it on the page if that is where it belongs. *ret: its number on the page + 1, or 0. */
static enum kf_rc walk_take(struct walk *w, int64_t conv, int64_t place, bool before, uint32_t *ret)
{
    w->count++;
    *ret = 0;
    if (w->listing)
        return list_take(w, conv, place, ret);
    if (before)
        return KF_OK;
    if (w->n_page == w->limit) {
        w->more = true;
        return KF_OK;
    }
    w->page[w->n_page++] = (struct found){ .conv = conv, .place = place };
    *ret = (uint32_t)w->n_page;
    return KF_OK;
}

static void page_hit(struct walk *w, uint32_t at, int64_t id)
{
    if (w->listing)
        w->q->places[at - 1].hits++;
    else if (w->page[at - 1].n_hits < HITS_MAX)
        w->page[at - 1].hits[w->page[at - 1].n_hits++] = id;
}

static bool sieve_passes(const struct walk *w, int64_t conv)
{
    const uint32_t *in = w->sieved ? numbers_find(&w->sieve, conv) : NULL;

    return !w->sieved || (in && *in >= w->sieved);
}

static enum kf_rc one_hit(struct walk *w, int64_t id, int64_t conv)
{
    bool fresh, fits = true, seen = true;
    uint32_t *at;
    enum kf_rc rc = KF_OK;

    if (w->gathered ? !numbers_find(&w->chosen, conv) : conv > w->last_conv || !sieve_passes(w, conv))
        return KF_OK;
    if (w->sight.blind) /* the index has found it by what it wants alone */
        rc = sight_has(&w->sight, conv, id, &seen, w->why);
    if (rc || !seen)
        return rc;
    at = numbers_at(&w->seen, conv, &fresh);
    if (!at)
        return kf_fail(w->why, KF_NOMEM, "out of memory");
    if (fresh && !w->gathered)
        rc = facets_of(w->r->db, w->q, conv, NULL, &fits, w->why);
    if (!rc && fresh && fits)
        rc = walk_take(w, conv, id, w->after && id >= w->after, at);
    if (!rc && *at)
        page_hit(w, *at, id);
    return rc;
}

static enum kf_rc site_number(struct walk *w, int64_t *ret)
{
    struct stmt *s = stmt_begin(w->r->index, SQL_INDEX_SITE_FIND);

    *ret = 0;
    stmt_str(s, w->q->site.s);
    if (stmt_row(s))
        *ret = get_i64(s);
    return stmt_end(s, w->why);
}

/* PostgreSQL says it beside the hit. */
static enum kf_rc hit_home(struct walk *w, struct stmt *s, int64_t id, struct home *ret, bool *dense)
{
    if (!w->r->store->postgres)
        return homes_get(&w->homes, id, ret, w->why);
    ret->conv = get_i64(s);
    ret->site = get_i64(s);
    *dense = get_i64(s) != 0;
    return KF_OK;
}

/* No conversation that was opened since has an older message; clocks of nodes differ by less than the margin. */
static enum kf_rc oldest_message(struct walk *w, int64_t *ret)
{
    struct stmt *s;

    *ret = 0;
    if (!w->q->search.from)
        return KF_OK;
    s = stmt_begin(w->r->db, SQL_MESSAGE_SINCE);
    stmt_str(s, w->q->site.s);
    stmt_i64(s, w->q->search.from - CLOCKS_MS);
    *ret = stmt_row(s) ? get_i64(s) : INT64_MAX;
    return stmt_end(s, w->why);
}

static enum kf_rc last_conv(struct walk *w)
{
    struct stmt *s;

    w->last_conv = INT64_MAX;
    if (!w->q->search.to || w->gathered)
        return KF_OK;
    s = stmt_begin(w->r->db, SQL_CONV_UNTIL);
    stmt_str(s, w->q->site.s);
    stmt_i64(s, w->q->search.to + CLOCKS_MS);
    w->last_conv = stmt_row(s) ? get_i64(s) + CLOCKS_N : 0;
    return stmt_end(s, w->why);
}

/* Of those that were gathered: what came later need not be looked at. */
static enum kf_rc newest_message(struct walk *w, int64_t *ret)
{
    enum kf_rc rc = KF_OK;

    *ret = w->gathered ? 0 : INT64_MAX;
    for (size_t i = 0; i < w->n_few && w->gathered && !rc; i++) {
        struct stmt *s = stmt_begin(w->r->db, SQL_MESSAGE_AT);

        stmt_i64(s, w->few[i].n);
        stmt_i64(s, w->few[i].seq);
        if (stmt_row(s)) {
            int64_t id = get_i64(s);

            *ret = id > *ret ? id : *ret;
        }
        rc = stmt_end(s, w->why);
    }
    return rc;
}

static enum kf_rc walk_hits(struct walk *w, struct slice expression)
{
    int64_t site, oldest = 0, newest = INT64_MAX, until = own_ns() + COUNT_NS;
    enum kf_rc rc = site_number(w, &site);
    struct stmt *s;

    if (!rc)
        rc = oldest_message(w, &oldest);
    if (!rc)
        rc = last_conv(w);
    if (!rc && w->q->search.to)
        rc = newest_message(w, &newest);
    if (rc || !site)
        return rc;
    s = stmt_begin(w->r->index, SQL_INDEX_FIND);
    stmt_text(s, expression);
    stmt_i64(s, w->top && w->top < newest ? w->top : newest);
    stmt_i64(s, oldest);
    while (!rc && !walk_full(w, until) && stmt_row(s)) {
        int64_t id = get_i64(s);
        struct home home;
        bool fits = true, dense = false;

        if (!w->top)
            w->top = id;
        rc = hit_home(w, s, id, &home, &dense);
        if (rc || home.site != site)
            continue;
        if (dense && !w->sight.blind) /* else one_hit() looks into its words */
            rc = sight_has(&w->sight, home.conv, id, &fits, w->why);
        if (!rc && fits)
            rc = one_hit(w, id, home.conv);
    }
    if (rc)
        (void)stmt_end(s, NULL);
    return rc ? rc : stmt_end(s, w->why);
}

/* ---- from the filters' side --------------------------------------------------------------------------------------------------------- */

static enum kf_rc few_add(struct walk *w, const struct facets *f)
{
    bool fresh;

    if (w->n_few == w->cap_few) {
        size_t cap = w->cap_few ? 2 * w->cap_few : 256;
        struct one *few = realloc(w->few, cap * sizeof(*few));

        if (!few)
            return kf_fail(w->why, KF_NOMEM, "out of memory");
        w->few = few;
        w->cap_few = cap;
    }
    if (!numbers_at(&w->chosen, f->n, &fresh))
        return kf_fail(w->why, KF_NOMEM, "out of memory");
    if (fresh) {
        w->few[w->n_few++] = (struct one){ .n = f->n, .seq = f->seq, .opened_at = f->opened_at };
        w->few_messages += f->seq;
    }
    return KF_OK;
}

/* One list goes through the sieve, or is the first one in it. What is too long is left, and what it has marked passes as before. */
static enum kf_rc sieve_list(struct walk *w, struct stmt *s, uint32_t list)
{
    size_t rows = 0, left = 0;

    while (stmt_row(s)) {
        int64_t n = get_i64(s);
        bool fresh;
        uint32_t *in = w->sieved ? numbers_find(&w->sieve, n) : numbers_at(&w->sieve, n, &fresh);

        rows++;
        if (!w->sieved && !in)
            return (void)stmt_end(s, NULL), kf_fail(w->why, KF_NOMEM, "out of memory");
        if (!in || *in < w->sieved || *in == list)
            continue;
        *in = list;
        left++;
    }
    if (rows <= SIEVE_ROWS) {
        w->sieved = list;
        w->n_left = left;
    } else if (!w->sieved)
        numbers_free(&w->sieve);
    return stmt_end(s, w->why);
}

static enum kf_rc sieve(struct walk *w)
{
    enum kf_rc rc = KF_OK;

    for (size_t i = 0; i < FACETS_NUMBERED && !rc; i++) {
        struct stmt *s = facets_numbers(w->r->db, w->q, i, SIEVE_ROWS + 1);

        if (s)
            rc = sieve_list(w, s, (uint32_t)i + 1);
    }
    return rc;
}

/* What the sieve has left, if that is little: `chosen` and `few`. */
static enum kf_rc gather_left(struct walk *w)
{
    enum kf_rc rc = sieve(w);

    if (rc || !w->sieved || w->n_left > SIEVE_LEFT)
        return rc;
    for (size_t i = 0; i < w->sieve.cap && !rc; i++) {
        struct facets f;
        bool fits;

        if (!w->sieve.keys[i] || w->sieve.values[i] < w->sieved)
            continue;
        rc = facets_of(w->r->db, w->q, w->sieve.keys[i], &f, &fits, w->why);
        if (!rc && fits)
            rc = few_add(w, &f);
    }
    w->gathered = !rc;
    return rc;
}

/* All that the filters leave, if their list is short. */
static enum kf_rc gather(struct walk *w)
{
    enum sql which;
    struct stmt *s;
    enum kf_rc rc = KF_OK;
    size_t rows = 0;

    if (!facets_asked(&w->q->search))
        return KF_OK;
    rc = gather_left(w);
    if (rc || w->gathered)
        return rc;
    s = facets_list(w->r->db, w->q, &which);
    while (!rc && rows <= FEW_ROWS && stmt_row(s)) {
        struct facets f;
        bool fits;

        rows++;
        rc = facets_row(w->r->db, w->q, s, which, &f, &fits, w->why);
        if (!rc && fits)
            rc = few_add(w, &f);
    }
    w->gathered = !rc && rows <= FEW_ROWS;
    if (rc)
        (void)stmt_end(s, NULL);
    return rc ? rc : stmt_end(s, w->why);
}

/* The hits of one conversation, in its words. */
static enum kf_rc read_words(struct walk *w, struct one *o)
{
    struct stmt *s = stmt_begin(w->r->db, SQL_WORDS_OF);
    enum kf_rc rc = KF_OK;

    stmt_i64(s, o->n);
    stmt_i64(s, w->top ? w->top : INT64_MAX);
    while (!rc && stmt_row(s)) {
        int64_t id = get_i64(s), kind = get_i64(s);
        struct slice text = get_slice(s);
        bool has;

        if (kind == MESSAGE_EVENT || kind == MESSAGE_REMOVED)
            continue;
        rc = sight_match(&w->sight, o->n, text, &has, w->why);
        if (rc || !has)
            continue;
        if (!o->newest)
            o->newest = id;
        if (o->n_hits < HITS_MAX)
            o->hits[o->n_hits++] = id;
        o->all++;
    }
    if (rc)
        (void)stmt_end(s, NULL);
    return rc ? rc : stmt_end(s, w->why);
}

static int newest_first(const void *x, const void *y)
{
    const struct one *a = x, *b = y;

    return (a->newest < b->newest) - (a->newest > b->newest);
}

static enum kf_rc walk_few(struct walk *w)
{
    enum kf_rc rc = KF_OK;

    for (size_t i = 0; i < w->n_few && !rc; i++)
        rc = read_words(w, &w->few[i]);
    if (!rc && w->n_few)
        qsort(w->few, w->n_few, sizeof(*w->few), newest_first);
    if (!w->top && w->n_few)
        w->top = w->few[0].newest;
    for (size_t i = 0; i < w->n_few && !rc && w->few[i].newest; i++) {
        const struct one *o = &w->few[i];
        uint32_t at;

        rc = walk_take(w, o->n, o->newest, w->after && o->newest >= w->after, &at);
        if (rc || !at)
            continue;
        for (size_t k = 0; k < o->n_hits && !w->listing; k++)
            page_hit(w, at, o->hits[k]);
        if (w->listing)
            w->q->places[at - 1].hits = o->all;
    }
    return rc;
}

/* ---- without words: the conversations themselves ------------------------------------------------------------------------------------ */

static int opened_last_first(const void *x, const void *y)
{
    const struct one *a = x, *b = y;

    return a->opened_at != b->opened_at ? (a->opened_at < b->opened_at) - (a->opened_at > b->opened_at) : (a->n < b->n) - (a->n > b->n);
}

static enum kf_rc list_one(struct walk *w, int64_t n, int64_t opened_at)
{
    bool before = w->after_n && (opened_at > w->after || (opened_at == w->after && n >= w->after_n));
    uint32_t at;

    return walk_take(w, n, w->listing ? 0 : opened_at, before, &at);
}

static enum kf_rc list_few(struct walk *w)
{
    enum kf_rc rc = KF_OK;

    if (w->n_few)
        qsort(w->few, w->n_few, sizeof(*w->few), opened_last_first);
    for (size_t i = 0; i < w->n_few && !rc; i++)
        rc = list_one(w, w->few[i].n, w->few[i].opened_at);
    return rc;
}

static enum kf_rc walk_list(struct walk *w)
{
    int64_t until = own_ns() + COUNT_NS;
    enum sql which;
    struct stmt *s;
    enum kf_rc rc = gather_left(w);

    if (rc || w->gathered)
        return rc ? rc : list_few(w);
    s = facets_list(w->r->db, w->q, &which);
    while (!rc && !walk_full(w, until) && stmt_row(s)) {
        struct facets f;
        bool fits;

        rc = facets_row(w->r->db, w->q, s, which, &f, &fits, w->why);
        if (!rc && fits)
            rc = list_one(w, f.n, f.opened_at);
    }
    if (rc)
        (void)stmt_end(s, NULL);
    return rc ? rc : stmt_end(s, w->why);
}

/* ---- the answer ---------------------------------------------------------------------------------------------------------------------- */

/* What stands in the row of a conversation that was found without words. */
static enum kf_rc read_last(struct walk *w, const struct kf_id *conv, struct message *ret)
{
    struct stmt *s = stmt_begin(w->r->db, SQL_MESSAGE_LAST);

    stmt_id(s, conv);
    if (stmt_row(s))
        row_message(s, w->q->arena, ret);
    return stmt_end(s, w->why);
}

/* A conversation all of whose hits were erased a moment ago is no result any more. */
static enum kf_rc read_found(struct walk *w, const struct found *f)
{
    struct query *q = w->q;
    struct stmt *s = stmt_begin(w->r->db, SQL_CONV_BY_N);
    struct conv_row row = { .n = 0 };
    size_t hits = q->n_hits;
    enum kf_rc rc;

    stmt_i64(s, f->conv);
    if (stmt_row(s))
        row_conv_shown(s, q->arena, &row);
    rc = stmt_end(s, w->why);
    if (rc || !row.n)
        return rc;
    for (size_t i = 0; i < f->n_hits && !rc; i++) {
        struct search_hit *h = &q->hits[q->n_hits];

        *h = (struct search_hit){ .conv = row.conv.id };
        rc = sight_read(&w->sight, row.n, f->hits[i], h, w->why);
        q->n_hits += !rc && h->text.n;
    }
    if (!rc && q->messages && !f->n_hits)
        rc = read_last(w, &row.conv.id, &q->messages[q->n_convs]);
    if (!rc && (q->n_hits > hits || !f->n_hits))
        q->convs[q->n_convs++] = row.conv;
    return rc;
}

static enum kf_rc read_page(struct walk *w, bool by_words)
{
    struct query *q = w->q;
    const struct found *last = w->n_page ? &w->page[w->n_page - 1] : NULL;
    enum kf_rc rc = KF_OK;

    q->convs = arena_array(q->arena, w->n_page + 1, sizeof(*q->convs));
    q->hits = arena_array(q->arena, w->n_page * HITS_MAX + 1, sizeof(*q->hits));
    q->messages = q->with_last ? arena_array(q->arena, w->n_page + 1, sizeof(*q->messages)) : NULL;
    if (!q->convs || !q->hits || (q->with_last && !q->messages))
        return kf_fail(w->why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < w->n_page && !rc; i++)
        rc = read_found(w, &w->page[i]);
    q->n_messages = q->with_last ? q->n_convs : 0;
    q->capped = w->tired || w->count > COUNT_MAX;
    q->number = w->count > COUNT_MAX ? COUNT_MAX : w->count;
    q->more = w->more;
    q->text_out = "";
    if (!rc && w->more && last) {
        q->text_out = arena_printf(q->arena, "%" PRId64 ".%" PRId64, by_words ? w->top : last->conv, last->place);
        if (!q->text_out)
            rc = kf_fail(w->why, KF_NOMEM, "out of memory");
    }
    return rc;
}

/* "top.after" of a search by words, "number.opened" of a list. */
static bool cursor_parse(struct walk *w, bool by_words)
{
    struct slice c = w->q->search.cursor;
    char text[48];
    int64_t a, b;
    int end = 0;

    if (c.n == 0)
        return true;
    if (c.n >= sizeof(text))
        return false;
    memcpy(text, c.p, c.n);
    text[c.n] = '\0';
    if (sscanf(text, "%" SCNd64 ".%" SCNd64 "%n", &a, &b, &end) != 2 || (size_t)end != c.n || a <= 0 || b < 0)
        return false;
    w->top = by_words ? a : 0;
    w->after_n = by_words ? 0 : a;
    w->after = b;
    return true;
}

/* The index must know all that is asked of it; what it has not learnt yet is not found in the words of few either. */
static enum kf_rc search_words(struct walk *w, struct buf *expression)
{
    struct slice asked = w->sight.terms;
    struct buf wanted;
    enum kf_rc rc;
    bool any;

    if (!w->r->index)
        return kf_fail(w->why, KF_UNSUPPORTED, "there is no search index here");
    buf_init(&wanted, 65536);
    if (w->sight.blind) { /* the index would leave out what nobody sees */
        segment_wanted(asked, &wanted);
        asked = buf_slice(&wanted);
    }
    any = (w->r->store->postgres ? words_query : segment_fts5)(asked, expression);
    if (!buf_ok(&wanted))
        expression->failed = true;
    buf_finish(&wanted);
    if (!any && buf_ok(expression))
        return KF_OK; /* nothing that could be found: punctuation, or only exclusions */
    if (!buf_ok(expression))
        return kf_fail(w->why, KF_NOMEM, "out of memory");
    rc = gather(w);
    if (rc || (w->gathered && !w->n_few))
        return rc;
    return w->gathered && w->few_messages <= FEW_WORDS ? walk_few(w) : walk_hits(w, buf_slice(expression));
}

/* Who may read a closed conversation of no queue that nobody served may read them all: then no row has to be asked. */
static bool reads_everything(const struct query *q)
{
    const struct conv nobodys = { .site = q->site, .state = CONV_CLOSED };

    return q->search.reader && permit(q->search.reader, q->search.exporting ? VERB_EXPORT : VERB_TRANSCRIPT, &q->site, &nobodys);
}

static enum kf_rc run(struct reader *r, struct query *q, bool listing, struct kf_err *why)
{
    bool by_words = q->search.terms.n > 0;
    struct walk *w = calloc(1, sizeof(*w));
    struct buf expression;
    enum kf_rc rc;

    if (!w)
        return kf_fail(why, KF_NOMEM, "out of memory");
    buf_init(&expression, 65536);
    if (reads_everything(q))
        q->search.reader = NULL;
    w->r = r;
    w->q = q;
    w->why = why;
    w->listing = listing;
    sight_init(&w->sight, r->db, q);
    w->homes = (struct homes){ .db = r->index, .row = -1 };
    w->limit = q->search.limit > 0 ? (size_t)q->search.limit : LIMIT_USUAL;
    if (w->limit > LIMIT_MAX)
        w->limit = LIMIT_MAX;
    if (!cursor_parse(w, by_words))
        rc = kf_fail(why, KF_INVALID, "cursor: not one of ours");
    else
        rc = by_words ? search_words(w, &expression) : walk_list(w);
    if (!rc && listing)
        q->more = w->more;
    else if (!rc)
        rc = read_page(w, by_words);
    buf_finish(&expression);
    sight_finish(&w->sight);
    free(w->few);
    numbers_free(&w->chosen);
    numbers_free(&w->seen);
    numbers_free(&w->sieve);
    free(w);
    return rc;
}

enum kf_rc search_run(struct reader *r, struct query *q, struct kf_err *why)
{
    return run(r, q, false, why);
}

/* ---- all of a result ------------------------------------------------------------------------------------------------------------------ */

enum kf_rc result_run(struct reader *r, struct query *q, struct kf_err *why)
{
    return run(r, q, true, why);
}

/* Counts on its own: what was found without words has no hit that could have been erased. */
enum kf_rc rows_run(struct reader *r, struct query *q, struct kf_err *why)
{
    struct walk w = { .r = r, .q = q, .why = why };
    enum kf_rc rc = KF_OK;

    q->convs = arena_array(q->arena, q->n_places + 1, sizeof(*q->convs));
    q->hits = arena_array(q->arena, q->n_places + 1, sizeof(*q->hits));
    q->rows = arena_array(q->arena, q->n_places + 1, sizeof(*q->rows));
    if (!q->convs || !q->hits || !q->rows)
        return kf_fail(why, KF_NOMEM, "out of memory");
    sight_init(&w.sight, r->db, q);
    for (size_t i = 0; i < q->n_places && !rc; i++) {
        const struct search_place *p = &q->places[i];
        const struct found f = { .conv = p->n, .hits = { p->hit }, .n_hits = p->hit != 0 };
        size_t before = q->n_convs;

        rc = read_found(&w, &f);
        if (rc || q->n_convs == before)
            continue;
        rc = facets_beside(r->db, p->n, q->arena, &q->rows[before], why);
        q->rows[before].hits = p->hits;
    }
    sight_finish(&w.sight);
    return rc;
}
