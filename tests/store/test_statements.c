/* The table of statements itself: what every one of them must keep to. */
#include "tests/store/world.h"

#include "store/index.h"
#include "store/sqlite.h"

#include <libpq-fe.h>

static const struct {
    const char *name, *sqlite, *postgres; /* NULL: this one has no use for it */
} statements[] = {
#define T_LOCKED                       ""
#define SQL(name, text)                { #name, text, text },
#define SQL_EACH(name, lite, postgres) { #name, lite, postgres },
#include "store/statements.def"
#undef SQL
};
#define N_STATEMENTS (sizeof(statements) / sizeof(statements[0]))

/* PostgreSQL numbers parameters by what is written, SQLite by first use: both mean the same only in this order. */
static int parameters_of(const char *name, const char *text)
{
    int seen = 0;

    for (const char *p = text ? strchr(text, '$') : NULL; p; p = strchr(p + 1, '$')) {
        int n = atoi(p + 1);

        if (n < 1 || n > seen + 1)
            fail_msg("%s: $%d after $%d", name, n, seen);
        seen = n > seen ? n : seen;
    }
    return seen;
}

static void parameters_stand_in_the_order_of_their_first_use(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_STATEMENTS; i++) {
        (void)parameters_of(statements[i].name, statements[i].sqlite);
        (void)parameters_of(statements[i].name, statements[i].postgres);
    }
}

/* These read a whole table, and are meant to: they are small, or it is asked for once in a while. */
static const char *const may_scan[] = { "MEMBERS_ALL",
                                        "DOCUMENTS",
                                        "LEASES",
                                        "COUNT_CONVS",
                                        "COUNT_PEOPLE",
                                        "COUNT_SESSIONS",
                                        "COUNT_ERRANDS",
                                        "COUNT_STATES",
                                        "COUNT_CUSTOMERS",
                                        "COUNT_CONTENTS",
                                        "KEEP_FILES",
                                        "KEEP_LOGINS",
                                        "KEEP_SESSIONS",
                                        "KEEP_PARKED",
                                        "COUNT_DUE",
                                        "INDEX_MARKS",
                                        "INDEX_SET_MARKS",
                                        "INDEX_FIND",
                                        "DOCUMENT_COUNT",
                                        "VAULT_DOCUMENTS",
                                        "VAULT_TOKENS",
                                        "VAULT_FACTORS",
                                        "CHAINS",
                                        "KEEP_TALKS",
                                        "KEEP_TALKS_COUNT",
                                        "KEEP_REVIEWS",
                                        "KEEP_REVIEWS_COUNT",
                                        "KEEP_PAPERS_LIST",
                                        "KEEP_PAPERS_COUNT",
                                        "KEEP_PROFILES_EMPTY",
                                        "KEEP_PROFILES_COUNT",
                                        "KEEP_RAW_COUNT",
                                        "KEEP_LOG_COUNT",
                                        "KEEP_LOG_UPTO",
                                        "KEEP_LOG_PLAIN",
                                        "GONE_DONE",
                                        "GONE_NEXT",
                                        "GONE_LIST",
                                        "HOLDS",
                                        "HOLD_REASONS",
                                        "ERASE_HOLD",
                                        "ERASE_HOLD_OF" };

/* Lists that are asked for when they are short. */
static bool is_short(const char *name)
{
    static const char *const lists[] = { "LIST_AGENT", "LIST_TAG", "LIST_RULE", "LIST_CHECK", "LIST_REVIEWED", "LIST_FORM" };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (strcmp(lists[i], name) == 0)
            return true;
    return false;
}

static bool scans_knowingly(const char *name)
{
    for (size_t i = 0; i < sizeof(may_scan) / sizeof(may_scan[0]); i++)
        if (strcmp(may_scan[i], name) == 0)
            return true;
    return false;
}

/* Explains it if it belongs to this database; false if it does not. */
static bool explain(struct db *db, const char *name, const char *text)
{
    sqlite3_stmt *s = NULL;
    char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", text);
    bool mine = sqlite3_prepare_v2(sqlite_handle(db), sql, -1, &s, NULL) == SQLITE_OK;

    while (mine && sqlite3_step(s) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(s, 3);

        /* "v" is what a subquery has found, up to its limit; the index of holds on visitors has those alone that are in force. */
        if (strncmp(line, "SCAN ", 5) == 0 && strcmp(line, "SCAN v") != 0 && !strstr(line, "INDEX hold_customer") &&
            !strstr(line, "CONSTANT ROW") && !strstr(line, "USING INTEGER PRIMARY KEY") && !scans_knowingly(name))
            fail_msg("%s: %s", name, line);
        if (strstr(line, "USE TEMP B-TREE FOR ORDER BY") && strncmp(name, "LIST_", 5) == 0 && !is_short(name))
            fail_msg("%s: sorts", name);
    }
    sqlite3_finalize(s);
    sqlite3_free(sql);
    return mine;
}

static void every_statement_uses_an_index(void **state)
{
    struct world *w = *state;
    struct db *all[3];

    ONLY_SQLITE();
    assert_int_equal(sqlite_open(&all[0], w->url + strlen("sqlite:"), DB_READ, NULL), KF_OK);
    assert_int_equal(index_open_reader(w->store, &all[1], NULL), KF_OK);
    assert_int_equal(sqlite_open(&all[2], w->files, DB_READ, NULL), KF_OK);
    for (size_t i = 0; i < N_STATEMENTS; i++)
        if (statements[i].sqlite && !explain(all[0], statements[i].name, statements[i].sqlite) &&
            !explain(all[1], statements[i].name, statements[i].sqlite) && !explain(all[2], statements[i].name, statements[i].sqlite))
            fail_msg("%s: no database understands it", statements[i].name);
    for (int i = 0; i < 3; i++)
        db_close(all[i]);
}

/* Tables that a new installation has few rows of are read as a whole whatever indexes there are: so told, it takes an index where one is. */
static void postgresql_understands_every_statement_and_uses_an_index(void **state)
{
    struct world *w = *state;
    char sql[4096];
    PGconn *db;

    if (!on_postgres())
        return;
    db = PQconnectdb(w->url);
    PQclear(PQexec(db, "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan"));
    for (size_t i = 0; i < N_STATEMENTS; i++) {
        const char *name = statements[i].name, *text = statements[i].postgres;
        PGresult *r;

        if (!text || strstr("BEGIN_READ BEGIN_WRITE COMMIT ROLLBACK", name))
            continue;
        r = PQprepare(db, name, text, 0, NULL);
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            fail_msg("%s: %s", name, PQerrorMessage(db));
        PQclear(r);
        snprintf(sql, sizeof(sql), "EXPLAIN (COSTS off) EXECUTE \"%s\"", name);
        for (int k = 0, n = parameters_of(name, text); k < n; k++)
            snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), "%sNULL%s", k ? ", " : " (", k == n - 1 ? ")" : "");
        r = PQexec(db, sql);
        if (PQresultStatus(r) != PGRES_TUPLES_OK)
            fail_msg("%s: %s", name, PQerrorMessage(db));
        for (int k = 0; k < PQntuples(r); k++)
            if (strstr(PQgetvalue(r, k, 0), "Seq Scan") && !scans_knowingly(name))
                fail_msg("%s: %s", name, PQgetvalue(r, k, 0));
        PQclear(r);
    }
    PQfinish(db);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_world, teardown_world)
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(parameters_stand_in_the_order_of_their_first_use),
    T(every_statement_uses_an_index),
    T(postgresql_understands_every_statement_and_uses_an_index),
};

RUN_BOTH(tests)
