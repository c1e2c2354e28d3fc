/* The access log, as it is read: listed, and checked link by link. */
#include "core/buf.h"
#include "store/inside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT_USUAL 50
#define LIMIT_MAX   500
#define ANSWER_MAX  (16U << 20)

/* Texts are `a`'s, or where that is NULL the statement's, until its next row. */
static int64_t row_audit(struct stmt *s, struct arena *a, struct ledger_row *r)
{
    int64_t n = get_i64(s);

    get_id(s, &r->node);
    r->entry = get_i64(s);
    get_fixed(s, r->prev, LEDGER_HASH);
    get_fixed(s, r->hash, LEDGER_HASH);
    r->site = get_str(s, a);
    r->at = get_i64(s);
    r->kind = get_str(s, a);
    r->role = get_i64(s);
    get_id(s, &r->by);
    r->name = get_str(s, a);
    get_id(s, &r->conv);
    r->data = get_str(s, a);
    return n;
}

/* ---- listed -------------------------------------------------------------------------------------------------------------------- */

static void json_id(struct buf *b, const char *name, const struct kf_id *id)
{
    char text[KF_ID_TEXT];

    if (!id_is_zero(id))
        buf_printf(b, ",\"%s\":\"%s\"", name, id_text(id, text));
}

static void json_row(struct buf *b, int64_t n, const struct ledger_row *r)
{
    static const char *const roles[] = { "visitor", "agent", "bot", "system" };

    buf_printf(b, "{\"id\":%" PRId64 ",\"at\":%" PRId64 ",\"site\":", n, r->at);
    buf_json(b, slice_of(r->site));
    buf_str(b, ",\"kind\":");
    buf_json(b, slice_of(r->kind));
    buf_printf(b, ",\"by\":{\"role\":\"%s\",\"name\":", r->role >= 0 && r->role < 4 ? roles[r->role] : "system");
    buf_json(b, slice_of(r->name));
    json_id(b, "id", &r->by);
    buf_char(b, '}');
    json_id(b, "conversation", &r->conv);
    buf_str(b, ",\"data\":");
    buf_str(b, *r->data == '{' ? r->data : "{}");
    json_id(b, "node", &r->node);
    if (r->entry)
        buf_printf(b, ",\"entry\":%" PRId64, r->entry);
    buf_char(b, '}');
}

static enum kf_rc answer(struct query *q, struct buf *b, enum kf_rc rc, struct kf_err *why)
{
    if (!rc) {
        q->text_out = buf_ok(b) ? arena_text(q->arena, buf_slice(b)) : NULL;
        rc = q->text_out ? KF_OK : kf_fail(why, KF_NOMEM, "out of memory");
    }
    buf_finish(b);
    return rc;
}

static enum kf_rc list(struct reader *r, struct query *q, struct kf_err *why)
{
    const struct audit_filter *f = &q->audit;
    int64_t max = q->limit <= 0 ? LIMIT_USUAL : q->limit < LIMIT_MAX ? q->limit : LIMIT_MAX, n = 0, last = 0;
    struct stmt *s = stmt_begin(r->db, SQL_AUDIT_LIST);
    char id[KF_ID_TEXT], like[KF_ID_TEXT + 8] = "";
    bool more = false;
    struct buf b;

    if (!id_is_zero(&f->conv))
        (void)snprintf(like, sizeof(like), "%%\"%s\"%%", id_text(&f->conv, id));
    stmt_str(s, q->site.s);
    stmt_i64(s, f->before > 0 ? f->before : INT64_MAX);
    stmt_i64(s, f->from);
    stmt_i64(s, f->to > 0 ? f->to : INT64_MAX);
    stmt_text(s, f->kind.p ? f->kind : SLICE(""));
    stmt_i64(s, !id_is_zero(&f->person));
    stmt_id(s, &f->person);
    stmt_str(s, like);
    stmt_id(s, &f->conv);
    stmt_i64(s, max + 1);
    buf_init(&b, ANSWER_MAX);
    buf_str(&b, "{\"items\":[");
    while (!more && stmt_row(s)) {
        struct ledger_row row;
        int64_t number = row_audit(s, q->arena, &row);

        more = n == max;
        if (more)
            break;
        if (n++)
            buf_char(&b, ',');
        json_row(&b, number, &row);
        last = number;
    }
    if (more)
        buf_printf(&b, "],\"cursor\":\"%" PRId64 "\"}", last);
    else
        buf_str(&b, "],\"cursor\":null}");
    return answer(q, &b, stmt_end(s, why), why);
}

