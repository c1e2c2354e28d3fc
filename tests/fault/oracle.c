/* oracle.c: what the clients were told against what the database holds. Nothing that kefud counts is asked. */
#include "fault/oracle.h"

#include "core/id.h"
#include "fault/crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message of a talker, as it is stored. */
struct row {
    int talker, n;
    char conv[KF_ID_TEXT];
    int64_t seq;
    char text[160];
};

struct book {
    sqlite3 *db;
    struct row *rows;
    int n, cap;
};

sqlite3_stmt *oracle_ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    return s;
}

sqlite3 *oracle_open(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        fail_msg("%s: %s", path, sqlite3_errmsg(db));
    s = oracle_ask(db, "PRAGMA integrity_check");
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
    return db;
}

int oracle_count(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = oracle_ask(db, sql);
    int ret;

    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    ret = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return ret;
}

int oracle_peek(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    int ret;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        fail_msg("%s: %s", path, sqlite3_errmsg(db));
    sqlite3_busy_timeout(db, 5000);
    ret = oracle_count(db, sql);
    sqlite3_close(db);
    return ret;
}

int oracle_gaps(sqlite3 *db)
{
    return oracle_count(db, "SELECT COUNT(*) FROM conversation c WHERE c.seq <> (SELECT COUNT(*) FROM message m WHERE m.conv = c.n) "
                            "OR c.seq <> (SELECT COALESCE(MAX(seq), 0) FROM message m WHERE m.conv = c.n)");
}

/* "v3-17" */
static bool whose(const struct crowd *c, const char *cid, int *talker, int *n)
{
    int who, number;
    char kind;

    if (!cid || sscanf(cid, "%c%d-%d", &kind, &who, &number) != 3 || (kind != 'v' && kind != 'a') || number < 1)
        return false;
    *talker = kind == 'v' ? who : c->n_visitors + who;
    *n = number;
    return *talker >= 0 && *talker < c->n && number <= c->talkers[*talker].n_said;
}

static void take_row(struct book *b, const struct crowd *c, sqlite3_stmt *s)
{
    struct row r = { 0 };
    struct kf_id id;

    if (!whose(c, (const char *)sqlite3_column_text(s, 2), &r.talker, &r.n))
        return;
    assert_int_equal(sqlite3_column_bytes(s, 0), sizeof(id));
    memcpy(&id, sqlite3_column_blob(s, 0), sizeof(id));
    (void)id_text(&id, r.conv);
    r.seq = sqlite3_column_int64(s, 1);
    (void)snprintf(r.text, sizeof(r.text), "%s", (const char *)sqlite3_column_text(s, 3));
    if (b->n == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 4096;
        b->rows = realloc(b->rows, (size_t)b->cap * sizeof(*b->rows));
        assert_non_null(b->rows);
    }
    b->rows[b->n++] = r;
}

static int by_sender(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->talker != y->talker)
        return x->talker - y->talker;
    return x->n != y->n ? x->n - y->n : x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void read_book(struct book *b, const struct crowd *c)
{
    sqlite3_stmt *s = oracle_ask(b->db, "SELECT c.id, m.seq, m.cid, m.text FROM message m JOIN conversation c ON c.n = m.conv "
                                        "WHERE m.cid IS NOT NULL AND m.role IN (0, 1) ORDER BY m.conv, m.seq");

    while (sqlite3_step(s) == SQLITE_ROW)
        take_row(b, c, s);
    sqlite3_finalize(s);
    qsort(b->rows, (size_t)b->n, sizeof(*b->rows), by_sender);
}

