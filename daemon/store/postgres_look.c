/* What an operator should know of a server. */
#include "store/postgres.h"
#include "store/store.h"

#include <stdio.h>

/* As the writer would open it, so that whatever it would refuse is said. Nobody is kept out: it is not entered. */
enum kf_rc store_look(const struct store_config *cfg, char *line, size_t n, struct kf_err *why)
{
    struct db *db = NULL;
    PGresult *r = NULL;
    int messages, files;
    enum kf_rc rc = postgres_open(&db, cfg->url, DB_FILES, false, why);

    if (rc)
        return rc;
    messages = postgres_schema(db, "messages");
    files = postgres_schema(db, "files");
    r = PQexec(postgres_handle(db), "SELECT current_setting('server_version'), current_database(), "
                                    "pg_size_pretty(pg_database_size(current_database())), current_setting('max_connections'), "
                                    "(SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend')");
    rc = postgres_rc(db, r);
    if (rc && why)
        *why = db->why;
    if (!rc)
        (void)snprintf(line, n, "PostgreSQL %.*s, database %s: %s, schema %d (files %d); %s of %s connections in use; commits are synced",
                       (int)strcspn(PQgetvalue(r, 0, 0), " "), PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1), PQgetvalue(r, 0, 2), messages,
                       files, PQgetvalue(r, 0, 4), PQgetvalue(r, 0, 3));
    PQclear(r);
    db_close(db);
    return rc;
}