/* ---- legal holds -------------------------------------------------------------------------------------------------------------------- */

static void json_hold(struct buf *b, struct stmt *s, struct arena *a)
{
    struct kf_id id, conv, customer, by, lifted_by;
    char text[KF_ID_TEXT];
    int64_t lifted;

    get_id(s, &id);
    get_id(s, &conv);
    get_id(s, &customer);
    buf_printf(b, "{\"id\":\"%s\"", id_text(&id, text));
    json_id(b, "conversation", &conv);
    json_id(b, "visitor", &customer);
    buf_str(b, ",\"reason\":");
    buf_json(b, slice_of(get_str(s, a)));
    buf_printf(b, ",\"at\":%" PRId64 ",\"by\":{", get_i64(s));
    get_id(s, &by);
    buf_str(b, "\"name\":");
    buf_json(b, slice_of(get_str(s, a)));
    json_id(b, "id", &by);
    buf_char(b, '}');
    lifted = get_i64(s);
    get_id(s, &lifted_by);
    if (lifted) {
        buf_printf(b, ",\"lifted_at\":%" PRId64 ",\"lifted_by\":{\"name\":", lifted);
        buf_json(b, slice_of(get_str(s, a)));
        json_id(b, "id", &lifted_by);
        buf_char(b, '}');
    }
    buf_char(b, '}');
}

static enum kf_rc holds(struct reader *r, struct query *q, struct kf_err *why)
{
    struct stmt *s = stmt_begin(r->db, SQL_HOLDS);
    bool any = false;
    struct buf b;

    stmt_str(s, q->site.s);
    stmt_i64(s, !id_is_zero(&q->conv));
    stmt_id(s, &q->conv);
    stmt_i64(s, q->needs & 1);
    stmt_text(s, q->text.n ? q->text : SLICE(""));
    stmt_i64(s, q->limit > 0 ? q->limit : LIMIT_MAX);
    buf_init(&b, ANSWER_MAX);
    buf_str(&b, "{\"items\":[");
    while (stmt_row(s)) {
        if (any)
            buf_char(&b, ',');
        json_hold(&b, s, q->arena);
        any = true;
    }
    buf_str(&b, "]}");
    return answer(q, &b, stmt_end(s, why), why);
}

/* ---- checked ---------------------------------------------------------------------------------------------------------------------- */

#define WORDS 240
#define SHORT 17 /* of a hash, as much as tells two apart */

/* What is wrong with a chain. */
enum wrong { WHOLE, CHANGED, MISSING, MOVED, CUT, HEADLESS };

static const char *const wrong_words[] = { "", "changed", "missing", "moved", "cut", "beginning" };

struct walked {
    struct walked *next;
    struct ledger_head begun; /* the entry before the first that is there: 0, or what retention has removed */
    struct ledger_head last;
    int64_t first, rows, last_n;
    enum wrong wrong;
    int64_t wrong_entry;
    uint8_t before[LEDGER_HASH]; /* of the entry before that one */
    char words[WORDS];
};

struct walk {
    struct reader *reader;
    struct query *q;
    struct kf_err *why;
    struct walked *chains, **tail, *now;
    struct ledger_head *heads;  /* kept elsewhere */
    struct ledger_head *pruned; /* said by entries: retention has removed up to here */
    size_t n_heads, n_pruned, cap_pruned;
};

__attribute__((format(printf, 4, 5))) static void find_wrong(struct walked *c, enum wrong wrong, int64_t entry, const char *fmt, ...)
{
    va_list ap;

    if (c->wrong)
        return; /* the first is told */
    c->wrong = wrong;
    c->wrong_entry = entry;
    memcpy(c->before, c->last.hash, LEDGER_HASH);
    va_start(ap, fmt);
    (void)vsnprintf(c->words, sizeof(c->words), fmt, ap);
    va_end(ap);
}

static struct walked *chain_new(struct walk *w, const struct kf_id *node)
{
    struct walked *c = ARENA_NEW(w->q->arena, struct walked);

    if (!c)
        return NULL;
    c->begun.node = c->last.node = *node;
    *w->tail = c;
    w->tail = &c->next;
    return c;
}

