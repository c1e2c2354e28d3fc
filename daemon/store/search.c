/* Transcripts: by words through the index, or all of them by newest; both by cursor, with a count that is exact to 10,000.
 *
 * The hits of the index come newest first. Each leads to its conversation; one that was seen before belongs further up. So the
 * page and the count come from one walk, which ends when both are full. */
#include "core/permit.h"
#include "core/segment.h"
#include "store/homes.h"
#include "store/inside.h"
#include "store/row.h"
#include "store/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT_MAX   10000
#define HITS_MAX    5 /* shown of one conversation */
#define MARKS_MAX   32
#define LIMIT_USUAL 20
#define LIMIT_MAX   100

/* ---- a set of numbers ------------------------------------------------------------------------------------------------------- */

struct set {
    int64_t *keys; /* 0: free */
    uint32_t *values;
    size_t n, cap; /* cap: a power of two */
};

static bool set_grow(struct set *s)
{
    struct set more = { .cap = s->cap ? 2 * s->cap : 4096 };

    more.keys = calloc(more.cap, sizeof(*more.keys));
    more.values = calloc(more.cap, sizeof(*more.values));
    if (!more.keys || !more.values) {
        free(more.keys);
        free(more.values);
        return false;
    }
    for (size_t i = 0; i < s->cap; i++) {
        size_t at = (size_t)((uint64_t)s->keys[i] * 0x9e3779b97f4a7c15U >> 32) & (more.cap - 1);

        if (!s->keys[i])
            continue;
        while (more.keys[at])
            at = (at + 1) & (more.cap - 1);
        more.keys[at] = s->keys[i];
        more.values[at] = s->values[i];
    }
    more.n = s->n;
    free(s->keys);
    free(s->values);
    *s = more;
    return true;
}

/* The value beside `key`, which is 0 when it is new. NULL: out of memory. */
static uint32_t *set_at(struct set *s, int64_t key, bool *fresh)
{
    size_t at;

    if (2 * s->n >= s->cap && !set_grow(s))
        return NULL;
    at = (size_t)((uint64_t)key * 0x9e3779b97f4a7c15U >> 32) & (s->cap - 1);
    while (s->keys[at] && s->keys[at] != key)
        at = (at + 1) & (s->cap - 1);
    *fresh = !s->keys[at];
    if (*fresh) {
        s->keys[at] = key;
        s->n++;
    }
    return &s->values[at];
}

/* ---- the walk ------------------------------------------------------------------------------------------------------------------ */

struct found {
    int64_t conv;
    int64_t place; /* what the cursor says of it: its newest hit, or when it was opened */
    int64_t hits[HITS_MAX];
    size_t n_hits;
};

struct walk {
    struct reader *r;
    struct query *q;
    struct kf_err *why;
    size_t limit;
    struct set seen; /* conversation → 1 + its place on the page; 0: not on the page */
    struct found page[LIMIT_MAX];
    size_t n_page;
    int64_t top, after; /* of the cursor: nothing newer than `top`, the page begins below `after` */
    int64_t after_n;
    int64_t count;
    bool more;
    struct homes homes;
};

static bool filters_facets(const struct search *f)
{
    return *f->channel.s || f->n_queues || f->from || f->to || f->rating || f->reader || !id_is_zero(&f->contact);
}

static bool queue_fits(const struct search *f, const struct kf_key *queue)
{
    for (size_t i = 0; i < f->n_queues; i++)
        if (key_eq(&f->queues[i], queue))
            return true;
    return f->n_queues == 0;
}

/* Of a row: what FACETS lists. */
static bool facets_fit(const struct query *q, struct stmt *s, int64_t *opened_at)
{
    const struct search *f = &q->search;
    struct conv c = { .site = q->site };

    get_key(s, &c.channel);
    get_key(s, &c.queue);
    *opened_at = get_i64(s);
    c.rating = (int)get_i64(s);
    get_id(s, &c.contact);
    c.state = (enum conv_state)get_i64(s);
    get_id(s, &c.owner);
    get_id(s, &c.last_agent);
    return (!*f->channel.s || key_eq(&f->channel, &c.channel)) && queue_fits(f, &c.queue) && (!f->from || *opened_at >= f->from) &&
           (!f->to || *opened_at < f->to) && (!f->rating || c.rating == f->rating) &&
           (id_is_zero(&f->contact) || id_eq(&f->contact, &c.contact)) && (!f->reader || permit(f->reader, VERB_TRANSCRIPT, &q->site, &c));
}