static const struct row *find(const struct book *b, int talker, int n)
{
    struct row key = { .talker = talker, .n = n };
    int low = 0, high = b->n;

    while (low < high) {
        int mid = (low + high) / 2;

        if (by_sender(&b->rows[mid], &key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < b->n && b->rows[low].talker == talker && b->rows[low].n == n ? &b->rows[low] : NULL;
}

/* ---- the questions ---- */

static bool stored_as_told(const struct book *b, const struct talker *t, int talker, int n)
{
    const struct said *s = &t->said[n - 1];
    const struct row *r = find(b, talker, n);
    char text[160];

    talker_text(t, n, text, sizeof(text));
    return r && r->seq == s->seq && strcmp(r->conv, s->conv) == 0 && strcmp(r->text, text) == 0;
}

static void judge_acks(const struct book *b, const struct crowd *c, struct verdict *v)
{
    for (int i = 0; i < c->n; i++) {
        const struct talker *t = &c->talkers[i];

        v->sent += t->n_said;
        for (int n = 1; n <= t->n_said; n++) {
            const struct said *s = &t->said[n - 1];

            v->repeated += s->tries - 1;
            v->unanswered += s->state == SAID_OPEN;
            v->refused_rows += s->state == SAID_REFUSED && find(b, i, n);
            if (s->state != SAID_ACKED)
                continue;
            v->acked++;
            v->lost += !stored_as_told(b, t, i, n);
        }
    }
}

/* Rows are sorted by sender and number: a sender's seqs in one conversation must rise with the numbers. */
static void judge_rows(const struct book *b, const struct crowd *c, struct verdict *v)
{
    v->rows = b->n;
    for (int i = 0; i < b->n; i++) {
        const struct row *r = &b->rows[i];

        if (i && b->rows[i - 1].talker == r->talker && b->rows[i - 1].n == r->n) {
            v->duplicated++;
            continue;
        }
        for (int k = i - 1; k >= 0 && b->rows[k].talker == r->talker; k--)
            if (strcmp(b->rows[k].conv, r->conv) == 0) {
                if (b->rows[k].seq > r->seq && b->rows[k].n != r->n) {
                    v->reordered++;
                    print_message("  %s-%d has seq %lld, %s-%d has seq %lld\n", c->talkers[r->talker].name, b->rows[k].n,
                                  (long long)b->rows[k].seq, c->talkers[r->talker].name, r->n, (long long)r->seq);
                }
                break;
            }
    }
}

/* What was acknowledged to anybody has been seen by the visitor of that conversation. */
static void judge_sights(struct crowd *c, struct verdict *v)
{
    for (int i = 0; i < c->n; i++)
        for (int n = 0; n < c->talkers[i].n_said; n++) {
            const struct said *s = &c->talkers[i].said[n];

            for (int k = 0; s->state == SAID_ACKED && k < c->n_visitors; k++) {
                const struct sight *seen = talker_sight(&c->talkers[k], s->conv);

                v->unseen += seen && !c->talkers[k].out && !(s->seq < seen->cap && seen->seen[s->seq]);
            }
        }
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void judge_times(const struct crowd *c, struct verdict *v)
{
    int64_t *took = calloc((size_t)v->acked + 1, sizeof(*took));
    int n = 0;

    assert_non_null(took);
    for (int i = 0; i < c->n; i++)
        for (int k = 0; k < c->talkers[i].n_said; k++)
            if (c->talkers[i].said[k].state == SAID_ACKED && n < v->acked)
                took[n++] = c->talkers[i].said[k].acked_us - c->talkers[i].said[k].from_us;
    qsort(took, (size_t)n, sizeof(*took), by_time);
    if (n) {
        v->ack_p50_ms = (int)(took[n / 2] / 1000);
        v->ack_p99_ms = (int)(took[(int64_t)n * 99 / 100] / 1000);
        v->ack_max_ms = (int)(took[n - 1] / 1000);
    }
    free(took);
}

void crowd_judge(struct crowd *c, const char *database, struct verdict *ret)
{
    struct book b = { NULL };

    *ret = (struct verdict){ 0 };
    b.db = oracle_open(database);
    read_book(&b, c);
    judge_acks(&b, c, ret);
    judge_rows(&b, c, ret);
    judge_sights(c, ret);
    judge_times(c, ret);
    ret->conversations = oracle_count(b.db, "SELECT COUNT(*) FROM conversation");
    ret->gaps = oracle_gaps(b.db);
    for (int i = 0; i < c->n; i++) {
        const struct talker *t = &c->talkers[i];

        ret->refused += t->refused;
        if (getenv("KEFUD_TEST_TALK"))
            print_message("  %s: said %d, refused %d, errors %d, %d lines broke\n", t->name, t->n_said, t->refused, t->errors, t->breaks);
        ret->fickle += t->fickle;
        ret->backwards += t->backwards;
        ret->errors += t->errors;
        ret->released += t->released;
        ret->breaks += t->breaks;
        if (t->errors && !*ret->first_error)
            (void)snprintf(ret->first_error, sizeof(ret->first_error), "%s", t->first_error);
    }
    free(b.rows);
    sqlite3_close(b.db);
}

void verdict_print(const struct verdict *v, const char *title, uint64_t seed)
{
    print_message("%s: seed %llu, %d conversations, sent %d, acked %d, refused %d (%d of them stored before the kill), repeated %d, stored "
                  "%d\n",
                  title, (unsigned long long)seed, v->conversations, v->sent, v->acked, v->refused, v->refused_rows, v->repeated, v->rows);
    print_message("%s: lost %d, duplicated %d, reordered %d, gaps %d, unseen %d, fickle %d, backwards %d, errors %d%s%s\n", title, v->lost,
                  v->duplicated, v->reordered, v->gaps, v->unseen, v->fickle, v->backwards, v->errors, *v->first_error ? ": " : "",
                  v->first_error);
    print_message("%s: ack p50 %d ms, p99 %d ms, max %d ms; %d lines broke, %d conversations taken away\n", title, v->ack_p50_ms,
                  v->ack_p99_ms, v->ack_max_ms, v->breaks, v->released);
}

void verdict_holds(const struct verdict *v)
{
    assert_int_equal(v->unanswered, 0);
    assert_int_equal(v->lost, 0);
    assert_int_equal(v->duplicated, 0);
    assert_int_equal(v->gaps, 0);
    assert_int_equal(v->reordered, 0);
    assert_int_equal(v->unseen, 0);
    assert_int_equal(v->fickle, 0);
    assert_int_equal(v->backwards, 0);
    assert_int_equal(v->errors, 0);
}