static struct walked *chain_find(struct walk *w, const struct kf_id *node)
{
    struct walked *c = w->chains;

    while (c && !id_eq(&c->last.node, node))
        c = c->next;
    return c;
}

/* An entry that tells how far retention has removed a chain. */
static bool note_pruned(struct walk *w, const struct ledger_row *r)
{
    static const char before[] = "\"upto\":\"";
    const char *at = strcmp(r->kind, LEDGER_PRUNED) == 0 ? strstr(r->data, before) : NULL;
    const char *end = at ? strchr(at + strlen(before), '"') : NULL;

    if (!end)
        return true;
    at += strlen(before);
    if (w->n_pruned == w->cap_pruned) {
        size_t cap = w->cap_pruned ? 2 * w->cap_pruned : 16;
        struct ledger_head *more = arena_array(w->q->arena, cap, sizeof(*more));

        if (!more)
            return false;
        if (w->n_pruned)
            memcpy(more, w->pruned, w->n_pruned * sizeof(*more));
        w->pruned = more;
        w->cap_pruned = cap;
    }
    w->n_pruned += ledger_parse((struct slice){ at, (size_t)(end - at) }, &w->pruned[w->n_pruned]);
    return true;
}

static const char *short_hash(const uint8_t hash[LEDGER_HASH], char ret[SHORT])
{
    for (int i = 0; i < SHORT / 2; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
    return ret;
}

static int by_entry(const void *x, const void *y)
{
    const struct ledger_head *a = x, *b = y;
    int ret = memcmp(&a->node, &b->node, sizeof(a->node));

    return ret ? ret : (a->entry > b->entry) - (a->entry < b->entry);
}

/* Years of heads may have been kept, one for each hour. */
static void check_kept(struct walk *w, struct walked *c, const struct ledger_row *r)
{
    const struct ledger_head key = { .node = r->node, .entry = r->entry };
    char kept[SHORT], here[SHORT];
    size_t from = 0, to = w->n_heads;

    while (from < to) {
        size_t middle = (from + to) / 2;

        if (by_entry(&w->heads[middle], &key) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < w->n_heads && by_entry(&w->heads[from], &key) == 0; from++)
        if (memcmp(w->heads[from].hash, r->hash, LEDGER_HASH) != 0)
            find_wrong(c, CHANGED, r->entry, "entry %" PRId64 " is not the one of the head that was kept elsewhere: expected %s, found %s",
                       r->entry, short_hash(w->heads[from].hash, kept), short_hash(r->hash, here));
}

/* One entry, after the one before it in its chain. */
static enum kf_rc check_row(struct walk *w, struct walked *c, int64_t n, const struct ledger_row *r)
{
    char due_hash[SHORT], found[SHORT];
    uint8_t hash[LEDGER_HASH];
    int64_t due = c->last.entry + 1;
    enum kf_rc rc = ledger_hash(r, hash, w->why);

    if (rc)
        return rc;
    if (!c->rows) {
        c->first = due = r->entry;
        c->begun.entry = due - 1;
        memcpy(c->begun.hash, r->prev, LEDGER_HASH);
        memcpy(c->last.hash, r->prev, LEDGER_HASH);
    }
    if (r->entry > due)
        find_wrong(c, MISSING, due, "entries %" PRId64 " to %" PRId64 " are missing: expected %" PRId64 ", found %" PRId64, due,
                   r->entry - 1, due, r->entry);
    else if (memcmp(hash, r->hash, LEDGER_HASH) != 0)
        find_wrong(c, CHANGED, due, "entry %" PRId64 " was changed: its hash does not fit what it says: expected %s, found %s", due,
                   short_hash(hash, due_hash), short_hash(r->hash, found));
    else if (memcmp(r->prev, c->last.hash, LEDGER_HASH) != 0)
        find_wrong(c, CHANGED, due,
                   "entry %" PRId64 " does not follow entry %" PRId64 ": one of the two was replaced: expected %s before it, found %s", due,
                   due - 1, short_hash(c->last.hash, due_hash), short_hash(r->prev, found));
    else if (n <= c->last_n)
        find_wrong(c, MOVED, due, "entry %" PRId64 " stands before entry %" PRId64 " in the table: rows were moved", due, due - 1);
    check_kept(w, c, r);
    memcpy(c->last.hash, r->hash, LEDGER_HASH);
    c->last.entry = r->entry;
    c->last_n = n;
    c->rows++;
    return note_pruned(w, r) ? KF_OK : kf_fail(w->why, KF_NOMEM, "out of memory");
}

static enum kf_rc walk_rows(struct walk *w)
{
    struct stmt *s = stmt_begin(w->reader->db, SQL_AUDIT_WALK);
    struct arena *a = NULL;
    enum kf_rc rc = KF_OK, ended;

    for (int64_t i = 0; !rc && stmt_row(s); i++) {
        struct ledger_row row;
        int64_t n;

        if (i % 256 == 0) {
            arena_free(a);
            a = arena_new(0);
        }
        if (!a)
            rc = kf_fail(w->why, KF_NOMEM, "out of memory");
        if (rc)
            break;
        n = row_audit(s, a, &row);
        if (s->rc)
            break;
        if (!w->now || !id_eq(&w->now->last.node, &row.node))
            w->now = chain_new(w, &row.node);
        rc = w->now ? check_row(w, w->now, n, &row) : kf_fail(w->why, KF_NOMEM, "out of memory");
    }
    ended = stmt_end(s, rc ? NULL : w->why);
    arena_free(a);
    return rc ? rc : ended;
}

/* What was changed may have been put elsewhere: then another entry follows the one before. */
static enum kf_rc look_for_moved(struct walk *w, struct walked *c)
{
    struct stmt *s;
    int64_t entry = 0;
    enum kf_rc rc;

    if (c->wrong != CHANGED && c->wrong != MISSING)
        return KF_OK;
    s = stmt_begin(w->reader->db, SQL_AUDIT_FOLLOWER);
    stmt_id(s, &c->last.node);
    stmt_bytes(s, (struct slice){ (const char *)c->before, LEDGER_HASH });
    if (stmt_row(s))
        entry = get_i64(s);
    rc = stmt_end(s, w->why);
    if (!rc && entry && entry != c->wrong_entry) {
        c->wrong = MOVED;
        (void)snprintf(c->words, sizeof(c->words), "what followed entry %" PRId64 " is numbered %" PRId64 ": entries were moved",
                       c->wrong_entry - 1, entry);
    }
    return rc;
}

/* ---- the ends of the chains ---- */

static void check_head(struct walk *w, const struct ledger_head *h, const char *where)
{
    struct walked *c = chain_find(w, &h->node);

    if (h->entry <= 0)
        return;
    if (!c) {
        c = chain_new(w, &h->node);
        if (!c)
            return;
    }
    if (c->last.entry >= h->entry)
        return;
    find_wrong(c, CUT, c->last.entry + 1, "it ends with entry %" PRId64 ", and %s knows entry %" PRId64, c->last.entry, where, h->entry);
}

static enum kf_rc check_chains(struct walk *w)
{
    struct stmt *s = stmt_begin(w->reader->db, SQL_CHAINS);
    char due[SHORT], found[SHORT];
    struct ledger_head h;

    while (stmt_row(s)) {
        struct walked *c;

        get_id(s, &h.node);
        h.entry = get_i64(s);
        get_fixed(s, h.hash, LEDGER_HASH);
        check_head(w, &h, "the table of heads");
        c = chain_find(w, &h.node);
        if (c && c->last.entry == h.entry && memcmp(c->last.hash, h.hash, LEDGER_HASH) != 0)
            find_wrong(c, CHANGED, h.entry, "entry %" PRId64 " is not the one of the table of heads: expected %s, found %s", h.entry,
                       short_hash(h.hash, due), short_hash(c->last.hash, found));
    }
    return stmt_end(s, w->why);
}

/* A chain begins with its first entry, or after what retention says to have removed. */
static void check_beginnings(struct walk *w)
{
    for (struct walked *c = w->chains; c; c = c->next) {
        bool told = c->begun.entry == 0;

        for (size_t i = 0; i < w->n_pruned && !told; i++)
            told = id_eq(&w->pruned[i].node, &c->begun.node) && w->pruned[i].entry == c->begun.entry &&
                   memcmp(w->pruned[i].hash, c->begun.hash, LEDGER_HASH) == 0;
        if (!told) {
            c->wrong = WHOLE; /* this comes before all else */
            find_wrong(c, HEADLESS, 1, "entries 1 to %" PRId64 " are missing, and no entry says that retention has removed them",
                       c->begun.entry);
        }
    }
}

/* Rows without a hash are from before there were hashes. Since, nobody writes such ones. */
static enum kf_rc check_plain(struct walk *w, int64_t *plain, int64_t *late)
{
    struct stmt *s = stmt_begin(w->reader->db, SQL_AUDIT_PLAIN);
    int64_t newest, oldest;

    *plain = *late = 0;
    if (stmt_row(s)) {
        *plain = get_i64(s);
        newest = get_i64(s);
        oldest = get_i64(s);
        *late = oldest && newest > oldest ? newest : 0;
    }
    return stmt_end(s, w->why);
}

static bool read_heads(struct walk *w)
{
    struct slice all = w->q->audit.heads;

    for (size_t i = 0; i < all.n;) {
        size_t n = 0;
        struct ledger_head h;

        while (i + n < all.n && all.p[i + n] != '\n')
            n++;
        if (n) {
            if (!ledger_parse((struct slice){ all.p + i, n }, &h))
                return kf_fail(w->why, KF_INVALID, "\"%.*s\" is no head: NODE ENTRY HASH", (int)(n < 120 ? n : 120), all.p + i) == KF_OK;
            if (!(w->n_heads & (w->n_heads - 1))) {
                struct ledger_head *more = arena_array(w->q->arena, w->n_heads ? 2 * w->n_heads : 1, sizeof(*more));

                if (!more)
                    return kf_fail(w->why, KF_NOMEM, "out of memory") == KF_OK;
                if (w->n_heads)
                    memcpy(more, w->heads, w->n_heads * sizeof(*more));
                w->heads = more;
            }
            w->heads[w->n_heads++] = h;
        }
        i += n + 1;
    }
    return true;
}

static void json_chain(struct buf *b, const struct walked *c)
{
    char text[LEDGER_TEXT], node[KF_ID_TEXT];

    buf_printf(b, "{\"node\":\"%s\",\"first\":%" PRId64 ",\"last\":%" PRId64 ",\"entries\":%" PRId64 ",\"head\":\"%s\",\"ok\":%s",
               id_text(&c->last.node, node), c->first, c->last.entry, c->rows, ledger_text(&c->last, text), c->wrong ? "false" : "true");
    if (c->wrong) {
        buf_printf(b, ",\"broken\":{\"entry\":%" PRId64 ",\"what\":\"%s\",\"words\":", c->wrong_entry, wrong_words[c->wrong]);
        buf_json(b, slice_of(c->words));
        buf_char(b, '}');
    }
    buf_char(b, '}');
}

static enum kf_rc verify(struct reader *r, struct query *q, struct kf_err *why)
{
    struct walk w = { .reader = r, .q = q, .why = why };
    int64_t plain = 0, late = 0;
    bool ok = true;
    struct buf b;
    enum kf_rc rc;

    w.tail = &w.chains;
    if (!read_heads(&w))
        return why ? why->rc : KF_INVALID;
    if (w.n_heads)
        qsort(w.heads, w.n_heads, sizeof(*w.heads), by_entry);
    rc = walk_rows(&w);
    if (!rc)
        rc = check_chains(&w);
    for (size_t i = 0; i < w.n_heads; i++)
        check_head(&w, &w.heads[i], "a head kept elsewhere");
    check_beginnings(&w);
    for (struct walked *c = w.chains; c && !rc; c = c->next)
        rc = look_for_moved(&w, c);
    if (!rc)
        rc = check_plain(&w, &plain, &late);
    buf_init(&b, ANSWER_MAX);
    buf_str(&b, "{\"chains\":[");
    for (const struct walked *c = w.chains; c; c = c->next) {
        ok = ok && !c->wrong;
        json_chain(&b, c);
        if (c->next)
            buf_char(&b, ',');
    }
    buf_printf(&b, "],\"unchained\":%" PRId64 ",\"ok\":%s", plain, ok && !late ? "true" : "false");
    if (late)
        buf_printf(&b, ",\"words\":\"row %" PRId64 " has no hash, and is younger than the chains: it was put in\"", late);
    buf_char(&b, '}');
    return answer(q, &b, rc, why);
}

enum kf_rc audit_run(struct reader *r, struct query *q, struct kf_err *why)
{
    return q->kind == QUERY_AUDIT ? list(r, q, why) : q->kind == QUERY_HOLDS ? holds(r, q, why) : verify(r, q, why);
}