static enum kf_rc served_by(struct walk *w, int64_t conv, bool *fits)
{
    struct stmt *s;

    if (id_is_zero(&w->q->search.agent))
        return KF_OK;
    s = stmt_begin(w->r->db, SQL_SERVED_FIND);
    stmt_id(s, &w->q->search.agent);
    stmt_i64(s, conv);
    *fits = stmt_row(s);
    return stmt_end(s, w->why);
}

static enum kf_rc conv_fits(struct walk *w, int64_t conv, bool *fits)
{
    struct stmt *s;
    int64_t opened_at;
    enum kf_rc rc;

    *fits = true;
    if (filters_facets(&w->q->search)) {
        s = stmt_begin(w->r->db, SQL_CONV_FACETS);
        stmt_i64(s, conv);
        *fits = stmt_row(s) && facets_fit(w->q, s, &opened_at);
        rc = stmt_end(s, w->why);
        if (rc)
            return rc;
    }
    return *fits ? served_by(w, conv, fits) : KF_OK;
}

static bool walk_full(const struct walk *w)
{
    return w->count > COUNT_MAX && w->more;
}

/* Counts it, and puts it on the page if that is where it belongs. Its number on the page + 1, or 0. */
static uint32_t walk_take(struct walk *w, int64_t conv, int64_t place, bool before)
{
    w->count++;
    if (before)
        return 0;
    if (w->n_page == w->limit) {
        w->more = true;
        return 0;
    }
    w->page[w->n_page++] = (struct found){ .conv = conv, .place = place };
    return (uint32_t)w->n_page;
}

static enum kf_rc one_hit(struct walk *w, int64_t id, int64_t conv)
{
    bool fresh, fits;
    uint32_t *at = set_at(&w->seen, conv, &fresh);
    enum kf_rc rc;

    if (!at)
        return kf_fail(w->why, KF_NOMEM, "out of memory");
    if (fresh) {
        rc = conv_fits(w, conv, &fits);
        if (rc)
            return rc;
        if (fits)
            *at = walk_take(w, conv, id, w->after && id >= w->after);
    }
    if (*at && w->page[*at - 1].n_hits < HITS_MAX)
        w->page[*at - 1].hits[w->page[*at - 1].n_hits++] = id;
    return KF_OK;
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

/* One of whose words the index does not know all places. */
static enum kf_rc dense_fits(struct walk *w, int64_t id, bool *fits)
{
    struct stmt *s = stmt_begin(w->r->db, SQL_HIT_GET);
    struct slice text;

    *fits = false;
    stmt_i64(s, id);
    if (stmt_row(s)) {
        (void)get_i64(s);
        (void)get_i64(s);
        text = get_slice(s);
        *fits = text.n && segment_match(text, w->q->search.terms);
    }
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

static enum kf_rc walk_hits(struct walk *w, struct slice expression)
{
    int64_t site;
    enum kf_rc rc = site_number(w, &site);
    struct stmt *s;

    if (rc || !site)
        return rc;
    s = stmt_begin(w->r->index, SQL_INDEX_FIND);
    stmt_text(s, expression);
    stmt_i64(s, w->top ? w->top : INT64_MAX);
    while (!rc && !walk_full(w) && stmt_row(s)) {
        int64_t id = get_i64(s);
        struct home home;
        bool fits = true, dense = false;

        if (!w->top)
            w->top = id;
        rc = hit_home(w, s, id, &home, &dense);
        if (rc || home.site != site)
            continue;
        if (dense)
            rc = dense_fits(w, id, &fits);
        if (!rc && fits)
            rc = one_hit(w, id, home.conv);
    }
    if (rc)
        (void)stmt_end(s, NULL);
    return rc ? rc : stmt_end(s, w->why);
}

/* ---- without words: the conversations themselves ------------------------------------------------------------------------------------ */

static struct stmt *list_begin(struct walk *w)
{
    const struct search *f = &w->q->search;
    enum sql which = !id_is_zero(&f->contact) ? SQL_LIST_CONTACT
                     : !id_is_zero(&f->agent) ? SQL_LIST_AGENT
                     : f->rating              ? SQL_LIST_RATING
                     : *f->channel.s          ? SQL_LIST_CHANNEL
                                              : SQL_LIST_SITE;
    struct stmt *s = stmt_begin(w->r->db, which);

    stmt_str(s, w->q->site.s);
    stmt_i64(s, f->from);
    stmt_i64(s, f->to ? f->to : INT64_MAX);
    if (which == SQL_LIST_CONTACT)
        stmt_id(s, &f->contact);
    else if (which == SQL_LIST_AGENT)
        stmt_id(s, &f->agent);
    else if (which == SQL_LIST_RATING)
        stmt_i64(s, f->rating);
    else if (which == SQL_LIST_CHANNEL)
        stmt_str(s, f->channel.s);
    return s;
}

static enum kf_rc walk_list(struct walk *w)
{
    bool of_contact = !id_is_zero(&w->q->search.contact);
    struct stmt *s = list_begin(w);
    enum kf_rc rc = KF_OK;

    while (!rc && !walk_full(w) && stmt_row(s)) {
        int64_t conv = get_i64(s), opened_at;
        bool before, fits = facets_fit(w->q, s, &opened_at);

        if (fits && of_contact) /* the list of an agent's own needs no second look */
            rc = served_by(w, conv, &fits);
        if (rc || !fits)
            continue;
        before = w->after_n && (opened_at > w->after || (opened_at == w->after && conv >= w->after_n));
        (void)walk_take(w, conv, opened_at, before);
    }
    if (rc)
        (void)stmt_end(s, NULL);
    return rc ? rc : stmt_end(s, w->why);
}

/* ---- the answer ---------------------------------------------------------------------------------------------------------------------- */

static enum kf_rc read_hit(struct walk *w, int64_t id, const struct kf_id *conv)
{
    struct query *q = w->q;
    struct stmt *s = stmt_begin(w->r->db, SQL_HIT_GET);
    struct search_hit *h = &q->hits[q->n_hits];
    int marks[MARKS_MAX][2];

    stmt_i64(s, id);
    if (stmt_row(s)) {
        h->conv = *conv;
        h->seq = get_i64(s);
        if (get_i64(s) != MESSAGE_REMOVED) {
            h->text = get_copy(s, q->arena);
            h->n_marks = h->text.n ? segment_marks(h->text, q->search.terms, marks, MARKS_MAX) : 0;
        }
    }
    if (h->n_marks) {
        int(*copy)[2] = arena_array(q->arena, h->n_marks, sizeof(*copy));

        if (!copy)
            return (void)stmt_end(s, NULL), kf_fail(w->why, KF_NOMEM, "out of memory");
        memcpy(copy, marks, h->n_marks * sizeof(*copy));
        h->marks = (const int(*)[2])copy;
    }
    if (h->text.n)
        q->n_hits++;
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
    for (size_t i = 0; i < f->n_hits && !rc; i++)
        rc = read_hit(w, f->hits[i], &row.conv.id);
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
    if (!q->convs || !q->hits)
        return kf_fail(w->why, KF_NOMEM, "out of memory");
    for (size_t i = 0; i < w->n_page && !rc; i++)
        rc = read_found(w, &w->page[i]);
    q->capped = w->count > COUNT_MAX;
    q->number = q->capped ? COUNT_MAX : w->count;
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

static enum kf_rc search_words(struct walk *w, struct buf *expression)
{
    enum kf_rc rc;

    if (!w->r->index)
        return kf_fail(w->why, KF_UNSUPPORTED, "there is no search index here");
    if (!(w->r->store->postgres ? words_query : segment_fts5)(w->q->search.terms, expression))
        return KF_OK; /* nothing that could be found: punctuation, or only exclusions */
    if (!buf_ok(expression))
        return kf_fail(w->why, KF_NOMEM, "out of memory");
    rc = walk_hits(w, buf_slice(expression));
    return rc;
}

/* Who may read a closed conversation of no queue that nobody served may read them all: then no row has to be asked. */
static bool reads_everything(const struct query *q)
{
    const struct conv nobodys = { .site = q->site, .state = CONV_CLOSED };

    return q->search.reader && permit(q->search.reader, VERB_TRANSCRIPT, &q->site, &nobodys);
}

enum kf_rc search_run(struct reader *r, struct query *q, struct kf_err *why)
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
    w->homes = (struct homes){ .db = r->index, .row = -1 };
    w->limit = q->search.limit > 0 ? (size_t)q->search.limit : LIMIT_USUAL;
    if (w->limit > LIMIT_MAX)
        w->limit = LIMIT_MAX;
    if (!cursor_parse(w, by_words))
        rc = kf_fail(why, KF_INVALID, "cursor: not one of ours");
    else
        rc = by_words ? search_words(w, &expression) : walk_list(w);
    if (!rc)
        rc = read_page(w, by_words);
    buf_finish(&expression);
    free(w->seen.keys);
    free(w->seen.values);
    free(w);
    return rc;
}
